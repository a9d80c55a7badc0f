"""A network's features in few dimensions, so that alike objects lie together in a plot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
