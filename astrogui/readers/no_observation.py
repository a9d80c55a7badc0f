"""Well-known files that hold no observation: refused by their own names, not as unknown."""

from __future__ import annotations

from collections.abc import Sequence

from astrogui.errors import NotRecognised
from astrogui.readers.fits_arrays import axes, columns_of, is_table
from astrogui.readers.fits_keywords import text
from astrogui.readers.reader import Head
from astrogui.readers.spectrum_record import SpectrumReader
from astrogui.records.source import Source

_USE_THE_SPECTRA = "Add the file of the spectra themselves."


class NoObservation(SpectrumReader):
    """Tables of redshifts and sets of templates, as Redrock and the SDSS pipeline write them."""

    name = "no observation (results, templates)"

    def claims(self, head: Head) -> bool:
        return head.is_fits and bool(_what(head))

    def sources(self, head: Head) -> Sequence[Source]:
        place, what = _what(head) or ("", "no observation")
        raise NotRecognised(head.path, place, what, _USE_THE_SPECTRA)


def _what(head: Head) -> tuple[str, str] | None:
    """Place and nature of what the file is, None when it is nothing of the kind."""
    for hdu in head.fits_hdus:
        header, place = hdu.keywords, f"HDU {hdu.index}"
        name = text(header, "EXTNAME").upper()
        words = hdu.cards.upper()
        if (
            b"ZWARN" in words
            and b"SPECTYPE" in words  # before the columns of a table are told apart
            and is_table(header)
            and {"z", "zwarn", "spectype"} <= set(columns_of(hdu))
        ):
            return place, "a table of fitted redshifts (Redrock), not a spectrum"
        if name == "BASIS_VECTORS" or "RRTYPE" in header:
            return place, "basis vectors of a template set (Redrock), not an observed spectrum"
        flat = len(axes(header)) == 2 and not is_table(header)
        if flat and ("EIGEN0" in header or ("NAME0" in header and "COEFF0" in header)):
            return place, "eigenspectra or templates of the SDSS pipeline, not an observed spectrum"
    return None
