"""The numbers of DS9's region files: positions, lengths and angles with their unit marks."""

from __future__ import annotations

import re

from astrogui.science.regions import SKY_FRAMES

_ARCSEC = {'"': 1.0, "'": 60.0, "d": 3600.0, "r": 206264.80624709636}
_SEXAGESIMAL = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>\d+)(?P<mark>[:hd])(?P<minutes>\d+)[:m'](?P<seconds>\d+\.?\d*)"
    r"(?:[s\"])?$",
    re.IGNORECASE,
)


class NumberProblem(ValueError):
    """A number in a region file that is none."""


def position(first: str, second: str, frame: str) -> tuple[float, float]:
    """Two coordinates: degrees on the sky, else pixels; raises ``NumberProblem``."""
    if frame not in SKY_FRAMES:
        return _pixel(first), _pixel(second)
    is_equatorial = frame in {"icrs", "fk5"}
    longitude, latitude = _degrees(first, is_equatorial), _degrees(second, False)
    if abs(latitude) > 90.0:
        raise NumberProblem(f"the latitude {second} lies beyond 90 degrees")
    return longitude % 360.0 if not 0.0 <= longitude < 360.0 else longitude, latitude


def length(text: str, frame: str) -> tuple[float, str]:
    """A size and its unit: arcsec, pixel or physical.

    A bare number counts degrees on the sky and pixels of the frame elsewhere.
    """
    mark = text[-1:].lower() if text else ""
    if mark in _ARCSEC:
        return number(text[:-1]) * _ARCSEC[mark], "arcsec"
    if mark == "p":
        return number(text[:-1]), "physical"
    if mark == "i":
        return number(text[:-1]), "pixel"
    if frame in SKY_FRAMES:
        return number(text) * 3600.0, "arcsec"
    return number(text), "physical" if frame == "physical" else "pixel"


def angle(text: str) -> float:
    """Degrees; "r" marks radians."""
    if text[-1:].lower() == "r":
        return number(text[:-1]) * _ARCSEC["r"] / 3600.0
    return number(text[:-1] if text[-1:].lower() == "d" else text)


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise NumberProblem(f'"{text[:40]}" is no number') from None
    if not abs(value) < 1e300:
        raise NumberProblem(f'"{text[:40]}" is no finite number')
    return value


def position_text(first: float, second: float, frame: str) -> tuple[str, str]:
    """Two coordinates as they are written: to 0.4 micro-arcseconds, or a ten-thousandth pixel."""
    if frame in SKY_FRAMES:
        return f"{first:.10f}", f"{second:+.10f}"
    return f"{first:.10g}", f"{second:.10g}"


def length_text(value: float, unit: str) -> str:
    """A size with the mark of its unit, so that no frame can change its meaning."""
    return f"{value:.10g}" + {"arcsec": '"', "physical": "p", "pixel": "i"}[unit]


def _pixel(text: str) -> float:
    return number(text[:-1] if text[-1:].lower() in {"p", "i"} else text)


def _degrees(text: str, hours: bool) -> float:
    """A sky coordinate: degrees, "d" or "r" behind it, or sexagesimal."""
    match = _SEXAGESIMAL.match(text)
    if match is None:
        mark = text[-1:].lower()
        if mark == "r":
            return number(text[:-1]) * _ARCSEC["r"] / 3600.0
        return number(text[:-1] if mark == "d" else text)
    minutes, seconds = int(match["minutes"]), float(match["seconds"])
    if minutes >= 60 or seconds >= 60.0 + 1e-9:
        raise NumberProblem(f'"{text}" has 60 minutes or seconds, or more')
    value = int(match["whole"]) + minutes / 60.0 + seconds / 3600.0
    mark = match["mark"].lower()
    in_hours = mark == "h" or (mark == ":" and hours)
    return (-value if match["sign"] == "-" else value) * (15.0 if in_hours else 1.0)
