"""Spectra as arrays: the logarithmic grid, resampling to it, noise estimates, line filters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

SPEED_OF_LIGHT_KM_S = 299792.458


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGrid:
    """Pixels evenly spaced in log10 of the vacuum wavelength, so that a redshift is a shift."""

    first: float  # log10 of the centre of pixel 0, ångström
    step: float
    size: int

    @property
    def centres_log10(self) -> NDArray[np.float64]:
        """Read-only: made once for a grid."""
        return _centres_log10(self)

    @property
    def centres_angstrom(self) -> NDArray[np.float64]:
        """Read-only: made once for a grid."""
        return _centres(self)

    @property
    def edges_angstrom(self) -> NDArray[np.float64]:
        """Read-only: made once for a grid."""
        return _edges(self)

    def pixel(self, wavelength_angstrom: float) -> float:
        """Fractional pixel of a wavelength; may lie outside the grid."""
        return (float(np.log10(wavelength_angstrom)) - self.first) / self.step


@lru_cache(maxsize=16)
def _centres_log10(grid: LogGrid) -> NDArray[np.float64]:
    centres = np.asarray(grid.first + grid.step * np.arange(grid.size), np.float64)
    centres.flags.writeable = False
    return centres


@lru_cache(maxsize=16)
def _centres(grid: LogGrid) -> NDArray[np.float64]:
    centres = np.asarray(10.0**grid.centres_log10)
    centres.flags.writeable = False
    return centres


@lru_cache(maxsize=16)
def _edges(grid: LogGrid) -> NDArray[np.float64]:
    edges = np.asarray(10.0 ** (grid.first + grid.step * (np.arange(grid.size + 1) - 0.5)))
    edges.flags.writeable = False
    return edges


def pixel_edges(wavelength_angstrom: Array) -> NDArray[np.float64]:
    """Edges (n + 1,) half-way between rising centres (n,), n >= 2."""
    middle = 0.5 * (wavelength_angstrom[1:] + wavelength_angstrom[:-1])
    first = wavelength_angstrom[0] - (middle[0] - wavelength_angstrom[0])
    last = wavelength_angstrom[-1] + (wavelength_angstrom[-1] - middle[-1])
    return np.concatenate([[first], middle, [last]]).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Where the edges of a grid cut the cells of samples: ``part`` of ``cell``, (m + 1,) each."""

    width: NDArray[np.float64]  # (n,) of the samples
    cell: NDArray[np.intp]
    part: NDArray[np.float64]

    def sums(self, content: Array) -> NDArray[np.float64]:
        """(m,) share of ``content`` (n,), spread evenly in its cell, that falls in each new one."""
        cumulative = np.concatenate([[0.0], np.cumsum(content)])
        return np.diff(cumulative[self.cell] + self.part * content[self.cell])


def cut(wavelength_angstrom: Array, grid: LogGrid, compiled: bool = False) -> Cut:
    """How a grid cuts samples at rising wavelengths (n,), n >= 2; see ``resample``."""
    edges = pixel_edges(wavelength_angstrom)
    if compiled:
        from astrogui.science.spectral_kernels import places

        return Cut(np.diff(edges), *places(edges, grid.edges_angstrom))
    place = np.interp(grid.edges_angstrom, edges, np.arange(edges.size))
    cell = np.minimum(place.astype(np.intp), edges.size - 2)
    return Cut(np.diff(edges), cell, place - cell)


