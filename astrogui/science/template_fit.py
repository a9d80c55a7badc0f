"""Chi-square of linear template sets at every redshift at once, by correlation on a log grid.

On pixels evenly spaced in log wavelength a redshift is a shift, so each sum over pixels that the
normal equations need is a correlation, and one FFT gives it for all redshifts.
Source of the idea: Tonry & Davis 1979, AJ 84, 1511; with weights and a linear basis as here:
Glazebrook, Offer & Deeley 1998, ApJ 492, 98.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import LogGrid

Array = NDArray[np.floating[Any]]


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


def polynomials(pixels: int, count: int) -> NDArray[np.float64]:
    """Legendre polynomials (count, pixels) over the observed pixels."""
    if count == 0:
        return np.zeros((0, pixels))
    table = np.polynomial.legendre.legvander(np.linspace(-1, 1, pixels), count - 1)
    return np.asarray(table.T, np.float64)


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
    flux: Array, weight: Array, templates: TemplateSet, smooth_terms: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """As ``improvement``, and the chi-square of the smooth terms alone.

    Double precision throughout: what templates tell beyond the smooth terms is a thousandth of
    their sums, and single precision leaves nothing of it.
    """
    _, smooth_factor, residual = project_smooth(flux, weight, smooth_terms)
    base = float(np.sum(weight * residual**2))
    matrix, cross, right = _normal_equations(residual, weight, templates, smooth_terms)
    # Schur complement: smooth terms solved for at each shift; `residual` is orthogonal to them.
    if len(smooth_terms):
        terms, count, cells = cross.shape
        half = smooth_factor @ cross.reshape(terms, count * cells)
        half = half.reshape(terms, count, cells)
        row = 0
        for i in range(count):
            for j in range(i + 1):
                matrix[row] -= np.einsum("qz,qz->z", half[:, i], half[:, j])
                row += 1
    diagonal = np.cumsum(np.arange(1, len(right) + 1)) - 1
    matrix[diagonal] += templates.penalty[:, None]
    scale = np.maximum(matrix[diagonal].sum(axis=0), 1e-30)
    matrix[diagonal] += 1e-9 * scale + 1e-12
    gain, significance = _solve(matrix, right)
    return np.asarray(gain[::-1]), np.asarray(significance[::-1]), base


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
    residual: Array, weight: Array, templates: TemplateSet, smooth_terms: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(m (m + 1) / 2, cells) lower triangle by rows, (p, m, cells) with the smooth terms, and
    (m, cells) right side; cells from the largest shift to the smallest, as the lags come.
    """
    from scipy.fft import irfft, rfft

    single, double, length = _template_transforms(templates)
    pixels, cells = len(residual), templates.cells
    assert pixels + cells - 1 == templates.vectors.shape[1]
    stack = np.empty((2 + len(smooth_terms), pixels))
    stack[0] = weight
    stack[1] = weight * residual
    stack[2:] = smooth_terms * weight
    seen = np.conj(rfft(stack, length, axis=-1))
    products = irfft(seen[0] * double, length, axis=-1)[:, :cells]
    linear = irfft(seen[1:, None] * single, length, axis=-1, overwrite_x=True)[..., :cells]
    return np.ascontiguousarray(products), np.ascontiguousarray(linear[1:]), linear[0]


def _template_transforms(templates: TemplateSet) -> tuple[Array, Array, int]:
    kept = templates._transforms
    if not kept:
        from scipy.fft import next_fast_len, rfft

        length = int(next_fast_len(templates.vectors.shape[1], real=True))
        rows, columns = np.tril_indices(len(templates.vectors))
        products = templates.vectors[rows] * templates.vectors[columns]
        kept["single"] = rfft(templates.vectors, length, axis=-1)
        kept["double"] = rfft(products, length, axis=-1)
        kept["length"] = length
    return kept["single"], kept["double"], kept["length"]


def _solve(triangle: Array, right: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """b^T A^-1 b and the first coefficient over its error, for all cells by Cholesky.

    Written out over the few rows so that each step is one vector operation over the cells. The
    rows are taken from last to first: the first coefficient then is the last unknown left.
    """
    count, cells = right.shape
    factor = np.zeros((count, count, cells))
    solved = np.zeros((count, cells))

    def entry(i: int, j: int) -> Array:
        low, high = sorted((count - 1 - i, count - 1 - j))
        return triangle[high * (high + 1) // 2 + low]

    for j in range(count):
        pivot = entry(j, j) - np.einsum("kz,kz->z", factor[j, :j], factor[j, :j])
        tiny = 1e-10 * np.maximum(entry(j, j), 1e-30)
        inverse = 1.0 / np.sqrt(np.maximum(pivot, tiny))
        factor[j, j] = inverse
        for i in range(j + 1, count):
            inner = np.einsum("kz,kz->z", factor[i, :j], factor[j, :j])
            factor[i, j] = (entry(i, j) - inner) * inverse
        inner = np.einsum("kz,kz->z", factor[j, :j], solved[:j])
        solved[j] = (right[count - 1 - j] - inner) * inverse
    gain = np.einsum("kz,kz->z", solved, solved)
    return np.asarray(gain, np.float64), solved[count - 1]
