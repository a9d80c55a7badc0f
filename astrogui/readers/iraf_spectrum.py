"""Spectra stored as images with a wavelength axis: IRAF's onedspec, multispec and their kin.

The primary image is (samples), (apertures, samples) or (bands, apertures, samples); BANDIDn names
the bands (spectrum, raw, background, sigma), APNUMn the apertures. Errors come from the sigma band,
from a second image that is named for it, or from a second file ("nameE.fits" beside "nameF.fits").
Sources: IRAF noao.onedspec package, help pages specwcs and apextract.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Ambiguous, Damaged, FileProblem, NotRecognised
from astrogui.readers.fits_arrays import axes, image, is_image
from astrogui.readers.fits_keywords import Keywords, frame, position, shown_header, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.lamost_spectrum import LamostSpectrum
from astrogui.readers.noise import estimated_ivar
from astrogui.readers.reader import Head, Reader
from astrogui.readers.row_spectrum import GamaSpectrum, MarzSpectrum
from astrogui.readers.spectral_axis import (
    SpectralAxis,
    apertures,
    is_multispec,
    is_spectral,
    spectral_axis,
)
from astrogui.readers.spectrum_record import (
    Arrays,
    SpectrumReader,
    chosen,
    part_number,
    wavelength_span,
)
from astrogui.readers.spspec import SpSpec
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

MAX_APERTURES = 400  # more rows are a two-dimensional spectrum, not extracted ones
_MORE_SPECIFIC: tuple[Reader, ...] = (LamostSpectrum(), SpSpec(), GamaSpectrum(), MarzSpectrum())
_POSITIONS = (("RA_OBJ", "DEC_OBJ"), ("RA-D", "DEC-D"), ("RA", "DEC"), ("RADEG", "DECDEG"))


class IrafSpectrum(SpectrumReader):
    """One source per aperture."""

    name = "IRAF spectrum"

    def claims(self, head: Head) -> bool:
        if not head.is_fits:
            return False
        header = head.fits_hdus[0].keywords
        if not is_image(header) or "RRTYPE" in header or "EIGEN0" in header or "NAME0" in header:
            return False
        shape = axes(header)
        if len(shape) > 3 or (len(shape) > 1 and not is_spectral(header)):
            return False
        if len(shape) > 1 and shape[1] > MAX_APERTURES:
            return False
        return not any(reader.claims(head) for reader in _MORE_SPECIFIC)

    def sources(self, head: Head) -> Sequence[Source]:
        header = head.fits_hdus[0].keywords
        if 0 in axes(header):
            raise Damaged(head.path, "HDU 0", "an axis of length zero", "Fetch the file again.")
        flux_name = _companion_of_errors(head)
        if flux_name:
            raise NotRecognised(
                head.path,
                "HDU 0",
                f"these are the errors of {flux_name}, not a spectrum",
                f"Add {flux_name}; its errors are found beside it.",
            )
        rows = _rows(head, header)
        ra, dec = _object_position(header)
        sources = []
        for row in range(rows):
            axis = spectral_axis(head.path, "HDU 0", header, row)
            span = wavelength_span(axis.wavelength, axis.unit, axis.medium)
            part = f"aperture {row + 1}" if rows > 1 else ""
            sources.append(
                head.source(
                    self,
                    part=part,
                    object_id=text(header, "OBJECT", "OBJNAME", "TARGET"),
                    ra_deg=ra,
                    dec_deg=dec,
                    shape=(axes(header)[0],),
                    wavelength_range_angstrom=span,
                    remarks=(f"aperture {row + 1} of {rows}",) if rows > 1 else (),
                )
            )
        return chosen(head, sources)

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        primary = head.fits_hdus[0]
        header = primary.keywords
        row = part_number(source, "aperture ", head) - 1 if source.part else 0
        axis = spectral_axis(head.path, "HDU 0", header, row)
        cube = _cube(image(head, primary))
        if not 0 <= row < cube.shape[1]:
            raise Damaged(head.path, source.part, "there is no such aperture", "Add it again.")
        bands = _bands(header, cube.shape[0])
        arrays = Arrays(
            wavelength=axis.wavelength,
            flux=cube[bands.flux, row],
            error=None if bands.sigma is None else cube[bands.sigma, row],
            unit=axis.unit,
            medium=axis.medium,
            flux_unit=text(header, "BUNIT"),
            frame=frame(header),
            notes=list(axis.notes) + list(bands.notes),
        )
        if arrays.error is None and cube.shape[:2] == (1, 1):
            _find_errors(head, arrays, axis)
        return self.finish(head, source, arrays, header=shown_header(header))


@dataclass(frozen=True, slots=True)
class _Bands:
    flux: int
    sigma: int | None
    notes: tuple[str, ...] = ()


def _bands(header: Keywords, count: int) -> _Bands:
    """Which band is the spectrum and which its sigma, by BANDIDn; the first where unnamed."""
    names = [text(header, f"BANDID{n + 1}").lower() for n in range(count)]
    flux = next((n for n, name in enumerate(names) if name.startswith("spectrum")), 0)
    sigma = next((n for n, name in enumerate(names) if name.startswith("sigma")), None)
    notes: tuple[str, ...] = ()
    if count > 1 and not names[flux]:
        notes = (f"bands without names: the first of {count} is taken as the spectrum",)
    return _Bands(flux, sigma, notes)


def _cube(pixels: NDArray[Any]) -> NDArray[Any]:
    """(bands, apertures, samples) of an image of one to three axes."""
    return pixels.reshape((1,) * (3 - pixels.ndim) + pixels.shape)


def _rows(head: Head, header: Keywords) -> int:
    """Number of apertures. Raises ``Ambiguous`` when rows of one aperture have no names."""
    shape = axes(header)
    rows = shape[1] if len(shape) > 1 else 1
    if is_multispec(header):
        return len(apertures(head.path, "HDU 0", header))
    places = [tuple(text(header, f"APNUM{n}").split()[2:4]) for n in range(1, rows + 1)]
    if rows > 1 and len(set(places)) < rows:
        raise Ambiguous(
            head.path,
            "HDU 0",
            f"{rows} rows, not all from apertures of their own (APNUM): which is the spectrum "
            "and which its error or sky is not said",
            "Extract the row of the spectrum into a file of its own.",
        )
    return rows


def _object_position(header: Keywords) -> tuple[float | None, float | None]:
    """RA and DEC, unless they are the centre of a survey's plate."""
    if "PLUGFILE" in header or "PLATEID" in header:
        return position(header, ("PLUG_RA", "PLUG_DEC"))
    return position(header, *_POSITIONS)


