"""Spectra as a fibre or slit spectrograph would have recorded them, with known class and redshift.

An object at rest (``spectrum_objects``) is redshifted exactly, absorbed on its way, seen through
one of several kinds of spectrograph, given noise, sky residuals, cosmic rays, gaps and masks, and
handed over with an error array that may be wrong or absent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, estimate_ivar
from astrogui.training.spectrum_objects import broadened, galaxy, quasar, star
from astrogui.training.templates import REST, Templates

Array = NDArray[np.float64]
Random = np.random.Generator

CLASSES = ("GALAXY", "QSO", "STAR")
CLASS_SHARES = (0.42, 0.40, 0.18)
KINDS = {
    "GALAXY": (("passive", 0.33), ("forming", 0.42), ("active", 0.25)),
    "QSO": (("usual", 0.25), ("low", 0.2), ("high", 0.25), ("absorbed", 0.12), ("broad", 0.18)),
    "STAR": (("hot", 0.28), ("cool", 0.42), ("red", 0.2), ("odd", 0.1)),
}
REDSHIFT_PRIOR = {
    "GALAXY": "log-uniform 0.001-0.15 (25 %), density rising as z^0.5 to 1 (60 %), "
    "uniform 0.8-2 (15 %)",
    "QSO": "uniform in log(1 + z) within each kind: usual 0.01-6.9, low 0.01-1.6, high 1.4-6.9, "
    "absorbed 0.6-5, broad 0.003-1",
    "STAR": "normal of 120 km/s, truncated at |z| = 0.004",
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrograph:
    """One kind of instrument; a range (low, high) is drawn from evenly."""

    name: str
    share: float
    first: tuple[float, float]  # Å
    last: tuple[float, float]
    step: tuple[float, float]  # Å, or of log10 wavelength when ``logarithmic``
    logarithmic: bool
    resolving_power: tuple[float, float]
    with_errors: bool
    calibrated: bool  # relative response and telluric bands corrected


SPECTROGRAPHS = (
    Spectrograph(
        name="survey fibres", share=0.56, first=(3560, 3850), last=(9150, 10380),
        step=(1e-4, 1e-4), logarithmic=True, resolving_power=(1500, 2200), with_errors=True,
        calibrated=True,
    ),
    Spectrograph(
        name="three arms", share=0.1, first=(3600, 3620), last=(9750, 9824), step=(0.8, 1.0),
        logarithmic=False, resolving_power=(2000, 5000), with_errors=True, calibrated=True,
    ),
    Spectrograph(
        name="low-resolution fibres", share=0.1, first=(3690, 3900), last=(8800, 9100),
        step=(1e-4, 1e-4), logarithmic=True, resolving_power=(1000, 1800), with_errors=True,
        calibrated=False,
    ),
    Spectrograph(
        name="slit", share=0.14, first=(3600, 5400), last=(7400, 9700), step=(1.2, 4.5),
        logarithmic=False, resolving_power=(450, 1400), with_errors=False, calibrated=False,
    ),
    Spectrograph(
        name="integral field", share=0.1, first=(4650, 4800), last=(9200, 9350),
        step=(1.25, 1.25), logarithmic=False, resolving_power=(1800, 3500), with_errors=True,
        calibrated=True,
    ),
)  # fmt: skip


def simulate(rng: Random, templates: Templates, class_name: str | None = None) -> Simulated:
    """Draw one spectrum from the prior that the card states."""
    class_name = class_name or str(rng.choice(CLASSES, p=CLASS_SHARES))
    kind = drawn_kind(rng, class_name)
    redshift = drawn_redshift(rng, class_name, kind)
    rest = rest_frame(rng, templates, class_name, kind, redshift)
    shares = np.array([spectrograph.share for spectrograph in SPECTROGRAPHS])
    chosen = SPECTROGRAPHS[int(rng.choice(len(SPECTROGRAPHS), p=shares / shares.sum()))]
    return observe(rng, rest, class_name, kind, redshift, chosen)


def drawn_kind(rng: Random, class_name: str) -> str:
    names, shares = zip(*KINDS[class_name], strict=True)
    return str(rng.choice(names, p=shares))


def drawn_redshift(rng: Random, class_name: str, kind: str) -> float:
    """From the priors of ``REDSHIFT_PRIOR``."""
    if class_name == "STAR":
        return float(np.clip(rng.normal(0, 120 / SPEED_OF_LIGHT_KM_S), -0.0039, 0.0039))
    if class_name == "QSO":
        low, high = {
            "usual": (0.01, 6.9), "low": (0.01, 1.6), "high": (1.4, 6.9), "absorbed": (0.6, 5.0),
            "broad": (0.003, 1.0),
        }[kind]  # fmt: skip
        return float(np.exp(rng.uniform(np.log1p(low), np.log1p(high))) - 1)
    which = rng.random()
    if which < 0.25:
        return float(np.exp(rng.uniform(np.log(0.001), np.log(0.15))))
    if which < 0.85:
        return float(rng.random() ** (1 / 1.5))
    return float(rng.uniform(0.8, 1.99))


def rest_frame(
    rng: Random, templates: Templates, class_name: str, kind: str, redshift: float
) -> Array:
    """The noise-free object on ``REST``, flux per unit wavelength, NaN where unknown."""
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
) -> Simulated:
    """The spectrum that an instrument records of an object at a redshift."""
    wavelength = _pixels(rng, instrument)
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
    signal_to_noise = float(np.exp(rng.uniform(np.log(0.7), np.log(60.0))))
    sigma, residual = _noise(rng, wavelength, flux / level, signal_to_noise)
    observed = flux / level + rng.normal(size=wavelength.size) * sigma + residual
    mask = unknown.copy()
    observed, mask = _blemishes(rng, observed, sigma, mask)
    if not instrument.with_errors:
        ivar = estimate_ivar(observed, mask)
    else:
        wrong = float(rng.choice([1.0, rng.uniform(0.75, 1.35)]))
        ivar = np.where(mask, 0.0, wrong**2 / sigma**2)
    scale = float(10 ** rng.uniform(-1, 2))
    per_pixel = 2e-4 * np.log(10) * wavelength / np.gradient(wavelength)
    quality = np.abs(flux / level) / sigma * np.sqrt(per_pixel)
    return Simulated(
        wavelength_angstrom=wavelength,
        flux=observed * scale,
        ivar=ivar / scale**2,
        mask=mask,
        noise_estimated=not instrument.with_errors,
        class_name=class_name,
        kind=kind,
        redshift=redshift,
        signal_to_noise=float(np.median(quality[~unknown])) if not unknown.all() else 0.0,
    )


def _pixels(rng: Random, instrument: Spectrograph) -> Array:
    first, last = float(rng.uniform(*instrument.first)), float(rng.uniform(*instrument.last))
    step = float(rng.uniform(*instrument.step))
    if instrument.logarithmic:
        return np.asarray(10 ** np.arange(np.log10(first), np.log10(last), step))
    return np.arange(first, last, step)


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


def _sky_lines() -> tuple[Array, Array]:
    """Places and strengths of night-sky lines: known ones, and a forest in the far red."""
    fixed = np.random.default_rng(5577)
    forest = np.sort(fixed.uniform(7200, 10400, 150))
    places = np.concatenate([[5578.9, 5891.6, 6302.0, 6365.5], forest])
    strengths = np.concatenate([[25.0, 5.0, 6.0, 2.0], fixed.gamma(0.7, 6.0, forest.size)])
    return places, strengths


def _noise(
    rng: Random, wavelength: Array, flux: Array, signal_to_noise: float
) -> tuple[Array, Array]:
    """Standard deviation of each pixel, and a residual of the sky subtraction.

    Sky and object photons over a throughput that falls at both ends; median S/N as asked, per
    pixel of 2e-4 in log10 wavelength.
    """
    peak = float(rng.uniform(6300, 7300))
    throughput = np.exp(-0.5 * ((wavelength - peak) / float(rng.uniform(1500, 2200))) ** 2) + 0.06
    places, strengths = _sky_lines()
    sky = 1 + 0.8 * np.clip((wavelength - 6800) / 2500, 0, None)
    lines = np.zeros(wavelength.size)
    step = np.gradient(wavelength)
    sigma_angstrom = np.maximum(1.0, 1.2 * float(np.median(step)))
    for place, strength in zip(places, strengths, strict=True):
        first, last = np.searchsorted(wavelength, [place - 8, place + 8])
        offset = (wavelength[first:last] - place) / sigma_angstrom
        lines[first:last] += strength * np.exp(-0.5 * offset**2)
    faint = float(10 ** rng.uniform(-1.3, 0.7))  # object over sky
    variance = (sky + lines + faint * np.clip(flux, 0, None)) / throughput
    variance /= step / np.median(step)
    per_pixel = np.sqrt(2e-4 * np.log(10) * wavelength / step)
    relative = np.sqrt(variance)
    median = float(np.median(np.abs(flux) / relative * per_pixel))
    sigma = relative * median / signal_to_noise
    wiggle = rng.normal(size=wavelength.size)
    residual = np.where(lines > 0.5, sigma * wiggle * float(rng.exponential(0.4)), 0.0)
    broad = np.polynomial.legendre.legval(np.linspace(-1, 1, wavelength.size), rng.normal(size=4))
    residual = residual + float(rng.exponential(0.15)) * float(np.median(sigma)) * broad
    return sigma, residual


def _blemishes(
    rng: Random, flux: Array, sigma: Array, mask: NDArray[np.bool_]
) -> tuple[Array, NDArray[np.bool_]]:
    """Cosmic rays (half of them unflagged), dead stretches, a gap, a step between arms."""
    size = flux.size
    flux, mask = flux.copy(), mask.copy()
    for _ in range(int(rng.poisson(1.5))):
        at, wide = int(rng.integers(size)), int(rng.integers(1, 4))
        flux[at : at + wide] += float(rng.exponential(12.0)) * sigma[at]
        mask[at : at + wide] |= rng.random() < 0.5
    for _ in range(int(rng.poisson(0.8))):
        at, wide = int(rng.integers(size)), int(rng.integers(2, 40))
        mask[at : at + wide] = True
    if rng.random() < 0.06:
        at, wide = int(rng.integers(size)), int(size * rng.uniform(0.02, 0.12))
        mask[at : at + wide] = True
    if rng.random() < 0.1:
        at = int(size * rng.uniform(0.35, 0.6))
        flux[at:] *= 1 + float(rng.normal(0, 0.05))
    if rng.random() < 0.12:
        cut = int(size * rng.uniform(0, 0.3))
        mask[:cut] = True
    if rng.random() < 0.12:
        cut = int(size * rng.uniform(0.7, 1.0))
        mask[cut:] = True
    edge = int(rng.integers(0, 12))
    if rng.random() < 0.3 and edge:
        flux[:edge] *= float(rng.uniform(0, 2))
        flux[-edge:] *= float(rng.uniform(0, 2))
    return np.where(mask, 0.0, flux), mask
