"""Arrays out of a FITS file whose headers and sizes have been checked.

The plain layouts that spectra come in (images, table columns of fixed length) are a block of bytes
of a known type at a known place, so they are read from there: a spectrum costs no more than its own
bytes, and no library walks structures that an untrusted header describes. Source of the layout:
FITS standard 4.0 (Pence et al. 2010, A&A 524, A42, update of 2018), sections 3.3, 4.4, 7.2, 7.3.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, MissingMetadata, TooLarge
from astrogui.readers.fits_cards import keywords_of
from astrogui.readers.fits_keywords import Keywords, number, text
from astrogui.readers.fits_structure import SMALL_HEADER_BYTES, Hdu, name_of
from astrogui.readers.reader import Head

MAX_BYTES = 2 << 30  # of one array of a spectrum: a survey plate of a thousand spectra is 0.02 GiB

_IMAGE_TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_COLUMN_TYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "L": "u1"}
_SIZES = {"A": 1} | {code: np.dtype(kind).itemsize for code, kind in _COLUMN_TYPES.items()}
_WIDTHS = {"C": 8, "M": 16, "P": 8, "Q": 16}
_TFORM = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")
_ASCII_TFORM = re.compile(r"\s*([AIFED])(\d+)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its name as written, type, unit and place in a row."""

    name: str
    number: int  # 1-based, as in TTYPEn
    code: str  # the letter of TFORMn
    length: int  # elements a row (characters for "A")
    offset: int  # bytes from the begin of a row
    width: int  # bytes
    unit: str


def is_table(header: Keywords) -> bool:
    return text(header, "XTENSION") in {"BINTABLE", "TABLE"} and header.get("ZIMAGE") is not True


def is_image(header: Keywords) -> bool:
    """Whether an array of pixels follows (a primary without axes is none)."""
    return not is_table(header) and text(header, "XTENSION") in {"", "IMAGE"} and bool(axes(header))


def axes(header: Keywords) -> tuple[int, ...]:
    """Lengths of the axes, the fastest first."""
    count = int(number(header, "NAXIS") or 0)
    return tuple(int(number(header, f"NAXIS{n}") or 0) for n in range(1, count + 1))


def columns(header: Keywords) -> dict[str, Column]:
    """The columns of a table by their names in lower case; the first of equal names counts."""
    found: dict[str, Column] = {}
    offset = 0
    ascii_table = text(header, "XTENSION") == "TABLE"
    for n in range(1, int(number(header, "TFIELDS") or 0) + 1):
        form = text(header, f"TFORM{n}")
        match = (_ASCII_TFORM if ascii_table else _TFORM).match(form)
        if match is None:
            break
        if ascii_table:
            code, length, width = match[1], 1, int(match[2])
            offset = int(number(header, f"TBCOL{n}") or 1) - 1
        else:
            code, length = match[2], int(match[1] or 1)
            width = _column_width(code, length)
        name = text(header, f"TTYPE{n}")
        column = Column(name, n, code, length, offset, width, text(header, f"TUNIT{n}"))
        found.setdefault(name.lower(), column)
        if not ascii_table:
            offset += width
    return found


def columns_of(hdu: Hdu) -> dict[str, Column]:
    """``columns`` of an HDU, made once for equal headers: not to be changed."""
    small = len(hdu.cards) <= SMALL_HEADER_BYTES
    return _same_columns(hdu.cards) if small else columns(hdu.keywords)


@lru_cache(maxsize=32)
def _same_columns(cards: bytes) -> dict[str, Column]:
    return columns(keywords_of(cards))


def _column_width(code: str, length: int) -> int:
    if code == "X":
        return (length + 7) // 8
    return length * (_WIDTHS.get(code) or _SIZES[code])


def image(head: Head, hdu: Hdu, row: int | None = None) -> NDArray[Any]:
    """The pixels of an image HDU, slowest axis first; with ``row``, that row along the last axis.

    Scaled by BSCALE and BZERO; BLANK becomes NaN. Raises ``Damaged`` or ``TooLarge``.
    """
    shape = axes(hdu.keywords)[::-1]
    kind = np.dtype(_IMAGE_TYPES[int(number(hdu.keywords, "BITPIX") or 8)])
    start, count = 0, math.prod(shape) * kind.itemsize
    if row is not None:
        if len(shape) != 2 or not 0 <= row < shape[0]:
            raise Damaged(
                head.path, name_of(hdu), f"no row {row + 1} in axes {shape}", "Check the file."
            )
        count = shape[1] * kind.itemsize
        start, shape = row * count, shape[1:]
    stored = np.frombuffer(_bytes(head, hdu, start, count), kind).reshape(shape)
    return _scaled(
        stored,
        number(hdu.keywords, "BSCALE"),
        number(hdu.keywords, "BZERO"),
        number(hdu.keywords, "BLANK"),
    )


