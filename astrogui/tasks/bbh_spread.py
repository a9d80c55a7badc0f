"""How far the `bbh` network's draws are spread, so that intervals hold what they promise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

LOW_SIGNAL = 8.0  # network signal-to-noise ratio
SPREAD_LEVELS = (0.5, 0.68, 0.9, 0.95)
PAIRS = ((0, 1), (2, 3))  # chirp mass with mass ratio, spin with spin: each known as a sum

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


def calibrated(raw: NDArray, snr: NDArray, calibration: Mapping[str, object]) -> Floats:
    """Raw draws (n, draws, 5) spread about their median by the card's factors.

    A factor belongs to each principal axis and to the share of draws nearer to the median: tails
    are spread more than the core, for the search may take a peak of noise for the signal's. Faint
    events, by the network's signal-to-noise ratio (n,), have factors of their own.
    """
    unity = np.ones((raw.shape[-1], len(SPREAD_LEVELS)))
    loud = np.asarray(calibration.get("spread", unity), np.float64)
    faint = np.asarray(calibration.get("spread_faint", loud), np.float64)
    draws = raw.shape[1]
    share = np.abs(2 * (np.arange(draws) + 0.5) / draws - 1)
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
