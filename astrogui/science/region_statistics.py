"""What the pixels of a region add up to, read strip by strip so that no large copy is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.regions import PixelShape

STRIP_PIXELS = 2_000_000
KEPT_PIXELS = 16_000_000  # of a larger region the median comes from every n-th row
Section = Callable[[int, int, int, int], NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStatistics:
    """Of the pixels whose centre lies inside; NaN where no pixel has data."""

    pixels: int  # with data
    no_data: int  # pixels inside without data
    total: float
    mean: float
    median: float
    deviation: float  # with n - 1
    least: float
    largest: float
    rows_skipped: int = 0  # > 0: the median is that of every (n + 1)-th row


def statistics_of(
    section: Section,
    image_shape: tuple[int, int],
    shape: PixelShape,
    excluded: Sequence[PixelShape] = (),
) -> RegionStatistics:
    """Sum, mean, median and so on of the pixels inside ``shape`` and outside ``excluded``.

    ``section(y0, y1, x0, x1)`` gives pixels, NaN where there are no data. A point stands for the
    pixel under it, a line for the pixels under it.
    """
    count = missing = 0
    total = mean = squares = 0.0
    least, largest = np.inf, -np.inf
    kept: list[NDArray[np.float32]] = []
    box = _pixel_box(shape, image_shape)
    step = 1 + (box[1] - box[0]) * (box[3] - box[2]) // KEPT_PIXELS
    for rows in _strips(box):
        values, row = _inside(section, shape, excluded, rows, box)
        good = np.isfinite(values)
        missing += int(values.size - good.sum())
        values, row = values[good], row[good]
        if not values.size:
            continue
        exact = values.astype(np.float64)
        count, total, mean, squares = _merged(count, total, mean, squares, exact)
        least, largest = min(least, float(values.min())), max(largest, float(values.max()))
        kept.append(values[(row - box[0]) % step == 0])
    if not count:
        nan = float("nan")
        return RegionStatistics(
            pixels=0, no_data=missing, total=nan, mean=nan, median=nan, deviation=nan,
            least=nan, largest=nan,
        )  # fmt: skip
    return RegionStatistics(
        pixels=count,
        no_data=missing,
        total=total,
        mean=mean,
        median=float(np.median(np.concatenate(kept))),
        deviation=float(np.sqrt(squares / (count - 1))) if count > 1 else float("nan"),
        least=least,
        largest=largest,
        rows_skipped=step - 1,
    )


def _merged(
    count: int, total: float, mean: float, squares: float, values: NDArray[np.float64]
) -> tuple[int, float, float, float]:
    """Count, sum, mean and summed squared deviations with more values.

    Source: Chan, Golub & LeVeque 1983, The American Statistician 37, 242, eq. (2.1).
    """
    here, sum_here = int(values.size), float(values.sum())
    mean_here = sum_here / here
    both = count + here
    shift = mean_here - mean
    squares += float(((values - mean_here) ** 2).sum()) + shift**2 * count * here / both
    return both, total + sum_here, mean + shift * here / both, squares


def _pixel_box(shape: PixelShape, image_shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """The pixels (y0, y1, x0, x1) that can lie inside, clipped to the image."""
    x0, y0, x1, y1 = shape.bounds()
    ny, nx = image_shape

    def clipped(low: float, high: float, size: int) -> tuple[int, int]:
        first = int(np.clip(np.floor(low + 0.5), 0, size))
        return first, max(first, int(np.clip(np.floor(high + 0.5) + 1, 0, size)))

    rows, columns = clipped(y0, y1, ny), clipped(x0, x1, nx)
    return rows[0], rows[1], columns[0], columns[1]


def _strips(box: tuple[int, int, int, int]) -> Iterator[tuple[int, int]]:
    y0, y1, x0, x1 = box
    step = max(1, STRIP_PIXELS // max(x1 - x0, 1))
    for y in range(y0, y1, step):
        yield y, min(y + step, y1)


def _inside(
    section: Section,
    shape: PixelShape,
    excluded: Sequence[PixelShape],
    rows: tuple[int, int],
    box: tuple[int, int, int, int],
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The values inside within some rows, and the row of each."""
    y0, y1 = rows
    x0, x1 = box[2], box[3]
    if x1 <= x0:
        return np.zeros(0, np.float32), np.zeros(0, np.intp)
    y, x = np.arange(y0, y1)[:, None], np.arange(x0, x1)[None, :]
    inside = _covers(shape, x, y)
    for hole in excluded:
        inside &= ~hole.contains(x, y)
    row, column = np.nonzero(inside)
    return np.asarray(section(y0, y1, x0, x1)[row, column], np.float32), row + y0


def _covers(shape: PixelShape, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
    if shape.shape not in {"line", "point"}:
        return shape.contains(x, y)
    ends = shape.points if shape.shape == "line" else np.repeat(shape.points, 2, axis=0)
    length = float(np.abs(ends[1] - ends[0]).max())
    along = np.linspace(0.0, 1.0, int(np.ceil(length)) * 2 + 2)[:, None]
    under = np.floor(ends[0] + along * (ends[1] - ends[0]) + 0.5).astype(np.int64)
    covered = np.zeros((y.shape[0], x.shape[1]), dtype=bool)
    column, row = under[:, 0] - x[0, 0], under[:, 1] - y[0, 0]
    known = (column >= 0) & (column < x.shape[1]) & (row >= 0) & (row < y.shape[0])
    covered[row[known], column[known]] = True
    return covered
