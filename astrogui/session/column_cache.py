"""Columns kept beside the project, so that a million rows need not be read from it at each start.

A folder ``NAME.astrogui-columns`` holds one plain binary file a column and ``manifest.json`` with
their meaning and with how far the project had been read. It is disposable: where it is missing,
older than the project or not whole, the rows are read from the project, which alone is the truth.
The columns are mapped, not read: what is never looked at costs no memory. Each file has room behind
its rows (a hole that takes no space on disk), and the map is private: rows that come are written
into memory, never into the file.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.column_table import ColumnTable
from astrogui.records.text_column import Words, no_pause
from astrogui.session.table_reader import Marks

log = logging.getLogger(__name__)
VERSION = 2
FEWEST_ROWS = 5_000  # below, reading the project is as fast
SPARE_ROWS = 65_536
NUMBER, CODE, ROW_ID = "<f8", "<i4", "<i8"


def cache_folder(project: Path) -> Path:
    """Where the columns of a project are kept."""
    return project.with_name(project.name + "-columns")


def load(folder: Path, table: ColumnTable) -> Marks | None:
    """Map the kept columns into an empty table; how far they had been read, None without them."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        if manifest["version"] != VERSION:
            return None
        count, capacity = int(manifest["rows"]), int(manifest["capacity"])
        row_ids = _mapped(folder / "row_id", ROW_ID, capacity)
        arrays: dict[str, NDArray[Any]] = {}
        words: dict[str, Words] = {}
        for entry in manifest["arrays"]:
            name, file = entry["name"], folder / entry["file"]
            arrays[name] = _mapped(file, entry["kind"], capacity)
            if entry["kind"] == CODE:
                words[name] = Words(
                    _mapped(file.with_suffix(".words"), "u1", entry["bytes"]),
                    _mapped(file.with_suffix(".ends"), ROW_ID, entry["words"]),
                )
        columns = [Column(**raw) for raw in manifest["columns"]]
        marks = Marks(**manifest["marks"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not isinstance(error, FileNotFoundError):
            log.warning("the columns beside the project are left alone: %s", error)
        return None
    table.set_columns(columns)
    table.adopt(row_ids, count, arrays, words)
    return marks


def begin(folder: Path | None, reader: Any) -> tuple[ColumnTable, NDArray[np.int64]]:
    """A table with the columns kept in ``folder``, and the rows that are to be read since.

    All rows, into an empty table, where nothing of use is kept. ``reader`` is a ``TableReader``.
    """
    table, columns = ColumnTable(), reader.columns()
    marks = None if folder is None else load(folder, table)
    ids = None if marks is None else reader.ids_since(marks)
    known = {column.name for column in table.project_columns}
    if ids is None or not known <= {column.name for column in columns}:
        table, ids = ColumnTable(), reader.all_ids()
    table.set_columns(columns)
    return table, ids


def save(
    folder: Path, table: ColumnTable, marks: Marks, give_way: Callable[[], None] = no_pause
) -> bool:
    """Keep the columns of a table whose rows are known up to ``marks``; False where impossible.

    A new folder takes the place of the old one once it is whole. Maps of the old one stay valid.
    ``give_way`` is called between the pieces and waits while someone else is to go first.
    """
    made = folder.with_name(folder.name + ".new")
    old = folder.with_name(folder.name + ".old")
    try:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        _write(made, table, marks, give_way)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.replace(folder, old)
        os.replace(made, folder)
    except OSError as error:
        log.warning("the columns cannot be kept beside the project: %s", error)
        shutil.rmtree(made, ignore_errors=True)
        return False
    shutil.rmtree(old, ignore_errors=True)
    return True


def remove(folder: Path) -> None:
    """Forget what is kept."""
    shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, table: ColumnTable, marks: Marks, give_way: Callable[[], None]) -> None:
    row_ids = table.row_ids().copy()
    order = None
    if np.any(np.diff(row_ids) <= 0):
        order = np.argsort(row_ids, kind="stable")
        row_ids = row_ids[order]
    count = len(row_ids)
    capacity = count + max(SPARE_ROWS, count // 2)
    _put(folder / "row_id", row_ids.astype(ROW_ID), capacity)
    arrays = []
    # A column without values needs no file: that which is not there is null.
    for number, name in enumerate(filter(table.has_values, table.names(extra=False))):
        values, words = table.raw(name)
        values = values[:count] if order is None else np.take(values, order)
        give_way()
        file = folder / f"{number:04d}.column"
        entry: dict[str, Any] = {"name": name, "file": file.name}
        if words is None:
            entry["kind"] = NUMBER
        else:
            used = np.zeros(len(words), bool)
            used[values] = True
            blob, ends, became = words.packed(used, give_way)
            values = np.take(became, values)  # lets other threads run, which indexing does not
            _put(file.with_suffix(".words"), blob)
            _put(file.with_suffix(".ends"), ends.astype(ROW_ID))
            entry |= {"kind": CODE, "words": len(ends), "bytes": len(blob)}
        _put(file, values.astype(entry["kind"], copy=False), capacity)
        arrays.append(entry)
    manifest = {
        "version": VERSION,
        "rows": count,
        "capacity": capacity,
        "marks": marks.as_dict(),
        "columns": [asdict(column) for column in table.project_columns],
        "arrays": arrays,
    }
    with open(folder / "manifest.json", "w", encoding="utf-8") as words_file:
        json.dump(manifest, words_file, indent=1)
        words_file.flush()
        os.fsync(words_file.fileno())


def _put(path: Path, values: NDArray[Any], capacity: int | None = None) -> None:
    with open(path, "wb") as file:
        values.tofile(file)
        if capacity is not None:
            file.truncate(capacity * values.dtype.itemsize)


def _mapped(path: Path, kind: str, count: int) -> NDArray[Any]:
    """A private map of ``count`` numbers; raises ``ValueError`` where the file has not as many."""
    dtype = np.dtype(kind)
    if path.stat().st_size != count * dtype.itemsize:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes")
    if count == 0:
        return np.zeros(0, dtype)
    # A plain array over the map: the subclass costs microseconds at every cell.
    return np.memmap(path, dtype, "c", shape=(count,)).view(np.ndarray)
