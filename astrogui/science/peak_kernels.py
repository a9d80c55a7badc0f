"""The peaks of a density, found by compiled loops; imported only where Numba is available."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science.compiled import kernel

Doubles = NDArray[np.float64]


@kernel
def peaks(
    mass: Doubles, edges: Doubles, reach: int, count: int, depth: float, negligible: float
) -> tuple[NDArray[np.intp], Doubles]:
    """Of each peak of one class its highest, first and last cell, (k, 3), and (k, 2) its
    probability and redshift: ``redshift_peaks`` does the same with numpy, and says how.
    """
    size = mass.size
    cells, numbers = np.zeros((count, 3), np.intp), np.zeros((count, 2))
    left = np.zeros(size + 2)  # with nothing beyond the ends
    left[1:-1] = mass
    total = np.zeros(size + 1)
    found = 0
    while found < count:
        for i in range(size):
            total[i + 1] = total[i] + left[i + 1]
        best, centre = -1.0, 0
        for i in range(size):
            nearby = total[min(i + reach + 1, size)] - total[max(i - reach, 0)]
            if nearby > best:
                best, centre = nearby, i
        if found and best < negligible:
            break
        cell = max(centre - reach, 0)
        for i in range(cell, min(centre + reach + 1, size)):
            if left[i + 1] > left[cell + 1]:
                cell = i
        if left[cell + 1] <= 0:
            break
        least = depth * (left[cell] + left[cell + 1] + left[cell + 2])
        first, last = max(cell - reach, 0), min(cell + reach, size - 1)
        while first > 0 and left[first - 1] + left[first] + left[first + 1] >= least:
            first -= 1
        while last < size - 1 and left[last + 1] + left[last + 2] + left[last + 3] >= least:
            last += 1
        inside = close = moment = 0.0
        for i in range(first, last + 1):
            inside += left[i + 1]
            if abs(i - cell) <= reach:
                close += left[i + 1]
                moment += left[i + 1] * 0.5 * (edges[i] + edges[i + 1])
            left[i + 1] = 0.0
        cells[found, 0], cells[found, 1], cells[found, 2] = cell, first, last
        numbers[found, 0], numbers[found, 1] = inside, moment / close
        found += 1
    return cells[:found], numbers[:found]
