"""What a spectrum says about every redshift: chi-square curves of template sets, line signals.

One observed grid and one redshift grid, both with steps of 2e-4 in log10 wavelength (138 km/s).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import spectral
from astrogui.science.compiled import is_available
from astrogui.science.spectral import LogGrid
from astrogui.science.template_fit import best_fit, polynomials, upright_gains, upright_gains_at
from astrogui.science.template_solve import FEW_CELLS
from astrogui.science.template_sums import SmoothPart, TemplateSet, smooth_part

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

OBSERVED = LogGrid(first=3.53, step=2e-4, size=2440)  # 3388 to 10423 Å
ZERO_CELL = 9
CELLS = 4524
CLASSES = ("GALAXY", "QSO", "STAR")
CLASS_CELLS = ((0, CELLS - 1), (0, CELLS - 1), (0, 2 * ZERO_CELL))  # first and last, inclusive
UNKNOWN = "UNKNOWN"  # the network's own last class, of one cell: nothing that has a redshift

LINE_PLACES = (
    1215.67, 1549.48, 1908.73, 2799.12, 3728.48, 3869.86, 3934.78, 4862.69, 4960.30, 5008.24,
    5176.6, 5894.6, 6564.63, 6725.5,
)  # fmt: skip
"""Rest wavelengths whose matched-filter signals the network sees at every redshift."""

SMOOTH_TERMS = 4
SETTLED_PEAKS = 4  # of each set, whose neighbouring cells are exact where it matters
MOST_DOUBT = 0.005  # of chi-square over the scale of the curves, left to the cubic
FLOOR = 0.02  # of the flux: what templates and calibration cannot follow
SUMMARY = (
    "log10 median S/N", "log10 reduced chi-square of the best fit", "good share",
    "log10(1 + chi-square gained)", "first good pixel", "last good pixel", "noise estimated",
    "log10 ratio of fit residual to stated noise at high frequency",
)  # fmt: skip

_AROUND = np.array([-5, -3, -1, 1, 3, 5])
_SKY = ((5570.0, 5590.0, 0.5), (6296.0, 6306.0, 0.1), (5889.0, 5899.0, 0.05))
_TELLURIC = ((6868.0, 6950.0, 0.08), (7594.0, 7700.0, 0.2), (7165.0, 7320.0, 0.04))


@lru_cache(maxsize=1)
def cell_edges() -> NDArray[np.float64]:
    """(CELLS + 1,) redshifts between the cells; read-only, made once."""
    steps = np.arange(CELLS + 1) - 0.5 - ZERO_CELL
    edges = np.asarray(10 ** (OBSERVED.step * steps) - 1)
    edges.flags.writeable = False
    return edges


def cell_of(redshift: float) -> int:
    """The cell that holds a redshift, clipped to the grid."""
    place = round(float(np.log10(1 + redshift)) / OBSERVED.step) + ZERO_CELL
    return int(np.clip(place, 0, CELLS - 1))


def line_offsets() -> tuple[int, ...]:
    """Observed pixel minus cell of each line of ``LINE_PLACES``."""
    return tuple(round(OBSERVED.pixel(place)) - ZERO_CELL for place in LINE_PLACES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaled:
    """A spectrum on the observed grid, scaled to unit level. Arrays (n,)."""

    flux: NDArray[np.float64]
    ivar: NDArray[np.float64]  # from the stated errors alone
    weight: NDArray[np.float64]  # with the floor added; 0 where bad
    share: NDArray[np.float64]  # good part of each pixel, 0-1
    continuum: NDArray[np.float64]
    level: float  # flux units per unit

    @property
    def good(self) -> Mask:
        return self.weight > 0

    @property
    def signal_to_noise(self) -> float:
        """Median per pixel of the grid, from the stated errors."""
        if not self.good.any():
            return 0.0
        signal = (np.abs(self.continuum) * np.sqrt(self.ivar))[self.good]
        return spectral.quantile(signal, 0.5)


def scale(wavelength_angstrom: Array, flux: Array, ivar: Array, good: Mask) -> Scaled:
    """Resample to the observed grid, divide by the level, and add the floor to the errors."""
    if len(wavelength_angstrom) < 3:
        empty = np.zeros(OBSERVED.size)
        return Scaled(flux=empty, ivar=empty, weight=empty, share=empty, continuum=empty, level=1)
    values, inverse, share = spectral.resample(
        wavelength_angstrom, flux, ivar, _trimmed(good), OBSERVED, compiled=is_available()
    )
    known = inverse > 0
    level = _level(values[known], inverse[known])
    values, inverse = values / level, inverse * level**2
    known = known & (np.abs(values) < 1e4)
    continuum = spectral.running_median(values, known, 81)
    relative, sky = _floors()
    floor = (relative * np.abs(continuum)) ** 2 + sky**2 + 1e-6
    dip = (values - continuum) * np.sqrt(inverse) < -12  # no object does this within a pixel
    known = known & ~(dip & (continuum > 0) & (values < 0))
    weight = np.where(known, 1.0 / (1.0 / np.where(known, inverse, 1.0) + floor), 0.0)
    return Scaled(
        flux=np.where(known, values, 0.0),
        ivar=np.where(known, inverse, 0.0),
        weight=weight,
        share=share,
        continuum=continuum,
        level=level,
    )


def scan(
    spectrum: Scaled, sets: Sequence[TemplateSet], noise_estimated: bool
) -> dict[str, NDArray[np.float32]]:
    """The network's inputs: ``curves`` (CELLS, sets), ``signals`` (pixels, 3), ``summary``.

    A curve is -asinh((chi2(z) - chi2_min) / 6) / 3, chi-squares divided by the best reduced one
    where that exceeds 1 (errors too small, or templates too few), and -4 outside a set's range.
    """
    chi2 = chi_squares(spectrum, sets)
    lowest = _least(chi2) if spectrum.good.any() else 0.0
    reduced = _reduced(lowest, spectrum)
    curves = ((chi2 - lowest) / (6.0 * max(reduced, 1.0))).astype(np.float32)
    np.arcsinh(curves, out=curves)
    curves /= -3.0
    np.fmax(curves, np.float32(-4.0), out=curves)  # outside a set's range too, where it is NaN
    if not spectrum.good.any():  # all curves are flat: nothing is said
        curves[:] = -4.0
    return {
        "curves": np.ascontiguousarray(curves.T),
        "signals": _signals(spectrum),
        "summary": _summary(spectrum, chi2, lowest, reduced, noise_estimated),
    }


def chi_squares(spectrum: Scaled, sets: Sequence[TemplateSet]) -> NDArray[np.float64]:
    """(sets, CELLS) chi-square of the best fit, NaN outside each set's range.

    Where the leading coefficient is negative (an upside-down spectrum) the smooth terms alone
    count.
    """
    chi2 = np.full((len(sets), CELLS), np.nan)
    parts = _smooth_parts(spectrum, sets)
    known = [parts[templates.exponent] for templates in sets]
    gained = upright_gains(list(zip(known, sets, strict=True)))
    for row, (part, templates, gain) in enumerate(zip(known, sets, gained, strict=True)):
        inside = slice(templates.first_cell, templates.last_cell + 1)
        chi2[row, inside] = np.maximum(part.chi2 - gain, 0.0)
    if spectrum.good.any():
        _settle_peaks(chi2, sets, known, spectrum)
    return chi2


def _smooth_parts(spectrum: Scaled, sets: Sequence[TemplateSet]) -> dict[float, SmoothPart]:
    """By exponent, what the smooth terms leave of the spectrum."""
    smooth = polynomials(OBSERVED.size, SMOOTH_TERMS)
    exponents = dict.fromkeys(templates.exponent for templates in sets)
    return {value: smooth_part(*flattened(spectrum, value), smooth) for value in exponents}


def _settle_peaks(
    chi2: NDArray[np.float64],
    sets: Sequence[TemplateSet],
    parts: Sequence[SmoothPart],
    spectrum: Scaled,
) -> None:
    """Put the exact chi-square beside the best few minima of each set, where it may matter.

    Every second cell is exact already.
    """
    lowest = _least(chi2)
    unit = 6.0 * max(_reduced(lowest, spectrum), 1.0)
    wanted, places = [], []
    for row, templates, part in zip(chi2, sets, parts, strict=True):
        if templates.cells > FEW_CELLS:
            inside = row[templates.first_cell : templates.last_cell + 1]
            unsure = _unsure(inside, lowest, unit)
            if unsure.size:
                wanted.append((part, templates, unsure))
                places.append(inside)
    for inside, (part, _, beside), gain in zip(
        places, wanted, upright_gains_at(wanted), strict=True
    ):
        inside[beside] = np.maximum(part.chi2 - gain, 0.0)


def _unsure(chi2: NDArray[np.float64], lowest: float, unit: float) -> NDArray[np.intp]:
    """Cells beside the lowest minima whose cubic may be off by more than ``MOST_DOUBT``."""
    if is_available():
        from astrogui.science import template_kernels

        return template_kernels.unsure(chi2, lowest, unit, SETTLED_PEAKS, MOST_DOUBT)
    beside = _beside_minima(chi2)
    return beside[_doubt(chi2, beside) > MOST_DOUBT * np.hypot(unit, chi2[beside] - lowest)]


def _doubt(chi2: NDArray[np.float64], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """(k,) how far the cubic may be off at cells between exact ones: their fourth difference."""
    around = np.minimum(np.maximum(places[:, None] + _AROUND, 0), chi2.size - 1)
    values = chi2[around]
    fourth = (
        values[:, :2]
        - 4 * values[:, 1:3]
        + 6 * values[:, 2:4]
        - 4 * values[:, 3:5]
        + values[:, 4:6]
    )
    return np.asarray(np.abs(fourth).max(axis=1) * (3 / 128))


def _least(chi2: NDArray[np.float64]) -> float:
    """The lowest value that is no NaN."""
    return float(np.fmin.reduce(chi2, axis=None))


def _beside_minima(chi2: NDArray[np.float64]) -> NDArray[np.intp]:
    """Cells next to the lowest minima among those that are exact, every second from the last."""
    start = (chi2.size - 1) % 2
    values = chi2[start::2]
    low = np.ones(values.size, bool)
    low[:-1] = values[:-1] <= values[1:]
    low[1:] &= values[1:] <= values[:-1]
    best = np.flatnonzero(low)
    if best.size > SETTLED_PEAKS:
        best = best[np.argpartition(values[best], SETTLED_PEAKS - 1)[:SETTLED_PEAKS]]
    places = {start + 2 * place + step for place in best.tolist() for step in (-3, -1, 1, 3)}
    return np.array(sorted(place for place in places if 0 <= place < chi2.size), np.intp)


def _reduced(lowest: float, spectrum: Scaled) -> float:
    freedom = max(int(spectrum.good.sum()) - SMOOTH_TERMS - 6, 1)
    return max(lowest / freedom, 1e-3)


def model_at(
    spectrum: Scaled, sets: Sequence[TemplateSet], class_name: str, cell: int
) -> tuple[NDArray[np.float64], float]:
    """The best fit of a class's sets at one cell, scaled as the spectrum, and its chi-square."""
    smooth = polynomials(OBSERVED.size, SMOOTH_TERMS)
    best, lowest = np.zeros(OBSERVED.size), np.inf
    for templates in sets:
        inside = templates.first_cell <= cell <= templates.last_cell
        if templates.class_name == class_name and inside:
            flux, weight = flattened(spectrum, templates.exponent)
            model, chi2 = best_fit(flux, weight, templates, cell, smooth)
            if chi2 < lowest:
                best, lowest = model / _tilt(templates.exponent), chi2
    return best, lowest


