"""Very many points as pictures: what lies in a range, how dense it is, what a lasso encloses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.science import sky_map

Array = NDArray[np.float64]
Range = tuple[float, float, float, float]  # left, right, bottom, top
FEW_POINTS = 4_000  # are drawn one by one, with their errors
MOST_CORNERS = 120


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Points of a range counted on a grid (rows from the bottom), or the few there are."""

    view: Range
    total: int
    places: NDArray[np.int64] | None  # where the points are few: which ones
    counts: NDArray[np.float64] | None  # (ny, nx)
    means: NDArray[np.float64] | None  # of the third column, NaN where none
    commonest: NDArray[np.int64] | None  # class of most points of a cell, -1 where none
    chosen: NDArray[np.float64] | None  # how many of them are selected


def density_of(
    x: Array,
    y: Array,
    third: Array | None,
    chosen: NDArray[np.bool_] | None,
    view: Range,
    size: tuple[int, int],
    classes: int = 0,
) -> Density:
    """Count the points in ``view`` on ``size`` (nx, ny) cells. Safe in any thread.

    The third column is a number, or with ``classes`` the number of a class, NaN for none.
    """
    left, right, bottom, top = view
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    total = int(np.count_nonzero(inside))
    if total <= FEW_POINTS:
        return Density(view, total, np.flatnonzero(inside), None, None, None, None)
    nx, ny = size
    column = np.minimum(
        ((np.compress(inside, x) - left) * (nx / (right - left))).astype(int), nx - 1
    )
    row = np.minimum(
        ((np.compress(inside, y) - bottom) * (ny / (top - bottom))).astype(int), ny - 1
    )
    cell = row * nx + column
    counts = np.bincount(cell, minlength=nx * ny).astype(float)
    means = commonest = None
    if third is not None and classes:
        values = np.compress(inside, third)
        known = ~np.isnan(values)
        key = cell[known] * classes + values[known].astype(int)
        by_class = np.bincount(key, minlength=nx * ny * classes).reshape(ny, nx, classes)
        commonest = np.where(by_class.any(axis=2), by_class.argmax(axis=2), -1)
    elif third is not None:
        values = np.compress(inside, third)
        known = ~np.isnan(values)
        many = np.bincount(cell[known], minlength=nx * ny)
        sums = np.bincount(cell[known], weights=values[known], minlength=nx * ny)
        means = np.where(many > 0, sums / np.maximum(many, 1), np.nan).reshape(ny, nx)
    picked = None
    if chosen is not None and chosen.any():
        among = np.compress(inside, chosen)
        picked = np.bincount(cell[among], minlength=nx * ny).astype(float).reshape(ny, nx)
    return Density(view, total, None, counts.reshape(ny, nx), means, commonest, picked)


def in_box(
    x: Array, y: Array, first: tuple[float, float], last: tuple[float, float]
) -> NDArray[np.bool_]:
    """(n,) points between two corners."""
    left, right = sorted((first[0], last[0]))
    bottom, top = sorted((first[1], last[1]))
    return (x >= left) & (x <= right) & (y >= bottom) & (y <= top)


def in_polygon(x: Array, y: Array, corners: Array) -> NDArray[np.bool_]:
    """(n,) points inside a closed polygon (m, 2), by the even-odd rule; NaN is outside.

    A hand-drawn line of very many corners is thinned to ``MOST_CORNERS``.
    """
    if len(corners) > MOST_CORNERS:
        corners = corners[np.linspace(0, len(corners) - 1, MOST_CORNERS).astype(int)]
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
    px, py = x[near], y[near]
    inside = np.zeros(near.size, bool)
    before = corners[-1]
    for corner in corners:
        (x1, y1), (x2, y2) = before, corner
        if y1 != y2:
            crosses = (py < y1) != (py < y2)
            inside ^= crosses & (px < (x2 - x1) * (py - y1) / (y2 - y1) + x1)
        before = corner
    found = np.zeros(x.size, bool)
    found[near[inside]] = True
    return found


def limits(values: Array) -> tuple[float, float]:
    """Least and greatest finite value with a margin; (0, 1) where there is none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    margin = 0.03 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin


def logarithm(values: Array | None) -> Array | None:
    """log10 where there is one, else NaN."""
    if values is None:
        return None
    with np.errstate(all="ignore"):
        return np.where(values > 0, np.log10(np.where(values > 0, values, 1.0)), np.nan)


def mollweide(longitude_deg: Array, latitude_deg: Array) -> tuple[Array, Array]:
    """Equal-area map of the sky, x to the left with right ascension, in -180..180 and -90..90."""
    x, y = sky_map.mollweide(np.radians(longitude_deg), np.radians(latitude_deg), 0.0)
    return 90.0 * x, 90.0 * y


def aitoff(longitude_deg: Array, latitude_deg: Array) -> tuple[Array, Array]:
    """The equal-area map that FITS calls AIT (Hammer and Aitoff's), x to the left with RA.

    Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.2.2.
    """
    longitude, latitude = np.radians(_around_zero(longitude_deg)), np.radians(latitude_deg)
    scale = np.sqrt(2 / (1 + np.cos(latitude) * np.cos(longitude / 2)))
    x = 2 * scale * np.cos(latitude) * np.sin(longitude / 2)
    return -np.degrees(x), np.degrees(scale * np.sin(latitude))


def _around_zero(longitude_deg: Array) -> Array:
    return (np.asarray(longitude_deg, np.float64) + 180.0) % 360.0 - 180.0
