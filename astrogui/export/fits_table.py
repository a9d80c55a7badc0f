"""FITS binary table: the format that every survey tool reads.

FITS text is ASCII, so other characters are written as backslash escapes; a logical column cannot
hold a null, so such a column is written as a short integer and marked by AGTYPn = 'bool'.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.export.exporter import Exporter
from astrogui.export.rows import STRETCH, CatalogueRows, Progress, Rows, stretches
from astrogui.records.catalogue import Catalogue, Column

BLOCK = 2880  # bytes
INT_NULL = np.iinfo(np.int64).min
BOOL_NULL = -1
META_PREFIX = "AGMETA"


class FitsTable(Exporter):
    name = "FITS table"
    suffixes = (".fits", ".fit", ".fits.gz")

    def write(self, catalogue: Catalogue, path: Path) -> None:
        self.write_rows(CatalogueRows(catalogue), path, Progress())

    def write_rows(self, rows: Rows, path: Path, progress: Progress) -> None:
        """Header, then rows as they lie in the file, a stretch at a time, then the checksum."""
        from astropy.io import fits

        formats = _formats(rows)
        header = _header(rows, formats)
        kind = np.dtype([(c.name, _kind(formats[c.name])) for c in rows.columns])
        data_sum, odd = 0, b""
        open_file = gzip.open if path.name.endswith(".gz") else open
        made = path.with_name(path.name + ".rows")
        with open(made, "wb") as file:
            for part in stretches(rows, progress):
                data = odd + _packed(part, formats, kind).tobytes()
                file.write(data[len(odd) :])
                end = len(data) // 4 * 4
                data_sum, odd = add_to_sum(data[:end], data_sum), data[end:]
            gap = -(len(rows) * kind.itemsize) % BLOCK
            file.write(bytes(gap))
            data_sum = add_to_sum(odd + bytes(-len(odd) % 4), data_sum)
        header["CHECKSUM"], header["DATASUM"] = "0" * 16, str(data_sum)
        header["CHECKSUM"] = encoded_sum(add_to_sum(_header_bytes(header), data_sum))
        with open_file(path, "wb") as file:
            fits.PrimaryHDU().writeto(file, checksum=True)
            file.write(_header_bytes(header))
            with open(made, "rb") as stored:
                shutil.copyfileobj(stored, file, 1 << 20)
        made.unlink()

    def read(self, path: Path) -> Catalogue:
        parts = list(self.read_stretches(path))
        first = parts[0]
        names = [column.name for column in first.columns]
        lengths = [len(part) for part in parts]
        return Catalogue(
            columns=first.columns,
            values={n: np.concatenate([part.values[n] for part in parts]) for n in names},
            nulls={
                name: np.concatenate(
                    [
                        part.nulls.get(name, np.zeros(length, bool))
                        for part, length in zip(parts, lengths, strict=True)
                    ]
                )
                for name in names
                if any(name in part.nulls for part in parts)
            },
            meta=first.meta,
        )

    def read_stretches(self, path: Path) -> Iterator[Catalogue]:
        from astropy.io import fits

        if path.name.endswith(".gz"):
            with fits.open(path, checksum=True, memmap=False) as hdus:
                table = hdus["CATALOGUE"]
                yield from _parts(table.header, table.columns, [np.array(table.data)])
            return
        with fits.open(path) as hdus:
            table = hdus["CATALOGUE"]
            header, columns, kind = table.header, table.columns, table.columns.dtype
            start, place = table.fileinfo()["hdrLoc"], table.fileinfo()["datLoc"]
        yield from _parts(header, columns, _raw(path, start, place, kind, header["NAXIS2"]))


def _raw(
    path: Path, start: int, place: int, kind: np.dtype[Any], count: int
) -> Iterator[NDArray[Any]]:
    """The rows as they lie there, a stretch at a time; raises ``OSError`` for a wrong checksum."""
    kind = kind.newbyteorder(">")
    with open(path, "rb") as file:
        file.seek(start)
        total, odd = add_to_sum(file.read(place - start), 0), b""
        for first in range(0, max(count, 1), STRETCH):
            data = file.read(min(STRETCH, count - first) * kind.itemsize)
            whole = odd + data
            end = len(whole) // 4 * 4
            total, odd = add_to_sum(whole[:end], total), whole[end:]
            yield np.frombuffer(data, kind)
        rest = odd + file.read()
        if add_to_sum(rest, total) != 0xFFFFFFFF:
            raise OSError(f"{path.name}: the checksum of the table is wrong")


def _parts(header: Any, names: Any, raw: Iterable[NDArray[Any]]) -> Iterator[Catalogue]:
    columns = tuple(_column_of(header, n, name) for n, name in enumerate(names.names, start=1))
    meta = _meta(header)
    for part in raw:
        values: dict[str, NDArray[Any]] = {}
        nulls: dict[str, NDArray[np.bool_]] = {}
        for column in columns:
            values[column.name], null = _cells(column, part[column.name])
            if null is not None and null.any():
                nulls[column.name] = null
        yield Catalogue(columns=columns, values=values, nulls=nulls, meta=meta)


def _formats(rows: Rows) -> dict[str, str]:
    """TFORM of each column: texts as wide as the longest, truth values with room for null."""
    formats = {column.name: "D" for column in rows.columns if column.type == "float"}
    formats |= {column.name: "K" for column in rows.columns if column.type == "int"}
    widths = {column.name: 1 for column in rows.columns if column.type == "text"}
    truths = [column.name for column in rows.columns if column.type == "bool"]
    formats |= dict.fromkeys(truths, "L")
    if widths or truths:
        for part in stretches(rows, names=[*widths, *truths]):
            for name, width in list(widths.items()):
                longest = max((len(_escaped(text)) for text in set(part.values[name])), default=1)
                widths[name] = max(width, longest)
            formats |= dict.fromkeys((name for name in truths if name in part.nulls), "I")
    return formats | {name: f"{width}A" for name, width in widths.items()}


def _header(rows: Rows, formats: dict[str, str]) -> Any:
    from astropy.io import fits

    columns = [
        fits.Column(
            column.name,
            formats[column.name],
            unit=(column.unit or None) if column.type in {"float", "int"} else None,
            null={"K": INT_NULL, "I": BOOL_NULL}.get(formats[column.name]),
        )
        for column in rows.columns
    ]
    header = fits.BinTableHDU.from_columns(columns, nrows=0, name="CATALOGUE").header
    header["NAXIS2"] = len(rows)
    for number, column in enumerate(rows.columns, start=1):
        header[f"TUCD{number}"] = (column.ucd, "UCD")
        header[f"TCOMM{number}"] = _escaped(column.description)
        header[f"AGTYP{number}"] = (column.type, "type in the application")
    for number, (key, value) in enumerate(rows.meta.items(), start=1):
        header[f"{META_PREFIX}{number}"] = _escaped(f"{key}={value}")
    return header


def _header_bytes(header: Any) -> bytes:
    return str(header.tostring()).encode("ascii")


def _kind(form: str) -> str:
    return (
        f"S{form[:-1]}"
        if form.endswith("A")
        else {"D": ">f8", "K": ">i8", "I": ">i2", "L": "i1"}[form]
    )


def _packed(part: Catalogue, formats: dict[str, str], kind: np.dtype[Any]) -> NDArray[Any]:
    """Rows (n,) as they lie in the file."""
    rows = np.zeros(len(part), kind)
    for column in part.columns:
        values, null = part.values[column.name], part.nulls.get(column.name)
        if column.type == "text":
            words = {text: _escaped(str(text)).encode("ascii") for text in set(values)}
            values = np.array([words[text] for text in values], kind[column.name])
        elif formats[column.name] == "L":
            values = np.where(values, ord("T"), ord("F"))
        elif null is not None:
            values = np.where(null, INT_NULL if column.type == "int" else BOOL_NULL, values)
        rows[column.name] = values
    return rows


def add_to_sum(data: bytes, before: int) -> int:
    """The ones' complement sum of 32-bit words, as FITS checks data. Source: FITS 4.0, J.1."""
    total = before + int(np.frombuffer(data, ">u4").sum(dtype=np.uint64))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def encoded_sum(total: int) -> str:
    """The complement of a sum as sixteen letters and digits. Source: FITS 4.0, J.2."""
    complement = 0xFFFFFFFF - total
    letters = [[0] * 4 for _ in range(4)]
    for place in range(4):
        byte = complement >> (24 - 8 * place) & 0xFF
        quarters = [byte // 4 + byte % 4 + 48, *([byte // 4 + 48] * 3)]
        while any(58 <= q <= 64 or 91 <= q <= 96 for q in quarters):
            for pair in (0, 2):
                if any(58 <= q <= 64 or 91 <= q <= 96 for q in quarters[pair : pair + 2]):
                    quarters[pair] += 1
                    quarters[pair + 1] -= 1
        for k in range(4):
            letters[k][place] = quarters[k]
    flat = [letter for row in letters for letter in row]
    return bytes([flat[-1], *flat[:-1]]).decode("ascii")


def _column_of(header: Any, number: int, name: str) -> Column:
    return Column(
        name=name,
        type=header[f"AGTYP{number}"],
        unit=header.get(f"TUNIT{number}", ""),
        ucd=header.get(f"TUCD{number}", ""),
        description=_unescaped(header.get(f"TCOMM{number}", "")),
    )


def _cells(column: Column, data: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    if column.type == "float":
        return data.astype(np.float64), None
    if column.type == "text":
        return _texts(data), None
    if column.type == "int":
        null = data == INT_NULL
        return np.where(null, 0, data).astype(np.int64), null
    if data.dtype.itemsize == 1:
        return np.asarray(data == ord("T")), None
    null = data == BOOL_NULL
    return np.where(null, 0, data).astype(np.bool_), null


def _texts(data: NDArray[Any]) -> NDArray[Any]:
    if not len(data):
        return np.zeros(0, object)
    texts = np.ascontiguousarray(data)
    is_escaped = bool((texts.view(np.uint8) == ord("\\")).any())
    found = texts.astype(str).astype(object)
    if is_escaped:
        known = {text: _unescaped(text) for text in set(found)}
        found[:] = [known[text] for text in found]
    return found


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
