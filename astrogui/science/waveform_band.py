"""The waveforms that an answer allows, laid over whitened strain: median and interval at each time.

Draws of the masses and spins make waveforms; each is fitted to the data in time, phase and
amplitude, which the draws do not carry for one detector.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def waveform_band(
    whitened: NDArray[np.floating],
    sample_rate_hz: float,
    merger_s: float,
    gain: Gain,
    draws: Floats,
) -> WaveformBand:
    """Waveforms of draws (m, 3: chirp mass, mass ratio, spin of both) fitted to whitened strain.

    ``merger_s`` is after the first sample; ``gain`` is what whitened the strain in 1 / strain.
    Raises ``ValueError`` where the strain holds no whole second about the merger.
    """
    size = round((BEFORE_S + AFTER_S) * sample_rate_hz)
    first = round((merger_s - BEFORE_S) * sample_rate_hz)
    data = np.zeros(size)
    low, high = max(first, 0), min(first + size, whitened.size)
    if high > low:
        data[low - first : high - first] = np.nan_to_num(whitened[low:high])
    at = round(BEFORE_S * sample_rate_hz)
    if np.count_nonzero(data[at - size // 16 : at + size // 16]) < sample_rate_hz / 2:
        raise ValueError("there is no strain about the merger to fit a waveform to")
    frequency = np.asarray(np.fft.rfftfreq(size, 1 / sample_rate_hz))
    waves = _white_waves(frequency, draws, gain)
    fitted, snr, lag = _fit(np.fft.rfft(data), waves, frequency, at, size, sample_rate_hz)
    low_curve, median, high_curve = np.quantile(fitted, (0.05, 0.5, 0.95), axis=0)
    return WaveformBand(
        first / sample_rate_hz,
        median,
        low_curve,
        high_curve,
        float(np.median(snr)),
        (first + float(np.median(lag))) / sample_rate_hz,
        len(draws),
    )


def _white_waves(frequency: Floats, draws: Floats, gain: Gain) -> NDArray[np.complex128]:
    """(m, k) spectra whose merger is at sample 0, of any amplitude, divided by the noise."""
    chirp_mass, ratio, spin = draws.T
    inside = frequency >= LOWEST_HZ
    amplitude, phase = phenom_d(frequency[inside], chirp_mass, ratio, spin, spin)
    # Newtonian frequency at a time before the merger: Cutler & Flanagan 1994, eq. (2.9).
    mass_s = chirp_mass * SOLAR_MASS_SECONDS
    begin = (5 / (256 * LONGEST_S)) ** (3 / 8) * mass_s ** (-5 / 8) / np.pi
    rise = np.clip((frequency[inside] - begin[:, None]) / 2.0, 0, 1)
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
