"""The two-dimensional spectrum that belongs to a one-dimensional one: in its file or beside it.

In the file: an image of two axes whose name says so (2D, SPEC2D, FLUX2D ...), or the image SCI in a
file with a table SPEC1D, as the DAWN JWST archive's ``spec.fits`` has it. Beside the file:
``name.2D.fits`` of ``name.1D.fits`` (3D-HST; Momcheva et al. 2016, ApJS 225, 27), and
``name_s2d.fits`` of ``name_x1d.fits`` (JWST pipeline, "Stage 3 data products"). Columns get their
wavelengths from the keywords of the image, from an image WAVE of the same length (vacuum ångström
unless BUNIT says otherwise), or from the spectrum itself where it has as many samples. An image
without any of these is left out, and said.

It is for the eye only: a companion that cannot be read never costs the spectrum.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import FileProblem
from astrogui.readers.fits_arrays import axes, image, is_image, is_table
from astrogui.readers.fits_keywords import Keywords, number, text
from astrogui.readers.fits_structure import Hdu
from astrogui.readers.reader import Head
from astrogui.readers.spectral_axis import is_spectral, spectral_axis
from astrogui.readers.spectral_unit import ANGSTROM, wavelength_unit
from astrogui.records.spectrum import SpectralImage, Spectrum
from astrogui.science.air import vacuum_from_air

MOST_PIXELS = 40_000_000
_BESIDE = ((".1D.fits", ".2D.fits"), ("_x1d.fits", "_s2d.fits"))
_ARCSEC = {"arcsec": 1.0, "deg": 3600.0}


def with_image(head: Head, record: Spectrum) -> Spectrum:
    """The spectrum with its two-dimensional image, where there is one that can be read."""
    if not head.is_fits:
        return record
    try:
        found = _in_file(head)
        beside = _beside(head.path) if found is None else ""
        if beside:
            found = _in_companion(Head(beside))
        if found is None:
            return record
        made = _made(*found, record, os.path.basename(beside))
    except FileProblem as error:
        return _with_note(record, f"two-dimensional spectrum not read: {error}")
    if isinstance(made, str):
        return _with_note(record, made)
    return replace(record, image=made)


def goes_with_a_spectrum(head: Head) -> bool:
    """Whether the images of a file are those of the spectrum that its table 1D holds."""
    return head.is_fits and _has_extracted(head) and _in_file(head) is not None


def _has_extracted(head: Head) -> bool:
    return any(is_table(hdu.keywords) and "1D" in _name(hdu) for hdu in head.fits_hdus)


def _with_note(record: Spectrum, note: str) -> Spectrum:
    return replace(record, notes=(*record.notes, note))


def _in_file(head: Head) -> tuple[Head, Hdu] | None:
    hdus = [hdu for hdu in head.fits_hdus if _is_plane(hdu)]
    named = [hdu for hdu in hdus if "2D" in _name(hdu)]
    if not named and _has_extracted(head):
        named = [hdu for hdu in hdus if _name(hdu) == "SCI"]
    return (head, named[0]) if named else None


def _in_companion(head: Head) -> tuple[Head, Hdu] | None:
    if not head.is_fits:
        return None
    hdus = [hdu for hdu in head.fits_hdus if _is_plane(hdu)]
    wanted = [hdu for hdu in hdus if _name(hdu) == "SCI"] or hdus
    return (head, wanted[0]) if wanted else None


def _is_plane(hdu: Hdu) -> bool:
    shape = axes(hdu.keywords)
    return is_image(hdu.keywords) and len(shape) == 2 and min(shape) > 1


def _name(hdu: Hdu) -> str:
    return text(hdu.keywords, "EXTNAME").upper()


def _beside(path: str) -> str:
    """The file beside ``path`` that holds its two-dimensional spectrum, or ""."""
    for ending, other in _BESIDE:
        for packed in ("", ".gz"):
            if path.endswith(ending + packed):
                stem = path[: -len(ending + packed)]
                for candidate in (stem + other, stem + other + ".gz"):
                    if os.path.isfile(candidate):
                        return candidate
    return ""


def _made(head: Head, hdu: Hdu, record: Spectrum, beside: str) -> SpectralImage | str:
    """The image, or words why it is left out."""
    columns, rows = axes(hdu.keywords)
    what = f"two-dimensional spectrum ({beside or _name(hdu)})"
    if columns * rows > MOST_PIXELS:
        return f"{what} of {columns} x {rows} pixels left out: too large to be shown"
    wavelength = _wavelengths(head, hdu, record)
    if wavelength is None:
        return f"{what} left out: the wavelengths of its columns are not stated"
    pixels = np.asarray(image(head, hdu), np.float32)
    known = np.isfinite(wavelength) & (wavelength > 0)
    order = np.flatnonzero(known)[np.argsort(wavelength[known], kind="stable")]
    wavelength, pixels = wavelength[order], pixels[:, order]
    apart = np.concatenate([[True], np.diff(wavelength) > 0])
    if np.count_nonzero(apart) < 2:
        return f"{what} left out: its wavelengths do not rise"
    return SpectralImage(
        pixels=pixels[:, apart],
        wavelength_angstrom=wavelength[apart],
        unit=text(hdu.keywords, "BUNIT"),
        arcsec_per_row=_arcsec_per_row(hdu.keywords),
        name=beside or _name(hdu),
    )


def _wavelengths(head: Head, hdu: Hdu, record: Spectrum) -> NDArray[np.float64] | None:
    """Vacuum wavelengths of the columns in ångström; None where nothing states them."""
    columns = axes(hdu.keywords)[0]
    if is_spectral(hdu.keywords):
        axis = spectral_axis(head.path, _name(hdu), hdu.keywords)
        values = np.asarray(axis.wavelength, np.float64) * ANGSTROM[axis.unit]
        return vacuum_from_air(values) if axis.medium.endswith("air") else values
    for other in head.fits_hdus:
        shape = axes(other.keywords)
        if _name(other) == "WAVE" and is_image(other.keywords) and shape == (columns,):
            values = np.asarray(image(head, other), np.float64)
            return values * ANGSTROM[wavelength_unit(text(other.keywords, "BUNIT")) or "angstrom"]
    if columns == record.wavelength_angstrom.size:
        return np.asarray(record.wavelength_angstrom)
    return None


def _arcsec_per_row(header: Keywords) -> float | None:
    step: Any = number(header, "CD2_2", "CDELT2")
    unit = text(header, "CUNIT2").lower()
    if step is None or unit not in _ARCSEC or step == 0:
        return None
    return abs(float(step)) * _ARCSEC[unit]
