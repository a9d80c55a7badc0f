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
