"""What a strain view draws of one detector, computed in a pool: series, whitened series, ASD, map.

Everything here is for looking at; the network prepares its own input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.records.strain import Strain
from astrogui.science.psd import Psd, segment_length_s, smoothed, welch_median
from astrogui.science.whitening import (
    WORKING_RATE_HZ,
    conditioned,
    contiguous_stretches,
    taper_ends,
    whiten,
)
from astrogui.viewers.envelope import Envelope

Array = NDArray[np.float64]
SCALE = 1e21  # the working unit of the science room's whitening
SHORTEST_S = 2.0  # shorter stretches between gaps are not filtered
RINGING_S = 1.0  # left out at both ends of a stretch, where the whitening filter rings
NOISE_S = 128.0  # the noise is estimated from at most this much of the middle
Q = 9.0
ROWS = 96
LOWEST_HZ = 20.0
LONG_MAP_S = 64.0  # longer maps have half as many rows
LONGEST_MAP_S = 1024.0


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """An evenly sampled series with its envelope; NaN where there are no data."""

    start_gps: float
    sample_rate_hz: float
    envelope: Envelope

    @property
    def values(self) -> NDArray[np.floating]:
        return self.envelope.values


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """All that is shown of one detector. ``asd`` is in 1/sqrt(Hz); words say what is missing."""

    detector: str
    highpassed: Series  # dimensionless strain
    whitened: Series | None  # in units of the noise's standard deviation
    frequency_hz: Array
    asd: Array
    gaps_gps: tuple[tuple[float, float], ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class EnergyMap:
    """Normalised energy (rows, columns): rows rise evenly in log frequency, mean 1 in noise."""

    energy: NDArray[np.float32]
    first_gps: float
    last_gps: float
    low_hz: float
    high_hz: float


def products(strain: Strain) -> Products:
    """High-passed and whitened series and ASD of one detector."""
    psd, words = _noise(strain)
    rate = _working_rate(strain)
    series = np.full(round(strain.samples.size * rate / strain.sample_rate_hz), np.nan)
    white = np.full(series.size, np.nan)
    ratio = rate / strain.sample_rate_hz
    working = None if psd is None else _working_psd(strain, rate)
    stretches = contiguous_stretches(strain.samples)
    for first, end in stretches:
        if end - first < SHORTEST_S * strain.sample_rate_hz:
            continue
        part = _highpassed(strain.samples[first:end], strain.sample_rate_hz)
        begin = round(first * ratio)
        stop = min(begin + part.size, series.size)
        series[begin:stop] = part[: stop - begin] / SCALE
        if working is not None:
            ringing = round(rate * min(RINGING_S, 0.25 * part.size / rate))
            clean = slice(begin + ringing, stop - ringing)
            white[clean] = whiten(part, rate, working)[ringing : stop - begin - ringing]
    frequency, asd = np.zeros(0), np.zeros(0)
    if psd is not None:
        frequency, asd = psd.frequency_hz, np.sqrt(psd.density) / SCALE
    whitened = None
    if working is not None:
        whitened = Series(strain.gps_start, rate, Envelope(white.astype(np.float32)))
    return Products(
        strain.detector,
        Series(strain.gps_start, rate, Envelope(series)),
        whitened,
        frequency,
        asd,
        _gaps(strain, stretches),
        words,
    )


def _gaps(strain: Strain, stretches: list[tuple[int, int]]) -> tuple[tuple[float, float], ...]:
    """GPS spans between the stretches that have data."""
    edges = [0, *(edge for stretch in stretches for edge in stretch), strain.samples.size]
    spans = zip(edges[::2], edges[1::2], strict=True)
    start, rate = strain.gps_start, strain.sample_rate_hz
    return tuple((start + a / rate, start + b / rate) for a, b in spans if b > a)


def energy_map(series: Series, first_gps: float, last_gps: float, columns: int) -> EnergyMap | None:
    """A Q transform of the whitened series between two times, at most ``columns`` wide.

    Each row holds the energy in a bisquare band of width f sqrt(11) / Q about its frequency, per
    mean energy of the row's noise. Source: Chatterji et al. 2004, CQG 21, S1809. Over more than
    1024 s the bands are those of quarter-second Fourier transforms instead. NaN: no data.
    """
    rate = series.sample_rate_hz
    pad = 2.0
    first = max(0, int((first_gps - pad - series.start_gps) * rate))
    end = min(series.values.size, int((last_gps + pad - series.start_gps) * rate) + 1)
    if end - first < rate:
        return None
    values = series.values[first:end].astype(np.float64)
    absent = ~np.isfinite(values)
    values[absent] = 0.0
    top = min(0.45 * rate, 900.0)
    span = last_gps - first_gps
    frequencies = np.geomspace(LOWEST_HZ, top, ROWS // 2 if span > LONG_MAP_S else ROWS)
    rows_of = _fourier_rows if span > LONGEST_MAP_S else _q_rows
    rows = rows_of(values, rate, frequencies)
    duration = values.size / rate
    start = series.start_gps + first / rate
    shown_from, shown_to = max(first_gps, start), min(last_gps, start + duration)
    places = (shown_from - start) / duration, (shown_to - start) / duration
    energy = np.stack([_columns(row, *places, columns) for row in rows])
    energy[:, _columns(absent.astype(np.float64), *places, columns) > 0.5] = np.nan
    return EnergyMap(energy.astype(np.float32), shown_from, shown_to, LOWEST_HZ, top)


def _q_rows(values: Array, rate: float, frequencies: Array) -> list[Array]:
    spectrum = np.fft.rfft(values)
    per_hz = values.size / rate
    rows = []
    for frequency in frequencies:
        half = frequency * np.sqrt(11.0) / Q
        low = max(int((frequency - half) * per_hz), 1)
        high = min(int((frequency + half) * per_hz) + 1, spectrum.size)
        offset = (np.arange(low, high) / per_hz - frequency) / half
        window = np.maximum(1.0 - offset**2, 0.0) ** 2
        size = 1 << max(int(high - low - 1).bit_length(), 3)
        buffer = np.zeros(size, complex)
        buffer[: high - low] = spectrum[low:high] * window
        energy = np.abs(np.fft.ifft(buffer)) ** 2
        rows.append(energy / _mean_of_noise(energy))
    return rows


def _fourier_rows(values: Array, rate: float, frequencies: Array) -> list[Array]:
    length = round(rate / 4)
    count = values.size // length
    blocks = values[: count * length].reshape(count, length) * np.hanning(length)
    power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    width = frequencies[1] / frequencies[0]
    rows = []
    for frequency in frequencies:
        low = int(frequency / np.sqrt(width) / 4)
        high = max(int(frequency * np.sqrt(width) / 4) + 1, low + 1)
        energy = power[:, low:high].max(axis=1)
        rows.append(energy / _mean_of_noise(energy))
    return rows


def _mean_of_noise(energy: Array) -> float:
    """The mean that exponentially distributed energy of this median has."""
    return max(float(np.median(energy[energy > 0])) / np.log(2.0), 1e-300) if energy.any() else 1.0


def _columns(row: Array, begin: float, end: float, columns: int) -> Array:
    """The stretch begin..end (fractions) in ``columns`` steps: the maximum where several fall."""
    places = np.linspace(begin * row.size, end * row.size, columns + 1)
    if (end - begin) * row.size <= columns:
        return np.interp(0.5 * (places[1:] + places[:-1]) - 0.5, np.arange(row.size), row)
    starts = np.clip(places[:-1].astype(int), 0, row.size - 1)
    return np.maximum.reduceat(row, starts)


def _noise(strain: Strain) -> tuple[Psd | None, str]:
    """The density of the raw strain x 1e21, for the ASD; or the reason why there is none."""
    stretch = _quietest_stretch(strain)
    length = segment_length_s(stretch.size / strain.sample_rate_hz)
    try:
        return welch_median(stretch * SCALE, strain.sample_rate_hz, length), ""
    except ValueError as error:
        return None, f"No noise estimate: {error}."


def _working_psd(strain: Strain, rate: float) -> Psd:
    part = _highpassed(_quietest_stretch(strain), strain.sample_rate_hz)
    edge = round(0.5 * rate)  # the filter rings at the ends
    inner = part[edge:-edge] if part.size > 8 * edge else part
    estimate = welch_median(inner, rate, segment_length_s(inner.size / rate))
    return smoothed(estimate)


def _quietest_stretch(strain: Strain) -> Array:
    """The longest stretch without a gap, its middle where it is very long."""
    stretches = contiguous_stretches(strain.samples)
    first, end = max(stretches, key=lambda s: s[1] - s[0], default=(0, 0))
    most = round(NOISE_S * strain.sample_rate_hz)
    if end - first > most:
        middle = (first + end) // 2
        first, end = middle - most // 2, middle + most // 2
    return strain.samples[first:end]


def _working_rate(strain: Strain) -> float:
    """2048 Hz where the file's rate is a multiple of it, else the file's own rate."""
    factor = strain.sample_rate_hz / WORKING_RATE_HZ
    return WORKING_RATE_HZ if factor >= 1 and factor == round(factor) else strain.sample_rate_hz


def _highpassed(samples: Array, sample_rate_hz: float) -> Array:
    """Strain x 1e21 without what lies below about 13 Hz, at the working rate."""
    factor = sample_rate_hz / WORKING_RATE_HZ
    if factor >= 1 and factor == round(factor):
        return conditioned(samples, sample_rate_hz)
    scaled = samples * SCALE
    taper_ends(scaled, round(0.25 * sample_rate_hz))
    spectrum = np.fft.rfft(scaled)
    frequency = np.fft.rfftfreq(scaled.size, 1 / sample_rate_hz)
    rise = np.clip((frequency - 11.0) / 4.0, 0.0, 1.0)
    return np.asarray(np.fft.irfft(spectrum * np.sin(0.5 * np.pi * rise) ** 2, scaled.size))
