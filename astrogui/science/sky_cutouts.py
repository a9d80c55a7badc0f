"""Cut-outs of sources at a scale of the caller's choice: every band on one grid, in real flux.

Where `aligned_bands` scales a cut-out to the seeing, here its pixel is so many reference pixels
as the caller says, for each source its own: a fixed angle on the sky, or a part of the source's
size. Neighbours stay in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import cutouts, detection
from astrogui.science.aligned_bands import Band, in_band, window_around

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkyCutouts:
    """One element a source; bands in the order they were given in."""

    light: NDArray[np.float32]  # (n, bands, size, size) flux per grid pixel, sky subtracted
    noise: Floats  # (n, bands) of a grid pixel, were the noise of the pixels white; 0: no band
    known: NDArray[np.bool_]  # (n, bands, size, size); `light` is 0 where it is False


def sky_cutouts(bands: Sequence[Band], x: Floats, y: Floats, step: Floats, size: int) -> SkyCutouts:
    """Cut-outs of `size` pixels a side, each `step` (n,) reference pixels wide, around (x, y).

    Places (n,) are pixels of the reference; they should lie together, as those of a section do,
    for the bands are read once over all of them.
    """
    count = len(x)
    light = np.zeros((count, len(bands), size, size), np.float32)
    known = np.zeros(light.shape, bool)
    noise = np.zeros((count, len(bands)))
    for number, band in enumerate(bands):
        column, row, jacobian = in_band(band, x, y)
        jacobian = jacobian * np.asarray(step, float)[:, None, None]
        window = window_around(column, row, jacobian, size, band.shape)
        if window is None:
            continue
        y0, y1, x0, x1 = window
        pixels, scatter, bad = detection.background(band.read(y0, y1, x0, x1))
        off = ~(np.isfinite(column) & np.isfinite(row))
        column, row = np.where(off, -1e6, column - x0), np.where(off, -1e6, row - y0)
        cuts = cutouts.cut(pixels, column, row, jacobian, 1.0, size)
        missing = ~np.isfinite(cuts) | cutouts.nearest(bad, column, row, jacobian, 1.0, size)
        light[:, number] = np.where(missing, 0, cuts)
        known[:, number] = ~missing
        nearest = (
            np.clip(np.rint(row).astype(np.intp), 0, pixels.shape[0] - 1),
            np.clip(np.rint(column).astype(np.intp), 0, pixels.shape[1] - 1),
        )
        # White noise of a band's pixel on a coarser grid: its variance goes with the area.
        noise[:, number] = scatter[nearest] * np.sqrt(np.abs(np.linalg.det(jacobian)))
        noise[~known[:, number].any(axis=(1, 2)), number] = 0
    return SkyCutouts(light=light, noise=noise, known=known)
