"""Images of stars and galaxies as sums of Gaussians, many at a time.

A profile that is a sum of Gaussians stays one under convolution with another such sum: amplitudes
multiply, covariances add (Hogg & Lang 2013, PASP 125, 719). The box of a pixel is one more
covariance of 1/12. `gaussian_stamps` takes its array namespace as an argument, so that the same
code runs on numpy and on jax.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

PIXEL_VARIANCE = 1.0 / 12.0  # of a box one pixel wide, along each axis


def gaussian_stamps(xp: Any, amplitude: Any, covariance: Any, offset: Any, half_size: int) -> Any:
    """Stamps (n, 2 h + 1, 2 h + 1) of sums of Gaussians, h = `half_size` pixels.

    `amplitude` (n, k) is the flux of each Gaussian, `covariance` (n, k, 3) its xx, xy, yy in
    square pixels without the pixel itself, `offset` (n, k, 2) its centre relative to that of the
    middle pixel. `xp` is numpy or jax.numpy.
    """
    reach = xp.arange(-half_size, half_size + 1, dtype=xp.float32)
    variance_x = covariance[..., 0] + PIXEL_VARIANCE
    variance_y = covariance[..., 2] + PIXEL_VARIANCE
    cross = covariance[..., 1]
    determinant = variance_x * variance_y - cross**2
    dx = reach - offset[..., 0:1]  # (n, k, side)
    dy = reach - offset[..., 1:2]
    in_x = dx**2 * (variance_y / determinant)[..., None]
    in_y = dy**2 * (variance_x / determinant)[..., None]
    mixed = (dy * (2 * cross / determinant)[..., None])[..., :, None] * dx[..., None, :]
    exponent = -0.5 * (in_x[..., None, :] + in_y[..., :, None] - mixed)
    height = amplitude / (2 * np.pi * xp.sqrt(determinant))
    return xp.einsum("nk,nkij->nij", height, xp.exp(exponent))


@cache
def moffat_gaussians(beta: float) -> tuple[Floats, Floats]:
    """(flux shares, rms widths in FWHM) of a Moffat profile; Moffat 1969, A&A 3, 455."""
    alpha = 0.5 / np.sqrt(2 ** (1 / beta) - 1)
    return _mixture(
        lambda r: (1 + (r / alpha) ** 2) ** -beta, np.array([0.30, 0.42, 0.62, 1.1, 2.4])
    )


@cache
def sersic_gaussians(index: float) -> tuple[Floats, Floats]:
    """(flux shares, rms widths in half-light radii) of a Sérsic profile.

    Source: Sérsic 1968; the constant b by Ciotti & Bertin 1999, A&A 352, 447, eq. (18).
    """
    b = 2 * index - 1 / 3 + 4 / (405 * index) + 46 / (25515 * index**2)
    widths = (
        np.array([0.12, 0.3, 0.6, 0.95, 1.45])
        if index < 2
        else np.array([0.03, 0.1, 0.28, 0.7, 1.6, 3.6])
    )
    return _mixture(lambda r: np.exp(-b * (r ** (1 / index))), widths)


def _mixture(profile: Any, widths: Floats) -> tuple[Floats, Floats]:
    """Shares of the flux in Gaussians of given rms widths, by non-negative least squares."""
    from scipy.optimize import nnls

    radius = np.geomspace(0.02 * widths.min() * 5, 3.5 * widths.max(), 400)
    weight = np.sqrt(radius * np.gradient(radius)) / np.sqrt(profile(radius) + 1e-4)
    gaussians = np.exp(-0.5 * (radius[:, None] / widths) ** 2) / (2 * np.pi * widths**2)
    shares, _ = nnls(gaussians * weight[:, None], profile(radius) * weight)
    kept = shares > 0
    return shares[kept] / shares[kept].sum(), widths[kept]


def sheared(width_squared: Floats, axis_ratio: Floats, angle: Floats) -> Floats:
    """Covariances (..., 3) of Gaussians of that variance along an axis at `angle` from +x."""
    minor = width_squared * axis_ratio**2
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack(
        [
            width_squared * cosine**2 + minor * sine**2,
            (width_squared - minor) * cosine * sine,
            width_squared * sine**2 + minor * cosine**2,
        ],
        axis=-1,
    )


def convolved(
    first: tuple[Floats, Floats, Floats], second: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """The mixtures (amplitude (n, k), covariance (n, k, 3), offset (n, k, 2)) convolved.

    (n, k) and (n, m) give (n, k m).
    """
    count = first[0].shape[0]
    amplitude = first[0][:, :, None] * second[0][:, None, :]
    covariance = first[1][:, :, None] + second[1][:, None, :]
    offset = first[2][:, :, None] + second[2][:, None, :]
    return (
        amplitude.reshape(count, -1),
        covariance.reshape(count, -1, 3),
        offset.reshape(count, -1, 2),
    )


def add_stamps(image: NDArray[np.float32], stamps: Floats, column: Any, row: Any) -> None:
    """Add stamps (n, side, side), middle pixels at (column, row), to the part inside `image`."""
    half = stamps.shape[-1] // 2
    ny, nx = image.shape
    for stamp, x, y in zip(stamps, column, row, strict=True):
        x0, x1, y0, y1 = x - half, x + half + 1, y - half, y + half + 1
        if x1 <= 0 or y1 <= 0 or x0 >= nx or y0 >= ny:
            continue
        image[max(y0, 0) : y1, max(x0, 0) : x1] += stamp[
            max(-y0, 0) : stamp.shape[0] - max(y1 - ny, 0),
            max(-x0, 0) : stamp.shape[1] - max(x1 - nx, 0),
        ]
