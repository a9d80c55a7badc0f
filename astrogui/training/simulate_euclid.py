"""Near-infrared spectra of galaxies at known redshift: made in bulk from a rest-frame library.

Rest-frame galaxies (``spectrum_objects``) are drawn once; every spectrum is one of them, shifted
exactly by interpolation and given noise. Whole batches are arrays: thousands of spectra a second.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astrogui.science.near_infrared import OBSERVED, PIXELS, class_of
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, LogGrid
from astrogui.training.recipe import Progress
from astrogui.training.spectrum_objects import galaxy
from astrogui.training.templates import REST, REST_ANGSTROM, Templates, data_folder, load_templates

Array = NDArray[np.float32]
Random = np.random.Generator

LIBRARY_GRID = LogGrid(first=3.385, step=1e-4, size=7760)  # 2427 to 14487 Å
LIBRARY_SPECTRA = 13000
KINDS = {"forming": 0.6, "active": 0.2, "passive": 0.2}
PIXEL_KM_S = SPEED_OF_LIGHT_KM_S * np.log(10.0) * LIBRARY_GRID.step
RESOLVING_POWER = 450.0  # of the comparison; about that of a slitless survey grism
CONTINUUM_SNR = (0.5, 10.0)  # per pixel, log-uniform, of the comparison's noisy half
_PASCHEN = ((10052.1, 0.02), (10833.3, 0.08), (10941.1, 0.031), (12821.6, 0.057))
"""Lines redward of the templates: wavelength and flux over Hα (case B; He I as often seen)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Library:
    """Rest-frame spectra (n, pixels) on LIBRARY_GRID, flux per unit wavelength, mean one."""

    spectra: NDArray[np.float16]

    def part(self, first: float, last: float) -> Library:
        """The spectra between two shares of the library: what one set may draw from."""
        count = len(self.spectra)
        return Library(spectra=self.spectra[int(first * count) : int(last * count)])


TRAIN, VALIDATION, TEST = (0.0, 0.85), (0.85, 0.92), (0.92, 1.0)
"""Shares of the library: no galaxy is in two sets."""


def rest_library(
    folder: Path, count: int, seed: int, progress: Progress = lambda words: None
) -> Library:
    """The library, made once and kept in ``folder``."""
    path = folder / f"library_{count}_{seed}.npy"
    if not path.exists():
        progress(f"drawing {count} rest-frame galaxies")
        folder.mkdir(parents=True, exist_ok=True)
        templates = load_templates(data_folder() / "spectra" / "templates")
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, make_library(templates, count, seed).spectra)
        os.replace(part, path)
    return Library(spectra=np.load(path))


def make_library(templates: Templates, count: int, seed: int) -> Library:
    """Draw ``count`` galaxies; galaxy k depends on the seed and k alone."""
    names, shares = list(KINDS), list(KINDS.values())
    out = np.empty((count, LIBRARY_GRID.size), np.float16)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        kind = str(rng.choice(names, p=shares))
        flux = extended(galaxy(rng, templates, kind))
        out[number] = flux / max(float(np.median(flux)), 1e-3 * float(flux.max()))
    return Library(spectra=out)


