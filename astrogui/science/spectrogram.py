"""The amplitude spectral density of strain over time, its rows even in log frequency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEGMENT_S = (1 / 16, 4.0)  # shortest and longest Fourier transform


def segment_for(span_s: float) -> float:
    """Length of the transforms that suits a span: about a sixty-fourth of it, in seconds."""
    wished = np.clip(span_s / 64, *SEGMENT_S)
    return float(2.0 ** np.floor(np.log2(wished)))


def spectrogram(
    samples: NDArray[np.floating],
    sample_rate_hz: float,
    segment_s: float,
    centres_s: Floats,
    frequency_hz: Floats,
) -> NDArray[np.float32]:
    """(rows, columns) one-sided amplitude density, unit of samples per sqrt(Hz).

    Columns are Hann-windowed segments about the times ``centres_s`` after the first sample, rows
    the power averaged about the rising ``frequency_hz``. NaN where a segment holds a gap or leaves
    the series.
    """
    length = round(segment_s * sample_rate_hz)
    window = np.hanning(length + 1)[:-1]
    scale = 2 / (sample_rate_hz * np.sum(window**2))
    edges = _edges(frequency_hz) * segment_s
    low = np.clip(np.ceil(edges[:-1]).astype(int), 1, length // 2)
    high = np.clip(np.ceil(edges[1:]).astype(int), low + 1, length // 2 + 1)
    result = np.full((frequency_hz.size, centres_s.size), np.nan, np.float32)
    for column, centre in enumerate(centres_s):
        first = round(centre * sample_rate_hz) - length // 2
        if first < 0 or first + length > samples.size:
            continue
        piece = samples[first : first + length].astype(np.float64)
        if not np.isfinite(piece).all():
            continue
        power = np.abs(np.fft.rfft((piece - piece.mean()) * window)) ** 2 * scale
        total = np.concatenate([[0.0], np.cumsum(power)])
        result[:, column] = np.sqrt((total[high] - total[low]) / (high - low))
    return result


def _edges(centre: Floats) -> Floats:
    middle = np.sqrt(centre[1:] * centre[:-1])
    return np.concatenate([[centre[0] ** 2 / middle[0]], middle, [centre[-1] ** 2 / middle[-1]]])
