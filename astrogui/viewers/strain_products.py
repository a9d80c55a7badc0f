"""What a strain view draws of one detector, computed in a pool: series, noise, fitted waveforms.

Everything here is for looking at; the network prepares its own input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.records.strain import Strain
from astrogui.science.coincidence import Alignment, best_shift
from astrogui.science.detector_response import DETECTORS
from astrogui.science.psd import Psd, segment_length_s, smoothed, welch_median
from astrogui.science.waveform_band import (
    Binaries,
    WaveformBand,
    predicted_band,
    waveform_band,
)
from astrogui.science.waveform_models import Waveform
from astrogui.science.waveforms import effective_spin, phenom_d
from astrogui.science.whitening import WORKING_RATE_HZ, contiguous_stretches, whitening_gain
from astrogui.science.zero_phase import Gain, band_pass, filtered, high_pass
from astrogui.viewers.envelope import Envelope

Array = NDArray[np.float64]
SCALE = 1e21  # the unit in which noise is estimated, so that squares do not vanish
EDGE_S = 1.0  # left out at both ends of a stretch, where filters ring
BAND_EDGE_S = 0.25  # likewise of the band, beside what whitening has left out already
NOISE_S = 128.0  # the noise is estimated from at most this much
MERGER_GUARD_S = (1.5, 0.3)  # before and after a merger, kept out of the noise estimate
WAVEFORMS = 100  # draws that a band of waveforms is made of


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """An evenly sampled series with its envelope; NaN where there are no data."""

    start_gps: float
    sample_rate_hz: float
    envelope: Envelope

    @property
    def values(self) -> NDArray[np.floating]:
        return self.envelope.values

    def between(self, low_gps: float, high_gps: float) -> tuple[NDArray[np.floating], float]:
        """The samples between two times, and the GPS time of the first."""
        first = max(int(np.ceil((low_gps - self.start_gps) * self.sample_rate_hz)), 0)
        end = max(int((high_gps - self.start_gps) * self.sample_rate_hz) + 1, first)
        return self.values[first:end], self.start_gps + first / self.sample_rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class FirstLook:
    """What is drawn before anything is filtered."""

    raw: Series  # dimensionless strain as recorded
    gaps_gps: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """All that is shown of one detector. ``asd`` is in 1/sqrt(Hz); words say what is missing."""

    detector: str
    highpassed: Series  # dimensionless strain
    whitened: Series | None  # in units of the noise's standard deviation
    frequency_hz: Array
    asd: Array
    noise_gps: tuple[float, float]  # the stretch that the noise was estimated from
    noise: Psd | None = None  # what whitened the series, of strain x 1e21
    gaps_gps: tuple[tuple[float, float], ...] = ()
    words: str = ""


def first_look(strain: Strain) -> FirstLook:
    """The series as it is, with its extremes at every zoom, and its gaps."""
    raw = Series(strain.gps_start, strain.sample_rate_hz, Envelope(strain.samples))
    return FirstLook(raw, _gaps(strain, contiguous_stretches(strain.samples)))


def products(strain: Strain, near_gps: float | None = None) -> Products:
    """High-passed and whitened series and noise of one detector.

    The noise is that of the stretch about ``near_gps``, its merger left out, or of the middle.
    """
    stretches = contiguous_stretches(strain.samples)
    first, end = _quiet_stretch(strain, stretches, near_gps)
    quiet, rate = strain.samples[first:end], strain.sample_rate_hz
    factor = _factor(rate)
    guard: tuple[tuple[float, float], ...] = ()
    if near_gps is not None:
        after = near_gps - strain.gps_start - first / rate
        guard = ((after - MERGER_GUARD_S[0], after + MERGER_GUARD_S[1]),)
    noise, words = _noise(quiet, rate, guard)
    working = None if noise is None else _working_noise(quiet, rate, factor, guard)
    gains: list[Gain] = [high_pass]
    if working is not None:
        gains.append(
            lambda frequency: (
                high_pass(frequency) * whitening_gain(frequency, rate / factor, working) * SCALE
            )
        )
    made = filtered(strain.samples, rate, gains, factor, EDGE_S)
    series = [Series(strain.gps_start, rate / factor, Envelope(values)) for values in made]
    frequency, asd = np.zeros(0), np.zeros(0)
    if noise is not None:
        frequency, asd = noise.frequency_hz, np.sqrt(noise.density) / SCALE
    return Products(
        strain.detector,
        series[0],
        series[1] if working is not None else None,
        frequency,
        asd,
        (strain.gps_start + first / rate, strain.gps_start + end / rate),
        working,
        _gaps(strain, stretches),
        words,
    )


def band_series(series: Series, low_hz: float, high_hz: float) -> Series:
    """A series between two frequencies, not delayed; raises ``ValueError`` for no band."""
    [values] = filtered(
        series.values,
        series.sample_rate_hz,
        [band_pass(low_hz, min(high_hz, 0.49 * series.sample_rate_hz))],
        edge_s=BAND_EDGE_S,
    )
    return Series(series.start_gps, series.sample_rate_hz, Envelope(values))


def asd_between(strain: Strain, low_gps: float, high_gps: float) -> tuple[Array, Array]:
    """(frequency, amplitude density in 1/sqrt(Hz)) of what is on the screen; empty if too short.

    Of less than 8 s the transforms are a quarter of the stretch long, at least 1/16 s.
    """
    rate = strain.sample_rate_hz
    first = max(int((low_gps - strain.gps_start) * rate), 0)
    end = min(int((high_gps - strain.gps_start) * rate) + 1, strain.samples.size)
    stretches = contiguous_stretches(strain.samples[first:end])
    begin, stop = max(stretches, key=lambda s: s[1] - s[0], default=(0, 0))
    stop = min(stop, begin + round(NOISE_S * rate))
    duration = (stop - begin) / rate
    segment = segment_length_s(duration) if duration >= 8 else max(duration / 4, 1 / 16)
    try:
        estimate = welch_median(strain.samples[first + begin : first + stop] * SCALE, rate, segment)
    except ValueError:
        return np.zeros(0), np.zeros(0)
    return estimate.frequency_hz, np.sqrt(estimate.density) / SCALE


def waveforms_over(
    made: Products, merger_gps: float, draws: Array | Binaries, model: Waveform = phenom_d
) -> WaveformBand | str:
    """The waveforms of draws over the whitened series; words where there are none.

    Draws (m, 3) of masses and spin are fitted to the data; those of all of a binary, at a detector
    whose place is known, are shown as they are.
    """
    series, noise = made.whitened, made.noise
    if series is None or noise is None:
        return "no whitened strain to fit a waveform to"
    rate = series.sample_rate_hz

    def gain(frequency: Array) -> Array:
        return high_pass(frequency) * whitening_gain(frequency, rate, noise) * SCALE

    try:
        if isinstance(draws, Binaries) and made.detector in DETECTORS:
            some = Binaries(*(_some(column) for column in draws))
            start = series.start_gps
            return predicted_band(series.values, rate, start, made.detector, gain, some, model)
        if isinstance(draws, Binaries):
            spin = effective_spin(draws.mass_ratio, draws.spin_1, draws.spin_2)
            draws = np.column_stack([draws.chirp_mass, draws.mass_ratio, spin])
        merger_s = merger_gps - series.start_gps
        return waveform_band(series.values, rate, merger_s, gain, _some(draws), model)
    except ValueError as error:
        return str(error)


def _some(draws: Array) -> Array:
    """As many of the draws as a band is made of, spread over all."""
    return np.asarray(draws, np.float64)[:: max(len(draws) // WAVEFORMS, 1)][:WAVEFORMS]


def alignment(
    one: Series, other: Series, low_gps: float, high_gps: float, limit_s: float
) -> Alignment | str:
    """The shift and sign that lay one detector on another between two times, or why there is none.

    Of both the band is 35 to 350 Hz, where stellar-mass mergers are loudest.
    """
    parts = []
    for series in (one, other):
        inside = Series(
            series.between(low_gps - 2, high_gps + 2)[1],
            series.sample_rate_hz,
            Envelope(series.between(low_gps - 2, high_gps + 2)[0]),
        )
        parts.append(band_series(inside, 35.0, 350.0).between(low_gps, high_gps))
    if one.sample_rate_hz != other.sample_rate_hz:
        return "the detectors have different sample rates"
    (a, start_a), (b, start_b) = parts
    try:
        return best_shift(a, b, one.sample_rate_hz, limit_s, start_b - start_a)
    except ValueError as error:
        return str(error)


def _gaps(strain: Strain, stretches: list[tuple[int, int]]) -> tuple[tuple[float, float], ...]:
    """GPS spans between the stretches that have data."""
    edges = [0, *(edge for stretch in stretches for edge in stretch), strain.samples.size]
    spans = zip(edges[::2], edges[1::2], strict=True)
    start, rate = strain.gps_start, strain.sample_rate_hz
    return tuple((start + a / rate, start + b / rate) for a, b in spans if b > a)


def _noise(
    quiet: Array, rate: float, guard: tuple[tuple[float, float], ...]
) -> tuple[Psd | None, str]:
    """The density of the raw strain x 1e21, for the ASD; or the reason why there is none."""
    try:
        return welch_median(quiet * SCALE, rate, segment_length_s(quiet.size / rate), guard), ""
    except ValueError as error:
        return None, f"No noise estimate: {error}."


def _working_noise(
    quiet: Array, rate: float, factor: int, guard: tuple[tuple[float, float], ...]
) -> Psd | None:
    """The density at the working rate of what lies above 13 Hz, smoothed."""
    [part] = filtered(quiet, rate, [high_pass], factor, edge_s=0.5)
    known = np.flatnonzero(np.isfinite(part))
    if not known.size:
        return None
    first, end = int(known[0]), int(known[-1]) + 1
    working = rate / factor
    shifted = tuple((a - first / working, b - first / working) for a, b in guard)
    inner = part[first:end].astype(np.float64) * SCALE
    try:
        estimate = welch_median(inner, working, segment_length_s(inner.size / working), shifted)
    except ValueError:
        return None
    return smoothed(estimate)


def _quiet_stretch(
    strain: Strain, stretches: list[tuple[int, int]], near_gps: float | None
) -> tuple[int, int]:
    """Samples of the stretch without a gap that the noise is taken from, at most 128 s of it.

    The one that holds the wanted time, else the longest.
    """
    rate = strain.sample_rate_hz
    first, end = max(stretches, key=lambda s: s[1] - s[0], default=(0, 0))
    centre = (first + end) // 2
    if near_gps is not None:
        place = (near_gps - strain.gps_start) * rate
        holding = [s for s in stretches if s[0] <= place < s[1] and s[1] - s[0] > 8 * rate]
        if holding:
            (first, end), centre = holding[0], round(place)
    most = round(NOISE_S * rate)
    if end - first > most:
        first = min(max(centre - most // 2, first), end - most)
        end = first + most
    return first, end


def _factor(sample_rate_hz: float) -> int:
    """By how much the rate exceeds 2048 Hz, where it is a multiple of it; else one."""
    factor = sample_rate_hz / WORKING_RATE_HZ
    return int(factor) if factor >= 1 and factor == round(factor) else 1
