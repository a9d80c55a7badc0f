"""Mixtures of normal densities with equal weights, and how well they foretell a number.

What an ensemble, or the draws of one network, says together. Members stand on axis 0 of ``means``
and ``scales`` (members, ...); a single density is a mixture of one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_ROOT_TWO_PI = math.sqrt(2 * math.pi)


def log_density(means: ArrayLike, scales: ArrayLike, values: ArrayLike) -> Floats:
    """Log density of the mixture at ``values`` (...)."""
    mean, scale = np.asarray(means, np.float64), np.asarray(scales, np.float64)
    each = -0.5 * ((np.asarray(values) - mean) / scale) ** 2 - np.log(scale * _ROOT_TWO_PI)
    top = each.max(axis=0)
    return np.asarray(top + np.log(np.mean(np.exp(each - top), axis=0)))


def cumulative(means: ArrayLike, scales: ArrayLike, values: ArrayLike) -> Floats:
    """Probability below ``values`` (...): of a true value, its probability integral transform."""
    from scipy.special import ndtr

    mean, scale = np.asarray(means, np.float64), np.asarray(scales, np.float64)
    return np.asarray(np.mean(ndtr((np.asarray(values) - mean) / scale), axis=0))


def quantiles(means: ArrayLike, scales: ArrayLike, levels: ArrayLike) -> Floats:
    """Values with the given probability below them, (levels, ...); levels (levels,) or that shape.

    By bisection between the members' own quantiles, to a relative precision of about 1e-12.
    """
    from scipy.special import ndtri

    mean, scale = np.asarray(means, np.float64), np.asarray(scales, np.float64)
    level = np.asarray(levels, np.float64)
    if level.ndim == 1:
        level = level.reshape(-1, *[1] * (mean.ndim - 1))
    ends = mean[:, None] + scale[:, None] * ndtri(level)
    low, high = ends.min(axis=0), ends.max(axis=0)
    for _ in range(45):
        middle = 0.5 * (low + high)
        below = cumulative(mean[:, None], scale[:, None], middle) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def crps(means: ArrayLike, scales: ArrayLike, truth: ArrayLike) -> Floats:
    """Continuous ranked probability score (...), in the unit of ``truth``; smaller is better.

    Source: Grimit et al. 2006, QJRMS 132, 2925, eq. (5).
    """
    mean, scale = np.asarray(means, np.float64), np.asarray(scales, np.float64)
    to_truth = np.mean(_mean_distance(np.asarray(truth) - mean, scale), axis=0)
    apart = np.zeros_like(to_truth)
    for one, own in zip(mean, scale, strict=True):  # pairs a member at a time, to spare memory
        apart += np.mean(_mean_distance(one - mean, np.hypot(own, scale)), axis=0)
    return np.asarray(to_truth - 0.5 * apart / len(mean))


def crps_of_draws(draws: ArrayLike, truth: ArrayLike) -> Floats:
    """Continuous ranked probability score of the distribution that draws (n, ...) stand for.

    The draws' mean distance from the truth less half their mean distance from each other; the
    latter over pairs of different draws, so that few draws are not punished for being few.
    Source: Gneiting & Raftery 2007, JASA 102, 359, eq. (21); Ferro 2014, QJRMS 140, 1917.
    Raises ``ValueError`` for fewer than two draws.
    """
    values = np.sort(np.asarray(draws, np.float64), axis=0)
    count = len(values)
    if count < 2:
        raise ValueError(f"needs at least two draws, got {count}")
    to_truth = np.mean(np.abs(values - np.asarray(truth)), axis=0)
    # Of sorted values, sum of |a - b| over pairs is a weighted sum of the values.
    weights = (2.0 * np.arange(count) - count + 1).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(to_truth - np.sum(weights * values, axis=0) / (count * (count - 1)))


def _mean_distance(offset: Any, scale: Any) -> Floats:
    """Mean of |x| where x is normal with mean ``offset`` and deviation ``scale``."""
    from scipy.special import ndtr

    ratio = offset / scale
    density = np.exp(-0.5 * ratio**2) / _ROOT_TWO_PI
    return np.asarray(2 * scale * density + offset * (2 * ndtr(ratio) - 1))
