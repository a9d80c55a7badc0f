"""Chi-square of linear template sets at every redshift at once, by correlation on a log grid.

On pixels evenly spaced in log wavelength a redshift is a shift, so each sum over pixels that the
normal equations need is a correlation, and one FFT gives it for all redshifts.
Source of the idea: Tonry & Davis 1979, AJ 84, 1511; with weights and a linear basis as here:
Glazebrook, Offer & Deeley 1998, ApJ 492, 98.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import LogGrid

Array = NDArray[np.floating[Any]]

SMOOTH_DEGREE = 3  # of the polynomial taken off the templates: at most that of the smooth terms
NEGLIGIBLE = 3e-6  # of a template's whole power: below it single precision tells nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TemplateSet:
    """Rest-frame vectors that are added freely, searched over cells first_cell ... last_cell.

    Shift cell i means log10(1 + z) = (i - zero_cell) * step. ``vectors`` (m, n_pixel + n_cell - 1)
    lie on the grid that starts where pixel 0 falls at the largest shift. ``penalty`` (m,) is added
    to the diagonal of the normal matrix: 1 / (prior width of the coefficient)^2 for a spectrum
    scaled to unit level; 0 leaves a coefficient free.
    """

    name: str
    class_name: str
    first_cell: int
    last_cell: int  # inclusive
    vectors: NDArray[np.float64]
    penalty: NDArray[np.float64]
    exponent: float = 0.0  # templates were multiplied by wavelength ** exponent: flat, unit level
    _transforms: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def cells(self) -> int:
        return self.last_cell - self.first_cell + 1

    def at(self, cell: int, pixels: int) -> NDArray[np.float64]:
        """(m, pixels): the vectors as they appear on the observed pixels at one shift."""
        start = self.last_cell - cell
        return self.vectors[:, start : start + pixels]


def rest_grid(observed: LogGrid, zero_cell: int, first_cell: int, last_cell: int) -> LogGrid:
    """The rest-frame grid on which the vectors of a ``TemplateSet`` are given."""
    return LogGrid(
        first=observed.first - (last_cell - zero_cell) * observed.step,
        step=observed.step,
        size=observed.size + last_cell - first_cell,
    )


@lru_cache(maxsize=16)
def polynomials(pixels: int, count: int) -> NDArray[np.float64]:
    """Legendre polynomials (count, pixels) over the observed pixels; read-only, made once."""
    if count == 0:
        return np.zeros((0, pixels))
    table = np.polynomial.legendre.legvander(np.linspace(-1, 1, pixels), count - 1)
    terms = np.ascontiguousarray(table.T, np.float64)
    terms.flags.writeable = False
    return terms


def improvement(
    flux: Array, weight: Array, templates: TemplateSet, smooth_terms: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chi-square gained over the smooth terms alone, and the first coefficient, at every cell.

    ``flux`` and ``weight`` (n,), weight 0 for bad pixels; ``smooth_terms`` (p, n) are fitted
    with the templates at every shift. Returns (cells,) each: penalised drop of chi-square, >= 0,
    and the coefficient of the first vector in units of its error.
    """
    gain, significance, _ = gains(flux, weight, templates, smooth_terms)
    return gain, significance


