"""What an interferometer makes of a wave: antenna factors and arrival times.

Positions and arms of H1, L1 and V1 in the Earth-fixed frame (metres, unit vectors).
Source: LIGO-T980044-10 and Allen 1996, gr-qc/9607075; signs and angles as in Anderson et al.
2001, PRD 63, 042003.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPEED_OF_LIGHT_M_S = 299792458.0


class Detector(NamedTuple):
    position_m: tuple[float, float, float]
    arm_x: tuple[float, float, float]
    arm_y: tuple[float, float, float]


DETECTORS = {
    "H1": Detector(
        (-2.16141492636e6, -3.83469517889e6, 4.60035022664e6),
        (-0.22389266154, 0.79983062746, 0.55690487831),
        (-0.91397818574, 0.02609403989, -0.40492342125),
    ),
    "L1": Detector(
        (-7.42760447238e4, -5.49628371971e6, 3.22425701744e6),
        (-0.95457412153, -0.14158077340, -0.26218911324),
        (0.29774156894, -0.48791033647, -0.82054461286),
    ),
    "V1": Detector(
        (4.54637409900e6, 8.42989697626e5, 4.37857696241e6),
        (-0.70045821479, 0.20848948619, 0.68256166277),
        (-0.05379255368, -0.96908180549, 0.24080451708),
    ),
}


def light_travel_s(one: str, other: str) -> float:
    """Time light takes between two detectors: 10.0 ms between H1 and L1."""
    apart = np.subtract(DETECTORS[one].position_m, DETECTORS[other].position_m)
    return float(np.linalg.norm(apart) / SPEED_OF_LIGHT_M_S)


def antenna(
    detector: str,
    longitude: NDArray[np.float64],
    declination: NDArray[np.float64],
    polarisation: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(F_plus, F_cross) for a source over an Earth-fixed longitude (right ascension - GMST).

    Angles in radians, any common shape. Source: Anderson et al. 2001, eqs. (B4)-(B8).
    """
    turned = np.exp(-2j * polarisation) * polarised(detector, longitude, declination)
    return turned.real, turned.imag


def polarised(
    detector: str, longitude: NDArray[np.float64], declination: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """F_plus + i F_cross at polarisation zero; an angle ψ multiplies it by exp(-2iψ)."""
    site = DETECTORS[detector]
    west, north = _sky_axes(longitude, declination)
    axes = west + 1j * north
    along_x, along_y = axes @ np.asarray(site.arm_x), axes @ np.asarray(site.arm_y)
    return np.asarray(0.5 * (along_x**2 - along_y**2))


def delay_s(
    detector: str, longitude: NDArray[np.float64], declination: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Arrival at the detector after arrival at the Earth's centre, in seconds."""
    cos = np.cos(declination)
    towards = np.stack(
        [cos * np.cos(longitude), cos * np.sin(longitude), np.sin(declination)], axis=-1
    )
    return np.asarray(-(towards @ np.asarray(DETECTORS[detector].position_m)) / SPEED_OF_LIGHT_M_S)


def _sky_axes(
    longitude: NDArray[np.float64], declination: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    zero = np.zeros_like(longitude)
    west = np.stack([np.sin(longitude), -np.cos(longitude), zero], axis=-1)
    north = np.stack(
        [
            -np.cos(longitude) * np.sin(declination),
            -np.sin(longitude) * np.sin(declination),
            np.cos(declination),
        ],
        axis=-1,
    )
    return west, north
