"""A merger in the Gaussian noise of two or three detectors, as the likelihood takes it."""

from __future__ import annotations

import numpy as np

from astrogui.science import heterodyne
from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.heterodyne import Binaries, Data

GPS = 1_262_304_017.0
FREQUENCY = np.arange(20.0, 800.0, 0.25)
TRUTH = Binaries(*(np.array([value]) for value in (32.0, 0.8, 0.2, -0.1)))
DIRECTION = (1.1, -0.4)  # longitude, declination
POLARISATION, COS_INCLINATION, PHASE = 0.7, 0.6, 1.2


def density(frequency: np.ndarray) -> np.ndarray:
    """One-sided power spectral density, flat above 50 Hz and steep below."""
    return (8e-24) ** 2 * ((45 / frequency) ** 6 + 1)


def data(
    detectors: tuple[str, ...] = ("H1", "L1"),
    distance_mpc: float = 900.0,
    seed: int | None = 1,
) -> Data:
    """Values centred on the arrival at each detector; without noise for ``seed`` None."""
    rng = np.random.default_rng(seed)
    gain = np.sqrt(4 * 0.25 / density(FREQUENCY))
    wave = heterodyne.waves(FREQUENCY, TRUTH)[0] * np.exp(2j * PHASE) / distance_mpc
    values, centre = [], []
    place = tuple(np.array(angle) for angle in DIRECTION)
    for name in detectors:
        plus, cross = antenna(name, *place, np.array(POLARISATION))
        response = plus * 0.5 * (1 + COS_INCLINATION**2) - 1j * cross * COS_INCLINATION
        noise = rng.normal(size=(2, FREQUENCY.size)) * (seed is not None)
        values.append(gain * response * wave + noise[0] + 1j * noise[1])
        centre.append(GPS + float(delay_s(name, *place)))
    return Data(
        detectors, np.array(centre), FREQUENCY, np.array(values), np.tile(gain, (len(centre), 1))
    )


def near_truth(count: int, seed: int = 0) -> Binaries:
    """Binaries as different as a loud event allows."""
    rng = np.random.default_rng(seed)
    mass = 32.0 * np.exp(rng.normal(0, 0.03, count))
    spins = rng.normal(0.05, 0.15, (2, count))
    return Binaries(mass, rng.uniform(0.5, 1.0, count), spins[0], spins[1])
