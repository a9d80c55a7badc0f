"""Spectra whose images hold flux, errors and sky in rows or extensions of known order.

GAMA (rows named by ROWn), AAT files as Marz and OzDES use them (one row a fibre, VARIANCE, FIBRES),
6dFGS as first released (extensions SPECTRUM V, R, VR after postage stamps of the object) and APOGEE
visits (three chips).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged
from astrogui.readers.fits_arrays import axes, column, columns_of, image, is_image, numbers
from astrogui.readers.fits_keywords import coordinates, frame, number, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectral_axis import spectral_axis
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


class GamaSpectrum(SpectrumReader):
    """GAMA and its kin: one primary image with rows named by ROW1, ROW2 ...

    Flux in 1e-17 erg s⁻¹ cm⁻² Å⁻¹ after the survey's description of ROW1; wavelengths in air.
    """

    name = "GAMA spectrum"

    def claims(self, head: Head) -> bool:
        if not head.is_fits:
            return False
        header = head.fits_hdus[0].keywords
        shape = axes(header)
        return (
            len(shape) == 2
            and _row_named(head, "spectrum") is not None
            and text(header, "CTYPE1").lower().startswith("wave")
        )

    def sources(self, head: Head) -> Sequence[Source]:
        header = head.fits_hdus[0].keywords
        if not axes(header)[0]:
            raise Damaged(head.path, "HDU 0", "an axis of length zero", "Fetch the file again.")
        axis = spectral_axis(head.path, "HDU 0", header)
        ra, dec = position(header, ("RA", "DEC"))
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=text(header, "SPECID", "GAMANAME", "OBJECT"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(axes(header)[0],),
                    wavelength_range_angstrom=wavelength_span(axis.wavelength, axis.unit, "air"),
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        header = head.fits_hdus[0].keywords
        axis = spectral_axis(head.path, "HDU 0", header)
        rows = image(head, head.fits_hdus[0])
        flux, error = _row_named(head, "spectrum") or 0, _row_named(head, "error")
        gama = text(header, "ORIGIN") == "GAMA"
        arrays = Arrays(
            wavelength=axis.wavelength,
            flux=rows[flux],
            error=None if error is None else rows[error],
            unit=axis.unit,
            medium="air" if gama else axis.medium,
            flux_unit=text(header, "BUNIT") or ("1e-17 erg/s/cm2/Angstrom" if gama else ""),
            frame=frame(header),
            notes=list(axis.notes),
        )
        return self.finish(head, source, arrays, header=shown_header(header))


def _row_named(head: Head, name: str) -> int | None:
    header = head.fits_hdus[0].keywords
    rows = axes(header)[1] if len(axes(header)) > 1 else 0
    for n in range(min(rows, 99)):
        if text(header, f"ROW{n + 1}").lower() == name:
            return n
    return None


class MarzSpectrum(SpectrumReader):
    """AAT 2dF files as read by Marz: primary flux (fibres, samples), VARIANCE, FIBRES.

    Wavelengths from the extension WAVELENGTH (ångström, or log10 of it) or the primary's axis;
    in air unless VACUUM = T. Layout: Hinton et al. 2016, Astronomy and Computing 15, 61, sect. 4.
    """

    name = "AAT fibre spectra"

    def claims(self, head: Head) -> bool:
        if not head.is_fits or not is_image(head.fits_hdus[0].keywords):
            return False
        names = _extensions(head)
        shape = axes(head.fits_hdus[0].keywords)
        return len(shape) in {1, 2} and "VARIANCE" in names and "FIBRES" in names

    def sources(self, head: Head) -> Sequence[Source]:
        names = _extensions(head)
        size, rows = self._shape(head)
        fibres = names["FIBRES"]
        found = columns_of(fibres)
        if axes(fibres.keywords)[1] != rows:
            raise Damaged(
                head.path,
                "FIBRES",
                f"{axes(fibres.keywords)[1]} fibres for {rows} spectra",
                "Fetch the file again.",
            )
        read = {
            key: (numbers if key in {"ra", "dec"} else column)(head, fibres, found[key])
            for key in ("name", "ra", "dec", "type")
            if key in found
        }
        sources = []
        for row in range(rows):
            kind = str(read["type"][row]).upper() if "type" in read else "P"
            if kind in {"S", "F", "N", "U"}:  # sky, guide, broken, unused
                continue
            ra, dec = (
                np.degrees(float(read[key][row])) if key in read else None for key in ("ra", "dec")
            )
            ra, dec = coordinates(ra, dec)
            wavelength = self._wavelength(head, row)
            sources.append(
                head.source(
                    self,
                    part=f"fibre {row + 1}",
                    object_id=str(read["name"][row]) if "name" in read else "",
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(size,),
                    wavelength_range_angstrom=wavelength_span(
                        wavelength, "angstrom", self._medium(head)
                    ),
                )
            )
        return chosen(head, sources)

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        header = head.fits_hdus[0].keywords
        row = part_number(source, "fibre ", head) - 1
        arrays = Arrays(
            wavelength=self._wavelength(head, row),
            flux=_row_of(head, head.fits_hdus[0], row),
            variance=_row_of(head, _extensions(head)["VARIANCE"], row),
            medium=self._medium(head),
            flux_unit=text(header, "BUNIT"),
            # DO_HELIO asks the reading program for the correction: it has not been made.
            frame="topocentric" if header.get("DO_HELIO") is True else frame(header),
        )
        return self.finish(head, source, arrays, header=shown_header(header))

    @staticmethod
    def _shape(head: Head) -> tuple[int, int]:
        shape = axes(head.fits_hdus[0].keywords)
        if 0 in shape:
            raise Damaged(head.path, "HDU 0", "an axis of length zero", "Fetch the file again.")
        return shape[0], shape[1] if len(shape) > 1 else 1

    @staticmethod
    def _medium(head: Head) -> str:
        return "vacuum" if head.fits_hdus[0].keywords.get("VACUUM") is True else "air"

    @staticmethod
    def _wavelength(head: Head, row: int) -> NDArray[np.float64]:
        given = _extensions(head).get("WAVELENGTH")
        if given is None:
            axis = spectral_axis(head.path, "HDU 0", head.fits_hdus[0].keywords)
            return axis.wavelength
        values = np.asarray(_row_of(head, given, row), np.float64)
        with np.errstate(all="ignore"):
            logarithmic = np.nanmax(np.abs(values)) < 10 if values.size else False
        return 10.0**values if logarithmic else values


def _extensions(head: Head) -> dict[str, Hdu]:
    return {text(hdu.keywords, "EXTNAME").upper(): hdu for hdu in head.fits_hdus[1:]}


def _row_of(head: Head, hdu: Hdu, row: int) -> NDArray[np.float64]:
    """A row of an image, or the whole of an image of one axis that all rows share."""
    pixels = image(head, hdu, row) if len(axes(hdu.keywords)) == 2 else image(head, hdu)
    return np.asarray(pixels, np.float64)


class SixdfSpectrum(SpectrumReader):
    """6dFGS as first released: rows flux, variance, sky and (in VR) wavelength, after stamps.

    The joined spectrum VR is read; counts, in air. Layout: Jones et al. 2004, MNRAS 355, 747.
    The later release of plain tables is read by ``SixdfTable``.
    """

    name = "6dFGS spectrum"

    def claims(self, head: Head) -> bool:
        return head.is_fits and any(name.startswith("SPECTRUM ") for name in _extensions(head))

    def sources(self, head: Head) -> Sequence[Source]:
        hdu = self._hdu(head)
        header = hdu.keywords
        shape = axes(header)
        if len(shape) != 2 or shape[1] < 2 or not shape[0]:
            raise Damaged(
                head.path,
                text(header, "EXTNAME"),
                f"rows of flux and variance are due, the axes are {shape}",
                "Fetch the file again.",
            )
        ra, dec = position(header, ("OBSRA", "OBSDEC"))
        axis = spectral_axis(head.path, text(header, "EXTNAME"), header)
        return chosen(
            head,
            [
                head.source(
                    self,
                    object_id=text(header, "TARGET", "NAME_V", "NAME_R"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(shape[0],),
                    wavelength_range_angstrom=wavelength_span(axis.wavelength, axis.unit, "air"),
                )
            ],
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        hdu = self._hdu(head)
        rows = image(head, hdu)
        axis = spectral_axis(head.path, text(hdu.keywords, "EXTNAME"), hdu.keywords)
        arrays = Arrays(
            wavelength=rows[3] if rows.shape[0] > 3 else axis.wavelength,
            flux=rows[0],
            variance=rows[1],
            unit="angstrom" if rows.shape[0] > 3 else axis.unit,
            medium="air",
            flux_unit="counts",
            frame=frame(hdu.keywords),
        )
        header = shown_header(hdu.keywords, head.fits_hdus[0].keywords)
        return self.finish(head, source, arrays, header=header)

    @staticmethod
    def _hdu(head: Head) -> Hdu:
        names = _extensions(head)
        for name in ("SPECTRUM VR", "SPECTRUM V", "SPECTRUM R"):
            if name in names:
                return names[name]
        return next(hdu for name, hdu in names.items() if name.startswith("SPECTRUM "))


class ApogeeVisit(SpectrumReader):
    """APOGEE apVisit: flux, error, mask and wavelength of three chips, in vacuum.

    Layout: SDSS data model, file apVisit; mask bits 0-6 (bad, cosmic ray, saturated, unfixable,
    dark, flat, error) and 12 (significant sky line) make a sample useless.
    """

    name = "APOGEE visit"
    _BAD = 0b1111111 | 1 << 12

    def claims(self, head: Head) -> bool:
        if not head.is_fits or len(head.fits_hdus) < 5:
            return False
        return all(
            is_image(hdu.keywords)
            and len(axes(hdu.keywords)) == 2
            and text(hdu.keywords, "CTYPE2") == "Chip"
            for hdu in head.fits_hdus[1:5]
        )

    def sources(self, head: Head) -> Sequence[Source]:
        header = head.fits_hdus[0].keywords
        ra, dec = position(header, ("RA", "DEC"))
        wavelength = image(head, head.fits_hdus[4])
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
        flux, error, mask, wavelength = (image(head, hdu) for hdu in head.fits_hdus[1:5])
        if not flux.shape == error.shape == mask.shape == wavelength.shape:
            raise Damaged(head.path, "HDU 1-4", "images of different shapes", "Fetch it again.")
        arms = []
        for chip in range(flux.shape[0]):
            order = np.argsort(wavelength[chip], kind="stable")
            good = (mask[chip] & self._BAD == 0) & (error[chip] > 0) & np.isfinite(flux[chip])
            with np.errstate(all="ignore"):
                ivar = np.where(good, 1.0 / np.asarray(error[chip], np.float64) ** 2, 0.0)
            arms.append((wavelength[chip][order], flux[chip][order], ivar[order]))
        joined_wavelength, joined_flux, joined_ivar = joined(arms)
        arrays = Arrays(
            wavelength=joined_wavelength,
            flux=joined_flux,
            ivar=joined_ivar,
            flux_unit=text(head.fits_hdus[1].keywords, "BUNIT").partition("(")[2].rstrip(")"),
            frame="topocentric" if number(head.fits_hdus[0].keywords, "BC") else "unknown",
            notes=["three chips joined"],
        )
        return self.finish(head, source, arrays, header=shown_header(head.fits_hdus[0].keywords))
