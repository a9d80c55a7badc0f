"""How the `bbh` network's draws are chosen anew, so that intervals hold what they promise.

The ratio of the true posterior's density to the network's is taken as the exponential of a sum:
of polynomials of each reported quantity's rank among the event's draws, and of that of the distance
from their middle in all directions at once, with coefficients that depend on how loud and how heavy
the merger seems. Where all are nought the draws stay as they are. Quantities that strain ties
together, such as masses and spins in the frequency of the ringing, have ranks of their own: a
network that ties them too loosely is mended as one that is too wide in a single mass.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_draws

LOW_SIGNAL = 8.0  # network signal-to-noise ratio
# Those not named follow: the redshift is the distance's, mass and ratio give both masses.
TILTED = (
    "chirp_mass_det",
    "mass_1_det",
    "mass_2_det",
    "total_mass_det",
    "mass_ratio",
    "chi_eff",
    "final_spin",
    "luminosity_distance",
    "mass_1_source",
    "mass_2_source",
    "f_220_det",
    "tau_220_det",
    *binary_draws.SPINS,
    "remoteness",
)
DERIVED = [binary_draws.NAMES.index(name) for name in TILTED if name in binary_draws.NAMES]
SPINS = slice(2, 4)  # of a binary
ORDERS = (1, 2, 3, 4)  # of the polynomials of a rank: its mean, its scatter, finer shapes
# Coefficients are linear in the logarithms between these observed signal-to-noise ratios, and
# these chirp masses of the rough fit (solar masses, detector frame).
LOUDNESSES = (6.0, 9.0, 16.0)
MASSES = (25.0, 70.0)
PLACES = len(LOUDNESSES) * len(MASSES)
RIDGE = 1e-9  # of the covariance, relative: draws may all lie in a plane
AT_ONCE = 128  # events whose derived quantities are in memory together

Floats = NDArray[np.float64]


def calibrated(
    raw: NDArray,
    snr: NDArray,
    scales: NDArray,
    calibration: Mapping[str, object],
    members: int = 1,
) -> Floats:
    """Raw draws (n, draws, 5), chosen anew with the probabilities of the card's "tilt".

    ``snr`` (n,) is the network signal-to-noise ratio, ``scales`` (n, 3) are those of
    ``binary_draws.physical``. The members' equal shares of the draws stay theirs, in their order;
    a draw may be taken twice and another not at all. Without a tilt the draws stay as they are.
    """
    raw = np.asarray(raw, np.float64)
    table = calibration.get("tilt")
    if table is None:
        return raw
    coefficients = coefficients_at(np.asarray(table, np.float64), snr, scales)
    result = np.empty(raw.shape)
    for first in range(0, len(raw), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        log_ratio = tilted(ranks(quantities(raw[rows], scales[rows])), coefficients[rows])
        parts = log_ratio.reshape(len(log_ratio), members, -1)
        chosen = evenly(np.exp(parts - parts.max(axis=-1, keepdims=True)))
        each = raw[rows].reshape(*parts.shape, raw.shape[-1])
        result[rows] = np.take_along_axis(each, chosen[..., None], axis=2).reshape(raw[rows].shape)
    return result


def quantities(raw: NDArray, scales: NDArray) -> Floats:
    """(n, draws, quantities) those named ``TILTED`` of raw draws (n, draws, 5)."""
    raw = np.asarray(raw, np.float64)
    binaries = binary_draws.physical(raw, *np.asarray(scales, np.float64).T)
    return of_binaries(binaries, remoteness(raw, raw))


def of_binaries(binaries: Floats, far: Floats) -> Floats:
    """(..., quantities) those named ``TILTED`` of binaries (..., 5) and their remoteness (...)."""
    derived = binary_draws.derived(binaries)[..., DERIVED]
    return np.concatenate([derived, binaries[..., SPINS], far[..., None]], axis=-1)


def remoteness(raw: Floats, at: Floats) -> Floats:
    """(n, k) squared distance of points (n, k, 5) from the mean of draws (n, draws, 5).

    In units of the draws' own covariance: the radius of a Gaussian's regions.
    """
    middle = raw.mean(axis=1, keepdims=True)
    apart = raw - middle
    covariance = apart.transpose(0, 2, 1) @ apart / raw.shape[1]
    size = np.trace(covariance, axis1=1, axis2=2)[:, None, None]
    inverse = np.linalg.inv(covariance + (RIDGE * size + 1e-12) * np.eye(raw.shape[-1]))
    away = at - middle
    return np.asarray(np.sum((away @ inverse) * away, axis=-1))


def ranks(values: Floats) -> Floats:
    """Shares between 0 and 1 of an event's draws, axis 1, that lie below each."""
    result = np.empty(values.shape)
    even = (np.arange(values.shape[1]) + 0.5) / values.shape[1]
    np.put_along_axis(result, np.argsort(values, axis=1), even[None, :, None], axis=1)
    return result


def polynomials(rank: Floats) -> Floats:
    """(..., quantities, orders) Legendre's of ranks (..., quantities), of variance one."""
    x = 2 * rank - 1
    square = x * x
    return np.stack(
        [
            np.sqrt(3) * x,
            np.sqrt(5) * (1.5 * square - 0.5),
            np.sqrt(7) * (2.5 * square - 1.5) * x,
            3 * ((35 * square - 30) * square + 3) / 8,
        ],
        axis=-1,
    )


def places(snr: NDArray, scales: NDArray) -> Floats:
    """(n, PLACES) shares, which sum to one, of the table's loudnesses and masses in each event."""
    loud = _between(np.log(np.asarray(snr, np.float64)), np.log(LOUDNESSES))
    heavy = _between(np.asarray(scales, np.float64)[:, 0], np.log(MASSES))
    return np.asarray((loud[:, :, None] * heavy[:, None, :]).reshape(len(loud), PLACES))


def _between(value: Floats, nodes: Floats) -> Floats:
    unit = np.eye(len(nodes))
    return np.stack([np.interp(value, nodes, row) for row in unit], axis=1)


def coefficients_at(table: Floats, snr: NDArray, scales: NDArray) -> Floats:
    """(n, quantities, orders) of events, from the table (quantities, orders, PLACES)."""
    return np.asarray(np.einsum("np,qop->nqo", places(snr, scales), table))


def tilted(rank: Floats, coefficients: Floats) -> Floats:
    """(n, draws) ln of the density ratio, but for a constant, from ranks (n, draws, quantities)."""
    # One product of matrices for an event: ``einsum`` takes its three axes one by one.
    terms = polynomials(rank).reshape(*rank.shape[:2], -1)
    return np.asarray((terms @ coefficients.reshape(len(rank), -1, 1))[..., 0])


def evenly(weight: Floats) -> NDArray[np.intp]:
    """(..., draws) indices, rising: each draw as often as its weight says, up to one."""
    count = weight.shape[-1]
    below = np.cumsum(weight, axis=-1).reshape(-1, count)
    even = (np.arange(count) + 0.5) / count
    chosen = np.stack([np.searchsorted(row, even * row[-1]) for row in below])
    return np.minimum(chosen, count - 1).reshape(weight.shape)
