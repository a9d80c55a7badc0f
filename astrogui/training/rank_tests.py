"""Whether the ranks of truths among draws are uniform, in each parameter and in all together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astrogui.science.joint_coverage import uniformity
from astrogui.tasks.bbh_spread import ranks

SETS = 400  # of the answers' own draws that stand in for truths


def rank_tests(
    rank: np.ndarray, own: np.ndarray, weight: np.ndarray, names: Sequence[str]
) -> dict[str, Any]:
    """p of each parameter and of all; ranks (n, p) of truths, weights (n,) of events.

    ``own`` (sets, n, p) are ranks of draws chosen from each answer in the truth's stead: right
    answers' truths would be like them. Fisher's rule takes the parameters' p values as
    independent, which masses that follow from each other are not: his sum is therefore also
    compared with those of the chosen draws (``combined_p_correlated``).
    """
    chances = _chances(rank, weight)
    fisher = _fisher(chances)
    others = np.array([_fisher(_chances(one, weight)) for one in own])
    from scipy.stats import chi2

    return {
        "p_of": dict(zip(names, chances.tolist(), strict=True)),
        "mean_rank_of": dict(
            zip(names, np.average(rank, axis=0, weights=weight).tolist(), strict=True)
        ),
        "combined_p": float(chi2.sf(fisher, 2 * len(chances))),
        "combined_p_correlated": float((1 + np.sum(others >= fisher)) / (1 + len(others))),
    }


def own_ranks(values: np.ndarray, sets: int, rng: np.random.Generator) -> np.ndarray:
    """(sets, n, p) ranks, in their own answer, of draws chosen from values (n, draws, p)."""
    count, draws, parameters = values.shape
    ranked = ranks(values)
    chosen = rng.integers(0, draws, (sets, count))
    return np.asarray(ranked[np.arange(count), chosen]).reshape(sets, count, parameters)


def _chances(rank: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.array([uniformity(column, weight)[1] for column in rank.T])


def _fisher(chances: np.ndarray) -> float:
    return float(-2 * np.sum(np.log(np.maximum(chances, 1e-300))))
