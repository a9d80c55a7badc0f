"""The places on the sky that a posterior's draws carry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import Posterior

Floats = NDArray[np.float64]


def sky_draws(posterior: Posterior) -> tuple[Floats, Floats, Floats | None] | None:
    """(right ascension, declination, weights) in radians, each (n,); None without draws of both."""
    names = posterior.draw_names
    if posterior.draws is None or "ra" not in names or "dec" not in names:
        return None
    ra, dec = (posterior.draws[:, names.index(name)].astype(np.float64) for name in ("ra", "dec"))
    weights = None if posterior.weights is None else posterior.weights.astype(np.float64)
    return np.radians(ra), np.radians(dec), weights
