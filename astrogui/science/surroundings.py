"""What a frame says of its sources before one is looked at: how dense its stars, how near the next.

Stars are counted among the bright sources, where compact ones are stars. Their density in the sky
varies tenfold, that of faint galaxies little, so the count says what share of the faint sources
are stars.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.point_spread import RADIUS_PER_FWHM

MAGNITUDES = (17.0, 21.0)  # in r, of what is counted: not saturated, sizes measured well
COMPACT = 0.15  # of the logarithm of the half-light radius, about that of stars
LEAST_SIGNAL = 10.0  # signal-to-noise of what is counted
GRID = 61  # densities over which the posterior is summed

Floats = NDArray[np.floating[Any]]


def compact_sources(magnitude_r: Floats, signal: Floats, radius: Floats, star_radius: float) -> int:
    """How many sources are bright and as compact as stars; unknown (NaN) ones do not count."""
    with np.errstate(invalid="ignore"):
        counted = (magnitude_r > MAGNITUDES[0]) & (magnitude_r <= MAGNITUDES[1])
        counted &= signal > LEAST_SIGNAL
        counted &= np.abs(np.log(np.maximum(radius, 0.1) / star_radius)) < COMPACT
    return int(counted.sum())


def star_density(
    count: Floats,
    area_deg2: Floats,
    per_deg2: tuple[float, float],
    between: tuple[float, float],
) -> Floats:
    """Mean density of stars (n,), in units of the reference density, given counts (n,) and areas.

    Poisson likelihood of ``count`` where density 1 gives ``per_deg2[0]`` compact sources a square
    degree and galaxies add ``per_deg2[1]``; prior log-uniform ``between`` two densities. The mean
    is what multiplies the odds of star once the density is summed over. An area of 0 leaves the
    prior's mean, (high - low) / ln(high / low).
    """
    low, high = np.log(between)
    edges = np.linspace(low, high, GRID)
    density = np.exp(0.5 * (edges[1:] + edges[:-1]))
    expected = np.asarray(area_deg2, float)[:, None] * (per_deg2[0] * density + per_deg2[1])
    likelihood = np.asarray(count)[:, None] * np.log(np.maximum(expected, 1e-300)) - expected
    likelihood[expected[:, 0] <= 0] = 0.0
    weight = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    return np.asarray((weight * density).sum(axis=1) / weight.sum(axis=1))


def mean_density(between: tuple[float, float]) -> float:
    """The prior's mean density, as `star_density` gives it where nothing is counted."""
    return float(star_density(np.zeros(1), np.zeros(1), (1.0, 0.0), between)[0])


def separations(
    x: Floats, y: Floats, known: NDArray[np.bool_], chosen: NDArray[np.intp], star_radius: float
) -> Floats:
    """Distance of the chosen places to the nearest known other, in FWHM of the seeing; inf: none.

    A place that is not ``known`` (asked for, nothing found there) is no neighbour of the others.
    """
    from scipy.spatial import cKDTree

    places = np.column_stack([x, y])
    if not known.any():
        return np.full(len(chosen), np.inf)
    distance = cKDTree(places[known]).query(places[chosen], k=2)[0]
    own = known[chosen].astype(int)  # the nearest of a known place is itself
    return np.asarray(distance[np.arange(len(chosen)), own] * RADIUS_PER_FWHM / star_radius)


def nearness(separation: Floats, between: tuple[float, float]) -> Floats:
    """1 up to the first separation, 0 from the second on, linear between them."""
    near, far = between
    return np.asarray(np.clip((far - np.asarray(separation)) / (far - near), 0.0, 1.0))
