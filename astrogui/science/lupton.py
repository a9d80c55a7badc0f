"""Three bands as one colour picture: asinh of their sum, their ratios kept.

Source: Lupton et al. 2004, PASP 116, 133, eq. (2), with the scaling of astropy's
``make_lupton_rgb``, so that ``stretch`` and ``Q`` mean the same there and here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    bands = [
        np.asarray(band, np.float32) - np.float32(low)
        for band, low in zip((red, green, blue), scale.minimum, strict=True)
    ]
    intensity = (bands[0] + bands[1] + bands[2]) / np.float32(3.0)
    softening = scale.softening if scale.softening > 1e-6 else 0.1  # all but linear
    slope = _LINEAR_SHARE / np.arcsinh(_LINEAR_SHARE * softening)
    bright = np.isfinite(intensity) & (intensity > 0)
    safe = np.where(bright, intensity, np.float32(1.0))
    factor = np.arcsinh(safe * np.float32(softening / scale.stretch)) * np.float32(slope) / safe
    colours = np.stack(bands, axis=-1) * np.where(bright, factor, np.float32(0.0))[..., None]
    colours = np.maximum(np.nan_to_num(colours, nan=0.0, posinf=1.0, neginf=0.0), 0.0)
    colours /= np.maximum(colours.max(axis=-1, keepdims=True), np.float32(1.0))
    return np.asarray(colours, dtype=np.float32)
