"""The score that tells spectra of nothing from those with a redshift, fitted on simulations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import Posterior
from astrogui.tasks.redshift_doubt import GOOD_SIGNAL, junk_terms

FALSE_FLAGS = 0.0075  # of good survey spectra; other statistics of novelty add theirs
RIDGE = 0.5  # penalty of the squared weights, the constant's left out


def junk_score(known: list[Posterior], junk: list[Posterior]) -> dict[str, Any]:
    """Weights of ``junk_terms`` and the score above which a clear signal is called novel.

    A logistic regression between the network's answers to spectra of a survey and to junk. The
    threshold is passed by ``FALSE_FLAGS`` of the former, those of a clear signal.
    """
    measures = [_measures(answer) for answer in (*known, *junk)]
    table = np.array([row for row in measures if row is not None]).reshape(-1, 3)
    kinds = np.repeat([0.0, 1.0], [len(known), len(junk)])
    target = np.array([kind for kind, row in zip(kinds, measures, strict=True) if row is not None])
    terms = junk_terms(*table.T)
    weights = logistic(terms, target)
    clear = (target == 0) & (table[:, 2] > GOOD_SIGNAL)
    scores = terms[clear] @ weights
    threshold = float(np.quantile(scores, 1 - FALSE_FLAGS)) if scores.size else 0.0
    return {"weights": weights.round(6).tolist(), "threshold": threshold}


def _measures(answer: Posterior) -> tuple[float, float, float] | None:
    cells = [answer.extras.get(name) for name in ("prob_z", "prob_unknown", "snr")]
    return tuple(cells) if all(isinstance(cell, float) for cell in cells) else None  # type: ignore[return-value]


def logistic(terms: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the highest penalised likelihood, by Newton's method."""
    weights = np.zeros(terms.shape[1])
    ridge = np.diag(np.r_[1e-6, np.full(terms.shape[1] - 1, 2 * RIDGE)])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-np.clip(terms @ weights, -30, 30)))
        slope = terms.T @ (target - chance) - ridge @ weights
        bend = (terms * (chance * (1 - chance) + 1e-9)[:, None]).T @ terms + ridge
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return weights
