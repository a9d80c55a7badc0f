"""When a merger passed the Earth's centre, from its times at some detectors: an average over sky.

Of directions and orientations spread evenly those count that give the times and loudnesses seen.
Two detectors cannot tell a source above them from one below: the interval holds both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.detector_response import DETECTORS, antenna, delay_s

DIRECTIONS = 20_000
TIMING_S = 0.001  # standard deviation of a detector's time at a ratio of 10
LARGEST_ERROR_S = 0.003

Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """A detector's time and signal-to-noise ratio, and what it would have of a source overhead."""

    gps: float
    snr: float
    reach: float


class _Sky(NamedTuple):
    delay_s: dict[str, Floats]
    response: dict[str, NDArray[np.complex128]]


def arrival(seen: Mapping[str, Seen], levels: Sequence[float]) -> Floats:
    """Quantiles (levels,) of the GPS time at the Earth's centre.

    ``reach`` is each detector's optimal ratio for the waveform at some common distance.
    """
    sky = _sky()
    names = list(seen)
    first = seen[names[0]]
    centre = first.gps - sky.delay_s[names[0]]
    log_weight = np.zeros(DIRECTIONS)
    for name in names[1:]:
        error = np.hypot(_error_s(first.snr), _error_s(seen[name].snr))
        late = seen[name].gps - sky.delay_s[name] - centre
        log_weight -= 0.5 * (late / error) ** 2
    expected = np.stack([np.abs(sky.response[name]) * seen[name].reach for name in names])
    loud = np.array([seen[name].snr for name in names])
    # The distance that fits the loudnesses best, and what it leaves; volume goes as its cube.
    power = np.maximum(np.sum(expected**2, axis=0), 1e-12)
    scale = loud @ expected / power
    log_weight -= 0.5 * np.sum((loud[:, None] - scale * expected) ** 2, axis=0)
    # Density over the inverse of the distance, and the width that the loudness leaves of it.
    log_weight -= 4 * np.log(np.maximum(scale, 1e-12)) + 0.5 * np.log(power)
    weight = np.exp(log_weight - log_weight.max())
    order = np.argsort(centre)
    below = np.cumsum(weight[order])
    below = (below - 0.5 * weight[order]) / below[-1]
    return np.asarray(np.interp(levels, below, centre[order]))


def _error_s(snr: float) -> float:
    return min(10 * TIMING_S / max(snr, 1e-3), LARGEST_ERROR_S)


@lru_cache
def _sky() -> _Sky:
    """Directions and orientations, always the same."""
    from scipy.stats import qmc

    cube = qmc.Sobol(4, seed=1).random(1 << 15)[:DIRECTIONS].T
    longitude, declination = 2 * np.pi * cube[0], np.arcsin(2 * cube[1] - 1)
    polarisation, cosine = np.pi * cube[2], 2 * cube[3] - 1
    delays, responses = {}, {}
    for name in DETECTORS:
        plus, cross = antenna(name, longitude, declination, polarisation)
        delays[name] = delay_s(name, longitude, declination)
        responses[name] = plus * (1 + cosine**2) / 2 - 1j * cross * cosine
    return _Sky(delays, responses)
