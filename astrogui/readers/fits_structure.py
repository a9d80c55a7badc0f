"""The HDUs of a FITS file by our own reading of its headers, each size checked against the bytes.

Only headers are parsed; data are passed over by position (or unpacked and counted, when the file is
compressed), so no memory is asked for on the word of a header. Source of the layout: FITS standard
4.0 (Pence et al. 2010, A&A 524, A42, and its update of 2018), sections 3, 4 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from astrogui.errors import Damaged, FileProblem, TooLarge
from astrogui.readers.fits_cards import CARD, Keyword, header_of, keywords_of

if TYPE_CHECKING:
    from astropy.io.fits import Header

BLOCK = 2880
MAX_HEADER_BYTES = 8 << 20
SMALL_HEADER_BYTES = 1 << 17  # whose keywords are kept for the next reader and file
MAX_HDUS = 5000
MAX_AXES = 20
IMPOSSIBLE_BYTES = 1 << 44  # 16 TiB: no archive serves such an HDU
MAX_IMAGE_BYTES = 4 << 30  # of a tile-compressed image once unpacked
FETCH_AGAIN = "Fetch the file again or ask its writer."

_TFORM = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")
_WIDTHS = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}


@dataclass(frozen=True)
class Hdu:
    """One header and where its data lie in the unpacked file."""

    index: int
    cards: bytes  # of the header, 80 bytes each, without END
    data_offset: int
    data_bytes: int  # without the padding to a whole block

    @cached_property
    def keywords(self) -> dict[str, Keyword]:
        """Value by keyword, the first of equal keywords: far quicker than the whole header.

        Shared among equal headers: not to be changed.
        """
        kept = len(self.cards) <= SMALL_HEADER_BYTES
        return _same_keywords(self.cards) if kept else keywords_of(self.cards)

    @cached_property
    def header(self) -> Header:
        """The cards that follow the standard, as astropy has them."""
        return header_of(self.cards)


class _Head(Protocol):
    """What is asked of ``readers.reader.Head``."""

    path: str
    size_bytes: int

    @property
    def compression(self) -> str: ...
    @property
    def fits_hdus(self) -> tuple[Hdu, ...]: ...
    def chunks(self) -> Iterator[bytes]: ...


@lru_cache(maxsize=32)  # a file is recognised, then read; tables of one survey share headers
def _same_keywords(cards: bytes) -> dict[str, Keyword]:
    return keywords_of(cards)


def checked_headers(head: _Head) -> tuple[Header, ...]:
    """The headers of all HDUs. Raises ``Damaged`` or ``TooLarge`` where sizes do not agree."""
    return tuple(hdu.header for hdu in head.fits_hdus)


def checked_hdus(head: _Head) -> tuple[Hdu, ...]:
    """All HDUs with their places. Raises ``Damaged`` or ``TooLarge`` where sizes do not agree."""
    if head.compression:
        return tuple(_walk(head, _Unpacked(head.chunks())))
    with open(head.path, "rb") as file:
        return tuple(_walk(head, _OnDisk(file, head.size_bytes)))


def first_hdu(head: _Head) -> Hdu:
    """The first HDU of an uncompressed file; raises as ``checked_hdus`` does."""
    with open(head.path, "rb") as file:
        return next(_walk(head, _OnDisk(file, head.size_bytes)))


def name_of(hdu: Hdu) -> str:
    """``HDU 2 (SCI)``, for messages."""
    name = str(hdu.keywords.get("EXTNAME", "")).strip()
    return f"HDU {hdu.index} ({name})" if name else f"HDU {hdu.index}"


def is_tile_compressed(header: Header) -> bool:
    return header.get("ZIMAGE") is True and str(header.get("XTENSION", "")).strip() == "BINTABLE"


def axes_of(header: Header) -> tuple[int, ...]:
    """Lengths of the axes of the image, first axis first; those of the unpacked one for ZIMAGE."""
    prefix = "Z" if is_tile_compressed(header) else ""
    count = header.get(f"{prefix}NAXIS", 0)
    lengths = [header.get(f"{prefix}NAXIS{n}", 0) for n in range(1, min(count, MAX_AXES) + 1)]
    return tuple(int(length) for length in lengths)


def contents(hdus: Sequence[Hdu]) -> str:
    """What the HDUs hold, in words: "HDU 0: no data; HDU 1 (COADD): a table of 12 rows"."""
    return "; ".join(f"{name_of(hdu)}: {_what(hdu.header)}" for hdu in hdus[:8])


def _what(header: Header) -> str:
    axes = axes_of(header)
    if header.get("GROUPS") is True and axes[:1] == (0,):
        return "random groups (visibilities of an interferometer, not an image)"
    if str(header.get("XTENSION", "")).strip() in {"BINTABLE", "TABLE"} and not is_tile_compressed(
        header
    ):
        return f"a table of {axes[1]} rows"
    if not axes or not all(axes):
        return "no data"
    return f"an array of {' x '.join(map(str, axes))}"


class _Bytes(Protocol):
    position: int

    def read(self, count: int) -> bytes: ...
    def skip(self, count: int) -> int:
        """Passes over up to ``count`` bytes; how many there were."""


class _OnDisk:
    """An uncompressed file: data are passed over by seeking."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self.position = 0

    def read(self, count: int) -> bytes:
        data = self._file.read(count)
        self.position += len(data)
        return data

    def skip(self, count: int) -> int:
        there = min(count, max(0, self._size - self.position))
        self.position += there
        self._file.seek(self.position)
        return there


