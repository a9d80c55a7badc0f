"""The pixels of HEALPix in nested order: where each lies, and in which one a place is.

Equal areas on the sphere: 12 faces of ``nside`` x ``nside`` pixels, ``nside`` a power of two. In
nested order the four pixels of ``nside`` that share one of ``nside / 2`` follow each other.
Source: Górski et al. 2005, ApJ 622, 759, sections 4 and 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LARGEST = 2**24  # beyond, pixel numbers do not fit the bits that are interleaved here
_ROW = np.array([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])  # of a face's southern corner
_LONGITUDE = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])  # of its middle, in quarters of pi


def pixel_count(nside: int) -> int:
    """Pixels on the whole sky; raises ``ValueError`` where ``nside`` is no power of two."""
    if not (0 < nside <= LARGEST and nside & (nside - 1) == 0):
        raise ValueError(f"nside is a power of two up to {LARGEST}, got {nside}")
    return 12 * nside * nside


def pixel_area_deg2(nside: int) -> float:
    """Square degrees in each pixel."""
    return float(np.degrees(np.degrees(4 * np.pi)) / pixel_count(nside))


def centres(nside: int, pixels: Whole) -> tuple[Floats, Floats]:
    """(longitude, latitude) in radians of the centres of nested ``pixels``, any shape."""
    count = pixel_count(nside)
    pixels = np.asarray(pixels, np.int64)
    if pixels.size and not (pixels.min() >= 0 and pixels.max() < count):
        raise ValueError(f"pixels of nside {nside} are 0 to {count - 1}")
    face, within = np.divmod(pixels, nside * nside)
    x, y = _gathered(within), _gathered(within >> 1)
    row = _ROW[face] * nside - x - y - 1  # rings from the north, 1 to 4 nside - 1
    to_pole = np.minimum(np.minimum(row, 4 * nside - row), nside)
    is_polar = to_pole < nside
    cap = to_pole**2 / (3.0 * nside**2)
    belt = (2 * nside - row) * (2 / (3.0 * nside))
    shift = np.where(is_polar, 0, (row - nside) & 1)
    place = (_LONGITUDE[face] * to_pole + x - y + 1 + shift) // 2
    longitude = (place - 0.5 * (shift + 1)) * (0.5 * np.pi / to_pole)
    # Near the poles 1 - |z| is known better than z: its arc sine would lose half the digits.
    polar = 0.5 * np.pi - 2 * np.arcsin(np.sqrt(0.5 * cap))
    latitude = np.where(
        is_polar, np.where(row < 2 * nside, polar, -polar), np.arcsin(np.clip(belt, -1, 1))
    )
    return np.asarray(np.mod(longitude, 2 * np.pi)), np.asarray(latitude)


def pixels_at(nside: int, longitude: Floats, latitude: Floats) -> Whole:
    """The nested pixel that holds each place, in radians; any common shape."""
    pixel_count(nside)
    quarter = np.mod(np.asarray(longitude, np.float64), 2 * np.pi) / (0.5 * np.pi)  # 0 to 4
    latitude = np.asarray(latitude, np.float64)
    height = np.sin(latitude)
    belt = _in_belt(nside, quarter, height)
    polar = _in_caps(nside, quarter, latitude)
    face, x, y = np.where(np.abs(height) <= 2 / 3, belt, polar)
    return np.asarray(face * nside * nside + _spread(x) + 2 * _spread(y))


def directions(longitude: Floats, latitude: Floats) -> Floats:
    """(..., 3) unit vectors towards places in radians."""
    cos = np.cos(latitude)
    return np.stack([cos * np.cos(longitude), cos * np.sin(longitude), np.sin(latitude)], axis=-1)


def _in_belt(nside: int, quarter: Floats, height: Floats) -> Whole:
    """(3, ...) face, x and y of places within 42 degrees of the equator."""
    up, across = nside * (0.5 + quarter), nside * (0.75 * height)
    rising, falling = np.floor(up - across).astype(np.int64), np.floor(up + across).astype(np.int64)
    one, other = rising // nside, falling // nside
    face = np.where(one == other, (one & 3) + 4, np.where(one < other, one & 3, (other & 3) + 8))
    return np.stack([face, falling % nside, nside - rising % nside - 1])


def _in_caps(nside: int, quarter: Floats, latitude: Floats) -> Whole:
    """(3, ...) face, x and y of places near the poles."""
    side = np.minimum(quarter.astype(np.int64), 3)
    along = quarter - side
    # sqrt(3 (1 - |z|)), written so that nothing cancels at the pole.
    from_pole = np.sqrt(6.0) * np.sin(0.25 * np.pi - 0.5 * np.abs(latitude))
    one = np.minimum((along * from_pole * nside).astype(np.int64), nside - 1)
    other = np.minimum(((1 - along) * from_pole * nside).astype(np.int64), nside - 1)
    north = np.stack([side, nside - other - 1, nside - one - 1])
    south = np.stack([side + 8, one, other])
    return np.where(latitude >= 0, north, south)


def _gathered(value: Whole) -> Whole:
    """Every second bit of a number, from the lowest, pushed together."""
    value = value & 0x5555555555555555
    for shift, mask in ((1, 0x3333333333333333), (2, 0x0F0F0F0F0F0F0F0F), (4, 0x00FF00FF00FF00FF),
                        (8, 0x0000FFFF0000FFFF), (16, 0x00000000FFFFFFFF)):  # fmt: skip
        value = (value | value >> shift) & mask
    return value


def _spread(value: Whole) -> Whole:
    """The bits of a number with a zero between each two."""
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
                        (2, 0x3333333333333333), (1, 0x5555555555555555)):  # fmt: skip
        value = (value | value << shift) & mask
    return value
