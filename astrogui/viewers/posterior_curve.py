"""The density of one parameter as a curve, from whatever form its posterior has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import QUANTILE_LEVELS, Posterior

Array = NDArray[np.float64]
POINTS = 240


def curve_of(posterior: Posterior, name: str) -> tuple[Array, Array]:
    """(x, probability per unit of x) of a parameter; empty arrays where there is no answer."""
    if not np.isfinite(posterior.quantiles[posterior.index(name)]).all():
        return np.zeros(0), np.zeros(0)
    if posterior.density is not None and posterior.density.parameter == name:
        return _from_grid(posterior, name)
    if posterior.draws is not None and name in posterior.draw_names:
        column = posterior.draws[:, posterior.draw_names.index(name)].astype(np.float64)
        return from_draws(column, posterior.weights)
    return from_quantiles(posterior.quantiles[posterior.index(name)])


def from_draws(values: Array, weights: NDArray[np.float32] | None) -> tuple[Array, Array]:
    """A histogram of weighted draws, smoothed by a normal kernel of Silverman's width.

    Draws near a hard edge are reflected at it, so that the curve does not sink there.
    Source: Silverman 1986, "Density estimation", eq. (3.31).
    """
    share = np.full(values.size, 1 / values.size) if weights is None else np.asarray(weights, float)
    share = share / share.sum()
    mean = float(np.sum(share * values))
    spread = float(np.sqrt(np.sum(share * (values - mean) ** 2)))
    low, high = float(values.min()), float(values.max())
    if not spread > 0:
        return np.array([low - 0.5, low, low + 0.5]), np.array([0.0, 1.0, 0.0])
    effective = 1 / float(np.sum(share**2))
    width = 0.9 * spread * effective**-0.2
    edges = np.linspace(low, high, 4 * POINTS + 1)
    mass, _ = np.histogram(values, edges, weights=share)
    step = edges[1] - edges[0]
    smooth = _blurred(mass, width / step)
    centres = 0.5 * (edges[1:] + edges[:-1])
    return centres, smooth / (smooth.sum() * step)


def from_quantiles(quantiles: Array) -> tuple[Array, Array]:
    """The slope of a smooth, rising curve through the quantiles.

    Monotone cubic interpolation. Source: Fritsch & Carlson 1980, SIAM J. Numer. Anal. 17, 238.
    """
    x, first = np.unique(np.asarray(quantiles, np.float64), return_index=True)
    if x.size < 3:
        middle = float(np.median(quantiles))
        return np.array([middle - 0.5, middle, middle + 0.5]), np.array([0.0, 1.0, 0.0])
    level = QUANTILE_LEVELS[first]
    slope = np.diff(level) / np.diff(x)
    tangent = np.concatenate([[slope[0]], 0.5 * (slope[1:] + slope[:-1]), [slope[-1]]])
    # Harmonic means keep the interpolant rising (Fritsch & Butland 1984).
    tangent[1:-1] = 2 * slope[1:] * slope[:-1] / np.maximum(slope[1:] + slope[:-1], 1e-300)
    at = np.linspace(x[0], x[-1], POINTS)
    cell = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    width = (x[1:] - x[:-1])[cell]
    t = (at - x[cell]) / width
    density = (
        (6 * t * (1 - t)) * slope[cell]
        + (1 - 4 * t + 3 * t**2) * tangent[cell]
        + (3 * t**2 - 2 * t) * tangent[cell + 1]
    )
    # Quantiles of a few thousand draws scatter; a fifth of the spread hides that and no more.
    spread = 0.5 * float(np.interp(0.84, level, x) - np.interp(0.16, level, x))
    return at, _blurred(np.maximum(density, 0.0), 0.2 * spread / (at[1] - at[0]))


def _blurred(values: Array, width: float) -> Array:
    """A normal kernel of ``width`` steps; reflected at the ends."""
    reach = min(int(4 * width) + 1, values.size)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(width, 1e-6)) ** 2)
    padded = np.concatenate([values[:reach][::-1], values, values[-reach:][::-1]])
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _from_grid(posterior: Posterior, name: str) -> tuple[Array, Array]:
    """The most probable class's density around the interval that is quoted."""
    grid = posterior.density
    assert grid is not None
    best = posterior.most_probable_class
    cls = best if best in grid.classes else None
    mass = grid.mass(cls)
    low, high = posterior.quantile(name, 0.0005), posterior.quantile(name, 0.9995)
    margin = 0.35 * (high - low)
    first = max(int(np.searchsorted(grid.edges, low - margin)) - 2, 0)
    last = min(int(np.searchsorted(grid.edges, high + margin)) + 2, mass.size)
    density = mass[first:last] / np.diff(grid.edges[first : last + 1])
    return grid.centres[first:last], density
