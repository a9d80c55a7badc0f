"""How far the `bbh` network's draws are spread, so that intervals hold what they promise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_draws

LOW_SIGNAL = 8.0  # network signal-to-noise ratio
HEAVY = 120.0  # solar masses, total, detector frame: such a merger rings where detectors hear best
SPREAD_LEVELS = (0.5, 0.68, 0.9, 0.95)
PAIRS = ((0, 1), (2, 3))  # chirp mass with mass ratio, spin with spin: each known as a sum
MASSES_AND_SPINS = slice(0, 4)  # of a draw: what the ringing depends on
TOTAL_MASS = binary_draws.NAMES.index("total_mass_det")
FREQUENCY = binary_draws.NAMES.index("f_220_det")
AT_ONCE = 256  # events whose derived quantities are in memory together

Floats = NDArray[np.float64]


def principal_axes(raw: NDArray, snr: NDArray) -> Floats:
    """(n, 5, 5) rotations of draws (n, draws, 5) to the principal axes of each pair.

    The wide axis comes first. What strain tells well is a combination of both masses, and one of
    both spins; along the other axis the posterior is wide and its width hardest to learn. Faint
    events, by the network's signal-to-noise ratio (n,), keep their axes: there the chirp mass
    may be that of a peak of noise, which says nothing about the mass ratio.
    """
    rotation = np.tile(np.eye(raw.shape[-1]), (len(raw), 1, 1))
    loud = np.flatnonzero(snr >= LOW_SIGNAL)
    for first, second in PAIRS:
        pair = np.asarray(raw[loud][..., [first, second]], np.float64)
        pair = pair - pair.mean(axis=1, keepdims=True)
        covariance = np.einsum("ndi,ndj->nij", pair, pair) / pair.shape[1]
        _, axes = np.linalg.eigh(covariance)  # columns, rising variance
        rotation[loud[:, None], [first, second], first] = axes[:, 0, ::-1]
        rotation[loud[:, None], [first, second], second] = axes[:, 1, ::-1]
    return rotation


def turned(rotation: Floats, values: NDArray) -> Floats:
    """Draws (n, draws, 5), or one of each (n, 5), along the axes of ``principal_axes``."""
    subscripts = "nij,ndj->ndi" if values.ndim == 3 else "nij,nj->ni"
    return np.asarray(np.einsum(subscripts, rotation, np.asarray(values, np.float64)))


def calibrated(
    raw: NDArray, snr: NDArray, scales: NDArray, calibration: Mapping[str, object]
) -> Floats:
    """Raw draws (n, draws, 5) spread by the card's factors, along their axes and in their ringing.

    snr (n,) is the network signal-to-noise ratio, scales (n, 3) are those of
    ``binary_draws.physical``.
    """
    return with_ringing(spread(raw, snr, calibration), snr, scales, calibration)


def with_ringing(
    raw: Floats, snr: NDArray, scales: NDArray, calibration: Mapping[str, object]
) -> Floats:
    """Draws (n, draws, 5) whose ringdown frequency is spread by the factors "spread_ringing".

    A loud, heavy merger's strain tells the frequency of its ringing better than masses and spins,
    which the network ties together too loosely. What moves is that part of masses and spins that
    goes with the logarithm of the frequency, by linear regression over the draws of the event;
    what does not depend on it stays as it is.
    """
    table = calibration.get("spread_ringing")
    if table is None:
        return raw
    factors = np.asarray(table, np.float64)
    result = raw.copy()
    for first in range(0, len(raw), AT_ONCE):
        rows = np.arange(first, min(first + AT_ONCE, len(raw)))
        binaries = binary_draws.physical(raw[rows], *np.asarray(scales[rows], np.float64).T)
        values = binary_draws.derived(binaries)
        loud = snr[rows] >= LOW_SIGNAL
        chosen = loud & (np.median(values[..., TOTAL_MASS], axis=1) >= HEAVY)
        rows, frequency = rows[chosen], np.log(values[chosen][..., FREQUENCY])
        result[rows, :, MASSES_AND_SPINS] -= _moved(
            raw[rows, :, MASSES_AND_SPINS], frequency, factors
        )
    return result


def _moved(draws: Floats, quantity: Floats, factors: Floats) -> Floats:
    """What to take off draws (n, draws, k), so that a quantity (n, draws) of theirs is spread."""
    apart = quantity - quantity.mean(axis=1, keepdims=True)
    variance = np.maximum(np.sum(apart**2, axis=1), 1e-12)
    centred = draws - draws.mean(axis=1, keepdims=True)
    slope = np.einsum("ndi,nd->ni", centred, apart) / variance[:, None]
    factor = np.empty(quantity.shape)
    ranked = np.broadcast_to(np.interp(_share(quantity.shape[1]), SPREAD_LEVELS, factors),
                             quantity.shape)  # fmt: skip
    np.put_along_axis(factor, np.argsort(quantity, axis=1), ranked, axis=1)
    offset = quantity - np.median(quantity, axis=1, keepdims=True)
    return np.asarray(((1 - factor) * offset)[..., None] * slope[:, None, :])


def _share(draws: int) -> Floats:
    """The share of draws that lie nearer to the median than each, in the order of their values."""
    return np.abs(2 * (np.arange(draws) + 0.5) / draws - 1)


def spread(raw: NDArray, snr: NDArray, calibration: Mapping[str, object]) -> Floats:
    """Raw draws (n, draws, 5) spread about their median by the card's factors.

    A factor belongs to each principal axis and to the share of draws nearer to the median: tails
    are spread more than the core, for the search may take a peak of noise for the signal's. Faint
    events, by the network's signal-to-noise ratio (n,), have factors of their own.
    """
    unity = np.ones((raw.shape[-1], len(SPREAD_LEVELS)))
    loud = np.asarray(calibration.get("spread", unity), np.float64)
    faint = np.asarray(calibration.get("spread_faint", loud), np.float64)
    share = _share(raw.shape[1])
    result = np.empty(raw.shape, np.float64)
    for rows, table in ((snr >= LOW_SIGNAL, loud), (snr < LOW_SIGNAL, faint)):
        rotation = principal_axes(raw[rows], snr[rows])
        part = turned(rotation, raw[rows])
        order = np.argsort(part, axis=1)
        ranked = np.take_along_axis(part, order, axis=1)
        centre = np.median(ranked, axis=1, keepdims=True)
        factor = np.stack([np.interp(share, SPREAD_LEVELS, row) for row in table], axis=-1)
        np.put_along_axis(part, order, centre + (ranked - centre) * factor, axis=1)
        result[rows] = turned(rotation.transpose(0, 2, 1), part)
    return result
