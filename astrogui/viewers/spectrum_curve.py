"""What a spectrum view draws: smoothed flux with its error, masked stretches, a robust range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.records.spectrum import Spectrum
from astrogui.science.line_lists import (
    SKY_HALF_WIDTH_ANGSTROM,
    SKY_LINES,
    TELLURIC_BANDS,
    lines_of,
    lists_for,
    strength,
)
from astrogui.science.lines import Line
from astrogui.science.smoothing import binned, boxcar_kernel, gaussian_kernel
from astrogui.science.smoothing import smoothed as smoothed_by
from astrogui.viewers.plot import runs
from astrogui.viewers.spectrum_units import FluxScale

Array = NDArray[np.float64]
OUTLIERS = 0.5  # percent of the samples that may fall out of the flux axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """How the curve is made of the samples: bins first, then a running mean."""

    samples: int = 1  # width of the box, or full width at half maximum of the Gaussian
    gaussian: bool = False
    bins: int = 1

    @property
    def words(self) -> str:
        """ "4 px bins, 5 px Gaussian", or "" where nothing is done."""
        parts = [f"{self.bins} px bins"] if self.bins > 1 else []
        if self.samples > 1:
            parts.append(f"{self.samples} px {'Gaussian' if self.gaussian else 'box'}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Flux as drawn, in the units of the axis; NaN where there is no good sample."""

    wavelength: Array
    flux: Array
    error: Array


def drawn(spectrum: Spectrum, smoothing: Smoothing, scale: FluxScale | None = None) -> Drawn:
    """The curve of a spectrum and its 1 σ error, binned, smoothed and in the axis's unit."""
    wavelength: Array = spectrum.wavelength_angstrom
    flux: NDArray[np.floating] = spectrum.flux
    ivar: NDArray[np.floating] = spectrum.ivar
    good = spectrum.good
    if scale is not None and (scale.power or scale.factor != 1.0):
        factor = scale.of(wavelength)
        flux, ivar = flux * factor, ivar / factor**2
    if smoothing.bins > 1:
        wavelength, flux, ivar, good = binned(wavelength, flux, ivar, good, smoothing.bins)
    kernel = boxcar_kernel(smoothing.samples)
    if smoothing.gaussian and smoothing.samples > 1:
        kernel = gaussian_kernel(smoothing.samples)
    value, error = smoothed_by(flux, ivar, good, kernel)
    return Drawn(wavelength=wavelength, flux=value, error=error)


def smoothed(spectrum: Spectrum, pixels: int) -> tuple[Array, Array]:
    """Flux and its 1 σ error averaged over a box of good samples; NaN where there is none."""
    curve = drawn(spectrum, Smoothing(samples=pixels))
    return curve.flux, curve.error


def box_for(spectrum: Spectrum) -> int:
    """Samples to average at first, so that a noisy spectrum can be read: 1 where S/N is above 5."""
    good = spectrum.good
    if not good.any():
        return 1
    ratio = float(np.median(np.abs(spectrum.flux[good]) * np.sqrt(spectrum.ivar[good])))
    for least, pixels in ((5.0, 1), (2.5, 3), (1.3, 5)):
        if ratio > least:
            # Finely sampled arms (DESI, X-shooter) put several samples on a pixel of the screen.
            return pixels if pixels == 1 or good.size < 6000 else 2 * pixels + 1
    return 11


def masked_spans(spectrum: Spectrum) -> list[tuple[float, float]]:
    """Stretches of wavelength without a usable sample, half a pixel wider at both ends."""
    wavelength = spectrum.wavelength_angstrom
    if wavelength.size < 2:
        return []
    middle = 0.5 * (wavelength[1:] + wavelength[:-1])
    edges = np.concatenate([[wavelength[0]], middle, [wavelength[-1]]])
    return [(float(edges[a]), float(edges[b])) for a, b in runs(~spectrum.good)]


def sky_spans() -> list[tuple[float, float]]:
    """Where the night sky shines strongly, observed wavelengths."""
    return [
        (place - SKY_HALF_WIDTH_ANGSTROM, place + SKY_HALF_WIDTH_ANGSTROM) for place, _ in SKY_LINES
    ]


def robust_range(spectrum: Spectrum) -> tuple[float, float]:
    """Limits of flux for the whole of an unsmoothed spectrum, see ``robust_limits``."""
    return robust_limits(drawn(spectrum, Smoothing()))


def robust_limits(
    curve: Drawn, low_angstrom: float = -np.inf, high_angstrom: float = np.inf
) -> tuple[float, float]:
    """Limits of flux that hold continuum and lines between two wavelengths, but no spike.

    Masked samples, those at strong lines of the sky and those with more than four times the median
    error do not count. Of the others all but the worst half percent are inside, and whatever three
    neighbours reach together, so that a narrow line is kept and a cosmic ray is not.
    """
    first, end = np.searchsorted(curve.wavelength, [low_angstrom, high_angstrom])
    flux, error = curve.flux[first:end], curve.error[first:end]
    known = np.isfinite(flux)
    if not known.any():
        return 0.0, 1.0
    flux, error, wavelength = flux[known], error[known], curve.wavelength[first:end][known]
    if flux.size < 10:
        return _with_margin(float(flux.min()), float(flux.max()), 0.0)
    noise = float(np.median(error))
    quiet = (error <= 4 * noise) & ~_in_sky(wavelength)
    flux = flux[quiet] if np.count_nonzero(quiet) >= 10 else flux
    low, high = np.percentile(flux, [OUTLIERS / 2, 100 - OUTLIERS / 2])
    together = np.minimum(np.minimum(flux[:-2], flux[1:-1]), flux[2:])
    apart = np.maximum(np.maximum(flux[:-2], flux[1:-1]), flux[2:])
    low, high = min(float(low), float(apart.min())), max(float(high), float(together.max()))
    return _with_margin(low, high, noise)


def full_limits(curve: Drawn, low_angstrom: float, high_angstrom: float) -> tuple[float, float]:
    """From the lowest to the highest sample between two wavelengths, masked ones left out."""
    first, end = np.searchsorted(curve.wavelength, [low_angstrom, high_angstrom])
    flux = curve.flux[first:end]
    if not np.isfinite(flux).any():
        return 0.0, 1.0
    return _with_margin(float(np.nanmin(flux)), float(np.nanmax(flux)), 0.0)


def _with_margin(low: float, high: float, noise: float) -> tuple[float, float]:
    low, high = low - noise, high + noise
    if not high > low:
        low, high = low - 0.5 * abs(low) - 1e-30, high + 0.5 * abs(high) + 1e-30
    if 0 < low < 0.4 * high:
        low = 0.0  # a baseline at zero, where that costs little
    margin = 0.04 * (high - low)
    return low - margin, high + 5 * margin  # room for labels at the top


def _in_sky(wavelength: Array) -> NDArray[np.bool_]:
    """Samples within 10 Å of the strongest lines of the sky."""
    strong = [place for place, name in SKY_LINES if name in {"[O I]", "Na I"}]
    return np.any([np.abs(wavelength - place) < 10.0 for place in strong], axis=0)


def lines_for(cls: str) -> tuple[Line, ...]:
    """Lines worth a label in an object of a class, each name once."""
    return lines_of(lists_for(cls))


def weight_of(line: Line) -> int:
    """Which label stays when two do not fit."""
    return strength(line.name)


__all__ = [
    "SKY_LINES", "TELLURIC_BANDS", "Drawn", "Smoothing", "box_for", "drawn", "full_limits",
    "lines_for", "masked_spans", "robust_limits", "robust_range", "sky_spans", "smoothed",
    "weight_of",
]  # fmt: skip
