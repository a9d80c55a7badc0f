"""Pixels to sky and back for the projections that nearly all survey images have, in plain NumPy.

The full set of projections is astropy's; importing it takes half a second and 50 MB, which an image
on the screen need not wait for. Here are the zenithal projections TAN, SIN, STG, ARC and ZEA
without parameters, with SIP distortion under TAN. Sources: Greisen & Calabretta 2002 (A&A 395,
1061), Calabretta & Greisen 2002 (A&A 395, 1077, sections 2.2, 2.4 and 5.1); SIP: Shupe et al. 2005
(ADASS XIV, 491).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_CTYPE = re.compile(r"(RA|GLON|ELON)-+(TAN|SIN|STG|ARC|ZEA)(-SIP)?")
_LATITUDES = {"RA": "DEC", "GLON": "GLAT", "ELON": "ELAT"}
_KNOWN = re.compile(
    r"WCSAXES|CTYPE[12]|CUNIT[12]|CRVAL[12]|CRPIX[12]|CDELT[12]|CROTA[12]|(?:CD|PC)[12]_[12]|"
    r"LONPOLE|LATPOLE|EQUINOX|RADESYS|(?:A|B|AP|BP)_(?:ORDER|\d_\d)"
)
_INVERSE_STEPS = 20
_INVERSE_PIXELS = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """One image's sky coordinates; pixels are counted from 0, angles are degrees."""

    longitude_name: str  # RA, GLON or ELON
    frame: str  # RADESYS, "" where the header has none
    equinox: float
    code: str
    reference_pixel: Array  # (2,), from 0
    matrix: Array  # (2, 2) degrees per pixel
    to_native: Array  # (3, 3): celestial unit vectors to native ones
    distortion: tuple[Array, Array] | None  # coefficients of A and B, [power of u, power of v]

    def to_sky(self, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Longitude (0 to 360) and latitude; NaN outside the projection."""
        u = np.asarray(x, dtype=np.float64) - self.reference_pixel[0]
        v = np.asarray(y, dtype=np.float64) - self.reference_pixel[1]
        if self.distortion is not None:
            u, v = self._distorted(u, v)
        across = self.matrix[0, 0] * u + self.matrix[0, 1] * v
        up = self.matrix[1, 0] * u + self.matrix[1, 1] * v
        with np.errstate(invalid="ignore"):
            theta = _THETA[self.code](np.radians(np.hypot(across, up)))
        phi = np.arctan2(across, -up)
        native = _vectors(phi, theta)
        sky = native @ self.to_native  # the rows of the transpose: native to celestial
        longitude = np.degrees(np.arctan2(sky[..., 1], sky[..., 0])) % 360.0
        latitude = np.degrees(np.arctan2(sky[..., 2], np.hypot(sky[..., 0], sky[..., 1])))
        return longitude, latitude

    def to_pixels(self, longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Array, Array]:
        """Pixels of positions; NaN for those that the projection cannot show."""
        sky = _vectors(np.radians(longitude_deg), np.radians(latitude_deg))
        native = sky @ self.to_native.T
        phi = np.arctan2(native[..., 1], native[..., 0])
        theta = np.arctan2(native[..., 2], np.hypot(native[..., 0], native[..., 1]))
        with np.errstate(invalid="ignore", divide="ignore"):
            radius = np.degrees(_RADIUS[self.code](theta))
        across, up = radius * np.sin(phi), -radius * np.cos(phi)
        inverse = np.linalg.inv(self.matrix)
        u = inverse[0, 0] * across + inverse[0, 1] * up
        v = inverse[1, 0] * across + inverse[1, 1] * up
        if self.distortion is not None:
            u, v = self._undistorted(u, v)
        return u + self.reference_pixel[0], v + self.reference_pixel[1]

    def _distorted(self, u: Array, v: Array) -> tuple[Array, Array]:
        assert self.distortion is not None
        polynomial = np.polynomial.polynomial.polyval2d
        a, b = self.distortion
        return u + polynomial(u, v, a), v + polynomial(u, v, b)

    def _undistorted(self, u: Array, v: Array) -> tuple[Array, Array]:
        """The pixels that distortion takes to (u, v), by fixed point; NaN where it leads away."""
        there_u, there_v = u, v
        for _ in range(_INVERSE_STEPS):
            got_u, got_v = self._distorted(there_u, there_v)
            error_u, error_v = u - got_u, v - got_v
            there_u, there_v = there_u + error_u, there_v + error_v
            error = np.hypot(error_u, error_v)
            if not np.any(error > _INVERSE_PIXELS):
                return there_u, there_v
        lost = ~(error < 1e-3)
        return np.where(lost, np.nan, there_u), np.where(lost, np.nan, there_v)


def projection_of(header: Mapping[str, str | float | int]) -> Projection | None:
    """The projection of checked keywords; None for one that is not among those known here."""
    match = _CTYPE.fullmatch(str(header.get("CTYPE1", "")))
    if match is None or not all(_KNOWN.fullmatch(name) for name in header):
        return None
    name, code, distorted = match.groups()
    if not re.fullmatch(rf"{_LATITUDES[name]}-+{code}{distorted or ''}", str(header["CTYPE2"])):
        return None
    if any(str(header.get(f"CUNIT{axis}", "deg")).strip() not in {"deg", ""} for axis in (1, 2)):
        return None
    if distorted and code != "TAN":
        return None
    matrix = _matrix(header)
    if not abs(np.linalg.det(matrix)) > 0:
        return None
    return Projection(
        longitude_name=name,
        frame=str(header.get("RADESYS", "")).strip(),
        equinox=float(header.get("EQUINOX", 2000.0)),
        code=code,
        reference_pixel=np.array([float(header[f"CRPIX{axis}"]) - 1.0 for axis in (1, 2)]),
        matrix=matrix,
        to_native=_to_native(header),
        distortion=(_powers(header, "A"), _powers(header, "B")) if distorted else None,
    )


def _matrix(header: Mapping[str, Any]) -> Array:
    """Degrees per pixel: CD, or PC with CDELT, or CDELT with CROTA2."""
    names = [[f"{{}}{row}_{column}" for column in (1, 2)] for row in (1, 2)]

    def of(prefix: str, diagonal: float) -> Array:
        return np.array(
            [
                [
                    float(header.get(names[i][j].format(prefix), diagonal if i == j else 0.0))
                    for j in (0, 1)
                ]
                for i in (0, 1)
            ]
        )

    if any(key.startswith("CD") and "_" in key for key in header):
        return of("CD", 0.0)
    scale = np.array([float(header.get(f"CDELT{axis}", 1.0)) for axis in (1, 2)])
    if "CROTA2" in header and not any(key.startswith("PC") for key in header):
        turn = np.radians(float(header["CROTA2"]))
        cosine, sine = np.cos(turn), np.sin(turn)
        return np.array(
            [[scale[0] * cosine, -scale[1] * sine], [scale[0] * sine, scale[1] * cosine]]
        )
    return np.asarray(scale[:, None] * of("PC", 1.0))


def _to_native(header: Mapping[str, Any]) -> Array:
    """The rotation of Calabretta & Greisen, eq. (2), for a pole at the reference point."""
    longitude, latitude = (np.radians(float(header[f"CRVAL{axis}"])) for axis in (1, 2))
    default = 0.0 if float(header["CRVAL2"]) >= 90.0 else 180.0
    pole = np.radians(float(header.get("LONPOLE", default)))
    about_z = _about_z(longitude + np.pi / 2)
    tilt = np.pi / 2 - latitude
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]]
    )
    return np.asarray(_about_z(np.pi / 2 - pole) @ about_x @ about_z)


def _about_z(angle: Any) -> Array:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _powers(header: Mapping[str, Any], letter: str) -> Array:
    order = int(header.get(f"{letter}_ORDER", 0))
    coefficients = np.zeros((order + 1, order + 1))
    for p in range(order + 1):
        for q in range(order + 1 - p):
            coefficients[p, q] = float(header.get(f"{letter}_{p}_{q}", 0.0))
    return coefficients


def _vectors(longitude: Any, latitude: Any) -> Array:
    cosine = np.cos(latitude)
    return np.stack(
        [cosine * np.cos(longitude), cosine * np.sin(longitude), np.sin(latitude)], axis=-1
    )


_HALF = np.pi / 2

# Native latitude by radius (radians) and back: Calabretta & Greisen, section 5.1.
_THETA: dict[str, Callable[[Array], Array]] = {
    "TAN": lambda r: np.arctan2(1.0, r),
    "SIN": np.arccos,
    "STG": lambda r: _HALF - 2.0 * np.arctan(r / 2.0),
    "ARC": lambda r: np.where(r <= np.pi, _HALF - r, np.nan),
    "ZEA": lambda r: _HALF - 2.0 * np.arcsin(r / 2.0),
}
_RADIUS: dict[str, Callable[[Array], Array]] = {
    "TAN": lambda theta: np.where(theta > 0, 1.0 / np.tan(theta), np.nan),
    "SIN": lambda theta: np.where(theta >= 0, np.cos(theta), np.nan),
    "STG": lambda theta: 2.0 * np.tan((_HALF - theta) / 2.0),
    "ARC": lambda theta: _HALF - theta,
    "ZEA": lambda theta: 2.0 * np.sin((_HALF - theta) / 2.0),
}
