"""A merger's draws under another prior of masses and distance than the one they were made with.

Draws are weighted with the ratio of the new prior's density to the old one's, in the coordinates
that the draws have (detector-frame masses and luminosity distance); what the data say stays.
Sources uniform in volume are those of the analysis: its cut at a least signal-to-noise ratio and
its bounds of mass stay as they were, a prior cannot bring back what was never drawn.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.science.cosmology import HUBBLE_KM_S_MPC, MATTER, SPEED_OF_LIGHT_KM_S, redshift_at

OWN, SOURCE, CHIRP = "own", "source", "chirp_mass"
# Under which the draws may be looked at; the first is the analysis' own.
PRIORS: Mapping[str, str] = {
    OWN: "uniform in detector-frame component masses and in Euclidean volume",
    SOURCE: "uniform in source-frame component masses and in comoving volume",
    CHIRP: "uniform in detector-frame chirp mass, and in Euclidean volume",
}

Floats = NDArray[np.float64]


def log_ratio(name: str, chirp_mass: Floats, distance_mpc: Floats) -> Floats:
    """(n,) ln of a prior's density over that of the analysis, up to a constant.

    Detector-frame chirp masses (n,) in solar masses, luminosity distances (n,) in Mpc. Raises
    ``KeyError`` for a prior that is not among ``PRIORS``.
    """
    if name == OWN:
        return np.zeros(np.shape(chirp_mass))
    if name == CHIRP:
        # Uniform component masses are p(M, q) ∝ M p(q).
        return np.asarray(-np.log(chirp_mass))
    if name == SOURCE:
        return _log_source_frame(np.asarray(distance_mpc, np.float64))
    raise KeyError(name)


def _log_source_frame(distance_mpc: Floats) -> Floats:
    """ln of dV/dz (1 + z)^-2 dz/dD over D².

    Source-frame masses are the detector's over 1 + z each; the comoving volume grows by
    dV/dz ∝ r² c/H with r = D / (1 + z), and dD/dz = r + (1 + z) c/H.
    Source: Hogg 1999, astro-ph/9905116, eqs. (21), (28).
    """
    redshift = redshift_at(distance_mpc)
    grown = 1 + redshift
    hubble = SPEED_OF_LIGHT_KM_S / (HUBBLE_KM_S_MPC * np.sqrt(MATTER * grown**3 + 1 - MATTER))
    comoving = distance_mpc / grown
    return np.asarray(np.log(hubble) - 4 * np.log(grown) - np.log(comoving + grown * hubble))


def shares(log_weight: Floats) -> Floats:
    """(n,) weights that sum to one."""
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def effective(share: Floats) -> float:
    """How many equally weighted draws the weighted ones are worth: 1 / Σ share²."""
    return float(1 / np.sum(np.square(share)))


def weighted_quantiles(values: Floats, share: Floats, levels: Floats) -> Floats:
    """(k, levels) quantiles of columns (n, k) with weights (n,) that sum to one."""
    result = np.empty((values.shape[1], len(levels)))
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column])
        below = np.cumsum(share[order]) - 0.5 * share[order]
        result[column] = np.interp(levels, below, values[order, column])
    return result
