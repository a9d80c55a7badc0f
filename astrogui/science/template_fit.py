"""Chi-square of linear template sets at every redshift at once, by correlation on a log grid.

On pixels evenly spaced in log wavelength a redshift is a shift, so each sum over pixels that the
normal equations need is a correlation, and one FFT gives it for all redshifts.
Source of the idea: Tonry & Davis 1979, AJ 84, 1511; with weights and a linear basis as here:
Glazebrook, Offer & Deeley 1998, ApJ 492, 98.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.compiled import is_available
from astrogui.science.spectral import LogGrid
from astrogui.science.template_solve import (
    FEW_CELLS,
    NEGLIGIBLE,
    Equations,
    Stack,
    between,
    solve,
    upright,
)
from astrogui.science.template_sums import (
    SmoothPart,
    TemplateSet,
    kept_vectors,
    smooth_part,
    summed,
    sums_by_lag,
)

Array = NDArray[np.floating[Any]]


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
    gain, significance = solve(_correlated(part, templates, 1))
    return gain[::-1].astype(np.float64), significance[::-1].astype(np.float64), part.chi2


def upright_gains(
    wanted: Sequence[tuple[SmoothPart, TemplateSet]],
) -> list[NDArray[np.float64]]:
    """For each set the chi-square gained over the smooth terms, (cells,), 0 where upside down.

    Upside down is a negative first coefficient. Every second cell comes by correlation, those
    between by a cubic through four neighbours: ``upright_gains_at`` has them exactly. A set of few
    cells is exact everywhere.
    """
    gained = _compiled_gains(wanted) if is_available() else _stacked_gains(wanted)
    return [one[::-1] for one in gained]


def _compiled_gains(
    wanted: Sequence[tuple[SmoothPart, TemplateSet]],
) -> list[NDArray[np.float64]]:
    from astrogui.science import template_kernels

    gained = []
    for part, templates in wanted:
        cells = templates.cells
        if cells <= FEW_CELLS:
            gained.append(_compiled_gains_at(part, templates, np.arange(cells)[::-1]))
            continue
        matrix, sums = sums_by_lag(part, templates, 2)
        penalty = templates.penalty.astype(np.float32)
        values = template_kernels.upright(
            matrix, sums, penalty, -(-cells // 2), np.float32(NEGLIGIBLE)
        )
        gained.append(template_kernels.between(values, cells))
    return gained


def _stacked_gains(
    wanted: Sequence[tuple[SmoothPart, TemplateSet]],
) -> list[NDArray[np.float64]]:
    """The same with numpy: sets with as many unknowns are solved as one."""
    few = [k for k, (_, templates) in enumerate(wanted) if templates.cells <= FEW_CELLS]
    whole = summed([(*wanted[k], np.arange(wanted[k][1].cells)) for k in few])
    gained = dict(zip(few, upright(whole), strict=True))
    alike: dict[tuple[int, int], list[int]] = {}  # by the number of unknowns
    for k, (part, templates) in enumerate(wanted):
        if k not in gained:
            size = len(templates.vectors), len(part.weighted) - 2
            alike.setdefault(size, []).append(k)
    for (count, terms), members in alike.items():
        stack = Stack(count, terms, sum(-(-wanted[k][1].cells // 2) for k in members))
        places = {k: stack.add(_correlated(*wanted[k], 2)) for k in members}
        values = stack.gain()
        gained |= {k: between(values[own], wanted[k][1].cells) for k, own in places.items()}
    return [gained[k] for k in range(len(wanted))]


def upright_gains_at(
    wanted: Sequence[tuple[SmoothPart, TemplateSet, NDArray[np.intp]]],
) -> list[NDArray[np.float64]]:
    """The same at some cells, (k,) counted from the set's first, each by its own sums."""
    if is_available():
        return [_compiled_gains_at(*one) for one in wanted]
    return upright(summed([(part, one, one.cells - 1 - places) for part, one, places in wanted]))


def _compiled_gains_at(
    part: SmoothPart, templates: TemplateSet, places: NDArray[np.intp]
) -> NDArray[np.float64]:
    from astrogui.science import template_kernels

    vectors = kept_vectors(templates, len(part.weighted) - 2)["vectors"]
    lags = (templates.cells - 1 - places).astype(np.intp)
    matrix, sums = template_kernels.summed(part.weighted, vectors, lags, *part.seen)
    penalty = templates.penalty.astype(np.float32)
    return template_kernels.upright(matrix, sums, penalty, lags.size, np.float32(NEGLIGIBLE))


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


def _correlated(part: SmoothPart, templates: TemplateSet, every: int) -> Equations:
    """The equations at every ``every``-th cell, from the largest shift on."""
    matrix, sums = sums_by_lag(part, templates, every)
    cells, penalty = -(-templates.cells // every), templates.penalty.astype(np.float32)
    return Equations(matrix[:, :cells], sums[0, :, :cells], sums[1:, :, :cells], penalty)
