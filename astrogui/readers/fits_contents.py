"""What a FITS file holds, HDU by HDU, and the cards of a header as they are written."""

from __future__ import annotations

import math

from astrogui.errors import MissingMetadata
from astrogui.readers.fits_cards import CARD, printable
from astrogui.readers.fits_image import picture_parts
from astrogui.readers.fits_structure import axes_of, contents, name_of
from astrogui.readers.reader import Head
from astrogui.records.source import FilePart


def parts(path: str) -> tuple[FilePart, ...]:
    """The HDUs of a FITS file; () for any other kind. Raises ``FileProblem``."""
    head = Head(path)
    if not head.is_fits:
        return ()
    pictures = picture_parts(head)
    found = []
    for hdu in head.fits_hdus:
        planes = math.prod(axes_of(hdu.header)[2:]) if hdu.index in pictures else 1
        words = contents((hdu,)).partition(": ")[2]
        found.append(
            FilePart(
                title=name_of(hdu), words=words, part=pictures.get(hdu.index, ""), planes=planes
            )
        )
    return tuple(found)


def header_text(path: str, index: int) -> str:
    """The cards of an HDU's header, one a line, as they stand in the file.

    What is no printable character is shown as a question mark. Raises ``FileProblem``.
    """
    head = Head(path)
    if not head.is_fits or not 0 <= index < len(head.fits_hdus):
        raise MissingMetadata(
            head.path, f"HDU {index}", "there is no such FITS header", "Choose another."
        )
    cards = printable(head.fits_hdus[index].cards)
    lines = [cards[start : start + CARD].rstrip() for start in range(0, len(cards), CARD)]
    return "\n".join([*lines, "END"])
