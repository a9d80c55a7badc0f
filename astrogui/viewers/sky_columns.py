"""Which columns of a table are the position on the sky, and that position in ICRS degrees."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Catalogue, Column
from astrogui.science.region_numbers import position
from astrogui.science.sky_frames import turned

FRAMES = (("ICRS", "icrs"), ("FK5 (J2000)", "fk5"), ("Galactic", "galactic"),
          ("Ecliptic", "ecliptic"))  # fmt: skip
# (pattern of the longitude's name, of the latitude's, frame), the surest first
_NAMES = (
    (r"ra_?icrs", r"(dec?|de)_?icrs", "icrs"),
    (r"_?raj2000", r"_?dec?j2000", "fk5"),
    (r"ra(_?deg|_?j2000|_?mean)?", r"dec(_?deg|_?j2000|_?mean)?", "icrs"),
    (r"right_?ascension", r"declination", "icrs"),
    (r"alpha(_?j2000)?|alphawin_j2000", r"delta(_?j2000)?|deltawin_j2000", "icrs"),
    (r"radeg|ra_\w+", r"dedeg|decdeg|dec_\w+", "icrs"),
    (r"glon|gal_?l|l", r"glat|gal_?b|b", "galactic"),
    (r"elon|ecl_?lon|lambda", r"elat|ecl_?lat|beta", "ecliptic"),
)  # fmt: skip
_UCDS = (("pos.eq.ra", "pos.eq.dec", "icrs"), ("pos.galactic.lon", "pos.galactic.lat", "galactic"),
         ("pos.ecliptic.lon", "pos.ecliptic.lat", "ecliptic"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class SkyColumns:
    """The columns of longitude and latitude, and the frame they are in."""

    longitude: str
    latitude: str
    frame: str = "icrs"


def guessed_columns(catalogue: Catalogue) -> SkyColumns | None:
    """By UCD, then by name; None where neither tells."""
    usable = [column for column in catalogue.columns if column.type in {"float", "int", "text"}]
    for first, second, frame in _UCDS:
        pair = _by_ucd(usable, first), _by_ucd(usable, second)
        if pair[0] and pair[1]:
            return SkyColumns(pair[0], pair[1], frame)
    for first, second, frame in _NAMES:
        pair = _by_name(usable, first), _by_name(usable, second)
        if pair[0] and pair[1]:
            return SkyColumns(pair[0], pair[1], frame)
    return None


def _by_ucd(columns: list[Column], ucd: str) -> str:
    """The main one first where several have the UCD; errors have it behind "stat.error"."""
    found = [c for c in columns if c.ucd.lower().split(";")[0] == ucd]
    found.sort(key=lambda column: "meta.main" not in column.ucd.lower())
    return found[0].name if found else ""


def _by_name(columns: list[Column], pattern: str) -> str:
    return next((c.name for c in columns if re.fullmatch(pattern, c.name.strip(), re.I)), "")


def sky_positions(
    catalogue: Catalogue, chosen: SkyColumns
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ICRS right ascension and declination in degrees, NaN where a row has none; for a pool.

    Degrees unless the column's unit is radian or hour; texts may be sexagesimal. Raises
    ``ValueError`` in words where the columns hold no positions.
    """
    longitude = _degrees(catalogue, chosen.longitude, chosen.frame, first=True)
    latitude = _degrees(catalogue, chosen.latitude, chosen.frame, first=False)
    known = np.isfinite(longitude) & np.isfinite(latitude) & (np.abs(latitude) <= 90.0)
    known &= np.abs(longitude) <= 360.0
    if not known.any():
        raise ValueError(
            f'no row has a position in the columns "{chosen.longitude}" and "{chosen.latitude}": '
            "choose others"
        )
    longitude, latitude = np.where(known, longitude, np.nan), np.where(known, latitude, np.nan)
    ra, dec = turned(longitude, latitude, chosen.frame, "icrs")
    return ra, dec


def _degrees(catalogue: Catalogue, name: str, frame: str, *, first: bool) -> NDArray[np.float64]:
    column, values = catalogue.column(name), catalogue.values[name]
    if column.type == "text":
        return _parsed(values, frame, first)
    degrees = values.astype(np.float64)
    degrees[catalogue.nulls.get(name, np.zeros(len(values), bool))] = np.nan
    unit = column.unit.strip().lower()
    if unit in {"rad", "radian", "radians"}:
        return np.degrees(degrees)
    if unit in {"h", "hr", "hour", "hourangle", "hours"}:
        return degrees * 15.0
    return degrees


def _parsed(texts: NDArray[np.str_], frame: str, first: bool) -> NDArray[np.float64]:
    """Sexagesimal or decimal texts; hours for a right ascension with colons or blanks."""
    degrees = np.full(len(texts), np.nan)
    for row, text in enumerate(texts.tolist()):
        words = re.sub(r"\s+", ":", text.strip())
        try:
            pair = position(words, "0", frame) if first else position("0", words, frame)
        except ValueError:
            continue
        degrees[row] = pair[0] if first else pair[1]
    return degrees
