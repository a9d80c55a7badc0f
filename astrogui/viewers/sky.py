"""Sky positions of pixels: text for the read-out, directions and lengths for the compass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from astrogui.science.projection import Projection
from astrogui.science.sky_frames import turned

BAR_LENGTHS_ARCSEC = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class Directions:
    """Unit vectors towards north and east in pixels, and the scale along them."""

    north: tuple[float, float]
    east: tuple[float, float]
    scale_arcsec: float


class WcslibProjection:
    """An ``astropy.wcs.WCS`` in the terms of ``science.projection.Projection``."""

    def __init__(self, wcs: Any) -> None:
        self._wcs = wcs
        self.longitude_name = str(wcs.wcs.lngtyp)
        self.frame = str(wcs.wcs.radesys or "").strip()
        equinox = float(wcs.wcs.equinox)
        self.equinox = equinox if math.isfinite(equinox) else 2000.0

    def to_sky(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        first, second = self._wcs.all_pix2world(x, y, 0)
        return (second, first) if self._wcs.wcs.lng == 1 else (first, second)

    def to_pixels(self, longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Any, Any]:
        pair = [np.asarray(longitude_deg, float), np.asarray(latitude_deg, float)]
        sky = np.stack(pair[::-1] if self._wcs.wcs.lng == 1 else pair, axis=-1).reshape(-1, 2)
        if self._wcs.has_distortion:
            found = self._wcs.all_world2pix(sky, 0, quiet=True)
        else:
            found = self._wcs.wcs_world2pix(sky, 0)
        return found[:, 0].reshape(pair[0].shape), found[:, 1].reshape(pair[0].shape)


class Sky:
    """The sky coordinates of an image, ready for use in the GUI thread.

    It takes a ``science.projection.Projection``, or an ``astropy.wcs.WCS`` for the projections that
    this does not know; that one is built in a pool, for astropy is slow to import.
    """

    def __init__(self, coordinates: Any) -> None:
        known = isinstance(coordinates, Projection)
        self._projection = coordinates if known else WcslibProjection(coordinates)
        name = self._projection.longitude_name
        names = {"RA": ("RA", "Dec"), "GLON": ("l", "b"), "ELON": ("λ", "β")}
        self.equatorial = name == "RA"
        self.names = names.get(name, (name, "latitude"))
        self.frame = self._projection.frame if self.equatorial else ""
        self.sky_frame = self._sky_frame(name)  # of science.sky_frames; "" for FK4 and others

    def _sky_frame(self, name: str) -> str:
        if not self.equatorial:
            return {"GLON": "galactic", "ELON": "ecliptic"}.get(name, "")
        if self.frame.upper() in {"ICRS", ""}:
            # Without RADESYS an equinox before 1984 means FK4 (FITS standard 4.0, section 8.3).
            return "icrs" if self._projection.equinox > 1984.0 else ""
        is_j2000 = abs(self._projection.equinox - 2000.0) < 1e-6
        return "fk5" if self.frame.upper() == "FK5" and is_j2000 else ""

    def position(self, x: float, y: float) -> tuple[float, float] | None:
        """Longitude and latitude in degrees of a 0-based pixel; None outside the projection."""
        longitude, latitude = self._projection.to_sky(x, y)
        lon, lat = float(longitude), float(latitude)
        return (lon, lat) if math.isfinite(lon) and math.isfinite(lat) else None

    def positions(self, x: ArrayLike, y: ArrayLike, frame: str = "") -> tuple[Any, Any]:
        """Longitudes and latitudes in degrees of pixels, NaN outside; in ``frame`` if given."""
        longitude, latitude = self._projection.to_sky(x, y)
        if not frame:
            return longitude, latitude
        return turned(longitude, latitude, self.sky_frame, frame)

    def places(self, longitude_deg: ArrayLike, latitude_deg: ArrayLike, frame: str = "") -> Any:
        """(x, y) 0-based pixels of positions in ``frame``, or in the image's own."""
        if frame:
            longitude_deg, latitude_deg = turned(longitude_deg, latitude_deg, frame, self.sky_frame)
        return self._projection.to_pixels(longitude_deg, latitude_deg)

    def pixels(self, longitudes_deg: Any, latitudes_deg: Any) -> NDArray[np.float64]:
        """(n, 2) 0-based pixels of positions, distortion included; NaN where there is none."""
        return np.column_stack(self._projection.to_pixels(longitudes_deg, latitudes_deg))

    def directions(self, x: float, y: float) -> Directions | None:
        """North, east and scale at a pixel, by steps of one pixel along both axes."""
        corners = self._projection.to_sky([x, x + 1.0, x], [y, y, y + 1.0])
        longitude, latitude = np.asarray(corners[0]), np.asarray(corners[1])
        if not np.all(np.isfinite(longitude)) or not np.all(np.isfinite(latitude)):
            return None
        turn = (longitude[1:] - longitude[0] + 180.0) % 360.0 - 180.0
        east_per_pixel = turn * np.cos(np.radians(latitude[0]))
        north_per_pixel = latitude[1:] - latitude[0]
        jacobian = np.array([east_per_pixel, north_per_pixel])  # degrees per pixel
        area = abs(float(np.linalg.det(jacobian)))
        if not area > 0:
            return None
        to_pixels = np.linalg.inv(jacobian)
        east, north = to_pixels[:, 0], to_pixels[:, 1]
        east, north = east / np.hypot(*east), north / np.hypot(*north)
        scale = 3600.0 * math.sqrt(area)
        return Directions(
            (float(north[0]), float(north[1])), (float(east[0]), float(east[1])), scale
        )

    def frames(self) -> tuple[str, ...]:
        """The frames that positions can be given in; the image's own is "" where it has no name."""
        return ("icrs", "galactic") if self.sky_frame else ("",)

    def text(
        self, longitude_deg: float, latitude_deg: float, frame: str = "", *, degrees: bool = True
    ) -> str:
        """A position of the image's own coordinates in words, in ``frame`` where one is given.

        Equatorial ones are sexagesimal, and in degrees as well where ``degrees`` is asked for.
        """
        if frame and frame != self.sky_frame:
            lon, lat = turned(longitude_deg, latitude_deg, self.sky_frame, frame)
            longitude_deg, latitude_deg = float(lon), float(lat)
        names = {"galactic": ("l", "b"), "ecliptic": ("λ", "β")}.get(frame, self.names)
        if names[0] != "RA" and frame not in {"icrs", "fk5"}:
            return f"{names[0]} {longitude_deg:.6f}°  {names[1]} {_signed(latitude_deg, 6)}°"
        own = self.frame if not frame or frame == self.sky_frame else frame.upper()
        system = f" {own}" if own and own != "ICRS" else ""
        both = f"   ({longitude_deg:.6f}°  {_signed(latitude_deg, 6)}°)" if degrees else ""
        return f"RA {hours_text(longitude_deg)}  Dec {degrees_text(latitude_deg)}{system}{both}"


