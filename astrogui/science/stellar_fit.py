"""Fit of an emulated stellar spectrum: labels and velocity by least squares, continuum apart.

The flux is continuum times emulated spectrum; the continuum of each chip is a polynomial whose
coefficients are solved for linearly at every step and marginalised over (variable projection:
Golub & Pereyra 1973, SIAM J. Numer. Anal. 10, 413; Kaufman 1975, BIT 15, 49).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from astrogui.science.stellar_emulator import (
    CHIPS,
    HIGH,
    LABELS,
    LOW,
    OBSERVED,
    TAPS,
    moved,
    moved_slopes,
)

Array = NDArray[np.float64]

PARAMETERS = len(LABELS) + 1  # the labels, then the shift in pixels
CONTINUUM_TERMS = 5  # of each chip
LARGEST_SHIFT = 125.0  # pixels
STEPS = 25
SETTLED = 1e-2  # of chi-square that another step is expected to gain, below which the fit ends
OUTLIER = 5.0  # standard deviations, beyond which a pixel is left out
SCALES: Array = np.append((HIGH - LOW) / 2, 1.0)


class Spectra(Protocol):
    """Anything that gives a normalised spectrum and its derivatives by the labels."""

    def flux_and_gradient(self, labels: Array) -> tuple[Array, Array]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """A fitted spectrum."""

    values: Array  # (6,) labels, shift in pixels; inside the labels' bounds
    information: Array  # (6, 6) Fisher matrix, continuum marginalised, by the stated errors
    centre: Array  # (6,) of the normal approximation; outside the bounds where the fit is held
    chi_square: float
    degrees: int  # of freedom
    model: Array  # (OBSERVED.size,) continuum times spectrum, NaN where nothing is known
    left_out: int  # pixels left out as outliers
    converged: bool

    @property
    def reduced(self) -> float:
        """Chi-square over degrees of freedom."""
        return self.chi_square / max(self.degrees, 1)


def fit(
    flux: Array,
    ivar: Array,
    spectra: Spectra,
    start: Array,
    progress: Callable[[float], None] = lambda part: None,
) -> Fit:
    """Best labels and shift from ``start`` (6,), for flux and inverse variance on ``OBSERVED``.

    Labels stay between their bounds. Pixels further off than ``OUTLIER`` are left out and the fit
    goes on from where it was, twice at most.
    """
    values = held(np.asarray(start, np.float64))
    kept = np.asarray(ivar, np.float64).copy()
    left_out = 0
    for round_ in range(3):
        point, converged = _descended(flux, kept, spectra, values)
        values = point.values
        progress((round_ + 1) / 3)
        far = _outliers(point, kept)
        if round_ == 2 or not far.any():
            break
        left_out += int(far.sum())
        kept[far] = 0.0
    return Fit(
        values=values,
        information=point.information,
        centre=values + _newton(point, 0.0),
        chi_square=point.chi_square,
        degrees=point.degrees,
        model=point.model,
        left_out=left_out,
        converged=converged,
    )


def information(flux: Array, ivar: Array, spectra: Spectra, values: Array) -> Array:
    """The Fisher matrix (6, 6) at given values, the continuum marginalised."""
    return _point(flux, ivar, spectra, values).information


def held(values: Array) -> Array:
    """Values (6,) moved inside the bounds of the labels and of the shift."""
    low, high = np.append(LOW, -LARGEST_SHIFT), np.append(HIGH, LARGEST_SHIFT)
    return np.asarray(np.clip(values, low, high))


@dataclass(slots=True, kw_only=True)
class _Point:
    """Everything that a step needs at one set of values."""

    values: Array
    chi_square: float
    degrees: int
    gradient: Array  # (6,) of minus half the chi-square
    information: Array
    model: Array
    scaled_residual: Array  # (OBSERVED.size,)


def _descended(flux: Array, ivar: Array, spectra: Spectra, start: Array) -> tuple[_Point, bool]:
    """Levenberg and Marquardt's descent inside the bounds; whether it settled."""
    point, damping = _point(flux, ivar, spectra, start), 1e-3
    for _ in range(STEPS):
        step = held(point.values + _newton(point, damping)) - point.values
        expected = 2 * float(step @ point.gradient) - float(step @ point.information @ step)
        if expected < SETTLED:
            return point, True
        trial = _point(flux, ivar, spectra, point.values + step)
        if trial.chi_square < point.chi_square:
            point, damping = trial, max(damping / 10, 1e-9)
        else:
            damping *= 10
    return point, False


