"""A series at the resolution of a screen: least and greatest value per step, none lost.

A curve of every n-th sample would hide a glitch of one sample; here each step of the screen keeps
both extremes, so that whatever the series reaches is drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BLOCK = 16


class Envelope:
    """A series (n,) with the extremes of blocks of 16, 256, 4096 and 65536 samples kept ready."""

    def __init__(self, values: NDArray[np.floating]) -> None:
        self.values = np.asarray(values)
        self._levels: dict[int, tuple[NDArray[np.floating], NDArray[np.floating]]] = {}
        low, high, block = self.values, self.values, 1
        while low.size > 512 and block < 65536:
            starts = np.arange(0, low.size, BLOCK)
            low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
            block *= BLOCK
            self._levels[block] = (low, high)

    def between(self, first: int, end: int, steps: int) -> tuple[Array, Array]:
        """(sample number, value) of samples first..end by at most 2 ``steps`` points.

        Where there are no more samples than that, they come back as they are. NaN stays a gap
        when a whole step is NaN.
        """
        first, end = max(first, 0), min(end, self.values.size)
        if end - first <= 2 * steps:
            return np.arange(first, end, dtype=np.float64), self.values[first:end].astype(float)
        per_step = -(-(end - first) // steps)
        # Four blocks a step or more, so that rounding up to whole blocks costs little sharpness.
        block = max((b for b in self._levels if 4 * b <= per_step), default=1)
        # Steps begin at multiples of their length, so that a curve does not flicker when moved.
        if block == 1:
            first -= first % per_step
            low, high = _extremes(self.values[first:end], per_step)
            start, step = float(first), float(per_step)
        else:
            blocks = -(-per_step // block)
            lows, highs = self._levels[block]
            from_block, to_block = first // block, -(-end // block)
            from_block -= from_block % blocks
            low = _extremes(lows[from_block:to_block], blocks)[0]
            high = _extremes(highs[from_block:to_block], blocks)[1]
            start, step = float(from_block * block), float(blocks * block)
        places = start + step * np.arange(low.size)
        x = np.repeat(places, 2)
        x[1::2] += 0.5 * step
        y = np.empty(2 * low.size)
        y[0::2], y[1::2] = low, high
        return x, y


def _extremes(
    values: NDArray[np.floating], block: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Least and greatest of each block, NaN left out unless there is nothing else."""
    starts = np.arange(0, values.size, block)
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
