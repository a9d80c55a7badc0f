"""GPS seconds as UTC, for axes: dates in words without loading a library for it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from astrogui.science.sidereal import EPOCH, LEAP_GPS, leap_seconds


def utc_of(gps: float) -> datetime:
    """The UTC date of a GPS time, to the microsecond."""
    return EPOCH + timedelta(seconds=gps - leap_seconds(gps))


def utc_text(gps: float, digits: int = 0) -> str:
    """ "2015-09-14 09:50:45 UTC"."""
    rounded = _rounded(gps, digits)
    # A leap second belongs to the day that it ends.
    date = utc_of(rounded - 1 if _in_leap_second(rounded) else rounded)
    return f"{date:%Y-%m-%d} {clock_text(gps, digits)} UTC"


def clock_text(gps: float, digits: int = 0) -> str:
    """ "09:50:45.391"; "23:59:60" in a leap second."""
    rounded = _rounded(gps, digits)
    date = utc_of(math.floor(rounded))
    fraction = rounded - math.floor(rounded)
    text = "23:59:60" if _in_leap_second(rounded) else f"{date:%H:%M:%S}"
    return text + f"{fraction:.{digits}f}"[1:] if digits else text


def _in_leap_second(gps: float) -> bool:
    return any(start - 1 <= gps < start for start in LEAP_GPS)


def _rounded(gps: float, digits: int) -> float:
    return round(gps * 10**digits) / 10**digits
