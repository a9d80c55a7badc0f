"""A network's features in few dimensions, so that alike objects lie together in a plot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_DRAWN, MOST_DRAWN = 4, {2: 10_000, 3: 3000}  # objects; a minute of one processor
PERPLEXITY, ROUNDS = 30.0, 750
EARLY = 1 / 3  # of the rounds, in which the attraction is exaggerated
INTERPOLATED = 3000  # from so many objects on a grid is faster than a tree
TOLD_EVERY = 5  # rounds

Floats = NDArray[np.floating[Any]]


def principal_axes(
    features: Floats, count: int = 2
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Mean (k,), axes (count, k) and shares (count,) of the variance of features (n, k).

    The axes are principal components, each scaled to unit variance over ``features`` and signed so
    that its largest entry is positive. Raises ``ValueError`` for fewer objects than axes.
    """
    known = np.asarray(features, np.float64)
    if len(known) <= count:
        raise ValueError(f"{count} axes need more than {count} objects, got {len(known)}")
    mean = known.mean(axis=0)
    _, spread, axes = np.linalg.svd(known - mean, full_matrices=False)
    signs = np.sign(axes[np.arange(count), np.abs(axes[:count]).argmax(axis=1)])
    scale = np.maximum(spread[:count] / np.sqrt(len(known) - 1), 1e-12)
    share = spread[:count] ** 2 / max(float((spread**2).sum()), 1e-300)
    scaled = axes[:count] * (signs / scale)[:, None]
    return mean.astype(np.float32), scaled.astype(np.float32), share.astype(np.float32)


def embedded(features: Floats, mean: Floats, axes: Floats) -> NDArray[np.float32]:
    """Coordinates (n, count) of features (n, k) along the axes."""
    return np.asarray((features - mean) @ axes.T, np.float32)


def nearest(features: Floats, number: int, count: int) -> NDArray[np.int64]:
    """The objects (count,) most like the given one by features (n, k), the likest first.

    Distances are those between the features as they are; the object itself is left out.
    """
    away = ((np.asarray(features, np.float64) - features[number]) ** 2).sum(axis=1)
    away[number] = np.inf
    order = np.argsort(away, kind="stable")
    return np.asarray(order[: min(count, len(away) - 1)], np.int64)


def neighbours_drawn(
    features: Floats,
    count: int = 2,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    go_on: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Places (n, count) by t-SNE of objects with features (n, k), in two or three dimensions.

    Source: van der Maaten & Hinton 2008, JMLR 9, 2579, as openTSNE draws it (Policar, Strazar &
    Zupan 2024, Journal of Statistical Software 109, 3); the start is their principal components.
    Distances between groups and sizes of groups mean little: who the neighbours are does.
    ``go_on`` gets the share done every few rounds and may raise to end it. Raises ``ValueError``
    for another number of dimensions, for too few objects or for more than ``MOST_DRAWN``.
    """
    from openTSNE import TSNE

    if count not in MOST_DRAWN:
        raise ValueError(f"t-SNE draws in {' or '.join(map(str, MOST_DRAWN))} dimensions")
    if not LEAST_DRAWN <= len(features) <= MOST_DRAWN[count]:
        raise ValueError(
            f"t-SNE in {count} dimensions takes {LEAST_DRAWN} to {MOST_DRAWN[count]} objects, "
            f"got {len(features)}"
        )
    early, told = round(EARLY * rounds), [0]

    def tell(*_: object) -> bool:
        told[0] += TOLD_EVERY
        if go_on is not None:
            go_on(min(told[0] / rounds, 1.0))
        return False

    is_many = count == 2 and len(features) >= INTERPOLATED
    known = np.asarray(features, np.float64)
    drawing = TSNE(
        n_components=count, perplexity=min(PERPLEXITY, (len(known) - 1) / 3),
        early_exaggeration_iter=early, n_iter=rounds - early,
        initialization=_start(known, count, seed), neighbors="exact",
        negative_gradient_method="fft" if is_many else "bh",
        n_jobs=1, random_state=seed, callbacks=tell, callbacks_every_iters=TOLD_EVERY,
    )  # fmt: skip
    return np.asarray(drawing.fit(known), np.float32)


def _start(known: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float64]:
    """Principal components, small, and shaken a little: equal objects would never part."""
    left, spread, _ = np.linalg.svd(known - known.mean(axis=0), full_matrices=False)
    places = np.zeros((len(known), count))
    kept = min(count, len(spread))
    places[:, :kept] = left[:, :kept] * spread[:kept]
    places *= 1e-4 / max(float(places[:, 0].std()), 1e-300)
    return np.asarray(places + np.random.default_rng(seed).normal(0, 1e-6, places.shape))
