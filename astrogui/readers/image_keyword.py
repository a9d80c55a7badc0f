"""What a FITS header says of an image besides its sky: band, unit, zero point, gain, saturation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

Headers = Sequence[Mapping[str, Any]]

NANOMAGGY_ZERO_POINT = 22.5  # AB magnitude of one nanomaggy, by definition
COUNTS = {"", "adu", "adus", "dn", "count", "counts", "ct"}
MOST_CARDS = 3000
_BAND_KEYWORDS = (
    "FILTER", "BAND", "FILTER1", "FILTER2", "FILTNAM1", "FILT_ID", "FILTNAM", "FILTERS",
    "FPA.FILTER", "FPA.FILTERID", "ESO INS FILT1 NAME", "INSFLNAM", "FILTER3",
)  # fmt: skip
_NOT_BANDS = {"", "none", "clear", "open", "n/a", "unknown", "clear1l", "clear2l", "clear1s",
              "clear2s", "mirror", "null", "empty"}  # fmt: skip


def word(headers: Headers, *keywords: str) -> str:
    """The first text found under the keywords, "" where there is none."""
    for keyword in keywords:
        for header in headers:
            value = header.get(keyword)
            if isinstance(value, str) and value.strip():
                return value.strip()
    return ""


def number(headers: Headers, *keywords: str, default: float | None = None) -> float | None:
    """The first finite number under the keywords; None where one is there but not finite."""
    for keyword in keywords:
        for header in headers:
            value = header.get(keyword)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(value) if math.isfinite(value) else None
    return default


def band(headers: Headers) -> str:
    """The band's short name ("r", "F814W", "NIR_Y"), "" where the header names none."""
    for keyword in _BAND_KEYWORDS:
        for header in headers:
            value = header.get(keyword)
            if isinstance(value, str) and value.strip().lower() not in _NOT_BANDS:
                return _short(value.strip())
    unwise = any(str(key).startswith("UNW_") for header in headers[:1] for key in header)
    channel = headers[0].get("BAND") if headers else None
    if unwise and isinstance(channel, int) and 1 <= channel <= 4:
        return f"W{channel}"
    name = word(headers[:1], "EXTNAME")
    survey = re.fullmatch(r"(?:SDSS|DES|PS1|HSC|KIDS|DECAM|MEGACAM)_([UGRIZY])(?:_.*)?", name)
    if survey:
        return survey[1].lower() if survey[1] != "Y" else "Y"
    return ""


def _short(text: str) -> str:
    """ "r DECam SDSS c0002 6415.0" is r, "DECAM_g" is g, "OCAM_g_SDSS" is g, "zd" is z."""
    first = text.split(maxsplit=1)[0].partition(".")[0] or text
    if first in {"zd", "zD"}:
        return "z"
    camera = re.fullmatch(r"[A-Za-z0-9]+_([ugrizyUGRIZY])(?:_\w+)?", first)
    if camera and not first.upper().startswith("NIR_"):
        return camera[1].lower() if camera[1] not in {"y", "Y"} else camera[1]
    return first[:24]


def unit(headers: Headers) -> str:
    """BUNIT as written, without blanks around it."""
    text = word(headers[:1], "BUNIT")
    return "nanomaggy" if text.lower() in {"nanomaggy", "nanomaggies", "nmgy"} else text[:40]


def zero_point(headers: Headers, image_unit: str) -> tuple[float | None, tuple[str, ...]]:
    """AB magnitude of one unit, and a note where the header leaves the system open.

    HST: zero = -2.5 log10 PHOTFLAM - 5 log10 PHOTPLAM - 2.408 (ACS Data Handbook, section 5.1).
    """
    if image_unit == "nanomaggy":
        return NANOMAGGY_ZERO_POINT, ()
    system = word(headers, "MAGSYS", "PHOTSYS", "MAGZPSYS").upper()
    if "VEGA" in system:
        return None, ("the zero point is of the Vega system and is not used",)
    flam, plam = number(headers, "PHOTFLAM"), number(headers, "PHOTPLAM")
    if flam and plam and flam > 0 and plam > 0 and image_unit.upper().endswith("/S"):
        return -2.5 * math.log10(flam) - 5 * math.log10(plam) - 2.408, ()
    for keyword in ("MAGZERO", "MAGZPT", "PHOTZP", "ABMAGZP"):
        value = number(headers, keyword)
        if value is not None and 5 < abs(value) < 60:
            if keyword == "MAGZPT" and word(headers, "INSTRUME").lower() == "decam":
                value += 2.5 * math.log10(max(number(headers, "EXPTIME") or 1.0, 1e-6))
            note = () if system == "AB" else (f"zero point from {keyword}, taken as AB",)
            return value, note
    return None, ()


def gain(headers: Headers, image_unit: str) -> float | None:
    """Electrons per unit, where the image is in counts and the header gives it."""
    value = number(headers, "GAIN", "EGAIN", "CCDGAIN")
    if value is None or not 0 < value < 1e4 or image_unit.lower() not in COUNTS:
        return None
    return value


def saturation(headers: Headers, image_unit: str) -> float | None:
    """The saturation level, where it is in the image's own unit."""
    value = number(headers, "SATURATE", "SATUR_DN", "SATLEVEL")
    if value is None or value <= 0 or image_unit.lower() not in COUNTS:
        return None
    return value


def shown_header(header: Any) -> tuple[tuple[str, str, str], ...]:
    """Keyword, value and comment of each card, as text to show."""
    shown = []
    for card in header.cards[:MOST_CARDS]:
        shown.append((str(card.keyword), str(card.value), str(card.comment)))
    return tuple(shown)
