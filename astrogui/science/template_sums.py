"""Sums over pixels of a spectrum and templates at many shifts: what the normal equations need.

By FFT at all shifts together, or each with the window of the templates there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.compiled import is_available
from astrogui.science.template_solve import Equations

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
    if is_available() and len(smooth_terms):
        from astrogui.science import template_kernels

        given = (np.ascontiguousarray(one, np.float64) for one in (flux, weight, smooth_terms))
        chi2, weighted = template_kernels.smooth_fitted(*given)
        return SmoothPart(chi2=chi2, weighted=weighted)
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


def sums_by_lag(part: SmoothPart, templates: TemplateSet, every: int) -> tuple[Array, Array]:
    """(m (m + 1) / 2, >= cells) and (1 + p, m, >= cells): the lags of a correlation.

    Of every second lag, even pixels meet even samples alone and odd pixels odd ones: two
    transforms of half the length.
    """
    from scipy.fft import irfft

    kept = kept_vectors(templates, len(part.weighted) - 2)
    assert part.weighted.shape[1] + templates.cells - 1 == templates.vectors.shape[1]
    length, single, double = _template_transforms(kept, every)
    seen = part.transforms(length, every)
    # One after the other: what is made of each is still in the processor's cache when it is read.
    found = [
        irfft(_multiplied(factor, spectra), length, axis=-1, overwrite_x=True)
        for factor, spectra in ((seen[:, :1], double), (seen[:, 1:], single))
    ]
    return found[0][0], found[1]


def _multiplied(factor: Any, spectra: Any) -> Any:
    """(k, m, bins) from (every, k, bins) and (every, m, bins): products, summed over ``every``."""
    if is_available():
        from astrogui.science import template_kernels

        return template_kernels.multiplied(factor, spectra)
    total = factor[0, :, None] * spectra[0]
    for phase in range(1, len(factor)):
        total += factor[phase, :, None] * spectra[phase]
    return total


def summed(
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
    kept = [kept_vectors(templates, terms) for templates in sets]
    if len(kept) == 1:
        return kept[0]["vectors"], kept[0]["products"]
    return (
        np.concatenate([one["vectors"] for one in kept]),
        np.concatenate([one["products"] for one in kept]),
    )


def kept_vectors(templates: TemplateSet, terms: int) -> dict[str, Any]:
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
