"""Whitened stretches of strain cut to the data that a likelihood takes.

The stretch is whitened whole, by the noise of its own surroundings with the window's power in the
density, and cut without a window: white noise does not leak, so nothing is lost to a taper and
noise alone has unit variance in every bin.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.science import heterodyne, multirate
from astrogui.science.heterodyne import Data
from astrogui.science.matched_filter import HIGHEST_HZ, Stretch
from astrogui.science.waveforms import SOLAR_MASS_SECONDS
from astrogui.science.whitening import WORKING_RATE_HZ, whitening_gain

AFTER_S = 2.0  # of data after the merger
LENGTHS_S = (4.0, 8.0, 16.0)  # of which the shortest that holds the signal is cut
STRAIN_SCALE = 1e21  # of the stretches' noise estimates

Floats = NDArray[np.float64]


def time_in_band_s(chirp_mass: float, lowest_hz: float) -> float:
    """How long a binary sweeps from a frequency to its merger, at leading order.

    Source: Cutler & Flanagan 1994, PRD 49, 2658, eq. (2.9).
    """
    mass_s = chirp_mass * SOLAR_MASS_SECONDS
    return float(5 / 256 * mass_s ** (-5 / 3) * (np.pi * lowest_hz) ** (-8 / 3))


def lowest_hz(chirp_mass: float, before_s: float) -> float:
    """The frequency from which a binary is in the data, 20 Hz where all of it is."""
    mass_s = chirp_mass * SOLAR_MASS_SECONDS
    begins = (5 / (256 * max(before_s, 0.1))) ** (3 / 8) * mass_s ** (-5 / 8) / np.pi
    return max(multirate.LOWEST_HZ, float(begins))


def cut(
    stretches: Mapping[str, Stretch], arrival_gps: Mapping[str, float], chirp_mass: float
) -> Data:
    """The data about arrivals of a merger whose chirp mass is at least about the given one.

    Where a stretch begins too late for all of the signal, frequencies that it had before are left
    out. Stretches are at 2048 Hz.
    """
    whole_s = AFTER_S + 1.2 * time_in_band_s(chirp_mass, multirate.LOWEST_HZ) + 0.5
    length_s = next((length for length in LENGTHS_S if length >= whole_s), LENGTHS_S[-1])
    size = round(length_s * WORKING_RATE_HZ)
    frequency = np.arange(round(multirate.LOWEST_HZ * length_s), round(HIGHEST_HZ * length_s))
    frequency_hz = frequency / length_s
    values, gains, centres = [], [], []
    for name, stretch in stretches.items():
        centre = arrival_gps[name]
        first = round((centre + AFTER_S - length_s - stretch.gps_start) * WORKING_RATE_HZ)
        low, high = max(first, 0), min(first + size, stretch.whitened.size)
        piece = np.zeros(size)
        piece[low - first : high - first] = stretch.whitened[low:high]
        begins_s = stretch.gps_start + first / WORKING_RATE_HZ - centre
        spectrum = np.fft.rfft(piece)[frequency]
        turn = np.exp(-2j * np.pi * frequency_hz * begins_s)
        before_s = centre - stretch.gps_start - low / WORKING_RATE_HZ
        heard = frequency_hz >= lowest_hz(chirp_mass, before_s)
        gain = whitening_gain(frequency_hz, WORKING_RATE_HZ, stretch.psd)
        # Whitened spectra have variance size / 2 a part; a strain h(f) enters them times the rate.
        gain *= WORKING_RATE_HZ * np.sqrt(2 / size) * STRAIN_SCALE
        values.append(np.where(heard, spectrum * turn * np.sqrt(2 / size), 0))
        gains.append(np.where(heard, gain, 0))
        centres.append(centre)
    return heterodyne.Data(
        tuple(stretches), np.array(centres), frequency_hz, np.stack(values), np.stack(gains)
    )
