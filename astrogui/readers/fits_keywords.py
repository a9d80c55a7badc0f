"""Single values out of FITS headers, as numbers, texts and positions, without surprises."""

from __future__ import annotations

import math
from collections.abc import Mapping

from astrogui.readers.fits_cards import Keyword

Keywords = Mapping[str, Keyword]


def number(header: Keywords, *keywords: str) -> float | None:
    """The first of these keywords that holds a finite number, else None."""
    for keyword in keywords:
        value = header.get(keyword)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def text(header: Keywords, *keywords: str) -> str:
    """The first of these keywords with something in it, as text; "" without."""
    for keyword in keywords:
        value = header.get(keyword)
        if value is not None and (found := str(value).strip()):
            return found
    return ""


def shown_header(*headers: Keywords) -> dict[str, str]:
    """The cards of headers as texts, for display only; the first of equal keywords counts."""
    shown: dict[str, str] = {}
    for header in reversed(headers):
        shown.update((keyword, str(value)) for keyword, value in header.items())
    return shown


def coordinates(ra: float | None, dec: float | None) -> tuple[float | None, float | None]:
    """A position in degrees, (None, None) when it is none."""
    if ra is None or dec is None or not (0 <= ra <= 360 and -90 <= dec <= 90):
        return None, None
    return float(ra), float(dec)


def position(header: Keywords, *pairs: tuple[str, str]) -> tuple[float | None, float | None]:
    """Degrees from the first pair of keywords that holds a position, as numbers or sexagesimal.

    A right ascension with colons or spaces is in hours; a number is in degrees.
    """
    for ra_keyword, dec_keyword in pairs:
        ra = number(header, ra_keyword)
        dec = number(header, dec_keyword)
        if ra is None:
            ra = degrees(text(header, ra_keyword), hours=True)
        if dec is None:
            dec = degrees(text(header, dec_keyword), hours=False)
        found = coordinates(ra, dec)
        if found[0] is not None:
            return found
    return None, None


def degrees(value: str, *, hours: bool) -> float | None:
    """Degrees of "hh:mm:ss.s" or "dd:mm:ss", or of a plain number of degrees; None when neither."""
    words = value.replace(":", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) not in {2, 3} or not all(math.isfinite(part) for part in numbers):
        return None
    size = sum(abs(part) / 60**power for power, part in enumerate(numbers))
    return (-size if words[0].startswith("-") else size) * (15.0 if hours else 1.0)


def frame(*headers: Keywords) -> str:
    """The velocity frame of the wavelengths after SPECSYS: a name of the record, or "unknown"."""
    for header in headers:
        word = text(header, "SPECSYS").upper()
        for begin, name in (
            ("BARY", "barycentric"),
            ("HELIO", "heliocentric"),
            ("TOPO", "topocentric"),
        ):
            if word.startswith(begin):
                return name
    return "unknown"
