"""Whitened strain around a merger on a frequency grid that is fine below and coarse above.

A binary spends seconds near 20 Hz and milliseconds above 100 Hz, so each band of frequency needs
only a window as long as the signal's remaining time in it: 536 complex numbers per detector hold
what 16 s of strain say about any binary of the prior. Everything downstream works on this grid.
Source of the idea: Vinciguerra et al. 2017, CQG 34, 115006.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science.psd import Psd, mean_inverse_amplitude

# (from Hz, to Hz, window in s, of which after the merger in s)
BANDS = (
    (20.0, 28.0, 16.0, 0.15),
    (28.0, 36.0, 8.0, 0.15),
    (36.0, 48.0, 4.0, 0.15),
    (48.0, 72.0, 2.0, 0.15),
    (72.0, 128.0, 1.0, 0.15),
    (128.0, 896.0, 0.25, 0.05),
)
LOWEST_HZ = BANDS[0][0]
LONGEST_S = BANDS[0][2]
SHORTEST_S = 1.0  # no window is cut below this where the stretch is short


def _grid() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    frequency, width, band = [], [], []
    for index, (low, high, window_s, _) in enumerate(BANDS):
        count = round((high - low) * window_s)
        frequency.append(low + np.arange(count) / window_s)
        width.append(np.full(count, 1 / window_s))
        band.append(np.full(count, index))
    return np.concatenate(frequency), np.concatenate(width), np.concatenate(band)


FREQUENCY_HZ, WIDTH_HZ, BAND = _grid()  # each (536,)
SIZE = FREQUENCY_HZ.size


def thinning(before_s: float) -> tuple[int, ...]:
    """How often each band's window is halved to fit the time there is before the merger."""
    halvings = []
    for _, _, window_s, after_s in BANDS:
        count = 0
        while window_s > SHORTEST_S and window_s - after_s > before_s:
            window_s, count = window_s / 2, count + 1
        halvings.append(count)
    return tuple(halvings)


def share(halvings: tuple[int, ...]) -> NDArray[np.float64]:
    """(536,) factor on the gain of each bin: 2^(n/2) on every 2^n-th bin of a band, else zero."""
    result = np.zeros(SIZE)
    for index, count in enumerate(halvings):
        members = np.flatnonzero(index == BAND)[:: 2**count]
        result[members] = 2 ** (count / 2)
    return result


def gain(psd: Psd) -> NDArray[np.float64]:
    """(536,) factor from strain per hertz to the whitened values of ``project``.

    With it Σ |gain h|² is the squared optimal signal-to-noise ratio 4 ∫ |h|² / S df.
    """
    mean = mean_inverse_amplitude(psd, FREQUENCY_HZ, WIDTH_HZ)
    return np.asarray(np.sqrt(4 * WIDTH_HZ) * mean)


def project(
    whitened: NDArray[np.float64],
    sample_rate_hz: float,
    centre_s: float,
    halvings: tuple[int, ...],
) -> NDArray[np.complex64]:
    """(536,) values of a whitened series, phases counted from ``centre_s`` after its first sample.

    Real and imaginary part of noise have unit variance each. Where a window would begin before
    the series it must have been halved (``thinning``); what is still missing counts as zero.
    """
    result = np.zeros(SIZE, np.complex64)
    for index, ((low, high, window_s, after_s), count) in enumerate(
        zip(BANDS, halvings, strict=True)
    ):
        window_s = window_s / 2**count
        length = round(window_s * sample_rate_hz)
        first = round((centre_s + after_s) * sample_rate_hz) - length
        spectrum = np.fft.rfft(_cut(whitened, first, length))
        bins = np.arange(round((high - low) * window_s)) + round(low * window_s)
        frequency = bins / window_s
        turn = np.exp(-2j * np.pi * frequency * (first / sample_rate_hz - centre_s))
        members = np.flatnonzero(index == BAND)[:: 2**count][: bins.size]
        result[members] = spectrum[bins] * turn * np.sqrt(2 / length)
    return result


def _cut(series: NDArray[np.float64], first: int, length: int) -> NDArray[np.float64]:
    """``length`` samples from ``first``, zero where the series has none."""
    piece = np.zeros(length)
    low, high = max(first, 0), min(first + length, series.size)
    if high > low:
        piece[low - first : high - first] = series[low:high]
    return piece
