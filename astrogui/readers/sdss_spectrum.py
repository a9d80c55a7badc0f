"""SDSS, BOSS and eBOSS spectra: ``spec-PLATE-MJD-FIBER`` files, full and lite.

Layout: SDSS data model, files spec and spec-lite. HDU 1 is a table of flux, loglam (log10 of the
vacuum wavelength, heliocentric) and ivar, HDU 2 one row about the object; column names in either
case, extension names sometimes missing. RA and DEC of the primary header are the centre of the
plate, up to 1.5 degrees from the object: never used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astrogui.readers import fits_arrays
from astrogui.readers.fits_arrays import columns_of, is_table, numbers
from astrogui.readers.fits_keywords import coordinates, number, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectrum_record import Arrays, SpectrumReader, chosen, wavelength_span
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

UNIT = "1E-17 erg/cm^2/s/Ang"


class SdssSpectrum(SpectrumReader):
    """One object a file; flux in 1e-17 erg s⁻¹ cm⁻² Å⁻¹."""

    name = "SDSS spectrum"

    def claims(self, head: Head) -> bool:
        if not head.is_fits or len(head.fits_hdus) < 2:
            return False
        table = head.fits_hdus[1]
        if not is_table(table.keywords):
            return False
        names = columns_of(table)
        return {"flux", "loglam", "ivar"} <= set(names) and bool({"and_mask", "wdisp"} & set(names))

    def sources(self, head: Head) -> Sequence[Source]:
        table = head.fits_hdus[1]
        loglam = columns_of(table)["loglam"]
        samples = fits_arrays.axes(table.keywords)[1]
        span = None
        if samples:
            ends = [float(numbers(head, table, loglam, row=row)) for row in (0, samples - 1)]
            span = wavelength_span(10.0 ** np.clip(ends, -9.0, 9.0), "angstrom", "vacuum")
        ra, dec = self._position(head)
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=_object_id(head),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(samples,),
                    wavelength_range_angstrom=span,
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        primary, table = head.fits_hdus[0].keywords, head.fits_hdus[1]
        names = columns_of(table)
        loglam = numbers(head, table, names["loglam"]).astype(np.float64)
        with np.errstate(over="ignore"):
            wavelength = 10.0**loglam
        arrays = Arrays(
            wavelength=wavelength,
            flux=numbers(head, table, names["flux"]),
            ivar=numbers(head, table, names["ivar"]),
            medium="air" if primary.get("VACUUM") is False else "vacuum",
            flux_unit=text(primary, "BUNIT") or UNIT,
            frame="heliocentric",
        )
        return self.finish(head, source, arrays, header=shown_header(primary))

    def _position(self, head: Head) -> tuple[float | None, float | None]:
        """Where the fibre was plugged: primary header, else the row about the object."""
        found = position(head.fits_hdus[0].keywords, ("PLUG_RA", "PLUG_DEC"))
        if found[0] is not None:
            return found
        for ra_name, dec_name in (("plug_ra", "plug_dec"), ("fiber_ra", "fiber_dec")):
            ra, dec = _cell(head, ra_name), _cell(head, dec_name)
            if ra is not None and dec is not None:
                return coordinates(ra, dec)
        return None, None


def _object_id(head: Head) -> str:
    """PLATE-MJD-FIBER, padded as in the files' names; the SDSS name or "" where a part lacks."""
    primary = head.fits_hdus[0].keywords
    numbers = [
        number(primary, *keywords) or _cell(head, cell)
        for keywords, cell in (
            (("PLATEID", "PLATE"), "plate"),
            (("MJD",), "mjd"),
            (("FIBERID", "FIBER"), "fiberid"),
        )
    ]
    plate, mjd, fibre = (None if value is None else int(value) for value in numbers)
    if plate is None or mjd is None or fibre is None:
        return text(primary, "CATALOGID", "OBJECT", "NAME")
    return f"{plate:04d}-{mjd:05d}-{fibre:04d}"


def _cell(head: Head, name: str) -> float | None:
    """A number of the one-row table about the object (HDU 2)."""
    table: Hdu | None = head.fits_hdus[2] if len(head.fits_hdus) > 2 else None
    if table is None or not is_table(table.keywords) or fits_arrays.axes(table.keywords)[1] != 1:
        return None
    found = columns_of(table).get(name)
    if found is None or found.code not in "IJKED" or found.length != 1:
        return None
    value = float(numbers(head, table, found, row=0))
    return value if np.isfinite(value) else None
