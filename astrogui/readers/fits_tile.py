"""Pixels of a tile-compressed FITS image, unpacked by astropy from one HDU taken by itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, Unreadable
from astrogui.readers.fits_structure import BLOCK, FETCH_AGAIN, Hdu, axes_of, name_of
from astrogui.readers.reader import Head, damaged

_PRIMARY = "".join(
    card.ljust(80)
    for card in (
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "EXTEND  =                    T",
        "END",
    )
).ljust(BLOCK)


def unpacked_tiles(head: Head, hdu: Hdu) -> NDArray[Any]:
    """The stored numbers, before BSCALE and BZERO; raises ``Damaged``."""
    from astropy.io import fits

    place = name_of(hdu)
    data = hdu_bytes(head, hdu)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = hdu.header.copy()
            for keyword in ("CHECKSUM", "DATASUM"):
                header.remove(keyword, ignore_missing=True, remove_all=True)
            text = header.tostring(sep="", endcard=True, padding=True)
            alone = (_PRIMARY + text).encode("ascii") + data + bytes(-len(data) % BLOCK)
            with fits.HDUList.fromstring(alone, do_not_scale_image_data=True) as hdus:
                pixels = np.asarray(hdus[1].data)
    except Exception as error:  # astropy and its codecs raise a dozen classes here
        raise damaged(head.path, place, error) from error
    if pixels.shape != axes_of(hdu.header)[::-1]:
        raise Damaged(
            head.path,
            place,
            f"the image unpacks to {pixels.shape}, the header says {axes_of(hdu.header)[::-1]}",
            FETCH_AGAIN,
        )
    return pixels


def hdu_bytes(head: Head, hdu: Hdu) -> bytes:
    """The data of one HDU as they lie in the (unpacked) file."""
    if head.compression:
        return head.content[hdu.data_offset : hdu.data_offset + hdu.data_bytes]
    try:
        with open(head.path, "rb") as file:
            file.seek(hdu.data_offset)
            data = file.read(hdu.data_bytes)
    except OSError as error:
        raise Unreadable(
            head.path, name_of(hdu), f"cannot be read: {error.strerror}", "Check the file."
        ) from error
    if len(data) < hdu.data_bytes:
        raise Damaged(head.path, name_of(hdu), "the file became shorter", "Fetch it again.")
    return data


def checksum(data: bytes) -> int:
    """The 32-bit ones' complement sum of DATASUM. Source: FITS standard 4.0, appendix J."""
    words = np.frombuffer(data + bytes(-len(data) % 4), ">u4")
    total = int(words.sum(dtype=np.uint64))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def checksum_remarks(head: Head, hdu: Hdu) -> tuple[str, ...]:
    """A remark where the data do not agree with DATASUM, which many programs leave stale."""
    stated = str(hdu.header.get("DATASUM", "")).strip()
    if not stated.isdigit() or not int(stated):
        return ()
    if checksum(hdu_bytes(head, hdu)) % 0xFFFFFFFF == int(stated) % 0xFFFFFFFF:
        return ()
    return ("the data do not agree with the checksum in the header: altered, or a stale sum",)