def resample(
    wavelength_angstrom: Array,
    flux: Array,
    ivar: Array,
    good: Mask,
    grid: LogGrid,
    known: Cut | None = None,
    compiled: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean flux, inverse variance and good share (0-1) in each pixel of the grid.

    Flux-conserving for flux densities: a new pixel is the mean of the old ones weighted by the
    overlap, over good samples only. The variance of pixel i is the row sum of the covariance,
    sum_j o_ij w_j var_j / (sum_j o_ij)^2 (o overlap, w old width), so that a chi-square of smooth
    models is right although neighbours are correlated. A pixel with less than a third of it good
    gets zero inverse variance. Gaps wider than three typical samples count as bad. ``known`` may
    give ``cut`` of the same wavelengths and grid. ``compiled`` is for analyses, where Numba is
    there: a window does not load it.
    """
    made = known or cut(wavelength_angstrom, grid, compiled)
    width = made.width
    typical = _typical_width(width, compiled)
    usable = good & (ivar > 0) & np.isfinite(flux) & (width < 3.5 * typical)
    if compiled:
        from astrogui.science.spectral_kernels import resampled

        new_width = np.diff(grid.edges_angstrom)
        return resampled(width, made.cell, made.part, flux, ivar, usable, new_width)
    share = np.where(usable, width, 0.0)
    value = np.where(usable, flux, 0.0)
    variance = np.where(usable, 1.0 / np.where(usable, ivar, 1.0), 0.0)
    new_width = np.diff(grid.edges_angstrom)
    covered = made.sums(share)
    total = made.sums(share * value)
    spread = made.sums(share * width * variance)
    enough = covered > new_width / 3
    safe = np.where(enough, covered, 1.0)
    new_flux = np.where(enough, total / safe, 0.0)
    new_ivar = np.where(enough, safe**2 / np.where(enough & (spread > 0), spread, 1.0), 0.0)
    return new_flux, new_ivar, np.clip(covered / new_width, 0.0, 1.0)


def estimate_ivar(flux: Array, mask: Mask, window: int = 151) -> NDArray[np.float64]:
    """Inverse variance (n,) from the flux itself, for files without an error column.

    Each sample is compared with the mean of its second neighbours,
    d_i = f_i - (f_{i-2} + f_{i+2}) / 2, of variance 1.5 sigma^2 for white noise; sigma is 1.4826
    median |d| / sqrt(1.5) in running windows of ``window`` samples. Zero where ``mask`` is set.
    Source: the second-neighbour form of DER_SNR, Stoehr et al. 2008, ASPC 394, 505.
    """
    good = np.flatnonzero(~np.asarray(mask, bool) & np.isfinite(flux))
    ivar = np.zeros(len(flux))
    if good.size < 9:
        return ivar
    values = np.asarray(flux, np.float64)[good]
    difference = np.abs(values[2:-2] - 0.5 * (values[:-4] + values[4:]))
    step = max(window // 4, 1)
    starts = np.arange(0, max(difference.size - window, 0) + 1, step)
    windows = np.lib.stride_tricks.sliding_window_view(difference, min(window, difference.size))
    medians = np.median(windows[starts], axis=1)
    # A flat stretch (padding, clipped counts) must not become infinitely certain.
    floor = max(0.1 * float(np.median(medians)), 1e-6 * float(np.max(np.abs(values))), 1e-30)
    centres = starts + 0.5 * min(window, difference.size) + 2
    sigma = 1.4826 / np.sqrt(1.5) * np.maximum(medians, floor)
    ivar[good] = 1.0 / np.interp(np.arange(good.size), centres, sigma) ** 2
    return ivar


def running_median(values: Array, good: Mask, window: int) -> NDArray[np.float64]:
    """Median (n,) of the good values in a window, coarsely sampled and interpolated."""
    size = len(values)
    places = np.flatnonzero(good)
    if places.size == 0:
        return np.zeros(size)
    chosen = np.asarray(values, np.float64)[places]
    centres = np.arange(0, size, max(window // 4, 1))
    starts = np.searchsorted(places, centres - window // 2)
    ends = np.searchsorted(places, centres + window // 2 + 1)
    filled = np.flatnonzero(ends - starts >= 3)
    if filled.size == 0:
        return np.full(size, float(np.median(chosen)))
    starts, counts = starts[filled], (ends - starts)[filled]
    width = int(counts.max())
    places = np.minimum(starts[:, None] + np.arange(width), chosen.size - 1)
    table = np.where(np.arange(width) < counts[:, None], chosen[places], np.inf)
    table.sort(axis=1)
    row = np.arange(len(table))
    medians = 0.5 * (table[row, (counts - 1) // 2] + table[row, counts // 2])
    return np.asarray(np.interp(np.arange(size), centres[filled], medians))


def quantile(values: Array, share: float) -> float:
    """The value (n,) below which a share lies, as ``np.quantile`` has it, three times as fast.

    n >= 1, and no NaN.
    """
    place = share * (values.size - 1)
    low = int(place)
    high = min(low + 1, values.size - 1)
    sorted_there = np.partition(values, (low, high))
    below, above = float(sorted_there[low]), float(sorted_there[high])
    return below + (above - below) * (place - low)


def line_snr(flux: Array, ivar: Array, continuum: Array, sigma_pixels: float) -> Array:
    """Signal-to-noise (n,) of a Gaussian line of unknown strength centred on each pixel.

    sum w (f - c) g / sqrt(sum w g^2), w the inverse variance, g the profile: the matched filter.
    """
    from scipy.ndimage import correlate1d

    reach = int(np.ceil(3 * sigma_pixels))
    profile = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_pixels) ** 2)
    signal = correlate1d(ivar * (flux - continuum), profile, mode="constant")
    norm = correlate1d(np.asarray(ivar, np.float64), profile**2, mode="constant")
    return np.where(norm > 0, signal / np.sqrt(np.where(norm > 0, norm, 1.0)), 0.0)


def velocity_offset_km_s(redshift: Array, reference: Array) -> Array:
    """c (z - z_reference) / (1 + z_reference)."""
    return SPEED_OF_LIGHT_KM_S * (redshift - reference) / (1 + reference)


def _typical_width(width: Array, compiled: bool = False) -> NDArray[np.float64]:
    """Running typical sample width (n,), so that smoothly growing steps are no gaps."""
    blocks = max(1, width.size // 64)
    size, longer = divmod(width.size, blocks)  # the first ones hold one sample more
    values = np.asarray(width, np.float64)
    sizes = np.repeat([size + 1, size], [longer, blocks - longer])
    ends = np.cumsum(sizes)
    if compiled:
        from astrogui.science.spectral_kernels import medians

        found = medians(values, ends - sizes, sizes)
    else:
        cut = longer * (size + 1)
        parts = [values[:cut].reshape(-1, size + 1), values[cut:].reshape(-1, size)]
        found = np.concatenate([np.median(part, axis=1) for part in parts if part.size])
    return np.interp(np.arange(width.size), ends - 0.5 * sizes, found)
