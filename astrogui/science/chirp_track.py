"""Where a merging binary is in time and frequency: the line that its chirp draws on a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science import waveforms

Floats = NDArray[np.float64]


def chirp_track(
    chirp_mass: float,
    mass_ratio: float,
    spin: float,
    low_hz: float,
    steps: int = 400,
) -> tuple[Floats, Floats]:
    """(seconds after the merger, frequency in Hz) of the dominant mode up to its ringdown.

    Detector-frame chirp mass in solar masses, m2 / m1, and one aligned spin for both bodies. The
    time of a frequency is that of stationary phase, the slope of IMRPhenomD's phase over 2 pi;
    it rises to zero, where the amplitude peaks. Empty where the ringdown lies below ``low_hz``.
    """
    values = [np.array([value]) for value in (chirp_mass, mass_ratio, spin, spin)]
    binary = waveforms.describe(*values)
    high_hz = float(binary.ringdown_mf[0] / binary.total_s[0])
    if not high_hz > 1.05 * low_hz:
        return np.zeros(0), np.zeros(0)
    frequency = np.geomspace(low_hz, high_hz, steps)
    spread = 1e-4
    _, after = waveforms.phenom_d(frequency * (1 + spread), *values)
    _, before = waveforms.phenom_d(frequency * (1 - spread), *values)
    time = (after[0] - before[0]) / (2 * spread * frequency) / (2 * np.pi)
    rising = np.flatnonzero(np.diff(time) <= 0)  # beyond the peak the slope turns
    end = int(rising[0]) + 1 if rising.size else time.size
    return np.asarray(np.minimum(time[:end], 0.0)), frequency[:end]
