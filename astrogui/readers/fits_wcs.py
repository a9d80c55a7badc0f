"""The sky coordinates of a FITS image, written anew as checked numbers of known keywords.

What is not a finite number under a keyword of the standard is left out, so that no library parses
text of the file later. Sources: Greisen & Calabretta 2002 (A&A 395, 1061), Calabretta & Greisen
2002 (A&A 395, 1077); SIP: Shupe et al. 2005 (ADASS XIV, 491); TPV as registered with the IAU FITS
working group.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

WcsHeader = dict[str, str | float | int]

PROJECTIONS = frozenset(
    re.findall(
        r"\w+",
        "AZP SZP TAN STG SIN ARC ZPN ZEA AIR CYP CEA CAR MER COP COE COD COO SFL PAR MOL AIT BON "
        "PCO TSC CSC QSC HPX XPH TPV GLS NCP",
    )
)
LONGITUDES = {"RA": "DEC", "GLON": "GLAT", "ELON": "ELAT", "SLON": "SLAT"}
_CTYPE = re.compile(r"([A-Z]{2,4})-+([A-Z]{3})(-SIP)?")
_NUMBERS = re.compile(
    r"(?:CRVAL|CRPIX|CDELT|CROTA)[12]|(?:CD|PC)[12]_[12]|PV[12]_\d{1,2}|"
    r"LONPOLE|LATPOLE|EQUINOX|EPOCH|(?:A|B|AP|BP)_(?:ORDER|\d_\d)|"
    r"PLTRA[HMS]|PLTDEC[DMS]|PPO[36]|[XY]PIXELSZ|CNPIX[12]|AMD[XY]\d{1,2}"  # Digitized Sky Survey
)
_OLD_MATRIX = re.compile(r"PC00([12])00([12])")
_UNITS = {"", "deg", "degree", "degrees", "arcsec", "arcmin", "rad"}
_FRAMES = {"ICRS", "FK5", "FK4", "FK4-NO-E"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyCoordinates:
    """What the header says of the sky: the checked keywords, or the reason for having none."""

    header: WcsHeader = field(default_factory=dict)
    ra_deg: float | None = None  # ICRS, of the image's centre
    dec_deg: float | None = None
    pixel_scale_arcsec: float | None = None
    remarks: tuple[str, ...] = ()


def sky_coordinates(header: Mapping[str, Any], shape: tuple[int, int]) -> SkyCoordinates:
    """The WCS of an image of ``shape`` (ny, nx); without one, ``remarks`` say why. Never raises."""
    ctypes = [_text(header, f"CTYPE{axis}").upper() for axis in (1, 2)]
    if not any(ctypes):
        return SkyCoordinates(remarks=("no sky coordinates in the header",))
    matches = [_CTYPE.fullmatch(ctype) for ctype in ctypes]
    names = {match[1] for match in matches if match}
    if not any({longitude, latitude} == names for longitude, latitude in LONGITUDES.items()):
        unknown = next((c for c in ctypes if c.endswith(("-TNX", "-ZPX", "-TAB"))), "")
        words = f"the axes are {ctypes[0] or '?'} and {ctypes[1] or '?'}, not sky coordinates"
        return SkyCoordinates(remarks=(_unsupported(unknown) if unknown else words,))
    codes = {match[2] for match in matches if match}
    if len(codes) > 1 or not codes <= PROJECTIONS:
        return SkyCoordinates(remarks=(_unsupported(ctypes[0]),))
    checked = _checked(header, ctypes)
    if not {"CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"} <= checked.keys():
        return SkyCoordinates(
            remarks=("the sky coordinates lack CRVAL or CRPIX; pixels are used instead",)
        )
    return _measured(checked, shape, _distortion_remarks(header))


def _checked(header: Mapping[str, Any], ctypes: list[str]) -> WcsHeader:
    checked: WcsHeader = {"WCSAXES": 2, "CTYPE1": ctypes[0], "CTYPE2": ctypes[1]}
    for axis in (1, 2):
        unit = _text(header, f"CUNIT{axis}").lower()
        checked[f"CUNIT{axis}"] = unit if unit in _UNITS and unit else "deg"
    frame = (_text(header, "RADESYS") or _text(header, "RADECSYS")).upper()
    if frame in _FRAMES:
        checked["RADESYS"] = frame
    if _text(header, "PLTDECSN") in {"+", "-"}:
        checked["PLTDECSN"] = _text(header, "PLTDECSN")
    for keyword in dict.fromkeys(header):
        old = _OLD_MATRIX.fullmatch(keyword)
        if not old and not _NUMBERS.fullmatch(keyword):
            continue
        value = header.get(keyword)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if not math.isfinite(value) or abs(value) > 1e100:
            continue
        name = f"PC{old[1]}_{old[2]}" if old else keyword
        if name.endswith("_ORDER"):
            value = int(min(max(value, 0), 9))
        checked[name] = value
    return _tidied(checked)


def _tidied(checked: WcsHeader) -> WcsHeader:
    """Old and mixed conventions brought to the one that is meant."""
    if any(name.startswith(("CD1_", "CD2_")) for name in checked):
        for name in [n for n in checked if n.startswith(("PC", "CDELT", "CROTA"))]:
            del checked[name]
    if "EPOCH" in checked:  # the old name of EQUINOX; unWISE writes -1
        epoch = float(checked.pop("EPOCH"))
        if "EQUINOX" not in checked and 1800 < epoch < 2200:
            checked["EQUINOX"] = epoch
    if not 1800 < float(checked.get("EQUINOX", 2000.0)) < 2200:
        del checked["EQUINOX"]
    polynomial = [name for name in checked if re.fullmatch(r"PV[12]_([5-9]|\d\d)", name)]
    is_tan = str(checked["CTYPE1"])[4:8].endswith("TAN") and "SIP" not in str(checked["CTYPE1"])
    if is_tan and polynomial:  # SCAMP writes the TPV polynomial under TAN
        for axis in (1, 2):
            checked[f"CTYPE{axis}"] = str(checked[f"CTYPE{axis}"])[:5] + "TPV"
    if "SIP" in str(checked["CTYPE1"]):  # both describe one distortion; SIP is what counts
        for name in [n for n in checked if n.startswith("PV")]:
            del checked[name]
    orders = {name: int(value) for name, value in checked.items() if name.endswith("_ORDER")}
    for name in [n for n in checked if re.fullmatch(r"(?:A|B|AP|BP)_\d_\d", n)]:
        prefix, first, second = name.split("_")
        if int(first) + int(second) > orders.get(f"{prefix}_ORDER", -1):
            del checked[name]
    for one, other in (("A", "B"), ("AP", "BP")):  # one of a pair alone is refused by libraries
        if (f"{one}_ORDER" in checked) != (f"{other}_ORDER" in checked):
            for name in [n for n in checked if n.startswith((f"{one}_", f"{other}_"))]:
                del checked[name]
    return checked


def _measured(checked: WcsHeader, shape: tuple[int, int], remarks: list[str]) -> SkyCoordinates:
    """Centre and pixel scale by wcslib, which now sees nothing but checked numbers."""
    from astropy.io.fits import Header
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(Header(checked), relax=True)
            scales_deg = proj_plane_pixel_scales(wcs)
            centre = wcs.all_pix2world([[(shape[1] - 1) / 2, (shape[0] - 1) / 2]], 0)[0]
            scale_arcsec = float(np.sqrt(np.prod(scales_deg))) * 3600
            ra_deg, dec_deg = _icrs(wcs, checked, float(centre[0]), float(centre[1]))
    except Exception as error:  # wcslib refuses by a dozen classes, none of them narrower
        words = " ".join(str(error).split())[:120]
        return SkyCoordinates(
            remarks=(f"the sky coordinates are broken ({words}); pixels are used instead",)
        )
    if not (math.isfinite(scale_arcsec) and 0 < scale_arcsec < 648000):
        return SkyCoordinates(
            remarks=("the sky coordinates have no finite pixel scale; pixels are used instead",)
        )
    if not (math.isfinite(ra_deg) and math.isfinite(dec_deg)):
        return SkyCoordinates(
            header=checked,
            pixel_scale_arcsec=scale_arcsec,
            remarks=(*remarks, "the centre of the image lies outside the projection"),
        )
    return SkyCoordinates(
        header=checked,
        ra_deg=ra_deg % 360,
        dec_deg=dec_deg,
        pixel_scale_arcsec=scale_arcsec,
        remarks=tuple(remarks),
    )


def _icrs(wcs: Any, checked: WcsHeader, first: float, second: float) -> tuple[float, float]:
    """The position in ICRS; FK5 of 2000 is taken as such (they differ by less than 0.1 arcsec)."""
    if wcs.wcs.lng == 1:
        first, second = second, first
    frame, equinox = str(checked.get("RADESYS", "")), float(checked.get("EQUINOX", 2000.0))
    equatorial = {"RA", "DEC"} == {str(checked[f"CTYPE{axis}"])[:4].strip("-") for axis in (1, 2)}
    if equatorial and (frame == "ICRS" or (frame in {"", "FK5"} and abs(equinox - 2000) < 1)):
        return first, second
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    position = SkyCoord(first, second, unit="deg", frame=wcs_to_celestial_frame(wcs)).icrs
    return float(position.ra.deg), float(position.dec.deg)


def _distortion_remarks(header: Mapping[str, Any]) -> list[str]:
    lookup = ("CPDIS1", "CPDIS2", "CPERR1", "D2IMDIS1", "D2IMDIS2", "AXISCORR")
    if any(keyword in header for keyword in lookup):
        return ["positions lack the header's look-up table distortion (below a pixel as a rule)"]
    return []


def _unsupported(ctype: str) -> str:
    code = ctype[-3:] or "?"
    return f"the projection {code} is not applied: no sky coordinates are given, only pixels"


def _text(header: Mapping[str, Any], keyword: str) -> str:
    value = header.get(keyword, "")
    return value.strip() if isinstance(value, str) else ""
