"""Three bands as one colour picture: asinh of their sum, their ratios kept.

Source: Lupton et al. 2004, PASP 116, 133, eq. (2), with the scaling of astropy's
``make_lupton_rgb``, so that ``stretch`` and ``Q`` mean the same there and here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRIP_ROWS = 64
_LINEAR_SHARE = 0.1  # of full scale, where the slope of the linear part is fixed


@dataclass(frozen=True, slots=True)
class LuptonScale:
    """``minimum`` (red, green, blue) is black; ``stretch`` the linear range above it.

    ``softening`` is Lupton's Q: how strongly what is brighter than ``stretch`` is compressed.
    """

    minimum: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stretch: float = 5.0
    softening: float = 8.0

    def __post_init__(self) -> None:
        if not self.stretch > 0 or not self.softening >= 0:
            raise ValueError(
                f"stretch is above 0 and Q not negative, got {self.stretch}, {self.softening}"
            )


def lupton_rgb(
    red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any], scale: LuptonScale
) -> NDArray[np.float32]:
    """(ny, nx, 3) colours from 0 to 1; black where a band has no data.

    A pixel too bright in one colour keeps its hue: all three are scaled down together.
    """
    colours = np.empty((*np.shape(red), 3), dtype=np.float32)
    for y in range(0, colours.shape[0], STRIP_ROWS):  # what fits the processor's cache is fast
        strip = slice(y, y + STRIP_ROWS)
        for channel, (band, low) in enumerate(zip((red, green, blue), scale.minimum, strict=True)):
            np.subtract(band[strip], np.float32(low), out=colours[strip, :, channel])
        _colour(colours[strip], scale)
    return colours


def _colour(light: NDArray[np.float32], scale: LuptonScale) -> None:
    """Light above the minimum, (ny, nx, 3), made colours in place."""
    softening = scale.softening if scale.softening > 1e-6 else 0.1  # all but linear
    slope = np.float32(_LINEAR_SHARE / np.arcsinh(_LINEAR_SHARE * softening))
    intensity = light.sum(axis=-1) / np.float32(3.0)
    bright = np.isfinite(intensity) & (intensity > 0)
    intensity[~bright] = 1.0
    factor = np.arcsinh(intensity * np.float32(softening / scale.stretch)) * (slope / intensity)
    factor[~bright] = 0.0
    light[~bright] = 0.0
    light *= factor[..., None]
    np.maximum(light, 0.0, out=light)
    light /= np.maximum(light.max(axis=-1), np.float32(1.0))[..., None]