def hours_text(degrees: float, digits: int = 2) -> str:
    """Right ascension as "22:26:38.40"."""
    ticks = round((degrees % 360.0) / 15.0 * 3600.0 * 10**digits)
    return _sexagesimal(ticks % (24 * 3600 * 10**digits), digits)


def degrees_text(degrees: float, digits: int = 1) -> str:
    """Declination as "−00:55:48.2"."""
    sign = "−" if degrees < 0 else "+"
    return sign + _sexagesimal(round(abs(degrees) * 3600.0 * 10**digits), digits)


def _sexagesimal(ticks: int, digits: int) -> str:
    seconds, fraction = divmod(ticks, 10**digits)
    minutes, second = divmod(seconds, 60)
    whole, minute = divmod(minutes, 60)
    words = f"{whole:02d}:{minute:02d}:{second:02d}"
    return f"{words}.{fraction:0{digits}d}" if digits else words


def _signed(value: float, digits: int) -> str:
    return ("−" if value < 0 else "+") + f"{abs(value):.{digits}f}"


def bar_length(arcsec_per_screen_pixel: float, longest: float) -> tuple[float, str]:
    """A round length in arcsec that spans at most ``longest`` screen pixels, and its text."""
    fitting = [x for x in BAR_LENGTHS_ARCSEC if x / arcsec_per_screen_pixel <= longest]
    length = fitting[-1] if fitting else BAR_LENGTHS_ARCSEC[0]
    if length >= 3600:
        return length, f"{length / 3600:g}°"
    if length >= 60:
        return length, f"{length / 60:g}′"
    return length, f"{length:g}″"


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten up to ``longest``."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)
