"""GPS seconds as UTC, for axes: dates in words without loading a library for it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
# Dates (UTC) from which one more leap second counts. Source: IERS Bulletin C, up to number 71
# (January 2026), which announces no further one.
_LEAPS = tuple(
    datetime(year, month, 1, tzinfo=UTC)
    for year, month in (
        (1981, 7), (1982, 7), (1983, 7), (1985, 7), (1988, 1), (1990, 1), (1991, 1), (1992, 7),
        (1993, 7), (1994, 7), (1996, 1), (1997, 7), (1999, 1), (2006, 1), (2009, 1), (2012, 7),
        (2015, 7), (2017, 1),
    )
)  # fmt: skip
# GPS second at which each leap second has just been counted.
_LEAP_GPS = tuple((date - _EPOCH).total_seconds() + i + 1 for i, date in enumerate(_LEAPS))


def leap_seconds(gps: float) -> int:
    """GPS minus UTC in seconds: 17 in September 2015, 18 since 2017."""
    return sum(gps >= start for start in _LEAP_GPS)


def utc_of(gps: float) -> datetime:
    """The UTC date of a GPS time, to the microsecond."""
    return _EPOCH + timedelta(seconds=gps - leap_seconds(gps))


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
    return any(start - 1 <= gps < start for start in _LEAP_GPS)


def _rounded(gps: float, digits: int) -> float:
    return round(gps * 10**digits) / 10**digits
