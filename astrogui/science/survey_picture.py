"""Colour pictures of the sources of a survey's bands, as galaxy networks take them.

The red, green and blue of a picture are i, r and g where there are these; bands that are absent
are filled from the others with the colour of a common galaxy. Flux is brought to nanomaggies an
SDSS pixel; where the zero point or the pixel's scale is unknown, the middle of each source is
given a common brightness instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import galaxy_picture, photometry
from astrogui.science.aligned_bands import Band
from astrogui.science.sky_cutouts import sky_cutouts

SIZE = 96  # pixels a side of the picture from which the network's is cut
ROOM = 1.5  # times the network's picture is the whole one wide
ISOPHOTE_IN_RMS = 2.5  # isophotal semi-major axis of a common galaxy in rms sizes of detection
CHOICES = (("i", "z", "r", "g", "u"), ("r", "i", "g", "z", "u"), ("g", "u", "r", "i", "z"))
USUAL_COLOUR = {"u": 1.9, "g": 0.65, "r": 0.0, "i": -0.33, "z": -0.60}  # magnitude less that in r

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurveyPictures:
    """One element a source."""

    pictures: NDArray[np.float32]  # (n, 64, 64, 3) colours from 0 to 1
    seen: NDArray[np.bool_]  # whether a galaxy stood out of the picture's sky
    radius: Floats  # isophotal semi-major axis, pixels of the reference
    calibrated: bool  # whether the brightness is that of the sky


def survey_pictures(
    bands: Sequence[Band],
    x: Floats,
    y: Floats,
    rms_radius: Floats,
    zero_points: Floats,
    pixel_scale_arcsec: float | None,
) -> SurveyPictures:
    """Pictures of the sources at (x, y) of the reference with rms sizes (n,) in pixels.

    ``zero_points`` (5,) in u, g, r, i, z: AB magnitude of one unit, NaN where unknown.
    """
    step = rms_radius * ISOPHOTE_IN_RMS * galaxy_picture.SIDE_IN_RADII * ROOM / SIZE
    step = np.maximum(step, 8.0 / SIZE)
    cut = sky_cutouts(bands, x, y, step, SIZE)
    slots = [photometry.BANDS[band.slot] for band in bands]
    calibrated = pixel_scale_arcsec is not None and bool(
        np.isfinite([zero_points[band.slot] for band in bands]).all()
    )
    light = np.empty((len(x), SIZE, SIZE, 3))
    for channel, choice in enumerate(CHOICES):
        name = next(name for name in choice if name in slots)
        number = slots.index(name)
        flux = cut.light[:, number].astype(np.float64)
        if calibrated:
            flux *= 10 ** (0.4 * (22.5 - zero_points[bands[number].slot]))
        light[..., channel] = flux * _usual(("i", "r", "g")[channel], name)
    light /= (step**2)[:, None, None, None]  # an area of one reference pixel
    if calibrated and pixel_scale_arcsec is not None:
        light *= (galaxy_picture.SURVEY_PIXEL_ARCSEC / pixel_scale_arcsec) ** 2
    else:
        light *= _to_typical(light)[:, None, None, None]
    pictures = np.empty((len(x), galaxy_picture.SIZE, galaxy_picture.SIZE, 3), np.float32)
    seen, radius = np.zeros(len(x), bool), np.zeros(len(x))
    for k in range(len(x)):
        pictures[k], found = galaxy_picture.network_picture(galaxy_picture.colours(light[k]))
        seen[k], radius[k] = found.seen, found.radius * step[k]
    return SurveyPictures(pictures=pictures, seen=seen, radius=radius, calibrated=calibrated)


def _usual(wanted: str, given: str) -> float:
    """The factor from flux in one band to that of a common galaxy in another."""
    return float(10 ** (-0.4 * (USUAL_COLOUR[wanted] - USUAL_COLOUR[given])))


def _to_typical(light: Floats) -> Floats:
    """Factors (n,) that give the middle of r its usual brightness."""
    reach = np.arange(SIZE) - (SIZE - 1) / 2
    inside = np.hypot(reach[:, None], reach) < SIZE / ROOM / galaxy_picture.SIDE_IN_RADII / 2
    middle = light[:, inside, 1].mean(axis=1)
    return np.asarray(galaxy_picture.TYPICAL_LIGHT / np.maximum(middle, 1e-30))
