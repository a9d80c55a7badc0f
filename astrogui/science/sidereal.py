"""GPS seconds, leap seconds, and how far the Earth has turned."""

from __future__ import annotations

import math
from datetime import UTC, datetime

EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
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
LEAP_GPS = tuple((date - EPOCH).total_seconds() + i + 1 for i, date in enumerate(_LEAPS))
_EPOCH_DAYS_AFTER_J2000 = -7300.5  # 6 January 1980, 0 h, after 1 January 2000, 12 h


def leap_seconds(gps: float) -> int:
    """GPS minus UTC in seconds: 17 in September 2015, 18 since 2017."""
    return sum(gps >= start for start in LEAP_GPS)


def gmst_radians(gps: float) -> float:
    """Greenwich mean sidereal time in [0, 2π): right ascension less longitude.

    UT1 is taken as UTC, which is at most 0.9 s (14″) off.
    Source: Aoki et al. 1982, A&A 105, 359, eq. (14).
    """
    utc_s = gps - leap_seconds(gps)
    centuries = (_EPOCH_DAYS_AFTER_J2000 + utc_s / 86400) / 36525
    seconds = 24110.54841 + centuries * (
        8640184.812866 + centuries * (0.093104 - 6.2e-6 * centuries)
    )
    return math.fmod(2 * math.pi * (seconds + utc_s % 86400) / 86400, 2 * math.pi)
