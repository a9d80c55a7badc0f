"""Draws from a multivariate normal density between bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REJECTED = 4  # draws at most are thrown away for each that is kept
SWEEPS = 30


def truncated_normal_draws(
    mean: Array, covariance: Array, low: Array, high: Array, count: int, rng: np.random.Generator
) -> Array:
    """(count, k) draws of N(mean, covariance) with low < x < high in every dimension.

    By rejection where enough draws fall inside; else by ``count`` chains of Gibbs sampling, each
    coordinate drawn in turn from its truncated conditional. The mean may lie outside.
    Source: Geweke 1991, Computing Science and Statistics 23, 571.
    """
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / sd[:, None] / sd
    below, above = (low - mean) / sd, (high - mean) / sd
    factor = np.linalg.cholesky(correlation + 1e-10 * np.eye(mean.size))
    direct = rng.standard_normal((REJECTED * count, mean.size)) @ factor.T
    inside = direct[np.all((direct > below) & (direct < above), axis=1)]
    if len(inside) >= count:
        return np.asarray(mean + inside[:count] * sd)
    precision = np.linalg.inv(correlation + 1e-10 * np.eye(mean.size))
    values = np.clip(direct[:count], below, above)
    values[: len(inside)] = inside
    for _ in range(SWEEPS):
        for k in range(mean.size):
            own = precision[k, k]
            pull = values @ precision[:, k] - values[:, k] * own
            values[:, k] = _between(-pull / own, own**-0.5, below[k], above[k], rng)
    return np.asarray(mean + values * sd)


def _between(
    centre: Array, width: float, low: float, high: float, rng: np.random.Generator
) -> Array:
    """One draw for each centre (n,) of a normal of that width between two bounds."""
    from scipy.special import log_ndtr, ndtri_exp

    a, b = (low - centre) / width, (high - centre) / width
    # The lower tail is exact far out, so that intervals above the centre are mirrored.
    mirrored = a > -b
    first, last = np.where(mirrored, -b, a), np.where(mirrored, -a, b)
    log_first, log_last = log_ndtr(first), log_ndtr(last)
    share = rng.random(centre.size)
    chosen = np.logaddexp(
        np.log1p(-share) + log_first, np.log(np.maximum(share, 1e-300)) + log_last
    )
    drawn = np.clip(ndtri_exp(np.minimum(chosen, -1e-300)), first, last)
    return np.asarray(centre + width * np.where(mirrored, -drawn, drawn))
