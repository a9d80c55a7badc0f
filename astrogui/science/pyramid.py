"""Overview levels: a large image at a fraction of its size, read section by section.

A level is the mean of blocks of `factor` x `factor` pixels. Pixels that are not finite are left
out of the mean; a block without a finite pixel is NaN. Blocks are counted from pixel (0, 0); the
last block of a row or column may hold fewer pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

SECTION_PIXELS = 1_048_576  # the most pixels asked of the reader at once (4 MB of float32)

# (first row, end row, first column, end column) in pixels, as in array[first:end, first:end]
SectionReader = Callable[[int, int, int, int], NDArray[np.floating]]
LineReader = Callable[[Sequence[int], int, int], NDArray[np.floating]]


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


def sampled_overview(
    line_reader: LineReader, shape: tuple[int, int], factor: int, lines: int
) -> NDArray[np.float32]:
    """As ``overview``, from ``lines`` evenly spaced rows of each block: for files of many GB.

    ``line_reader(rows, column, column_end)`` yields those rows, (number of rows, columns).
    """
    rows, columns = shape
    level = np.empty((-(-rows // factor), -(-columns // factor)), dtype=np.float32)
    at_once = max(1, SECTION_PIXELS // max(columns * lines, 1))
    for first in range(0, level.shape[0], at_once):
        blocks = range(first, min(first + at_once, level.shape[0]))
        chosen = [row for block in blocks for row in sampled_rows(block * factor, factor, lines)]
        chosen = [min(row, rows - 1) for row in chosen]
        taken = line_reader(chosen, 0, columns).reshape(len(blocks), -1, columns)
        for block, pixels in zip(blocks, taken, strict=True):
            level[block] = block_row_means(pixels, factor)
    return level


def sampled_rows(first: int, factor: int, lines: int) -> list[int]:
    """``lines`` rows of the block of ``factor`` rows from ``first`` on, in the middles of parts."""
    lines = min(lines, factor)
    return [first + (2 * i + 1) * factor // (2 * lines) for i in range(lines)]


def block_row_means(pixels: NDArray[np.floating], factor: int) -> NDArray[np.float32]:
    """(blocks,) means over all the rows given, and over each ``factor`` columns."""
    whole = pixels.shape[1] // factor * factor
    parts = [pixels[:, :whole].reshape(-1, whole // factor, factor), pixels[:, None, whole:]]
    found = []
    for part in parts:
        if not part.size:
            continue
        finite = np.isfinite(part)
        count = finite.sum(axis=(0, 2))
        sums = np.where(finite, part, 0).sum(axis=(0, 2), dtype=np.float64)
        with np.errstate(invalid="ignore"):
            found.append(np.where(count > 0, sums / np.maximum(count, 1), np.nan))
    return np.concatenate(found).astype(np.float32)


def block_means(pixels: NDArray[np.floating], factor: int) -> NDArray[np.float32]:
    """Means of `factor` x `factor` blocks over the finite pixels, NaN where there is none."""
    pixels = np.asarray(pixels)
    if pixels.ndim != 2:
        raise ValueError(f"an image is (rows, columns), got {pixels.shape}")
    if factor == 1:
        return np.where(np.isfinite(pixels), pixels, np.nan).astype(np.float32)
    if all(length % factor == 0 for length in pixels.shape):
        means = _whole_block_means(pixels, factor)
        if means is not None:
            return means
    finite = np.isfinite(pixels)
    if finite.all():
        count = np.outer(*(_block_lengths(length, factor) for length in pixels.shape))
        return (_block_sums(pixels, factor) / count).astype(np.float32)
    sums = _block_sums(np.where(finite, pixels, 0), factor)
    count = _block_sums(finite, factor)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, sums / np.maximum(count, 1), np.nan).astype(np.float32)


def _whole_block_means(pixels: NDArray[np.floating], factor: int) -> NDArray[np.float32] | None:
    """Means of blocks that are all whole; None where a pixel is not finite.

    Rows are added first, in the pixels' own order in memory; a pixel without a value shows in the
    sums, so none has to be looked for beforehand.
    """
    rows, columns = pixels.shape
    with np.errstate(invalid="ignore", over="ignore"):
        by_row = pixels.reshape(rows // factor, factor, columns).sum(axis=1, dtype=np.float64)
        # einsum adds short runs of the last axis several times as fast as sum does.
        sums = np.einsum("ijk->ij", by_row.reshape(rows // factor, columns // factor, factor))
        means = sums / factor**2
    return means.astype(np.float32) if np.isfinite(means).all() else None


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
