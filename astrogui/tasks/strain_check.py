"""What strain must be before it is analysed: calibrated, neither constant nor saturated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Unsuitable
from astrogui.records.strain import Strain

LOUDEST_STRAIN = 1e-12  # raw strain stays far below; anything above is in another unit
REPEATED_LIMIT = 0.2  # share of samples equal to their neighbour beyond which it is no strain


def check_values(strain: Strain, samples: NDArray[np.float64]) -> None:
    """Raises ``Unsuitable`` for finite samples that are constant, saturated or scaled."""
    where = strain.provenance
    repeated = float(np.mean(np.diff(samples) == 0))
    if repeated > REPEATED_LIMIT:
        raise Unsuitable(
            where.path,
            where.part,
            f"{repeated:.0%} of the samples of {strain.detector} repeat the one before: the "
            "series is constant or saturated",
            "Use the calibrated strain of another release.",
        )
    largest = float(np.abs(samples).max())
    if largest > LOUDEST_STRAIN:
        raise Unsuitable(
            where.path,
            where.part,
            f"values of {strain.detector} reach {largest:.2g}; calibrated strain stays below "
            f"{LOUDEST_STRAIN:g}: the series is scaled, whitened or saturated",
            "Use raw calibrated strain, dimensionless and unfiltered.",
        )
