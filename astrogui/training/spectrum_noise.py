"""What a spectrograph adds to light: sky lines, noise, residuals, cosmic rays, gaps and steps.

A cube of many fibres or slices adds correlations of the noise and the lines of neighbours.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Random = np.random.Generator


def lit(flux: Array) -> NDArray[np.bool_]:
    """Samples that are not dark (below the Lyman limit, say): the continuum's level is theirs."""
    return np.asarray(np.abs(flux) >= 0.15 * np.percentile(np.abs(flux), 95))


def _sky_lines() -> tuple[Array, Array]:
    """Places and strengths of night-sky lines: known ones, and a forest in the far red."""
    fixed = np.random.default_rng(5577)
    forest = np.sort(fixed.uniform(7200, 10400, 150))
    places = np.concatenate([[5578.9, 5891.6, 6302.0, 6365.5], forest])
    strengths = np.concatenate([[25.0, 5.0, 6.0, 2.0], fixed.gamma(0.7, 6.0, forest.size)])
    return places, strengths


_SKY_GRID = np.arange(5500.0, 10500.0, 0.25)


@lru_cache(maxsize=64)
def _sky_spectrum(sigma_angstrom: float) -> Array:
    """The lines on ``_SKY_GRID``, each a Gaussian of its own height and the given width."""
    from scipy.ndimage import gaussian_filter1d

    places, strengths = _sky_lines()
    spikes = np.zeros(_SKY_GRID.size)
    np.add.at(spikes, np.searchsorted(_SKY_GRID, places), strengths)
    width = sigma_angstrom / 0.25
    return np.asarray(gaussian_filter1d(spikes, width, truncate=5) * np.sqrt(2 * np.pi) * width)


def noise(
    rng: Random, wavelength: Array, flux: Array, signal_to_noise: float
) -> tuple[Array, Array]:
    """Standard deviation of each pixel, and a residual of the sky subtraction.

    Sky and object photons over a throughput that falls at both ends; median S/N as asked, per
    pixel of 2e-4 in log10 wavelength, over the samples that the object lights.
    """
    peak = float(rng.uniform(6300, 7300))
    throughput = np.exp(-0.5 * ((wavelength - peak) / float(rng.uniform(1500, 2200))) ** 2) + 0.06
    sky = 1 + 0.8 * np.clip((wavelength - 6800) / 2500, 0, None)
    step = np.gradient(wavelength)
    sigma_angstrom = max(1.0, 1.2 * float(np.median(step)))
    lines = np.interp(wavelength, _SKY_GRID, _sky_spectrum(round(sigma_angstrom, 1)), 0.0, 0.0)
    faint = float(10 ** rng.uniform(-1.3, 0.7))  # object over sky
    variance = (sky + lines + faint * np.clip(flux, 0, None)) / throughput
    variance /= step / np.median(step)
    per_pixel = np.sqrt(2e-4 * np.log(10) * wavelength / step)
    relative = np.sqrt(variance)
    bright = lit(flux)
    median = float(np.median((np.abs(flux) / relative * per_pixel)[bright]))
    sigma = relative * median / signal_to_noise
    wiggle = rng.normal(size=wavelength.size)
    residual = np.where(lines > 0.5, sigma * wiggle * float(rng.exponential(0.4)), 0.0)
    broad = np.polynomial.legendre.legval(np.linspace(-1, 1, wavelength.size), rng.normal(size=4))
    residual = residual + float(rng.exponential(0.15)) * float(np.median(sigma)) * broad
    if rng.random() < 0.2:
        residual = residual + sigma * _fringes(rng, wavelength)
    return sigma, residual


def _fringes(rng: Random, wavelength: Array) -> Array:
    """What the sky's red bands and a thin detector leave, in units of the noise."""
    ripple = np.sin(2 * np.pi * wavelength / float(rng.uniform(30, 150)) + rng.uniform(0, 6.28))
    fringes = float(rng.exponential(0.5)) * np.clip((wavelength - 7000) / 1500, 0, 1) * ripple
    for _ in range(int(rng.integers(0, 4))):
        place, width = float(rng.uniform(6800, 9800)), float(rng.uniform(15, 120))
        fringes += float(rng.normal(0, 1.5)) * np.exp(-0.5 * ((wavelength - place) / width) ** 2)
    return np.asarray(fringes)


def grain(rng: Random, size: int, cube: bool) -> Array:
    """Noise (n,) of unit standard deviation; neighbours are alike where a cube was interpolated."""
    noise = rng.normal(size=size + 2)
    part = float(rng.uniform(0.0, 0.3)) if cube else 0.0
    mixed = part * (noise[:-2] + noise[2:]) + noise[1:-1]
    return np.asarray(mixed / np.sqrt(1 + 2 * part**2))


def foreign_lines(rng: Random, wavelength: Array, sigma: Array) -> Array:
    """Light (n,) of one to three narrow lines at places of their own, as a neighbour leaves.

    Each line's signal-to-noise is drawn log-uniform between 4 and 25, its width between 1 and 3
    samples, as dispersion.
    """
    at = np.arange(wavelength.size)
    light = np.zeros(wavelength.size)
    for _ in range(int(rng.integers(1, 4))):
        place, width = float(rng.uniform(0, wavelength.size)), float(rng.uniform(1.0, 3.0))
        shape = np.exp(-0.5 * ((at - place) / width) ** 2)
        seen = float(np.exp(rng.uniform(np.log(4.0), np.log(25.0))))
        light += seen * shape / np.sqrt(np.sum((shape / sigma) ** 2))
    return light


def blemishes(
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
