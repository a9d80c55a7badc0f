"""The pixels at the start of a FITS file, or the outline of a strain series: for a first look.

Finding out what a file holds takes the whole of its headers, a hash of all its bytes and a WCS
library that is slow to import. A large plain image can be on the screen long before, of which this
says where its pixels lie, and so can the extremes of a long series. What the file is, and whether
it is sound, is decided by ``recognise`` and ``read`` as ever.
"""

from __future__ import annotations

import math

from astrogui.errors import FileProblem
from astrogui.readers.fits_cards import Keyword
from astrogui.readers.fits_structure import Hdu, first_hdu
from astrogui.readers.gwosc_hdf5 import outline
from astrogui.readers.reader import Head
from astrogui.records.image import Image, Plane
from astrogui.records.strain import StrainOutline

LEAST_SIDE = 256  # pixels; smaller ones are read at once, and stacks of spectra look like them
_TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_SKY = ("RA--", "DEC-", "GLON", "GLAT", "ELON", "ELAT")


def glimpse(path: str) -> Image | StrainOutline | None:
    """The primary image of an uncompressed FITS file, pixels only, or the outline of strain as
    GWOSC releases it; None for anything else."""
    try:
        head = Head(path)
        if head.is_hdf5:
            return outline(head)
        if head.compression or not head.is_fits or head.part:
            return None
        hdu = first_hdu(head)
    except (FileProblem, OSError):
        return None  # recognising it will say what is wrong
    plane = _plane(head.path, hdu)
    return None if plane is None else Image(plane=plane)


def _plane(path: str, hdu: Hdu) -> Plane | None:
    """Where the pixels lie, as the image reader has it; None where they are no plain picture."""
    keywords = hdu.keywords
    shape = (keywords.get("NAXIS2"), keywords.get("NAXIS1"))
    if keywords.get("NAXIS") != 2 or not all(
        type(length) is int and length >= LEAST_SIDE for length in shape
    ):
        return None
    axes = [str(keywords.get(f"CTYPE{axis}", ""))[:4].upper() for axis in (1, 2)]
    if any(axis and axis not in _SKY for axis in axes):
        return None
    bits = int(keywords["BITPIX"])
    bscale, bzero = _number(keywords, "BSCALE", 1.0), _number(keywords, "BZERO", 0.0)
    if bscale is None or bzero is None or bscale == 0:
        return None
    blank = keywords.get("BLANK")
    return Plane(
        path=path,
        offset=hdu.data_offset,
        dtype=_TYPES[bits],
        shape=(int(keywords["NAXIS2"]), int(keywords["NAXIS1"])),
        bscale=bscale,
        bzero=bzero,
        blank=blank if bits > 0 and type(blank) is int else None,
    )


def _number(keywords: dict[str, Keyword], name: str, default: float) -> float | None:
    value = keywords.get(name, default)
    if isinstance(value, (bool, str)) or not math.isfinite(value) or abs(value) > 1e38:
        return None
    return float(value)
