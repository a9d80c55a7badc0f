"""DEEP2 and DEIMOS ``spec1d`` files: blue and red half of one object.

Layout: DEEP2 DR4 documentation: tables Bxspf-B, Bxspf-R (boxcar) and Horne-B, Horne-R (optimal
extraction), each one row of vectors SPEC, LAMBDA (ångström in air) and IVAR; flux in counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged
from astrogui.readers.fits_arrays import axes, columns_of, is_table, numbers
from astrogui.readers.fits_keywords import frame, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectrum_record import Arrays, SpectrumReader, joined, wavelength_span
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

_EXTRACTIONS = ("Horne", "Bxspf")  # the optimal one is read unless the other is asked for


class Deep2Spectrum(SpectrumReader):
    """One object a file: ``file.fits[Bxspf]`` reads the boxcar extraction."""

    name = "DEEP2 spec1d"

    def claims(self, head: Head) -> bool:
        return head.is_fits and any(_halves(head, name) for name in _EXTRACTIONS)

    def sources(self, head: Head) -> Sequence[Source]:
        there = [name for name in _EXTRACTIONS if _halves(head, name)]
        asked = [name for name in there if name.lower() == head.part.strip().lower()]
        if head.part and not asked:
            raise Damaged(
                head.path,
                f"part {head.part}",
                "there is no such extraction",
                f"There are: {', '.join(there)}.",
            )
        name = asked[0] if asked else there[0]
        halves = _halves(head, name)
        header = halves[0].keywords
        ra, dec = position(header, ("RA_OBJ", "DEC_OBJ"))
        values = [_vector(head, half, "lambda") for half in halves]
        others = [other for other in there if other != name]
        return (
            head.source(
                self,
                part=name,
                object_id=text(header, "OBJNO", "OBJECT"),
                ra_deg=ra,
                dec_deg=dec,
                shape=(sum(part.size for part in values),),
                wavelength_range_angstrom=wavelength_span(
                    np.concatenate(values), "angstrom", "air"
                ),
                remarks=tuple(f"the file also holds {other}" for other in others),
            ),
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        halves = _halves(head, source.part)
        if not halves:
            raise Damaged(head.path, source.part, "there is no such extraction", "Add it again.")
        arms = []
        for half in halves:
            wavelength, flux, ivar = (
                np.asarray(_vector(head, half, name), np.float64)
                for name in ("lambda", "spec", "ivar")
            )
            if not wavelength.shape == flux.shape == ivar.shape:
                raise Damaged(
                    head.path, source.part, "columns of different lengths", "Fetch it again."
                )
            usable = np.isfinite(wavelength) & (wavelength > 0)
            known = np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0)
            flux, ivar = np.where(known, flux, 0.0), np.where(known, ivar, 0.0)
            order = np.argsort(wavelength[usable], kind="stable")
            arms.append(tuple(part[usable][order] for part in (wavelength, flux, ivar)))
        wavelength, flux, ivar = joined([(a, b, c) for a, b, c in arms if a.size > 1])
        arrays = Arrays(
            wavelength=wavelength,
            flux=flux,
            ivar=ivar,
            medium="air",
            flux_unit="counts",
            frame=frame(halves[0].keywords),
            notes=[f"{source.part} extraction, {len(arms)} halves joined"],
        )
        return self.finish(head, source, arrays, header=shown_header(halves[0].keywords))


def _halves(head: Head, extraction: str) -> list[Hdu]:
    """The tables of an extraction, blue before red."""
    found = {
        text(hdu.keywords, "EXTNAME").upper(): hdu
        for hdu in head.fits_hdus[1:]
        if is_table(hdu.keywords)
    }
    names = [f"{extraction}-{half}".upper() for half in "BR"]
    wanted = [found[name] for name in names if name in found]
    return [
        hdu
        for hdu in wanted
        if {"spec", "lambda", "ivar"} <= set(columns_of(hdu)) and axes(hdu.keywords)[1] == 1
    ]


def _vector(head: Head, hdu: Hdu, name: str) -> NDArray[Any]:
    return np.atleast_1d(numbers(head, hdu, columns_of(hdu)[name], 0))
