"""Sources of one section of sky in all its bands: cut out, measured, ready for a network.

Everything is settled from the pixels of the section alone (background, seeing, neighbours), so a
source gets the same numbers whichever other sources are asked for with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import cutouts, detection, photometry, point_spread
from astrogui.science.detection import Detections, SectionReader

Floats = NDArray[np.floating[Any]]
LEAST_AXIS_RATIO = 0.6  # of a star: cosmic rays are compact, too, and can outnumber the stars
FLAT_PIXELS = 10  # of the grid above 90 % of the peak: a seeing disc has one
FLAT_SIGNAL = 500.0  # signal-to-noise above which a flat top means saturation
MARGIN = 64  # pixels of a band read around the section, beyond the cut-outs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """One band of a field: its pixels, and where a place of the reference lies in it."""

    slot: int  # position among photometry.BANDS
    read: SectionReader
    shape: tuple[int, int]
    place: Callable[[Floats, Floats], tuple[Floats, Floats]]  # reference pixel to own pixel
    saturation: float = np.nan  # in the image's unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aligned:
    """What `aligned` found, one element a source; bands in the order of photometry.BANDS."""

    pixels: NDArray[np.float32]  # (n, size, size, 2 x bands)
    measures: photometry.Measures
    shape: NDArray[np.float32]  # (n, photometry.SHAPES)
    flux: Floats  # (n, bands) within the Kron-like aperture, NaN where absent
    flux_err: Floats
    saturated: NDArray[np.bool_]
    masked_core: NDArray[np.bool_]
    star_radius: float  # half-light radius of a star in the reference band, pixel
    stars: int  # that the seeing of the reference band was measured from


def aligned(bands: Sequence[Band], section: Detections, chosen: NDArray[np.intp]) -> Aligned:
    """Cut-outs and measures of the `chosen` sources of a section; the first band is the reference.

    `section` holds every source of the section (seeing and neighbours come from all of them).
    """
    signal = section.flux / np.maximum(section.flux_err, 1e-30)
    clean = ~(section.blended | section.edge) & (section.b > LEAST_AXIS_RATIO * section.a)
    radius = point_spread.star_radius(section.half_light_radius, signal, clean)
    stars = point_spread.choose_stars(section.half_light_radius, signal, clean)
    step = radius / point_spread.RADIUS_PER_FWHM / cutouts.STEPS_PER_FWHM
    ellipse = (section.a, section.b, section.theta)
    foreign = cutouts.neighbour_mask(section.x, section.y, ellipse, step)
    rows = np.concatenate([stars, chosen])
    count, size, slots = len(chosen), cutouts.SIZE, len(photometry.BANDS)
    cuts = np.zeros((count, slots, size, size), np.float32)
    models = np.full((count, slots, 1 + len(point_spread.EXTENTS), size, size), 1 / size**2)
    models = models.astype(np.float32)
    used = np.zeros(cuts.shape, bool)
    noise = np.ones((count, slots))
    flux, flux_err = np.full((2, count, slots), np.nan)
    saturated, masked_core = np.zeros((2, count), bool)
    measured = 0
    for number, band in enumerate(bands):
        view = _band_view(band, section, rows, step, kron_of=chosen)
        if view is None:
            continue
        good = np.isfinite(view.cuts) & ~view.bad & ~foreign[rows]
        part = slice(len(stars), None)
        model = point_spread.measure(
            np.where(good, view.cuts, 0)[: len(stars)], good[: len(stars)],
            view.noise[: len(stars)], section.x[stars], section.y[stars],
        )  # fmt: skip
        cuts[:, band.slot] = np.nan_to_num(view.cuts[part])
        models[:, band.slot] = model.with_extended(section.x[chosen], section.y[chosen])
        used[:, band.slot] = good[part]
        noise[:, band.slot] = view.noise[part]
        flux[:, band.slot], flux_err[:, band.slot] = view.flux, view.flux_err
        if number == 0:
            measured = model.stars
            flux[:, band.slot] = section.flux[chosen]
            flux_err[:, band.slot] = section.flux_err[chosen]
            masked_core = _any_in_core(view.bad[part])
            saturated = _saturated(view.cuts[part], signal[chosen], section.peak[chosen], band)
    present = _share_in_core(used) > 0.6
    used &= present[:, :, None, None]
    flux[~present], flux_err[~present] = np.nan, np.nan
    measures, residual = photometry.measure(
        cuts, models[:, :, 0], models[:, :, 1:], used, noise, present
    )
    kron_size = section.kron_radius * np.sqrt(section.a * section.b)
    return Aligned(
        pixels=photometry.pixels_for_network(cuts, residual, used, noise),
        measures=measures,
        shape=photometry.shape_measures(
            section.half_light_radius[chosen], kron_size[chosen],
            (section.b / section.a)[chosen], radius, measured,
        ),
        flux=flux,
        flux_err=flux_err,
        saturated=saturated,
        masked_core=masked_core,
        star_radius=radius,
        stars=measured,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _View:
    cuts: Floats  # (rows, size, size) flux per grid pixel
    bad: NDArray[np.bool_]
    noise: Floats  # (rows,) of a grid pixel
    flux: Floats  # (chosen,) in the aperture
    flux_err: Floats


def _band_view(
    band: Band, section: Detections, rows: NDArray[np.intp], step: float, kron_of: NDArray[np.intp]
) -> _View | None:
    """One band's light around the rows; None where the band does not reach the section."""
    x, y, jacobian = in_band(band, section.x, section.y)
    window = window_around(x, y, jacobian, step * cutouts.SIZE, band.shape)
    if window is None:
        return None
    y0, y1, x0, x1 = window
    pixels, noise, bad = detection.background(band.read(y0, y1, x0, x1))
    if bad.all() or min(pixels.shape) < 8:
        return None
    off = ~(np.isfinite(x) & np.isfinite(y))
    x, y = np.where(off, -1e6, x - x0), np.where(off, -1e6, y - y0)
    cuts = cutouts.cut(pixels, x[rows], y[rows], jacobian[rows], step)
    masked = cutouts.nearest(_grown(bad), x[rows], y[rows], jacobian[rows], step)
    column = np.clip(np.rint(x[rows]).astype(np.intp), 0, pixels.shape[1] - 1)
    row = np.clip(np.rint(y[rows]).astype(np.intp), 0, pixels.shape[0] - 1)
    # White noise of a band's pixel, seen through a grid of `step`: its variance goes with area.
    scale = np.sqrt(np.abs(np.linalg.det(jacobian[rows]))) * step
    inside = (x[kron_of] > -0.5) & (x[kron_of] < pixels.shape[1] - 0.5)
    inside &= (y[kron_of] > -0.5) & (y[kron_of] < pixels.shape[0] - 0.5)
    flux, flux_err = np.full((2, len(kron_of)), np.nan)
    chosen = kron_of[inside]
    if len(chosen):
        flux[inside], flux_err[inside] = detection.ellipse_flux(
            pixels, noise, bad, x[chosen], y[chosen],
            _ellipse_in_band(section.where(chosen), jacobian[chosen]),
        )  # fmt: skip
    return _View(
        cuts=cuts, bad=masked, noise=noise[row, column] * scale, flux=flux, flux_err=flux_err
    )


