"""Near-infrared spectra as a network sees them: the grid, the redshift classes, the inputs.

800 classes of redshift between 1 and 1.8 as in Stivaktakis et al. 2019 (IEEE Transactions on Big
Data), seen from 1.1 to 2.0 µm in 1,800 pixels. The pixels are even in log wavelength, where a
redshift is a shift.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.lines import wavelength_of
from astrogui.science.spectral import LogGrid

Array = NDArray[np.floating[Any]]

PIXELS = 1800
STEP = float(np.log10(20000.0 / 11000.0)) / PIXELS
OBSERVED = LogGrid(first=float(np.log10(11000.0)) + 0.5 * STEP, step=STEP, size=PIXELS)
CLASSES = 800
CLASS_WIDTH = 0.001
REDSHIFT_EDGES: NDArray[np.float64] = np.linspace(1.0, 1.0 + CLASS_WIDTH * CLASSES, CLASSES + 1)
CELLS = 1016  # steps of the grid from z = 1 to beyond 1.8, a multiple of four

FEATURES_ANGSTROM = tuple(
    wavelength_of(name)
    for name in (
        "Hδ", "Hγ", "Hβ", "[O III] 4960", "[O III] 5008", "Mg b", "[O I]", "Hα", "[S II] 6733",
        "Ca II 8544", "[S III] 9071", "[S III] 9533",
    )
)  # fmt: skip
"""Where the network looks for signals; 4000 Å is seen by the filters about Hδ."""

CHANNELS = ("residual", "continuum", "shape", "good")
SUMMARY = ("continuum signal-to-noise", "strongest line", "good share", "scatter of the residual")
_BLOCK = 4
_CONTINUUM_BLOCKS = 45  # 6 % of the wavelength
_LINE_PIXELS = 7


def class_of(redshift: Array | float) -> NDArray[np.int64]:
    """The class of each redshift; CLASSES for one outside 1 <= z < 1.8."""
    z = np.asarray(redshift, np.float64)
    index = np.floor((z - 1.0) / CLASS_WIDTH + 1e-9).astype(np.int64)
    return np.where((index >= 0) & (index < CLASSES), index, CLASSES)


def class_cells() -> NDArray[np.float64]:
    """(CLASSES,) the fractional cell of each class's centre; cell k is 1 + z = 2 * 10^(k STEP)."""
    centres = 0.5 * (REDSHIFT_EDGES[1:] + REDSHIFT_EDGES[:-1])
    return np.asarray(np.log10((1 + centres) / 2.0) / STEP)


def feature_offsets() -> tuple[int, ...]:
    """The pixel in which cell 0 (z = 1) puts each feature; may lie outside the grid."""
    return tuple(round(OBSERVED.pixel(2.0 * angstrom)) for angstrom in FEATURES_ANGSTROM)


def network_inputs(flux: Array, ivar: Array) -> dict[str, NDArray[np.float32]]:
    """``flux`` (n, PIXELS, 4) in the order of CHANNELS and ``summary`` (n, 4) as in SUMMARY.

    ``flux`` and ``ivar`` (n, PIXELS) are on OBSERVED, ivar zero where a pixel is worthless. The
    continuum is a running weighted mean, taken twice more without what stands out by 3 sigma.
    """
    good = ivar > 0
    level = np.sqrt(
        np.sum(flux**2 * ivar, axis=1, keepdims=True)
        / np.maximum(np.sum(ivar, axis=1, keepdims=True), 1e-300)
    )
    level = np.where(level > 0, level, 1.0)
    values = np.where(good, flux / level, 0.0).astype(np.float32)
    root = (np.sqrt(ivar) * level).astype(np.float32)
    weights = root**2
    kept = weights
    for _ in range(3):
        continuum = running_mean(values, kept, weights)
        residual = (values - continuum) * root
        kept = np.where(np.abs(residual) < 3, weights, 0.0)
    significance = continuum * root
    share = good.mean(axis=1)
    norm = np.sqrt(np.sum(continuum**2 * good, axis=1) / np.maximum(good.sum(axis=1), 1))
    shape = np.clip(continuum / np.maximum(norm, 1e-6)[:, None], -4, 4) * good
    line = strongest_line(residual)
    scatter = np.sqrt(np.sum(np.clip(residual, -5, 5) ** 2, axis=1) / np.maximum(good.sum(1), 1))
    middle = np.sum(significance, axis=1) / np.maximum(good.sum(axis=1), 1)
    channels = np.stack([np.arcsinh(residual), np.arcsinh(significance), shape, good], axis=-1)
    summary = np.stack(
        [np.arcsinh(middle), np.log1p(line), share, np.log(np.maximum(scatter, 0.05))], axis=-1
    )
    return {"flux": channels.astype(np.float32), "summary": summary.astype(np.float32)}


def strongest_line(residual: Array) -> NDArray[np.float64]:
    """(n,) the largest sum over seven pixels of residuals in units of their errors, over root 7."""
    sums = _window_sums(np.asarray(residual, np.float64), _LINE_PIXELS)
    return np.asarray(sums.max(axis=1) / np.sqrt(_LINE_PIXELS))


def running_mean(values: Array, kept: Array, weights: Array | None = None) -> NDArray[np.float32]:
    """(n, PIXELS) running means by the weights kept, in steps of four pixels.

    Where next to nothing is kept, the mean of all that is kept.
    """
    total = _window_sums(_blocks(kept), _CONTINUUM_BLOCKS)
    product = _window_sums(_blocks(kept * values), _CONTINUUM_BLOCKS)
    whole = total if weights is None else _window_sums(_blocks(weights), _CONTINUUM_BLOCKS)
    all_kept = np.sum(kept, axis=1, keepdims=True)
    fallback = np.sum(kept * values, axis=1, keepdims=True) / np.maximum(all_kept, 1e-30)
    enough = total > 1e-3 * np.maximum(whole, 1e-30)
    mean = np.where(enough, product / np.where(enough, total, 1.0), fallback)
    return np.repeat(mean.astype(np.float32), _BLOCK, axis=1)


def _blocks(values: Array) -> Array:
    """Sums of four neighbours each; slices add faster than a reduction over so short an axis."""
    return values[:, ::4] + values[:, 1::4] + values[:, 2::4] + values[:, 3::4]


def _window_sums(values: Array, window: int) -> NDArray[np.float64]:
    """Sums over a centred window along axis 1, cut at the ends."""
    half, size = window // 2, values.shape[1]
    cumulative = np.zeros((values.shape[0], size + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=cumulative[:, 1:])
    places = np.arange(size)
    return np.asarray(
        cumulative[:, np.minimum(places + half + 1, size)]
        - cumulative[:, np.maximum(places - half, 0)]
    )
