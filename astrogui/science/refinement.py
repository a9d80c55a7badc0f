"""A redshift polished by fits on the survey's own pixels: chi-square at shifts far below a pixel.

The data stay on a logarithmic grid of 1e-4 (69 km/s), on which SDSS, BOSS and LAMOST spectra were
recorded; the vectors lie on a rest grid four times finer, so that a shift by 17 km/s is another
slice of them. Stellar populations, quasar components and lines enter with coefficients >= 0, each
line in several widths, whose sum follows the resolution of the spectrograph and the object's own
width; smooth terms, which may be negative, take up calibration errors.
Source of the least squares with bounds: Lawson & Hanson 1974, "Solving Least Squares Problems",
ch. 23 (scipy.optimize.nnls), on the Cholesky factor of the normal matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, LogGrid, pixel_edges, resample
from astrogui.science.template_fit import polynomials

Array = NDArray[np.floating[Any]]

FINE = LogGrid(first=3.53, step=1e-4, size=4880)  # 3388 to 10423 Å
PHASES = 4  # rest-frame samples per pixel
SHIFT = FINE.step / PHASES  # in log10(1 + z): 17.3 km/s
SHIFT_KM_S = SHIFT * np.log(10.0) * SPEED_OF_LIGHT_KM_S
SMOOTH_TERMS = 6
LINE_FLOOR = 0.04  # of a line's flux: what Gaussians cannot follow
LINE_WIDTHS_KM_S = (90.0, 180.0, 360.0)
COARSE, CLOSE = 8, (4, 2)  # steps in shifts: 138, 69 and 35 km/s
MOST_MOVES = 5
REACH = 24  # shifts to either side of the start: 414 km/s

LINE_GROUPS: dict[str, tuple[tuple[float, float], ...]] = {
    "H alpha": ((6564.63, 1.0),),
    "Balmer": ((4862.69, 1.0), (4341.69, 0.47), (4102.90, 0.26), (3971.20, 0.16)),
    "[O III]": ((5008.24, 1.0), (4960.30, 0.336)),
    "[O II]": ((3727.09, 0.43), (3729.88, 0.57)),
    "[Ne III]": ((3869.86, 1.0), (3968.59, 0.30)),
    "[N II]": ((6585.27, 1.0), (6549.86, 0.34)),
    "[S II]": ((6718.29, 0.57), (6732.67, 0.43)),
    "[O I]": ((6302.05, 1.0),),
    "[S III]": ((9071.10, 0.41), (9533.20, 1.0)),
    "Ly alpha": ((1215.67, 1.0),),
}
"""Lines that rise and fall together, with their ratios in flux: vacuum ångström.

Ratios of doublets: Storey & Zeippen 2000, MNRAS 312, 813; case B: Osterbrock & Ferland 2006.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Rest-frame vectors of one class, all with coefficients >= 0.

    ``phases`` (PHASES, m, k): sample q of phase p lies at log10 wavelength
    ``first`` + (4 q + p) ``SHIFT``.
    """

    class_name: str
    first: float
    phases: NDArray[np.float32]

    def at(self, shift: int, seen: slice = slice(0, FINE.size)) -> NDArray[np.float32]:
        """(m, seen): the vectors as observed at log10(1 + z) = shift * SHIFT, on some pixels."""
        phase, column = self.place(shift)
        return self.phases[phase, :, column + seen.start : column + seen.stop]

    def place(self, shift: int) -> tuple[int, int]:
        """Phase, and the sample of it that falls on the first pixel of ``FINE``."""
        start = round((FINE.first - self.first) / SHIFT) - shift
        column, phase = divmod(start, PHASES)
        if column < 0 or column + FINE.size > self.phases.shape[2]:
            raise ValueError(f"the {self.class_name} basis does not reach shift {shift}")
        return phase, column

    @property
    def range(self) -> tuple[int, int]:
        """Lowest and highest shift, both inclusive."""
        start = round((FINE.first - self.first) / SHIFT)
        lowest = start - PHASES * (self.phases.shape[2] - FINE.size)
        return lowest, start


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """A spectrum on ``FINE``, of unit level. Arrays (n,) of single precision."""

    flux: NDArray[np.float32]
    weight: NDArray[np.float32]  # with the floor; 0 where bad
    freedom: float  # independent good samples
    level: float  # flux units per unit
    smooth: NDArray[np.float32]  # (SMOOTH_TERMS, n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """The best fit about one place. ``redshift_error`` is the fit's own, of unit reduced chi2."""

    redshift: float
    redshift_error: float  # inf where the chi-square has no minimum
    chi_square: float
    reduced: float
    model: NDArray[np.float32]  # (FINE.size,) of unit level


