"""LAMOST spectra, low and medium resolution.

Layout: LAMOST data release documentation. Low resolution to data release 7: a primary image of
five rows over log10 of the vacuum wavelength (COEFF0, COEFF1): flux, inverse variance, then
wavelength (pipeline v2.9) or continuum-normalised flux (v2.6), masks; row 3 is therefore never
used. Later releases: table COADD of one row. Medium resolution: tables COADD_B and COADD_R.
Wavelengths are heliocentric, flux is relative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged
from astrogui.readers.fits_arrays import axes, columns_of, image, is_table, numbers
from astrogui.readers.fits_keywords import number, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectrum_record import (
    Arrays,
    SpectrumReader,
    chosen,
    joined,
    wavelength_span,
)
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

Arm = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


class LamostSpectrum(SpectrumReader):
    """One star or galaxy a file."""

    name = "LAMOST spectrum"

    def claims(self, head: Head) -> bool:
        if not head.is_fits or text(head.fits_hdus[0].keywords, "TELESCOP") != "LAMOST":
            return False
        return _is_image(head) or bool(_tables(head))

    def sources(self, head: Head) -> Sequence[Source]:
        header = head.fits_hdus[0].keywords
        arms = _arms(head)
        ra, dec = position(header, ("RA", "DEC"), ("RA_OBS", "DEC_OBS"))
        medium = _medium(head)
        ends = [end for arm in arms if arm[0].size for end in (arm[0][0], arm[0][-1])]
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=text(header, "DESIG").removeprefix("LAMOST ")
                    or text(header, "OBSID", "OBJNAME"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(sum(arm[0].size for arm in arms),),
                    wavelength_range_angstrom=wavelength_span(ends, "angstrom", medium),
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        header = head.fits_hdus[0].keywords
        arms = _arms(head)
        for wavelength, flux, ivar in arms:
            if not wavelength.size or not wavelength.shape == flux.shape == ivar.shape:
                raise Damaged(head.path, "", "arms of different or no length", "Fetch it again.")
        wavelength, flux, ivar = joined(arms)
        arrays = Arrays(
            wavelength=wavelength,
            flux=flux,
            ivar=ivar,
            medium=_medium(head),
            frame="heliocentric" if header.get("HELIO", True) is True else "topocentric",
            notes=["relative flux: LAMOST is not calibrated absolutely"],
        )
        if len(arms) > 1:
            arrays.notes.append("blue and red arm joined")
        return self.finish(head, source, arrays, header=shown_header(header))


def _medium(head: Head) -> str:
    return "air" if head.fits_hdus[0].keywords.get("VACUUM") is False else "vacuum"


def _is_image(head: Head) -> bool:
    header = head.fits_hdus[0].keywords
    shape = axes(header)
    return len(shape) == 2 and shape[1] >= 2 and number(header, "COEFF0", "CRVAL1") is not None


def _tables(head: Head) -> list[Hdu]:
    """The tables of the combined exposures, blue before red."""
    found = {
        text(hdu.keywords, "EXTNAME"): hdu for hdu in head.fits_hdus[1:] if is_table(hdu.keywords)
    }
    wanted = [found[name] for name in ("COADD", "COADD_B", "COADD_R") if name in found]
    return [
        hdu
        for hdu in wanted
        if {"flux", "ivar"} <= set(names := columns_of(hdu))
        and {"loglam", "wavelength"} & set(names)
    ]


def _arms(head: Head) -> list[Arm]:
    if not _is_image(head):
        return [_table_arm(head, hdu) for hdu in _tables(head)]
    header = head.fits_hdus[0].keywords
    first, step = number(header, "COEFF0", "CRVAL1"), number(header, "COEFF1", "CD1_1", "CDELT1")
    rows = image(head, head.fits_hdus[0])
    exponent = (first or 0.0) + (step or 0.0) * np.arange(rows.shape[1])
    return [(10.0 ** np.clip(exponent, -9.0, 9.0), rows[0], rows[1])]


def _table_arm(head: Head, hdu: Hdu) -> Arm:
    names = columns_of(hdu)
    axis = "wavelength" if "wavelength" in names else "loglam"
    wavelength, flux, ivar = (
        np.asarray(numbers(head, hdu, names[name]), np.float64).ravel()
        for name in (axis, "flux", "ivar")
    )
    if axis == "loglam":
        wavelength = 10.0 ** np.clip(wavelength, -9.0, 9.0)
    return wavelength, flux, ivar
