"""Filters that shift nothing in time, applied in blocks, and never across a gap.

A gain that is real at every frequency delays none of them. Long series are filtered in blocks that
overlap by more than the filters ring, so memory does not grow with the series. What a filter makes
up at the ends of a stretch is left out, not shown as data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.science.whitening import HIGH_PASS_HZ, contiguous_stretches, taper_ends

Floats = NDArray[np.float64]
Gain = Callable[[Floats], Floats]  # factor at frequencies in Hz

BLOCK_S = 64.0
PAD_S = 4.0  # of neighbouring data on either side of a block; longer than any filter here rings
TAPER_S = 0.5
BAND_ORDER = 4


def filtered(
    samples: NDArray[np.floating],
    sample_rate_hz: float,
    gains: Sequence[Gain],
    factor: int = 1,
    edge_s: float = 1.0,
    shortest_s: float = 2.0,
) -> list[NDArray[np.float32]]:
    """One series (n / factor,) for each gain from samples (n,) whose gaps are NaN.

    ``factor`` keeps every so-manyth sample after removing what would alias. NaN: gaps, stretches
    shorter than ``shortest_s`` and ``edge_s`` (at most a quarter of the stretch) at each end of a
    stretch. Raises ``ValueError`` for a factor below one.
    """
    if factor < 1:
        raise ValueError(f"a series is thinned by a whole factor of at least 1, got {factor}")
    size = -(-samples.size // factor)
    series = [np.full(size, np.nan, np.float32) for _ in gains]
    rate = sample_rate_hz / factor
    block = _Block(sample_rate_hz, factor, gains)
    for first, end in contiguous_stretches(samples):
        if end - first < shortest_s * sample_rate_hz:
            continue
        edge = round(min(edge_s, 0.25 * (end - first) / sample_rate_hz) * rate)
        low, high = -(-first // factor) + edge, end // factor - edge
        for begin in range(low, high, block.step):
            stop = min(begin + block.step, high)
            parts = block.filter(samples, first, end, begin)
            for whole, part in zip(series, parts, strict=True):
                whole[begin:stop] = part[: stop - begin]
    return series


class _Block:
    """The gains at the frequencies of one block, and the filtering of one."""

    def __init__(self, rate_hz: float, factor: int, gains: Sequence[Gain]) -> None:
        self._factor, self._rate = factor, rate_hz
        self.step = round(BLOCK_S * rate_hz / factor)  # output samples of a block
        self._pad = round(PAD_S * rate_hz / factor)
        self._out = self.step + 2 * self._pad
        frequency = np.asarray(np.fft.rfftfreq(self._out, factor / rate_hz), np.float64)
        alias = _below(frequency, 0.5 * rate_hz / factor) if factor > 1 else 1.0
        self._gains = [gain(frequency) * alias / factor for gain in gains]

    def filter(
        self, samples: NDArray[np.floating], first: int, end: int, begin: int
    ) -> list[Floats]:
        """The block of output samples from ``begin``, from samples first..end only."""
        start = (begin - self._pad) * self._factor
        buffer = np.zeros(self._out * self._factor)
        low, high = max(start, first), min(start + buffer.size, end)
        piece = samples[low:high].astype(np.float64)
        piece -= piece.mean()
        taper_ends(piece, round(TAPER_S * self._rate))
        buffer[low - start : high - start] = piece
        spectrum = np.fft.rfft(buffer)[: self._out // 2 + 1]
        kept = slice(self._pad, self._pad + self.step)
        return [np.fft.irfft(spectrum * gain, self._out)[kept] for gain in self._gains]


def high_pass(frequency_hz: Floats) -> Floats:
    """What lies above 13 Hz: an eighth-order Butterworth filter run forwards and backwards."""
    ratio = HIGH_PASS_HZ / np.maximum(frequency_hz, 1e-3)
    return np.asarray(1 / (1 + np.minimum(ratio, 1e6) ** 16))


def band_pass(low_hz: float, high_hz: float) -> Gain:
    """A fourth-order Butterworth band run forwards and backwards: half the amplitude at its ends.

    Raises ``ValueError`` unless 0 < low < high.
    """
    if not 0 < low_hz < high_hz:
        raise ValueError(f"a band rises from above 0 Hz, got {low_hz:g} to {high_hz:g} Hz")

    def gain(frequency_hz: Floats) -> Floats:
        frequency = np.maximum(frequency_hz, 1e-3)
        power = 2 * BAND_ORDER
        above = 1 + np.minimum(low_hz / frequency, 1e6) ** power
        return np.asarray(1 / (above * (1 + (frequency / high_hz) ** power)))

    return gain


def _below(frequency_hz: Floats, limit_hz: float) -> Floats:
    """One, falling to zero over the last tenth below a limit."""
    fall = np.clip((limit_hz - frequency_hz) / (0.1 * limit_hz), 0, 1)
    return np.asarray(np.sin(0.5 * np.pi * fall) ** 2)
