"""Distances in a flat universe of matter and a cosmological constant.

Planck 2015 values as in the published catalogues of mergers: H0 = 67.9 km/s/Mpc, Ω_m = 0.3065.
Source: Planck Collaboration 2016, A&A 594, A13, table 4, last column but one (TT+lowP+lensing+ext).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HUBBLE_KM_S_MPC = 67.90
MATTER = 0.3065
SPEED_OF_LIGHT_KM_S = 299792.458
HIGHEST_REDSHIFT = 20.0


def luminosity_distance_mpc(redshift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Luminosity distance in Mpc, any shape, to 1e-5 for redshifts from 0 to 20.

    Integral of 1/E(z) by Simpson's rule in ln(1 + z), interpolated in ln(1 + z).
    Source: Hogg 1999, astro-ph/9905116, eqs. (15), (16), (21).
    """
    log_grid, distance = _table()
    redshift = np.asarray(redshift, np.float64)
    return np.asarray((1 + redshift) * np.interp(np.log1p(redshift), log_grid, distance))


def redshift_at(luminosity_distance_mpc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Redshift of a luminosity distance in Mpc, any shape; the inverse of the above."""
    log_grid, distance = _table()
    return np.asarray(
        np.expm1(np.interp(luminosity_distance_mpc, distance * np.exp(log_grid), log_grid))
    )


def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(ln(1 + z), comoving distance in Mpc) on 4,001 points."""
    log_grid = np.linspace(0, np.log1p(HIGHEST_REDSHIFT), 4001)

    def integrand(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(x) / np.sqrt(MATTER * np.exp(3 * x) + 1 - MATTER)

    middle = 0.5 * (log_grid[1:] + log_grid[:-1])
    ends = integrand(log_grid)
    pieces = np.diff(log_grid) * (ends[1:] + ends[:-1] + 4 * integrand(middle)) / 6
    comoving = np.concatenate([[0], np.cumsum(pieces)])
    return log_grid, comoving * SPEED_OF_LIGHT_KM_S / HUBBLE_KM_S_MPC
