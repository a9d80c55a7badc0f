"""The inner loops of the template scan, compiled; imported only where Numba is available.

All in single precision, as ``template_fit`` and ``template_solve`` do the same with numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.compiled import kernel

Array = NDArray[np.floating[Any]]
Spectra = NDArray[np.complexfloating[Any]]

BLOCK = 128  # cells that are solved side by side: what they need stays in the nearest cache
CHUNK = 512  # pixels that are summed before the next


@kernel
def multiplied(seen: Spectra, templates: Spectra) -> Spectra:
    """(k, m, bins) from (phases, k, bins) and (phases, m, bins), one phase or two, summed."""
    phases, count, bins = seen.shape
    rows = templates.shape[1]
    out = np.empty((count, rows, bins), np.complex64)
    for k in range(count):
        for row in range(rows):
            if phases == 1:
                for b in range(bins):
                    out[k, row, b] = seen[0, k, b] * templates[0, row, b]
            else:
                for b in range(bins):
                    out[k, row, b] = (
                        seen[0, k, b] * templates[0, row, b] + seen[1, k, b] * templates[1, row, b]
                    )
    return out


@kernel
def upright(
    matrix: Array, sums: Array, penalty: Array, cells: int, negligible: np.float32
) -> NDArray[np.float64]:
    """(cells,) chi-square gained, 0 where the first coefficient is negative.

    ``matrix`` (m (m + 1) / 2, >= cells) holds lower triangles, ``sums`` (1 + p, m, >= cells) the
    right sides and the coupling with p orthonormal smooth terms; the method is that of
    ``template_solve.Stack``, by blocks of cells.
    """
    count, terms = sums.shape[1], sums.shape[0] - 1
    known = np.zeros((terms + count, count + 1, BLOCK), np.float32)
    scale = np.empty(BLOCK, np.float32)
    gain = np.zeros(cells)
    for start in range(0, cells, BLOCK):
        size = min(BLOCK, cells - start)
        for t in range(terms):
            for v in range(count):
                for c in range(size):
                    known[t, 1 + v, c] = sums[1 + t, v, start + c]
        for row in range(count):
            v = count - 1 - row
            done, base = terms + row, v * (v + 1) // 2
            for c in range(size):
                known[done, 0, c] = sums[0, v, start + c]
            for k in range(v + 1):
                for c in range(size):
                    known[done, 1 + k, c] = matrix[base + k, start + c]
            for c in range(size):
                scale[c] = known[done, 1 + v, c]
            for t in range(done):
                for k in range(0 if t >= terms else 1, v + 2):
                    for c in range(size):
                        known[done, k, c] -= known[t, 1 + v, c] * known[t, k, c]
            ridge = penalty[v] + np.float32(1e-12)
            for c in range(size):
                least = scale[c] * negligible
                rest = known[done, 1 + v, c] + np.float32(0.2) * least + ridge
                inverse = np.float32(1) / np.sqrt(np.float32(abs(rest)))
                scale[c] = inverse if rest > least else np.float32(0)
            for k in range(v + 1):
                for c in range(size):
                    known[done, k, c] *= scale[c]
            for c in range(size):
                gain[start + c] += known[done, 0, c] * known[done, 0, c]
        for c in range(size):
            if known[terms + count - 1, 0, c] <= 0:
                gain[start + c] = 0.0
    return gain


@kernel
def _product(one: Array, other: Array) -> np.float32:
    total = np.float32(0)
    for c in range(one.size):
        total += one[c] * other[c]
    return total


@kernel
def summed(
    weighted: Array, vectors: Array, lags: NDArray[np.intp], first: int, end: int
) -> tuple[Array, Array]:
    """(m (m + 1) / 2, lags) and (1 + p, m, lags): the sums of a correlation at some lags.

    ``weighted`` (2 + p, n) are weight, residual and smooth terms times the weight, ``vectors``
    (m, n + cells - 1); pixels ``first`` to ``end`` alone have weight.
    """
    count, others = vectors.shape[0], weighted.shape[0] - 1
    matrix = np.zeros((count * (count + 1) // 2, lags.size), np.float32)
    sums = np.zeros((others, count, lags.size), np.float32)
    own = np.empty(CHUNK, np.float32)
    for place in range(lags.size):
        for begin in range(first, end, CHUNK):
            size = min(CHUNK, end - begin)
            stop, moved = begin + size, begin + lags[place]
            pair = 0
            for i in range(count):
                vector = vectors[i, moved : moved + size]
                for c in range(size):
                    own[c] = weighted[0, begin + c] * vector[c]
                for j in range(i + 1):
                    matrix[pair, place] += _product(own[:size], vectors[j, moved : moved + size])
                    pair += 1
                for t in range(others):
                    sums[t, i, place] += _product(weighted[1 + t, begin:stop], vector)
    return matrix, sums


@kernel
def _inverse_factor(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower triangular L with L^T L the inverse of a symmetric matrix (p, p), ridged a little.

    By hand: to compile the library's two functions takes seconds.
    """
    count = len(matrix)
    trace = 0.0
    for i in range(count):
        trace += matrix[i, i]
    ridge = 1e-9 * max(trace, 1e-30)
    factor, inverse = np.zeros((count, count)), np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= factor[i, k] * factor[j, k]
            factor[i, j] = np.sqrt(max(rest + ridge, 1e-300)) if i == j else rest / factor[j, j]
    for j in range(count):
        inverse[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, count):
            rest = 0.0
            for k in range(j, i):
                rest -= factor[i, k] * inverse[k, j]
            inverse[i, j] = rest / factor[i, i]
    return inverse


