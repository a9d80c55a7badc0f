"""The wavelength axis of an image whose first axis is dispersion, from its keywords.

Linear and log-linear axes of FITS and IRAF, and the linear rows of IRAF's multispec. Sources: FITS
WCS paper III (Greisen et al. 2006, A&A 446, 747); IRAF, "The IRAF/NOAO Spectral World Coordinate
Systems" (Valdes 1993): DC-FLAG, WAT cards, specN = "ap beam dtype w1 dw nw z aplow aphigh".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Ambiguous, FileProblem, MissingMetadata
from astrogui.readers.fits_arrays import axes
from astrogui.readers.fits_keywords import Keywords, number, text
from astrogui.readers.spectral_unit import ANGSTROM, wavelength_unit

_SPECTRAL_TYPES = ("WAVE", "AWAV", "LAMBDA", "MULTISPE", "LOG10(WAV")
SPACE_TELESCOPES = {"HST", "JWST", "IUE", "FUSE", "GALEX", "EUCLID", "SPITZER", "GAIA"}
_MULTISPEC = re.compile(r'spec(\d+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class SpectralAxis:
    """Wavelengths (n,) as the file gives them, with unit, medium and words for the analyst."""

    wavelength: NDArray[Any]
    unit: str
    medium: str
    notes: tuple[str, ...] = ()


def is_spectral(header: Keywords) -> bool:
    """Whether the first axis of an image is one of wavelength."""
    kind = text(header, "CTYPE1").upper()
    if kind.startswith(_SPECTRAL_TYPES) or is_multispec(header):
        return True
    if number(header, "COEFF0") is not None and number(header, "COEFF1") is not None:
        return True
    if "wavelength" in _attributes(header).get("label", "").lower():
        return True
    if kind in {"", "LINEAR"}:
        return number(header, "DC-FLAG") in {0.0, 1.0} or (
            len(axes(header)) <= 2
            and wavelength_unit(text(header, "CUNIT1")) is not None
            and number(header, "CRVAL1") is not None
        )
    return False


def is_multispec(header: Keywords) -> bool:
    return "multispec" in text(header, "WAT0_001").lower() or text(
        header, "CTYPE1"
    ).upper().startswith("MULTISPE")


def spectral_axis(path: str, place: str, header: Keywords, row: int = 0) -> SpectralAxis:
    """The axis of an image, of its ``row`` where rows differ.

    Raises ``MissingMetadata`` or ``Ambiguous`` where the keywords do not settle it.
    """
    if is_multispec(header):
        return _multispec(path, place, header, row)
    size = axes(header)[0]
    notes: list[str] = []
    first, step, pixel = _linear(path, place, header, notes)
    position = np.arange(1, size + 1) - pixel
    unit = _unit(header, notes)
    values = first + step * position
    if _is_log10(header):
        if not np.all(np.abs(values[[0, -1]]) < 9):
            raise Ambiguous(
                path,
                place,
                f"the axis is called logarithmic, yet runs from {values[0]:g} to {values[-1]:g}",
                "Correct DC-FLAG or CRVAL1.",
            )
        values = 10.0**values
    elif text(header, "CTYPE1").upper()[4:8] == "-LOG":
        values = first * np.exp(np.clip(step * position / first, -20, 20))
    if not 1 <= abs(values[0]) * ANGSTROM[unit] < 1e10 or step == 0:
        raise MissingMetadata(
            path,
            place,
            f"the axis from {values[0]:g} to {values[-1]:g} {unit} is no wavelength",
            "State CUNIT1, or DC-FLAG = 1 for a logarithmic axis.",
        )
    return SpectralAxis(values, unit, _medium(header), tuple(notes))


def _linear(
    path: str, place: str, header: Keywords, notes: list[str]
) -> tuple[float, float, float]:
    first = number(header, "COEFF0", "CRVAL1")
    step = number(header, "COEFF1", "CD1_1", "CDELT1")
    if first is None or step is None:
        lacking = "CRVAL1" if first is None else "CDELT1"
        raise MissingMetadata(
            path,
            place,
            f"a spectrum without {lacking}: its wavelengths are unknown",
            "Add the keyword, or give a table with a wavelength column.",
        )
    pixel = number(header, "CRPIX1")
    if pixel is None or number(header, "COEFF0") is not None:
        if pixel is None and number(header, "COEFF0") is None:
            notes.append("CRPIX1 is absent: the first sample is taken as reference")
        pixel = 1.0
    return first, step, pixel


def _is_log10(header: Keywords) -> bool:
    return (
        number(header, "DC-FLAG") == 1
        or number(header, "COEFF0") is not None
        or text(header, "CTYPE1").upper().startswith("LOG10")
        or header.get("LOGLAM") in {1}
    )


def _unit(header: Keywords, notes: list[str]) -> str:
    """By the WAT1 card, then CUNIT1; ångström is assumed, and said, where neither is one."""
    for spelling in (_attributes(header).get("units", ""), text(header, "CUNIT1")):
        unit = wavelength_unit(spelling)
        if unit is not None:
            return unit
    if number(header, "COEFF0") is None:
        wrong = text(header, "CUNIT1")
        said = f"CUNIT1 says {wrong!r}" if wrong else "no unit is stated"
        notes.append(f"wavelengths taken as ångström ({said})")
    return "angstrom"


def _medium(header: Keywords) -> str:
    kind = text(header, "CTYPE1").upper()
    if header.get("VACUUM") is True or kind.startswith("WAVE-"):
        return "vacuum"
    if header.get("VACUUM") is False or kind.startswith("AWAV"):
        return "air"
    word = text(header, "AIRORVAC", "AIR_VAC", "MEDIUM").lower()
    if word.startswith(("air", "vac")):
        return "air" if word.startswith("air") else "vacuum"
    if text(header, "TELESCOP").upper() in SPACE_TELESCOPES:
        return "vacuum"
    # IRAF and the observatories' pipelines calibrate with arc lines in air unless told otherwise.
    return "vacuum" if kind == "WAVE" else "assumed air"


def _attributes(header: Keywords) -> dict[str, str]:
    """The name=value pairs of the WAT1 cards, values in quotes or not."""
    pairs = re.findall(r'(\w+)\s*=\s*("[^"]*"|\S+)', _wat(header, 1))
    return {name.lower(): value.strip('"') for name, value in pairs}


def _wat(header: Keywords, axis: int) -> str:
    """The text of the WAT cards of an axis; each fills 68 characters, blanks at its end count."""
    words = []
    for n in range(1, 1000):
        value = header.get(f"WAT{axis}_{n:03d}")
        if not isinstance(value, str):
            break
        words.append(value.ljust(68))
    return "".join(words)


def apertures(path: str, place: str, header: Keywords) -> list[list[float]]:
    """The numbers of each specN of a multispec header, in the order of the rows."""
    found = {int(n): words.split() for n, words in _MULTISPEC.findall(_wat(header, 2))}
    rows = axes(header)[1] if len(axes(header)) > 1 else 1
    listed = []
    for n in range(1, rows + 1):
        try:
            values = [float(word) for word in found.get(n, [])]
        except ValueError:
            values = []
        if len(values) < 9 or not np.all(np.isfinite(values)):
            raise MissingMetadata(
                path,
                place,
                f"spec{n} of the multispec header is absent or broken (WAT2 cards)",
                "Write the orders as single spectra (IRAF scopy format=onedspec).",
            )
        listed.append(values)
    return listed


def _multispec(path: str, place: str, header: Keywords, row: int) -> SpectralAxis:
    values = apertures(path, place, header)[row]
    kind, first, step, count, doppler = values[2:7]
    if kind not in {0, 1}:
        raise _nonlinear(path, place, row)
    size = axes(header)[0]
    wavelength = first + step * np.arange(size)
    if kind == 1:
        wavelength = 10.0 ** np.clip(wavelength, -9, 9)
    wavelength = np.where(np.arange(size) < count, wavelength / (1 + doppler), np.nan)
    notes: list[str] = []
    return SpectralAxis(wavelength, _unit(header, notes), _medium(header), tuple(notes))


def _nonlinear(path: str, place: str, row: int) -> FileProblem:
    return MissingMetadata(
        path,
        place,
        f"order {row + 1} has a wavelength function (multispec type 2), which is not read",
        "Resample it to a linear scale first (IRAF dispcor), or give a table.",
    )
