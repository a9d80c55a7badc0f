"""Spectra in FITS tables, found by the names of the columns.

Two layouts: one sample a row, or one spectrum a row (vector cells, as in ESO's science data
products). Names as they are common: wave, wavelength, lambda, loglam; flux, spec; err, error,
sigma, ivar, var; mask, dq, qual. Sources: ESO Science Data Products Standard 8 (TUCDn:
``em.wl;obs.atmos`` is air, ``em.wl`` vacuum); DEEP2 DR4 and STScI x1d documentation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, MissingMetadata, NotRecognised
from astrogui.readers.fits_arrays import Column, axes, columns_of, is_image, is_table, numbers
from astrogui.readers.fits_keywords import Keywords, frame, position, shown_header, text
from astrogui.readers.fits_structure import Hdu, name_of
from astrogui.readers.reader import Head
from astrogui.readers.spectral_axis import SPACE_TELESCOPES
from astrogui.readers.spectral_image import goes_with_a_spectrum
from astrogui.readers.spectral_unit import wavelength_unit
from astrogui.readers.spectrum_record import (
    MIN_GOOD_SAMPLES,
    Arrays,
    SpectrumReader,
    believed_mask,
    chosen,
    wavelength_span,
)
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

NAMES: dict[str, tuple[str, ...]] = {
    "wave": (
        *("wave", "wavelength", "lambda", "lam", "wl", "wav", "wvl", "awav", "spectral_axis"),
        *("wavelengths", "lambda_obs", "wave_obs", "obs_wave", "wavelength_obs", "wave_air"),
        *("lambda_air", "wavelength_air", "wave_vac", "lambda_vac", "wavelength_vac"),
        *("wavelength_angstrom", "wave_angstrom", "wavelength_nm", "wave_nm", "wavelength_um"),
        "wave_um",
    ),
    "loglam": ("loglam", "loglambda", "log_lambda", "logwave", "log_wave", "log10lam", "log_wl"),
    "flux": (
        *("flux", "spec", "spectrum", "flux_density", "fluxdensity", "flam", "f_lambda", "fnu"),
        *("f_nu", "flux_lambda", "counts", "fluxes", "intensity", "flux_opt", "optflam"),
    ),
    "err": (
        *("err", "error", "flux_error", "err_flux", "flux_err", "fluxerr", "sigma", "sig"),
        *("uncertainty", "unc", "noise", "errors", "std", "flux_uncertainty", "error_flux"),
        *("sigma_flux", "flux_sigma", "e_flux", "eflux", "dflux", "errs"),
    ),
    "ivar": ("ivar", "invvar", "inverse_variance", "flux_ivar", "inv_var", "ivar_flux", "weight"),
    "var": ("var", "variance", "flux_var", "var_flux", "flux_variance", "stat"),
    "mask": ("mask", "dq", "qual", "quality", "flag", "flags", "bad", "bpm"),
}
"""Names of columns in lower case, by role, most wanted first."""

_POSITIONS = (
    ("PLUG_RA", "PLUG_DEC"),
    ("RA_OBJ", "DEC_OBJ"),
    ("OBSRA", "OBSDEC"),
    ("RA_TARG", "DEC_TARG"),
    ("TARG_RA", "TARG_DEC"),
    ("RA", "DEC"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column plays which part in a table of spectra."""

    hdu: Hdu
    roles: dict[str, Column]
    vectors: bool  # one spectrum a row

    @property
    def rows(self) -> int:
        return axes(self.hdu.keywords)[1]

    @property
    def spectra(self) -> int:
        return self.rows if self.vectors else 1

    @property
    def samples(self) -> int:
        return self.roles["flux"].length if self.vectors else self.rows


def layout_of(path: str, hdu: Hdu, asked: str = "") -> Layout | None:
    """The parts of a table's columns, None when wavelength or flux is not among them.

    ``asked`` is the analyst's option columns, "wave=LAM,flux=F,err=E".
    """
    if not is_table(hdu.keywords):
        return None
    found = columns_of(hdu)
    roles: dict[str, Column] = {}
    for role, name in named_roles(path, asked).items():
        if name.lower() in found:
            roles[role] = found[name.lower()]
    for role, names in NAMES.items():
        if role in roles or (role == "loglam" and "wave" in roles):
            continue
        fitting = [found[name] for name in names if name in found and found[name].code != "A"]
        if fitting:
            roles[role] = fitting[0]
    axis = roles.get("wave") or roles.get("loglam")
    flux = roles.get("flux")
    if axis is None or flux is None:
        return None
    vectors = flux.length > 1
    length = flux.length
    if vectors and axis.length != length:
        return None
    kept = {role: one for role, one in roles.items() if one.length == length}
    return Layout(hdu, kept, vectors)