def in_band(band: Band, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Where places of the reference lie in a band, and d(x, y there) / d(x, y) (n, 2, 2)."""
    column, row = band.place(x, y)
    right = band.place(x + 1.0, y)
    above = band.place(x, y + 1.0)
    jacobian = np.stack(
        [
            np.stack([right[0] - column, above[0] - column], axis=-1),
            np.stack([right[1] - row, above[1] - row], axis=-1),
        ],
        axis=-2,
    )
    return column, row, jacobian


def window_around(
    x: Floats, y: Floats, jacobian: Floats, side: float, shape: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The part of a band (y0, y1, x0, x1) that holds places and their cut-outs.

    A cut-out is `side` reference pixels wide. None where the band does not reach them.
    """
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return None
    scale = float(np.nanmax(np.abs(jacobian)))
    reach = int(scale * side) + MARGIN
    y0, y1 = int(np.nanmin(y)) - reach, int(np.nanmax(y)) + reach
    x0, x1 = int(np.nanmin(x)) - reach, int(np.nanmax(x)) + reach
    y0, x0, y1, x1 = max(y0, 0), max(x0, 0), min(y1, shape[0]), min(x1, shape[1])
    return (y0, y1, x0, x1) if y1 > y0 and x1 > x0 else None


def _ellipse_in_band(found: Detections, jacobian: Floats) -> tuple[Floats, Floats, Floats]:
    """Semi-axes and angle of the Kron-like apertures as they lie in a band."""
    scale = np.sqrt(np.abs(np.linalg.det(jacobian)))
    along = jacobian @ np.stack([np.cos(found.theta), np.sin(found.theta)], axis=-1)[..., None]
    theta = np.arctan2(along[:, 1, 0], along[:, 0, 0])
    theta = (theta + np.pi / 2) % np.pi - np.pi / 2
    factor = detection.KRON_FACTOR * found.kron_radius * scale
    return found.a * factor, found.b * factor, theta


def _grown(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bad pixels and their neighbours, which the interpolation has mixed with them."""
    if not bad.any():
        return bad
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(bad, np.ones((3, 3), bool)))


def _core() -> NDArray[np.bool_]:
    reach = cutouts.offsets(1.0) / cutouts.STEPS_PER_FWHM
    return np.asarray(np.hypot(reach[:, None], reach) < 1.0)


def _share_in_core(used: NDArray[np.bool_]) -> Floats:
    return np.asarray(used[..., _core()].mean(axis=-1))


def _any_in_core(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(bad[..., _core()].any(axis=-1))


def _saturated(cuts: Floats, signal: Floats, peak: Floats, band: Band) -> NDArray[np.bool_]:
    """Above the file's saturation level or, where it states none, bright with a flat top."""
    if np.isfinite(band.saturation):
        return np.asarray(peak > 0.95 * band.saturation)
    core = np.nan_to_num(cuts[:, _core()])
    flat = (core > 0.9 * core.max(axis=-1, keepdims=True, initial=0.0)).sum(axis=-1)
    return np.asarray((signal > FLAT_SIGNAL) & (flat > FLAT_PIXELS))
