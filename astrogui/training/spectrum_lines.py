"""Lines of gas in rest-frame spectra, in emission and absorption, drawn at random.

All on ``templates.REST``, flux per unit wavelength. Widths and ratios of lines follow the sources
named at each function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science.lines import BROAD, wavelength_of
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.training.templates import REST, REST_ANGSTROM

Array = NDArray[np.float64]
Random = np.random.Generator

PIXEL_KM_S = SPEED_OF_LIGHT_KM_S * np.log(10.0) * REST.step


def nebular_lines(rng: Random, kind: str, continuum: Array) -> Array:
    """Narrow emission of gas ionised by young stars or a nucleus, before dust.

    Star-forming ratios follow the locus of Kewley et al. 2013, ApJ 774, 100, eq. (3); nuclei fill
    the region above it. Balmer decrement 2.86 (Osterbrock & Ferland 2006, table 4.4).
    """
    level = max(float(continuum[pixel_of(6564.6)]), 1e-6)
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
    return lines_of_flux(places, sigma)


def narrow_lines(rng: Random, continuum: Array, width_angstrom: float) -> Array:
    """Narrow lines of an active nucleus; ``width_angstrom`` is the equivalent width of 5008."""
    level = max(float(continuum[pixel_of(5008.2)]), 1e-6)
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
    return lines_of_flux(places, float(rng.uniform(100, 350)))


def disc_lines(rng: Random, continuum: Array) -> Array:
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
        flux = width * float(continuum[pixel_of(centre)])
        if double:
            low = centre * (1 + (shift - apart / 2) / SPEED_OF_LIGHT_KM_S)
            high = centre * (1 + (shift + apart / 2) / SPEED_OF_LIGHT_KM_S)
            places = [(low, flux * unequal / 2), (high, flux * (2 - unequal) / 2)]
        else:
            places = [(centre * (1 + shift / SPEED_OF_LIGHT_KM_S), flux)]
        total += lines_of_flux(places, sigma)
    return total


def lyman_alpha(rng: Random, level: float, flux: Array) -> Array:
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
    line = lines_of_flux(places, sigma)
    if rng.random() < 0.15:  # a weaker blue peak
        apart = float(rng.uniform(300, 600))
        place = 1215.67 * (1 + (shift - apart) / SPEED_OF_LIGHT_KM_S)
        line = line + lines_of_flux([(place, 0.3 * total)], sigma)
    return line


def interstellar(rng: Random) -> Array:
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
    depth = gaussians(
        [(w * (1 - rng.uniform(0, 200) / SPEED_OF_LIGHT_KM_S), d) for w, d in lines.items()],
        float(rng.uniform(100, 250)),
    )
    return np.asarray(1 - np.clip(strength * depth, 0, 0.95))


def absorption(rng: Random) -> Array:
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
        depth += gaussians(places, sigma)
    return np.asarray(1 - float(rng.uniform(0.6, 1.0)) * (1 - np.exp(-depth)))


def lines_of_flux(places: list[tuple[float, float]], sigma_km_s: float) -> Array:
    """Gaussians of given integrated flux (flux unit times ångström)."""
    root = np.sqrt(2 * np.pi) * sigma_km_s / SPEED_OF_LIGHT_KM_S
    return gaussians([(w, flux / (root * w)) for w, flux in places], sigma_km_s)


def gaussians(places: list[tuple[float, float]], sigma_km_s: float) -> Array:
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


def pixel_of(wavelength_angstrom: float) -> int:
    return int(np.clip(round(REST.pixel(wavelength_angstrom)), 0, REST.size - 1))