def pixels(
    wavelength_angstrom: Array, flux: Array, ivar: Array, good: NDArray[np.bool_], coarse: Any
) -> Pixels:
    """The data on ``FINE`` with level, floor and rejected pixels of ``coarse`` (a ``Scaled``)."""
    values, inverse, _ = resample(wavelength_angstrom, flux, ivar, good, FINE)
    values, inverse = values / coarse.level, inverse * coarse.level**2
    known = (inverse > 0) & np.repeat(coarse.weight > 0, 2)
    stated = np.where(coarse.weight > 0, coarse.ivar, 1.0)
    spread = np.where(coarse.weight > 0, 1.0 / np.where(coarse.weight > 0, coarse.weight, 1.0), 0.0)
    floor = np.repeat(np.maximum(spread - 1.0 / stated, 0.0), 2)
    # A line far above the continuum is followed to a share of its own flux.
    smoothed = np.convolve(np.where(known, values, 0.0), np.ones(3) / 3, mode="same")
    excess = np.maximum(smoothed - np.repeat(np.maximum(coarse.continuum, 0.0), 2), 0.0)
    floor = floor + (LINE_FLOOR * excess) ** 2
    weight = np.where(known, 1.0 / (1.0 / np.where(known, inverse, 1.0) + floor), 0.0)
    return Pixels(
        flux=np.where(known, values, 0.0).astype(np.float32),
        weight=weight.astype(np.float32),
        freedom=float(np.sum(_independence(wavelength_angstrom)[known])),
        level=coarse.level,
        smooth=_smooth(),
    )


def refine(data: Pixels, basis: Basis, redshift: float) -> Fit | None:
    """Polish one redshift; None where too little of the spectrum is good, or the basis ends.

    Coefficients >= 0 are found at the start, and again where a minimum lies elsewhere; between
    them only the components in use are fitted, freely, at each shift. Steps of 138 km/s are
    followed downhill, then parabolas through three of 69 and of 35 km/s give the minimum.
    """
    if data.freedom < 50:
        return None
    lowest, highest = basis.range
    room = REACH + 2 * COARSE
    start = round(float(np.log10(1 + redshift)) / SHIFT)
    if not lowest <= start <= highest:
        return None
    start = int(np.clip(start, lowest + room, highest - room))
    equations = _Equations(data)
    losses = _Losses(equations, basis, start)
    best = _downhill(losses.at, start)
    place, curvature, fitted = 0.0, 0.0, start
    for step in CLOSE:
        if best != fitted:
            losses, fitted = _Losses(equations, basis, best), best
        if losses.used.size == 0:
            return None
        best, place, curvature = _settled(losses.at, best, step)
    used = losses.used
    nearest = best + round(place)
    model = equations.model_at(basis, used, nearest)
    loss = float(np.nansum(data.weight * (data.flux - model) ** 2))
    error = np.inf if curvature <= 0 else float(np.sqrt(2.0 / curvature))
    stretch = 10 ** ((best + place) * SHIFT)
    return Fit(
        redshift=float(stretch - 1),
        redshift_error=float(error * SHIFT * np.log(10.0) * stretch),
        chi_square=loss,
        reduced=loss / max(data.freedom - used.size - SMOOTH_TERMS, 1.0),
        model=model,
    )


