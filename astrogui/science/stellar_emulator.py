"""Normalised H-band spectra of main-sequence stars as polynomials of their labels.

Each pixel of a log-wavelength grid is a Chebyshev polynomial of five scaled labels; a radial
velocity moves the spectrum along the grid. The coefficients come with the model folder; how well
they reproduce what they were fitted to stands in the model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb, factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, LogGrid

Array = NDArray[np.float64]

LABELS = ("teff", "logg", "fe_h", "mg_fe", "v_broad")
LOW: Array = np.array([4200.0, 4.0, -0.78, -0.29, 0.0])  # K, dex, dex, dex, km/s
HIGH: Array = np.array([7000.0, 4.98, 0.37, 0.50, 45.0])

OBSERVED = LogGrid(first=4.179, step=6e-6, size=8575)
"""Pixels of 4.14 km/s from 15101 to 17000 Å, vacuum: the grid of combined APOGEE spectra."""

CHIPS = ((322, 3242), (3648, 6048), (6412, 8306))
"""First pixel and one past the last of each detector at rest; between them nothing is known."""

PIXELS = sum(last - first for first, last in CHIPS)
PIXEL_KM_S = SPEED_OF_LIGHT_KM_S * float(np.log(10)) * OBSERVED.step
TAPS = 6  # of the interpolation; half of them are lost at either end of a chip


def scaled(labels: Any) -> Any:
    """Labels (..., 5) to [-1, 1] between ``LOW`` and ``HIGH``."""
    return (labels - LOW) / (HIGH - LOW) * 2.0 - 1.0


def unscaled(places: Any) -> Any:
    """The inverse of ``scaled``."""
    return (places + 1.0) * 0.5 * (HIGH - LOW) + LOW


def pixel_shift(velocity_km_s: float) -> float:
    """By how many pixels of ``OBSERVED`` a receding source's spectrum is moved to the red."""
    return float(np.log10(1 + velocity_km_s / SPEED_OF_LIGHT_KM_S) / OBSERVED.step)


