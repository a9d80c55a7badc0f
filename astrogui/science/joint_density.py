"""The joint density of two quantities from weighted draws, and the contours that enclose a share.

A two-dimensional histogram is smoothed by a normal kernel of Silverman's width. The smoothed
density only says which cells are denser than others; the probability enclosed is counted on the
draws themselves, so that a contour labelled 90 % holds 90 % of them whatever the smoothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CELLS = 96
REACH = 4.0  # widths of the kernel after which it is cut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointDensity:
    """p(x, y) on a grid of cells: ``density`` (ny, nx) per unit of x and y."""

    x_edges: Array  # (nx + 1,)
    y_edges: Array  # (ny + 1,)
    density: Array
    mass: Array  # (ny, nx) share of the draws in each cell, unsmoothed

    def level(self, probability: float) -> float:
        """The density above which ``probability`` of the draws lies."""
        order = np.argsort(self.density, axis=None)[::-1]
        enclosed = np.cumsum(self.mass.ravel()[order])
        last = int(np.searchsorted(enclosed, probability * enclosed[-1]))
        ranked = self.density.ravel()[order]
        inner, outer = ranked[min(last, ranked.size - 1)], ranked[min(last + 1, ranked.size - 1)]
        return float(0.5 * (inner + outer))

    def contour(self, probability: float) -> list[Array]:
        """Closed lines (n, 2) in x and y around the smallest region of ``probability``."""
        padded = np.pad(self.density, 1)
        loops = closed_contours(padded, self.level(probability))
        return [
            np.column_stack([
                _between(self.x_edges, loop[:, 0] - 1), _between(self.y_edges, loop[:, 1] - 1)
            ])
            for loop in loops
        ]  # fmt: skip


def joint_density(
    x: Array,
    y: Array,
    weights: Array | None = None,
    bounds: tuple[tuple[float, float], tuple[float, float]] | None = None,
    cells: int = CELLS,
) -> JointDensity:
    """The density of draws x and y (n,), smoothed, reflected at the ends of the grid.

    ``bounds`` are the ends of the grid in x and y; by default those of the draws. Kernel width
    after Silverman 1986, "Density estimation", section 4.3.2: n^(-1/6) standard deviations in two
    dimensions, with the effective number of weighted draws. Raises ``ValueError`` where fewer
    than two draws are finite.
    """
    known = np.isfinite(x) & np.isfinite(y)
    x, y = np.asarray(x, np.float64)[known], np.asarray(y, np.float64)[known]
    if x.size < 2:
        raise ValueError(f"a joint density needs two draws or more, got {x.size}")
    share = np.ones(x.size) if weights is None else np.asarray(weights, np.float64)[known]
    share = share / share.sum()
    (x_low, x_high), (y_low, y_high) = bounds or (_ends(x), _ends(y))
    x_edges, y_edges = np.linspace(x_low, x_high, cells + 1), np.linspace(y_low, y_high, cells + 1)
    column = _cell(x, x_edges)
    row = _cell(y, y_edges)
    inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
    flat = row[inside] * cells + column[inside]
    counted = np.bincount(flat, share[inside], cells * cells)
    mass: Array = np.asarray(counted, np.float64).reshape(cells, cells)
    effective = 1.0 / float(np.sum(share**2))
    shrink = max(effective, 2.0) ** (-1 / 6)
    smooth = mass
    for axis, values, edges in ((1, x, x_edges), (0, y, y_edges)):
        step = edges[1] - edges[0]
        smooth = _smoothed(smooth, shrink * _spread(values, share) / step, axis)
    area = (x_edges[1] - x_edges[0]) * (y_edges[1] - y_edges[0])
    total = smooth.sum() or 1.0
    return JointDensity(
        x_edges=x_edges, y_edges=y_edges, density=smooth / (total * area), mass=mass
    )


def closed_contours(values: Array, level: float) -> list[Array]:
    """Closed lines (n, 2) of (column, row) where ``values`` (ny, nx) pass ``level``.

    Marching squares, linear along the cells' sides; saddles are joined by the mean of the four
    corners. Samples lie at whole numbers plus one half. The border must lie below ``level``.
    """
    above = values > level
    kind = above[:-1, :-1] * 1 + above[:-1, 1:] * 2 + above[1:, 1:] * 4 + above[1:, :-1] * 8
    follows: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for row, column in zip(*np.nonzero((kind > 0) & (kind < 15)), strict=True):
        r, c = int(row), int(column)
        corners = values[r : r + 2, c : c + 2]
        for begin, end in _sides(int(kind[r, c]), bool(corners.mean() > level)):
            follows[_side(begin, r, c)] = _side(end, r, c)
    loops = []
    while follows:
        first, following = follows.popitem()
        sides = [first]
        while following != first:
            sides.append(following)
            following = follows.pop(following)
        loops.append(np.array([_crossing(values, level, side) for side in sides]))
    return loops


def enclosed_share(loops: list[Array], x: Array, y: Array) -> float:
    """The share of points (n,) inside closed lines, by the even-odd rule."""
    inside = np.zeros(x.size, bool)
    for loop in loops:
        ends = np.roll(loop, -1, axis=0)
        for (x0, y0), (x1, y1) in zip(loop, ends, strict=True):
            if y0 == y1:
                continue
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return float(inside.mean())


# Which two sides a line joins in a cell, with the part above the level on its left. Sides: 0
# below, 1 right, 2 above, 3 left. Corners above the level as bits: 1 (column, row), 2 (column + 1,
# row), 4 (column + 1, row + 1), 8 (column, row + 1).
_JOINS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 3),), 2: ((1, 0),), 3: ((1, 3),), 4: ((2, 1),), 6: ((2, 0),), 7: ((2, 3),),
    8: ((3, 2),), 9: ((0, 2),), 11: ((1, 2),), 12: ((3, 1),), 13: ((0, 1),), 14: ((3, 0),),
}  # fmt: skip
_SADDLES: dict[tuple[int, bool], tuple[tuple[int, int], ...]] = {
    (5, False): ((0, 3), (2, 1)), (5, True): ((0, 1), (2, 3)),
    (10, False): ((1, 0), (3, 2)), (10, True): ((1, 2), (3, 0)),
}  # fmt: skip


def _sides(kind: int, is_high: bool) -> tuple[tuple[int, int], ...]:
    return _JOINS[kind] if kind in _JOINS else _SADDLES[kind, is_high]


def _side(number: int, row: int, column: int) -> tuple[int, int, int]:
    """A side shared by two cells under one name: (1 if upright, row, column)."""
    return ((0, row, column), (1, row, column + 1), (0, row + 1, column), (1, row, column))[number]


def _crossing(values: Array, level: float, side: tuple[int, int, int]) -> tuple[float, float]:
    upright, row, column = side
    first = values[row, column]
    second = values[row + 1, column] if upright else values[row, column + 1]
    part = float((level - first) / (second - first))
    x, y = column + 0.5, row + 0.5
    return (x, y + part) if upright else (x + part, y)


def _between(edges: Array, place: Array) -> Array:
    """The value at a place counted in cells; the padding's is the end of the grid."""
    return np.interp(place, np.arange(edges.size), edges)


def _cell(values: Array, edges: Array) -> NDArray[np.int64]:
    """The cell of each value; the last cell is closed at its upper end."""
    place = np.floor((values - edges[0]) / (edges[-1] - edges[0]) * (edges.size - 1))
    at_end = values == edges[-1]
    return np.where(at_end, edges.size - 2, place).astype(np.int64)


def _ends(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = 0.5 * abs(low) or 0.5
        return low - half, high + half
    return low, high


def _spread(values: Array, share: Array) -> float:
    mean = np.sum(share * values)
    return float(np.sqrt(np.sum(share * (values - mean) ** 2)))


def _smoothed(values: Array, width: float, axis: int) -> Array:
    """Convolved with a normal kernel of ``width`` cells along an axis, reflected at the ends."""
    if not width > 0.05:
        return values
    size = values.shape[axis]
    reach = min(int(REACH * width) + 1, size)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    pad = [(reach, reach) if i == axis else (0, 0) for i in range(values.ndim)]
    padded = np.moveaxis(np.pad(values, pad, mode="symmetric"), axis, -1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=-1)
    return np.moveaxis(windows @ (kernel / kernel.sum()), -1, axis)
