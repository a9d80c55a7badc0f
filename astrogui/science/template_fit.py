"""Chi-square of linear template sets at every redshift at once, by correlation on a log grid.

On pixels evenly spaced in log wavelength a redshift is a shift, so each sum over pixels that the
normal equations need is a correlation, and one FFT gives it for all redshifts.
Source of the idea: Tonry & Davis 1979, AJ 84, 1511; with weights and a linear basis as here:
Glazebrook, Offer & Deeley 1998, ApJ 492, 98.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import LogGrid

Array = NDArray[np.floating[Any]]

SMOOTH_DEGREE = 3  # of the polynomial taken off the templates: at most that of the smooth terms
NEGLIGIBLE = 3e-6  # of a template's whole power: below it single precision tells nothing
BLOCK = 4096  # cells solved together
FEW_CELLS = 64  # up to which a set's sums are made one by one
LENGTHS = (2048, 2560, 2744, 3500)  # of transforms that several sets share


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
    gain, significance = _solve(*_correlated(part, templates, 1), templates.penalty[:, None])
    return gain[::-1].astype(np.float64), significance[::-1].astype(np.float64), part.chi2


def upright_gains(
    wanted: Sequence[tuple[SmoothPart, TemplateSet]],
) -> list[NDArray[np.float64]]:
    """For each set the chi-square gained over the smooth terms, (cells,), 0 where upside down.

    Upside down is a negative first coefficient. Every second cell comes by correlation, those
    between by a cubic through four neighbours: ``upright_gains_at`` has them exactly. A set of few
    cells is exact everywhere.
    """
    equations = [
        _summed(part, templates, np.arange(templates.cells))
        if templates.cells <= FEW_CELLS
        else _correlated(part, templates, 2)
        for part, templates in wanted
    ]
    gained = _upright(equations, [templates for _, templates in wanted])
    return [
        (values if templates.cells <= FEW_CELLS else _between(values, templates.cells))[::-1]
        for values, (_, templates) in zip(gained, wanted, strict=True)
    ]


def upright_gains_at(
    wanted: Sequence[tuple[SmoothPart, TemplateSet, NDArray[np.intp]]],
) -> list[NDArray[np.float64]]:
    """The same at some cells, (k,) counted from the set's first, each by its own sums."""
    equations = [
        _summed(part, templates, templates.cells - 1 - places) for part, templates, places in wanted
    ]
    return _upright(equations, [templates for _, templates, _ in wanted])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothPart:
    """The smooth terms fitted to a spectrum; what its correlations need, times the weight."""

    chi2: float
    weighted: NDArray[np.float32]  # (2 + terms, n): weight, residual, orthonormal smooth terms
    _transforms: dict[tuple[int, int], Any] = field(default_factory=dict, repr=False)

    def transforms(self, length: int, every: int) -> list[Array]:
        """Conjugate spectra of every ``every``-th pixel, from the first, the second, and so on."""
        from scipy.fft import rfft

        if (length, every) not in self._transforms:
            self._transforms[length, every] = [
                np.conj(rfft(self.weighted[:, phase::every], length, axis=-1))
                for phase in range(every)
            ]
        return list(self._transforms[length, every])


