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
    smooth_matrix, smooth_factor, residual = project_smooth(flux, weight, smooth_terms)
    matrix, cross, right = _normal_equations(residual, weight, templates, smooth_terms)
    # Schur complement: smooth terms solved for at each shift; `residual` is orthogonal to them.
    if smooth_matrix.size:
        half = np.einsum("qp,mpz->mqz", smooth_factor, cross)
        for i in range(matrix.shape[0]):
            for j in range(i + 1):
                matrix[i, j] -= np.einsum("qz,qz->z", half[i], half[j])
    diagonal = np.arange(matrix.shape[0])
    matrix[diagonal, diagonal] += templates.penalty[:, None]
    scale = np.maximum(np.einsum("iiz->iz", matrix), 1e-30)
    matrix[diagonal, diagonal] += 1e-9 * scale + 1e-12
    gain, significance = _solve(matrix, right)
    return gain, significance


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
    """(m, m, cells) lower triangle, (m, p, cells) with the smooth terms, (m, cells) right side."""
    single, double, length = _template_transforms(templates)
    pixels, cells, count = len(residual), templates.cells, len(templates.vectors)
    from scipy.fft import irfft, rfft

    def correlate(data: Array, transform: Array) -> NDArray[np.float64]:
        product = np.conj(rfft(data, length, axis=-1))[..., None, :] * transform
        lags = irfft(product, length, axis=-1)[..., :cells]
        return lags[..., ::-1]  # lag 0 is the largest shift

    assert pixels + cells - 1 == templates.vectors.shape[1]
    stack = np.concatenate([(weight * residual)[None], smooth_terms * weight])
    linear = correlate(stack, single)  # (1 + p, m, cells)
    products = correlate(np.asarray(weight, np.float64), double)
    matrix = np.zeros((count, count, cells))
    rows, columns = np.tril_indices(count)
    matrix[rows, columns] = products
    return matrix, np.swapaxes(linear[1:], 0, 1), linear[0]


def _template_transforms(templates: TemplateSet) -> tuple[Array, Array, int]:
    kept = templates._transforms
    if not kept:
        from scipy.fft import next_fast_len, rfft

        length = int(next_fast_len(templates.vectors.shape[1], real=True))
        rows, columns = np.tril_indices(len(templates.vectors))
        kept["single"] = rfft(templates.vectors, length, axis=-1)
        kept["double"] = rfft(templates.vectors[rows] * templates.vectors[columns], length, axis=-1)
        kept["length"] = length
    return kept["single"], kept["double"], kept["length"]


def _solve(matrix: Array, right: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """b^T A^-1 b and the first coefficient over its error, for all cells by Cholesky.

    Written out over the few rows so that each step is one vector operation over the cells. The
    rows are taken from last to first: the first coefficient then is the last unknown left.
    """
    order = np.arange(len(right))[::-1]
    count, cells = right.shape
    factor = np.zeros((count, count, cells))
    solved = np.zeros((count, cells))

    def entry(i: int, j: int) -> Array:
        a, b = int(order[i]), int(order[j])
        return matrix[max(a, b), min(a, b)]

    for j in range(count):
        pivot = entry(j, j) - np.einsum("kz,kz->z", factor[j, :j], factor[j, :j])
        tiny = 1e-10 * np.maximum(entry(j, j), 1e-30)
        factor[j, j] = np.sqrt(np.maximum(pivot, tiny))
        for i in range(j + 1, count):
            inner = np.einsum("kz,kz->z", factor[i, :j], factor[j, :j])
            factor[i, j] = (entry(i, j) - inner) / factor[j, j]
        inner = np.einsum("kz,kz->z", factor[j, :j], solved[:j])
        solved[j] = (right[order[j]] - inner) / factor[j, j]
    return np.einsum("kz,kz->z", solved, solved), solved[count - 1]