def column(head: Head, hdu: Hdu, wanted: Column, row: int | None = None) -> NDArray[Any]:
    """One column: (rows,) or (rows, length); of one row, (length,) or a scalar array.

    Numbers are scaled by TSCAL and TZERO, TNULL becomes NaN; texts come as ``str`` without their
    padding. Raises ``Damaged``, ``TooLarge``, or ``MissingMetadata`` for a column of no fixed type.
    """
    width, rows = axes(hdu.keywords)[:2]
    first, count = (0, rows) if row is None else (row, 1)
    if not 0 <= first <= rows - count:
        raise Damaged(head.path, name_of(hdu), f"no row {first + 1} of {rows}", "Check the file.")
    if wanted.offset < 0 or wanted.offset + wanted.width > width:
        raise Damaged(
            head.path, name_of(hdu), f"column {wanted.name} outside the row", "Fetch it again."
        )
    raw = _bytes(head, hdu, first * width, count * width)
    cells = np.frombuffer(raw, np.uint8).reshape(count, width)
    block = np.ascontiguousarray(cells[:, wanted.offset : wanted.offset + wanted.width])
    if text(hdu.keywords, "XTENSION") == "TABLE":
        values = _ascii_values(head, hdu, wanted, block)
    elif wanted.code == "A":
        values = np.array([_string(cell) for cell in block], dtype=str)
    elif wanted.code in _COLUMN_TYPES:
        kind = np.dtype(_COLUMN_TYPES[wanted.code])
        stored = block.view(kind).reshape(count, wanted.length)
        n = wanted.number
        values = _scaled(
            stored if wanted.length != 1 else stored[:, 0],
            number(hdu.keywords, f"TSCAL{n}"),
            number(hdu.keywords, f"TZERO{n}"),
            number(hdu.keywords, f"TNULL{n}"),
        )
    else:
        raise MissingMetadata(
            head.path,
            f"{name_of(hdu)}, column {wanted.name}",
            f"cells of type {wanted.code} cannot be read as a spectrum",
            "Write the column as plain numbers.",
        )
    return values if row is None else values[0]


def numbers(head: Head, hdu: Hdu, wanted: Column, row: int | None = None) -> NDArray[Any]:
    """``column`` where numbers are due; raises ``Damaged`` for a column of texts."""
    if wanted.code == "A":
        raise Damaged(
            head.path,
            f"{name_of(hdu)}, column {wanted.name}",
            "texts where numbers are due",
            "Fetch the file again.",
        )
    return column(head, hdu, wanted, row)


def _string(cell: NDArray[np.uint8]) -> str:
    return cell.tobytes().split(b"\0")[0].decode("ascii", "replace").strip()


def _ascii_values(head: Head, hdu: Hdu, wanted: Column, block: NDArray[np.uint8]) -> NDArray[Any]:
    words = [_string(cell) for cell in block]
    if wanted.code == "A":
        return np.array(words, dtype=str)
    null = text(hdu.keywords, f"TNULL{wanted.number}")
    try:
        return np.array(
            [
                math.nan if not word or word == null else float(word.replace("D", "E"))
                for word in words
            ]
        )
    except ValueError as error:
        raise Damaged(
            head.path,
            f"{name_of(hdu)}, column {wanted.name}",
            f"not a number ({error})",
            "Fetch the file again.",
        ) from error


def _scaled(
    stored: NDArray[Any], scale: float | None, zero: float | None, blank: float | None
) -> NDArray[Any]:
    whole = stored.dtype.kind in "iu"
    if (scale is None or scale == 1) and not zero and (blank is None or not whole):
        return stored
    if whole and zero and (scale is None or scale == 1) and blank is None and zero % 1 == 0:
        return stored.astype(np.int64) + int(zero) if abs(zero) < 2**62 else stored.astype(float)
    values = stored * np.float64(1 if scale is None else scale) + (zero or 0.0)
    if whole and blank is not None:
        values = np.where(stored == blank, np.nan, values)
    return np.asarray(values)


def _bytes(head: Head, hdu: Hdu, start: int, count: int) -> bytes | memoryview:
    if count > MAX_BYTES:
        raise TooLarge(
            head.path,
            name_of(hdu),
            f"{count / 2**30:.3g} GiB for one array of a spectrum",
            "Check the header, or cut the file into parts.",
        )
    begin = hdu.data_offset + start
    if head.compression:
        data: bytes | memoryview = memoryview(head.content)[begin : begin + count]
    else:
        with open(head.path, "rb") as file:
            file.seek(begin)
            data = file.read(count)
    if len(data) < count or start + count > hdu.data_bytes:
        raise Damaged(
            head.path,
            f"{name_of(hdu)}, byte {begin}",
            f"{count} bytes are due, {len(data)} are there",
            "The file was cut or changed while it was open; fetch it again.",
        )
    return data
