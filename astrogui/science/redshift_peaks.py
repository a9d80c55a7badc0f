"""Peaks of a joint density over class and redshift: the answer, its basin, and the alternatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

NEGLIGIBLE = 1e-7  # probability below which a further peak is not looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """One mode of one class. Cells are inclusive; ``probability`` is the basin's, of everything."""

    class_index: int
    cell: int
    first: int
    last: int
    probability: float
    redshift: float  # mean over the cells within ``reach`` of the highest


def find_peaks(
    mass: Array,
    edges: Array,
    reach: tuple[int, ...],
    count: int = 4,
    depth: float = 0.01,
    compiled: bool = False,
) -> list[list[Peak]]:
    """For each class at most its ``count`` best peaks; ``mass`` (classes, cells) sums to one.

    A basin runs from the highest cell outwards while the density, smoothed over three cells,
    stays above ``depth`` of its peak; it holds at least ``reach`` cells to either side. Cells of
    one basin are not given to the next. ``compiled`` is for analyses, where Numba is there: a
    window does not load it.
    """
    of_class = _compiled_peaks if compiled else _peaks_of_class
    return [
        of_class(mass[index], edges, index, reach[index], count, depth)
        for index in range(len(mass))
    ]


def answer_and_alternatives(peaks: list[list[Peak]], class_probability: Array) -> list[Peak]:
    """The best peak of the most probable class, then all other peaks by falling probability."""
    chosen = int(np.argmax(class_probability))
    first = peaks[chosen][0]
    others = [peak for row in peaks for peak in row if peak is not first]
    return [first, *sorted(others, key=lambda peak: -peak.probability)]


def sharpened(
    mass: Array, peaks: list[list[Peak]], sharpness: tuple[float, ...]
) -> NDArray[np.float64]:
    """The density with each peak narrowed (sharpness above 1) or widened, its probability kept.

    mass^sharpness within a basin; one number a class, found where intervals are calibrated.
    """
    out = np.asarray(mass, np.float64).copy()
    for row, found in enumerate(peaks):
        for peak in found:
            inside = slice(peak.first, peak.last + 1)
            basin = out[row, inside]
            if basin.max() > 0:
                narrow = (basin / basin.max()) ** sharpness[row]
                out[row, inside] = basin.sum() * narrow / narrow.sum()
    return out


def within_peak(
    class_mass: Array, peak: Peak, edges: Array, parts: int = 8
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The basin on finer cells: edges (parts * cells + 1,) and masses that sum to one.

    Inside a cell the logarithm of the density follows the parabola through the cell and its
    neighbours, scaled so that the cell keeps its mass: a peak narrower than its cell is known to
    lie towards the richer neighbour.
    """
    inside = slice(peak.first, peak.last + 1)
    top = max(float(class_mass[inside].max()), 1e-300)
    cells = np.arange(peak.first - 1, peak.last + 2)
    padded = class_mass[np.clip(cells, 0, len(class_mass) - 1)]
    logarithm = np.log(np.maximum(padded / top, 1e-9))
    rise = np.clip(logarithm[2:] - logarithm[1:-1], -6, 6)[:, None]
    fall = np.clip(logarithm[:-2] - logarithm[1:-1], -6, 6)[:, None]
    place = (np.arange(parts) + 0.5) / parts - 0.5
    shape = np.exp(0.5 * (rise - fall) * place + 0.5 * (rise + fall) * place**2)
    fine = class_mass[inside, None] * shape / shape.sum(axis=1, keepdims=True)
    bounds = np.asarray(edges[peak.first : peak.last + 2], np.float64)
    steps = bounds[:-1, None] + np.diff(bounds)[:, None] * np.arange(parts) / parts
    return np.append(steps.ravel(), bounds[-1]), fine.ravel() / max(float(fine.sum()), 1e-300)


def _compiled_peaks(
    mass: Array, edges: Array, index: int, reach: int, count: int, depth: float
) -> list[Peak]:
    from astrogui.science.peak_kernels import peaks

    cells, numbers = peaks(
        np.ascontiguousarray(mass, np.float64),
        np.asarray(edges, np.float64),
        reach,
        count,
        depth,
        NEGLIGIBLE,
    )
    return [
        Peak(
            class_index=index,
            cell=cell,
            first=first,
            last=last,
            probability=probability,
            redshift=redshift,
        )
        for (cell, first, last), (probability, redshift) in zip(
            cells.tolist(), numbers.tolist(), strict=True
        )
    ]


def _peaks_of_class(
    mass: Array, edges: Array, index: int, reach: int, count: int, depth: float
) -> list[Peak]:
    left = np.asarray(mass, np.float64).copy()
    nearby, smooth = _window_sums(left, reach), _smooth(left, 0, left.size)
    peaks: list[Peak] = []
    for _ in range(count):
        # The window with the most mass, then the highest cell in it: a broad mode may hold more
        # than a spike does.
        centre = int(nearby.argmax())
        if peaks and nearby[centre] < NEGLIGIBLE:
            break
        start = max(centre - reach, 0)
        cell = start + int(left[start : centre + reach + 1].argmax())
        if left[cell] <= 0:
            break
        first, last = _basin(smooth, cell, reach, depth)
        inside = slice(first, last + 1)
        near = slice(max(cell - reach, first), min(cell + reach, last) + 1)
        middle = 0.5 * (edges[near.start + 1 : near.stop + 1] + edges[near])
        peaks.append(
            Peak(
                class_index=index,
                cell=cell,
                first=first,
                last=last,
                probability=float(left[inside].sum()),
                redshift=float(np.sum(left[near] * middle) / left[near].sum()),
            )
        )
        if len(peaks) == count:
            break
        left[inside] = 0
        # What is left beside the basin is known but for what it had of the basin's own.
        begin, end = max(first - 2 * reach, 0), min(last + 2 * reach, left.size - 1) + 1
        about = _window_sums(left[begin:end], reach)
        inner, stop = max(first - reach, 0), min(last + reach, left.size - 1) + 1
        nearby[inner:stop] = about[inner - begin : stop - begin]
        inner, stop = max(first - 1, 0), min(last + 2, left.size)
        smooth[inner:stop] = _smooth(left, inner, stop)
    return peaks


def _window_sums(mass: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Sums over the cells within ``reach`` of each."""
    total = np.zeros(mass.size + 2 * reach + 1)
    end = reach + 1 + mass.size
    np.cumsum(mass, out=total[reach + 1 : end])
    total[end:] = total[end - 1]
    return total[2 * reach + 1 :] - total[: -2 * reach - 1]


def _basin(smooth: NDArray[np.float64], cell: int, reach: int, depth: float) -> tuple[int, int]:
    """First and last cell of the basin about a cell, of a density that is smooth already."""
    high = smooth >= depth * smooth[cell]
    start, end = max(cell - reach, 0), min(cell + reach + 1, high.size)
    return start - _run(high[:start][::-1]), end - 1 + _run(high[end:])


def _run(high: NDArray[np.bool_]) -> int:
    """How many come before the first that is not."""
    length = int(high.argmin()) if high.size else 0
    return high.size if high.size and high[length] else length


def _smooth(mass: Array, first: int, end: int) -> NDArray[np.float64]:
    """Means over three cells, nothing beyond the ends, of the cells ``first`` to before ``end``."""
    padded = np.zeros(end - first + 2)
    low, high = max(first - 1, 0), min(end + 1, mass.size)
    padded[low - first + 1 : high - first + 1] = mass[low:high]
    padded /= 3
    return np.asarray(padded[1:-1] + padded[:-2] + padded[2:])
