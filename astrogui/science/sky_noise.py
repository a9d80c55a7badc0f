"""Whether the noise of a spectrum is rough where the night sky is: its lines lie at known places.

A spectrum of the optical window that was read backwards, or with wavelengths that are not its
own, keeps its noise: the forest of airglow lines, which makes the red rough and leaves the blue
smooth, and the line of atomic oxygen at 5577 Å then lie elsewhere. Source of the places:
Osterbrock et al. 1996, PASP 108, 277.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import quantile, running_median

Array = NDArray[np.floating[Any]]

QUIET = (3400.0, 5500.0)  # few and faint lines
FOREST = (7200.0, 10400.0)  # airglow of OH
OXYGEN = 5578.9  # [O I], vacuum
NEAR, AROUND = 4.0, 9.0  # ångström: of its centre, and that must be good to judge it
WINDOW = 81  # pixels over which noise is called smooth
ROUGH = 0.85  # quantile of the departures that is compared
FEWEST = 60  # pixels of a range


def misplaced(wavelength_angstrom: Array, ivar: Array) -> float:
    """How much rougher the noise is where the sky is quiet than where it has lines.

    ``ivar`` (n,) on logarithmic pixels (n,), 0 where bad; in natural logarithms of the standard
    deviation, -inf where nothing can be told. Positive where the blue is rougher than the red,
    or where the red is rough but the line at 5577 Å, the strongest of all, is missing.
    """
    good = ivar > 0
    if not good.any():
        return -np.inf
    noise = np.where(good, -0.5 * np.log(np.where(good, ivar, 1.0)), 0.0)
    departure = np.where(good, noise - running_median(noise, good, WINDOW), 0.0)
    quiet, forest = (
        _roughness(departure, good & (wavelength_angstrom > low) & (wavelength_angstrom < high))
        for low, high in (QUIET, FOREST)
    )
    offset = np.abs(wavelength_angstrom - OXYGEN)
    judged = bool((offset < NEAR).any()) and bool(good[offset < AROUND].all())
    line = max(float(departure[offset < NEAR].max()), 0.0) if judged else 0.0
    backwards = quiet - forest - 0.25 * line
    lacking = forest - line if judged else -np.inf
    told = [found for found in (backwards, lacking) if not math.isnan(found)]
    return max(told, default=-np.inf)


def _roughness(departure: Array, chosen: NDArray[np.bool_]) -> float:
    """NaN where too few are chosen."""
    if np.count_nonzero(chosen) < FEWEST:
        return float("nan")
    return quantile(np.abs(departure[chosen]), ROUGH)
