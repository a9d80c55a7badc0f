"""Chi-square of linear template sets at every redshift at once, by correlation on a log grid.

On pixels evenly spaced in log wavelength a redshift is a shift, so each sum over pixels that the
normal equations need is a correlation, and one FFT gives it for all redshifts.
Source of the idea: Tonry & Davis 1979, AJ 84, 1511; with weights and a linear basis as here:
Glazebrook, Offer & Deeley 1998, ApJ 492, 98.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import LogGrid
from astrogui.science.template_solve import (
    FEW_CELLS,
    Equations,
    Stack,
    between,
    solve,
    upright,
)

Array = NDArray[np.floating[Any]]

SMOOTH_DEGREE = 3  # of the polynomial taken off the templates: at most that of the smooth terms
REACH = 6  # of lags that are summed together
LENGTHS = (2048, 2560, 2880, 3600)  # of transforms that several sets share, quick ones


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
    few = [k for k, (_, templates) in enumerate(wanted) if templates.cells <= FEW_CELLS]
    summed = _summed([(*wanted[k], np.arange(wanted[k][1].cells)) for k in few])
    gained = dict(zip(few, upright(summed), strict=True))
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
    return [gained[k][::-1] for k in range(len(wanted))]


def upright_gains_at(
    wanted: Sequence[tuple[SmoothPart, TemplateSet, NDArray[np.intp]]],
) -> list[NDArray[np.float64]]:
    """The same at some cells, (k,) counted from the set's first, each by its own sums."""
    return upright(_summed([(part, one, one.cells - 1 - places) for part, one, places in wanted]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothPart:
    """The smooth terms fitted to a spectrum; what its correlations need, times the weight."""

    chi2: float
    weighted: NDArray[np.float32]  # (2 + terms, n): weight, residual, orthonormal smooth terms
    _transforms: dict[tuple[int, ...], Any] = field(default_factory=dict, repr=False)

    def transforms(self, length: int, every: int) -> Array:
        """Conjugate spectra (every, rows, bins) of every ``every``-th pixel, from each start."""
        from scipy.fft import rfft

        if (length, every) not in self._transforms:
            rows, size = self.weighted.shape
            padded = np.zeros((rows, -(-size // every) * every), np.float32)
            padded[:, :size] = self.weighted
            phases = np.ascontiguousarray(padded.reshape(rows, -1, every).transpose(2, 0, 1))
            seen = rfft(phases, length, axis=-1)
            self._transforms[length, every] = np.conj(seen, out=seen)
        return np.asarray(self._transforms[length, every])

    @property
    def seen(self) -> tuple[int, int]:
        """The first pixel that has weight, and the one after the last; all without any."""
        if () not in self._transforms:
            there = np.flatnonzero(self.weighted[0])
            ends = (int(there[0]), int(there[-1]) + 1) if there.size else (0, len(self.weighted[0]))
            self._transforms[()] = ends
        first, end = self._transforms[()]
        return first, end

    def moved(self, steps: tuple[int, ...]) -> Array:
        """(rows, steps, seen + last step): what is seen moved on by some pixels, zeros about it."""
        if steps not in self._transforms:
            first, end = self.seen
            rows, size = len(self.weighted), end - first
            moved = np.zeros((rows, len(steps), size + steps[-1]), np.float32)
            for place, step in enumerate(steps):
                moved[:, place, step : step + size] = self.weighted[:, first:end]
            self._transforms[steps] = moved
        return np.asarray(self._transforms[steps])


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


def _correlated(part: SmoothPart, templates: TemplateSet, every: int) -> Equations:
    """Sums at every ``every``-th cell, from the largest shift on, as the lags of a correlation.

    Of every second lag, even pixels meet even samples alone and odd pixels odd ones: two
    transforms of half the length.
    """
    from scipy.fft import irfft

    kept = _kept(templates, len(part.weighted) - 2)
    pixels, cells = part.weighted.shape[1], -(-templates.cells // every)
    assert pixels + templates.cells - 1 == templates.vectors.shape[1]
    length, single, double = _template_transforms(kept, every)
    seen = part.transforms(length, every)
    # One after the other: what is made of each is still in the processor's cache when it is read.
    found = []
    for factor, spectra in ((seen[:, :1], double), (seen[:, 1:, None], single)):
        total = factor[0] * spectra[0]
        for phase in range(1, every):
            total += factor[phase] * spectra[phase]
        found.append(irfft(total, length, axis=-1, overwrite_x=True)[..., :cells])
    matrix, sums = found
    return Equations(matrix, sums[0], sums[1:], templates.penalty.astype(np.float32))


def _summed(
    wanted: Sequence[tuple[SmoothPart, TemplateSet, NDArray[np.intp]]],
) -> list[Equations]:
    """The same sums of several sets at some lags each; sets that are alike share the work."""
    groups: dict[tuple[int, int, bytes], list[int]] = {}
    for k, (part, templates, lags) in enumerate(wanted):
        groups.setdefault((id(part), templates.cells, lags.tobytes()), []).append(k)
    found: list[Equations] = [Equations(*(np.zeros((0, 0)),) * 4)] * len(wanted)
    for members in groups.values():
        part, _, lags = wanted[members[0]]
        sets = tuple(wanted[k][1] for k in members)
        vectors, products = _stacked(sets, len(part.weighted) - 2)
        matrix, sums = _summed_at(part, vectors, products, lags, sets[0].cells)
        row = place = 0
        for k, templates in zip(members, sets, strict=True):
            count = len(templates.vectors)
            own, pairs = slice(row, row + count), slice(place, place + count * (count + 1) // 2)
            row, place = own.stop, pairs.stop
            penalty = templates.penalty.astype(np.float32)
            found[k] = Equations(matrix[pairs], sums[0, own], sums[1:, own], penalty)
    return found


def _summed_at(
    part: SmoothPart, vectors: Array, products: Array, lags: NDArray[np.intp], cells: int
) -> tuple[Array, Array]:
    """(pairs, lags) and (1 + p, vectors, lags), by products with the window of the vectors there.

    Lags that lie together share a window, over which the spectrum is moved instead.
    """
    (begin, end), others = part.seen, len(part.weighted) - 1
    matrix = np.empty((len(products), len(lags)), np.float32)
    sums = np.empty((others, len(vectors), len(lags)), np.float32)
    order = np.argsort(lags)
    reach = min(REACH, cells - 1) if len(lags) < cells else cells - 1
    for first, steps, run, chosen in _runs(lags[order].tolist(), cells, reach):
        places, moved = order[run], part.moved(steps)
        window = slice(first + begin, first + end + steps[-1])
        matrix[:, places] = (products[:, window] @ moved[0].T)[:, chosen]
        found = moved[1:].reshape(-1, moved.shape[2]) @ vectors[:, window].T
        sums[:, :, places] = found.reshape(others, len(steps), -1)[:, chosen].transpose(0, 2, 1)
    return matrix, sums


def _runs(
    lags: Sequence[int], cells: int, reach: int
) -> Iterator[tuple[int, tuple[int, ...], slice, list[int]]]:
    """Of rising lags, those near each other: a first, steps from it, places, and which step."""
    start = 0
    while start < len(lags):
        end, last = start + 1, lags[start] + reach
        while end < len(lags) and lags[end] <= last:
            end += 1
        first = max(min(lags[start], cells - 1 - reach), 0)
        apart = [lag - first for lag in lags[start:end]]
        every = 1 if any(lag & 1 for lag in apart) else 2
        steps = tuple(range(0, reach + 1, every))
        yield first, steps, slice(start, end), [lag // every for lag in apart]
        start = end


@lru_cache(maxsize=64)
def _stacked(sets: tuple[TemplateSet, ...], terms: int) -> tuple[Array, Array]:
    """The vectors of some sets one below the other, and their products."""
    kept = [_kept(templates, terms) for templates in sets]
    if len(kept) == 1:
        return kept[0]["vectors"], kept[0]["products"]
    return (
        np.concatenate([one["vectors"] for one in kept]),
        np.concatenate([one["products"] for one in kept]),
    )


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
