"""Whether posteriors over several parameters hold what they promise, all parameters at once.

Tests of accuracy with random points: about a point that knows nothing of the truth, the ball that
reaches to the truth encloses a share of the posterior which is uniform between 0 and 1 where the
posterior is right. Source: Lemos et al. 2023, ICML (arXiv 2302.03026), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
POINT_SCALE = 0.5  # scatter of the random points, in the draws' own widths: far ones see less
LEAST_SCALE = 1e-9  # of a direction in which the draws do not differ, against the widest


def standardised(draws: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Draws (m, d) and truth (d,) in the axes and units of these draws' own covariance.

    A metric may depend on the data, never on the truth; in this one no parameter is lost beside
    another that is less well known.
    """
    centre = draws.mean(axis=0)
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(draws, rowvar=False)))
    scale = np.sqrt(np.maximum(variance, LEAST_SCALE**2 * variance.max()))
    turn = axes / np.where(scale > 0, scale, 1.0)
    return (draws - centre) @ turn, (truth - centre) @ turn


def enclosed_share(
    draws: Floats, truth: Floats, reference: Floats, weight: Floats | None = None
) -> float:
    """Share of the draws (m, d) that lie nearer to a reference (d,) than the truth (d,) does.

    ``weight`` (m,) where the draws count differently. Draws as far away as the truth count half.
    """
    distance = np.sum((draws - reference) ** 2, axis=1)
    reach = np.sum((truth - reference) ** 2)
    nearer = (distance < reach) + 0.5 * (distance == reach)
    return float(np.average(nearer, weights=weight))


def random_shares(draws: Floats, truth: Floats, seed: int) -> Floats:
    """``enclosed_share`` (n,) of n posteriors (n, m, d) with truths (n, d).

    Each is standardised by its own draws; its point is drawn there about their middle.
    """
    rng = np.random.default_rng(seed)
    points = POINT_SCALE * rng.standard_normal(truth.shape)
    return np.array(
        [
            enclosed_share(*standardised(np.asarray(each, np.float64), at), point)
            for each, at, point in zip(draws, np.asarray(truth, np.float64), points, strict=True)
        ]
    )


def expected_coverage(
    share: Floats, levels: Sequence[float], weight: Floats | None = None
) -> Floats:
    """(levels,) share of the truths inside regions of each level; the levels where all is well."""
    inside = np.asarray(share)[:, None] <= np.asarray(levels)
    return np.asarray(np.average(inside, axis=0, weights=weight))


def uniformity(share: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """Largest distance of the coverage from its level, over all levels, and its p value.

    Kolmogorov & Smirnov's, with the effective number (sum w)² / sum w² for the number of truths.
    """
    from scipy.stats import kstwobign

    order = np.argsort(share)
    counted = np.ones(len(order)) if weight is None else np.asarray(weight, np.float64)[order]
    above = np.cumsum(counted) / counted.sum()
    below = np.concatenate([[0.0], above[:-1]])
    ranked = np.asarray(share)[order]
    distance = float(max(np.max(above - ranked), np.max(ranked - below)))
    number = counted.sum() ** 2 / np.sum(counted**2)
    return distance, float(kstwobign.sf(np.sqrt(number) * distance))
