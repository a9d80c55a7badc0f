"""Noise-free rest-frame spectra of galaxies, quasars and stars, drawn at random.

All on ``templates.REST``, flux per unit wavelength, NaN where no template tells. Lines of
gas are those of ``spectrum_lines``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.training.spectrum_lines import (
    PIXEL_KM_S,
    absorption,
    disc_lines,
    gaussians,
    interstellar,
    lines_of_flux,
    lyman_alpha,
    narrow_lines,
    nebular_lines,
    pixel_of,
)
from astrogui.training.templates import REST, REST_ANGSTROM, Templates

Array = NDArray[np.float64]
Random = np.random.Generator

_LOG = REST.centres_log10


def galaxy(rng: Random, templates: Templates, kind: str) -> Array:
    """A galaxy: ``kind`` is "passive", "forming" or "active" (narrow lines of a nucleus)."""
    continuum = _populations(rng, templates, kind)
    if rng.random() < 0.4:
        continuum = _as_surveyed(continuum, templates.galaxy, rng)
    continuum = broadened(continuum, float(rng.uniform(60, 320 if kind != "forming" else 180)))
    attenuation = float(rng.exponential(0.5 if kind == "passive" else 1.0))
    flux = continuum * dust(attenuation * (0.1 if kind == "passive" else 0.44))
    if kind != "passive":
        flux = flux * interstellar(rng)
    screen = dust(0.5 * attenuation)
    nebular = nebular_lines(rng, kind, flux) * screen / screen[pixel_of(6564.6)]
    if kind == "active" and rng.random() < 0.1:  # a weak broad component, still called a galaxy
        broad = float(10 ** rng.uniform(0.8, 1.6)) * max(float(flux[pixel_of(6564.6)]), 1e-6)
        nebular += lines_of_flux([(6564.63, broad)], float(rng.uniform(700, 2500)))
    return flux + nebular


def distant_galaxy(rng: Random, templates: Templates) -> Array:
    """A young galaxy seen in the ultraviolet: its continuum, Lyman alpha, and other lines.

    Equivalent widths of Lyman alpha from damped absorption to 200 Å at rest, its shift to the
    red of 0 to 500 km/s, and weak C III], O III], He II as in Shapley et al. 2003, ApJ 588, 65.
    """
    young = np.array([1.0, 0.9, 0.6, 0.3, 0.15, 0.05, 0.02])
    shares = rng.gamma(young + 0.02)
    continuum = shares @ templates.populations / shares.sum()
    continuum = broadened(continuum, float(rng.uniform(60, 150)))
    continuum = continuum * dust(float(rng.exponential(0.12))) * interstellar(rng)
    nebular = nebular_lines(rng, "forming", continuum) * dust(float(rng.exponential(0.1)))
    flux = continuum + nebular
    level = {}
    for place in (1250.0, 1650.0, 1908.0, 2800.0):
        near = continuum[pixel_of(place - 15) : pixel_of(place + 15)]
        level[place] = max(float(np.nanmedian(near)), 1e-6)
    width = float(10 ** rng.uniform(0.0, 0.9)) * float(rng.choice([0.15, 1.0]))
    ratio = float(rng.uniform(0.1, 0.8))
    flux = flux + lines_of_flux(
        [
            (1906.68, 0.6 * width * level[1908.0]), (1908.73, 0.4 * width * level[1908.0]),
            (1660.81, 0.3 * ratio * width * level[1650.0]),
            (1666.15, 0.7 * ratio * width * level[1650.0]),
            (1640.42, 0.5 * ratio * width * level[1650.0]),
        ],
        float(rng.uniform(40, 120)),
    )  # fmt: skip
    if rng.random() < 0.3:
        magnesium = float(rng.uniform(0.5, 4.0)) * level[2800.0]
        flux = flux + lines_of_flux([(2796.35, magnesium), (2803.53, 0.6 * magnesium)], 100.0)
    return flux + lyman_alpha(rng, level[1250.0], flux)


def quasar(rng: Random, templates: Templates, kind: str, redshift: float) -> Array:
    """A quasar or Seyfert 1: ``kind`` is "usual", "low", "high", "absorbed" or "broad".

    "low" and "high" draw from the two redshift-limited template sets, "absorbed" adds broad
    absorption and reddening, "broad" has very broad or double-peaked lines in a host galaxy.
    """
    if kind == "broad":
        return _broad_line_nucleus(rng, templates)
    if kind == "absorbed":
        base = _drawn(rng, templates, "high" if redshift > 1.4 and rng.random() < 0.5 else "usual")
        flux = _line_strength(base, float(rng.uniform(0.6, 1.5)))
        return flux * absorption(rng) * dust(float(rng.exponential(0.12)), slope=1.4)
    flux = _line_strength(_drawn(rng, templates, kind), float(rng.uniform(0.6, 1.7)))
    flux = broadened(flux, float(rng.choice([0.0, rng.uniform(0, 3500)])))
    flux = flux * (REST_ANGSTROM / 3000.0) ** rng.normal(0, 0.35)
    flux = flux * dust(float(rng.exponential(0.04)), slope=1.4)
    if redshift < 1.5:
        flux = flux + narrow_lines(rng, flux, float(10 ** rng.uniform(-0.5, 1.7)))
    if redshift < 0.9 and rng.random() < 0.6:
        flux = _with_host(rng, templates, flux, float(rng.uniform(0.0, 0.7)))
    return flux


def star(rng: Random, templates: Templates, kind: str) -> Array:
    """A star of ``kind`` "hot", "cool", "red" or "odd" (carbon, cataclysmic, magnetic)."""
    if kind == "odd" and rng.random() < 0.4:
        flux = templates.cataclysmic[0] + 1.5 * rng.normal() * templates.cataclysmic[1]
        flux = flux + 1.5 * rng.normal() * templates.cataclysmic[2]
        flux = flux / np.nanmedian(np.abs(flux))
    else:
        table = templates.stars[kind]
        first = table[rng.integers(len(table))]
        second = table[rng.integers(len(table))]
        share = float(rng.choice([0.0, rng.uniform(0, 0.4)])) if kind == "cool" else 0.0
        flux = np.where(np.isfinite(second), (1 - share) * first + share * second, first)
    if kind == "red" and rng.random() < 0.25:  # flares and young stars
        balmer = gaussians([(6564.6, 1.0), (4862.7, 0.3)], 120.0)
        flux = flux + balmer * abs(rng.normal(0, 1.5)) * np.nanmedian(np.abs(flux)) * 2
    return flux * dust(float(rng.exponential(0.08)), slope=1.2)


def broadened(flux: Array, sigma_km_s: float) -> Array:
    """Convolved with a Gaussian of the velocity; NaN ends stay NaN."""
    from scipy.ndimage import gaussian_filter1d

    if sigma_km_s < 0.3 * PIXEL_KM_S:
        return flux
    known = np.isfinite(flux)
    filled = np.interp(_LOG, _LOG[known], flux[known])
    smooth = gaussian_filter1d(filled, sigma_km_s / PIXEL_KM_S, mode="nearest", truncate=3.5)
    return np.where(known, smooth, np.nan)


def dust(reddening: float, slope: float = 1.0) -> Array:
    """Attenuation (n,) of E(B-V) = ``reddening``, as a power law of wavelength.

    A(lambda) = 3.1 E(B-V) (lambda / 5500)^-slope; 0.7 to 1.4 spans galaxies to the Small
    Magellanic Cloud. Source: Charlot & Fall 2000, ApJ 539, 718; Prevot et al. 1984, A&A 132, 389.
    """
    magnitudes = 3.1 * reddening * (REST_ANGSTROM / 5500.0) ** -slope
    return np.asarray(10 ** (-0.4 * np.minimum(magnitudes, 12.0)))


def _populations(rng: Random, templates: Templates, kind: str) -> Array:
    """Light shares at 5500 Å: old populations for passive galaxies, young ones added otherwise."""
    young_to_old = {
        "passive": (0.02, 0.02, 0.05, 0.1, 0.8, 1.5, 2.0),
        "forming": (1.0, 0.9, 0.8, 0.8, 0.8, 0.4, 0.4),
        "active": (0.2, 0.2, 0.3, 0.4, 0.8, 1.0, 1.2),
    }[kind]
    shares = rng.gamma(np.array(young_to_old) + 0.02)
    return shares @ templates.populations / shares.sum()


def _as_surveyed(flux: Array, vectors: Array, rng: Random) -> Array:
    """Moved towards its projection on eigenspectra: details that the populations lack."""
    known = np.isfinite(vectors[0]) & (REST_ANGSTROM > 3300)
    basis = vectors[:, known]
    coefficients = np.linalg.lstsq(basis.T, flux[known], rcond=None)[0]
    projected = coefficients @ vectors
    share = float(rng.uniform(0.3, 1.0))
    return np.where(
        np.isfinite(projected) & (projected > 0), share * projected + (1 - share) * flux, flux
    )


def _drawn(rng: Random, templates: Templates, kind: str) -> Array:
    """A random member of a quasar template set, with unit median; positive over its cover."""
    if rng.random() < 0.15:
        base = templates.composite[rng.integers(2)]
        return _completed(base / np.nanmedian(base), templates)
    vectors, widths = {
        "usual": (templates.quasar, (0.8, 0.7, 0.7)),
        "low": (templates.quasar_low, (25.0, 12.0, 8.0)),
        "high": (templates.quasar_high, (20.0, 10.0, 8.0)),
    }[kind]
    for shrink in (1.0, 0.8, 0.6, 0.4, 0.2, 0.0):
        coefficients = rng.normal(size=3) * np.array(widths) * shrink
        flux = vectors[0] + coefficients @ vectors[1:]
        if np.nanmin(flux[REST_ANGSTROM > 1000] / vectors[0][REST_ANGSTROM > 1000]) > 0.15:
            break
    return _completed(flux / np.nanmedian(flux), templates)


def _completed(flux: Array, templates: Templates) -> Array:
    """Continued beyond its cover by the mean of the set that covers everything."""
    mean, known = templates.quasar[0], np.isfinite(flux)
    first, last = np.flatnonzero(known)[[0, -1]]
    out = flux.copy()
    near = slice(max(last - 300, 0), last)
    out[last + 1 :] = mean[last + 1 :] * np.median(flux[near]) / np.median(mean[near])
    near = slice(first, first + 300)
    out[:first] = mean[:first] * np.median(flux[near]) / np.median(mean[near])
    ends = np.flatnonzero(np.isfinite(out))
    return np.where(np.isfinite(out), out, out[ends[-1]] * (REST_ANGSTROM > 1000))


def _line_strength(flux: Array, power: float) -> Array:
    """Lines over the broad continuum raised to a power: stronger (> 1) or weaker (< 1)."""
    from scipy.ndimage import gaussian_filter1d

    logarithm = np.log(np.maximum(flux, 1e-4))
    coarse = logarithm.reshape(-1, 20).mean(axis=1)
    coarse = gaussian_filter1d(coarse, 35, mode="nearest", truncate=3)
    broad = np.interp(np.arange(REST.size), 20 * np.arange(coarse.size) + 9.5, coarse)
    return np.exp(broad + power * (logarithm - broad))


def _broad_line_nucleus(rng: Random, templates: Templates) -> Array:
    """Power law, broad lines of one or two displaced components, narrow lines, host galaxy.

    Widths and separations span those of disc-like emitters: Strateva et al. 2003, AJ 126, 1720.
    """
    slope = float(rng.normal(-1.4, 0.5))
    continuum = (REST_ANGSTROM / 5100.0) ** slope
    bump = np.exp(-0.5 * ((_LOG - np.log10(3000)) / 0.07) ** 2)
    continuum = continuum * (1 + float(rng.uniform(0, 0.5)) * bump)
    base = _drawn(rng, templates, "low")
    texture = _line_strength(base, 1.0) / np.maximum(_line_strength(base, 0.0), 1e-4)
    flux = continuum * texture ** float(rng.choice([0.0, rng.uniform(0.1, 0.7)], p=[0.4, 0.6]))
    flux = flux + disc_lines(rng, continuum)
    flux = flux * dust(float(rng.exponential(0.08)), slope=1.2)
    flux = flux + narrow_lines(rng, flux, float(10 ** rng.uniform(0.3, 2.1)))
    return _with_host(rng, templates, flux, float(rng.uniform(0.0, 0.92)))


def _with_host(rng: Random, templates: Templates, flux: Array, share: float) -> Array:
    """A host galaxy of the given share of the light at 5100 Å is added."""
    host = galaxy(rng, templates, str(rng.choice(["passive", "forming", "active"])))
    at = pixel_of(5100.0)
    scale = share / max(1 - share, 0.05) * flux[at] / max(float(host[at]), 1e-6)
    return flux + scale * host
