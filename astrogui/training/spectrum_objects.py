"""Noise-free rest-frame spectra of galaxies, quasars and stars, drawn at random.

All on ``templates.REST``, flux per unit wavelength, NaN where no template tells. Widths and
ratios of lines follow the sources named at each function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science.lines import BROAD, wavelength_of
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.training.templates import REST, REST_ANGSTROM, Templates

Array = NDArray[np.float64]
Random = np.random.Generator

PIXEL_KM_S = SPEED_OF_LIGHT_KM_S * np.log(10.0) * REST.step
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
        flux = flux * _interstellar(rng)
    screen = dust(0.5 * attenuation)
    nebular = _nebular(rng, kind, flux) * screen / screen[_at(6564.6)]
    if kind == "active" and rng.random() < 0.1:  # a weak broad component, still called a galaxy
        broad = float(10 ** rng.uniform(0.8, 1.6)) * max(float(flux[_at(6564.6)]), 1e-6)
        nebular += _lines_of_flux([(6564.63, broad)], float(rng.uniform(700, 2500)))
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
    continuum = continuum * dust(float(rng.exponential(0.12))) * _interstellar(rng)
    nebular = _nebular(rng, "forming", continuum) * dust(float(rng.exponential(0.1)))
    flux = continuum + nebular
    level = {place: max(float(np.nanmedian(continuum[_at(place - 15) : _at(place + 15)])), 1e-6)
             for place in (1250.0, 1650.0, 1908.0, 2800.0)}  # fmt: skip
    width = float(10 ** rng.uniform(0.0, 0.9)) * float(rng.choice([0.15, 1.0]))
    ratio = float(rng.uniform(0.1, 0.8))
    flux = flux + _lines_of_flux(
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
        flux = flux + _lines_of_flux([(2796.35, magnesium), (2803.53, 0.6 * magnesium)], 100.0)
    return flux + _lyman_alpha(rng, level[1250.0], flux)


def _lyman_alpha(rng: Random, level: float, flux: Array) -> Array:
    """What Lyman alpha adds: a line with a red wing, or (in a third) damped absorption."""
    if rng.random() < 0.33:
        width = float(rng.uniform(3.0, 12.0))
        trough = 1.0 / (1 + ((REST_ANGSTROM - 1215.67) / width) ** 2) ** 1.5
        return np.where(np.isfinite(flux), -flux * trough * float(rng.uniform(0.4, 1.0)), 0.0)
    total = level * float(10 ** rng.uniform(0.5, 2.3))
    shift, sigma = float(rng.uniform(0, 500)), float(rng.uniform(60, 220))
    tail = float(rng.uniform(0.2, 0.6))
    places = [
        (1215.67 * (1 + (shift + part * sigma) / SPEED_OF_LIGHT_KM_S), total * share)
        for part, share in ((0.0, 1 - tail), (1.5, 0.65 * tail), (3.0, 0.35 * tail))
    ]
    line = _lines_of_flux(places, sigma)
    if rng.random() < 0.15:  # a weaker blue peak
        apart = float(rng.uniform(300, 600))
        place = 1215.67 * (1 + (shift - apart) / SPEED_OF_LIGHT_KM_S)
        line = line + _lines_of_flux([(place, 0.3 * total)], sigma)
    return line


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
        return flux * _absorption(rng) * dust(float(rng.exponential(0.12)), slope=1.4)
    flux = _line_strength(_drawn(rng, templates, kind), float(rng.uniform(0.6, 1.7)))
    flux = broadened(flux, float(rng.choice([0.0, rng.uniform(0, 3500)])))
    flux = flux * (REST_ANGSTROM / 3000.0) ** rng.normal(0, 0.35)
    flux = flux * dust(float(rng.exponential(0.04)), slope=1.4)
    if redshift < 1.5:
        flux = flux + _narrow_lines(rng, flux, float(10 ** rng.uniform(-0.5, 1.7)))
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
        balmer = _gaussians([(6564.6, 1.0), (4862.7, 0.3)], 120.0)
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


def _at(wavelength_angstrom: float) -> int:
    return int(np.clip(round(REST.pixel(wavelength_angstrom)), 0, REST.size - 1))


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


def _interstellar(rng: Random) -> Array:
    """Ultraviolet absorption of the interstellar medium, slightly blueshifted by outflow.

    Lines and depths as in the composite of Zhu et al. 2015, ApJ 815, 48.
    """
    lines = {
        1260.42: 0.6, 1302.17: 0.6, 1334.53: 0.6, 1393.76: 0.4, 1402.77: 0.3, 1526.71: 0.5,
        1548.2: 0.5, 1550.8: 0.4, 1608.45: 0.4, 1670.79: 0.6, 1854.72: 0.3, 1862.79: 0.25,
        2344.21: 0.6, 2374.46: 0.5, 2382.77: 0.65, 2586.65: 0.6, 2600.17: 0.65, 2796.35: 0.7,
        2803.53: 0.65, 2852.96: 0.3,
    }  # fmt: skip
    strength = float(rng.uniform(0.2, 1.3))
    depth = _gaussians(
        [(w * (1 - rng.uniform(0, 200) / SPEED_OF_LIGHT_KM_S), d) for w, d in lines.items()],
        float(rng.uniform(100, 250)),
    )
    return np.asarray(1 - np.clip(strength * depth, 0, 0.95))


def _nebular(rng: Random, kind: str, continuum: Array) -> Array:
    """Narrow emission of gas ionised by young stars or a nucleus, before dust.

    Star-forming ratios follow the locus of Kewley et al. 2013, ApJ 774, 100, eq. (3); nuclei fill
    the region above it. Balmer decrement 2.86 (Osterbrock & Ferland 2006, table 4.4).
    """
    level = max(float(continuum[_at(6564.6)]), 1e-6)
    if kind == "passive":
        width_angstrom = float(rng.choice([0.0, 10 ** rng.uniform(-0.7, 0.6)], p=[0.55, 0.45]))
        nitrogen, oxygen = float(rng.uniform(-0.3, 0.4)), float(rng.uniform(0.0, 0.7))
    elif kind == "forming":
        width_angstrom = float(10 ** rng.normal(1.45, 0.5))
        nitrogen = float(np.clip(rng.normal(-0.65, 0.35), -1.9, -0.15))
        oxygen = 0.61 / (nitrogen + 0.08 - 0.35) + 1.1 + float(rng.normal(0, 0.15))
    else:
        width_angstrom = float(10 ** rng.normal(1.3, 0.45))
        nitrogen, oxygen = float(rng.normal(0.0, 0.2)), float(rng.uniform(0.2, 1.25))
    alpha = min(width_angstrom, 2000.0) * level
    beta = alpha / 2.86
    oxygen = float(np.clip(oxygen, -1.2, 1.3))
    doubly, second = beta * 10**oxygen, beta * 10 ** float(rng.normal(0.42, 0.18))
    sulphur = alpha * 10 ** float(rng.normal(-0.6 if kind == "forming" else -0.3, 0.12))
    split = float(rng.uniform(0.42, 0.62))
    ionised = alpha * 10**nitrogen
    fluxes = {
        "Hα": alpha, "Hβ": beta, "Hγ": 0.468 * beta, "Hδ": 0.259 * beta,
        "[O III] 5008": doubly, "[O III] 4960": doubly / 2.98,
        "[Ne III]": doubly * float(rng.uniform(0.04, 0.12)),
        "[O III] 4364": doubly * float(rng.uniform(0.0, 0.02)),
        "[N II] 6585": ionised, "[N II] 6550": ionised / 3.05,
        "[S II] 6718": sulphur * split, "[S II] 6733": sulphur * (1 - split),
        "[O I]": alpha * (0.03 if kind == "forming" else float(rng.uniform(0.05, 0.25))),
        "He I": 0.12 * beta, "[Ar III]": 0.03 * doubly,
        "[S III] 9071": float(rng.uniform(0.03, 0.15)) * alpha,
        "He II 4687": beta * (0.0 if kind == "forming" else float(rng.uniform(0, 0.25))),
    }  # fmt: skip
    sigma = float(rng.uniform(40, 120) if kind == "forming" else rng.uniform(90, 350))
    places = [(wavelength_of(name), flux) for name, flux in fluxes.items()]
    places.append((wavelength_of("[S III] 9533"), 2.44 * fluxes["[S III] 9071"]))
    # The doublet at 3727.09 and 3729.88 Å is resolved by the better spectrographs.
    places += [(3727.09, second * 0.43), (3729.88, second * 0.57)]
    if rng.random() < 0.3:
        places.append((1215.67, beta * float(10 ** rng.uniform(-0.5, 1.2))))
    if kind == "active":
        places += [(2799.1, beta * 0.3), (3426.8, doubly * float(rng.uniform(0, 0.1)))]
    return _lines_of_flux(places, sigma)


def _lines_of_flux(places: list[tuple[float, float]], sigma_km_s: float) -> Array:
    """Gaussians of given integrated flux (flux unit times ångström)."""
    root = np.sqrt(2 * np.pi) * sigma_km_s / SPEED_OF_LIGHT_KM_S
    return _gaussians([(w, flux / (root * w)) for w, flux in places], sigma_km_s)


def _gaussians(places: list[tuple[float, float]], sigma_km_s: float) -> Array:
    """Sum of Gaussians in velocity of given peak; each computed within five sigma only."""
    total = np.zeros(REST.size)
    sigma = max(sigma_km_s / PIXEL_KM_S, 0.6)
    reach = int(np.ceil(5 * sigma))
    for wavelength, peak in places:
        centre = REST.pixel(wavelength)
        first = max(0, int(centre) - reach)
        last = min(REST.size, int(centre) + reach + 1)
        if first < last and peak != 0:
            offset = (np.arange(first, last) - centre) / sigma
            total[first:last] += peak * np.exp(-0.5 * offset**2)
    return total


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


def _narrow_lines(rng: Random, continuum: Array, width_angstrom: float) -> Array:
    """Narrow lines of an active nucleus; ``width_angstrom`` is the equivalent width of 5008."""
    level = max(float(continuum[_at(5008.2)]), 1e-6)
    oxygen = width_angstrom * level
    beta = oxygen / float(10 ** rng.uniform(0.6, 1.2))
    alpha = 3.1 * beta
    places = [
        (5008.24, oxygen), (4960.30, oxygen / 2.98), (4862.69, beta), (6564.63, alpha),
        (6585.27, alpha * float(rng.uniform(0.4, 1.3))),
        (6549.86, alpha * 0.25), (3727.09, oxygen * float(rng.uniform(0.05, 0.2))),
        (3729.88, oxygen * float(rng.uniform(0.05, 0.2))), (3869.86, 0.08 * oxygen),
        (3426.8, 0.05 * oxygen), (4341.69, 0.47 * beta),
        (6718.29, 0.25 * alpha), (6732.67, 0.22 * alpha), (6302.05, 0.1 * alpha),
    ]  # fmt: skip
    return _lines_of_flux(places, float(rng.uniform(100, 350)))


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
    flux = flux + _disc_lines(rng, continuum)
    flux = flux * dust(float(rng.exponential(0.08)), slope=1.2)
    flux = flux + _narrow_lines(rng, flux, float(10 ** rng.uniform(0.3, 2.1)))
    return _with_host(rng, templates, flux, float(rng.uniform(0.0, 0.92)))


def _disc_lines(rng: Random, continuum: Array) -> Array:
    double = rng.random() < 0.5
    sigma = float(rng.uniform(700, 5000)) if not double else float(rng.uniform(900, 2800))
    apart = float(rng.uniform(1800, 6500)) if double else 0.0
    shift = float(rng.normal(0, 500))
    unequal = float(rng.uniform(0.5, 1.5))
    widths = {"Hα": 300.0, "Hβ": 80.0, "Hγ": 30.0, "Hδ": 15.0, "Mg II": 50.0, "He I": 12.0}
    widths |= {
        "C III]": 22.0,
        "C IV": 45.0,
        "Lyα": 80.0,
        "Si IV": 10.0,
        "He II": 8.0,
        "Al III": 5.0,
    }
    strength = float(10 ** rng.normal(0, 0.25))
    total = np.zeros(REST.size)
    for line in BROAD:
        if line.name not in widths:
            continue
        centre = line.wavelength_angstrom
        width = widths[line.name] * strength * float(10 ** rng.normal(0, 0.12))
        flux = width * float(continuum[_at(centre)])
        if double:
            low = centre * (1 + (shift - apart / 2) / SPEED_OF_LIGHT_KM_S)
            high = centre * (1 + (shift + apart / 2) / SPEED_OF_LIGHT_KM_S)
            places = [(low, flux * unequal / 2), (high, flux * (2 - unequal) / 2)]
        else:
            places = [(centre * (1 + shift / SPEED_OF_LIGHT_KM_S), flux)]
        total += _lines_of_flux(places, sigma)
    return total


def _with_host(rng: Random, templates: Templates, flux: Array, share: float) -> Array:
    """A host galaxy of the given share of the light at 5100 Å is added."""
    host = galaxy(rng, templates, str(rng.choice(["passive", "forming", "active"])))
    at = _at(5100.0)
    scale = share / max(1 - share, 0.05) * flux[at] / max(float(host[at]), 1e-6)
    return flux + scale * host


def _absorption(rng: Random) -> Array:
    """Transmission of broad absorption troughs on the blue side of resonance lines.

    Velocities and depths span those of Gibson et al. 2009, ApJ 692, 758.
    """
    lines = {1549.48: 1.0, 1398.33: 0.6, 1240.81: 0.9, 1215.67: 0.5, 1033.8: 0.7}
    if rng.random() < 0.25:  # of low ionisation too
        lines |= {2799.1: 0.7, 1857.8: 0.6, 2600.2: 0.3, 2382.8: 0.3, 2344.2: 0.2}
    depth = np.zeros(REST.size)
    for _ in range(int(rng.integers(1, 4))):
        velocity, sigma = float(rng.uniform(800, 22000)), float(10 ** rng.uniform(2.5, 3.6))
        peak = float(rng.uniform(0.3, 3.0))
        places = [(w * (1 - velocity / SPEED_OF_LIGHT_KM_S), peak * d) for w, d in lines.items()]
        depth += _gaussians(places, sigma)
    return np.asarray(1 - float(rng.uniform(0.6, 1.0)) * (1 - np.exp(-depth)))
