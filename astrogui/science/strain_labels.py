"""What the networks of strain samples are asked for, as the numbers they give: about -1 to 1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

MASS_1, MASS_2 = (9.0, 65.0), (5.2, 42.0)  # solar masses, detector frame; arXiv 1903.01998
# Quantity: low, high and whether its logarithm is learned; -0.9 and 0.9 stand for the ends.
SCALES = {
    "mass_1_det": (*MASS_1, False),
    "mass_2_det": (*MASS_2, False),
    "final_spin": (-0.25, 0.95, False),
    "f_220_det": (125.0, 1400.0, True),
    "tau_220_det": (0.8, 8.0, True),
}
REACH = 0.9  # of the tanh
MASSES = ("mass_1_det", "mass_2_det")
REMNANT = ("final_spin", "f_220_det", "tau_220_det")

Floats = NDArray[np.float64]


def scaled(values: Mapping[str, Floats], labels: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, labels) quantities between -0.9 and 0.9."""
    columns = []
    for name in labels:
        low, high, is_log = SCALES[name]
        span, value = np.array([low, high]), np.asarray(values[name])
        if is_log:
            span, value = np.log(span), np.log(value)
        columns.append(REACH * (2 * (value - span[0]) / (span[1] - span[0]) - 1))
    return np.stack(columns, axis=-1).astype(np.float32)


def scaled_rows(values: Floats, labels: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, labels) values in physical units between -0.9 and 0.9, as ``scaled``."""
    return scaled({name: values[:, number] for number, name in enumerate(labels)}, labels)


def physical(values: Floats, labels: tuple[str, ...]) -> Floats:
    """(..., labels) what scaled numbers stand for: solar masses, Hz, ms."""
    columns = []
    for number, name in enumerate(labels):
        low, high, is_log = SCALES[name]
        span = np.log([low, high]) if is_log else np.array([low, high])
        value = span[0] + 0.5 * (values[..., number] / REACH + 1) * (span[1] - span[0])
        columns.append(np.exp(value) if is_log else value)
    return np.stack(columns, axis=-1)


def draws_of(
    densities: Floats, labels: tuple[str, ...], rng: np.random.Generator, each: int = 8
) -> Floats:
    """(n, draws x each, labels) of densities (n, draws, labels, 2), in physical units.

    The likelihood's own scatter is drawn ``each`` times for every draw of the weights, and ends
    where the tanh does: no mass is negative.
    """
    mean, width = (np.repeat(densities[..., k], each, axis=1) for k in (0, 1))
    drawn = mean + width * rng.standard_normal(mean.shape)
    return physical(np.clip(drawn, -1.0, 1.0), labels)
