"""How far two answers of one quantity are apart."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DRAWS_CELLS = 400


def jensen_shannon_nat(first: Array, second: Array) -> float:
    """Jensen-Shannon divergence of two lists of probabilities, in nat: 0 alike, ln 2 apart.

    Both (n,), over the same cells; they are normalised here. Source: Lin 1991, IEEE Transactions
    on Information Theory 37, 145, eq. (4.1) with equal weights. Raises ``ValueError`` for lists
    that hold nothing.
    """
    p, q = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if not (p.sum() > 0 and q.sum() > 0):
        raise ValueError("a divergence needs probabilities, got nothing but zeros")
    p, q = p / p.sum(), q / q.sum()
    middle = 0.5 * (p + q)
    return float(max(0.5 * _relative(p, middle) + 0.5 * _relative(q, middle), 0.0))


def of_draws(first: Array, second: Array, weights: Array | None = None) -> float:
    """The same of draws (n,) and (m,), by Gaussian kernels with Scott's rule; nat.

    ``weights`` (m,) are the second's. Raises ``ValueError`` for draws that do not differ.
    """
    from scipy.stats import gaussian_kde

    ends = min(first.min(), second.min()), max(first.max(), second.max())
    if not ends[0] < ends[1]:
        raise ValueError("a divergence of draws needs some that differ")
    grid = np.linspace(*ends, DRAWS_CELLS)
    return jensen_shannon_nat(
        gaussian_kde(first)(grid), gaussian_kde(second, weights=weights)(grid)
    )


def separation(first: tuple[float, float], second: tuple[float, float]) -> float:
    """The second value minus the first, in units of their combined width.

    Each is (value, half width); the combined width is the root of the sum of squares. NaN where
    both widths are zero.
    """
    width = math.hypot(first[1], second[1])
    return (second[0] - first[0]) / width if width > 0 else math.nan


def on_common_cells(
    first: tuple[Array, Array], second: tuple[Array, Array], cells: int = 512
) -> tuple[Array, Array, Array]:
    """Two curves (x, density) as probabilities in common cells: (edges, p, q).

    The cells reach over both. A curve is taken as linear between its points and as zero beyond
    them, and integrated before it is divided, so that a narrow one is not missed by a coarse grid.
    """
    low = min(float(first[0][0]), float(second[0][0]))
    high = max(float(first[0][-1]), float(second[0][-1]))
    # The narrower curve sets where cells are fine: they are spread over the points of both.
    points = np.concatenate([first[0], second[0]])
    edges = np.unique(np.concatenate([np.linspace(low, high, cells + 1), np.sort(points)]))
    return edges, _mass(first, edges), _mass(second, edges)


def _mass(curve: tuple[Array, Array], edges: Array) -> Array:
    x, density = curve
    every = np.unique(np.concatenate([x, edges[(edges > x[0]) & (edges < x[-1])]]))
    height = np.interp(every, x, density)
    rises = 0.5 * (height[1:] + height[:-1]) * np.diff(every)
    enclosed = np.concatenate([[0.0], np.cumsum(rises)])
    return np.diff(np.interp(edges, every, enclosed))


def _relative(p: Array, q: Array) -> float:
    """Kullback-Leibler divergence of p from q, in nat; cells where p is zero add nothing."""
    there = p > 0
    return float(np.sum(p[there] * np.log(p[there] / q[there])))
