"""SDSS spectra up to data release 7: ``spSpec`` files.

Layout: SDSS DR7 data model, file spSpec: the primary image has five rows of flux, continuum-
subtracted flux, error, mask and sky over log10 of the vacuum wavelength (COEFF0, COEFF1). RA and
DEC are the plate's centre, RAOBJ and DECOBJ the object's position.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.readers.fits_arrays import axes, image
from astrogui.readers.fits_keywords import number, position, shown_header, text
from astrogui.readers.reader import Head
from astrogui.readers.sdss_spectrum import UNIT
from astrogui.readers.spectrum_record import Arrays, SpectrumReader, chosen, wavelength_span
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum


class SpSpec(SpectrumReader):
    """One object a file; flux in 1e-17 erg s⁻¹ cm⁻² Å⁻¹."""

    name = "SDSS spSpec"

    def claims(self, head: Head) -> bool:
        if not head.is_fits:
            return False
        header = head.fits_hdus[0].keywords
        shape = axes(header)
        return (
            len(shape) == 2
            and shape[1] in {3, 5}
            and "RAOBJ" in header
            and "COEFF0" in header
            and "COEFF1" in header
        )

    def sources(self, head: Head) -> Sequence[Source]:
        header = head.fits_hdus[0].keywords
        ra, dec = position(header, ("RAOBJ", "DECOBJ"))
        plate, mjd, fibre = (number(header, key) for key in ("PLATEID", "MJD", "FIBERID"))
        name = ""
        if plate is not None and mjd is not None and fibre is not None:
            name = f"{int(plate):04d}-{int(mjd):05d}-{int(fibre):04d}"
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=name or text(header, "OBJID", "OBJECT"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(axes(header)[0],),
                    wavelength_range_angstrom=wavelength_span(
                        _wavelength(head)[[0, -1]] if axes(header)[0] else [], "angstrom", "vacuum"
                    ),
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        header = head.fits_hdus[0].keywords
        rows = image(head, head.fits_hdus[0])
        arrays = Arrays(
            wavelength=_wavelength(head),
            flux=rows[0],
            error=rows[2],
            medium="air" if header.get("VACUUM") is False else "vacuum",
            flux_unit=UNIT,
            frame="heliocentric",
        )
        return self.finish(head, source, arrays, header=shown_header(header))


def _wavelength(head: Head) -> NDArray[np.float64]:
    header = head.fits_hdus[0].keywords
    exponent = (number(header, "COEFF0") or 0.0) + (number(header, "COEFF1") or 0.0) * np.arange(
        axes(header)[0]
    )
    return np.asarray(10.0 ** np.clip(exponent, -9.0, 9.0))