def named_roles(path: str, asked: str) -> dict[str, str]:
    """The pairs role=name of the option columns; other words are for text files.

    Raises ``MissingMetadata`` for a role that is none.
    """
    pairs = dict(
        pair.split("=", 1) for pair in (word.strip() for word in asked.split(",")) if "=" in pair
    )
    for role in pairs:
        if _role_and_unit(role)[0] not in NAMES:
            raise MissingMetadata(
                path,
                "option columns",
                f"{role!r} is no part of a spectrum",
                f"The parts are {', '.join(NAMES)}.",
            )
    return {_role_and_unit(role)[0]: name.strip() for role, name in pairs.items()}


def asked_unit(asked: str) -> str | None:
    """The unit in "wave_nm=NAME" of the option columns, None where none is named."""
    for word in asked.split(","):
        role, equals, _ = word.partition("=")
        stem, unit = _role_and_unit(role)
        if equals and stem == "wave" and unit:
            return wavelength_unit(unit)
    return None


def _role_and_unit(role: str) -> tuple[str, str]:
    stem, _, unit = role.strip().lower().partition("_")
    return stem, unit


class TableSpectrum(SpectrumReader):
    """Any table with columns of wavelength and flux; one source per table or per vector row."""

    name = "FITS table of a spectrum"
    generic = True

    def claims(self, head: Head) -> bool:
        if not head.is_fits:
            return False
        if any(is_image(hdu.keywords) and len(axes(hdu.keywords)) > 1 for hdu in head.fits_hdus):
            return False
        return bool(self._layouts(head))

    def sources(self, head: Head) -> Sequence[Source]:
        listed: list[Source] = []
        layouts = self._layouts(head)
        for layout in layouts:
            for row in range(layout.spectra):
                listed.append(self._source(head, layout, row, alone=len(layouts) == 1))
        if not listed:
            raise NotRecognised(
                head.path,
                name_of(layouts[0].hdu) if layouts else "",
                "the table has no rows",
                "Fetch the file again.",
            )
        return chosen(head, listed)

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        place, row = self._place(head, source)
        layouts = self._layouts(head)
        layout = next((one for one in layouts if one.hdu.index == place), layouts[0])
        arrays = self.arrays(head, layout, row)
        header = shown_header(head.fits_hdus[0].keywords, layout.hdu.keywords)
        return self.finish(head, source, arrays, header=header)

    def _layouts(self, head: Head) -> list[Layout]:
        asked = head.options.get("columns", "")
        found = [layout_of(head.path, hdu, asked) for hdu in head.fits_hdus[1:]]
        # A few rows named lambda and counts are eigenvalues or line lists rather than a spectrum.
        return [
            layout
            for layout in found
            if layout is not None and (not layout.rows or layout.samples >= MIN_GOOD_SAMPLES)
        ]

    def _source(self, head: Head, layout: Layout, row: int, *, alone: bool) -> Source:
        primary, header = head.fits_hdus[0].keywords, layout.hdu.keywords
        name = "" if alone else f"HDU {layout.hdu.index}"
        part = " ".join(
            word for word in (name, f"row {row + 1}" if layout.spectra > 1 else "") if word
        )
        ra, dec = object_position(primary, header)
        values, unit, _ = wavelengths(head, layout, row)
        return head.source(
            self,
            part=part,
            object_id=text(primary, "OBJECT", "TARGNAME", "HLSPTARG", "TARGET", "OBJID")
            or text(header, "OBJECT", "TARGET", "OBJNO"),
            ra_deg=ra,
            dec_deg=dec,
            shape=(layout.samples,),
            wavelength_range_angstrom=wavelength_span(values, unit, self.medium(head, layout)),
            remarks=self.remarks(head, layout, row),
        )

    def remarks(self, head: Head, layout: Layout, row: int) -> tuple[str, ...]:
        """Words beside the part in the list of sources."""
        name = text(layout.hdu.keywords, "EXTNAME")
        return (name,) if name and layout.spectra == 1 else ()

    @staticmethod
    def _place(head: Head, source: Source) -> tuple[int, int]:
        """HDU (0 where there is but one table) and row, from 0, of a part."""
        match = re.fullmatch(r"(?:HDU (\d+))? ?(?:row (\d+))?", source.part)
        if match is None:
            raise NotRecognised(head.path, source.part, "there is no such part", "Add it again.")
        return int(match[1] or 0), int(match[2] or 1) - 1

    def arrays(self, head: Head, layout: Layout, row: int) -> Arrays:
        """The columns of one spectrum as the file has them."""
        header = layout.hdu.keywords
        values, unit, notes = wavelengths(head, layout, row)
        arrays = Arrays(
            wavelength=values,
            flux=cells(head, layout, "flux", row),
            unit=unit,
            medium=self.medium(head, layout),
            flux_unit=layout.roles["flux"].unit or text(header, "BUNIT", "FLUXUNIT"),
            frame=frame(header, head.fits_hdus[0].keywords),
            notes=notes,
        )
        for role, name in (("ivar", "ivar"), ("err", "error"), ("var", "variance")):
            if role in layout.roles:
                setattr(arrays, name, cells(head, layout, role, row))
                break
        if "mask" in layout.roles:
            quality = cells(head, layout, "mask", row)
            arrays.bad = believed_mask(self.bad_samples(head, layout, quality), arrays.notes)
        return arrays

    def medium(self, head: Head, layout: Layout) -> str:
        """Air or vacuum, with "assumed" before where the file leaves it open."""
        return table_medium(head, layout)

    def bad_samples(self, head: Head, layout: Layout, quality: NDArray[Any]) -> NDArray[np.bool_]:
        """(n,) True where the quality column excludes a sample: anything but zero."""
        return np.asarray(np.nan_to_num(np.asarray(quality, np.float64)) != 0)


