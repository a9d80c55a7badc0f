"""From the places of a few features to a redshift: which lines they may be, and what fits best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.line_lists import strength
from astrogui.science.lines import Line
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A proposal: which line each feature is, the redshift that follows, and how badly it fits."""

    lines: tuple[Line, ...]
    redshift: float
    error: float
    misfit_km_s: float  # velocity between the redshifts of the lines
    strength: int


def joint_redshift(
    observed_angstrom: Sequence[float], error_angstrom: Sequence[float], rest: Sequence[float]
) -> tuple[float, float, float]:
    """Redshift, its error and the misfit in km/s that make features and lines agree.

    The mean of ln(observed / rest) weighted by the relative errors; the misfit is the velocity
    between the highest and the lowest redshift of the lines. The error grows by the root of the
    reduced chi-square where the lines disagree by more than their errors.
    """
    logarithm = np.log(np.asarray(observed_angstrom) / np.asarray(rest))
    relative = np.asarray(error_angstrom) / np.asarray(observed_angstrom)
    weight = 1.0 / np.maximum(relative, 1e-9) ** 2
    mean = float(np.sum(weight * logarithm) / np.sum(weight))
    chi_square = float(np.sum(weight * (logarithm - mean) ** 2)) / max(logarithm.size - 1, 1)
    error = float(np.sqrt(max(chi_square, 1.0) / np.sum(weight)))
    redshift = float(np.expm1(mean))
    misfit = float(np.ptp(logarithm)) * SPEED_OF_LIGHT_KM_S
    return redshift, error * (1 + redshift), misfit


def proposals(
    observed_angstrom: tuple[float, float],
    error_angstrom: tuple[float, float],
    lines: Sequence[Line],
    tolerance_km_s: float = 300.0,
    highest: float = 7.5,
) -> list[Identity]:
    """Pairs of lines whose ratio is that of two features, the likeliest first.

    A pair fits when its lines differ by at most ``tolerance_km_s`` plus three errors of the
    features. The order is by prominence of both lines less a point for each ``tolerance / 6`` of
    misfit, so that Hβ with [O III] stands before an accident of two faint lines.
    """
    order = np.argsort(observed_angstrom)
    blue, red = (float(observed_angstrom[i]) for i in order)
    errors = [float(error_angstrom[i]) for i in order]
    if SPEED_OF_LIGHT_KM_S * float(np.log(red / blue)) < tolerance_km_s / 2:
        return []  # one feature clicked twice
    own = 3 * SPEED_OF_LIGHT_KM_S * float(np.hypot(errors[0] / blue, errors[1] / red))
    rest = np.log([line.wavelength_angstrom for line in lines])
    apart = (rest[None, :] - rest[:, None] - np.log(red / blue)) * SPEED_OF_LIGHT_KM_S
    first, second = np.nonzero(np.abs(apart) <= tolerance_km_s + own)
    found = []
    for i, k in zip(first.tolist(), second.tolist(), strict=True):
        pair = (lines[i], lines[k])
        places = [line.wavelength_angstrom for line in pair]
        if places[0] >= places[1]:
            continue
        z, error, misfit = joint_redshift((blue, red), errors, places)
        if -0.01 <= z <= highest:
            worth = sum(strength(line.name) for line in pair)
            found.append(
                Identity(
                    lines=pair if order[0] == 0 else pair[::-1],
                    redshift=z,
                    error=error,
                    misfit_km_s=misfit,
                    strength=worth,
                )
            )
    return sorted(found, key=lambda p: -(p.strength - 6 * p.misfit_km_s / tolerance_km_s))


def feature_near(
    wavelength_angstrom: Array,
    flux: Array,
    ivar: Array,
    good: NDArray[np.bool_],
    at: float,
    reach: float,
) -> tuple[float, float]:
    """Place and error, in ångström, of the strongest peak or dip within ``reach`` of ``at``.

    The centroid of the flux beyond the median of its surroundings (three reaches), over the
    samples next to the extreme that stand out on its side; the error is propagated from the
    samples' errors. Where nothing stands out at two sigma, ``at`` itself with a third of ``reach``.
    """  # fmt: skip
    around = good & (np.abs(wavelength_angstrom - at) <= 3 * reach)
    near = np.flatnonzero(good & (np.abs(wavelength_angstrom - at) <= reach))
    if near.size < 3 or np.count_nonzero(around) < 7:
        return at, reach / 3
    beyond = np.asarray(flux, np.float64) - float(np.median(flux[around]))
    sigma = 1.0 / np.sqrt(np.where(good & (ivar > 0), ivar, np.inf)).astype(np.float64)
    deviation = np.abs(beyond[near]) * np.sqrt(ivar[near])
    peak = int(near[np.argmax(np.abs(beyond[near]))])
    if not deviation.max() >= 2:
        return at, reach / 3
    side = np.sign(beyond[peak])
    inside = (side * beyond > 0.25 * abs(beyond[peak])) & around
    first = last = peak
    while first > 0 and inside[first - 1]:
        first -= 1
    while last + 1 < inside.size and inside[last + 1]:
        last += 1
    part = slice(max(first - 1, 0), last + 2)
    step = np.gradient(wavelength_angstrom[part]) if last + 1 > first else np.ones(1)
    weight = np.where(good[part], side * beyond[part] * step, 0.0)
    total = float(np.sum(weight))
    if total <= 0:
        return float(wavelength_angstrom[peak]), reach / 3
    place = float(np.sum(weight * wavelength_angstrom[part]) / total)
    spread = (wavelength_angstrom[part] - place) * step * np.where(good[part], sigma[part], 0.0)
    error = float(np.sqrt(np.sum(np.where(np.isfinite(spread), spread, 0.0) ** 2))) / total
    return place, max(error, 0.02 * float(np.median(step)))