def smooth_part(flux: Array, weight: Array, smooth_terms: Array) -> SmoothPart:
    """What the smooth terms alone leave of a spectrum."""
    _, factor, residual = project_smooth(flux, weight, smooth_terms)
    rows = np.concatenate([np.ones((1, len(flux))), residual[None], factor @ smooth_terms])
    return SmoothPart(
        chi2=float(np.sum(weight * residual**2)), weighted=(rows * weight).astype(np.float32)
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


def _correlated(part: SmoothPart, templates: TemplateSet, every: int) -> tuple[Array, Array, Array]:
    """Sums at every ``every``-th cell, from the largest shift on, as the lags of a correlation.

    The lower triangle of the normal matrix row by row, (m (m + 1) / 2, cells), the right side
    (m, cells) and the couplings with the smooth terms (p, m, cells). Of every second lag, even
    pixels meet even samples alone and odd pixels odd ones: two transforms of half the length.
    """
    from scipy.fft import irfft

    kept = _kept(templates, len(part.weighted) - 2)
    pixels, cells = part.weighted.shape[1], -(-templates.cells // every)
    assert pixels + templates.cells - 1 == templates.vectors.shape[1]
    length, single, double = _template_transforms(kept, every)
    first, *others = part.transforms(length, every)
    products, linear = first[0] * double[0], first[1:, None] * single[0]
    for phase, seen in enumerate(others, start=1):
        products += seen[0] * double[phase]
        linear += seen[1:, None] * single[phase]
    matrix = irfft(products, length, axis=-1, overwrite_x=True)[:, :cells]
    sums = irfft(linear, length, axis=-1, overwrite_x=True)[..., :cells]
    return matrix, sums[0], sums[1:]


def _summed(
    part: SmoothPart, templates: TemplateSet, lags: NDArray[np.intp]
) -> tuple[Array, Array, Array]:
    """The same sums at some lags, each by products with the window of the vectors there."""
    kept = _kept(templates, len(part.weighted) - 2)
    vectors, products = kept["vectors"], kept["products"]
    pixels, weight, others = part.weighted.shape[1], part.weighted[0], part.weighted[1:].T.copy()
    matrix = np.empty((len(lags), len(products)), np.float32)
    sums = np.empty((len(lags), len(vectors), others.shape[1]), np.float32)
    for row, lag in enumerate(lags.tolist()):
        window = slice(lag, lag + pixels)
        matrix[row] = products[:, window] @ weight
        sums[row] = vectors[:, window] @ others
    turned = np.ascontiguousarray(sums.transpose(2, 1, 0))
    return np.ascontiguousarray(matrix.T), turned[0], turned[1:]


def _kept(templates: TemplateSet, terms: int) -> dict[str, Any]:
    """The vectors without their cubic and their products, in single precision."""
    kept = templates._transforms
    if kept.get("terms") != terms:
        vectors = templates.vectors
        if terms > SMOOTH_DEGREE:
            place = np.linspace(-1, 1, vectors.shape[1])
            smooth = np.polynomial.legendre.legfit(place, vectors.T, SMOOTH_DEGREE)
            vectors = vectors - np.polynomial.legendre.legval(place, smooth)
        rows, columns = np.tril_indices(len(vectors))
        kept.clear()
        kept["terms"] = terms
        kept["vectors"] = vectors.astype(np.float32)
        kept["products"] = (vectors[rows] * vectors[columns]).astype(np.float32)
    return kept


def _template_transforms(kept: dict[str, Any], every: int) -> tuple[int, Array, Array]:
    """Length, and the spectra (every, m, bins) of the vectors and of their products."""
    if str(every) not in kept:
        from scipy.fft import next_fast_len, rfft

        vectors, products = kept["vectors"], kept["products"]
        least = -(-vectors.shape[1] // every)
        # Few lengths, so that sets share the transforms of a spectrum.
        length = next((size for size in LENGTHS if size >= least), 0)
        length = length or int(next_fast_len(least, real=True))
        single = [rfft(vectors[:, phase::every], length, axis=-1) for phase in range(every)]
        double = [rfft(products[:, phase::every], length, axis=-1) for phase in range(every)]
        kept[str(every)] = length, np.stack(single), np.stack(double)
    length, one, two = kept[str(every)]
    return length, one, two


def _upright(
    equations: Sequence[tuple[Array, Array, Array]], sets: Sequence[TemplateSet]
) -> list[NDArray[np.float64]]:
    """Solutions of the sets' equations, those of as many vectors together, in blocks of cells.

    The operations on a block are many and small: what counts is how few blocks there are, and
    that one fits into the processor's cache.
    """
    found: list[NDArray[np.float64]] = [np.zeros(0)] * len(sets)
    for count in {len(right) for _, right, _ in equations}:
        members = [k for k, (_, right, _) in enumerate(equations) if len(right) == count]
        together = [np.concatenate([equations[k][part] for k in members], -1) for part in range(3)]
        sizes = [equations[k][1].shape[1] for k in members]
        penalty = np.repeat(np.array([sets[k].penalty for k in members], np.float32).T, sizes, 1)
        gained = []
        for start in range(0, sum(sizes), BLOCK):
            block = slice(start, start + BLOCK)
            matrix, right, coupling = (part[..., block] for part in together)
            gain, leading = _solve(matrix, right, coupling, penalty[:, block])
            gained.append(np.where(leading > 0, gain, 0.0).astype(np.float64))
        parts = np.split(np.concatenate(gained), np.cumsum(sizes)[:-1])
        for k, part in zip(members, parts, strict=True):
            found[k] = part
    return found


def _between(every: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """(cells,) from the values at every second one."""
    out = np.empty(cells)
    out[::2] = every
    padded = np.concatenate([every[:1], every, every[-1:]])
    between = 0.5625 * (every[1:] + every[:-1]) - 0.0625 * (padded[3:] + padded[:-3])
    out[1 : 2 * every.size - 1 : 2] = np.maximum(between, 0.0)
    if cells % 2 == 0:
        out[-1] = every[-1]
    return out


def _solve(
    matrix: Array, right: Array, coupling: Array, penalty: Array
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """b^T A^-1 b and the first coefficient over its error, for all cells by Cholesky.

    The smooth terms, orthonormal already, are solved for first; then row by row from last to
    first, so that the first coefficient is the last unknown left. Each step is one operation over
    the cells. A row whose rest falls below ``NEGLIGIBLE`` of its whole counts for nothing.
    ``matrix`` and ``right`` are used up.
    """
    count, cells = right.shape
    starts = [i * (i + 1) // 2 for i in range(count + 1)]
    rows = [matrix[starts[i] : starts[i + 1]] for i in range(count)]
    least = np.empty((count, cells), np.float32)
    room = np.empty((len(coupling), count, cells), np.float32)
    for i, row in enumerate(rows):
        np.multiply(row[i], NEGLIGIBLE, out=least[i])
        for part in np.multiply(coupling[:, i : i + 1], coupling[:, : i + 1], room[:, : i + 1]):
            row -= part
        row[i] += 0.2 * least[i] + penalty[i] + 1e-12
    gain, solved = np.zeros(cells, np.float32), np.zeros(cells, np.float32)
    room = np.empty((count, cells), np.float32)
    for j in range(count - 1, -1, -1):
        told = rows[j][j] > least[j]
        inverse = np.where(told, 1.0 / np.sqrt(np.where(told, rows[j][j], 1.0)), np.float32(0))
        solved = right[j] * inverse
        gain += solved**2
        column = rows[j][:j] * inverse
        for i in range(j):
            rows[i] -= np.multiply(column[i], column[: i + 1], room[: i + 1])
        right[:j] -= column * solved
    return gain, solved
