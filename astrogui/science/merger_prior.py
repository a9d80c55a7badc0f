"""What the prior of the binary analysis says of each quantity of an answer, over a range.

Shapes only: the density within the range, scaled to hold one there. Quantities whose prior depends
on how far away sources may be (redshift, masses in the source's frame) have none here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_prior as prior
from astrogui.science import remnant
from astrogui.science.ringdown import kerr
from astrogui.science.waveforms import component_masses, effective_spin

Floats = NDArray[np.float64]

DRAWS = 300_000
BINS = 60
FEWEST = 300  # draws within the range, to tell a shape
POINTS = 121
SMOOTH = 4.0  # bins
# Densities that are known: of distance in Euclidean volume, of angles of places and axes spread
# evenly over the sphere, of angles that nothing prefers.
KNOWN: Mapping[str, Callable[[Floats], Floats]] = {
    "luminosity_distance": np.square,
    "dec": lambda degrees: np.cos(np.radians(degrees)),
    "inclination": lambda degrees: np.sin(np.radians(degrees)),
    **dict.fromkeys(("ra", "psi", "phase"), np.ones_like),
}


def prior_draws(count: int = DRAWS, seed: int = 1) -> dict[str, Floats]:
    """(count,) of each quantity of masses and spins, drawn from the prior."""
    random = np.random.default_rng(seed)
    low, high = prior.CHIRP_MASS
    # p(ln M) ∝ M², so that M² is even between its ends.
    mass = np.sqrt(random.uniform(low**2, high**2, count))
    ratio = prior.ratio_from_normal(random.normal(size=count))
    spin_1, spin_2 = (prior.spin_from_normal(random.normal(size=count)) for _ in range(2))
    mass_1, mass_2 = component_masses(mass, ratio)
    final_mass = remnant.final_mass(mass_1 + mass_2, ratio, spin_1, spin_2)
    final_spin = remnant.final_spin(ratio, spin_1, spin_2)
    frequency, damping = kerr(final_mass, final_spin)
    return {
        "chirp_mass_det": mass,
        "mass_1_det": mass_1,
        "mass_2_det": mass_2,
        "total_mass_det": mass_1 + mass_2,
        "mass_ratio": ratio,
        "chi_eff": effective_spin(ratio, spin_1, spin_2),
        "chi_1": spin_1,
        "chi_2": spin_2,
        "final_mass_det": final_mass,
        "final_spin": final_spin,
        "f_220_det": frequency,
        "tau_220_det": 1e3 * damping,
    }


def prior_curves(
    ranges: Mapping[str, tuple[float, float]], count: int = DRAWS
) -> dict[str, tuple[Floats, Floats]]:
    """(x, density) within each range, by name; only of quantities whose prior is known."""
    curves = {}
    drawn = prior_draws(count)
    for name, (low, high) in ranges.items():
        x = np.linspace(low, high, POINTS)
        if name in KNOWN:
            y = np.asarray(KNOWN[name](x), np.float64)
        elif name in drawn:
            y = _shape(drawn[name], x)
        else:
            continue
        area = float(np.trapezoid(y, x))
        if area > 0:
            curves[name] = x, y / area
    return curves


def _shape(values: Floats, x: Floats) -> Floats:
    """A smoothed histogram of the values within the range; zeros where they are too few."""
    counts, edges = np.histogram(values, BINS, (float(x[0]), float(x[-1])))
    if counts.sum() < FEWEST:
        return np.zeros(x.size)
    reach = int(4 * SMOOTH)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTH) ** 2)
    padded = np.pad(counts.astype(float), reach, mode="symmetric")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return np.interp(x, 0.5 * (edges[1:] + edges[:-1]), smooth)
