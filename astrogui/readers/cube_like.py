"""One-dimensional spectra in the layout of data cubes: extensions DATA and STAT (MUSE, MPDAF).

DATA holds flux, STAT its variance (or IVAR, ERR, ERROR, SIGMA), DQ a mask whose zero is good. The
wavelength axis stands in the header of DATA; AWAV is air, WAVE vacuum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from astrogui.errors import Damaged
from astrogui.readers.fits_arrays import axes, image, is_image
from astrogui.readers.fits_keywords import frame, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectral_axis import is_spectral, spectral_axis
from astrogui.readers.spectrum_record import Arrays, SpectrumReader, chosen, wavelength_span
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

_FLUX = ("DATA", "SCI", "FLUX", "SPECTRUM")


class CubeLikeSpectrum(SpectrumReader):
    """One spectrum a file."""

    name = "spectrum in extensions (DATA, STAT)"

    def claims(self, head: Head) -> bool:
        return head.is_fits and not axes(head.fits_hdus[0].keywords) and _flux(head) is not None

    def sources(self, head: Head) -> Sequence[Source]:
        primary, hdu = head.fits_hdus[0].keywords, _found(head)
        if not axes(hdu.keywords)[0]:
            raise Damaged(head.path, "DATA", "an axis of length zero", "Fetch the file again.")
        axis = spectral_axis(head.path, text(hdu.keywords, "EXTNAME"), hdu.keywords)
        ra, dec = position(primary, ("RA", "DEC"), ("RA_OBJ", "DEC_OBJ"))
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=text(primary, "OBJECT", "ID"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=axes(hdu.keywords),
                    wavelength_range_angstrom=wavelength_span(
                        axis.wavelength, axis.unit, axis.medium
                    ),
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        primary, hdu = head.fits_hdus[0].keywords, _found(head)
        axis = spectral_axis(head.path, text(hdu.keywords, "EXTNAME"), hdu.keywords)
        names = {text(other.keywords, "EXTNAME").upper(): other for other in head.fits_hdus[1:]}
        arrays = Arrays(
            wavelength=axis.wavelength,
            flux=image(head, hdu),
            variance=_first(head, names, "STAT", "VAR", "VARIANCE"),
            ivar=_first(head, names, "IVAR", "INVVAR"),
            error=_first(head, names, "ERR", "ERROR", "ERRS", "SIGMA", "UNCERT"),
            unit=axis.unit,
            medium=axis.medium,
            flux_unit=text(hdu.keywords, "BUNIT"),
            frame=frame(hdu.keywords, primary),
            notes=list(axis.notes),
        )
        quality = _first(head, names, "DQ", "MASK", "QUAL")
        if quality is not None:
            arrays.bad = quality != 0
        return self.finish(head, source, arrays, header=shown_header(primary, hdu.keywords))


def _flux(head: Head) -> Hdu | None:
    for hdu in head.fits_hdus[1:]:
        if (
            text(hdu.keywords, "EXTNAME").upper() in _FLUX
            and is_image(hdu.keywords)
            and len(axes(hdu.keywords)) == 1
            and is_spectral(hdu.keywords)
        ):
            return hdu
    return None


def _found(head: Head) -> Hdu:
    hdu = _flux(head)
    if hdu is None:
        raise Damaged(head.path, "", "no one-dimensional flux image", "Add the file again.")
    return hdu


def _first(head: Head, names: dict[str, Hdu], *wanted: str) -> NDArray[Any] | None:
    for name in wanted:
        hdu = names.get(name)
        if hdu is not None and is_image(hdu.keywords) and len(axes(hdu.keywords)) == 1:
            return image(head, hdu)
    return None