def gains(
    flux: Array,
    weight: Array,
    templates: TemplateSet,
    smooth_terms: Array,
    known: SmoothPart | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """As ``improvement``, and the chi-square of the smooth terms alone.

    ``known`` may give the smooth part of the same flux, weight and terms. The sums are made in
    single precision. That suffices because the smooth terms are made orthonormal before, and
    because a cubic over the whole rest grid, which is a cubic in every window of it, is taken off
    the templates: with four smooth terms or more that changes nothing. What a template tells
    beyond the smooth terms by less than ``NEGLIGIBLE`` of its power is left out.
    """
    part = known or smooth_part(flux, weight, smooth_terms)
    matrix, half, right = _normal_equations(part, weight, templates)
    diagonal = np.arange(len(right))
    whole = matrix[diagonal, diagonal]
    for term in half:  # Schur complement: smooth terms solved for at each shift
        matrix -= term[:, None] * term
    matrix[diagonal, diagonal] += 0.2 * NEGLIGIBLE * whole + templates.penalty[:, None] + 1e-12
    gain, significance = _solve(matrix, right, NEGLIGIBLE * whole)
    return gain[::-1].astype(np.float64), significance[::-1].astype(np.float64), part.chi2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothPart:
    """The smooth terms fitted to a spectrum. Arrays (terms, n) and (n,)."""

    terms: NDArray[np.float64]  # orthonormal under the weights
    residual: NDArray[np.float64]
    chi2: float


def smooth_part(flux: Array, weight: Array, smooth_terms: Array) -> SmoothPart:
    """What the smooth terms alone leave of a spectrum."""
    _, factor, residual = project_smooth(flux, weight, smooth_terms)
    return SmoothPart(
        terms=factor @ smooth_terms, residual=residual, chi2=float(np.sum(weight * residual**2))
    )


def project_smooth(
    flux: Array, weight: Array, smooth_terms: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Normal matrix of the smooth terms, a factor of its inverse, and the flux without them.

    The factor L satisfies L^T L = inverse.
    """
    if len(smooth_terms) == 0:
        return np.zeros((0, 0)), np.zeros((0, 0)), np.asarray(flux, np.float64)
    weighted = smooth_terms * weight
    matrix = weighted @ smooth_terms.T
    matrix[np.diag_indices_from(matrix)] += 1e-9 * max(float(np.trace(matrix)), 1e-30)
    factor = np.linalg.inv(np.linalg.cholesky(matrix))
    coefficients = factor.T @ (factor @ (weighted @ flux))
    return matrix, factor, flux - coefficients @ smooth_terms


def best_fit(
    flux: Array, weight: Array, templates: TemplateSet, cell: int, smooth_terms: Array
) -> tuple[NDArray[np.float64], float]:
    """The fitted model (n,) at one shift and its chi-square (the penalty left out)."""
    vectors = templates.at(cell, len(flux))
    design = np.concatenate([vectors, smooth_terms])
    weighted = design * weight
    matrix = weighted @ design.T
    penalty = np.concatenate([templates.penalty, np.zeros(len(smooth_terms))])
    matrix[np.diag_indices_from(matrix)] += penalty + 1e-9 * np.maximum(np.diag(matrix), 1e-30)
    model = np.linalg.lstsq(matrix, weighted @ flux, rcond=1e-12)[0] @ design
    return model, float(np.sum(weight * (flux - model) ** 2))


def _normal_equations(
    part: SmoothPart, weight: Array, templates: TemplateSet
) -> tuple[Array, Array, Array]:
    """(m, m, cells) matrix, (p, m, cells) with the smooth terms, and (m, cells) right side.

    Cells run from the largest shift to the smallest, as the lags of the correlation come.
    """
    from scipy.fft import irfft, rfft

    single, double, length = _template_transforms(templates, len(part.terms))
    pixels, cells, count = len(weight), templates.cells, len(templates.vectors)
    assert pixels + cells - 1 == templates.vectors.shape[1]
    stack = np.empty((2 + len(part.terms), pixels), np.float32)
    stack[0] = weight
    stack[1] = weight * part.residual
    stack[2:] = weight * part.terms
    seen = np.conj(rfft(stack, length, axis=-1))
    products = irfft(seen[0] * double, length, axis=-1, overwrite_x=True)[:, :cells]
    linear = irfft(seen[1:, None] * single, length, axis=-1, overwrite_x=True)[..., :cells]
    matrix = np.empty((count, count, cells), np.float32)
    rows, columns = np.tril_indices(count)
    matrix[rows, columns] = products
    matrix[columns, rows] = products
    return matrix, linear[1:], linear[0].copy()


def _template_transforms(templates: TemplateSet, terms: int) -> tuple[Array, Array, int]:
    kept = templates._transforms
    if kept.get("terms") != terms:
        from scipy.fft import next_fast_len, rfft

        vectors = templates.vectors
        if terms > SMOOTH_DEGREE:
            place = np.linspace(-1, 1, vectors.shape[1])
            smooth = np.polynomial.legendre.legfit(place, vectors.T, SMOOTH_DEGREE)
            vectors = vectors - np.polynomial.legendre.legval(place, smooth)
        length = int(next_fast_len(vectors.shape[1], real=True))
        rows, columns = np.tril_indices(len(vectors))
        kept["single"] = rfft(vectors, length, axis=-1).astype(np.complex64)
        kept["double"] = rfft(vectors[rows] * vectors[columns], length, axis=-1)
        kept["double"] = kept["double"].astype(np.complex64)
        kept["length"], kept["terms"] = length, terms
    return kept["single"], kept["double"], kept["length"]


def _solve(matrix: Array, right: Array, least: Array) -> tuple[Array, Array]:
    """b^T A^-1 b and the first coefficient over its error, for all cells by Cholesky.

    Row by row from last to first, so that the first coefficient is the last unknown left; each
    step is one operation over the cells. A row whose rest falls below ``least`` (m, cells) counts
    for nothing. ``matrix`` and ``right`` are used up.
    """
    gain, solved = np.zeros_like(right[0]), np.zeros_like(right[0])
    for j in range(len(right) - 1, -1, -1):
        pivot = matrix[j, j]
        told = pivot > least[j]
        inverse = np.where(told, 1.0 / np.sqrt(np.where(told, pivot, 1.0)), 0.0)
        solved = right[j] * inverse
        gain += solved**2
        if j:
            column = matrix[j, :j] * inverse
            matrix[:j, :j] -= column[:, None] * column
            right[:j] -= column * solved
    return gain, solved
