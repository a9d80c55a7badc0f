"""A redshift polished by fits on the survey's own pixels: chi-square at shifts far below a pixel.

The data stay on a logarithmic grid of 1e-4 (69 km/s), on which SDSS, BOSS and LAMOST spectra were
recorded; the vectors lie on a rest grid four times finer, so that a shift by 17 km/s is another
slice of them. Stellar populations, quasar components and lines enter with coefficients >= 0, each
line in several widths, whose sum follows the resolution of the spectrograph and the object's own
width; smooth terms, which may be negative, take up calibration errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.compiled import is_available
from astrogui.science.refinement_basis import FINE, SHIFT, Basis
from astrogui.science.refinement_equations import Losses, Pixels
from astrogui.science.spectral import Cut, cut, resample
from astrogui.science.template_fit import polynomials

Array = NDArray[np.floating[Any]]

SMOOTH_TERMS = 6
LINE_FLOOR = 0.04  # of a line's flux: what Gaussians cannot follow
COARSE, CLOSE = 8, (4, 2)  # steps in shifts: 138, 69 and 35 km/s
MOST_MOVES = 5
REACH = 24  # shifts to either side of the start: 414 km/s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """The best fit about one place. ``redshift_error`` is the fit's own, of unit reduced chi2."""

    redshift: float
    redshift_error: float  # inf where the chi-square has no minimum
    chi_square: float
    reduced: float
    model: NDArray[np.float32]  # (FINE.size,) of unit level


def pixels(
    wavelength_angstrom: Array, flux: Array, ivar: Array, good: NDArray[np.bool_], coarse: Any
) -> Pixels:
    """The data on ``FINE`` with level, floor and rejected pixels of ``coarse`` (a ``Scaled``)."""
    compiled = is_available()
    samples = cut(wavelength_angstrom, FINE, compiled)
    values, inverse, _ = resample(wavelength_angstrom, flux, ivar, good, FINE, samples, compiled)
    weighted = _weighted_compiled if compiled else _weighted
    flux, weight, freedom = weighted(samples, values, inverse, coarse)
    return Pixels(flux=flux, weight=weight, freedom=freedom, level=coarse.level, smooth=_smooth())


def refine(data: Pixels, basis: Basis, redshift: float) -> Fit | None:
    """Polish one redshift; None where too little of the spectrum is good, or the basis ends.

    Coefficients >= 0 are found at the start, and again where a minimum lies elsewhere; between
    them only the components in use are fitted, freely, at each shift. Steps of 138 km/s are
    followed downhill, then parabolas through three of 69 and of 35 km/s give the minimum.
    """
    if data.freedom < 50:
        return None
    lowest, highest = basis.range
    room = REACH + 2 * COARSE
    start = round(float(np.log10(1 + redshift)) / SHIFT)
    if not lowest <= start <= highest:
        return None
    start = int(np.clip(start, lowest + room, highest - room))
    losses = Losses(data.equations, basis, start)
    best = _downhill(losses.at, start)
    place, curvature, fitted = 0.0, 0.0, start
    for step in CLOSE:
        if best != fitted:
            losses, fitted = Losses(data.equations, basis, best, losses.used), best
        if losses.used.size == 0:
            return None
        best, place, curvature = _settled(losses.at, best, step)
    model = losses.model_at(best + round(place))
    loss = float(np.nansum(data.weight * (data.flux - model) ** 2))
    error = np.inf if curvature <= 0 else float(np.sqrt(2.0 / curvature))
    stretch = 10 ** ((best + place) * SHIFT)
    return Fit(
        redshift=float(stretch - 1),
        redshift_error=float(error * SHIFT * np.log(10.0) * stretch),
        chi_square=loss,
        reduced=loss / max(data.freedom - losses.used.size - SMOOTH_TERMS, 1.0),
        model=model,
    )


