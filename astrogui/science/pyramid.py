"""Overview levels: a large image at a fraction of its size, read section by section.

A level is the mean of blocks of `factor` x `factor` pixels. Pixels that are not finite are left
out of the mean; a block without a finite pixel is NaN. Blocks are counted from pixel (0, 0); the
last block of a row or column may hold fewer pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SECTION_PIXELS = 4_194_304  # the most pixels asked of the reader at once (16 MB of float32)

# (first row, end row, first column, end column) in pixels, as in array[first:end, first:end]
SectionReader = Callable[[int, int, int, int], NDArray[np.floating]]


def overview(
    section_reader: SectionReader, shape: tuple[int, int], factor: int
) -> NDArray[np.float32]:
    """The image of `shape` (rows, columns) by block means: (ceil(rows/f), ceil(columns/f)).

    `section_reader(row, row_end, column, column_end)` yields the pixels of that half-open
    section; no more than `SECTION_PIXELS` are asked for at once, or one row of blocks where
    that alone is more.
    """
    rows, columns = shape
    if factor < 1 or rows < 1 or columns < 1:
        raise ValueError(f"an overview needs pixels and a factor >= 1, got {shape} by {factor}")
    level = np.empty((-(-rows // factor), -(-columns // factor)), dtype=np.float32)
    wide = max(factor, min(columns, SECTION_PIXELS // factor) // factor * factor)
    tall = max(factor, SECTION_PIXELS // min(wide, columns) // factor * factor)
    for row in range(0, rows, tall):
        row_end = min(row + tall, rows)
        for column in range(0, columns, wide):
            column_end = min(column + wide, columns)
            section = section_reader(row, row_end, column, column_end)
            part = block_means(section, factor)
            top, left = row // factor, column // factor
            level[top : top + part.shape[0], left : left + part.shape[1]] = part
    return level


def block_means(pixels: NDArray[np.floating], factor: int) -> NDArray[np.float32]:
    """Means of `factor` x `factor` blocks over the finite pixels, NaN where there is none."""
    pixels = np.asarray(pixels)
    if pixels.ndim != 2:
        raise ValueError(f"an image is (rows, columns), got {pixels.shape}")
    if factor == 1:
        return np.where(np.isfinite(pixels), pixels, np.nan).astype(np.float32)
    finite = np.isfinite(pixels)
    if finite.all():
        count = np.outer(*(_block_lengths(length, factor) for length in pixels.shape))
        return (_block_sums(pixels, factor) / count).astype(np.float32)
    sums = _block_sums(np.where(finite, pixels, 0), factor)
    count = _block_sums(finite, factor)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, sums / np.maximum(count, 1), np.nan).astype(np.float32)


def overview_factors(shape: tuple[int, int], smallest: int = 512) -> tuple[int, ...]:
    """Powers of two (2, 4, 8 ...) down to a level whose longer side is at most `smallest`."""
    longest = max(shape)
    steps = max(0, math.ceil(math.log2(longest / smallest))) if longest > smallest else 0
    return tuple(2**step for step in range(1, steps + 1))


def _block_sums(pixels: NDArray[np.generic], factor: int) -> NDArray[np.float64]:
    starts = [np.arange(0, length, factor) for length in pixels.shape]
    by_row = np.add.reduceat(pixels, starts[0], axis=0, dtype=np.float64)
    return np.asarray(np.add.reduceat(by_row, starts[1], axis=1))


def _block_lengths(length: int, factor: int) -> NDArray[np.float64]:
    starts = np.arange(0, length, factor)
    return np.minimum(factor, length - starts).astype(np.float64)
