"""Phase and distance of a source integrated out of its likelihood, and drawn back afterwards.

With a uniform phase the likelihood is I0(κ x) exp(-x² / 2), where κ is the matched-filter and x the
optimal signal-to-noise ratio of the network; x falls with distance. A prior uniform in volume is
x^-4 dx, cut below the loudness from which sources count, so one curve over κ holds the integral.
Sources: Veitch & Del Pozzo 2013, LIGO-T1300326 (phase); Singer & Price 2016, PRD 93, 024013.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

QUIETEST = 5.0  # optimal signal-to-noise ratio of the network, the least of the prior
VOLUME_MPC = 10_000.0  # the prior's density is that of a uniform ball of this radius
LOUDEST = 400.0
_STEP = 0.05

Floats = NDArray[np.float64]


class DistanceCurve:
    """ln ∫ x^-4 I0(κ x) exp(-x²/2) dx from ``quietest`` up, over κ."""

    def __init__(self, quietest: float = QUIETEST) -> None:
        self.quietest = quietest
        kappa = np.arange(0, LOUDEST + _STEP, _STEP)
        x, value = _integrand(kappa, quietest, 241)
        self._log = np.log(np.maximum(np.trapezoid(value, x, axis=1), 1e-300))

    def log_likelihood(self, kappa: Floats, norm: Floats) -> Floats:
        """ln L, any shape, of matched-filter ratios κ and squared optimal ratios at 1 Mpc.

        Relative to noise alone, with the prior's density 3 D² / ``VOLUME_MPC``³.
        """
        place = np.minimum(kappa, LOUDEST) / _STEP
        cell = np.minimum(place.astype(np.intp), self._log.size - 2)
        share = place - cell
        low = self._log[cell]
        value = low + share * (self._log[cell + 1] - low)
        constant = np.log(3.0) - 3 * np.log(VOLUME_MPC)
        return np.asarray(value + 0.5 * kappa**2 + 1.5 * np.log(norm) + constant)

    def draw(
        self, kappa: Floats, norm: Floats, angle: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Distances in Mpc and orbital phases (n,) of sources given κ, norm and arg of overlap."""
        x, density = _integrand(kappa, self.quietest, 481)
        steps = 0.5 * (density[:, 1:] + density[:, :-1]) * np.diff(x, axis=1)
        below = np.concatenate([np.zeros((len(x), 1)), np.cumsum(steps, axis=1)], axis=1)
        wanted = rng.uniform(size=len(x)) * below[:, -1]
        cell = np.clip((below < wanted[:, None]).sum(axis=1) - 1, 0, x.shape[1] - 2)
        rows = np.arange(len(x))
        rise = np.maximum(below[rows, cell + 1] - below[rows, cell], 1e-300)
        share = (wanted - below[rows, cell]) / rise
        loud = x[rows, cell] + share * (x[rows, cell + 1] - x[rows, cell])
        turn = angle + rng.vonmises(0.0, np.maximum(kappa * loud, 1e-6))
        half = rng.integers(0, 2, len(x))  # a phase and its opposite are the same wave
        return np.sqrt(norm) / loud, np.mod(0.5 * turn + np.pi * half, 2 * np.pi)


def _integrand(kappa: Floats, quietest: float, count: int) -> tuple[Floats, Floats]:
    """x and x^-4 I0(κ x) exp(-x²/2 - κ²/2), each (n, count), over all x that matter.

    What matters is within nine standard deviations of κ, or of the cut; there steps are finest.
    """
    from scipy.special import i0e

    low = np.maximum(kappa - 9, quietest)
    high = np.maximum(kappa, quietest) + 9
    x = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, count) ** 2
    value = x**-4.0 * i0e(kappa[:, None] * x) * np.exp(-0.5 * (x - kappa[:, None]) ** 2)
    return x, np.asarray(value)
