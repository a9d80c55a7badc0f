"""The rest-frame vectors that a redshift is polished with, on a grid finer than the pixels.

The rest grid has four samples to a pixel, so that a shift by 17 km/s is another slice of it. Lines
are zero nearly everywhere: they are kept apart, on the samples where any of them is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, LogGrid

Array = NDArray[np.floating[Any]]

FINE = LogGrid(first=3.53, step=1e-4, size=4880)  # 3388 to 10423 Å
PHASES = 4  # rest-frame samples per pixel
SHIFT = FINE.step / PHASES  # in log10(1 + z): 17.3 km/s
SHIFT_KM_S = SHIFT * np.log(10.0) * SPEED_OF_LIGHT_KM_S
LINE_WIDTHS_KM_S = (90.0, 180.0, 360.0)
NARROW = 0.3  # share of samples that are not zero

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


class Vectors(NamedTuple):
    """Wide vectors (w, n), and narrow ones (s, c) on some ``columns`` (c,) of the n alone."""

    wide: Array
    columns: NDArray[np.intp]
    narrow: Array

    def within(self, start: int, end: int) -> Vectors:
        """On the samples start ... end - 1 of these."""
        low, high = self.columns.searchsorted((start, end)).tolist()
        columns = self.columns[low:high] - start
        return Vectors(self.wide[:, start:end], columns, self.narrow[:, low:high])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Rest-frame vectors of one class, all with coefficients >= 0.

    ``phases`` (PHASES, m, k): sample q of phase p lies at log10 wavelength
    ``first`` + (4 q + p) ``SHIFT``.
    """

    class_name: str
    first: float
    phases: NDArray[np.float32]
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def at(self, shift: int, seen: slice = slice(0, FINE.size)) -> NDArray[np.float32]:
        """(m, seen): the vectors as observed at log10(1 + z) = shift * SHIFT, on some pixels."""
        phase, column = self.place(shift)
        return self.phases[phase, :, column + seen.start : column + seen.stop]

    @property
    def order(self) -> NDArray[np.intp]:
        """(m,) the wide vectors, then those that are zero nearly everywhere."""
        if "order" not in self._kept:
            share = np.count_nonzero(self.phases[0], axis=1) / self.phases.shape[2]
            narrow = share < NARROW
            self._kept["order"] = np.r_[np.flatnonzero(~narrow), np.flatnonzero(narrow)]
            self._kept["wide"] = int(np.sum(~narrow))
        return np.asarray(self._kept["order"])

    def piece(self, phase: int, first: int, end: int, chosen: NDArray[np.intp]) -> Vectors:
        """Some vectors, counted by ``order``, on the samples first ... end - 1 of a phase."""
        columns, narrow, wide = self._parts(phase)
        low, high = columns.searchsorted((first, end)).tolist()
        parted = int(np.searchsorted(chosen, len(wide)))
        rows = narrow[chosen[parted:] - len(wide), low:high]
        there = np.flatnonzero(rows.any(axis=0)) if parted < chosen.size else slice(0, 0)
        return Vectors(
            wide[chosen[:parted], first:end], columns[low:high][there] - first, rows[:, there]
        )

    def whole(self, shift: int, seen: slice) -> Vectors:
        """All vectors at a shift, by ``order``, without a copy."""
        phase, column = self.place(shift)
        first, end = column + seen.start, column + seen.stop
        columns, narrow, wide = self._parts(phase)
        low, high = columns.searchsorted((first, end)).tolist()
        return Vectors(wide[:, first:end], columns[low:high] - first, narrow[:, low:high])

    def _parts(self, phase: int) -> tuple[NDArray[np.intp], Array, Array]:
        """The samples where narrow vectors are not zero, these there, and the wide vectors."""
        if phase not in self._kept:
            rows, wide = self.phases[phase][self.order], int(self._kept["wide"])
            columns = np.flatnonzero(rows[wide:].any(axis=0))
            self._kept[phase] = columns, rows[wide:, columns], rows[:wide]
        columns, narrow, broad = self._kept[phase]
        return columns, narrow, broad

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
