"""The forward check of a lens candidate: cut-outs in every band, a fit in each, one verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from astrogui.records.image import Field
from astrogui.records.provenance import Place
from astrogui.science import lens_fit, point_spread
from astrogui.science.detection import background, detect
from astrogui.science.sky_cutouts import sky_cutouts
from astrogui.tasks import sources
from astrogui.tasks.lens_cutouts import Setting, setting_of

SIDE = 48  # pixels of the fit's cut-out: 13 arcsec from the ground, 5 from space
SEEING_READ = 400  # pixels around the galaxy that the seeing is measured in
TYPICAL_SEEING_ARCSEC = {True: 0.13, False: 0.75}  # from space, from the ground
DECIDING = ("g", "r", "i", "z", "u")  # sources are brightest against the galaxy in the blue

Cells = dict[str, float | str | bool | None]


def fitted_cells(record: Field, place: Place, progress: Callable[[float], None]) -> Cells | None:
    """`lens_fit_delta_bic` and `lens_fit_einstein_radius` of the bluest band that can be fitted.

    None where no band has enough light. The Einstein radius is null where no lens is preferred.
    """
    setting = setting_of(record, {})
    if place.x_pixel is None or place.y_pixel is None:
        return None
    x, y = np.array([place.x_pixel]), np.array([place.y_pixel])
    bands = sources.bands_of(list(setting.images))
    cut = sky_cutouts(bands, x, y, np.array([setting.step]), SIDE)
    names = [sources.band_letter(image) for image in setting.images]
    for name in DECIDING:
        if name not in names:
            continue
        k = names.index(name)
        noise = float(cut.noise[0, k])
        light = cut.light[0, k].astype(np.float64)
        if not noise > 0 or light[SIDE // 4 : -SIDE // 4].max() < 10 * noise:
            continue
        seeing = _seeing_arcsec(setting, k, place) / setting.grid_arcsec
        fit = lens_fit.compare(light, noise, seeing, cut.known[0, k], progress)
        radius = fit.einstein_radius * setting.grid_arcsec
        return {
            "lens_fit_delta_bic": fit.delta_bic,
            "lens_fit_einstein_radius": radius if fit.delta_bic > 0 else None,
            "method": f"forward fit in {setting.images[k].band or 'the band'}",
        }
    return None


def _seeing_arcsec(setting: Setting, number: int, place: Place) -> float:
    """FWHM of the stars around the place; what is usual where there are too few."""
    image = setting.images[number]
    assert place.x_pixel is not None
    assert place.y_pixel is not None
    half = SEEING_READ // 2
    x, y = int(place.x_pixel), int(place.y_pixel)
    pixels, noise, mask = background(image.section(y - half, y + half, x - half, x + half))
    found = detect(pixels, noise, mask)
    signal = found.flux / np.maximum(found.flux_err, 1e-30)
    clean = ~(found.blended | found.edge)
    stars = point_spread.choose_stars(found.half_light_radius, signal, clean) if len(found) else ()
    space = setting.grid_arcsec < 0.15
    if len(stars) < point_spread.LEAST_STARS:
        return TYPICAL_SEEING_ARCSEC[space]
    radius = float(np.median(found.half_light_radius[stars]))
    scale = image.pixel_scale_arcsec or setting.pixel_arcsec
    return radius / point_spread.RADIUS_PER_FWHM * scale
