"""H-band spectra of stars as a fibre spectrograph records them, with known labels and velocity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.spectrum import Spectrum
from astrogui.science.stellar_emulator import CHIPS, OBSERVED, pixel_shift
from astrogui.training.stellar_source import drawn_labels

Array = NDArray[np.float64]
Random = np.random.Generator

LARGEST_VELOCITY_KM_S = 300.0
SIGNAL_TO_NOISE = (20.0, 200.0)
IVAR_FACTOR = (0.7, 1.3)
PRIOR = {
    "Teff": "uniform 4200 to 7000 K",
    "log g": "uniform 4.0 to 4.98 (main sequence)",
    "[Fe/H]": "uniform -0.78 to 0.37",
    "[Mg/Fe]": "uniform -0.29 to 0.50",
    "broadening": "uniform 0 to 45 km/s",
    "radial velocity": "uniform -300 to 300 km/s",
    "signal-to-noise": "log-uniform 20 to 200 per pixel of 4.14 km/s, median",
    "error arrays": "right in half of the spectra, in the others the inverse variance is wrong "
    "by a factor of 0.7 to 1.3",
    "masks": "some 20 single pixels, two stretches of 5 to 60 pixels, sometimes 100 to 600, in "
    "3 % a whole detector; one cosmic ray unmasked",
    "continuum": "a power of wavelength times a smooth cubic of each detector",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """One simulated spectrum on the pixels of ``OBSERVED`` and its truth."""

    flux: Array  # (OBSERVED.size,)
    ivar: Array  # as stated, zero where masked
    labels: Array  # (5,)
    velocity_km_s: float
    signal_to_noise: float
    noise_free: Array  # (OBSERVED.size,) flux without noise and cosmic rays
    true_ivar: Array  # of the noise that was added, zero where masked

    @property
    def truth(self) -> Array:
        """(6,) labels, and the velocity in km/s."""
        return np.append(self.labels, self.velocity_km_s)

    @property
    def record(self) -> Spectrum:
        """As a reader would give it."""
        return Spectrum(
            wavelength_angstrom=OBSERVED.centres_angstrom,
            flux=self.flux.astype(np.float32),
            ivar=self.ivar.astype(np.float32),
            mask=self.ivar <= 0,
            flux_unit="",
            frame="barycentric",
            medium_in_file="vacuum",
        )


def simulate(rng: Random, source: Any) -> Simulated:
    """Draw one spectrum from the prior that the card states; ``source`` gives the flux at rest."""
    labels = drawn_labels(rng, 1)[0]
    velocity = float(rng.uniform(-LARGEST_VELOCITY_KM_S, LARGEST_VELOCITY_KM_S))
    signal_to_noise = float(np.exp(rng.uniform(*np.log(SIGNAL_TO_NOISE))))
    return observe(rng, source, labels, velocity, signal_to_noise)


def observe(
    rng: Random, source: Any, labels: Array, velocity_km_s: float, signal_to_noise: float
) -> Simulated:
    """The spectrum that is recorded of a star with given labels and velocity."""
    rest = np.asarray(source.flux(labels[None])[0], np.float64)
    normalised = detected(rest, pixel_shift(velocity_km_s))
    known = np.isfinite(normalised)
    noise_free = np.where(known, normalised, 0.0) * _continuum(rng)
    sigma = _sigma(rng, noise_free, known, signal_to_noise)
    good = known & ~_masked(rng)
    flux = noise_free + sigma * rng.normal(size=OBSERVED.size)
    for _ in range(int(rng.poisson(1.0))):
        struck = int(rng.integers(OBSERVED.size))
        flux[struck] += float(rng.uniform(8, 40)) * sigma[struck]
    true_ivar = np.where(good, 1 / np.where(good, sigma, 1.0) ** 2, 0.0)
    wrong = float(rng.choice([1.0, rng.uniform(*IVAR_FACTOR)]))
    scale = float(10 ** rng.uniform(-1, 3))
    return Simulated(
        flux=np.where(good, flux, 0.0) * scale,
        ivar=true_ivar * wrong / scale**2,
        labels=labels,
        velocity_km_s=velocity_km_s,
        signal_to_noise=signal_to_noise,
        noise_free=noise_free * scale,
        true_ivar=true_ivar / scale**2,
    )


def detected(rest: Array, shift: float) -> Array:
    """Flux at rest (PIXELS,) moved by a shift in pixels, NaN where no detector or no flux is.

    By quintic splines: what the source says between its pixels is defined by them, as in the fit.
    """
    from scipy.ndimage import map_coordinates

    answer, begin = np.full(OBSERVED.size, np.nan), 0
    for first, last in CHIPS:
        chip = rest[begin : begin + last - first]
        begin += last - first
        pixels = np.arange(first, last)
        there = pixels - shift - first
        inside = (there >= 0) & (there <= chip.size - 1)
        answer[pixels[inside]] = map_coordinates(chip, [there[inside]], order=5, mode="nearest")
    return answer


def without_noise(simulated: Simulated) -> Simulated:
    """The same star before noise."""
    return replace(simulated, flux=np.where(simulated.ivar > 0, simulated.noise_free, 0.0))


def _continuum(rng: Random) -> Array:
    """Continuum and response (OBSERVED.size,), about one."""
    wavelength = OBSERVED.centres_angstrom
    continuum = (wavelength / 16000.0) ** float(rng.uniform(-5, 2))
    for first, last in CHIPS:
        terms = np.append(rng.normal(0, 0.05), rng.normal(0, 0.04, 3))
        chip = np.polynomial.legendre.legval(np.linspace(-1, 1, last - first), terms)
        continuum[first:last] *= np.exp(chip)
    return continuum


def _sigma(rng: Random, flux: Array, known: NDArray[np.bool_], signal_to_noise: float) -> Array:
    """Standard deviation (OBSERVED.size,): falls of the throughput, and lines of the sky."""
    sigma = np.ones(OBSERVED.size)
    for first, last in CHIPS:
        x = np.linspace(-1, 1, last - first)
        sigma[first:last] *= 1 + float(rng.uniform(0, 0.5)) * x**2
    fixed = np.random.default_rng(15_000)  # the sky's lines are always at the same places
    places = fixed.integers(0, OBSERVED.size, 130)
    strengths = fixed.gamma(0.8, 1.5, places.size) * float(rng.uniform(0.2, 2.0))
    for place, strength in zip(places, strengths, strict=True):
        sigma[max(place - 2, 0) : place + 3] *= 1 + strength
    level = float(np.median(np.abs(flux[known]) / sigma[known])) if known.any() else 1.0
    return sigma * level / signal_to_noise


def _masked(rng: Random) -> NDArray[np.bool_]:
    """Single pixels, stretches, now and then a whole detector."""
    mask = np.zeros(OBSERVED.size, bool)
    mask[rng.integers(0, OBSERVED.size, int(rng.poisson(20)))] = True
    stretches = [(5, 60)] * int(rng.poisson(2.0)) + [(100, 600)] * int(rng.random() < 0.1)
    for shortest, longest in stretches:
        start = int(rng.integers(0, OBSERVED.size))
        mask[start : start + int(rng.integers(shortest, longest))] = True
    if rng.random() < 0.03:
        first, last = CHIPS[int(rng.integers(len(CHIPS)))]
        mask[first:last] = True
    return mask