def mixture(
    levels: Array, quantiles: Array, centre: float, sigma: float, share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and distribution function of a normal density mixed with another.

    The other is given by its ``quantiles`` (n,) at ``levels`` (n,) and has ``share`` of the whole.
    Places rise strictly, and so does the function, from 0 to 1: both can be inverted.
    """
    from scipy.special import ndtr

    beyond = np.array([2 * quantiles[0] - quantiles[1], 2 * quantiles[-1] - quantiles[-2]])
    deviates = np.linspace(-6.0, 6.0, 161)
    places = np.unique(np.concatenate([centre + sigma * deviates, quantiles, beyond]))
    bounds = np.concatenate([beyond[:1], quantiles, beyond[1:]])
    bounds = np.maximum.accumulate(bounds + 1e-15 * np.arange(bounds.size))
    other = np.interp(places, bounds, np.concatenate([[0.0], levels, [1.0]]))
    function = (1 - share) * ndtr((places - centre) / sigma) + share * other
    # A tiny slope keeps the inverse single-valued where the function is flat.
    function = function + 1e-12 * np.arange(function.size)
    return places, (function - function[0]) / (function[-1] - function[0])


def _downhill(loss: Callable[[int], float], start: int) -> int:
    """The lowest of the shifts start + k * COARSE, followed at most REACH to either side."""
    known = {step: loss(start + step) for step in (-COARSE, 0, COARSE)}
    while True:
        best = min(known, key=lambda step: known[step])
        following = [
            step
            for step in (best - COARSE, best + COARSE)
            if step not in known and abs(step) <= REACH
        ]
        if not following:
            return start + best
        for step in following:
            known[step] = loss(start + step)


def _settled(loss: Callable[[int], float], start: int, step: int) -> tuple[int, float, float]:
    """The shift whose parabola has its minimum within half a step of it.

    Returns the shift, the place of the minimum from it, and the second derivative. A parabola
    far from the minimum of a sharp line points beyond it: no move is longer than one step.
    """
    known: dict[int, float] = {}
    best, place, curvature = start, 0.0, 0.0
    for _ in range(MOST_MOVES):
        for shift in (best - step, best, best + step):
            if shift not in known:
                known[shift] = loss(shift)
        low, middle, high = (known[best + side * step] for side in (-1, 0, 1))
        bend = low - 2 * middle + high
        if bend <= 0:
            return best, 0.0, 0.0
        curvature = bend / step**2
        place = float(min(max(-0.5 * step * (high - low) / bend, -step), step))
        if abs(place) <= 0.5 * step + 0.5:
            break
        best += round(place)
        place = 0.0
    return best + round(place), place - round(place), curvature


def _weighted(
    samples: Cut, values: Array, inverse: Array, coarse: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Flux and weight (n,) of unit level, and how many of them are independent."""
    values, inverse = values / coarse.level, inverse * coarse.level**2
    known = (inverse > 0) & np.repeat(coarse.weight > 0, 2)
    stated = np.where(coarse.weight > 0, coarse.ivar, 1.0)
    spread = np.where(coarse.weight > 0, 1.0 / np.where(coarse.weight > 0, coarse.weight, 1.0), 0.0)
    floor = np.repeat(np.maximum(spread - 1.0 / stated, 0.0), 2)
    # A line far above the continuum is followed to a share of its own flux.
    smoothed = np.convolve(np.where(known, values, 0.0), np.ones(3) / 3, mode="same")
    excess = np.maximum(smoothed - np.repeat(np.maximum(coarse.continuum, 0.0), 2), 0.0)
    floor = floor + (LINE_FLOOR * excess) ** 2
    weight = np.where(known, 1.0 / (1.0 / np.where(known, inverse, 1.0) + floor), 0.0)
    flux = np.where(known, values, 0.0)
    return flux.astype(np.float32), weight.astype(np.float32), _independence(samples, known)


def _weighted_compiled(
    samples: Cut, values: NDArray[np.float64], inverse: NDArray[np.float64], coarse: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    from astrogui.science import spectral_kernels

    flux, weight = spectral_kernels.fine_weights(
        values, inverse, coarse.level, coarse.weight, coarse.ivar, coarse.continuum, LINE_FLOOR
    )
    freedom = spectral_kernels.independence(samples.width, samples.cell, samples.part, weight > 0)
    return flux, weight, float(freedom)


def _independence(samples: Cut, known: NDArray[np.bool_]) -> float:
    """Expected chi-square of known pixels of ``FINE`` resampled from samples of white noise.

    sum o^2 / sum o w over the samples that overlap a pixel (o overlap, w width): 1 where the
    grids agree, less where neighbours share a sample, as ``resample`` widens their variance for.
    """
    width, cell, part = samples.width, samples.cell, samples.part
    squares = np.concatenate([[0.0], np.cumsum(width**2)])
    first, last = cell[:-1], cell[1:]
    total = squares[last] + part[1:] * width[last] ** 2
    total -= squares[first] + part[:-1] * width[first] ** 2
    ends = (part[1:] * width[last]) ** 2 + ((1 - part[:-1]) * width[first]) ** 2
    across = ends + squares[last] - squares[np.minimum(first + 1, width.size)]
    within = ((part[1:] - part[:-1]) * width[first]) ** 2
    overlap = np.where(first == last, within, across)
    shares = np.where(total > 0, overlap / np.where(total > 0, total, 1.0), 0.0)
    return float(np.sum(shares[known]))


@lru_cache(maxsize=1)
def _smooth() -> NDArray[np.float32]:
    return polynomials(FINE.size, SMOOTH_TERMS).astype(np.float32)