def bases_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Basis]:
    """The bases of a model's ``assets.npz``, their lines added; empty where it has none.

    ``refine_first`` (classes,) and for each class ``refine_NAME`` (m, k) on a grid of steps of
    1e-4, refined here by cubic splines.
    """
    found = {}
    for name in arrays:
        if name.startswith("refine_vectors_"):
            class_name = name.removeprefix("refine_vectors_")
            first = float(arrays[f"refine_first_{class_name}"])
            found[class_name] = _basis(class_name, first, arrays[name])
    return found


def bases_to_arrays(vectors: Mapping[str, tuple[float, Array]]) -> dict[str, NDArray[Any]]:
    """Class name: (log10 wavelength of the first sample, vectors (m, k) in steps of 1e-4)."""
    arrays: dict[str, NDArray[Any]] = {}
    for class_name, (first, rows) in vectors.items():
        arrays[f"refine_first_{class_name}"] = np.array(first)
        arrays[f"refine_vectors_{class_name}"] = np.asarray(rows, np.float32)
    return arrays


def mixture(
    levels: Array, quantiles: Array, centre: float, sigma: float, share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and distribution function of a normal density mixed with another.

    The other is given by its ``quantiles`` (n,) at ``levels`` (n,) and has ``share`` of the whole.
    Places rise strictly, and so does the function, from 0 to 1: both can be inverted.
    """
    from scipy.special import ndtr

    beyond = np.array([2 * quantiles[0] - quantiles[1], 2 * quantiles[-1] - quantiles[-2]])
    deviates = np.linspace(-6.0, 6.0, 161)
    places = np.unique(np.concatenate([centre + sigma * deviates, quantiles, beyond]))
    bounds = np.concatenate([beyond[:1], quantiles, beyond[1:]])
    bounds = np.maximum.accumulate(bounds + 1e-15 * np.arange(bounds.size))
    other = np.interp(places, bounds, np.concatenate([[0.0], levels, [1.0]]))
    function = (1 - share) * ndtr((places - centre) / sigma) + share * other
    # A tiny slope keeps the inverse single-valued where the function is flat.
    function = function + 1e-12 * np.arange(function.size)
    return places, (function - function[0]) / (function[-1] - function[0])


class _Equations:
    """Normal equations of one spectrum with the smooth terms solved for.

    Everything is scaled by the square root of the weights; ``_known`` holds the smooth terms,
    made orthonormal, and the flux, so that one product gives all couplings.
    """

    def __init__(self, data: Pixels) -> None:
        good = np.flatnonzero(data.weight)
        self.seen = slice(int(good[0]), int(good[-1]) + 1)
        self._size = data.weight.size
        self._root = np.sqrt(data.weight[self.seen])
        self._plain = data.smooth[:, self.seen]
        weighted = self._plain * self._root
        matrix = (weighted @ weighted.T).astype(np.float64)
        _diagonal(matrix)[:] += 1e-6 * max(float(np.trace(matrix)), 1e-30)
        self._factor = np.linalg.inv(np.linalg.cholesky(matrix))
        smooth = self._factor.astype(np.float32) @ weighted
        flux = data.flux[self.seen] * self._root
        self._share = (smooth @ flux).astype(np.float64)
        self._known = np.concatenate([smooth, flux[None]])
        self._base = float(flux @ flux) - float(self._share @ self._share)

    def _of(self, vectors: Array) -> tuple[Array, Array, Array]:
        """Normal matrix and right side after the smooth terms, and their coupling."""
        weighted = vectors * self._root
        products = (self._known @ weighted.T).astype(np.float64)
        coupling = products[:-1]
        matrix = (weighted @ weighted.T).astype(np.float64) - coupling.T @ coupling
        return matrix, products[-1] - self._share @ coupling, coupling

    def in_use(self, basis: Basis, shift: int) -> NDArray[np.intp]:
        """The components above zero where none may fall below."""
        matrix, right, _ = self._of(basis.at(shift, self.seen))
        return _non_negative(matrix, right)

    def loss(self, vectors: Array) -> float:
        """Chi-square of some vectors (m, seen) with free coefficients."""
        matrix, right, _ = self._of(vectors)
        return self._base - float(right @ _solved(matrix, right))

    def model_at(self, basis: Basis, used: NDArray[np.intp], shift: int) -> NDArray[np.float32]:
        """The fit with free coefficients, (n,), NaN beyond the good samples."""
        vectors = basis.at(shift, self.seen)[used]
        matrix, right, coupling = self._of(vectors)
        coefficients = _solved(matrix, right)
        rest = self._factor.T @ (self._share - coupling @ coefficients)
        model = np.full(self._size, np.nan, np.float32)
        model[self.seen] = coefficients @ vectors + rest @ self._plain
        return model


class _Losses:
    """Chi-squares of the components that are in use at one shift, at others; each made once."""

    def __init__(self, equations: _Equations, basis: Basis, shift: int) -> None:
        self._equations, self._basis = equations, basis
        self.used = equations.in_use(basis, shift)
        self._known: dict[int, float] = {}
        self._chosen: dict[int, tuple[int, Array]] = {}  # by phase: first column, vectors

    def at(self, shift: int) -> float:
        if shift not in self._known:
            self._known[shift] = self._equations.loss(self._vectors(shift))
        return self._known[shift]

    def _vectors(self, shift: int) -> Array:
        """The components at a shift, out of a wider stretch of them that is copied once."""
        seen, room = self._equations.seen, (REACH + 2 * COARSE) // PHASES + 1
        phase, column = self._basis.place(shift)
        first = column + seen.start
        if phase not in self._chosen:
            begin = max(first - room, 0)
            stretch = self._basis.phases[phase, :, begin : column + seen.stop + room]
            self._chosen[phase] = begin, stretch[self.used]
        begin, vectors = self._chosen[phase]
        return vectors[:, first - begin : first - begin + seen.stop - seen.start]


def _downhill(loss: Callable[[int], float], start: int) -> int:
    """The lowest of the shifts start + k * COARSE, followed at most REACH to either side."""
    known = {step: loss(start + step) for step in (-COARSE, 0, COARSE)}
    while True:
        best = min(known, key=lambda step: known[step])
        following = [
            step
            for step in (best - COARSE, best + COARSE)
            if step not in known and abs(step) <= REACH
        ]
        if not following:
            return start + best
        for step in following:
            known[step] = loss(start + step)


def _non_negative(matrix: Array, right: Array) -> NDArray[np.intp]:
    """The components that are positive in the best solution with none negative."""
    from scipy.optimize import nnls

    diagonal = np.diag(matrix)
    there = np.flatnonzero(diagonal > 1e-6 * max(float(diagonal.max(initial=0.0)), 1e-30))
    if there.size == 0:
        return there
    root = 1.0 / np.sqrt(diagonal[there])
    scaled = matrix[np.ix_(there, there)] * root * root[:, None]
    # Single precision leaves near-copies not quite positive definite: a ridge, grown until it is.
    for ridge in (1e-5, 1e-4, 1e-3, 1e-2):
        _diagonal(scaled)[:] += ridge
        with suppress(np.linalg.LinAlgError):
            factor = np.linalg.cholesky(scaled)
            break
    else:
        return there[:0]
    solved, _ = nnls(factor.T, np.linalg.solve(factor, right[there] * root))
    return np.asarray(there[solved > 0])


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


def _settled(loss: Callable[[int], float], start: int, step: int) -> tuple[int, float, float]:
    """The shift whose parabola has its minimum within half a step of it.

    Returns the shift, the place of the minimum from it, and the second derivative. A parabola
    far from the minimum of a sharp line points beyond it: no move is longer than one step.
    """
    known: dict[int, float] = {}
    best, place, curvature = start, 0.0, 0.0
    for _ in range(MOST_MOVES):
        for shift in (best - step, best, best + step):
            if shift not in known:
                known[shift] = loss(shift)
        low, middle, high = (known[best + side * step] for side in (-1, 0, 1))
        bend = low - 2 * middle + high
        if bend <= 0:
            return best, 0.0, 0.0
        curvature = bend / step**2
        place = float(np.clip(-0.5 * step * (high - low) / bend, -step, step))
        if abs(place) <= 0.5 * step + 0.5:
            break
        best += round(place)
        place = 0.0
    return best + round(place), place - round(place), curvature


def _basis(class_name: str, first: float, rows: Array) -> Basis:
    """Refine the grid by ``PHASES`` and add the lines, where the class has any."""
    from scipy.interpolate import CubicSpline

    count = rows.shape[1]
    spline = CubicSpline(np.arange(count), np.asarray(rows, np.float64), axis=1)
    places = np.arange(count * PHASES) / PHASES
    fine = spline(np.minimum(places, count - 1))
    grid = first + places * FINE.step
    if class_name != "STAR":
        widths = LINE_WIDTHS_KM_S if class_name == "GALAXY" else LINE_WIDTHS_KM_S[1:]
        lines = [
            _line_group(grid, group, width) for group in LINE_GROUPS.values() for width in widths
        ]
        fine = np.concatenate([fine, np.stack(lines)])
    phases = np.stack([fine[:, phase::PHASES] for phase in range(PHASES)])
    return Basis(class_name=class_name, first=first, phases=phases.astype(np.float32))


def _line_group(
    grid: Array, group: Sequence[tuple[float, float]], width_km_s: float
) -> NDArray[np.float64]:
    """Gaussians in velocity of the given fluxes over log10 wavelengths (k,), peak about one."""
    sigma = width_km_s / SPEED_OF_LIGHT_KM_S / np.log(10.0)
    total = np.zeros(grid.size)
    for wavelength, flux in group:
        offset = (grid - np.log10(wavelength)) / sigma
        near = np.abs(offset) < 6
        total[near] += flux * np.exp(-0.5 * offset[near] ** 2)
    return total


def _independence(wavelength_angstrom: Array) -> NDArray[np.float64]:
    """Expected chi-square of each pixel of ``FINE`` resampled from samples of white noise.

    sum o^2 / sum o w over the samples that overlap a pixel (o overlap, w width): 1 where the
    grids agree, less where neighbours share a sample, as ``resample`` widens their variance for.
    """
    edges = pixel_edges(wavelength_angstrom)
    width = np.diff(edges)
    place = np.interp(FINE.edges_angstrom, edges, np.arange(edges.size))
    cell = np.minimum(place.astype(np.intp), width.size - 1)
    part = place - cell
    squares = np.concatenate([[0.0], np.cumsum(width**2)])
    first, last = cell[:-1], cell[1:]
    total = squares[last] + part[1:] * width[last] ** 2
    total -= squares[first] + part[:-1] * width[first] ** 2
    ends = (part[1:] * width[last]) ** 2 + ((1 - part[:-1]) * width[first]) ** 2
    across = ends + squares[last] - squares[np.minimum(first + 1, width.size)]
    within = ((part[1:] - part[:-1]) * width[first]) ** 2
    overlap = np.where(first == last, within, across)
    return np.where(total > 0, overlap / np.where(total > 0, total, 1.0), 0.0)


@lru_cache(maxsize=1)
def _smooth() -> NDArray[np.float32]:
    return polynomials(FINE.size, SMOOTH_TERMS).astype(np.float32)
