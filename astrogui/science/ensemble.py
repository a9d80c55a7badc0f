"""What an ensemble of classifiers says together: the mean logit and how far members differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

POOLED_DEGREES = 4  # the weight of the pooled spread, in members' degrees of freedom

Floats = NDArray[np.floating[Any]]


def probability_quantiles(
    logits: Floats, levels: Floats, pooled_spread: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Probability (n,) of a yes and the quantiles (n, levels) of its epistemic spread.

    `logits` (n, members). The spread is that of one more network trained in the same manner:
    Student's t around the mean logit, its variance the members' own shrunk towards the square of
    the pooled one, a + b |mean logit| (Gelman et al., Bayesian Data Analysis, section 3.2).
    """
    from scipy.special import expit, stdtrit

    mean = logits.mean(axis=1)
    members = logits.shape[1]
    degrees = POOLED_DEGREES + members - 1
    pooled = pooled_spread[0] + pooled_spread[1] * np.abs(mean)
    within = ((logits - mean[:, None]) ** 2).sum(axis=1)
    variance = (POOLED_DEGREES * pooled**2 + within) / degrees
    spread = np.sqrt(variance * (1 + 1 / members))
    deviates = stdtrit(degrees, levels)
    return expit(mean), expit(mean[:, None] + spread[:, None] * deviates)
