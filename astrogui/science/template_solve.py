"""Many small normal equations solved together: a template set's, one system a cell.

Numbers in each unknown lie side by side over the cells, so that each step of a Cholesky
factorisation is one operation over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

NEGLIGIBLE = 3e-6  # of a template's whole power: below it single precision tells nothing
FEW_CELLS = 64  # up to which the equations of several sets are solved as one


class Equations(NamedTuple):
    """Of m vectors beside p smooth terms that are orthonormal, at some cells.

    ``matrix`` holds the lower triangle of the normal matrix row by row.
    """

    matrix: Array  # (m (m + 1) / 2, cells)
    right: Array  # (m, cells), after the smooth terms
    coupling: Array  # (p, m, cells)
    penalty: Array  # (m,) or (m, cells), added to the diagonal

    @property
    def cells(self) -> int:
        return int(self.right.shape[1])


def upright(equations: Sequence[Equations]) -> list[NDArray[np.float64]]:
    """Of each system the chi-square gained, (cells,), 0 where the first coefficient is negative.

    Those of few cells are solved as one: what costs there is the number of operations.
    """
    few = [k for k, one in enumerate(equations) if one.cells <= FEW_CELLS]
    found = {k: _gain(one) for k, one in enumerate(equations) if one.cells > FEW_CELLS}
    if few:
        ends = np.cumsum([equations[k].cells for k in few])
        gained = _gain(_joined([equations[k] for k in few]))
        found |= dict(zip(few, np.split(gained, ends[:-1]), strict=True))
    return [found[k] for k in range(len(equations))]


def solve(equations: Equations) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """b^T A^-1 b and the first coefficient over its error, (cells,) each; see ``Stack``."""
    count, cells = equations.right.shape
    stack = Stack(count, len(equations.coupling), cells)
    stack.add(equations)
    return stack.solve()


class Stack:
    """Systems of as many unknowns side by side, solved as one by Cholesky.

    What costs there is the number of operations, and fetching the sums again: each system is
    added as soon as it is known.
    """

    def __init__(self, count: int, terms: int, cells: int) -> None:
        self._count, self._terms = count, terms
        # Of each row solved: the right side, then its coupling with the vectors before it.
        self._known = np.empty((terms + count, count + 1, cells), np.float32)
        self._known[:terms, 0] = 0.0
        self._penalty = np.empty((count, cells), np.float32)
        self._added = 0

    def add(self, equations: Equations) -> slice:
        """Put in another system; which of the cells are its own."""
        matrix, right, coupling, penalty = equations
        own = slice(self._added, self._added + equations.cells)
        self._added, count = own.stop, self._count
        self._known[: self._terms, 1:, own] = coupling
        rows = self._known[self._terms :].reshape(count * (count + 1), -1)
        rows[_places(count), own], rows[:: count + 1, own] = matrix, right[::-1]
        self._penalty[:, own] = (penalty[::-1] + np.float32(1e-12)).reshape(count, -1)
        return own

    def solve(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """b^T A^-1 b and the first coefficient over its error, (cells,) each.

        The smooth terms, orthonormal already, are solved for first; then row by row from last to
        first, so that the first coefficient is the last unknown left. A row whose rest falls below
        ``NEGLIGIBLE`` of its whole counts for nothing.
        """
        known, count, terms = self._known, self._count, self._terms
        rows = known[terms:].reshape(count * (count + 1), -1)
        whole = rows[np.arange(1, count + 1) * count]  # the diagonal, from the last
        least = whole * np.float32(NEGLIGIBLE)
        ridge = np.float32(0.2) * least
        ridge += self._penalty
        for row in range(count):
            done, width = terms + row, count + 1 - row
            left = known[done, :width]
            left -= np.einsum("tc,tkc->kc", known[:done, width - 1], known[:done, :width])
            rest = left[-1]
            rest += ridge[row]
            told = rest > least[row]
            left[:-1] *= told / np.sqrt(np.where(told, rest, np.float32(1)))
        solved = known[terms:, 0]
        return np.einsum("tc,tc->c", solved, solved), solved[-1]

    def gain(self) -> NDArray[np.float64]:
        """The chi-square gained, (cells,), 0 where the first coefficient is negative."""
        gain, leading = self.solve()
        return np.where(leading > 0, gain, 0.0).astype(np.float64)


@lru_cache(maxsize=16)
def _places(count: int) -> NDArray[np.intp]:
    """Where a lower triangle, row by row, goes in a table of ``count`` rows, last row first."""
    rows, columns = np.tril_indices(count)
    return np.asarray((count - 1 - rows) * (count + 1) + 1 + columns)


def between(every: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """(cells,) from the values at every second one, by a cubic through four."""
    out = np.empty(cells)
    out[::2] = every
    padded = np.concatenate([every[:1], every, every[-1:]])
    middle = 0.5625 * (every[1:] + every[:-1]) - 0.0625 * (padded[3:] + padded[:-3])
    out[1 : 2 * every.size - 1 : 2] = np.maximum(middle, 0.0)
    if cells % 2 == 0:
        out[-1] = every[-1]
    return out


def _gain(equations: Equations) -> NDArray[np.float64]:
    stack = Stack(len(equations.right), len(equations.coupling), equations.cells)
    stack.add(equations)
    return stack.gain()


def _joined(equations: Sequence[Equations]) -> Equations:
    """Systems side by side; nothing tells of the unknowns that one lacks."""
    count, cells = max(len(one.right) for one in equations), sum(one.cells for one in equations)
    matrix = np.zeros((count * (count + 1) // 2, cells), np.float32)
    right, penalty = np.zeros((count, cells), np.float32), np.ones((count, cells), np.float32)
    coupling = np.zeros((len(equations[0].coupling), count, cells), np.float32)
    end = 0
    for one in equations:
        place, own = slice(end, end + one.cells), len(one.right)
        matrix[: len(one.matrix), place], right[:own, place] = one.matrix, one.right
        coupling[:, :own, place] = one.coupling
        penalty[:own, place] = one.penalty[:, None]
        end += one.cells
    return Equations(matrix, right, coupling, penalty)
