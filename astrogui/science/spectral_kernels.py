"""Resampling and medians of spectra, compiled; imported only where Numba is available.

Each does what a function of ``spectral`` or ``refinement`` does with numpy, in double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.compiled import kernel

Array = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]


@kernel
def middle(values: Doubles, count: int) -> float:
    """Median of the first ``count`` values, no NaN among them, whose order is lost.

    By Hoare's selection: Hoare 1961, Communications of the ACM 4, 321.
    """
    place, low, high = count // 2, 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    if count % 2:
        return float(values[place])
    below = values[0]
    for k in range(1, place):
        below = max(below, values[k])
    return float(0.5 * (below + values[place]))


@kernel
def medians(values: Doubles, starts: NDArray[np.intp], counts: NDArray[np.intp]) -> Doubles:
    """Of ``counts`` (m,) values each, from ``starts`` (m,) on."""
    out = np.empty(starts.size)
    room = np.empty(counts.max())
    for k in range(starts.size):
        count = counts[k]
        for i in range(count):
            room[i] = values[starts[k] + i]
        out[k] = middle(room, count)
    return out


@kernel
def places(edges: Doubles, new_edges: Doubles) -> tuple[NDArray[np.intp], Doubles]:
    """The cell that each new edge (m,) lies in, and at which part of it: ``spectral.cut``."""
    cell, part = np.empty(new_edges.size, np.intp), np.empty(new_edges.size)
    last = edges.size - 2
    j = 0
    for k in range(new_edges.size):
        while j < last and new_edges[k] >= edges[j + 1]:
            j += 1
        inside = (new_edges[k] - edges[j]) / (edges[j + 1] - edges[j])
        cell[k], part[k] = j, min(max(inside, 0.0), 1.0)
    return cell, part


@kernel
def fine_weights(
    values: Doubles,
    inverse: Doubles,
    level: float,
    weight: Doubles,
    ivar: Doubles,
    continuum: Doubles,
    line_floor: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Flux and weight (2 n,) of ``refinement.pixels`` from those of twice wider pixels (n,)."""
    size = values.size
    flux, out = np.zeros(size, np.float32), np.zeros(size, np.float32)
    known = np.zeros(size + 2)  # with nothing beyond the ends
    for k in range(size):
        if inverse[k] > 0 and weight[k // 2] > 0:
            known[k + 1] = values[k] / level
    for k in range(size):
        if inverse[k] > 0 and weight[k // 2] > 0:
            floor = max(1.0 / weight[k // 2] - 1.0 / ivar[k // 2], 0.0)
            smoothed = (known[k] + known[k + 1] + known[k + 2]) / 3
            excess = max(smoothed - max(continuum[k // 2], 0.0), 0.0)
            floor += (line_floor * excess) ** 2
            flux[k] = known[k + 1]
            out[k] = 1.0 / (1.0 / (inverse[k] * level**2) + floor)
    return flux, out


@kernel
def resampled(
    width: Doubles,
    cell: NDArray[np.intp],
    part: Doubles,
    flux: Array,
    ivar: Array,
    usable: NDArray[np.bool_],
    new_width: Doubles,
) -> tuple[Doubles, Doubles, Doubles]:
    """Flux, inverse variance and good share of new cells, (m,) each: ``spectral.resample``."""
    size = new_width.size
    new_flux, new_ivar, shares = np.zeros(size), np.zeros(size), np.zeros(size)
    for k in range(size):
        covered = total = spread = 0.0
        for j in range(cell[k], cell[k + 1] + 1):
            if usable[j]:
                begin = part[k] if j == cell[k] else 0.0
                end = part[k + 1] if j == cell[k + 1] else 1.0
                share = (end - begin) * width[j]
                covered += share
                total += share * flux[j]
                spread += share * width[j] / ivar[j]
        if covered > new_width[k] / 3:
            new_flux[k] = total / covered
            new_ivar[k] = covered**2 / (spread if spread > 0 else 1.0)
        shares[k] = min(max(covered / new_width[k], 0.0), 1.0)
    return new_flux, new_ivar, shares


@kernel
def independence(
    width: Doubles, cell: NDArray[np.intp], part: Doubles, known: NDArray[np.bool_]
) -> float:
    """Sum over known new cells of sum o^2 / sum o w (o overlap, w width of a sample)."""
    found = 0.0
    for k in range(known.size):
        if known[k]:
            squares = total = 0.0
            for j in range(cell[k], cell[k + 1] + 1):
                begin = part[k] if j == cell[k] else 0.0
                end = part[k + 1] if j == cell[k + 1] else 1.0
                overlap = (end - begin) * width[j]
                squares += overlap**2
                total += overlap * width[j]
            if total > 0:
                found += squares / total
    return found
