"""Spectra as a fibre or slit spectrograph would have recorded them, with known class and redshift.

An object at rest (``spectrum_objects``) is redshifted exactly, absorbed on its way, seen through
one of several kinds of spectrograph, given noise, sky residuals, cosmic rays, gaps and masks, and
handed over with an error array that may be wrong or absent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, estimate_ivar
from astrogui.training.junk_spectra import JUNK, junk, spoiled
from astrogui.training.spectrographs import (
    SPECTROGRAPHS,
    Spectrograph,
    drawn_spectrograph,
    pixels,
)
from astrogui.training.spectrum_noise import blemishes, foreign_lines, grain, lit, noise
from astrogui.training.spectrum_objects import (
    broadened,
    distant_galaxy,
    galaxy,
    quasar,
    star,
)
from astrogui.training.templates import REST, Templates

Array = NDArray[np.float64]
Random = np.random.Generator

CLASSES = ("GALAXY", "QSO", "STAR", "UNKNOWN")
UNKNOWN_SHARE = 0.08  # of what is trained for: spectra of nothing
KINDS = {
    "GALAXY": (("passive", 0.34), ("forming", 0.44), ("active", 0.22)),
    "QSO": (("usual", 0.25), ("low", 0.2), ("high", 0.25), ("absorbed", 0.12), ("broad", 0.18)),
    "STAR": (("hot", 0.28), ("cool", 0.42), ("red", 0.2), ("odd", 0.1)),
}
"""Kinds and their shares; of the galaxies some are "distant" beside, as the spectrograph says."""
BLIND_GALAXIES = (("passive", 0.16), ("forming", 0.72), ("active", 0.12))
"""Kinds of galaxies where nobody chose the targets."""

REDSHIFT_PRIOR = {
    "GALAXY": "log-uniform 0.001-0.15 (25 %), density rising as z^0.5 to 1 (60 %), "
    "uniform 0.8-2 (15 %), in integral fields 6 %, 64 % and 30 %; distant galaxies uniform "
    "1.3-6.9, by spectrograph "
    + ", ".join(f"{item.name} {item.distant:.0%}" for item in SPECTROGRAPHS),
    "QSO": "uniform in log(1 + z) within each kind: usual 0.01-6.9, low 0.01-1.6, high 1.4-6.9, "
    "absorbed 0.6-5, broad 0.003-1; of those beyond 4.5 two in five",
    "STAR": "normal of 120 km/s, truncated at |z| = 0.004",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What is drawn: spectrographs, shares of classes, and signal-to-noise per 138 km/s.

    ``class_shares`` are of all of ``CLASSES``; each spectrograph's own where it is empty.
    ``lines`` is the share of emission-line galaxies whose brightness is drawn by the significance
    of their lines (log-uniform 4 to 80) and not by their continuum.
    """

    name: str
    class_shares: tuple[float, ...]
    signal_to_noise: tuple[tuple[float, float], ...]  # of each class, log-uniform between
    spectrographs: tuple[str, ...] = ()  # all, where empty
    lines: float = 0.0
    distant: bool = True
    deepest_quasar: float = 7.0
    early_quasars: float = 1.0  # share that is kept of the quasars beyond EARLY: they are rare


TRAINED = Population(
    name="trained",
    class_shares=(),
    signal_to_noise=((0.7, 60.0),) * 4,
    lines=0.4,
    early_quasars=0.4,
)
SURVEY = Population(
    name="survey",
    class_shares=(0.5, 0.3, 0.2, 0.0),
    signal_to_noise=((3.0, 40.0), (3.0, 40.0), (5.0, 60.0), (3.0, 40.0)),
    spectrographs=("survey fibres", "three arms"),
    distant=False,
    deepest_quasar=4.5,
)
NOTHING = replace(TRAINED, name="nothing", class_shares=(0.0, 0.0, 0.0, 1.0))  # junk alone
SURVEY_WORDS = (
    "survey fibres and three-arm spectrographs; median continuum signal-to-noise per 138 km/s "
    "log-uniform 3-40 for galaxies and quasars, 5-60 for stars; galaxies 50 %, quasars (z < 4.5) "
    "30 %, stars 20 %; galaxies to z = 1.2 by the stated prior"
)


