"""Cut-outs of sources on a grid of their own: centred, scaled to the seeing, aligned by WCS.

The same grid of sky positions is laid over every band, so bands that are shifted, turned or of
another pixel scale come out aligned. A cut-out's pixel is `step` reference pixels wide; where that
is more than one and a half pixels of a band, several samples are averaged, so that no light is
skipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 24  # pixels a side of a cut-out
STEPS_PER_FWHM = 3.0  # the grid's pixel is a third of the reference band's seeing

Floats = NDArray[np.floating[Any]]


def offsets(step: float, size: int = SIZE) -> NDArray[np.float32]:
    """Distance (size,) of the grid's pixels from the centre, in reference pixels."""
    return ((np.arange(size) - (size - 1) / 2) * step).astype(np.float32)


def cut(
    pixels: NDArray[np.float32],
    x: Floats,
    y: Floats,
    jacobian: Floats,
    step: float,
    size: int = SIZE,
) -> NDArray[np.float32]:
    """Flux per grid pixel (n, size, size) around (x, y) of a band; NaN beyond the image.

    `jacobian` (n, 2, 2) holds d(x, y of the band) / d(x, y of the reference). Values are cubic
    splines through `pixels` (ny, nx) times the grid pixel's area in pixels of the band.
    """
    from scipy.ndimage import map_coordinates, spline_filter

    area = np.abs(np.linalg.det(jacobian)) * step**2
    samples = int(np.clip(round(float(np.sqrt(np.median(area)))) if len(area) else 1, 1, 6))
    coefficients = spline_filter(pixels, order=3, output=np.float32, mode="mirror")
    cuts = np.zeros((len(x), size, size), dtype=np.float32)
    for across in _sub_positions(samples, step):
        for up in _sub_positions(samples, step):
            column, row = _positions(x, y, jacobian, offsets(step, size), across, up)
            cuts += map_coordinates(
                coefficients, [row, column], order=3, prefilter=False, mode="mirror"
            )
    column, row = _positions(x, y, jacobian, offsets(step, size), 0.0, 0.0)
    outside = (column < -0.5) | (row < -0.5)
    outside |= (column > pixels.shape[1] - 0.5) | (row > pixels.shape[0] - 0.5)
    cuts *= (area / samples**2).astype(np.float32)[:, None, None]
    cuts[outside] = np.nan
    return cuts


def nearest(
    values: NDArray[Any], x: Floats, y: Floats, jacobian: Floats, step: float, size: int = SIZE
) -> NDArray[Any]:
    """The value of the nearest pixel at each place of the grid; the edge's value beyond it."""
    column, row = _positions(x, y, jacobian, offsets(step, size), 0.0, 0.0)
    rows = np.clip(np.rint(row).astype(np.intp), 0, values.shape[0] - 1)
    columns = np.clip(np.rint(column).astype(np.intp), 0, values.shape[1] - 1)
    return values[rows, columns]


def neighbour_mask(
    x: Floats, y: Floats, ellipse: tuple[Floats, Floats, Floats], step: float, size: int = SIZE
) -> NDArray[np.bool_]:
    """(n, size, size) True where a neighbour's light outweighs the source's own.

    A pixel is a neighbour's when it lies within three rms radii of it (`ellipse`: a, b, theta in
    reference pixels) and nearer to it than to the source, each in units of its own ellipse.
    """
    from scipy.spatial import cKDTree

    count = len(x)
    mask = np.zeros((count, size, size), dtype=bool)
    if count < 2:
        return mask
    neighbours = min(count, 9)
    reach = offsets(step, size)
    places = np.column_stack([x, y])
    index = np.asarray(cKDTree(places).query(places, k=neighbours)[1])
    grid_x, grid_y = np.meshgrid(reach, reach)
    own = _elliptical(grid_x[None], grid_y[None], tuple(e[:, None, None] for e in ellipse))
    for column in range(1, neighbours):
        other = index[:, column]
        dx, dy = (x[other] - x)[:, None, None], (y[other] - y)[:, None, None]
        shape = tuple(e[other][:, None, None] for e in ellipse)
        distance = _elliptical(grid_x[None] - dx, grid_y[None] - dy, shape)
        mask |= (distance < 3.0) & (distance < own)
    return mask


def _elliptical(dx: Floats, dy: Floats, ellipse: tuple[Floats, ...]) -> Floats:
    a, b, theta = ellipse
    along = dx * np.cos(theta) + dy * np.sin(theta)
    beside = dy * np.cos(theta) - dx * np.sin(theta)
    return np.hypot(along / a, beside / b)


def _sub_positions(samples: int, step: float) -> Floats:
    return ((np.arange(samples) + 0.5) / samples - 0.5) * step


def _positions(
    x: Floats, y: Floats, jacobian: Floats, reach: Floats, across: float, up: float
) -> tuple[Floats, Floats]:
    """Column and row (n, size, size) in the band of every place of the grid."""
    dx, dy = np.meshgrid(reach + across, reach + up)
    matrix = jacobian[:, :, :, None, None]
    column = x[:, None, None] + matrix[:, 0, 0] * dx + matrix[:, 0, 1] * dy
    row = y[:, None, None] + matrix[:, 1, 0] * dx + matrix[:, 1, 1] * dy
    return column, row
