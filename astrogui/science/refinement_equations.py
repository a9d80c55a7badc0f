"""Normal equations of one spectrum and a basis at many shifts, with coefficients >= 0.

Wide vectors are multiplied over all pixels, narrow ones over those alone where they are not zero.
Sources: of the least squares with bounds, Lawson & Hanson 1974, "Solving Least Squares Problems",
ch. 23 (scipy.optimize.nnls), on the Cholesky factor of the normal matrix; of the exchange that is
tried before it, Portugal, Judice & Vicente 1994, Math. Comp. 63, 625.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.refinement_basis import Basis, Vectors

Array = NDArray[np.floating[Any]]

ROOM = 12  # samples of a phase to either side of the first shift that are kept at hand
RIDGE = 1e-5  # of the diagonal: single precision leaves near-copies not quite positive definite
MOST_EXCHANGES = 12
MOST_AT_ONCE = 1_000_000  # multiplications, above which OpenBLAS takes its slow way for thin tables
UNTOLD = 1e-10  # of the largest right side: a slope below it is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """A spectrum on the fine grid, of unit level. Arrays (n,) of single precision."""

    flux: NDArray[np.float32]
    weight: NDArray[np.float32]  # with the floor; 0 where bad
    freedom: float  # independent good samples
    level: float  # flux units per unit
    smooth: NDArray[np.float32]  # (terms, n)
    _kept: list[Equations] = field(default_factory=list, repr=False)

    @property
    def equations(self) -> Equations:
        """Made once for all peaks."""
        if not self._kept:
            self._kept.append(Equations(self))
        return self._kept[0]


class Equations:
    """Normal equations of one spectrum with the smooth terms solved for.

    Everything is scaled by the square root of the weights; ``_table`` begins with the smooth
    terms, made orthonormal, and the flux, so that one product gives all couplings.
    """

    def __init__(self, data: Pixels) -> None:
        good = np.flatnonzero(data.weight)
        self.seen = slice(int(good[0]), int(good[-1]) + 1)
        self._size = data.weight.size
        self._root = np.sqrt(data.weight[self.seen])
        self._plain = data.smooth[:, self.seen]
        weighted = self._plain * self._root
        matrix = _products(weighted, weighted.copy())
        _diagonal(matrix)[:] += 1e-6 * max(float(np.trace(matrix)), 1e-30)
        self._factor = np.linalg.inv(np.linalg.cholesky(matrix))
        smooth = self._factor.astype(np.float32) @ weighted
        flux = data.flux[self.seen] * self._root
        self._share = (smooth @ flux).astype(np.float64)
        self._terms = len(smooth)
        self._table = np.concatenate([smooth, flux[None]])
        self._base = float(flux @ flux) - float(self._share @ self._share)

    def _of(self, vectors: Vectors) -> tuple[Array, Array, Array]:
        """Normal matrix and right side after the smooth terms, and their coupling."""
        wide, known = len(vectors.wide), self._terms + 1
        count = wide + len(vectors.narrow)
        table = self._with_room(known + wide)
        own = np.multiply(vectors.wide, self._root, out=table[known:])
        products = np.empty((known + wide, count))
        products[:, :wide] = _products(table, own)
        matrix = np.empty((count, count))
        matrix[:wide, :wide] = products[known:, :wide]
        if wide < count:
            narrow = vectors.narrow * self._root[vectors.columns]
            # Columns lie within the table; clipping them is quicker than looking whether they do.
            near = table.take(vectors.columns, axis=1, mode="clip")
            products[:, wide:] = _products(near, narrow)
            matrix[:wide, wide:] = products[known:, wide:]
            matrix[wide:, :wide] = products[known:, wide:].T
            matrix[wide:, wide:] = _products(narrow, narrow.copy())
        coupling = products[: self._terms]
        matrix -= coupling.T @ coupling
        return matrix, products[self._terms] - self._share @ coupling, coupling

    def _with_room(self, rows: int) -> Array:
        """What is known, with room below it: kept, for every shift needs it."""
        if len(self._table) < rows:
            table = np.empty((rows, self._table.shape[1]), np.float32)
            table[: self._terms + 1] = self._table[: self._terms + 1]
            self._table = table
        return self._table[:rows]

    def in_use(
        self, basis: Basis, shift: int, likely: NDArray[np.intp] | None = None
    ) -> tuple[NDArray[np.intp], float]:
        """The components above zero where none may fall below, by the basis' own ``order``.

        And their chi-square, as ``loss`` has it.
        """
        matrix, right, _ = self._of(basis.whole(shift, self.seen))
        used = non_negative(matrix, right, likely)
        return used, self._left(matrix[used[:, None], used], right[used])

    def loss(self, vectors: Vectors) -> float:
        """Chi-square of some vectors with free coefficients."""
        matrix, right, _ = self._of(vectors)
        return self._left(matrix, right)

    def _left(self, matrix: Array, right: Array) -> float:
        return self._base - float(right @ _solved(matrix, right))

    def model(self, vectors: Vectors) -> NDArray[np.float32]:
        """The fit with free coefficients, (n,), NaN beyond the good samples."""
        matrix, right, coupling = self._of(vectors)
        coefficients = _solved(matrix, right)
        rest = self._factor.T @ (self._share - coupling @ coefficients)
        wide = len(vectors.wide)
        seen = coefficients[:wide] @ vectors.wide + rest @ self._plain
        seen[vectors.columns] += coefficients[wide:] @ vectors.narrow
        model = np.full(self._size, np.nan, np.float32)
        model[self.seen] = seen
        return model


class Losses:
    """Chi-squares of the components that are in use at one shift, at others; each made once."""

    def __init__(
        self,
        equations: Equations,
        basis: Basis,
        shift: int,
        likely: NDArray[np.intp] | None = None,
    ) -> None:
        self._equations, self._basis = equations, basis
        self.used, loss = equations.in_use(basis, shift, likely)
        self._known = {shift: loss}
        self._chosen: dict[int, tuple[int, Vectors]] = {}  # by phase: first column, vectors

    def at(self, shift: int) -> float:
        if shift not in self._known:
            self._known[shift] = self._equations.loss(self._vectors(shift))
        return self._known[shift]

    def model_at(self, shift: int) -> NDArray[np.float32]:
        """The fit at a shift, (n,)."""
        return self._equations.model(self._vectors(shift))

    def _vectors(self, shift: int) -> Vectors:
        """The components at a shift, out of a wider stretch of them that is copied once."""
        seen = self._equations.seen
        phase, column = self._basis.place(shift)
        first = column + seen.start
        if phase not in self._chosen:
            begin = max(first - ROOM, 0)
            stretch = self._basis.piece(phase, begin, column + seen.stop + ROOM, self.used)
            self._chosen[phase] = begin, stretch
        begin, vectors = self._chosen[phase]
        return vectors.within(first - begin, first - begin + seen.stop - seen.start)


def non_negative(
    matrix: Array, right: Array, likely: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """The components that are positive in the best solution with none negative.

    ``likely`` are those of a solution near by, from which it is soon found.
    """
    diagonal = np.diag(matrix)
    there = np.flatnonzero(diagonal > 1e-6 * max(float(diagonal.max(initial=0.0)), 1e-30))
    if there.size == 0:
        return there
    root = 1.0 / np.sqrt(diagonal[there])
    scaled = matrix[there[:, None], there] * root * root[:, None]
    target = right[there] * root
    _diagonal(scaled)[:] += RIDGE
    start = target > 0 if likely is None else _among(likely, diagonal.size)[there]
    found = _exchanged(scaled, target, start)
    return np.asarray(there[_by_steps(scaled, target) if found is None else found])


def _among(chosen: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    """(count,) which are chosen: numpy's own isin costs as much as the whole of the rest."""
    among = np.zeros(count, bool)
    among[chosen] = True
    return among


