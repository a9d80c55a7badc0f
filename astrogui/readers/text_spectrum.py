"""Spectra as columns of text: ASCII, CSV, with or without names of the columns.

The option ``columns`` says what the columns are, from the left: "wave,flux,err", with ``ivar``,
``var``, ``mask`` or ``skip`` as further words and a unit in the name of the first (wave_nm);
"wave=NAME" picks by name. The option ``air`` says that wavelengths are in air.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import FileProblem, MissingMetadata, Unsuitable
from astrogui.readers.reader import Head
from astrogui.readers.spectral_unit import wavelength_unit
from astrogui.readers.spectrum_record import (
    MIN_GOOD_SAMPLES,
    Arrays,
    SpectrumReader,
    believed_mask,
    wavelength_span,
)
from astrogui.readers.table_spectrum import NAMES, asked_unit, assumed_unit, named_roles
from astrogui.readers.text_table import TextTable, parse, parse_start
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum

_NAME = re.compile(r"\s*([^\[(]+?)\s*(?:[\[(]\s*([^\])]*)[\])])?\s*")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LARGEST = 1e7  # beyond this a first column holds times or identifiers, not wavelengths
_GIRAUD = {"obs", "slit", "spec"}
"""Comments of the FORS2 spectra of Giraud et al. 2011 (RAA 11, 245): wavelength in air, flux, flag
(1 = outside the detector)."""


@dataclass(slots=True)
class _Roles:
    """Column by role, counted from 0, with what was said or supposed about them."""

    index: dict[str, int]
    unit: str | None = None
    flux_unit: str = ""
    notes: list[str] = field(default_factory=list)


class TextSpectrum(SpectrumReader):
    """Columns of wavelength, flux and, where there are, errors and mask."""

    name = "text columns of a spectrum"
    generic = True

    def claims(self, head: Head) -> bool:
        if not head.is_text or _CONTROL.search(head.first):
            return False
        start = head.first.decode("utf-8", errors="replace")
        if len(head.first) == 4096:
            start = start.rpartition("\n")[0]
        _, names, rows = parse_start(start)
        width = len(rows[0]) if rows else 0
        if len(rows) < 5 or width < 2 or set(map(len, rows[:-1])) != {width}:
            return False
        if head.options.get("columns"):
            return True
        if names:
            return "wave" in (found := _by_name(names)) or "loglam" in found
        first = np.array([row[0] for row in rows[:-1]])
        steps = np.diff(first)
        rising_or_falling = bool(np.all(steps > 0) or np.all(steps < 0))
        return rising_or_falling and bool(np.all((first > 0) & (first < _LARGEST)))

    def sources(self, head: Head) -> Sequence[Source]:
        table = parse(head.path, head.content)
        roles = _roles(head, table)
        values, unit = _wavelengths(head, table, roles)
        medium = _medium(table, values, unit)
        return (
            head.source(
                self,
                object_id=_object_id(table),
                shape=(table.rows.shape[0],),
                wavelength_range_angstrom=wavelength_span(values, unit, medium),
            ),
        )

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        table = parse(head.path, head.content)
        roles = _roles(head, table)
        values, unit = _wavelengths(head, table, roles)

        def cells(role: str) -> NDArray[np.float64] | None:
            return table.rows[:, roles.index[role]] if role in roles.index else None

        flux = cells("flux")
        quality = cells("mask")
        arrays = Arrays(
            wavelength=values,
            flux=values * np.nan if flux is None else flux,
            error=cells("err"),
            ivar=cells("ivar"),
            variance=cells("var"),
            bad=None
            if quality is None
            else believed_mask(np.nan_to_num(quality, nan=1.0) != 0, roles.notes),
            unit=unit,
            medium=_medium(table, values, unit),
            flux_unit=roles.flux_unit,
            notes=roles.notes,
        )
        return self.finish(head, source, arrays, header=table.pairs)


def _by_name(names: list[str]) -> dict[str, int]:
    """Column by role, for names that are known."""
    bare = [(match[1] if (match := _NAME.fullmatch(name)) else name).lower() for name in names]
    bare = [re.sub(r"[\s.-]+", "_", name) for name in bare]
    found = {}
    for role, known in NAMES.items():
        fitting = [bare.index(name) for name in known if name in bare]
        if fitting:
            found[role] = fitting[0]
    if "wave" in found:
        found.pop("loglam", None)
    return found


def _unit_in(name: str) -> str:
    """The unit in a column's name: in brackets, or after its last underscore."""
    match = _NAME.fullmatch(name)
    if match and match[2]:
        return match[2]
    return name.rpartition("_")[2] if "_" in name else ""


