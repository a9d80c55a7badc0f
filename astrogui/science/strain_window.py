"""The whitened second about a merger at 1024 Hz, as networks of strain samples take it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 1024.0
LENGTH = 1024  # samples of the window
BEFORE_S = 0.85  # of the window, before the merger
SPAN_S = 2.0  # of strain that is brought to the lower rate, the window in its middle
BAND_HZ = (20.0, 460.0)

Floats = NDArray[np.float64]


def window(whitened: Floats, sample_rate_hz: float, merger_s: float) -> Floats:
    """(1024,) samples about a merger so many seconds after the first of a whitened series (n,).

    The series has unit variance over its full band, as ``whitening.whiten`` leaves it, and so has
    the window in its band. What the series lacks at its ends is zero.
    """
    length = round(SPAN_S * sample_rate_hz)
    lead_s = BEFORE_S + 0.5 * (SPAN_S - LENGTH / RATE_HZ)
    first = round((merger_s - lead_s) * sample_rate_hz)
    piece = np.zeros(length)
    low, high = max(first, 0), min(first + length, whitened.size)
    if high > low:
        piece[low - first : high - first] = whitened[low:high]
    spectrum = np.fft.rfft(piece)
    size = round(SPAN_S * RATE_HZ)
    kept = spectrum[: size // 2 + 1] * in_band(np.arange(size // 2 + 1) / SPAN_S)
    # A sum over fewer samples, each of the same variance: noise stays what it was.
    series = np.fft.irfft(kept, size) * np.sqrt(RATE_HZ / sample_rate_hz)
    return np.asarray(middle(series))


def middle(series: NDArray[Any]) -> NDArray[Any]:
    """The window (…, 1024) of a span of two seconds (…, 2048)."""
    start = (series.shape[-1] - LENGTH) // 2
    return series[..., start : start + LENGTH]


def in_band(frequency_hz: Floats) -> Floats:
    """1 within the band of the window, 0 outside."""
    return np.asarray((frequency_hz >= BAND_HZ[0]) & (frequency_hz <= BAND_HZ[1]), np.float64)