def shift_velocity(pixels: Any) -> Any:
    """The velocity in km/s of a shift by so many pixels; the inverse of ``pixel_shift``."""
    return SPEED_OF_LIGHT_KM_S * (10.0 ** (np.asarray(pixels) * OBSERVED.step) - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Emulator:
    """Chebyshev coefficients of every pixel, all chips after one another."""

    exponents: NDArray[np.int64]  # (terms, 5) degree of each label in each term
    coefficients: NDArray[np.float32]  # (terms, PIXELS)

    def flux(self, labels: Any, xp: Any = np) -> Any:
        """Normalised flux (n, PIXELS) of labels (n, 5), with ``xp`` numpy or a namesake of it."""
        tables = _chebyshev(scaled(labels), int(self.exponents.max()), xp)
        basis = 1.0
        for label in range(len(LABELS)):
            basis = basis * tables[..., self.exponents[:, label], label]
        return basis @ self.coefficients

    def flux_and_gradient(self, labels: Array) -> tuple[Array, Array]:
        """Flux (PIXELS,) of one star, and its derivatives (5, PIXELS) by the labels."""
        degree = int(self.exponents.max())
        tables = _chebyshev(scaled(labels), degree, np)  # (degree + 1, 5)
        slopes = _chebyshev_slopes(scaled(labels), degree) * 2.0 / (HIGH - LOW)
        chosen = np.stack([tables[self.exponents[:, k], k] for k in range(len(LABELS))])
        sloped = np.stack([slopes[self.exponents[:, k], k] for k in range(len(LABELS))])
        rows = [np.prod(chosen, axis=0)]
        for label in range(len(LABELS)):
            others = np.delete(chosen, label, axis=0)
            rows.append(sloped[label] * np.prod(others, axis=0))
        answer = np.asarray(np.stack(rows), np.float32) @ self.coefficients
        return answer[0].astype(np.float64), answer[1:].astype(np.float64)


def emulator_from_arrays(assets: Mapping[str, NDArray[Any]]) -> Emulator:
    """From the arrays of a model folder: whole numbers and the step of each term."""
    numbers = [
        np.asarray(assets[f"coefficients_{part}"], np.float32) for part in ("fine", "coarse")
    ]
    step = np.asarray(assets["coefficient_step"], np.float32)
    return Emulator(
        exponents=np.asarray(assets["exponents"], np.int64),
        coefficients=np.concatenate(numbers) * step[:, None],
    )


def moved(values: NDArray[Any], shift: float) -> tuple[list[slice], list[NDArray[Any]]]:
    """Rest-frame rows (..., PIXELS) moved by a shift in pixels, chip by chip.

    Returns where each chip now lies on ``OBSERVED`` and its values (..., n), by quintic splines.
    """
    whole = int(np.floor(shift))
    starts = [first + whole + TAPS // 2 for first, _ in CHIPS]
    pieces = _splined(values, _spline_weights(1.0 - (shift - whole)))
    places = [
        slice(start, start + piece.shape[-1]) for start, piece in zip(starts, pieces, strict=True)
    ]
    return places, pieces


def moved_slopes(values: NDArray[Any], shift: float) -> list[NDArray[Any]]:
    """The derivatives by the shift of what ``moved`` returns."""
    return _splined(values, -_spline_weights(1.0 - (shift - np.floor(shift)), slope=True))


def _splined(values: NDArray[Any], weights: Array) -> list[NDArray[Any]]:
    """Weighted sums of neighbouring spline coefficients in each chip, (..., n)."""
    from scipy.ndimage import spline_filter1d

    pieces, begin = [], 0
    for first, last in CHIPS:
        chip = spline_filter1d(values[..., begin : begin + last - first], order=5)
        begin += last - first
        size = last - first - TAPS + 1
        pieces.append(sum(weights[k] * chip[..., k : k + size] for k in range(TAPS)))
    return pieces


def brought_to_rest(values: NDArray[Any], shift: float) -> NDArray[np.float64]:
    """Observed values (OBSERVED.size,) at the chips' pixels at rest, (PIXELS,); linear."""
    pixels = np.arange(OBSERVED.size)
    wanted = np.concatenate([np.arange(*chip) for chip in CHIPS]) + shift
    return np.asarray(np.interp(wanted, pixels, values), np.float64)


def _spline_weights(fraction: float, slope: bool = False) -> Array:
    """Quintic B-spline or its derivative: (TAPS,) weights of coefficients at -2 ... 3.

    For a place between 0 and 1.

    As sums of truncated powers: Schoenberg 1946, Quart. Appl. Math. 4, 45.
    """
    degree = TAPS - 2 if slope else TAPS - 1
    apart = fraction - (np.arange(TAPS) - (TAPS // 2 - 1))
    knots = np.arange(TAPS + 1)
    powers = np.maximum(apart[:, None] + TAPS / 2 - knots, 0.0) ** degree
    signs = np.array([(-1) ** knot * comb(TAPS, knot) for knot in knots])
    return np.asarray(powers @ signs / factorial(degree), np.float64)


def _chebyshev(places: Any, degree: int, xp: Any) -> Any:
    """T_0 ... T_degree of places (..., 5), stacked as (..., degree + 1, 5)."""
    rows = [xp.ones_like(places), places]
    for _ in range(2, degree + 1):
        rows.append(2 * places * rows[-1] - rows[-2])
    return xp.stack(rows[: degree + 1], axis=-2)


def _chebyshev_slopes(places: Array, degree: int) -> Array:
    """T_0' ... T_degree' of places (5,), (degree + 1, 5): T_n' = n U_(n-1)."""
    second = [np.ones_like(places), 2 * places]
    for _ in range(2, degree):
        second.append(2 * places * second[-1] - second[-2])
    slopes = [np.zeros_like(places)]
    slopes += [number * second[number - 1] for number in range(1, degree + 1)]
    return np.stack(slopes)
