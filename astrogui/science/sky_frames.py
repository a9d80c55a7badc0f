"""Positions turned between ICRS, FK5 (J2000), galactic and ecliptic coordinates.

All four differ by a fixed rotation. Positions in FK4 (B1950), or at another equinox, need more
than that and are not turned here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from astrogui.science.sky_match import unit_vectors

FRAMES = ("icrs", "fk5", "galactic", "ecliptic")

# Rotation of FK5 against ICRS, milliarcseconds about x, y, z: Mignard & Froeschle 2000, A&A 354,
# 732, as in IAU SOFA's `iauFk5hip`.
_FK5_ROTATION_MAS = (-19.9, -9.1, 22.9)
# The galactic pole and the longitude of the north celestial pole in FK5 J2000: the values of
# Blaauw et al. 1960 taken from B1950 to J2000 (Reid & Brunthaler 2004, ApJ 616, 872, appendix).
_GALACTIC_POLE_DEG = (192.8594812065348, 27.12825118085622)
_NORTH_POLE_LONGITUDE_DEG = 122.9319185680026
# Mean obliquity at J2000: Capitaine et al. 2003, A&A 412, 567 (IAU 2006), in arcsec.
_OBLIQUITY_ARCSEC = 84381.406


def turned(
    longitude_deg: ArrayLike, latitude_deg: ArrayLike, given: str, wanted: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes (0 to 360) and latitudes in degrees of positions in another of ``FRAMES``.

    Any shape. Raises ``ValueError`` for a frame that is not among them.
    """
    for frame in (given, wanted):
        if frame not in FRAMES:
            raise ValueError(f"a frame is one of {', '.join(FRAMES)}, got {frame!r}")
    longitude = np.asarray(longitude_deg, dtype=np.float64)
    latitude = np.asarray(latitude_deg, dtype=np.float64)
    if given == wanted:
        return longitude, latitude
    x, y, z = np.moveaxis(unit_vectors(longitude, latitude) @ rotation(given, wanted).T, -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


@lru_cache(maxsize=16)
def rotation(given: str, wanted: str) -> NDArray[np.float64]:
    """(3, 3) matrix that takes unit vectors of one frame to another."""
    matrix = _from_icrs(wanted) @ _from_icrs(given).T
    matrix.flags.writeable = False
    return matrix


def _from_icrs(frame: str) -> NDArray[np.float64]:
    if frame == "icrs":
        return np.eye(3)
    if frame == "ecliptic":
        return _about(0, _OBLIQUITY_ARCSEC / 3600.0)
    fk5 = _fk5_from_icrs()
    if frame == "fk5":
        return fk5
    ra, dec = _GALACTIC_POLE_DEG
    return (
        _about(2, 180.0 - _NORTH_POLE_LONGITUDE_DEG) @ _about(1, 90.0 - dec) @ _about(2, ra) @ fk5
    )


def _fk5_from_icrs() -> NDArray[np.float64]:
    vector = np.radians(np.array(_FK5_ROTATION_MAS) / 3.6e6)
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    # The vector turns the axes from FK5 to ICRS: taken as a turn of the directions, it leads back.
    turn = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    return np.asarray(turn)


def _about(axis: int, angle_deg: float) -> NDArray[np.float64]:
    """The turn of the axes by an angle about x (0), y (1) or z (2)."""
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = sine, -sine
    return matrix