@kernel
def smooth_fitted(
    flux: NDArray[np.float64], weight: NDArray[np.float64], terms: NDArray[np.float64]
) -> tuple[float, Array]:
    """Chi-square of the smooth terms (p, n) alone, and the rows that ``SmoothPart`` keeps."""
    count, size = terms.shape
    matrix, right = np.zeros((count, count)), np.zeros(count)
    for i in range(count):
        for j in range(i + 1):
            total = 0.0
            for c in range(size):
                total += weight[c] * terms[i, c] * terms[j, c]
            matrix[i, j] = matrix[j, i] = total
        total = 0.0
        for c in range(size):
            total += weight[c] * terms[i, c] * flux[c]
        right[i] = total
    factor = _inverse_factor(matrix)
    rest, own = flux.copy(), np.empty(size)
    weighted = np.empty((2 + count, size), np.float32)
    for i in range(count):
        share = 0.0
        own[:] = 0.0
        for j in range(i + 1):
            share += factor[i, j] * right[j]
            for c in range(size):
                own[c] += factor[i, j] * terms[j, c]
        for c in range(size):
            rest[c] -= share * own[c]
            weighted[2 + i, c] = weight[c] * own[c]
    chi_square = 0.0
    for c in range(size):
        chi_square += weight[c] * rest[c] ** 2
        weighted[0, c] = weight[c]
        weighted[1, c] = weight[c] * rest[c]
    return chi_square, weighted


@kernel
def between(every: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """As ``template_solve.between``."""
    out = np.empty(cells)
    last = every.size - 1
    for k in range(every.size):
        out[2 * k] = every[k]
    for k in range(last):
        outer = every[max(k - 1, 0)] + every[min(k + 2, last)]
        value = 0.5625 * (every[k] + every[k + 1]) - 0.0625 * outer
        out[2 * k + 1] = max(value, 0.0)
    if cells % 2 == 0:
        out[cells - 1] = every[last]
    return out


@kernel
def unsure(
    chi2: NDArray[np.float64], lowest: float, unit: float, peaks: int, most: float
) -> NDArray[np.intp]:
    """Cells beside the lowest minima whose cubic may be off: as ``redshift_scan`` finds them."""
    cells = chi2.size
    start = (cells - 1) % 2
    best = np.full(peaks, -1)
    for place in range(start, cells, 2):
        value = chi2[place]
        if place >= 2 and not value <= chi2[place - 2]:
            continue
        if place + 2 < cells and not value <= chi2[place + 2]:
            continue
        rank = peaks
        while rank > 0 and (best[rank - 1] < 0 or value < chi2[best[rank - 1]]):
            rank -= 1
        for later in range(peaks - 1, rank, -1):
            best[later] = best[later - 1]
        if rank < peaks:
            best[rank] = place
    wanted = np.zeros(cells, np.bool_)
    around = np.empty(6)
    for low in best:
        if low < 0:
            continue
        for step in (-3, -1, 1, 3):
            place = low + step
            if place < 0 or place >= cells:
                continue
            for k in range(6):
                around[k] = chi2[min(max(place + 2 * k - 5, 0), cells - 1)]
            doubt = 0.0
            for k in range(2):
                fourth = around[k] - 4 * around[k + 1] + 6 * around[k + 2]
                fourth += around[k + 4] - 4 * around[k + 3]
                doubt = max(doubt, abs(fourth) * (3 / 128))
            wanted[place] = doubt > most * np.hypot(unit, chi2[place] - lowest)
    return np.flatnonzero(wanted)
