"""FITS binary table: the format that every survey tool reads.

FITS text is ASCII, so other characters are written as backslash escapes; a logical column cannot
hold a null, so such a column is written as a short integer and marked by AGTYPn = 'bool'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.export.exporter import Exporter
from astrogui.records.catalogue import Catalogue, Column

INT_NULL = np.iinfo(np.int64).min
BOOL_NULL = -1
META_PREFIX = "AGMETA"


class FitsTable(Exporter):
    name = "FITS table"
    suffixes = (".fits", ".fit", ".fits.gz")

    def write(self, catalogue: Catalogue, path: Path) -> None:
        from astropy.io import fits

        columns = [_fits_column(column, catalogue) for column in catalogue.columns]
        table = fits.BinTableHDU.from_columns(columns, nrows=len(catalogue), name="CATALOGUE")
        for number, column in enumerate(catalogue.columns, start=1):
            table.header[f"TUCD{number}"] = (column.ucd, "UCD")
            table.header[f"TCOMM{number}"] = _escaped(column.description)
            table.header[f"AGTYP{number}"] = (column.type, "type in the application")
        for number, (key, value) in enumerate(catalogue.meta.items(), start=1):
            table.header[f"{META_PREFIX}{number}"] = _escaped(f"{key}={value}")
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True, checksum=True)

    def read(self, path: Path) -> Catalogue:
        from astropy.io import fits

        with fits.open(path, checksum=True, memmap=False) as hdus:
            table = hdus["CATALOGUE"]
            columns: list[Column] = []
            values: dict[str, NDArray[Any]] = {}
            nulls: dict[str, NDArray[np.bool_]] = {}
            for number, name in enumerate(table.columns.names, start=1):
                column = _column_of(table, number, name)
                columns.append(column)
                values[name], null = _cells(column, np.asarray(table.data[name]))
                if null is not None and null.any():
                    nulls[name] = null
            return Catalogue(
                columns=tuple(columns), values=values, nulls=nulls, meta=_meta(table.header)
            )


def _fits_column(column: Column, catalogue: Catalogue) -> Any:
    from astropy.io import fits

    values = catalogue.values[column.name]
    null = catalogue.nulls.get(column.name)
    unit = column.unit or None
    if column.type == "float":
        return fits.Column(column.name, "D", unit=unit, array=values)
    if column.type == "text":
        cells = np.array([_escaped(str(cell)).encode("ascii") for cell in values], dtype=np.bytes_)
        width = max(cells.dtype.itemsize, 1)
        return fits.Column(column.name, f"{width}A", array=cells)
    if column.type == "int":
        cells = values if null is None else np.where(null, INT_NULL, values)
        return fits.Column(column.name, "K", unit=unit, null=INT_NULL, array=cells)
    cells = values.astype(np.int16) if null is None else np.where(null, BOOL_NULL, values)
    if null is None:
        return fits.Column(column.name, "L", array=values.astype(bool))
    return fits.Column(column.name, "I", null=BOOL_NULL, array=cells.astype(np.int16))


def _column_of(table: Any, number: int, name: str) -> Column:
    header = table.header
    return Column(
        name=name,
        type=header[f"AGTYP{number}"],
        unit=table.columns[number - 1].unit or "",
        ucd=header.get(f"TUCD{number}", ""),
        description=_unescaped(header.get(f"TCOMM{number}", "")),
    )


def _cells(column: Column, data: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    if column.type == "float":
        return data.astype(np.float64), None
    if column.type == "text":
        return np.array([_unescaped(str(cell)) for cell in data], dtype=object), None
    if column.type == "int":
        null = data == INT_NULL
        return np.where(null, 0, data).astype(np.int64), null
    if data.dtype.kind == "b":
        return data.astype(np.bool_), None
    null = data == BOOL_NULL
    return np.where(null, 0, data).astype(np.bool_), null


def _meta(header: Any) -> dict[str, str]:
    meta = {}
    for key in header:
        if key.startswith(META_PREFIX):
            name, _, value = _unescaped(str(header[key])).partition("=")
            meta[name] = value
    return meta


def _escaped(text: str) -> str:
    """ASCII without control characters; other characters as backslash escapes."""
    return text.encode("unicode_escape").decode("ascii")


def _unescaped(text: str) -> str:
    return text.encode("ascii", errors="replace").decode("unicode_escape")
