"""Which positions of two lists belong together on the sky.

Positions become unit vectors, so that neither the poles nor RA = 0 are special, and the chord
between two of them gives their separation: chord = 2 sin(separation / 2). Both lists must be in
one frame (`sky_frames` turns positions).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_PAIRS = 20_000_000  # beyond this a list of pairs would be all that memory holds


@dataclass(frozen=True, slots=True, eq=False)
class SkyPairs:
    """Pairs of two lists by index, in the order of the first list, then of separation."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    separation_arcsec: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.first.size)


def unit_vectors(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> NDArray[np.float64]:
    """(n, 3) directions of positions on the sphere.

    NaN where a coordinate is not finite, or the latitude lies beyond 90 degrees as in the -999 by
    which catalogues say that there is none.
    """
    longitude = np.radians(np.asarray(longitude_deg, dtype=np.float64))
    latitude = np.asarray(latitude_deg, dtype=np.float64)
    known = np.isfinite(longitude) & (np.abs(latitude) <= 90.0)
    longitude = np.where(known, longitude, np.nan)
    latitude = np.where(known, np.radians(latitude), np.nan)
    across = np.cos(latitude)
    return np.stack(
        [across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)], axis=-1
    )


def separation_arcsec(
    longitude_deg: ArrayLike,
    latitude_deg: ArrayLike,
    other_longitude_deg: ArrayLike,
    other_latitude_deg: ArrayLike,
) -> NDArray[np.float64]:
    """The angle between positions, exact from micro-arcseconds to half the sky; broadcasts."""
    return _angle_arcsec(
        unit_vectors(longitude_deg, latitude_deg),
        unit_vectors(other_longitude_deg, other_latitude_deg),
    )


def nearest_on_sky(
    longitude_deg: ArrayLike,
    latitude_deg: ArrayLike,
    other_longitude_deg: ArrayLike,
    other_latitude_deg: ArrayLike,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each position of the first list the index of the nearest of the second, in arcsec.

    -1 and NaN where a position is not finite or the second list has none.
    """
    first = unit_vectors(longitude_deg, latitude_deg)
    second = unit_vectors(other_longitude_deg, other_latitude_deg)
    index = np.full(len(first), -1, dtype=np.intp)
    separation = np.full(len(first), np.nan)
    usable, candidates = _finite(first), _finite(second)
    if usable.size and candidates.size:
        _, found = _tree(second[candidates]).query(first[usable])
        index[usable] = candidates[found]
        separation[usable] = _angle_arcsec(first[usable], second[index[usable]])
    return index, separation


def match_on_sky(
    longitude_deg: ArrayLike,
    latitude_deg: ArrayLike,
    other_longitude_deg: ArrayLike,
    other_latitude_deg: ArrayLike,
    radius_arcsec: float,
    which: str = "nearest",
) -> SkyPairs:
    """The pairs no farther apart than ``radius_arcsec``; positions that are not finite have none.

    ``which`` is "nearest" (for each of the first list its nearest of the second), "mutual" (only
    where each is the other's nearest, so that no position is in two pairs) or "all" (every pair
    within the radius). Raises ``ValueError`` for another word, for a radius that is not positive
    or above 180 degrees, and where "all" would give more than ``LARGEST_PAIRS`` pairs.
    """
    if not 0.0 < radius_arcsec <= 180.0 * 3600.0:
        raise ValueError(f"a radius is above 0 and at most 180 degrees, got {radius_arcsec} arcsec")
    if which == "all":
        return _all_pairs(
            unit_vectors(longitude_deg, latitude_deg),
            unit_vectors(other_longitude_deg, other_latitude_deg),
            radius_arcsec,
        )
    if which not in {"nearest", "mutual"}:
        raise ValueError(f'pairs are "nearest", "mutual" or "all", got {which!r}')
    index, separation = nearest_on_sky(
        longitude_deg, latitude_deg, other_longitude_deg, other_latitude_deg
    )
    taken = separation <= radius_arcsec  # False where NaN
    if which == "mutual":
        back, _ = nearest_on_sky(
            other_longitude_deg, other_latitude_deg, longitude_deg, latitude_deg
        )
        taken[taken] = back[index[taken]] == np.flatnonzero(taken)
    first = np.flatnonzero(taken)
    return SkyPairs(first, index[first], separation[first])


def _all_pairs(
    first: NDArray[np.float64], second: NDArray[np.float64], radius_arcsec: float
) -> SkyPairs:
    usable, candidates = _finite(first), _finite(second)
    if not (usable.size and candidates.size):
        return SkyPairs(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))
    # A little wider, then cut by the exact angle: the chord is rounded.
    chord = 2.0 * np.sin(np.radians(radius_arcsec / 3600.0) / 2.0) * (1.0 + 1e-9) + 1e-15
    one, other = _tree(first[usable]), _tree(second[candidates])
    count = int(one.count_neighbors(other, chord))
    if count > LARGEST_PAIRS:
        raise ValueError(f"{count:,} pairs lie within that radius: choose a smaller one")
    found = one.sparse_distance_matrix(other, chord, output_type="coo_matrix")
    i, j = usable[found.row], candidates[found.col]
    separation = _angle_arcsec(first[i], second[j])
    order = np.lexsort((separation, i))
    order = order[separation[order] <= radius_arcsec]
    return SkyPairs(i[order], j[order], separation[order])


def _angle_arcsec(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the arc tangent of cross and dot product, which is exact at both ends."""
    cross = np.linalg.norm(np.cross(first, second), axis=-1)
    dot = np.sum(first * second, axis=-1)
    return np.asarray(np.degrees(np.arctan2(cross, dot)) * 3600.0)


def _finite(vectors: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.flatnonzero(np.isfinite(vectors).all(axis=-1))


def _tree(vectors: NDArray[np.float64]) -> Any:
    from scipy.spatial import cKDTree

    # Catalogues come sorted: splitting at the middle of the box keeps the building linear.
    return cKDTree(vectors, balanced_tree=False, compact_nodes=False)
