"""A star's spectrum made ready: its level, velocity by cross-correlation, continuum, rest frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import stellar_emulator as grid
from astrogui.science.spectral import resample
from astrogui.science.stellar_emulator import CHIPS, OBSERVED, Emulator, moved, scaled
from astrogui.science.stellar_fit import LARGEST_SHIFT, continuum_bases, solved

Array = NDArray[np.float64]

CHIP_ENDS = (0, 3445, 6230, OBSERVED.size)  # pixels between which one detector lies
BINNED = 2  # neighbouring pixels that the network sees as one
BINS = grid.PIXELS // BINNED
SUMMARY = (
    "log10 median S/N per pixel",
    "log10 reduced chi-square of the best template",
    "good share of the pixels",
    "log10 gain in chi-square by the best template",
    "scaled Teff of the best template",
    "scaled log g of the best template",
    "scaled [Fe/H] of the best template",
    "scaled [Mg/Fe] of the best template",
    "scaled broadening of the best template",
)
_TRANSFORM = 9000  # pixels with room for the largest shift
_TEMPLATES: Array = np.array(
    [
        [teff, logg, metallicity, 0.05, broadening]
        for teff, logg in ((4400.0, 4.65), (5200.0, 4.5), (6000.0, 4.3), (6800.0, 4.2))
        for metallicity in (-0.55, 0.1)
        for broadening in (5.0, 30.0)
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """A spectrum on ``OBSERVED``, of unit level."""

    flux: Array  # (OBSERVED.size,)
    ivar: Array  # zero where nothing is known
    level: float  # in the flux unit of the file

    @property
    def good_share(self) -> float:
        """Share of the pixels between the first and the last of the chips that can be used."""
        return min(1.0, float(np.count_nonzero(self.ivar) / grid.PIXELS))

    @property
    def signal_to_noise(self) -> float:
        """Median signal-to-noise ratio of a good pixel."""
        good = self.ivar > 0
        if not good.any():
            return 0.0
        return float(np.median(np.abs(self.flux[good]) * np.sqrt(self.ivar[good])))


def observed(wavelength_angstrom: Array, flux: Array, ivar: Array, good: Any) -> Observed:
    """From samples at vacuum wavelengths (n,) in ångström; any flux unit."""
    empty = np.zeros(OBSERVED.size)
    if wavelength_angstrom.size < 3:
        return Observed(flux=empty, ivar=empty, level=1.0)
    if _on_grid(wavelength_angstrom):
        used = good & (ivar > 0) & np.isfinite(flux)
        new_flux, new_ivar = np.where(used, flux, 0.0), np.where(used, ivar, 0.0)
    else:
        new_flux, new_ivar, _ = resample(wavelength_angstrom, flux, ivar, good, OBSERVED)
    used = new_ivar > 0
    level = float(np.median(np.abs(new_flux[used]))) if used.any() else 1.0
    level = level if np.isfinite(level) and level > 0 else 1.0
    return Observed(flux=new_flux / level, ivar=new_ivar * level**2, level=level)


def _on_grid(wavelength_angstrom: Array) -> bool:
    """Whether the samples are the grid's own pixels, to a thousandth."""
    if wavelength_angstrom.size != OBSERVED.size:
        return False
    offset = np.log10(wavelength_angstrom[[0, -1]]) - OBSERVED.centres_log10[[0, -1]]
    if np.any(np.abs(offset) > 1e-3 * OBSERVED.step):
        return False
    apart = np.log10(wavelength_angstrom) - OBSERVED.centres_log10
    return bool(np.all(np.abs(apart) < 1e-3 * OBSERVED.step))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """What the network is told, and the shift that was found."""

    spectrum: NDArray[np.float32]  # (BINS, 2) normalised flux at rest less one, and its S/N
    summary: NDArray[np.float32]  # (len(SUMMARY),)
    shift: float  # pixels