def _roles(head: Head, table: TextTable) -> _Roles:
    """What each column is; raises ``MissingMetadata`` where that is not settled."""
    width = table.rows.shape[1]
    if table.rows.shape[0] < MIN_GOOD_SAMPLES:
        raise Unsuitable(
            head.path,
            "",
            f"{table.rows.shape[0]} rows; {MIN_GOOD_SAMPLES} samples are the least",
            "Nothing can be measured on it.",
        )
    asked = head.options.get("columns", "")
    if asked:
        return _asked(head.path, asked, table, width)
    if table.names:
        return _named(head.path, table)
    roles = _Roles({"wave": 0, "flux": 1})
    if set(table.pairs) >= _GIRAUD and width == 3:
        roles.index["mask"] = 2
        roles.notes.append("third column taken as flag (1 = bad), after the layout's description")
    elif width == 3 and set(np.unique(table.rows[:, 2])) <= {0.0, 1.0}:
        roles.index["mask"] = 2
        roles.notes.append("third column holds only 0 and 1: taken as a mask, 1 = bad")
    elif width == 3 and np.mean(table.rows[:, 2] > 0) < 0.8:
        raise MissingMetadata(
            head.path,
            "column 3",
            "it has no name and cannot be errors, for many values are not positive",
            "Say what it is, for example --columns wave,flux,skip.",
        )
    elif width == 3:
        roles.index["err"] = 2
        roles.notes.append("third column has no name: taken as one-sigma errors")
    elif width > 3:
        raise MissingMetadata(
            head.path,
            "",
            f"{width} columns without names",
            "Say what they are, for example --columns wave,flux,err,skip.",
        )
    return roles


def _named(path: str, table: TextTable) -> _Roles:
    index = _by_name(table.names)
    if "flux" not in index:
        raise MissingMetadata(
            path,
            "line of names",
            f"no column of flux among {', '.join(table.names)[:200]}",
            "Say which it is, for example --columns wave,flux,skip.",
        )
    axis = table.names[index.get("wave", index.get("loglam", 0))]
    flux = _NAME.fullmatch(table.names[index["flux"]])
    return _Roles(index, wavelength_unit(_unit_in(axis)), flux[2] or "" if flux else "")


def _asked(path: str, asked: str, table: TextTable, width: int) -> _Roles:
    """Roles by the option ``columns``."""
    by_name = named_roles(path, asked)
    if by_name:
        lower = [name.lower() for name in table.names]
        index = {}
        for role, name in by_name.items():
            if name.lower() not in lower:
                raise _not_there(path, name, table.names)
            index[role] = lower.index(name.lower())
        return _Roles(_by_name(table.names) | index, asked_unit(asked))
    words = [word.strip().lower() for word in asked.split(",")]
    if len(words) > width:
        raise MissingMetadata(
            path,
            "option columns",
            f"{len(words)} columns are named, the file has {width}",
            "Name them from the left; use skip for one that is not wanted.",
        )
    roles = _Roles({})
    for column, word in enumerate(words):
        stem, _, unit = word.partition("_")
        if stem in {"wave", "wavelength", "lambda"}:
            roles.index["wave"], roles.unit = column, wavelength_unit(unit) if unit else None
        elif word in NAMES:
            roles.index[word] = column
        elif word not in {"skip", "-", ""}:
            raise MissingMetadata(
                path,
                "option columns",
                f"{word!r} is no part of a spectrum",
                f"Use {', '.join(NAMES)} or skip.",
            )
    if not {"wave", "loglam"} & set(roles.index) or "flux" not in roles.index:
        raise MissingMetadata(
            path, "option columns", "wave and flux must both be named", "Example: wave,flux,err."
        )
    return roles


def _not_there(path: str, name: str, names: list[str]) -> FileProblem:
    return MissingMetadata(
        path,
        "option columns",
        f"no column {name!r}",
        f"The columns are: {', '.join(names) or 'without names'}.",
    )


def _wavelengths(head: Head, table: TextTable, roles: _Roles) -> tuple[NDArray[np.float64], str]:
    if "wave" not in roles.index:
        return 10.0 ** np.clip(table.rows[:, roles.index["loglam"]], -9.0, 9.0), "angstrom"
    values = table.rows[:, roles.index["wave"]]
    if roles.unit:
        return values, roles.unit
    unit = assumed_unit(head.path, f"column {roles.index['wave'] + 1}", values)
    roles.notes.append("wavelengths taken as ångström (the file states no unit)")
    return values, unit


def _medium(table: TextTable, values: NDArray[np.float64], unit: str) -> str:
    """As a name or comment says; else what is usual: air in the optical, vacuum elsewhere."""
    if set(table.pairs) >= _GIRAUD:
        return "air"
    said = " ".join([*table.names, *table.comments]).lower()
    air = re.search(r"(?<![a-z])air(?![a-z])", said)
    vacuum = re.search(r"(?<![a-z])vac(uum)?(?![a-z])", said)
    if bool(air) != bool(vacuum):
        return "air" if air else "vacuum"
    span = wavelength_span(values, unit, "vacuum")
    optical = span is not None and span[0] > 2900 and span[1] < 11000
    return "assumed air" if optical else "assumed vacuum"


def _object_id(table: TextTable) -> str:
    pairs = {key.lower(): value for key, value in table.pairs.items()}
    for key in ("object", "target", "object_id", "objid", "name", "id"):
        if pairs.get(key):
            return pairs[key][:80]
    return f"spec {pairs['spec']}"[:80] if pairs.get("spec") else ""
