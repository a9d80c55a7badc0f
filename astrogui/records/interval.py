"""Quantiles, intervals and mixtures of draws and gridded densities: plain NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def weighted_quantiles(values: Array, weights: Array | None, levels: Array) -> NDArray[np.float64]:
    """Quantiles of weighted draws (n,) at ``levels``; mid-point rule, linear in between."""
    order = np.argsort(values)
    ranked = np.asarray(values, np.float64)[order]
    if weights is None:
        return np.asarray(np.quantile(ranked, levels))
    share = np.asarray(weights, np.float64)[order]
    cumulative = np.cumsum(share) - 0.5 * share
    return np.asarray(np.interp(levels, cumulative / share.sum(), ranked))


def grid_quantiles(edges: Array, mass: Array, levels: Array) -> NDArray[np.float64]:
    """Quantiles of a piecewise-constant density: ``mass`` (n,) in cells between ``edges``."""
    total = mass.sum()
    cumulative = np.concatenate([[0.0], np.cumsum(np.asarray(mass, np.float64))]) / total
    # Empty cells give equal cumulative values; a tiny slope keeps the inverse single-valued.
    cumulative = cumulative + np.linspace(0, 1e-12, cumulative.size)
    return np.asarray(np.interp(levels, cumulative / cumulative[-1], edges))


def highest_density_grid(
    edges: Array, mass: Array, level: float
) -> tuple[tuple[float, float], ...]:
    """The smallest set of cells holding ``level`` of the mass, as joined stretches."""
    density = mass / np.diff(edges)
    order = np.argsort(density)[::-1]
    cumulative = np.cumsum(mass[order]) / mass.sum()
    count = int(np.searchsorted(cumulative, level)) + 1
    chosen = np.zeros(mass.size, bool)
    chosen[order[:count]] = True
    starts = np.flatnonzero(chosen & ~np.r_[False, chosen[:-1]])
    ends = np.flatnonzero(chosen & ~np.r_[chosen[1:], False]) + 1
    return tuple((float(edges[a]), float(edges[b])) for a, b in zip(starts, ends, strict=True))


def shortest(values: Array, weights: Array | None, level: float) -> tuple[float, float]:
    """The shortest interval holding ``level`` of the draws."""
    order = np.argsort(values)
    ranked = np.asarray(values, np.float64)[order]
    share = np.full(ranked.size, 1 / ranked.size) if weights is None else weights[order]
    cumulative = np.concatenate([[0.0], np.cumsum(np.asarray(share, np.float64))])
    cumulative /= cumulative[-1]
    ends = np.searchsorted(cumulative, cumulative[:-1] + level - 1e-12)
    possible = np.flatnonzero(ends <= ranked.size)
    widths = ranked[np.maximum(ends[possible], 1) - 1] - ranked[possible]
    first = possible[int(np.argmin(widths))]
    return float(ranked[first]), float(ranked[max(ends[first], 1) - 1])


def shortest_of_quantiles(levels: Array, quantiles: Array, level: float) -> tuple[float, float]:
    """The shortest interval of probability ``level`` that a quantile function allows."""
    room = float(levels[-1] - levels[0] - level)
    if room <= 0:
        return float(quantiles[0]), float(quantiles[-1])
    low = np.linspace(float(levels[0]), float(levels[0]) + room, 200)
    starts = np.atleast_1d(np.interp(low, levels, quantiles))
    ends = np.atleast_1d(np.interp(low + level, levels, quantiles))
    best = int(np.argmin(ends - starts))
    return float(starts[best]), float(ends[best])


def mixture_of_grids(members: Sequence[Array]) -> NDArray[np.float64]:
    """The ensemble's density: the mean of its members' (each (..., n) on one grid)."""
    return np.asarray(np.mean(np.stack(members), axis=0, dtype=np.float64))


def split_variance(means: Array, variances: Array) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Aleatoric and epistemic standard deviation of an ensemble, members on axis 0.

    Law of total variance: total = mean of the variances + variance of the means.
    """
    aleatoric = np.sqrt(np.mean(variances, axis=0, dtype=np.float64))
    epistemic = np.std(means, axis=0, dtype=np.float64)
    return np.asarray(aleatoric), np.asarray(epistemic)


def grid_moments(edges: Array, mass: Array) -> tuple[Any, Any]:
    """Mean and variance of piecewise-constant densities, the width of the cells included.

    ``mass`` (..., n) in the cells between ``edges`` (n + 1,); (...) each.
    """
    weights = mass / mass.sum(axis=-1, keepdims=True)
    centres, widths = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    mean = np.sum(weights * centres, axis=-1)
    offset = centres - np.asarray(mean)[..., None]
    return mean, np.sum(weights * (offset**2 + widths**2 / 12), axis=-1)