def prepared(seen: Observed, emulator: Emulator) -> Prepared:
    """Velocity, continuum and the network's inputs of one spectrum."""
    shift, template, gain = found_shift(seen, emulator)
    rest = _templates(emulator)[0][template]
    continuum, chi_square, degrees = continuum_over(seen, rest, shift)
    known = np.isfinite(continuum) & (seen.ivar > 0)
    safe = np.where(np.isfinite(continuum) & (np.abs(continuum) > 1e-3), continuum, 1.0)
    weight = np.where(known, seen.ivar * safe**2, 0.0)
    depth = np.where(known, seen.flux / safe - 1.0, 0.0)
    weight_rest = grid.brought_to_rest(weight, shift)
    depth_rest = grid.brought_to_rest(weight * depth, shift)
    weight_bin = weight_rest.reshape(BINS, BINNED).sum(axis=1)
    depth_bin = depth_rest.reshape(BINS, BINNED).sum(axis=1)
    depth_bin = depth_bin / np.where(weight_bin > 0, weight_bin, 1.0)
    spectrum = np.stack(
        [
            np.clip(10 * depth_bin, -6.0, 3.0),
            np.where(weight_bin > 0, np.log10(1 + np.sqrt(weight_bin)) / 2, 0.0),
        ],
        axis=-1,
    )
    reduced = chi_square / max(degrees, 1)
    summary = np.array(
        [
            np.log10(max(seen.signal_to_noise, 0.1)),
            np.log10(np.clip(reduced, 0.01, 1e4)),
            seen.good_share,
            np.log10(np.clip(gain, 1.0, 1e8)) / 4,
            *scaled(_TEMPLATES[template]),
        ]
    )
    return Prepared(
        spectrum=spectrum.astype(np.float32), summary=summary.astype(np.float32), shift=shift
    )


def found_shift(seen: Observed, emulator: Emulator) -> tuple[float, int, float]:
    """Shift in pixels, number of the template and gain in chi-square of the best correlation."""
    _, waves, squares = _templates(emulator)
    shifts, gains = _gains(seen, waves, squares)
    template, place = (int(i) for i in np.unravel_index(int(np.argmax(gains)), gains.shape))
    return _peak(shifts, gains[template], place), template, float(gains[template, place])


def shift_by_fit(seen: Observed, rest: Array, near: float) -> float:
    """The shift within 14 pixels of ``near`` where one spectrum at rest fits best, to two pixels.

    With the continuum solved for at each: slower than a correlation, and not misled by a rough
    continuum where lines are as broad as its own waves.
    """
    reach = 0.99 * LARGEST_SHIFT
    shifts = np.clip(near + np.arange(-14.0, 15.0, 2.0), -reach, reach)
    return float(shifts[int(np.argmin([continuum_over(seen, rest, s)[1] for s in shifts]))])


def _peak(shifts: NDArray[np.int64], gains: Array, place: int) -> float:
    """The fractional shift by a parabola through the best gain and its neighbours."""
    fraction = 0.0
    if 0 < place < len(shifts) - 1:
        left, middle, right = gains[place - 1 : place + 2]
        curve = left - 2 * middle + right
        fraction = 0.5 * (left - right) / curve if curve < 0 else 0.0
    return float(shifts[place] + fraction)


def _gains(
    seen: Observed, waves: NDArray[Any], squares: NDArray[Any]
) -> tuple[NDArray[np.int64], Array]:
    """Whole shifts (m,) and the gain in chi-square (templates, m) of each template there.

    Each template, its strength free, is compared at every shift by two correlations.
    """
    from scipy.fft import irfft, rfft

    weight, depth = _depths(seen)
    data = rfft(weight * depth, _TRANSFORM)
    errors = rfft(weight, _TRANSFORM)
    products = irfft(data * np.conj(waves), _TRANSFORM, axis=-1)
    norms = irfft(errors * np.conj(squares), _TRANSFORM, axis=-1)
    reach = int(LARGEST_SHIFT)
    shifts = np.arange(-reach, reach + 1)
    above = np.maximum(products[:, shifts], 0.0)  # a negative index is a shift to the blue
    least = 1e-9 * max(float(norms.max()), 1e-30)
    return shifts, above**2 / np.maximum(norms[:, shifts], least)


