"""Where on the sky: probability in equal pixels, the areas that hold shares of it, a projection.

Pixels are those of HEALPix in nested order, so that the file written from a map is what other
programs read. Angles in radians here; areas in square degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.science import healpix
from astrogui.science.joint_density import closed_contours
from astrogui.science.sky_kernels import REACH, Kernels, density, sky_kernels

Floats = NDArray[np.float64]

SIDES = (32, 64, 128, 256, 512)  # of maps, the coarsest that resolves the kernels
FINENESS = 1.0  # pixels across the standard deviation of the narrower kernels
TILE_SIDE = 8  # of the tiles in which a map is worked out
TILE_RADIUS = np.radians(7.0)  # of the circle around such a tile
MOST_CHANCES = 3_000_000  # numbers held at once


@dataclass(frozen=True, slots=True, eq=False)
class SkyMap:
    """Probability of each pixel, summing to one."""

    nside: int
    probability: Floats  # (12 nside²,) in nested order
    places: int  # different ones among the draws
    effective: float  # as many places of equal weight would say as much

    def area_deg2(self, share: float) -> float:
        """The smallest area that holds a share of the probability, in square degrees."""
        ranked = np.sort(self.probability)[::-1]
        held = np.cumsum(ranked)
        last = int(np.searchsorted(held, share * held[-1]))
        before = held[last - 1] if last else 0.0
        part = (share * held[-1] - before) / ranked[last]  # of the last pixel
        return float((last + part) * healpix.pixel_area_deg2(self.nside))

    def level(self, share: float) -> float:
        """The probability of a pixel on the edge of the smallest area that holds a share."""
        ranked = np.sort(self.probability)[::-1]
        held = np.cumsum(ranked)
        return float(ranked[min(int(np.searchsorted(held, share * held[-1])), ranked.size - 1)])

    def peak(self) -> tuple[float, float]:
        """(longitude, latitude) of the most probable pixel."""
        best = np.array([int(np.argmax(self.probability))])
        longitude, latitude = healpix.centres(self.nside, best)
        return float(longitude[0]), float(latitude[0])

    def shares(self) -> NDArray[np.float32]:
        """(12 nside²,) the smallest share whose area reaches a pixel: 0.9 on its 90 % edge."""
        order = np.argsort(self.probability)[::-1]
        made = np.empty(order.size, np.float32)
        made[order] = np.cumsum(self.probability[order])
        return made


def sky_map(longitude: Floats, latitude: Floats, weights: Floats | None = None) -> SkyMap:
    """The map of draws (n,) in radians, each with its weight; raises as ``sky_kernels``."""
    kernels = sky_kernels(longitude, latitude, weights)
    narrow = float(np.quantile(kernels.shortest, 0.25))
    wanted = FINENESS * np.sqrt(np.pi / 3) / narrow
    nside = next((side for side in SIDES if side >= wanted), SIDES[-1])
    probability = _pixels(kernels, nside)
    effective = 1 / float(np.sum(kernels.shares**2))
    return SkyMap(nside, probability / probability.sum(), len(kernels.shares), effective)


def _pixels(kernels: Kernels, nside: int) -> Floats:
    """(12 nside²,) density in each pixel, a tile after another, from the kernels that reach it."""
    tiles = healpix.pixel_count(TILE_SIDE)
    within = (nside // TILE_SIDE) ** 2
    made = np.zeros(healpix.pixel_count(nside))
    middle = healpix.directions(*healpix.centres(TILE_SIDE, np.arange(tiles)))
    apart = np.arccos(np.clip(middle @ kernels.centres.T, -1, 1))
    reached = apart < REACH * kernels.longest + TILE_RADIUS
    for tile in np.flatnonzero(reached.any(axis=1)):
        pixels = np.arange(tile * within, (tile + 1) * within)
        towards = healpix.directions(*healpix.centres(nside, pixels))
        chosen = np.flatnonzero(reached[tile])
        parts = max(len(pixels) * len(chosen) // MOST_CHANCES, 1)
        for part in np.array_split(np.arange(within), parts):
            made[pixels[part]] = density(kernels, towards[part], chosen)
    return made


# The Mollweide projection: an ellipse two wide and one high, of true areas.


def mollweide(longitude: Floats, latitude: Floats, middle: float = np.pi) -> tuple[Floats, Floats]:
    """(x, y) within [-2, 2] and [-1, 1], east to the left, ``middle`` in the middle.

    Source: Snyder 1987, "Map projections", USGS Professional Paper 1395, eqs. (31-1) to (31-3).
    """
    latitude = np.asarray(latitude, np.float64)
    angle = np.where(np.abs(latitude) > 1.5, np.sign(latitude) * 1.4, latitude)
    for _ in range(60):  # Newton's steps; near the poles they only halve the distance
        slope = 2 + 2 * np.cos(2 * angle)
        error = 2 * angle + np.sin(2 * angle) - np.pi * np.sin(latitude)
        step = error / np.maximum(slope, 1e-12)
        angle = np.clip(angle - step, -0.5 * np.pi, 0.5 * np.pi)
        if np.all(np.abs(error) < 1e-12):
            break
    turned = np.mod(np.asarray(longitude, np.float64) - middle + np.pi, 2 * np.pi) - np.pi
    return np.asarray(-2 * turned / np.pi * np.cos(angle)), np.asarray(np.sin(angle))


def from_mollweide(x: Floats, y: Floats, middle: float = np.pi) -> tuple[Floats, Floats]:
    """(longitude, latitude) of a place on the map; NaN outside the ellipse."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    is_inside = (0.5 * x) ** 2 + y**2 <= 1
    angle = np.arcsin(np.clip(y, -1, 1))
    latitude = np.arcsin(np.clip((2 * angle + np.sin(2 * angle)) / np.pi, -1, 1))
    wide = np.maximum(np.cos(angle), 1e-12)
    longitude = np.mod(middle - 0.5 * np.pi * x / wide, 2 * np.pi)
    return np.where(is_inside, longitude, np.nan), np.where(is_inside, latitude, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """A map on a grid of the Mollweide projection, and the lines around shares of it."""

    values: NDArray[np.float32]  # (rows, columns) probability per square degree, from the south
    contours: dict[float, list[Floats]]  # closed lines (n, 2) of x and y by share
    middle: float  # longitude in the middle


def project(
    found: SkyMap, shares: tuple[float, ...], columns: int = 1200, middle: float = np.pi
) -> Projected:
    """The map on ``columns`` x ``columns / 2`` cells; NaN outside the ellipse."""
    rows = columns // 2
    x = 2 * ((np.arange(columns) + 0.5) / columns * 2 - 1)
    y = (np.arange(rows) + 0.5) / rows * 2 - 1
    longitude, latitude = from_mollweide(*np.meshgrid(x, y), middle)
    is_sky = np.isfinite(longitude)
    pixels = healpix.pixels_at(found.nside, longitude[is_sky], latitude[is_sky])
    values = np.full((rows, columns), np.nan)
    values[is_sky] = found.probability[pixels] / healpix.pixel_area_deg2(found.nside)
    smooth = _smoothed(np.nan_to_num(values))
    contours = {}
    for share in shares:
        level = found.level(share) / healpix.pixel_area_deg2(found.nside)
        loops = closed_contours(np.pad(smooth, 1), level)
        contours[share] = [
            np.column_stack([
                4 * (loop[:, 0] - 1) / columns - 2, 2 * (loop[:, 1] - 1) / rows - 1
            ])
            for loop in loops if len(loop) > 3
        ]  # fmt: skip
    return Projected(values.astype(np.float32), contours, middle)


def _smoothed(values: Floats) -> Floats:
    """A little rounder, so that lines do not follow the corners of pixels."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, 1.0, mode="constant"))
