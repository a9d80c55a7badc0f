"""Positions, sizes and angles between pixels and sky, through a celestial WCS.

A WCS is any object with astropy's `all_pix2world` and `all_world2pix`; None stands for an image
without one. Pixels are 0-based; angles on the sky run from north through east.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


class SkyGrid:
    """The pixel grid of an image on the sky."""

    def __init__(self, wcs: Any, pixel_scale_arcsec: float | None = None) -> None:
        self.wcs = wcs
        self.pixel_scale_arcsec = pixel_scale_arcsec

    def sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Right ascension and declination (deg); NaN without a WCS."""
        if self.wcs is None or not np.size(x):
            return np.full(np.shape(x), np.nan), np.full(np.shape(x), np.nan)
        ra, dec = self.wcs.all_pix2world(x, y, 0)
        return np.asarray(ra), np.asarray(dec)

    def to_grid(self, other: SkyGrid) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
        """The function that takes pixels of this grid to pixels of another."""

        def same(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            return np.asarray(x, np.float64), np.asarray(y, np.float64)

        def through_the_sky(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            if not np.size(x):
                return same(x, y)
            ra, dec = self.sky(x, y)
            column, row = other.wcs.all_world2pix(ra, dec, 0, quiet=True)
            return np.asarray(column), np.asarray(row)

        if other is self or self.wcs is None or other.wcs is None:
            return same
        return through_the_sky

    def ellipse(
        self, x: Floats, y: Floats, a: Floats, b: Floats, theta: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Axes in arcsec and position angle in deg, 0 to 180, of ellipses given in pixels.

        Without a WCS the pixel scale gives the axes, where it is known, and the angle is NaN.
        """
        if self.wcs is None:
            scale = np.nan if self.pixel_scale_arcsec is None else self.pixel_scale_arcsec
            return a * scale, b * scale, np.full(np.shape(a), np.nan)
        east, north = self._displacement(x, y, np.cos(theta), np.sin(theta))
        along = np.hypot(east, north) * 3600
        east_b, north_b = self._displacement(x, y, -np.sin(theta), np.cos(theta))
        across = np.hypot(east_b, north_b) * 3600
        return a * along, b * across, np.degrees(np.arctan2(east, north)) % 180

    def _displacement(self, x: Floats, y: Floats, dx: Floats, dy: Floats) -> tuple[Floats, Floats]:
        """Degrees to the east and north of a small step in pixels."""
        ra, dec = self.sky(x, y)
        ra_moved, dec_moved = self.sky(x + dx, y + dy)
        east = ((ra_moved - ra + 180) % 360 - 180) * np.cos(np.radians(dec))
        return east, dec_moved - dec