def flattened(spectrum: Scaled, exponent: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Flux and weight times a power of the wavelength, as the set's templates are."""
    if exponent == 0:
        return spectrum.flux, spectrum.weight
    tilt = _tilt(exponent)
    return spectrum.flux * tilt, spectrum.weight / tilt**2


def sets_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> tuple[TemplateSet, ...]:
    """The template sets of a model's ``assets.npz``."""
    sets = []
    for row, name in enumerate(arrays["set_names"]):
        class_index, first, last = (int(value) for value in arrays["set_ranges"][row])
        sets.append(
            TemplateSet(
                name=str(name),
                class_name=CLASSES[class_index],
                first_cell=first,
                last_cell=last,
                vectors=np.asarray(arrays[f"vectors_{name}"], np.float64),
                penalty=np.asarray(arrays[f"penalty_{name}"], np.float64),
                exponent=float(arrays["set_exponents"][row]),
            )
        )
    return tuple(sets)


def sets_to_arrays(sets: Sequence[TemplateSet]) -> dict[str, NDArray[Any]]:
    """The inverse of ``sets_from_arrays``, in single precision."""
    arrays: dict[str, NDArray[Any]] = {
        "set_names": np.array([templates.name for templates in sets]),
        "set_ranges": np.array(
            [[CLASSES.index(t.class_name), t.first_cell, t.last_cell] for t in sets]
        ),
        "set_exponents": np.array([templates.exponent for templates in sets]),
    }
    for templates in sets:
        arrays[f"vectors_{templates.name}"] = templates.vectors.astype(np.float32)
        arrays[f"penalty_{templates.name}"] = templates.penalty.astype(np.float32)
    return arrays


@lru_cache(maxsize=16)
def _tilt(exponent: float) -> NDArray[np.float64]:
    tilt = np.asarray((OBSERVED.centres_angstrom / 6000.0) ** exponent)
    tilt.flags.writeable = False
    return tilt


def _trimmed(good: Mask, count: int = 5) -> Mask:
    """The first and last good samples of a spectrum are often wrong: left out."""
    places = np.flatnonzero(good)
    out = np.asarray(good, bool).copy()
    if places.size > 20 * count:
        out[: places[count]] = False
        out[places[-count] :] = False
    return out


@lru_cache(maxsize=1)
def _floors() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors that no spectrum states: shares of the continuum, and of the level, a pixel."""
    place = OBSERVED.centres_angstrom
    relative = np.full(OBSERVED.size, FLOOR)
    for first, last, part in (*_SKY, *_TELLURIC):
        relative[(place > first) & (place < last)] += part
    sky = np.zeros(OBSERVED.size)
    for first, last, part in _SKY:
        sky[(place > first) & (place < last)] = part  # of the level too: faint objects, bright sky
    return relative, sky


def _level(values: Array, inverse: Array) -> float:
    if values.size == 0:
        return 1.0
    noise = spectral.quantile(1.0 / np.sqrt(inverse), 0.5)
    bright = 0.1 * spectral.quantile(np.abs(values), 0.98)
    level = max(abs(spectral.quantile(values, 0.5)), bright, 0.3 * noise)
    return level if np.isfinite(level) and level > 0 else 1.0


def _signals(spectrum: Scaled) -> NDArray[np.float32]:
    """(n, 3): asinh of the matched-filter S/N of narrow and of broad lines, and the good share."""
    narrow = spectral.line_snr(spectrum.flux, spectrum.weight, spectrum.continuum, 1.2)
    wide = spectral.running_median(spectrum.flux, spectrum.good, 501)
    broad = spectral.line_snr(spectrum.flux, spectrum.weight, wide, 14.0)
    stack = [np.arcsinh(narrow / 2) / 2, np.arcsinh(broad / 4) / 3, spectrum.share]
    return np.clip(np.stack(stack, axis=-1), -4, 4).astype(np.float32)


def _summary(
    spectrum: Scaled, chi2: Array, lowest: float, reduced: float, noise_estimated: bool
) -> NDArray[np.float32]:
    good = np.flatnonzero(spectrum.good)
    if good.size == 0:
        return np.zeros(len(SUMMARY), np.float32)
    gained = max(float(np.fmax.reduce(chi2, axis=None)) - lowest, 0.0)
    steps = np.diff(spectrum.flux[good]) * np.sqrt(
        1.0 / (1.0 / spectrum.ivar[good][1:] + 1.0 / spectrum.ivar[good][:-1])
    )
    rough = 1.4826 * spectral.quantile(np.abs(steps), 0.5) if steps.size else np.nan
    values = (
        np.log10(max(spectrum.signal_to_noise, 1e-2)),
        np.log10(reduced),
        good.size / OBSERVED.size,
        np.log10(1 + gained),
        good[0] / OBSERVED.size,
        good[-1] / OBSERVED.size,
        float(noise_estimated),
        np.log10(max(rough, 1e-2)),
    )
    return np.clip(np.array(values), -3, 8).astype(np.float32)
