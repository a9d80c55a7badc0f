"""The prior of the binary black-hole analysis, and coordinates in which it is simple.

Detector-frame component masses uniform (so p(ln M_c) ∝ M_c² and p(q) ∝ q^(-6/5) (1 + q)^(2/5)),
aligned spins distributed as one component of an isotropic spin of uniform magnitude, sources
uniform in Euclidean volume. Sources: Veitch et al. 2015, PRD 91, 042003 (masses); Lange et al.
2018, arXiv 1805.10457, eq. (A7) (spins).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHIRP_MASS = (6.0, 180.0)  # solar masses, detector frame
MASS_RATIO = (0.125, 1.0)
LARGEST_SPIN = 0.95

Floats = NDArray[np.float64]


def _ratio_table() -> tuple[Floats, Floats]:
    ratio = np.linspace(*MASS_RATIO, 4001)
    density = ratio**-1.2 * (1 + ratio) ** 0.4
    below = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    return ratio, below / below[-1]


def _spin_table() -> tuple[Floats, Floats]:
    magnitude = np.concatenate([[0.0], np.geomspace(1e-7, 1, 4000)])
    inner = np.where(magnitude > 0, magnitude * (1 - np.log(np.maximum(magnitude, 1e-300))), 0)
    spin = np.concatenate([-magnitude[:0:-1], magnitude])
    below = 0.5 * np.concatenate([1 - inner[:0:-1], 1 + inner])
    return LARGEST_SPIN * spin, below


def ratio_from_normal(deviate: Floats) -> Floats:
    """Mass ratio whose share of the prior below it equals that of a standard normal deviate."""
    from scipy.special import ndtr

    ratio, below = _ratio_table()
    return np.asarray(np.interp(ndtr(deviate), below, ratio))


def normal_from_ratio(ratio: Floats) -> Floats:
    from scipy.special import ndtri

    table, below = _ratio_table()
    return np.asarray(ndtri(np.clip(np.interp(ratio, table, below), 1e-6, 1 - 1e-6)))


def spin_from_normal(deviate: Floats) -> Floats:
    """Aligned spin whose share of the prior below it equals that of a standard normal deviate."""
    from scipy.special import ndtr

    spin, below = _spin_table()
    return np.asarray(np.interp(ndtr(deviate), below, spin))


def normal_from_spin(spin: Floats) -> Floats:
    from scipy.special import ndtri

    table, below = _spin_table()
    return np.asarray(ndtri(np.clip(np.interp(spin, table, below), 1e-6, 1 - 1e-6)))


def ratio_density(ratio: Floats) -> Floats:
    """Prior density of the mass ratio, not normalised."""
    return np.asarray(ratio**-1.2 * (1 + ratio) ** 0.4)
