"""A colour picture of one galaxy at the scale that networks take: found, measured, cut and scaled.

One way for every picture, whether it came as a JPEG or was made of three bands: brightness is the
mean of the colours, the sky its median along the border, the galaxy the connected part above the
sky that is nearest to the centre. The cut-out is square and `SIDE_IN_RADII` semi-major axes wide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.lupton import LuptonScale, lupton_rgb

SIZE = 64  # pixels a side of what the network takes
SIDE_IN_RADII = 3.2  # side of the cut-out in isophotal semi-major axes
ISOPHOTE = 0.06  # brightness above the sky at which a galaxy ends, of full scale
NOISE_LIMIT = 4.0  # and at least so many times the noise of the smoothed sky
SMOOTHING = 0.008  # rms width of the Gaussian that smooths before, in sides of the picture
BORDER = 0.06  # width of the border that gives the sky, in sides of the picture
LEAST_RADIUS = 0.02  # of the picture's side: below it nothing was found

LIGHT_SMOOTHING = 0.004  # as SMOOTHING, before the parts of an object are told from another's
PART_PEAK = 0.1  # of the peak near the middle: where a part ends
PART_WEIGHT = 0.2  # of the heaviest part's weight: what lighter parts belong to another object
CENTRAL = 0.17  # rms width, in sides of the picture, of the weight that falls from the middle on
LEAST_LIGHT = 0.06  # of the picture's side: the least radius that is cut

SURVEY_PIXEL_ARCSEC = 0.396  # SDSS: a stretch is stated in nanomaggies of its pixel
COLOUR_FACTORS = np.array([4.9, 5.7, 7.8])  # of i, r, g: a galaxy of middling colour is grey
STRETCH = LuptonScale(minimum=(0.0, 0.0, 0.0), stretch=2.4, softening=8.0)
TYPICAL_LIGHT = 0.47  # of r in a survey pixel, mean within half the Petrosian radius (simulated)

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """The galaxy of a picture: centre (pixel) and isophotal semi-major axis (pixel)."""

    x: float
    y: float
    radius: float
    sky: tuple[float, float, float]
    seen: bool  # whether anything stood out; else the whole picture is taken
    peak: float = 1.0  # its brightest place, over 3 x 3 pixels, in the unit of what was given


def find_galaxy(picture: Floats) -> Found:
    """The galaxy nearest to the middle of (ny, nx, 3) colours from 0 to 1; NaN counts as sky."""
    from scipy.ndimage import gaussian_filter, label

    ny, nx = picture.shape[:2]
    width = max(2, round(BORDER * min(ny, nx)))
    border = np.concatenate(
        [
            picture[:width].reshape(-1, 3), picture[-width:].reshape(-1, 3),
            picture[:, :width].reshape(-1, 3), picture[:, -width:].reshape(-1, 3),
        ]
    )  # fmt: skip
    border = border[np.isfinite(border).all(axis=1)]
    sky = np.median(border, axis=0) if len(border) else np.zeros(3)
    light = np.nan_to_num(picture - sky).mean(axis=-1)
    smooth = gaussian_filter(light, max(0.7, SMOOTHING * min(ny, nx)), mode="nearest")
    edge = np.concatenate([smooth[:width].ravel(), smooth[-width:].ravel(),
                           smooth[:, :width].ravel(), smooth[:, -width:].ravel()])  # fmt: skip
    noise = 1.4826 * float(np.median(np.abs(edge - np.median(edge))))
    middle = smooth[ny // 2 - ny // 8 : ny // 2 + ny // 8 + 1,
                    nx // 2 - nx // 8 : nx // 2 + nx // 8 + 1]  # fmt: skip
    limit = max(min(ISOPHOTE, 0.4 * float(middle.max(initial=0.0))), NOISE_LIMIT * noise, 1e-3)
    parts, count = label(smooth > limit)
    tone = (float(sky[0]), float(sky[1]), float(sky[2]))
    whole = Found((nx - 1) / 2, (ny - 1) / 2, min(nx, ny) / SIDE_IN_RADII, tone, False)
    if not count:
        return whole
    row, column = np.nonzero(parts)
    nearest = np.argmin((row - (ny - 1) / 2) ** 2 + (column - (nx - 1) / 2) ** 2)
    mine = parts[row[nearest], column[nearest]]
    inside = parts[row, column] == mine
    row, column = row[inside].astype(float), column[inside].astype(float)
    spread = np.cov(np.stack([column, row])) if len(row) > 2 else np.zeros((2, 2))
    radius = 2.0 * float(np.sqrt(max(np.linalg.eigvalsh(spread)[-1], 0.0)))
    if radius < LEAST_RADIUS * min(nx, ny):
        return whole
    weight = light[row.astype(int), column.astype(int)].clip(1e-6) ** 2
    return Found(
        float(np.average(column, weights=weight)),
        float(np.average(row, weights=weight)),
        radius,
        tone,
        True,
    )


def find_light(light: Floats) -> Found:
    """The object of one or several parts in the middle of a plane (ny, nx); NaN counts as sky.

    For the lobes of a radio galaxy, which need not touch. Parts are what stands out by a share of
    the object's peak; each counts by its light and its distance from the middle, so that what is
    bright but far is another source. Centre and extent are those of the parts that are kept.
    """
    from scipy.ndimage import gaussian_filter, label, mean, sum_labels, uniform_filter

    ny, nx = light.shape
    side = min(ny, nx)
    known = np.isfinite(light)
    sky = float(np.median(light[known])) if known.any() else 0.0
    away = np.hypot(*np.meshgrid(np.arange(nx) - (nx - 1) / 2, np.arange(ny) - (ny - 1) / 2))
    above = np.where(known & (away < side / 2), light - sky, 0.0)
    smooth = gaussian_filter(above, max(0.7, LIGHT_SMOOTHING * side))
    central = np.exp(-0.5 * (away / (CENTRAL * side)) ** 2)
    around = smooth[(away > 0.35 * side) & (away < 0.48 * side)]
    noise = 1.4826 * float(np.median(np.abs(around - np.median(around))))
    limit = max(PART_PEAK * float((smooth * central).max()), NOISE_LIMIT * noise)
    tone = (sky, sky, sky)
    whole = Found((nx - 1) / 2, (ny - 1) / 2, side / SIDE_IN_RADII, tone, False)
    parts, count = label(smooth > limit) if limit > 0 else (np.zeros(light.shape, int), 0)
    if not count:
        return replace(whole, peak=float(np.max(light[known], initial=sky)))
    number = np.arange(1, count + 1)
    middle = mean(away, parts, number)
    weight = sum_labels(above, parts, number) * np.exp(-0.5 * (middle / (CENTRAL * side)) ** 2)
    kept = np.isin(parts, number[weight > PART_WEIGHT * weight.max()])
    row, column = (where.astype(float) for where in np.nonzero(kept))
    spread = np.cov(np.stack([column, row])) if len(row) > 2 else np.zeros((2, 2))
    radius = 2.0 * float(np.sqrt(max(np.linalg.eigvalsh(spread)[-1], 0.0)))
    peak = sky + float(uniform_filter(above, 3)[kept].max())
    return Found(float(column.mean()), float(row.mean()), max(radius, LEAST_LIGHT * side), tone,
                 True, peak)  # fmt: skip


def light_picture(plane: Floats) -> tuple[NDArray[np.float32], Found]:
    """A plane (ny, nx) of any unit as colours (ny, nx, 3), and its object (`find_light`).

    0 is the sky, 1 the object's peak: what is brighter elsewhere does not dim it, and none of its
    own light is cut off.
    """
    found = find_light(plane)
    sky = found.sky[0]
    grey = np.clip((plane - sky) / max(found.peak - sky, 1e-30), 0, 1).astype(np.float32)
    values = np.repeat(np.nan_to_num(grey)[..., None], 3, axis=-1)
    return values, replace(found, sky=(0.0, 0.0, 0.0), peak=1.0)


def at_network_scale(picture: Floats, found: Found, size: int = SIZE) -> NDArray[np.float32]:
    """(size, size, 3) around the galaxy, `SIDE_IN_RADII` radii wide; the sky beyond the picture."""
    return turned_cut(picture, found, 0.0, 1.0, (0.0, 0.0), size)


def turned_cut(
    picture: Floats,
    found: Found,
    angle: float,
    scale: float,
    shift: tuple[float, float],
    size: int = SIZE,
) -> NDArray[np.float32]:
    """As `at_network_scale`, turned by `angle` (rad), `scale` times as wide, shifted (pixel).

    Where the picture has more pixels than the cut-out it is smoothed first, so that no light is
    skipped.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    step = found.radius * SIDE_IN_RADII * scale / size
    reach = (np.arange(size) - (size - 1) / 2) * step
    up, across = np.meshgrid(reach, reach, indexing="ij")
    column = found.x + shift[0] + across * np.cos(angle) - up * np.sin(angle)
    row = found.y + shift[1] + across * np.sin(angle) + up * np.cos(angle)
    out = np.empty((size, size, 3), np.float32)
    for channel in range(3):
        plane = np.asarray(picture[..., channel], np.float32)
        plane = np.where(np.isfinite(plane), plane, np.float32(found.sky[channel]))
        if step > 1:
            plane = gaussian_filter(plane, 0.45 * np.sqrt(step**2 - 1), mode="nearest")
        map_coordinates(
            plane, [row, column], out[..., channel], order=1, mode="constant",
            cval=found.sky[channel], prefilter=False,
        )  # fmt: skip
    return out


def network_picture(picture: Floats) -> tuple[NDArray[np.float32], Found]:
    """The cut-out of a picture's own galaxy, and what was found."""
    found = find_galaxy(picture)
    return at_network_scale(picture, found), found


def colours(light: Floats) -> NDArray[np.float32]:
    """i, r, g light (ny, nx, 3) in nanomaggies an SDSS pixel's area, as colours from 0 to 1."""
    red, green, blue = np.moveaxis((light * COLOUR_FACTORS).astype(np.float32), -1, 0)
    return lupton_rgb(red, green, blue, STRETCH)
