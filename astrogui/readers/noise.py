"""Errors for spectra that come without any: estimated from the flux, and said so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import estimate_ivar

NOTE = (
    "the file has no errors: noise estimated from differences of neighbouring samples "
    "(DER_SNR, Stoehr et al. 2008); too small where resampling has correlated them"
)


def estimated_ivar(flux: NDArray[np.floating[Any]], bad: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Inverse variance (n,) from the scatter of second neighbours; 0 where ``bad``.

    Robust against lines, blind to structure slower than four samples; where samples are correlated
    (resampled, smoothed), the true noise is larger.
    """
    flux = np.asarray(flux, np.float64)
    # Stretches of exact zeros are padding: they would make their surroundings look free of noise.
    zero = np.concatenate([[True], flux == 0, [True]])
    padding = zero[:-2] & zero[1:-1] & zero[2:]
    return estimate_ivar(flux, np.logical_or(bad, padding))
