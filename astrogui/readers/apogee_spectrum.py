"""Combined APOGEE spectra: ``apStar`` and ``aspcapStar`` files, on one logarithmic grid.

Layout: SDSS data model, files apStar and aspcapStar. HDU 1 holds flux and HDU 2 its error, with
CRVAL1 and CDELT1 in log10 of the vacuum wavelength in ångström; in apStar their first row is the
combined spectrum, the others are the second combination and the visits, and HDU 3 holds mask bits.
In aspcapStar HDU 1 is normalised, and HDU 3 the fitted model, which no analysis is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged
from astrogui.readers.fits_arrays import axes, image, is_image
from astrogui.readers.fits_keywords import Keywords, number, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectrum_record import Arrays, SpectrumReader, chosen, wavelength_span
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

_BAD = 0b1111111 | 1 << 12  # bad, cosmic, saturated, unfixable, dark, flat, error; sky line
_WORTHLESS = 1e9  # errors from here on mark pixels without data
_WHOLE = (8, 16, 32, 64)  # BITPIX of a mask


class ApogeeStar(SpectrumReader):
    """The combined spectrum of a star, at rest; its visits are files of their own."""

    name = "APOGEE combined spectrum"

    def claims(self, head: Head) -> bool:
        if not head.is_fits or len(head.fits_hdus) < 3:
            return False
        primary, flux, error = (hdu.keywords for hdu in head.fits_hdus[:3])
        first, step = number(flux, "CRVAL1"), number(flux, "CDELT1")
        return (
            not axes(primary)
            and is_image(flux)
            and is_image(error)
            and len(axes(flux)) <= 2
            and axes(flux) == axes(error)
            and first is not None
            and 4.15 < first < 4.25
            and step is not None
            and 0 < step < 1e-4
            and text(flux, "CTYPE2") != "Chip"
        )

    def sources(self, head: Head) -> Sequence[Source]:
        header = head.fits_hdus[0].keywords
        ra, dec = position(header, ("RA", "DEC"))
        wavelength = _wavelength(head, head.fits_hdus[1].keywords)
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=text(header, "OBJID", "OBJECT"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(wavelength.size,),
                    wavelength_range_angstrom=wavelength_span(wavelength, "angstrom", "vacuum"),
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        flux_hdu, error_hdu = head.fits_hdus[1:3]
        wavelength = _wavelength(head, flux_hdu.keywords)
        flux, error = _combined(head, flux_hdu), _combined(head, error_hdu)
        with np.errstate(all="ignore"):
            bad = ~np.isfinite(flux) | ~(error > 0) | (error >= _WORTHLESS) | (flux == 0)
        mask = _mask(head)
        if mask is not None:
            bad |= mask & _BAD != 0
        unit = text(flux_hdu.keywords, "BUNIT")
        arrays = Arrays(
            wavelength=wavelength,
            flux=np.where(np.isfinite(flux), flux, 0.0),
            error=np.where(bad, 0.0, error),
            bad=bad,
            flux_unit=unit.partition("(")[2].rstrip(")") or unit,
            frame="barycentric",
            notes=["brought to rest by the survey: its velocity has been taken out"],
        )
        return self.finish(head, source, arrays, header=shown_header(head.fits_hdus[0].keywords))


def _wavelength(head: Head, header: Keywords) -> NDArray[np.float64]:
    """Vacuum ångström of the pixels; raises ``Damaged`` where the header has none."""
    size = axes(header)[0]
    if not size:
        raise Damaged(head.path, "HDU 1", "an axis of length zero", "Fetch the file again.")
    first, step = number(header, "CRVAL1"), number(header, "CDELT1")
    reference = number(header, "CRPIX1")
    if first is None or step is None:
        raise Damaged(head.path, "HDU 1", "CRVAL1 or CDELT1 is missing", "Fetch the file again.")
    pixel = np.arange(size) - ((1.0 if reference is None else reference) - 1)
    exponent = first + step * pixel
    if not np.all(np.abs(exponent) < 10):
        raise Damaged(head.path, "HDU 1", "wavelengths beyond all sense", "Check CRPIX1.")
    return np.asarray(10.0**exponent, np.float64)


def _combined(head: Head, hdu: Hdu) -> NDArray[np.float64]:
    """The first row of an image of rows, or the one there is."""
    row = 0 if len(axes(hdu.keywords)) == 2 else None
    return np.asarray(image(head, hdu, row), np.float64)


def _mask(head: Head) -> NDArray[Any] | None:
    """Mask bits of the combined spectrum where HDU 3 holds whole numbers of the same shape."""
    if len(head.fits_hdus) < 4:
        return None
    hdu = head.fits_hdus[3]
    header = hdu.keywords
    alike = is_image(header) and axes(header) == axes(head.fits_hdus[1].keywords)
    if not alike or int(number(header, "BITPIX") or 0) not in _WHOLE:
        return None
    row = 0 if len(axes(header)) == 2 else None
    found = image(head, hdu, row)
    return found if found.dtype.kind in "iu" else None