def continuum_over(seen: Observed, rest: Array, shift: float) -> tuple[Array, float, int]:
    """Continuum (OBSERVED.size,), NaN where unknown, that brings a spectrum at rest to the data.

    With the chi-square that it leaves and the degrees of freedom.
    """
    continuum = np.full(OBSERVED.size, np.nan)
    chi_square, degrees = 0.0, 0
    places, rows = moved(rest[None], shift)
    for place, chip, basis in zip(places, rows, continuum_bases(), strict=True):
        found = solved(seen.flux[place], seen.ivar[place], chip[0], basis)
        if found is None:
            continue
        continuum[place] = found.coefficients @ basis
        chi_square += float(found.residual @ found.residual)
        degrees += found.good - found.axes.shape[1]
    return continuum, chi_square, degrees


def _depths(seen: Observed) -> tuple[Array, Array]:
    """Weights and depths of lines (OBSERVED.size,) below a rough continuum of each chip."""
    weight, depth = np.zeros(OBSERVED.size), np.zeros(OBSERVED.size)
    for first, last in pairwise(CHIP_ENDS):
        part = slice(first, last)
        flux, ivar = seen.flux[part], seen.ivar[part]
        good = ivar > 0
        if good.sum() < 100:
            continue
        continuum = rough_continuum(flux, ivar)
        usable = good & (continuum > 0.05 * float(np.median(np.abs(continuum[good]))))
        safe = np.where(usable, continuum, 1.0)
        part_weight = np.where(usable, ivar * safe**2, 0.0)
        part_depth = np.where(usable, np.clip(flux / safe - 1, -1.0, 0.3), 0.0)
        total = part_weight.sum()
        mean = float(np.sum(part_weight * part_depth) / total) if total > 0 else 0.0
        weight[part], depth[part] = part_weight, np.where(usable, part_depth - mean, 0.0)
    return weight, depth


def rough_continuum(flux: Array, ivar: Array, degree: int = 4, rounds: int = 5) -> Array:
    """A polynomial (n,) through the upper part of the good pixels of a chip.

    Fitted again and again without what lies far below, where the lines are.
    """
    x = np.linspace(-1, 1, flux.size)
    basis = np.polynomial.legendre.legvander(x, degree)
    kept = ivar > 0
    continuum = np.full(flux.size, float(np.median(flux[kept])))
    for _ in range(rounds):
        weighted = (basis * np.where(kept, ivar, 0.0)[:, None]).T
        normal = weighted @ basis
        normal += 1e-9 * np.trace(normal) * np.eye(degree + 1)
        continuum = basis @ np.linalg.solve(normal, weighted @ flux)
        offset = flux - continuum
        scatter = 1.4826 * float(np.median(np.abs(offset[kept])))
        fresh = (ivar > 0) & (offset > -1.0 * scatter) & (offset < 3.0 * scatter)
        if fresh.sum() < 10 * (degree + 1):
            break
        kept = fresh
    return np.asarray(continuum)


@lru_cache(maxsize=2)
def _templates(emulator: Emulator) -> tuple[Array, NDArray[Any], NDArray[Any]]:
    """Templates at rest (k, PIXELS), and the transforms of their depths and squared depths."""
    from scipy.fft import rfft

    rest = np.asarray(emulator.flux(_TEMPLATES), np.float64)
    depths = np.zeros((len(rest), OBSERVED.size))
    begin = 0
    for first, last in CHIPS:
        chip = rest[:, begin : begin + last - first]
        depths[:, first:last] = chip - chip.mean(axis=1, keepdims=True)
        begin += last - first
    return rest, rfft(depths, _TRANSFORM, axis=-1), rfft(depths**2, _TRANSFORM, axis=-1)
