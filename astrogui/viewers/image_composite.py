"""Three bands of one field as one colour picture, aligned by their WCS.

Colours follow Lupton et al. 2004, PASP 116, 133, eq. (2): the sum of the bands is stretched by
asinh, the ratios between the bands are kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.image import Field, Image
from astrogui.science.stretch import percentile_cuts

COMPOSITE = "colour"  # the name of the composite among the bands
LARGEST_PIXELS = 16_000_000
_ORDER = "uUgGbBvVrRiIzZyYjJhHkK"
SOFTENING = 8.0  # Lupton's Q


def can_compose(field: Field) -> bool:
    """Whether there are three bands of one plane each, small enough to be aligned in memory."""
    if len(field.images) < 3 or any(image.is_colour for image in field.images):
        return False
    ny, nx = field.images[0].shape
    same_sky = all(image.wcs_header for image in field.images)
    same_shape = len({image.shape for image in field.images}) == 1
    return ny * nx <= LARGEST_PIXELS and (same_sky or same_shape)


def chosen_bands(field: Field) -> tuple[Image, Image, Image]:
    """Red, green and blue: i, r, g where they are, else the three middle bands by wavelength."""
    by_name = {image.band: image for image in field.images}
    if {"g", "r", "i"} <= set(by_name):
        return by_name["i"], by_name["r"], by_name["g"]
    ranked = sorted(field.images, key=lambda image: _rank(image.band))
    first = (len(ranked) - 3) // 2
    blue, green, red = ranked[first : first + 3]
    return red, green, blue


def composed(field: Field) -> Image:
    """An image (ny, nx, 3) between 0 and 1 on the pixels of its green band."""
    red, green, blue = chosen_bands(field)
    ny, nx = green.shape
    planes = [aligned(image, green) for image in (red, green, blue)]
    cube = np.stack([_scaled(plane) for plane in planes], axis=2)
    intensity = np.maximum(cube.mean(axis=2), 1e-6)
    factor = np.arcsinh(SOFTENING * intensity) / (np.arcsinh(SOFTENING) * intensity)
    colours = np.clip(np.nan_to_num(cube * factor[..., None]), 0.0, None)
    # A pixel too bright in one band keeps its colour: all three are scaled down together.
    colours /= np.maximum(colours.max(axis=2), 1.0)[..., None]
    names = ", ".join(image.band or "?" for image in (red, green, blue))
    return replace(
        green,
        pixels=colours.astype(np.float32).reshape(ny, nx, 3),
        plane=None,
        unit="",
        band=COMPOSITE,
        notes=(f"Red, green and blue are the bands {names}, aligned to the nearest pixel.",),
    )


def _scaled(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sky at a few per cent and the brightest 0.3 % of the pixels at one.

    The zero point lies below the sky by twice its noise, so that the noise is dim grey instead of
    the saturated colours that ratios of negative numbers give.
    """
    sky, below = np.nanpercentile(plane[::3, ::3], [50.0, 15.87])
    noise = max(float(sky - below), 1e-30)
    _, high = percentile_cuts(plane, 99.4)
    span = max(high - sky, 25.0 * noise)
    return np.asarray((plane - (sky - 2.0 * noise)) / span, dtype=np.float32)


def aligned(image: Image, reference: Image) -> NDArray[np.float32]:
    """The pixels of ``image`` at the places of ``reference``, nearest neighbours."""
    ny, nx = reference.shape
    pixels = image.section(0, image.shape[0], 0, image.shape[1])
    if image is reference or not (image.wcs_header and reference.wcs_header):
        return pixels
    x, y = _affine(image.wcs(), reference.wcs(), (ny, nx))
    # The map is affine, and its off-diagonal part below a pixel over the field in any survey's
    # bands: rows and columns can be taken separately, with the shear added per row.
    rows = np.arange(ny, dtype=np.float64)[:, None]
    columns = np.arange(nx, dtype=np.float64)[None, :]
    from_x = np.rint(x[0] + x[1] * columns + x[2] * rows).astype(np.int32)
    from_y = np.rint(y[0] + y[1] * columns + y[2] * rows).astype(np.int32)
    inside = (from_x >= 0) & (from_x < pixels.shape[1]) & (from_y >= 0) & (from_y < pixels.shape[0])
    taken = pixels[np.clip(from_y, 0, pixels.shape[0] - 1), np.clip(from_x, 0, pixels.shape[1] - 1)]
    return np.where(inside, taken, np.float32(np.nan))


def _affine(source: Any, reference: Any, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Coefficients (constant, per column, per row) from reference pixels to source pixels."""
    ny, nx = shape
    corners = np.array([[0, 0], [nx - 1, 0], [0, ny - 1], [nx - 1, ny - 1]], float)
    sky = reference.all_pix2world(corners, 0)
    there = source.wcs_world2pix(sky, 0)
    design = np.column_stack([np.ones(4), corners])
    solution, *_ = np.linalg.lstsq(design, there, rcond=None)
    return solution[:, 0], solution[:, 1]


def _rank(band: str) -> int:
    place = _ORDER.find(band[:1])
    return place if place >= 0 else len(_ORDER)
