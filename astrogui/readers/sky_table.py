"""An analyst's own table of sources: FITS, VOTable, ECSV, CSV or TSV, as typed columns.

Read whatever it holds; which columns are the position is decided by whoever shows it. Only plain
columns are taken: one value a row.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, FileProblem, NotRecognised, TooLarge
from astrogui.readers.reader import Head, damaged
from astrogui.records.catalogue import Catalogue, Column, ColumnType

if TYPE_CHECKING:
    from astropy.table import Table

LARGEST_BYTES = 1 << 30  # of the columns in memory
FORMATS = "Give a FITS table, a VOTable, ECSV, CSV or TSV file."


def read_sky_table(path: str) -> Catalogue:
    """The plain columns of a table; raises ``FileProblem``."""
    head = Head(path)
    if head.is_fits:
        return _from_astropy(_fits(head), path)
    if head.first.lstrip()[:5].lower() == b"<?xml" or b"<VOTABLE" in head.first.upper():
        return _from_astropy(_votable(head), path)
    if not head.is_text:
        raise NotRecognised(path, "", "it is no table of a known kind", FORMATS)
    if head.first.lstrip().startswith(b"# %ECSV"):
        return _from_astropy(_ecsv(head), path)
    return _delimited(head, path)


def _fits(head: Head) -> Table:
    """The first table of a FITS file, or the extension named behind the path."""
    from astropy.io import fits
    from astropy.table import Table

    tables = [i for i, header in enumerate(head.fits_headers)
              if str(header.get("XTENSION", "")).strip() in {"BINTABLE", "TABLE"}
              and "ZIMAGE" not in header
              and (not head.part or head.part in {str(i), header.get("EXTNAME", "")})]  # fmt: skip
    if not tables:
        named = f" named {head.part}" if head.part else ""
        raise NotRecognised(head.given, "", f"the FITS file holds no table{named}", FORMATS)
    with warnings.catch_warnings(), head.open_fits() as file:
        warnings.simplefilter("ignore")
        try:
            table = Table.read(file[tables[0]], format="fits")
            for column in fits.ColDefs(file[tables[0]].columns):
                number = file[tables[0]].columns.names.index(column.name) + 1
                ucd = file[tables[0]].header.get(f"TUCD{number}")
                if ucd and column.name in table.colnames:
                    table[column.name].meta["ucd"] = str(ucd)
        except Exception as error:
            raise damaged(head.given, f"HDU {tables[0]}", error) from error
    return table


def _votable(head: Head) -> Table:
    from astropy.io.votable import parse

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = parse(io.BytesIO(head.content), verify="ignore").get_first_table()
            table = parsed.to_table(use_names_over_ids=True)
            for given, name in zip(parsed.fields, table.colnames, strict=True):
                if given.ucd:
                    table[name].meta["ucd"] = str(given.ucd)
        except FileProblem:
            raise
        except Exception as error:
            raise damaged(head.given, "VOTable", error) from error
    return table


def _ecsv(head: Head) -> Table:
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Table.read(_decoded(head), format="ascii.ecsv")
        except Exception as error:
            raise damaged(head.given, "ECSV", error) from error


def _decoded(head: Head) -> str:
    try:
        return head.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = f"byte {error.start} is not UTF-8 text"
        raise Damaged(head.given, "", words, "Save it as UTF-8.") from error


def _delimited(head: Head, path: str) -> Catalogue:
    """CSV or TSV with a line of names; comment lines before it are left out."""
    import pyarrow as pa
    from pyarrow import csv

    content = head.content
    skipped = 0
    while content.lstrip(b"\r\n").startswith(b"#"):
        line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
        if not rest.lstrip(b"\r\n").startswith(b"#") and _separator(line) and (
            line.count(_separator(line).encode()) == _first_line(rest).count(
                _separator(line).encode())):  # fmt: skip
            content = line.lstrip(b"# ") + b"\n" + rest  # the names stand behind the "#"
            break
        content, skipped = rest, skipped + 1
    separator = _separator(_first_line(content))
    if not separator:
        raise NotRecognised(path, f"line {skipped + 1}", "its columns are not separated by commas, "
                            "tabs, semicolons or bars", FORMATS)  # fmt: skip
    try:
        table = csv.read_csv(
            io.BytesIO(content),
            parse_options=csv.ParseOptions(delimiter=separator),
            convert_options=csv.ConvertOptions(
                null_values=["", "NaN", "nan", "null", "NULL", "None", "--", "N/A"],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        words = str(error).removeprefix("CSV parse error: ")
        raise Damaged(
            path, "", words, "Give each line as many cells as there are names."
        ) from error
    return _from_arrow(table, path)


def _first_line(content: bytes) -> bytes:
    return content.lstrip(b"\r\n").partition(b"\n")[0]


def _separator(line: bytes) -> str:
    """What separates most cells of a line; "" where nothing does."""
    counts = {mark: line.count(mark.encode()) for mark in (",", "\t", ";", "|")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ""


def _from_arrow(table: Any, path: str) -> Catalogue:
    import pyarrow as pa

    columns, values, nulls = [], {}, {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in values:
            raise Damaged(path, "line of names", f'two columns are called "{name}"', "Rename one.")
        kind: ColumnType = "text"
        if pa.types.is_boolean(column.type):
            kind = "bool"
        elif pa.types.is_integer(column.type):
            kind = "int"
        elif pa.types.is_floating(column.type):
            kind = "float"
        missing = column.is_null().to_numpy()
        if kind == "text":
            array = np.array(column.cast(pa.string()).to_pylist(), dtype=np.str_)
        elif kind == "float":
            array = column.to_numpy().astype(np.float64)
        else:
            array = column.fill_null(False if kind == "bool" else 0).to_numpy()
            array = array.astype(bool if kind == "bool" else np.int64)
            if missing.any():
                nulls[name] = missing
        columns.append(Column(name=name, type=kind))
        values[name] = array
    return _checked(columns, values, nulls, path)


def _from_astropy(table: Table, path: str) -> Catalogue:
    columns, values, nulls = [], {}, {}
    for name in table.colnames:
        column = table[name]
        if column.ndim != 1:
            continue  # vectors and images have no place in a table of sources
        mask = np.asarray(getattr(column, "mask", False)) | np.zeros(len(column), bool)
        kind, array = _plain(column, mask)
        if kind in {"int", "bool"} and mask.any():
            nulls[name] = mask
        unit = str(column.unit) if getattr(column, "unit", None) is not None else ""
        columns.append(
            Column(
                name=name, type=kind, unit=unit, ucd=str(column.info.meta.get("ucd", ""))
                if column.info.meta else "", description=str(column.info.description or ""),
            )
        )  # fmt: skip
        values[name] = array
    return _checked(columns, values, nulls, path)


def _plain(column: Any, mask: NDArray[np.bool_]) -> tuple[ColumnType, NDArray[Any]]:
    data = np.ma.getdata(np.asarray(column) if not np.ma.isMaskedArray(column) else column)
    data = np.asarray(data)
    if data.dtype.kind == "f":
        return "float", np.where(mask, np.nan, data.astype(np.float64))
    if data.dtype.kind == "b":
        return "bool", np.where(mask, False, data)
    if data.dtype.kind in "iu" and data.dtype.itemsize <= 8:
        return "int", np.where(mask, 0, data.astype(np.int64))
    if data.dtype.kind == "S":
        return "text", np.where(mask, "", np.char.strip(np.char.decode(data, "latin-1")))
    texts = np.array(["" if missing else str(value).strip() for value, missing in
                      zip(data.tolist(), mask, strict=True)], dtype=np.str_)  # fmt: skip
    return "text", texts


def _checked(
    columns: list[Column],
    values: dict[str, NDArray[Any]],
    nulls: dict[str, NDArray[np.bool_]],
    path: str,
) -> Catalogue:
    if not columns or not len(next(iter(values.values()))):
        raise Damaged(path, "", "the table has no rows", FORMATS)
    size = sum(array.nbytes for array in values.values())
    if size > LARGEST_BYTES:
        raise TooLarge(
            path, "", f"its columns take {size >> 20} MB of memory",
            "Write only the columns that are wanted.",
        )  # fmt: skip
    return Catalogue(columns=tuple(columns), values=values, nulls=nulls, meta={"path": path})
