"""Near-infrared spectra as instruments record them: for the network that ships.

Galaxies of the library at redshifts within and beyond the range, seen at resolving powers from a
grism's to a slit spectrograph's, with noise that varies, sky lines, gaps, cuts, contaminants,
coarse pixels and an error array that may be wrong. Whole batches are arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.science.near_infrared import (
    OBSERVED,
    PIXELS,
    class_of,
    network_inputs,
    running_mean,
    strongest_line,
)
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.training.recipe import Arrays
from astrogui.training.simulate_euclid import Library, convolved, shifted

Array = NDArray[np.float32]
Random = np.random.Generator

OUTSIDE_SHARE = 0.2
OUTSIDE = ((0.4, 0.98, 0.6), (1.82, 3.4, 0.4))  # low, high, share
EMPTY_SHARE = 0.02  # of all: noise without an object
RESOLVING_POWER = (60.0, 2000.0)  # log-uniform
CONTINUUM_SNR = (0.3, 15.0)  # per pixel, log-uniform, for half of the spectra
LINE_SNR = (3.0, 40.0)  # of the strongest line, log-uniform, for the other half
SINGLE_LINE_SNR = (4.0, 12.0)
PIXEL_KM_S = SPEED_OF_LIGHT_KM_S * np.log(10.0) * OBSERVED.step
PRIOR = {
    "z": "uniform from 1 to 1.8 (80 %); else 0.4-0.98 or 1.82-3.4, or no object",
    "galaxies": "star-forming 60 %, active 20 %, passive 20 %",
    "signal-to-noise": "continuum 0.3-15 per pixel of 100 km/s, or strongest line 3-40, "
    "log-uniform, half each",
    "resolving power": "60 to 2000, log-uniform; pixels to half a resolution element",
    "noise": "white; varying smoothly or between sky lines; stated errors wrong by up to 30 %",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """A batch (n, ...): on OBSERVED, ivar as stated by the instrument, zero where masked."""

    flux: Array
    ivar: Array
    truth: NDArray[np.int64]  # class; CLASSES where the redshift is another
    redshift: NDArray[np.float64]  # NaN without an object
    lines: NDArray[np.int64]  # how many stand out by 3 sigma where nothing is masked

    def inputs(self) -> Arrays:
        return dict(network_inputs(self.flux, self.ivar))


def observed(
    library: Library, rng: Random, count: int, faint_lines: bool = False, inside: bool = False
) -> Observed:
    """``count`` spectra of the prior; ``faint_lines``: all with a strongest line of S/N 4 to 12.

    ``inside`` leaves out what is not between z = 1 and 1.8.
    """
    redshift = _redshifts(rng, count, inside)
    chosen = library.spectra[rng.integers(len(library.spectra), size=count)]
    power = _log_uniform(rng, RESOLVING_POWER, count)
    sigma_km_s = SPEED_OF_LIGHT_KM_S / power / 2.3548
    flux = shifted(convolved(chosen, sigma_km_s), redshift)
    flux *= np.exp(_curves(rng, count, 4, 0.2))
    empty = rng.random(count) < (0 if inside else EMPTY_SHARE)
    shape = _noise_shape(rng, count)
    peaks = flux - running_mean(flux, np.ones_like(flux))
    level = _noise_level(rng, flux, peaks / shape, faint_lines)
    flux[empty] = peaks[empty] = 0
    sigma = shape * level[:, None]
    masked = _masked(rng, count)
    lines = _standing_out(np.where(masked, 0.0, peaks / sigma))
    measured = flux + _contamination(rng, sigma, sigma_km_s)
    measured += sigma * rng.standard_normal((count, PIXELS), dtype=np.float32)
    measured += sigma * _curves(rng, count, 3, 1.0) * rng.exponential(0.1, (count, 1))
    measured = _coarse(rng, measured, sigma_km_s)
    measured = _hot_pixels(rng, measured, sigma)
    wrong = np.where(rng.random(count) < 0.5, 1.0, rng.uniform(0.75, 1.3, count))
    ivar = (wrong[:, None] / sigma) ** 2
    truth = np.where(empty, class_of(0.0), class_of(redshift))
    return Observed(
        flux=np.where(masked, 0, measured).astype(np.float32),
        ivar=np.where(masked, 0, ivar).astype(np.float32),
        truth=truth,
        redshift=np.where(empty, np.nan, redshift),
        lines=lines,
    )


def _redshifts(rng: Random, count: int, inside: bool) -> NDArray[np.float64]:
    redshift = rng.uniform(1.0, 1.8, count)
    if inside:
        return redshift
    low, high, share = np.array(OUTSIDE).T
    which = rng.choice(len(OUTSIDE), p=share, size=count)
    other = low[which] + rng.random(count) * (high - low)[which]
    return np.where(rng.random(count) < OUTSIDE_SHARE, other, redshift)


def _log_uniform(rng: Random, limits: tuple[float, float], count: int) -> NDArray[np.float64]:
    return np.asarray(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), count)))


def _curves(rng: Random, count: int, order: int, size: float) -> Array:
    """Smooth random curves (count, PIXELS): Legendre series without the constant."""
    x = np.linspace(-1, 1, PIXELS)
    terms = np.polynomial.legendre.legvander(x, order)[:, 1:].T
    return (rng.normal(0, size, (count, order)) @ terms).astype(np.float32)


def _noise_shape(rng: Random, count: int) -> Array:
    """Noise relative to its median: even, sloping, or with the forest of airglow lines."""
    shape = np.exp(_curves(rng, count, 3, 0.25) * (rng.random((count, 1)) < 0.7))
    fixed = np.random.default_rng(6300)
    places, strength = fixed.integers(PIXELS, size=220), fixed.gamma(0.8, 2.0, 220)
    forest = np.zeros(PIXELS)
    for place, value in zip(places, strength, strict=True):
        forest[max(place - 1, 0) : place + 2] += value
    ground = rng.random(count) < 0.35
    shape[ground] *= np.sqrt(1 + rng.uniform(0.3, 2, (int(ground.sum()), 1)) * forest)
    return shape.astype(np.float32)


def _noise_level(rng: Random, flux: Array, peaks: Array, faint_lines: bool) -> Array:
    """(n,) factor of the noise: by the continuum for half, by the strongest line for the rest."""
    count = len(flux)
    median = np.median(np.abs(flux), axis=1)
    by_continuum = median / _log_uniform(rng, CONTINUUM_SNR, count)
    limits = SINGLE_LINE_SNR if faint_lines else LINE_SNR
    signal = strongest_line(peaks)
    by_line = np.clip(signal / _log_uniform(rng, limits, count), median / 30, median / 0.03)
    chosen = np.ones(count, bool) if faint_lines else rng.random(count) < 0.5
    return np.where(chosen, by_line, by_continuum).astype(np.float32)


def _standing_out(residual: Array, window: int = 7) -> NDArray[np.int64]:
    """(n,) separate stretches where the noise-free lines reach 3 sigma in seven pixels."""
    sums = np.cumsum(np.pad(residual, ((0, 0), (window, 0))), axis=1, dtype=np.float64)
    high = (sums[:, window:] - sums[:, :-window]) / np.sqrt(window) > 3
    starts = high & ~np.pad(high, ((0, 0), (1, 0)))[:, :-1]
    return np.asarray(starts.sum(axis=1))


def _contamination(rng: Random, sigma: Array, sigma_km_s: NDArray[np.float64]) -> Array:
    """In one spectrum of eight a line that is not the object's."""
    out = np.zeros_like(sigma)
    for row in np.flatnonzero(rng.random(len(sigma)) < 0.12):
        centre, width = int(rng.integers(PIXELS)), max(sigma_km_s[row] / PIXEL_KM_S, 1.0)
        offset = (np.arange(PIXELS) - centre) / width
        height = float(rng.exponential(4.0)) / np.sqrt(2 * width)
        out[row] = height * sigma[row, centre] * np.exp(-0.5 * offset**2)
    return out


