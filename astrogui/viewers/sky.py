"""Sky positions of pixels: text for the read-out, directions and lengths for the compass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BAR_LENGTHS_ARCSEC = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class Directions:
    """Unit vectors towards north and east in pixels, and the scale along them."""

    north: tuple[float, float]
    east: tuple[float, float]
    scale_arcsec: float


class Sky:
    """A celestial WCS ready for use in the GUI thread; built from ``Image.wcs()`` in a pool."""

    def __init__(self, wcs: Any) -> None:
        self._wcs = wcs
        names = {"RA": ("RA", "Dec"), "GLON": ("l", "b"), "ELON": ("λ", "β")}
        self.equatorial = wcs.wcs.lngtyp == "RA"
        self.names = names.get(wcs.wcs.lngtyp, (str(wcs.wcs.lngtyp), str(wcs.wcs.lattyp)))
        frame = str(wcs.wcs.radesys or "").strip()
        self.frame = frame if self.equatorial else ""

    def position(self, x: float, y: float) -> tuple[float, float] | None:
        """Longitude and latitude in degrees of a 0-based pixel; None outside the projection."""
        longitude, latitude = self._wcs.all_pix2world(x, y, 0)
        lon, lat = float(longitude), float(latitude)
        return (lon, lat) if math.isfinite(lon) and math.isfinite(lat) else None

    def pixels(self, longitudes_deg: Any, latitudes_deg: Any) -> NDArray[np.float64]:
        """(n, 2) 0-based pixels of positions, distortion included; NaN where there is none."""
        sky = np.column_stack([longitudes_deg, latitudes_deg]).astype(np.float64)
        if not self._wcs.has_distortion:
            return np.asarray(self._wcs.wcs_world2pix(sky, 0), dtype=np.float64)
        return np.asarray(self._wcs.all_world2pix(sky, 0, quiet=True), dtype=np.float64)

    def directions(self, x: float, y: float) -> Directions | None:
        """North, east and scale at a pixel, by steps of one pixel along both axes."""
        corners = self._wcs.all_pix2world([x, x + 1.0, x], [y, y, y + 1.0], 0)
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

    def text(self, longitude_deg: float, latitude_deg: float) -> str:
        """Sexagesimal (equatorial frames) and degrees."""
        degrees = f"{longitude_deg:.6f}°  {_signed(latitude_deg, 6)}°"
        first, second = self.names
        frame = f" {self.frame}" if self.frame and self.frame != "ICRS" else ""
        if not self.equatorial:
            return f"{first} {longitude_deg:.6f}°  {second} {_signed(latitude_deg, 6)}°"
        return (
            f"{first} {hours_text(longitude_deg)}  {second} {degrees_text(latitude_deg)}{frame}"
            f"   ({degrees})"
        )


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
    return f"{whole:02d}:{minute:02d}:{second:02d}.{fraction:0{digits}d}"


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
