"""The cards of a FITS header: what is well formed becomes values, what is not is left out.

Bytes in, plain values or astropy's header out; nothing here knows of a file or trusts one. Source:
FITS standard 4.0 (Pence et al. 2010, A&A 524, A42, and its update of 2018), section 4.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.io.fits import Header

CARD = 80
Keyword = str | int | float | bool

_VALUE = re.compile(
    rb" *(?:'((?:[^']|'')*)'|([TF])|([+-]?\d+)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?)|"
    rb"(\( *[+-]?[\d.EeDd+-]+ *, *[+-]?[\d.EeDd+-]+ *\)))? *(?:/.*)?"
)
_KEYWORD = re.compile(rb"[A-Z0-9_-]+ *")
_HIERARCH = re.compile(rb"HIERARCH +[\x21-\x3c\x3e-\x7e]+(?: +[\x21-\x3c\x3e-\x7e]+)* *=")
_CONTINUE = re.compile(rb"CONTINUE  +'((?:[^']|'')*)' *(?:/.*)?")
_PRINTABLE = bytes(
    byte if 32 <= byte < 127 else ord("?" if byte > 127 else " ") for byte in range(256)
)


def keywords_of(raw: bytes) -> dict[str, Keyword]:
    """The values of the cards that follow the standard; complex numbers are left out."""
    found: dict[str, Keyword] = {}
    long_text = ""  # keyword whose text goes on in CONTINUE cards
    cards = [raw[start : start + CARD] for start in range(0, len(raw), CARD)]
    for card, told in zip(cards, map(_told, cards), strict=True):
        if told is None:
            goes_on = _CONTINUE.fullmatch(card) if long_text else None
            if goes_on is not None:
                found[long_text] = str(found[long_text])[:-1] + _quoted(goes_on[1])
            if goes_on is None or not str(found[long_text]).endswith("&"):
                long_text = ""
            continue
        long_text = ""
        keyword, value = told
        if value is not None and keyword not in found:
            found[keyword] = value
            if isinstance(value, str) and value.endswith("&"):
                long_text = keyword
    return found


@lru_cache(maxsize=8192)  # spectra of one survey share most of their cards
def _told(card: bytes) -> tuple[str, Keyword | None] | None:
    """Keyword and value of a card, None where it has no keyword that may have one."""
    if card[8:10] == b"= " and (name := _KEYWORD.fullmatch(card[:8])):
        keyword, match = name[0].decode().rstrip(), _VALUE.fullmatch(card[10:])
    elif card.startswith(b"HIERARCH ") and (name := _HIERARCH.match(card)):
        keyword = name[0][9:-1].decode().strip()
        match = _VALUE.fullmatch(card[name.end() :])
    else:
        return None
    return keyword, _value(match) if match else None


def header_of(raw: bytes) -> Header:
    """The cards that follow the standard; others are left out, for their values would raise."""
    from astropy.io.fits import Header

    kept: list[bytes] = []
    text_before = False
    for start in range(0, len(raw), CARD):
        card = raw[start : start + CARD].ljust(CARD)
        if card.startswith(b"CONTINUE"):
            if text_before and _CONTINUE.fullmatch(card):
                kept.append(card)
            continue
        text_before = False
        if card[8:10] == b"= ":
            if _KEYWORD.fullmatch(card[:8]) and _VALUE.fullmatch(card[10:]):
                kept.append(card)
                text_before = b"'" in card[10:]
        elif card.startswith(b"HIERARCH "):
            name = _HIERARCH.match(card)
            if name and _VALUE.fullmatch(card[name.end() :]):
                kept.append(card)
        elif card[:8] in {b"COMMENT ", b"HISTORY ", b"        "}:
            kept.append(card)
    text = b"".join(kept).translate(_PRINTABLE).decode("ascii")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Header.fromstring(text)


def printable(raw: bytes) -> str:
    """The text of cards; what is no printable character becomes a question mark or a space."""
    return raw.translate(_PRINTABLE).decode("ascii")


def _value(match: re.Match[bytes]) -> Keyword | None:
    quoted, logical, whole, real = match.group(1, 2, 3, 4)
    if quoted is not None:
        return _quoted(quoted)
    if logical is not None:
        return logical == b"T"
    if whole is not None:
        return int(whole) if len(whole) < 40 else None
    return None if real is None else float(real.replace(b"D", b"E").replace(b"d", b"e"))


def _quoted(raw: bytes) -> str:
    return raw.replace(b"''", b"'").translate(_PRINTABLE).decode("ascii").rstrip()
