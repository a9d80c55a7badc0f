"""t-SNE: objects whose features are alike drawn together, by the exact gradient of up to thousands.

Source: van der Maaten & Hinton 2008, JMLR 9, 2579; early exaggeration and the rate of learning as
in Belkina et al. 2019, Nature Communications 10, 5415. Distances between groups and the sizes of
groups mean little in such a drawing: who the neighbours are does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_OBJECTS = 3000  # the exact gradient takes time and memory with the square of their number
EXAGGERATION, EXAGGERATED = 12.0, 0.3  # of the attraction, in this share of the rounds
LEAST_SHARE = 1e-12
SEARCHES = 40  # halvings until a Gaussian has the perplexity asked for

Floats = NDArray[np.floating[Any]]


def tsne(
    features: Floats,
    perplexity: float = 30.0,
    rounds: int = 500,
    seed: int = 0,
    go_on: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Places (n, 2) of objects with features (n, k); the start is their principal components.

    ``go_on`` gets the share done after each round and may raise to end it. Raises ``ValueError``
    for fewer than four objects or more than ``MOST_OBJECTS``.
    """
    count = len(features)
    if not 4 <= count <= MOST_OBJECTS:
        raise ValueError(f"t-SNE takes 4 to {MOST_OBJECTS} objects, got {count}")
    share = affinities(features, min(perplexity, (count - 1) / 3))
    places = _start(features, seed)
    speed, gain = np.zeros_like(places), np.ones_like(places)
    rate = max(count / EXAGGERATION, 50.0)
    for number in range(rounds):
        early = number < EXAGGERATED * rounds
        slope = _gradient(places, share, EXAGGERATION if early else 1.0)
        gain = np.where(slope * speed < 0, gain + 0.2, gain * 0.8).clip(0.01, None)
        speed = (0.5 if early else 0.8) * speed - rate * gain * slope
        places += speed
        places -= places.mean(axis=0)
        if go_on is not None:
            go_on((number + 1) / rounds)
    return np.asarray(places, np.float32)


def affinities(features: Floats, perplexity: float) -> NDArray[np.float32]:
    """Joint probabilities (n, n) of neighbours: Gaussians as wide as the perplexity wants."""
    squares = _squares(np.asarray(features, np.float64))
    count = len(squares)
    low, high = np.zeros(count), np.full(count, np.inf)
    precision = np.ones(count) / np.maximum(np.median(squares, axis=1), 1e-300)
    np.fill_diagonal(squares, np.inf)
    nearest = squares.min(axis=1, keepdims=True)
    wanted = np.log(perplexity)
    for _ in range(SEARCHES):
        weight = np.exp(-(squares - nearest) * precision[:, None])
        total = weight.sum(axis=1)
        away = np.where(weight > 0, squares - nearest, 0.0)
        entropy = np.log(total) + precision * (away * weight).sum(axis=1) / total
        wide = entropy > wanted
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), 2 * precision, (low + high) / 2).clip(0, 1e150)
        if np.abs(entropy - wanted).max() < 1e-5:
            break
    weight /= total[:, None]
    joint = (weight + weight.T) / (2 * count)
    return np.maximum(joint, LEAST_SHARE).astype(np.float32)


def divergence(places: Floats, share: Floats) -> float:
    """What the drawing gets wrong: Kullback and Leibler's divergence of the neighbours, in nat."""
    drawn = 1 / (1 + _squares(np.asarray(places, np.float64)))
    np.fill_diagonal(drawn, 0)
    drawn = np.maximum(drawn / drawn.sum(), LEAST_SHARE)
    known = np.array(share, np.float64)
    np.fill_diagonal(known, LEAST_SHARE)
    return float((known * np.log(known / drawn)).sum())


def _start(features: Floats, seed: int) -> NDArray[np.float32]:
    """Principal components, small, and shaken a little: equal objects would never part."""
    known = np.asarray(features, np.float64)
    known = known - known.mean(axis=0)
    left, spread, _ = np.linalg.svd(known, full_matrices=False)
    places = np.zeros((len(known), 2))
    kept = min(2, len(spread))
    places[:, :kept] = left[:, :kept] * spread[:kept]
    places *= 1e-4 / max(float(places[:, 0].std()), 1e-300)
    shaken = np.random.default_rng(seed).normal(0, 1e-6, places.shape)
    return np.asarray(places + shaken, np.float32)


def _gradient(places: Floats, share: Floats, exaggeration: float) -> NDArray[np.float32]:
    """Of the divergence by the places (n, 2); eq. (5) of the first source."""
    near = _squares(places)
    near += 1
    np.reciprocal(near, out=near)
    np.fill_diagonal(near, 0)
    pull = share * np.float32(exaggeration)
    pull -= near / near.sum()
    pull *= near
    return np.asarray(4 * (pull.sum(axis=1)[:, None] * places - pull @ places), np.float32)


def _squares(values: Floats) -> Floats:
    """(n, n) squared distances."""
    length = (values**2).sum(axis=1)
    found = length[:, None] + length[None] - 2 * values @ values.T
    return np.maximum(found, 0, out=found)
