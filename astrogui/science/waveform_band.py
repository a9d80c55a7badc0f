"""The waveforms that an answer allows, laid over whitened strain: median and interval at each time.

Draws of masses and spins alone make waveforms that are fitted to the data in time, phase and
amplitude; draws that also say where the source is, how it lies and when it merged make the strain
of a detector with nothing left to fit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.sidereal import gmst_radians
from astrogui.science.waveform_models import Waveform
from astrogui.science.waveforms import phenom_d
from astrogui.science.zero_phase import Gain

Floats = NDArray[np.float64]

BEFORE_S, AFTER_S = 6.0, 2.0  # of data about the merger
LONGEST_S = 5.5  # a waveform begins at the frequency that it has so long before the merger
LOWEST_HZ = 18.0
LIMIT_S = 0.03  # the merger is looked for so far about the given time
SOLAR_MASS_SECONDS = 4.925490947641267e-6


class WaveformBand(NamedTuple):
    """(n,) in the whitened series' unit from ``start_s`` after its first sample."""

    start_s: float
    median: Floats
    low: Floats  # 5 % quantile at each time
    high: Floats  # 95 %
    snr: float  # matched-filter signal-to-noise ratio, median of the draws
    arrival_s: float  # of the merger after the series' first sample, median of the draws
    draws: int
    is_fitted: bool = True  # to the data in time, phase and amplitude


class Binaries(NamedTuple):
    """Draws (m,) of all that the strain of a detector depends on."""

    chirp_mass: Floats  # solar masses, detector frame
    mass_ratio: Floats
    spin_1: Floats
    spin_2: Floats
    distance_mpc: Floats
    right_ascension: Floats  # radians, as the angles that follow
    declination: Floats
    inclination: Floats
    polarisation: Floats
    phase: Floats
    gps: Floats  # of the merger at the Earth's centre


def waveform_band(
    whitened: NDArray[np.floating],
    sample_rate_hz: float,
    merger_s: float,
    gain: Gain,
    draws: Floats,
    model: Waveform = phenom_d,
) -> WaveformBand:
    """Waveforms of draws (m, 3: chirp mass, mass ratio, spin of both) fitted to whitened strain.

    ``merger_s`` is after the first sample; ``gain`` is what whitened the strain in 1 / strain.
    Raises ``ValueError`` where the strain holds no whole second about the merger.
    """
    first, data = _about(whitened, sample_rate_hz, merger_s)
    size, at = data.size, round(BEFORE_S * sample_rate_hz)
    frequency = np.asarray(np.fft.rfftfreq(size, 1 / sample_rate_hz))
    waves = _white_waves(frequency, draws, gain, model)
    fitted, snr, lag = _fit(np.fft.rfft(data), waves, frequency, at, size, sample_rate_hz)
    return _band(fitted, snr, first + lag, first, sample_rate_hz)


def predicted_band(
    whitened: NDArray[np.floating],
    sample_rate_hz: float,
    start_gps: float,
    detector: str,
    gain: Gain,
    binaries: Binaries,
    model: Waveform = phenom_d,
) -> WaveformBand:
    """The strain that draws predict at a detector (H1, L1, V1), whitened as the series is.

    ``start_gps`` is the time of the first sample; ``gain`` takes strain to the series' unit.
    Raises ``ValueError`` where the strain holds no whole second about the merger.
    """
    turned = binaries.right_ascension - gmst_radians(float(np.median(binaries.gps)))
    plus, cross = antenna(detector, turned, binaries.declination, binaries.polarisation)
    arrival = binaries.gps - start_gps + delay_s(detector, turned, binaries.declination)
    first, data = _about(whitened, sample_rate_hz, float(np.median(arrival)))
    frequency = np.asarray(np.fft.rfftfreq(data.size, 1 / sample_rate_hz))
    inside, rise = _sound(frequency, binaries.chirp_mass)
    amplitude, phase = model(frequency[inside], *binaries[:4])
    cosine = np.cos(binaries.inclination)
    heard = plus * (1 + cosine**2) / 2 - 1j * cross * cosine
    heard = heard / binaries.distance_mpc * np.exp(2j * binaries.phase)
    when = arrival - first / sample_rate_hz
    turn = np.exp(-1j * (phase + 2 * np.pi * frequency[inside] * when[:, None]))
    spectra = np.zeros((len(heard), frequency.size), complex)
    spectra[:, inside] = heard[:, None] * amplitude * rise * turn * gain(frequency[inside])
    waves = np.fft.irfft(spectra * sample_rate_hz, data.size, axis=1)
    snr = waves @ data / np.sqrt(np.sum(waves**2, axis=1))
    found = _band(waves, snr, arrival * sample_rate_hz, first, sample_rate_hz)
    return found._replace(is_fitted=False)


