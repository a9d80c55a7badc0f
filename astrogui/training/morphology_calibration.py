"""What the fitted morphology network is told afterwards: how strong opinions are, and novelty.

Real galaxies speak for the strength: each third is answered by the member that never saw it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import vote_tree
from astrogui.science.embedding import principal_axes
from astrogui.training.morphology_examples import VOLUNTEERS, RealGalaxies, prepared
from astrogui.training.recipe import Arrays
from astrogui.training.score_morphology import LEVELS, covered, mixture_log_likelihood, steps
from astrogui.training.star_galaxy_calibration import (
    FALSE_POSITIVES,
    fit_pooled_spread,
    mahalanobis_weights,
    member_coverage,
)

FOLDS = 3
FACTORS = np.geomspace(0.1, 3.0, 60)  # of the strength, tried for each question
WEAKER = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
STRONGER = (1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 3.3)  # of the strength: the other half
MISS_ALLOWED = 0.015  # of a level of the intervals
PULL = 3.0  # nat that a factor of e must gain: few galaxies reach the last questions
MOST_KNOWN = 300  # simulated galaxies that say what is usual

Floats = NDArray[np.floating[Any]]


def folds(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which third (n,) a real galaxy belongs to, from its number alone."""
    return np.asarray(number // 2 % FOLDS)


def calibrate(model: Any, sky: dict[str, Arrays], real: RealGalaxies | None) -> dict[str, Any]:
    """Set the model's strengths and novelty in place; returns what the card keeps."""
    fresh = _floats(sky["calibrate"]["picture"])
    pictures = np.zeros((0, *fresh.shape[1:]), np.float32)
    if real is not None:
        pictures = _floats(prepared(real.pictures))
    known = _floats(sky["train"]["picture"][:MOST_KNOWN])
    found = _predicted(model, np.concatenate([known, fresh, pictures]))
    alpha = found["alpha"][len(known) :].astype(np.float64)
    votes = vote_tree.draw_votes(sky["calibrate"]["opinion"], VOLUNTEERS, np.random.default_rng(0))
    crowds = [(votes, alpha[: len(fresh)])]
    if real is None:
        factor = fit_strength(votes, alpha[:, 0])
    else:
        own = folds(real.number)
        unseen = own < alpha.shape[1]  # by the member of that number
        kept = alpha[len(fresh) :][unseen, own[unseen]]
        told = vote_tree.votes(real.shares[unseen], VOLUNTEERS)
        factor = fit_strength(told, kept)
        crowds.append((np.round(told), kept[:, None]))
    each = np.concatenate(
        [
            np.full(part.stop - part.start, f)
            for part, f in zip(vote_tree.SLICES, factor, strict=True)
        ]
    )
    mixture = fit_mixture([(counts, strength * each) for counts, strength in crowds])
    model.get_layer("alpha").set_weights([factor])
    mean, axes, explained = principal_axes(found["features"] - 1)
    share = vote_tree.cumulative(vote_tree.means(alpha)).clip(1e-6, 1 - 1e-6)
    logits = np.log(share / (1 - share)).transpose(0, 2, 1).reshape(-1, alpha.shape[1])
    pooled = fit_pooled_spread(logits)
    return {
        "calibration": {
            "strength_factor": [float(value) for value in factor],
            "strength_mixture": list(mixture),
            "pooled_spread": list(pooled),
            "member_coverage": member_coverage(logits, pooled),
            "embedding_variance": [float(value) for value in explained],
        },
        "novelty": _fit_novelty(model, found["features"] - 1, len(known)),
        "assets": {"embedding_mean": mean, "embedding_axes": axes},
    }


def fit_strength(votes: Floats, alpha: Floats) -> Floats:
    """The factor (11,) of each question's strength that makes the votes (n, 37) most likely."""
    cost = np.array(
        [
            vote_tree.log_likelihood(votes, alpha * factor).sum(axis=0) - PULL * np.log(factor) ** 2
            for factor in FACTORS
        ]
    )
    return np.asarray(FACTORS[cost.argmax(axis=0)])


def fit_mixture(crowds: Sequence[tuple[Floats, Floats]]) -> tuple[float, float]:
    """The two strengths, equally likely, under which votes are most likely and intervals hold.

    ``crowds`` are pairs of votes (n, 37) and the concentrations (n, members, 37) foretold; each
    crowd counts alike. One strength for all galaxies leaves the middle of the distribution too
    wide and its tails short. Of the pairs whose intervals hold what they say within
    ``MISS_ALLOWED`` the most likely is taken; where none does, the one that misses least.
    """
    pairs = [(weak, strong) for weak in WEAKER for strong in STRONGER]
    known = [
        {factor: steps(votes, alpha * factor) for factor in (*WEAKER, *STRONGER)}
        for votes, alpha in crowds
    ]

    def miss(pair: tuple[float, float]) -> float:
        inside = []
        for of_factor in known:
            fewer, as_many = np.mean([of_factor[factor] for factor in pair], axis=0)
            inside.append(covered(fewer, as_many, np.random.default_rng(0)))
        means = {level: float(np.mean([one[level] for one in inside])) for level in LEVELS}
        return max(abs(mean - level) for level, mean in means.items())

    def cost(pair: tuple[float, float]) -> float:
        return -sum(
            mixture_log_likelihood(votes, vote_tree.at_strengths(alpha, pair)).sum(axis=1).mean()
            for votes, alpha in crowds
        )

    holding = [pair for pair in pairs if miss(pair) <= MISS_ALLOWED]
    return min(holding, key=cost) if holding else min(pairs, key=miss)


def _fit_novelty(model: Any, seen: Floats, known: int) -> dict[str, Any]:
    """Distance of the members' features (n, k) from the ``known`` first and half of the rest.

    The other half sets the threshold, where the distance is 1.
    """
    rng = np.random.default_rng(1)
    fresh = seen[known:]
    half = rng.permutation(len(fresh))
    usual = np.concatenate([seen[:known], fresh[half[::2]]])
    weights = mahalanobis_weights(usual, fresh[half[1::2]])
    model.get_layer("mahalanobis").set_weights(list(weights))
    return {
        "statistic": "Squared Mahalanobis distance of the second-to-last layers' activations from "
        "those of simulated and real galaxies, divided by its threshold.",
        "threshold": 1.0,
        "false_positives": FALSE_POSITIVES,
    }


def _predicted(model: Any, pictures: NDArray[np.float32]) -> Arrays:
    found = model.predict({"picture": pictures}, batch_size=64, verbose=0)
    return {name: np.asarray(value) for name, value in found.items()}


def _floats(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pictures.astype(np.float32) / np.float32(255)
