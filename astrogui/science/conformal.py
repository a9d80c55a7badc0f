"""Intervals widened or narrowed by what held-out answers were worth: split conformal prediction.

What is compared is where the truth fell in its own predicted distribution, so that the density's
shape stays and only the stated probability changes. The promised coverage holds for examples like
the held-out ones, on average over them; it says nothing beyond. Source: Chernozhukov et al. 2021,
PNAS 118, e2107794118, algorithm 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def central_levels(pit: ArrayLike, levels: ArrayLike) -> NDArray[np.float64]:
    """For each wanted coverage the central probability to state instead, (levels,) or (levels, k).

    ``pit`` (n,) or (n, k): probability that each held-out truth's own prediction put below it. One
    where n is too small for the level, that is where n < level / (1 - level).
    """
    distance = np.sort(np.abs(2 * np.asarray(pit, np.float64) - 1), axis=0)
    count = len(distance)
    found = []
    for level in np.atleast_1d(np.asarray(levels, np.float64)):
        rank = math.ceil(round((count + 1) * float(level), 9))
        found.append(distance[rank - 1] if rank <= count else np.ones(distance.shape[1:]))
    return np.asarray(found)


def central_bounds(levels: ArrayLike) -> NDArray[np.float64]:
    """Lower and upper cumulative probability (2, ...) of central intervals of these levels."""
    level = np.asarray(levels, np.float64)
    return np.stack([0.5 - 0.5 * level, 0.5 + 0.5 * level])