def _newton(point: _Point, damping: float) -> Array:
    """The step (6,); labels held at a bound that they press against take no part in it.

    With ``damping`` 0 all take part: the place where the normal approximation has its centre.
    """
    free = np.ones(PARAMETERS, bool)
    if damping > 0:
        at_low = point.values[:-1] <= LOW
        at_high = point.values[:-1] >= HIGH
        push = point.gradient[:-1]
        free[:-1] = ~((at_low & (push < 0)) | (at_high & (push > 0)))
    scale = SCALES[free]
    matrix = point.information[np.ix_(free, free)] * scale[:, None] * scale
    matrix = matrix + np.diag(np.diag(matrix) * damping + 1e-6)
    step = np.zeros(PARAMETERS)
    step[free] = np.linalg.solve(matrix, point.gradient[free] * scale) * scale
    if damping > 0:  # at most half of the range of a label, and three pixels, at once
        step /= max(1.0, float(np.max(np.abs(step[:-1]) / SCALES[:-1])), abs(step[-1]) / 3.0)
    return step


def _point(flux: Array, ivar: Array, spectra: Spectra, values: Array) -> _Point:
    rest, slopes = spectra.flux_and_gradient(values[:-1])
    shift = float(values[-1])
    places, rows = moved(np.concatenate([rest[None], slopes]), shift)
    sideways = moved_slopes(rest, shift)
    chi_square, degrees = 0.0, -PARAMETERS
    gradient, matrix = np.zeros(PARAMETERS), np.zeros((PARAMETERS, PARAMETERS))
    model, scaled = np.full(OBSERVED.size, np.nan), np.zeros(OBSERVED.size)
    for place, chip, slope, basis in zip(places, rows, sideways, continuum_bases(), strict=True):
        found = solved(flux[place], ivar[place], chip[0], basis)
        if found is None:
            continue
        continuum = found.coefficients @ basis
        jacobian = np.concatenate([chip[1:], slope[None]]) * (continuum * np.sqrt(ivar[place]))
        jacobian = jacobian - (jacobian @ found.axes) @ found.axes.T
        gradient += jacobian @ found.residual
        matrix += jacobian @ jacobian.T
        chi_square += float(found.residual @ found.residual)
        degrees += found.good - found.axes.shape[1]
        model[place] = continuum * chip[0]
        scaled[place] = found.residual
    return _Point(
        values=values,
        chi_square=chi_square,
        degrees=degrees,
        gradient=gradient,
        information=matrix,
        model=model,
        scaled_residual=scaled,
    )


def _outliers(point: _Point, ivar: Array) -> NDArray[np.bool_]:
    """Good pixels further off than ``OUTLIER`` times the scatter of the residuals."""
    good = (ivar > 0) & np.isfinite(point.model)
    if good.sum() < 50:
        return np.zeros(OBSERVED.size, bool)
    scatter = 1.4826 * float(np.median(np.abs(point.scaled_residual[good])))
    return np.asarray(good & (np.abs(point.scaled_residual) > OUTLIER * max(scatter, 1e-30)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """The continuum of one chip that brings a spectrum to the data."""

    coefficients: Array  # (terms,)
    axes: Array  # (n, k) orthonormal span of its columns, in units of the errors
    residual: Array  # (n,) in units of the errors
    good: int  # pixels with an error


def solved(flux: Array, ivar: Array, spectrum: Array, basis: Array) -> Solved | None:
    """Least squares for the continuum of one chip, all (n,), basis (terms, n).

    None where too few pixels are good.
    """
    weight = np.sqrt(ivar)
    good = int(np.count_nonzero(weight))
    if good < 4 * CONTINUUM_TERMS:
        return None
    columns = ((spectrum * weight) * basis).T
    axes, triangle = np.linalg.qr(columns)
    target = flux * weight
    # Columns that the good pixels hardly tell apart must not make the continuum run away.
    sizes = np.abs(np.diag(triangle))
    if sizes.min() < 1e-7 * sizes.max():
        axes, values, right = np.linalg.svd(columns, full_matrices=False)
        sure = values > 1e-6 * values[0]
        axes = axes[:, sure]
        coefficients = right[sure].T @ ((axes.T @ target) / values[sure])
    else:
        coefficients = np.linalg.solve(triangle, axes.T @ target)
    return Solved(
        coefficients=coefficients,
        axes=axes,
        residual=target - axes @ (axes.T @ target),
        good=good,
    )


@lru_cache(maxsize=1)
def continuum_bases() -> tuple[Array, ...]:
    """Legendre polynomials (terms, n) over each chip, in its own pixels at rest."""
    bases: list[Array] = []
    for first, last in CHIPS:
        x = np.linspace(-1, 1, last - first - TAPS + 1)
        basis = np.polynomial.legendre.legvander(x, CONTINUUM_TERMS - 1).T
        bases.append(np.asarray(basis, np.float64))
    return tuple(bases)
