"""DESI ``coadd`` and ``spectra`` files: many targets, three arms each.

Layout: DESI data model, files coadd and spectra: table FIBERMAP with one row a spectrum, and for
each arm (B, R, Z; or the joined BRZ) images ARM_WAVELENGTH, ARM_FLUX, ARM_IVAR, ARM_MASK with one
row a spectrum. Flux in 1e-17 erg s⁻¹ cm⁻² Å⁻¹, wavelengths in vacuum, barycentric.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astrogui.errors import Damaged, NotRecognised
from astrogui.readers.fits_arrays import axes, column, columns_of, image, numbers
from astrogui.readers.fits_keywords import coordinates, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectrum_record import (
    Arrays,
    SpectrumReader,
    chosen,
    joined,
    part_number,
    wavelength_span,
)
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

_NO_TARGETS = {"SKY", "BAD"}


class DesiSpectrum(SpectrumReader):
    """One source per target row; sky fibres are left out. Arms are joined into one spectrum."""

    name = "DESI spectra"

    def claims(self, head: Head) -> bool:
        return head.is_fits and "FIBERMAP" in (names := _by_name(head)) and bool(_arms(names))

    def sources(self, head: Head) -> Sequence[Source]:
        names = _by_name(head)
        arms = _arms(names)
        fibermap = names["FIBERMAP"]
        found = columns_of(fibermap)
        rows = axes(fibermap.keywords)[1]
        for arm in arms:
            if axes(names[f"{arm}_FLUX"].keywords)[1:] not in {(rows,), ()}:
                raise Damaged(
                    head.path,
                    f"{arm}_FLUX",
                    f"{rows} rows are due after FIBERMAP, "
                    f"the image has axes {axes(names[f'{arm}_FLUX'].keywords)}",
                    "Fetch the file again.",
                )
        read = {
            name: (column if name == "objtype" else numbers)(head, fibermap, found[name])
            for name in ("targetid", "target_ra", "target_dec", "objtype")
            if name in found
        }
        ends = []
        for arm in arms:
            if 0 in axes(names[f"{arm}_WAVELENGTH"].keywords):
                raise Damaged(
                    head.path, f"{arm}_WAVELENGTH", "an axis of length zero", "Fetch it again."
                )
            wavelength = image(head, names[f"{arm}_WAVELENGTH"]).ravel()
            ends += [wavelength[0], wavelength[-1]]
        sources = []
        for row in range(rows):
            if "objtype" in read and str(read["objtype"][row]) in _NO_TARGETS:
                continue
            ra, dec = (
                float(read[name][row]) if name in read else None
                for name in ("target_ra", "target_dec")
            )
            ra, dec = coordinates(ra, dec)
            sources.append(
                head.source(
                    self,
                    part=f"row {row + 1}",
                    object_id=str(read["targetid"][row]) if "targetid" in read else "",
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(sum(axes(names[f"{arm}_WAVELENGTH"].keywords)[0] for arm in arms),),
                    wavelength_range_angstrom=wavelength_span(ends, "angstrom", "vacuum"),
                )
            )
        if not sources:
            raise NotRecognised(
                head.path, "FIBERMAP", f"none of {rows} rows is a target", "Nothing to be done."
            )
        return chosen(head, sources)

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        names = _by_name(head)
        row = part_number(source, "row ", head) - 1
        arms = []
        for arm in _arms(names):
            wavelength = image(head, names[f"{arm}_WAVELENGTH"]).astype(np.float64)
            flux = np.asarray(image(head, names[f"{arm}_FLUX"], row), np.float64)
            ivar = np.asarray(image(head, names[f"{arm}_IVAR"], row), np.float64)
            mask = (
                image(head, names[f"{arm}_MASK"], row)
                if f"{arm}_MASK" in names
                else np.zeros(flux.shape, np.int32)
            )
            if not wavelength.shape == flux.shape == ivar.shape == mask.shape:
                raise Damaged(
                    head.path,
                    f"arm {arm}",
                    f"{wavelength.size} wavelengths, {flux.size} fluxes, {ivar.size} errors, "
                    f"{mask.size} mask bits",
                    "Fetch the file again.",
                )
            known = np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0) & (mask == 0)
            arms.append((wavelength, np.where(known, flux, 0.0), np.where(known, ivar, 0.0)))
        wavelength, flux, ivar = joined(arms)
        arrays = Arrays(
            wavelength=wavelength,
            flux=flux,
            ivar=ivar,
            flux_unit=text(names[f"{_arms(names)[0]}_FLUX"].keywords, "BUNIT")
            or "10**-17 erg/(s cm2 Angstrom)",
            frame="barycentric",
        )
        if len(arms) > 1:
            arrays.notes.append(f"{len(arms)} arms joined; overlaps averaged by inverse variance")
        header = shown_header(head.fits_hdus[0].keywords, names["FIBERMAP"].keywords)
        return self.finish(head, source, arrays, header=header)


def _by_name(head: Head) -> dict[str, Hdu]:
    return {text(hdu.keywords, "EXTNAME").upper(): hdu for hdu in head.fits_hdus}


def _arms(names: dict[str, Hdu]) -> list[str]:
    """The arms that have wavelength, flux and errors, bluest first by the alphabet."""
    ends = ("_WAVELENGTH", "_FLUX", "_IVAR")
    found = [name.removesuffix("_FLUX") for name in names if name.endswith("_FLUX")]
    return sorted(arm for arm in found if all(arm + end in names for end in ends))