def extended(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """A galaxy of ``REST`` on LIBRARY_GRID, continued redward of 1.05 µm.

    The continuum goes on as wavelength^-1.7, with Paschen lines and He I in proportion to Hα.
    """
    grid = LIBRARY_GRID.centres_log10
    known = np.isfinite(flux) & (REST_ANGSTROM < 10500)
    inside = np.interp(grid, REST.centres_log10[known], flux[known])
    angstrom = LIBRARY_GRID.centres_angstrom
    red = angstrom > 10400
    level = float(np.median(flux[known & (REST_ANGSTROM > 10000)]))
    tail = level * (angstrom / 10250.0) ** -1.7
    near = np.abs(REST_ANGSTROM - 6564.6) < 30
    beside = (np.abs(REST_ANGSTROM - 6564.6) < 120) & ~near
    excess = flux[near] - float(np.median(flux[beside]))
    alpha = max(float(np.sum(excess * np.gradient(REST_ANGSTROM)[near])), 0.0)
    for centre, ratio in _PASCHEN:
        sigma = centre * 120.0 / SPEED_OF_LIGHT_KM_S
        peak = alpha * ratio / (np.sqrt(2 * np.pi) * sigma)
        tail += np.where(red, peak * np.exp(-0.5 * ((angstrom - centre) / sigma) ** 2), 0.0)
    return np.where(red, tail, inside)


def convolved(spectra: NDArray[np.floating], sigma_km_s: NDArray[np.floating]) -> Array:
    """Spectra (n, pixels) on LIBRARY_GRID seen with a Gaussian line spread, one width each.

    The ends of the grid run into each other; they lie outside what is observed between z = 1
    and 1.8.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    size = spectra.shape[1]
    length = next_fast_len(size, real=True)
    filled = np.pad(np.asarray(spectra, np.float32), ((0, 0), (0, length - size)), mode="edge")
    frequency = np.fft.rfftfreq(length).astype(np.float32)
    sigma = np.asarray(sigma_km_s, np.float32)[:, None] / PIXEL_KM_S
    damping = np.exp(-2 * (np.pi * frequency[None] * sigma) ** 2)
    return np.asarray(irfft(rfft(filled, axis=1) * damping, n=length, axis=1)[:, :size])


def blurred_library(library: Library, resolving_power: float = RESOLVING_POWER) -> Library:
    """Every galaxy seen at one resolving power (a Gaussian of FWHM c / R)."""
    sigma = SPEED_OF_LIGHT_KM_S / resolving_power / 2.3548
    blocks = [
        convolved(library.spectra[start : start + 250], np.full(len(piece), sigma)).astype("f2")
        for start in range(0, len(library.spectra), 250)
        if len(piece := library.spectra[start : start + 250])
    ]
    return Library(spectra=np.concatenate(blocks))


def shifted(spectra: NDArray[np.floating], redshift: NDArray[np.float64]) -> Array:
    """Spectra (n, pixels of LIBRARY_GRID) on OBSERVED at each redshift, linearly interpolated.

    Flux per unit wavelength; its overall factor 1 / (1 + z) is left out.
    """
    first = OBSERVED.centres_log10[None] - np.log10(1 + redshift)[:, None]
    place = (first - LIBRARY_GRID.first) / LIBRARY_GRID.step
    low = np.clip(place.astype(np.int64), 0, LIBRARY_GRID.size - 2)
    share = (place - low).astype(np.float32)
    left = np.take_along_axis(spectra, low, axis=1).astype(np.float32)
    right = np.take_along_axis(spectra, low + 1, axis=1).astype(np.float32)
    return left + share * (right - left)


def comparison_examples(
    library: Library, rng: Random, count: int, noisy: bool
) -> tuple[Array, NDArray[np.int64], NDArray[np.float64]]:
    """Flux (n, PIXELS) of unit mean square, class (n,) and redshift (n,) of random galaxies.

    ``library`` is already seen at the comparison's resolution. White noise, the same in every
    pixel of a spectrum, at a median signal-to-noise drawn log-uniformly from CONTINUUM_SNR.
    """
    redshift = rng.uniform(1.0, 1.8, count)
    flux = shifted(library.spectra[rng.integers(len(library.spectra), size=count)], redshift)
    low, high = np.log(CONTINUUM_SNR)
    ratio = np.exp(rng.uniform(low, high, count)).astype(np.float32)
    if noisy:
        sigma = np.median(flux, axis=1) / ratio
        flux = flux + sigma[:, None] * rng.standard_normal((count, PIXELS), dtype=np.float32)
    scale = np.sqrt(np.mean(flux**2, axis=1, keepdims=True))
    return flux / np.maximum(scale, 1e-6), class_of(redshift), redshift