def cells(head: Head, layout: Layout, role: str, row: int) -> NDArray[Any]:
    """The values (n,) of a role for one spectrum."""
    return numbers(head, layout.hdu, layout.roles[role], row if layout.vectors else None)


def wavelengths(head: Head, layout: Layout, row: int) -> tuple[NDArray[np.float64], str, list[str]]:
    """Wavelengths of one spectrum with unit and words; raises ``MissingMetadata``."""
    notes: list[str] = []
    role = "wave" if "wave" in layout.roles else "loglam"
    axis = layout.roles[role]
    if not layout.rows:
        raise Damaged(
            head.path, name_of(layout.hdu), "the table has no rows", "Fetch the file again."
        )
    values = np.asarray(cells(head, layout, role, row), np.float64)
    if role == "loglam":
        values = 10.0 ** np.clip(values, -9.0, 9.0)
    unit = asked_unit(head.options.get("columns", "")) or wavelength_unit(axis.unit)
    unit = unit or wavelength_unit(axis.name.rpartition("_")[2])
    if role == "loglam":
        unit = "angstrom"
    if unit is None:
        unit = assumed_unit(head.path, f"{name_of(layout.hdu)}, column {axis.name}", values)
        notes.append(f"wavelengths taken as ångström (column {axis.name} states no unit)")
    return values, unit, notes


def assumed_unit(path: str, place: str, values: NDArray[np.float64]) -> str:
    """Ångström where numbers without a unit can be nothing else; raises ``MissingMetadata``."""
    finite = values[np.isfinite(values) & (values > 0)]
    largest = float(finite.max()) if finite.size else 0.0
    if finite.size and largest < 2000:
        raise MissingMetadata(
            path,
            place,
            f"wavelengths up to {largest:g} without a unit could be nanometres or micrometres",
            "Name the unit: --columns wave_nm=NAME,flux=NAME for a table, wave_nm,flux for text.",
        )
    return "angstrom"


def table_medium(head: Head, layout: Layout) -> str:
    """Air or vacuum by UCD, keyword or column name; vacuum for space telescopes, else assumed."""
    header, primary = layout.hdu.keywords, head.fits_hdus[0].keywords
    axis = layout.roles.get("wave") or layout.roles["loglam"]
    ucd = text(header, f"TUCD{axis.number}").lower()
    if ucd.startswith("em.wl"):
        return "air" if "obs.atmos" in ucd else "vacuum"
    name = axis.name.lower()
    if "air" in name or name == "awav":
        return "air"
    if "vac" in name:
        return "vacuum"
    for keywords in (header, primary):
        if isinstance(keywords.get("VACUUM"), bool):
            return "vacuum" if keywords["VACUUM"] is True else "air"
        word = text(keywords, "AIRORVAC", "AIR_VAC").lower()
        if word.startswith(("air", "vac")):
            return "air" if word.startswith("air") else "vacuum"
    if text(primary, "TELESCOP").upper() in SPACE_TELESCOPES:
        return "vacuum"
    return "assumed vacuum"


def object_position(*headers: Keywords) -> tuple[float | None, float | None]:
    """The object's position from the first header that has one."""
    for header in headers:
        found = position(header, *_POSITIONS)
        if found[0] is not None:
            return found
    return None, None


class SpectrumWithImage(TableSpectrum):
    """A table 1D of an extracted spectrum, with the two-dimensional one it was extracted from."""

    name = "FITS spectrum with its two-dimensional image"
    generic = False

    def claims(self, head: Head) -> bool:
        return goes_with_a_spectrum(head) and bool(self._layouts(head))


class SixdfTable(TableSpectrum):
    """6dFGS as plain tables (WAVE, FLUX): counts in air, without errors."""

    name = "6dFGS table"
    generic = False

    def claims(self, head: Head) -> bool:
        if not head.is_fits or not {"OBSRA", "NAME_V"} <= set(head.fits_hdus[0].keywords):
            return False
        return len(head.fits_hdus) == 2 and bool(self._layouts(head))

    def medium(self, head: Head, layout: Layout) -> str:
        return "air"