def _coarse(rng: Random, flux: Array, sigma_km_s: NDArray[np.float64]) -> Array:
    """Averaged over the instrument's own pixels, of up to half a resolution element."""
    out = flux.copy()
    widest = np.clip(1.18 * sigma_km_s / PIXEL_KM_S, 1, 24)
    for row in range(len(flux)):
        width = int(np.exp(rng.uniform(0, np.log(widest[row] + 1e-9))))
        if width < 2:
            continue
        starts = np.unique(np.maximum(np.arange(-int(rng.integers(width)), PIXELS, width), 0))
        lengths = np.diff(np.append(starts, PIXELS))
        out[row] = np.repeat(np.add.reduceat(flux[row], starts) / lengths, lengths)
    return out


def _hot_pixels(rng: Random, flux: Array, sigma: Array) -> Array:
    for row in np.flatnonzero(rng.random(len(flux)) < 0.3):
        for _ in range(int(rng.integers(1, 4))):
            place, wide = int(rng.integers(PIXELS)), int(rng.integers(1, 4))
            flux[row, place : place + wide] += rng.exponential(8.0) * sigma[row, place]
    return flux


def _masked(rng: Random, count: int) -> NDArray[np.bool_]:
    """Cuts at either end, the gap between the atmospheric windows, dead stretches."""
    masked = np.zeros((count, PIXELS), bool)
    gap = slice(*(round(OBSERVED.pixel(edge)) for edge in (13450.0, 14500.0)))
    masked[rng.random(count) < 0.2, gap] = True
    for row in np.flatnonzero(rng.random(count) < 0.5):
        which = rng.integers(4)
        if which == 0:  # a grism's blue half
            masked[row, int(PIXELS * rng.uniform(0.62, 0.9)) :] = True
        elif which == 1:
            masked[row, : int(PIXELS * rng.uniform(0.05, 0.55))] = True
        for _ in range(int(rng.integers(0, 4))):
            place, wide = int(rng.integers(PIXELS)), int(rng.integers(2, 30))
            masked[row, place : place + wide] = True
    return masked
