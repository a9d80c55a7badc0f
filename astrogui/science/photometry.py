"""Measures of sources on aligned cut-outs: how much light, and how unlike a point source.

All arrays have the sources first, then the bands: cut-outs and stamps are (n, bands, size, size)
on the grid of `cutouts`. Every measure is taken with the point-spread function of the same band
and place beside it, so that a point source gives the same value in any seeing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.cutouts import STEPS_PER_FWHM, offsets

BANDS = ("u", "g", "r", "i", "z")
REFERENCE = 2  # position of the band that sizes and magnitudes refer to
GRIDS_OF_BANDS = {
    "u": "u", "g": "g", "r": "r", "i": "i", "z": "z", "y": "z", "Y": "z",
    "U": "u", "B": "g", "V": "g", "R": "r", "I": "i", "Z": "z",
    "F435W": "g", "F475W": "g", "F606W": "r", "F625W": "r", "F775W": "i", "F814W": "i",
    "F850LP": "z",
}  # fmt: skip

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What a cut-out says in each band, (n, bands) or (n, bands, k); 0 where a band is absent."""

    present: NDArray[np.bool_]  # (n, bands)
    flux: Floats  # of the best-fitting point source, image unit
    flux_err: Floats
    gain: Floats  # (n, bands, extents) how much better an extended source fits, in chi-square
    excess: Floats  # relative excess of an extended fit over the point-source fit
    concentration: Floats  # flux within 1.5 FWHM over the point-source flux, point source = 1
    misfit: Floats  # reduced chi-square of the point source within 1 FWHM
    moments: Floats  # (n, bands, 3) excess second moments (round, +, x) over their noise

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """The measures by name, from which `Measures(**arrays)` makes them again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def measure(
    cuts: Floats,
    stamps: Floats,
    extended: Floats,
    used: NDArray[np.bool_],
    noise: Floats,
    present: NDArray[np.bool_],
) -> tuple[Measures, NDArray[np.float32]]:
    """The measures, and the residuals (n, bands, size, size) of the point-source fit over noise.

    `extended` (n, bands, extents, size, size) holds stamps of extended sources in the same
    seeing, `noise` (n, bands) that of a grid pixel, `used` is False where a pixel is bad or
    another's, `present` (n, bands) where the source lies off a band. Each model is fitted with
    free flux at a fixed centre by least squares; the gain of an extended one is the fall of
    chi-square.
    """
    weight = used & present[:, :, None, None]
    data = np.where(weight, cuts, 0.0)
    sigma = np.where(present, noise, 1.0)
    point_sum, point_norm = _projected(data, stamps, weight)
    flux = point_sum / point_norm
    improvement = _signed_square(point_sum) / point_norm
    gains, extended_flux = [], []
    for number in range(extended.shape[2]):
        total, norm = _projected(data, extended[:, :, number], weight)
        gains.append((_signed_square(total) / norm - improvement) / sigma**2)
        extended_flux.append(total / norm)
    residual = np.where(weight, (data - flux[..., None, None] * stamps), 0) / sigma[..., None, None]
    flux_err = sigma / np.sqrt(point_norm)
    circle, core = _circle(cuts.shape[-1], 1.5), _circle(cuts.shape[-1], 1.0)
    floor = np.maximum(np.abs(flux), flux_err)
    light = _sum(data * circle) / np.maximum(_sum(stamps * circle * weight), 0.05)
    misfit = _sum(residual**2 * core) / np.maximum(_sum(weight * core), 1)
    measures = Measures(
        present=present,
        flux=np.where(present, flux, 0),
        flux_err=np.where(present, flux_err, 0),
        gain=np.where(present[..., None], np.stack(gains, axis=-1), 0),
        excess=np.where(present, np.clip((extended_flux[1] - flux) / floor, -3, 6), 0),
        concentration=np.where(present, np.clip(light / floor, -3, 6), 0),
        misfit=np.where(present, misfit, 0),
        moments=np.where(present[..., None], _moments(residual, weight), 0),
    )
    return measures, residual.astype(np.float32)


def vector(
    measures: Measures,
    zero_point: Floats,
    shape: Floats,
) -> NDArray[np.float32]:
    """What the network is told beside the pixels: (n, `VECTOR_LENGTH`) float32, near unity.

    `zero_point` (bands,) or (n, bands) is the AB magnitude of unit flux, NaN where unknown: then
    colours and magnitude are left out and marked so. `shape` (n, `SHAPES`) holds what does not
    depend on the bands (`shape_measures`).
    """
    present = measures.present
    signal = np.where(present, measures.flux / np.where(present, measures.flux_err, 1), 0)
    weight = np.where(present, np.maximum(signal, 0.3), 0)
    weight = weight / np.maximum(np.sqrt((weight**2).sum(axis=1, keepdims=True)), 1e-9)
    joint_gain = measures.gain.sum(axis=1)
    moments = (weight[..., None] * measures.moments).sum(axis=1)
    total = np.sqrt((np.maximum(signal, 0) ** 2).sum(axis=1))
    magnitude, magnitude_known = _magnitudes(measures, zero_point)
    colour, colour_known = _colours(magnitude, magnitude_known)
    per_band = [
        np.arcsinh(signal / 5),
        _root(measures.gain[..., 0]),
        _root(measures.gain[..., 1]),
        _root(measures.gain[..., 2]),
        measures.excess,
        measures.concentration - present,
        np.log(np.maximum(measures.misfit, 0.1)) * present,
        np.arcsinh(measures.moments[..., 0]),
    ]
    joint = [
        _root(joint_gain),
        _root(joint_gain.max(axis=1))[:, None],
        np.arcsinh(moments[:, :1]),
        np.arcsinh(np.hypot(moments[:, 1], moments[:, 2]))[:, None],
        np.arcsinh(total / 5)[:, None],
        (weight * measures.excess).sum(axis=1, keepdims=True),
        present.astype(float),
        colour,
        colour_known.astype(float),
        np.where(magnitude_known, (magnitude - 21) / 2, 0)[:, REFERENCE : REFERENCE + 1],
        magnitude_known[:, REFERENCE : REFERENCE + 1].astype(float),
        shape,
    ]
    stacked = np.concatenate([*per_band, *joint], axis=1)
    return np.clip(stacked, -12, 12).astype(np.float32)


SHAPES = 5
SIGNAL_COLUMN = 46  # of the vector: asinh(S/N of all bands / 5)
VECTOR_LENGTH = 8 * 5 + 3 + 5 + 5 + 4 + 4 + 2 + SHAPES


def shape_measures(
    radius: Floats, kron_size: Floats, axis_ratio: Floats, star_radius: float, stars: int
) -> NDArray[np.float32]:
    """(n, `SHAPES`): sizes relative to the seeing's half-light radius, the seeing in pixels.

    The last is 1 where no star gave the seeing. How many did is not told: a network would take
    it for the density of stars, which depends on the size of the image.
    """
    count = len(radius)
    columns = [
        np.log(np.maximum(radius, 0.1) / star_radius),
        np.log(np.maximum(kron_size, 0.1) / star_radius) - 1.5,
        axis_ratio - 0.8,
        np.full(count, np.log(star_radius / 2.0)),
        np.full(count, float(stars == 0)),
    ]
    return np.clip(np.stack(columns, axis=1), -4, 4).astype(np.float32)


def pixels_for_network(
    cuts: Floats, residual: Floats, used: NDArray[np.bool_], noise: Floats
) -> NDArray[np.float32]:
    """(n, size, size, 2 x bands): asinh of the light over the noise, then of the residual."""
    signal = np.where(used, cuts, 0) / noise[..., None, None]
    stacked = np.concatenate([np.arcsinh(signal), np.arcsinh(residual)], axis=1)
    return np.ascontiguousarray(np.moveaxis(stacked, 1, -1), dtype=np.float32)


def ab_magnitude(flux: Floats, zero_point: Floats) -> Floats:
    """AB magnitude of a flux; NaN for a flux that is not positive or an unknown zero point."""
    with np.errstate(invalid="ignore", divide="ignore"):
        magnitude = zero_point - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
    return np.asarray(magnitude)


def _magnitudes(measures: Measures, zero_point: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """asinh magnitudes, softened at twice the noise (Lupton et al. 1999, AJ 118, 1406)."""
    zero_point = np.broadcast_to(zero_point, measures.flux.shape)
    known = measures.present & np.isfinite(zero_point)
    softening = np.where(known, measures.flux_err, 1.0)
    asinh = np.arcsinh(measures.flux / (2 * softening)) + np.log(softening)
    return np.where(known, zero_point - 2.5 / np.log(10) * asinh, 0.0), known


def _colours(magnitude: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    both = known[:, 1:] & known[:, :-1]
    return np.where(both, np.clip(magnitude[:, :-1] - magnitude[:, 1:], -2, 4), 0), both


def _moments(residual: Floats, weight: NDArray[np.bool_]) -> Floats:
    """Second moments of the residuals under a Gaussian of the seeing's width, over their noise."""
    reach = offsets(1.0, residual.shape[-1]) / STEPS_PER_FWHM
    squared = reach[:, None] ** 2 + reach**2
    window = np.exp(-squared / 2 / 0.6**2)
    patterns = (squared, reach**2 - reach[:, None] ** 2, 2 * reach * reach[:, None])
    results = []
    for pattern in patterns:
        kernel = window * pattern
        spread = np.sqrt(np.maximum(_sum(kernel**2 * weight), 1e-9))
        results.append(_sum(residual * kernel) / spread)
    return np.stack(results, axis=-1)


def _projected(data: Floats, model: Floats, weight: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    return _sum(data * model), np.maximum(_sum(model**2 * weight), 1e-12)


def _circle(size: int, radius_fwhm: float) -> NDArray[np.bool_]:
    reach = offsets(1.0, size) / STEPS_PER_FWHM
    return np.hypot(reach[:, None], reach) < radius_fwhm


def _sum(values: NDArray[Any]) -> Floats:
    return np.asarray(values.sum(axis=(-2, -1)))


def _signed_square(values: Floats) -> Floats:
    return values * np.abs(values)


def _root(values: Floats) -> Floats:
    """Signed square root, then asinh: chi-square differences of any size near unity."""
    return np.asarray(np.arcsinh(np.sign(values) * np.sqrt(np.abs(values))))