def _exchanged(
    matrix: Array, right: Array, positive: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Which are positive, by exchanging all that break a bound; None where that goes on."""
    from scipy.linalg.lapack import dposv

    positive = positive.copy()
    least = UNTOLD * float(np.abs(right).max())
    for _ in range(MOST_EXCHANGES):
        inside = np.flatnonzero(positive)
        solution = np.zeros(right.size)
        if inside.size:
            _, solution[inside], failed = dposv(matrix[inside[:, None], inside], right[inside])
            if failed:
                return None
        wrong = np.where(positive, solution <= 0, right - matrix @ solution > least)
        if not wrong.any():
            return positive
        positive ^= wrong
    return None


def _by_steps(matrix: Array, right: Array) -> NDArray[np.bool_]:
    """Which are positive, one at a time; the ridge is grown until there is a factor."""
    from scipy.optimize import nnls

    for more in (0.0, 10 * RIDGE, 100 * RIDGE, 1000 * RIDGE):
        _diagonal(matrix)[:] += more
        with suppress(np.linalg.LinAlgError):
            factor = np.linalg.cholesky(matrix)
            solution, _ = nnls(factor.T, np.linalg.solve(factor, right))
            return np.asarray(solution > 0)
    return np.zeros(right.size, bool)


def _products(some: Array, others: Array) -> NDArray[np.float64]:
    """(a, b) sums of products of rows (a, n) and (b, n), which may not be one and the same.

    By stretches of n: OpenBLAS multiplies thin tables two to three times as fast while they are
    small, and takes half as long for two tables as for one with itself.
    """
    count = some.shape[1]
    stretches = max(-(-len(some) * len(others) * count // MOST_AT_ONCE), 1)
    step = max(-(-count // stretches), 1)
    total = (some[:, :step] @ others[:, :step].T).astype(np.float64)
    for start in range(step, count, step):
        total += some[:, start : start + step] @ others[:, start : start + step].T
    return total


def _solved(matrix: Array, right: Array) -> NDArray[np.float64]:
    from scipy.linalg.lapack import dposv

    if right.size == 0:
        return np.zeros(0)
    ridge = matrix.copy()
    diagonal = _diagonal(ridge)
    diagonal *= 1 + 1e-5
    diagonal += 1e-9
    _, solution, failed = dposv(ridge, right)
    # Single precision may leave near-copies not quite positive definite.
    return np.asarray(np.linalg.solve(ridge, right) if failed else solution)


def _diagonal(matrix: Array) -> Array:
    """The diagonal (n,) of a square matrix in one piece, to be written to."""
    return matrix.reshape(-1)[:: len(matrix) + 1]