EARLY = 4.5  # redshift
NEIGHBOURS = 0.06  # share of a cube's spectra that hold another galaxy's lines too
_FOREST = ((1215.67, 0.0036), (1025.72, 1.7e-3), (972.54, 1.2e-3), (949.74, 9.3e-4))
"""Lyman lines in ångström and their optical depth at wavelength / rest = 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """One simulated spectrum and its truth. Arrays as a reader would give them, (n,)."""

    wavelength_angstrom: Array  # vacuum
    flux: Array
    ivar: Array
    mask: NDArray[np.bool_]
    noise_estimated: bool
    class_name: str
    kind: str
    redshift: float
    signal_to_noise: float  # median per pixel of 2e-4 in log10 wavelength, true errors


def simulate(
    rng: Random,
    templates: Templates,
    class_name: str | None = None,
    population: Population = TRAINED,
) -> Simulated:
    """Draw one spectrum from the prior that the card states."""
    instrument = drawn_spectrograph(rng, population.spectrographs)
    shares = population.class_shares or class_shares(instrument)
    class_name = class_name or str(rng.choice(CLASSES, p=shares))
    if class_name == "UNKNOWN":
        return _junk(rng, templates, instrument)
    kind, redshift = _drawn_object(rng, class_name, population, instrument)
    rest = rest_frame(rng, templates, class_name, kind, redshift)
    limits = population.signal_to_noise[CLASSES.index(class_name)]
    signal_to_noise = float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))
    significance = None
    by_lines = population.lines * (1.5 if instrument.blind else 1.0)
    if kind in ("forming", "active", "distant") and rng.random() < by_lines:
        significance = float(np.exp(rng.uniform(np.log(4.0), np.log(80.0))))
    return observe(rng, rest, class_name, kind, redshift, instrument, signal_to_noise, significance)


def class_shares(instrument: Spectrograph) -> tuple[float, ...]:
    """Of ``CLASSES``, with a spectrograph that is trained for."""
    known = 1 - UNKNOWN_SHARE
    return (*(known * share for share in instrument.classes), UNKNOWN_SHARE)


def _drawn_object(
    rng: Random, class_name: str, population: Population, instrument: Spectrograph
) -> tuple[str, float]:
    """A kind and a redshift of the population, by drawing until one belongs to it."""
    if class_name == "GALAXY" and population.distant and rng.random() < instrument.distant:
        return "distant", drawn_redshift(rng, class_name, "distant")
    blind = instrument.blind and class_name == "GALAXY"
    kinds = BLIND_GALAXIES if blind else KINDS[class_name]
    while True:
        kind = _drawn_name(rng, kinds)
        redshift = drawn_redshift(rng, class_name, kind, blind)
        if class_name == "GALAXY" and not population.distant and redshift >= 1.2:
            continue
        if class_name == "QSO" and redshift >= EARLY and rng.random() >= population.early_quasars:
            continue
        if class_name != "QSO" or redshift < population.deepest_quasar:
            return kind, redshift


def _junk(rng: Random, templates: Templates, instrument: Spectrograph) -> Simulated:
    """A spectrum of nothing that has a redshift: see ``junk_spectra``."""
    kind = str(rng.choice(JUNK))
    wavelength = pixels(rng, instrument)
    if kind in ("reversed", "wrong scale"):
        base = simulate(rng, templates, str(rng.choice(CLASSES[:3])))
        wavelength, flux, ivar, mask = spoiled(
            rng, kind, base.wavelength_angstrom, base.flux, base.ivar, base.mask
        )
        estimated = base.noise_estimated
    else:
        flux, sigma = junk(rng, kind, wavelength)
        flux = flux + rng.normal(size=wavelength.size) * sigma
        flux, mask = blemishes(rng, flux, sigma, np.zeros(wavelength.size, bool))
        estimated = not instrument.with_errors
        ivar = estimate_ivar(flux, mask) if estimated else np.where(mask, 0.0, 1.0 / sigma**2)
    return Simulated(
        wavelength_angstrom=wavelength,
        flux=flux,
        ivar=ivar,
        mask=mask,
        noise_estimated=estimated,
        class_name="UNKNOWN",
        kind=kind,
        redshift=0.0,
        signal_to_noise=float(np.median(np.abs(flux) * np.sqrt(ivar))),
    )


def drawn_kind(rng: Random, class_name: str) -> str:
    return _drawn_name(rng, KINDS[class_name])


def _drawn_name(rng: Random, kinds: tuple[tuple[str, float], ...]) -> str:
    names, shares = zip(*kinds, strict=True)
    return str(rng.choice(names, p=shares))


def drawn_redshift(rng: Random, class_name: str, kind: str, blind: bool = False) -> float:
    """From the priors of ``REDSHIFT_PRIOR``."""
    if class_name == "STAR":
        return float(np.clip(rng.normal(0, 120 / SPEED_OF_LIGHT_KM_S), -0.0039, 0.0039))
    if class_name == "QSO":
        low, high = {
            "usual": (0.01, 6.9), "low": (0.01, 1.6), "high": (1.4, 6.9), "absorbed": (0.6, 5.0),
            "broad": (0.003, 1.0),
        }[kind]  # fmt: skip
        return float(np.exp(rng.uniform(np.log1p(low), np.log1p(high))) - 1)
    if kind == "distant":
        return float(rng.uniform(1.3, 6.9))
    which = rng.random()
    near, farther = (0.06, 0.7) if blind else (0.25, 0.85)
    if which < near:
        return float(np.exp(rng.uniform(np.log(0.001), np.log(0.15))))
    if which < farther:
        return float(rng.random() ** (1 / 1.5))
    return float(rng.uniform(0.8, 1.99))


def rest_frame(
    rng: Random, templates: Templates, class_name: str, kind: str, redshift: float
) -> Array:
    """The noise-free object on ``REST``, flux per unit wavelength, NaN where unknown."""
    if kind == "distant":
        return distant_galaxy(rng, templates)
    if class_name == "GALAXY":
        return galaxy(rng, templates, kind)
    if class_name == "STAR":
        return star(rng, templates, kind)
    flux = quasar(rng, templates, kind, redshift)
    # What is called the redshift of broad lines is uncertain by their shifts.
    return np.interp(
        REST.centres_log10 - rng.normal(0, 250.0) / SPEED_OF_LIGHT_KM_S / np.log(10),
        REST.centres_log10,
        flux,
    )


def observe(
    rng: Random,
    rest: Array,
    class_name: str,
    kind: str,
    redshift: float,
    instrument: Spectrograph,
    signal_to_noise: float = 10.0,
    significance: float | None = None,
) -> Simulated:
    """The spectrum that an instrument records of an object at a redshift.

    ``signal_to_noise`` is the median of the continuum per pixel of 2e-4 in log10 wavelength. With
    a ``significance`` the object is made as bright as gives its narrow features together that
    signal-to-noise, however faint its continuum is.
    """
    wavelength = pixels(rng, instrument)
    resolving_power = float(rng.uniform(*instrument.resolving_power))
    sharp = broadened(rest, SPEED_OF_LIGHT_KM_S / resolving_power / 2.3548)
    shifted = np.log10(wavelength / (1 + redshift))
    flux = np.interp(shifted, REST.centres_log10, sharp, np.nan, np.nan)
    unknown = ~np.isfinite(flux)
    flux = np.where(unknown, 0.0, flux)
    if redshift > 1.5:
        flux = flux * _intergalactic(rng, wavelength, redshift, complete=kind != "usual")
    flux = flux * _response(rng, wavelength, instrument)
    level = _level(flux, unknown)
    sigma, residual = noise(rng, wavelength, flux / level, signal_to_noise)
    if significance is not None:
        seen = _significance(flux / level, sigma, unknown)
        dimmer = float(np.clip(significance / max(seen, 1e-6), 0.01 / signal_to_noise, 20.0))
        sigma, residual = sigma / dimmer, residual / dimmer
    observed = flux / level + grain(rng, wavelength.size, instrument.cube) * sigma + residual
    if instrument.cube and rng.random() < NEIGHBOURS:
        observed = observed + foreign_lines(rng, wavelength, sigma)
    mask = unknown.copy()
    observed, mask = blemishes(rng, observed, sigma, mask)
    if not instrument.with_errors:
        ivar = estimate_ivar(observed, mask)
    else:
        low, high = (0.75, 1.8) if instrument.cube else (0.75, 1.35)
        wrong = float(rng.choice([1.0, rng.uniform(low, high)]))
        ivar = np.where(mask, 0.0, wrong**2 / sigma**2)
    scale = float(10 ** rng.uniform(-1, 2))
    per_pixel = 2e-4 * np.log(10) * wavelength / np.gradient(wavelength)
    quality = np.abs(flux / level) / sigma * np.sqrt(per_pixel)
    known = bool(np.any(lit(flux) & ~unknown))
    return Simulated(
        wavelength_angstrom=wavelength,
        flux=observed * scale,
        ivar=ivar / scale**2,
        mask=mask,
        noise_estimated=not instrument.with_errors,
        class_name=class_name,
        kind=kind,
        redshift=redshift,
        signal_to_noise=float(np.median(quality[lit(flux) & ~unknown])) if known else 0.0,
    )


def _significance(flux: Array, sigma: Array, unknown: NDArray[np.bool_]) -> float:
    """Signal-to-noise of all that is narrower than 60 samples, over a smooth continuum."""
    from scipy.ndimage import gaussian_filter1d

    narrow = flux - gaussian_filter1d(flux, 60.0, mode="nearest", truncate=2.5)
    return float(np.sqrt(np.sum(np.where(unknown, 0.0, narrow / sigma) ** 2)))


def _level(flux: Array, unknown: NDArray[np.bool_]) -> float:
    """A typical flux of the known part, never zero."""
    known = np.abs(flux[~unknown])
    if known.size == 0:
        return 1.0
    return max(float(np.median(known)), 0.05 * float(np.percentile(known, 98)), 1e-12)


def mean_transmission(wavelength: Array, redshift: float) -> Array:
    """Mean transmission of the intergalactic medium at observed wavelengths (n,), in ångström."""
    depth = np.zeros(wavelength.size)
    for rest, strength in _FOREST:
        depth += np.where(
            wavelength < rest * (1 + redshift), strength * (wavelength / rest) ** 3.46, 0.0
        )
    limit = 911.75 * (1 + redshift)
    depth += np.minimum(8.0 * np.clip((limit - wavelength) / limit, 0, None), 30.0)
    return np.exp(-np.clip(depth, 0, 30))


def _intergalactic(rng: Random, wavelength: Array, redshift: float, complete: bool) -> Array:
    """Transmission of the intergalactic medium; fluctuations alone unless ``complete``.

    Mean optical depths: Madau 1995, ApJ 441, 18, eq. (15); Lyman limit as its eq. (16) in mean.
    """
    from scipy.ndimage import gaussian_filter1d

    depth = np.zeros(wavelength.size)
    lumps = gaussian_filter1d(rng.normal(size=wavelength.size), float(rng.uniform(1.0, 3.0)))
    lumps = np.exp(0.9 * lumps / max(float(lumps.std()), 1e-9) - 0.405)
    for rest, strength in _FOREST:
        inside = wavelength < rest * (1 + redshift)
        mean = strength * (wavelength / rest) ** 3.46
        depth += np.where(inside, mean * (lumps if complete else lumps - 1), 0.0)
    limit = 911.75 * (1 + redshift)
    if complete:
        thick = np.clip((limit - wavelength) / (911.75 * float(rng.uniform(0.03, 0.6))), 0, None)
        depth += np.minimum(2.5 * thick, 30.0)
    if rng.random() < 0.25:  # a damped or strong system on the way
        at = 1215.67 * (1 + float(rng.uniform(min(max(1.8, 0.6 * redshift), redshift), redshift)))
        width = float(rng.uniform(8, 40))
        depth += 4.0 / (1 + ((wavelength - at) / width) ** 4)
    return np.exp(-np.clip(depth, 0, 30))


def _response(rng: Random, wavelength: Array, instrument: Spectrograph) -> Array:
    """Errors of the flux calibration, Galactic reddening, and telluric bands left in."""
    x = np.linspace(-1, 1, wavelength.size)
    size = 0.03 if instrument.calibrated else float(rng.uniform(0.1, 0.6))
    terms = np.polynomial.legendre.legval(x, np.r_[0, rng.normal(0, size, 5)])
    response = np.exp(np.clip(terms, -2, 2))
    response *= 10 ** (-0.4 * rng.exponential(0.15) * (wavelength / 5500) ** -1.2)
    if not instrument.calibrated and rng.random() < 0.5:  # falls off at both ends
        ends = float(rng.uniform(0.6, 1.2))
        response *= np.exp(-0.5 * (np.abs(x) / ends) ** 6)
    strength = float(rng.uniform(0.5, 1.2)) if not instrument.calibrated else 0.0
    if instrument.calibrated and rng.random() < 0.3:
        strength = float(rng.normal(0, 0.08))
    bands = ((6869, 6950, 0.25), (7595, 7700, 0.7), (7165, 7330, 0.12), (8130, 8350, 0.12),
             (8950, 9800, 0.2))  # fmt: skip
    for first, last, depth in bands:
        inside = (wavelength > first) & (wavelength < last)
        shape = np.exp(-2.0 * (wavelength - first) / (last - first))
        response = np.where(
            inside, response * (1 - np.clip(strength * depth * shape, -1, 0.95)), response
        )
    return np.asarray(response)