def _about(whitened: NDArray[np.floating], rate: float, merger_s: float) -> tuple[int, Floats]:
    """The first sample of the stretch about a merger, and the data there, zero where absent."""
    size, first = round((BEFORE_S + AFTER_S) * rate), round((merger_s - BEFORE_S) * rate)
    data = np.zeros(size)
    low, high = max(first, 0), min(first + size, whitened.size)
    if high > low:
        data[low - first : high - first] = np.nan_to_num(whitened[low:high])
    at = round(BEFORE_S * rate)
    if np.count_nonzero(data[at - size // 16 : at + size // 16]) < rate / 2:
        raise ValueError("there is no strain about the merger to fit a waveform to")
    return first, data


def _band(waves: Floats, snr: Floats, arrival: Floats, first: int, rate: float) -> WaveformBand:
    """Quantiles of waves (m, n) whose first sample is ``first``; arrivals (m,) in samples."""
    low, median, high = np.quantile(waves, (0.05, 0.5, 0.95), axis=0)
    middle = float(np.median(arrival)) / rate
    return WaveformBand(first / rate, median, low, high, float(np.median(snr)), middle, len(waves))


def _sound(frequency: Floats, chirp_mass: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which frequencies are heard, and (m, those) how waves rise where they begin."""
    inside = frequency >= LOWEST_HZ
    # Newtonian frequency at a time before the merger: Cutler & Flanagan 1994, eq. (2.9).
    mass_s = chirp_mass * SOLAR_MASS_SECONDS
    begin = (5 / (256 * LONGEST_S)) ** (3 / 8) * mass_s ** (-5 / 8) / np.pi
    return inside, np.clip((frequency[inside] - begin[:, None]) / 2.0, 0, 1)


def _white_waves(
    frequency: Floats, draws: Floats, gain: Gain, model: Waveform
) -> NDArray[np.complex128]:
    """(m, k) spectra whose merger is at sample 0, of any amplitude, divided by the noise."""
    chirp_mass, ratio, spin = draws.T
    inside, rise = _sound(frequency, chirp_mass)
    amplitude, phase = model(frequency[inside], chirp_mass, ratio, spin, spin)
    waves = np.zeros((len(draws), frequency.size), complex)
    waves[:, inside] = amplitude / amplitude.max() * rise * np.exp(-1j * phase)
    weight = gain(frequency)
    return np.asarray(waves * (weight / weight.max()))


def _fit(
    data: NDArray[np.complex128],
    waves: NDArray[np.complex128],
    frequency: Floats,
    at: int,
    size: int,
    rate: float,
) -> tuple[Floats, Floats, Floats]:
    """Each wave at its best time, phase and amplitude (m, n); signal-to-noise ratios; samples."""
    full = np.zeros((len(waves), size), complex)
    full[:, : data.size] = data * np.conj(waves)
    # The complex series whose modulus is the filter's output over all phases.
    output = np.fft.ifft(full, axis=1) * 2
    reach = round(LIMIT_S * rate)
    window = np.abs(output[:, at - reach : at + reach + 1])
    place = at - reach + np.argmax(window, axis=1)
    rows = np.arange(len(waves))
    left, mid, right = (np.abs(output[rows, place + step]) for step in (-1, 0, 1))
    bend = left - 2 * mid + right
    lag = place + np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    turned = waves * np.exp(-2j * np.pi * frequency[None, :] * (lag / rate)[:, None])
    power = 2 * np.sum(np.abs(turned) ** 2, axis=1) / size
    overlap = 2 * np.sum(data * np.conj(turned), axis=1) / size
    fitted = np.fft.irfft(turned * (overlap / power)[:, None], size, axis=1)
    return fitted, np.abs(overlap) / np.sqrt(power), lag
