"""What a spectrum view draws: smoothed flux with its error, masked stretches, a robust range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.records.spectrum import Spectrum
from astrogui.science.lines import BROAD, NEBULAR, STELLAR, Line
from astrogui.viewers.plot import runs

Array = NDArray[np.float64]

# Night-sky emission (vacuum, Å) and bands where the atmosphere absorbs.
# Source: Hanuschik 2003, A&A 407, 1157 (lines, converted to vacuum); Catanzaro 1997,
# Ap&SS 257, 161 (bands).
SKY_LINES: tuple[tuple[float, str], ...] = (
    (5578.9, "[O I] sky"),
    (5891.6, "Na I sky"),
    (6302.0, "[O I] sky"),
    (6365.5, "[O I] sky"),
)
TELLURIC_BANDS: tuple[tuple[float, float, str], ...] = (
    (6869.0, 6955.0, "B band O₂"),
    (7164.0, 7340.0, "H₂O"),
    (7594.0, 7700.0, "A band O₂"),
    (8126.0, 8345.0, "H₂O"),
    (8950.0, 9750.0, "H₂O"),
)
_HEAVY = {
    "Hα": 9,
    "[O III] 5008": 9,
    "Hβ": 8,
    "[O II]": 8,
    "Lyα": 9,
    "C IV": 8,
    "C III]": 7,
    "Mg II": 8,
    "Ca K": 7,
    "Ca H": 6,
    "Mg b": 5,
    "Na D": 5,
    "Hγ": 4,
    "Hδ": 3,
}


def smoothed(spectrum: Spectrum, pixels: int) -> tuple[Array, Array]:
    """Flux and its 1 σ error averaged over a box of good samples; NaN where there is none.

    The error of the mean is that of independent samples; unsmoothed (1) it is ivar^(-1/2).
    """
    good = spectrum.good
    flux = np.where(good, spectrum.flux, 0.0).astype(np.float64)
    variance = np.where(good, 1.0 / np.where(good, spectrum.ivar, 1.0), 0.0).astype(np.float64)
    if pixels > 1:
        box = np.ones(pixels)
        count = np.convolve(good, box, mode="same")
        with np.errstate(invalid="ignore", divide="ignore"):
            flux = np.convolve(flux, box, mode="same") / count
            variance = np.convolve(variance, box, mode="same") / count**2
    flux[~good] = np.nan
    variance[~good] = np.nan
    return flux, np.sqrt(variance)


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


def robust_range(spectrum: Spectrum) -> tuple[float, float]:
    """Limits of flux that hold the continuum and every line, but no spike and no noisy end.

    A running median over five samples takes spikes of one or two samples away; samples whose
    error is above four times the median error do not count.
    """
    flux = spectrum.flux[spectrum.good].astype(np.float64)
    error = 1 / np.sqrt(spectrum.ivar[spectrum.good].astype(np.float64))
    if flux.size < 10:
        values = flux if flux.size else spectrum.flux
        return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    wavelength = spectrum.wavelength_angstrom[spectrum.good]
    from_sky = [np.abs(wavelength - line) < 10.0 for line, _ in SKY_LINES]
    quiet = flux[(error <= 4 * np.median(error)) & ~np.any(from_sky, axis=0)]
    quiet = quiet if quiet.size >= 10 else flux
    windows = np.lib.stride_tricks.sliding_window_view(quiet, min(5, quiet.size))
    calm = np.median(windows, axis=1)
    noise = float(np.median(error))
    low = min(float(np.percentile(calm, 0.2)) - 2 * noise, 0.0)
    high = float(calm.max()) + 2 * noise
    margin = 0.04 * (high - low)
    return low - margin, high + 4 * margin  # room for labels at the top


def lines_for(cls: str) -> tuple[Line, ...]:
    """Lines worth a label in an object of a class, each name once."""
    upper = cls.upper()
    balmer = tuple(line for line in NEBULAR if line.name in {"Hα", "Hβ", "Hγ", "Hδ"})
    if upper == "STAR":
        return (*STELLAR, *balmer)
    if upper == "QSO":
        names = {line.name for line in BROAD}
        return (*BROAD, *(line for line in NEBULAR if line.name not in names))
    return (*NEBULAR, *STELLAR)


def weight_of(line: Line) -> int:
    """Which label stays when two do not fit."""
    return _HEAVY.get(line.name, 1)