def _find_errors(head: Head, arrays: Arrays, axis: SpectralAxis) -> None:
    """Errors from a further image of the file that says so, or from a file beside it."""
    for hdu in head.fits_hdus[1:]:
        if not is_image(hdu.keywords) or axes(hdu.keywords) != (axis.wavelength.size,):
            continue
        name = text(hdu.keywords, "EXTNAME").upper()
        if name in {"VARIANCE", "VAR", "STAT"}:
            arrays.variance = image(head, hdu)
            return
        if name in {"IVAR", "INVVAR"}:
            arrays.ivar = image(head, hdu)
            return
        if name in {"ERR", "ERROR", "SIGMA", "UNCERT", "NOISE"}:
            arrays.error = image(head, hdu)
            return
    companion = _beside(head.path, "F", "E")
    if companion:
        other = _same_axis(head, companion)
        if other is not None:
            arrays.error = image(Head(companion), other)
            arrays.notes.append(f"errors from {os.path.basename(companion)} beside the file")
            return
    for hdu in head.fits_hdus[1:]:
        if is_image(hdu.keywords) and axes(hdu.keywords) == (axis.wavelength.size,):
            _weigh(arrays, image(head, hdu), hdu)
            return


def _weigh(arrays: Arrays, values: NDArray[Any], hdu: Hdu) -> None:
    """Use an image without a name as errors if, and as what, it fits the scatter of the flux.

    Inverse variance, sigma and variance differ by orders of magnitude unless the noise is near one;
    where not exactly one of them is within a factor of two, the image is left alone.
    """
    flux = np.asarray(arrays.flux, np.float64)
    values = np.asarray(values, np.float64)
    good = np.isfinite(values) & (values > 0) & np.isfinite(flux)
    if np.count_nonzero(good) < 0.5 * flux.size or np.any(values < 0):
        arrays.notes.append(f"HDU {hdu.index} has no name and is no error: not used")
        return
    scatter = np.median(1 / np.sqrt(estimated_ivar(flux, ~good)[good] + 1e-300))
    with np.errstate(all="ignore"):
        meanings = {"ivar": 1 / np.sqrt(values), "error": values, "variance": np.sqrt(values)}
        ratios = {name: np.median(sigma[good]) / scatter for name, sigma in meanings.items()}
    near = [name for name, ratio in ratios.items() if 0.25 < ratio < 4]
    if len(near) == 1 and 0.5 < ratios[near[0]] < 2:
        setattr(arrays, near[0], values)
        arrays.notes.append(
            f"HDU {hdu.index} has no name; taken as {near[0]}: it fits the scatter of the flux"
        )
        return
    said = text(hdu.keywords, "BANDID1").partition(" ")[0] or "nothing"
    arrays.notes.append(
        f"HDU {hdu.index} (BANDID1 says {said}) does not fit the scatter of the flux as an error: "
        "not used"
    )


def _companion_of_errors(head: Head) -> str:
    """The name of the flux file whose errors this file holds by its name and axis, or ""."""
    flux = _beside(head.path, "E", "F")
    if flux and len(head.fits_hdus) == 1 and _same_axis(head, flux) is not None:
        return os.path.basename(flux)
    return ""


def _beside(path: str, ending: str, other: str) -> str:
    """The file beside ``path`` whose stem ends in ``other`` instead of ``ending``, or ""."""
    folder, name = os.path.split(path)
    stem, dot, suffixes = name.partition(".")
    if not stem.endswith(ending):
        return ""
    beside = os.path.join(folder, stem[: -len(ending)] + other + dot + suffixes)
    return beside if os.path.isfile(beside) else ""


def _same_axis(head: Head, path: str) -> Hdu | None:
    """The primary of another file when it is an image over the same wavelength axis."""
    keys = ("NAXIS", "NAXIS1", "CRVAL1", "CDELT1", "CD1_1", "CRPIX1", "DC-FLAG", "OBJECT")
    mine = head.fits_hdus[0].keywords
    try:
        other = Head(path)
        if not other.is_fits:
            return None
        hdu = other.fits_hdus[0]
    except FileProblem:
        return None
    return hdu if all(mine.get(key) == hdu.keywords.get(key) for key in keys) else None