class _Unpacked:
    """A compressed file: unpacked once from its start to its end, a piece in memory at a time."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._chunk, self._used = chunks, b"", 0
        self.position = 0

    def read(self, count: int) -> bytes:
        return b"".join(self._pieces(count))

    def skip(self, count: int) -> int:
        return sum(len(piece) for piece in self._pieces(count))

    def _pieces(self, count: int) -> Iterator[memoryview]:
        while count > 0:
            if self._used == len(self._chunk):
                self._chunk, self._used = next(self._chunks, b""), 0
                if not self._chunk:
                    return
            piece = memoryview(self._chunk)[self._used : self._used + count]
            self._used += len(piece)
            self.position += len(piece)
            count -= len(piece)
            yield piece


def _walk(head: _Head, data: _Bytes) -> Iterator[Hdu]:
    count = 0
    while (raw := _raw_header(head, data, count)) is not None:
        hdu = _checked(head, Hdu(count, raw, data.position, 0))
        there = data.skip(hdu.data_bytes)
        if there < hdu.data_bytes:
            raise Damaged(
                head.path,
                f"{name_of(hdu)}, byte {data.position}",
                f"the data end {hdu.data_bytes - there} bytes too soon: the header promises "
                f"{hdu.data_bytes}, there are {there}",
                "The file was cut; fetch it again.",
            )
        padding = -hdu.data_bytes % BLOCK
        if data.skip(padding) < padding:  # all pixels may be there, but what followed them is not
            raise Damaged(
                head.path,
                f"{name_of(hdu)}, byte {data.position}",
                f"the file ends inside a block (FITS files consist of whole blocks of {BLOCK})",
                "The file was cut; fetch it again.",
            )
        yield hdu
        count += 1
        if count > MAX_HDUS:
            raise TooLarge(head.path, f"HDU {count}", f"more than {MAX_HDUS} HDUs", FETCH_AGAIN)


def _raw_header(head: _Head, data: _Bytes, index: int) -> bytes | None:
    """The bytes of the next header through its END card, None at the end of the file."""
    begin = data.position
    first = b"SIMPLE  =" if index == 0 else b"XTENSION="
    blocks: list[bytes] = []
    while True:
        block = data.read(BLOCK)
        if not blocks and index and not block.strip(b"\0 \r\n\t\x1a"):
            rest = data.read(BLOCK)
            while rest and not rest.strip(b"\0 \r\n\t\x1a"):  # padding after the last HDU
                rest = data.read(BLOCK)
            if not rest:
                return None
        if not blocks and not block.startswith(first):
            raise Damaged(
                head.path,
                f"HDU {index}, byte {begin}",
                f"no header begins here (expected {first.decode().split()[0].rstrip('=')})",
                FETCH_AGAIN,
            )
        if (end := _end_card(block)) is not None:
            return b"".join(blocks) + block[:end]
        if len(block) < BLOCK:
            raise Damaged(
                head.path,
                f"HDU {index}, byte {data.position}",
                "the file ends inside a header, without an END card",
                "The file was cut; fetch it again.",
            )
        blocks.append(block)
        if len(blocks) * BLOCK > MAX_HEADER_BYTES:
            raise TooLarge(
                head.path, f"HDU {index}", "a header without end (over 8 MB)", FETCH_AGAIN
            )


def _end_card(block: bytes) -> int | None:
    """Where the END card of a block begins."""
    start = block.find(b"END     ")
    while start >= 0 and (start % CARD or start > len(block) - CARD):
        start = block.find(b"END     ", start + 1)
    return start if start >= 0 else None


def _checked(head: _Head, hdu: Hdu) -> Hdu:
    header = hdu.keywords
    bits = _whole(head, hdu, "BITPIX", {8, 16, 32, 64, -32, -64})
    axes = [_axis(head, hdu, f"NAXIS{n}") for n in range(1, _axis(head, hdu, "NAXIS") + 1)]
    if len(axes) > MAX_AXES:
        raise _contradiction(head, hdu, f"NAXIS = {len(axes)}")
    parameters = _optional(head, hdu, "PCOUNT", 0)
    groups = _optional(head, hdu, "GCOUNT", 1)
    elements = 0
    random_groups = hdu.index == 0 and header.get("GROUPS") is True and axes[:1] == [0]
    if axes:
        elements = 1
        for length in axes[1:] if random_groups else axes:
            elements *= length
    if hdu.index == 0 and not random_groups:
        parameters, groups = 0, 1
    size = abs(bits) // 8 * groups * (parameters + elements)
    if size > IMPOSSIBLE_BYTES:
        raise TooLarge(
            head.path,
            name_of(hdu),
            f"the header asks for {size / 2**40:.3g} TiB (axes {', '.join(map(str, axes))})",
            "The header is broken; fetch the file again.",
        )
    if hdu.index and str(header.get("XTENSION", "")).strip() == "BINTABLE":
        _check_table(head, hdu, axes)
    checked = replace(hdu, data_bytes=size)
    checked.__dict__["keywords"] = header  # parsed once
    return checked


def _check_table(head: _Head, hdu: Hdu, axes: list[int]) -> None:
    """The widths of the columns must add up to the length of a row."""
    fields = _optional(head, hdu, "TFIELDS", 0)
    if len(axes) != 2 or not 0 <= fields <= 999:
        raise _contradiction(head, hdu, f"a table of {len(axes)} axes and {fields} columns")
    width = 0
    for n in range(1, fields + 1):
        column = _column_bytes(str(hdu.keywords.get(f"TFORM{n}", "")))
        if column is None:
            raise _contradiction(head, hdu, f"column {n} without a known TFORM{n}")
        width += column
    if width != axes[0]:
        raise _contradiction(head, hdu, f"columns of {width} bytes in rows of {axes[0]}")
    if hdu.keywords.get("ZIMAGE") is True:
        _check_tiles(head, hdu, rows=axes[1])


@lru_cache(maxsize=256)
def _column_bytes(form: str) -> int | None:
    """Bytes a row of a column of that TFORM; None where it is none."""
    match = _TFORM.match(form)
    if match is None:
        return None
    repeat, code = int(match[1] or 1), match[2]
    if code == "X":
        return (repeat + 7) // 8
    if code in "PQ":
        return repeat * (8 if code == "P" else 16)
    return repeat * _WIDTHS[code]


def _check_tiles(head: _Head, hdu: Hdu, rows: int) -> None:
    """One row a tile, and an unpacked size that fits memory."""
    count = _axis(head, hdu, "ZNAXIS")
    bits = _whole(head, hdu, "ZBITPIX", {8, 16, 32, 64, -32, -64})
    size, tiles = abs(bits) // 8, 1
    for n in range(1, min(count, MAX_AXES) + 1):
        length = _axis(head, hdu, f"ZNAXIS{n}")
        tile = _optional(head, hdu, f"ZTILE{n}", length if n == 1 else 1)
        if tile < 1:
            raise _contradiction(head, hdu, f"ZTILE{n} = {tile}")
        size *= length
        tiles *= -(-length // tile)
    if size > MAX_IMAGE_BYTES:
        raise TooLarge(
            head.path,
            name_of(hdu),
            f"the compressed image unpacks to {size / 2**30:.3g} GiB",
            "Cut the region of interest out with another program.",
        )
    if tiles != rows:
        raise _contradiction(head, hdu, f"{tiles} tiles announced, {rows} stored")


def _whole(head: _Head, hdu: Hdu, keyword: str, allowed: set[int]) -> int:
    value: Any = hdu.keywords.get(keyword)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise _contradiction(head, hdu, _shown(keyword, value))
    return value


def _axis(head: _Head, hdu: Hdu, keyword: str) -> int:
    value: Any = hdu.keywords.get(keyword)
    most = 999 if keyword.endswith("NAXIS") else 2**62
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise _contradiction(head, hdu, _shown(keyword, value))
    return value


def _optional(head: _Head, hdu: Hdu, keyword: str, default: int) -> int:
    if keyword not in hdu.keywords:
        return default
    return _axis(head, hdu, keyword)


def _shown(keyword: str, value: Any) -> str:
    return f"{keyword} is missing or unreadable" if value is None else f"{keyword} = {value}"


def _contradiction(head: _Head, hdu: Hdu, words: str) -> FileProblem:
    return Damaged(
        head.path,
        name_of(hdu),
        f"the header contradicts itself or the standard: {words}",
        FETCH_AGAIN,
    )
