"""A merger's answer under another prior, for the views."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.science import prior_change
from astrogui.viewers.corner_view import OF_MERGERS, CornerData, corner_of

NEEDED = (OF_MERGERS, "luminosity_distance")  # draws that the change of prior reads
FEWEST = 500  # effective draws, below which the change is too large for them


def is_changeable(posterior: Posterior) -> bool:
    """Whether an answer's draws tell what another prior of mergers needs."""
    return posterior.draws is not None and all(name in posterior.draw_names for name in NEEDED)


def under_prior(posterior: Posterior, prior: str) -> tuple[Posterior, float]:
    """The answer with its draws weighted to a prior of ``PRIORS``, and their effective number."""
    assert posterior.draws is not None
    draws = posterior.draws.astype(np.float64)
    columns = {name: draws[:, posterior.draw_names.index(name)] for name in NEEDED}
    log_weight = prior_change.log_ratio(prior, *columns.values())
    if posterior.weights is not None:
        log_weight = log_weight + np.log(np.maximum(posterior.weights, 1e-300))
    share = prior_change.shares(log_weight)
    quantiles = np.array(posterior.quantiles)
    drawn = [p for p in posterior.parameters if p.name in posterior.draw_names]
    rows = [posterior.index(parameter.name) for parameter in drawn]
    places = [posterior.draw_names.index(parameter.name) for parameter in drawn]
    quantiles[rows] = prior_change.weighted_quantiles(draws[:, places], share, QUANTILE_LEVELS)
    changed = dataclasses.replace(
        posterior, quantiles=quantiles, best=None, weights=share.astype(np.float32)
    )
    return changed, prior_change.effective(share)


def corner_under(posterior: Posterior, names: Sequence[str], prior: str) -> CornerData:
    """``corner_of`` under a prior; the analysis' own is drawn beside its own answer only."""
    if prior == prior_change.OWN or not is_changeable(posterior):
        return corner_of(posterior, names)
    changed, effective = under_prior(posterior, prior)
    data = corner_of(changed, names)
    return dataclasses.replace(data, priors={}, prior=prior, effective=effective)
