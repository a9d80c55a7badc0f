"""The catalogue as growing columns: what is shown, sorted, filtered, plotted and exported.

One thread writes, any may read. A reader asks for a column once and works on what it got: rows
that come meanwhile lie behind its end, and a row that is answered anew changes in place.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Catalogue, Column
from astrogui.records.text_column import TextColumn, Words

# Cells that are no column of the export, yet needed to find, show and mark a row.
PLACE_COLUMNS = tuple(Column(name=name) for name in ("item_id", "x_pixel", "y_pixel"))
FIRST_CAPACITY = 4096
GROWTH = 2
PIECE = 16_384  # rows looked at together
FEW_ROWS = 100_000  # as many are let go of at once
PAUSE_S = 0.005  # between two columns that are let go of


class ColumnTable:
    """Columns by name over positions 0..n-1, in the order in which rows first came.

    Numbers and truth values are float64 with NaN for null (a double holds every integer that a
    catalogue counts); texts are codes of words with "" for null.
    """

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self.project_columns: tuple[Column, ...] = ()
        self._extra: dict[str, Column] = {}
        self._texts: dict[str, bool] = {column.name: False for column in PLACE_COLUMNS}
        self._arrays: dict[str, NDArray[Any]] = {}
        self._null: set[str] = set()  # columns without any value: they take no memory
        self._words: dict[str, Words] = {}
        self._row_ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._capacity = self._count = 0
        self._sorted: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._is_rising = True
        self._filled: set[str] = set()
        for name in self._texts:
            self._put_null(name)

    def __len__(self) -> int:
        return self._count

    def __del__(self) -> None:
        """Give the memory back column by column.

        Freed together, forty columns of a million rows stop every thread for a tenth of a second.
        """
        if self._count > FEW_ROWS and not sys.is_finalizing():
            arrays = [self._row_ids, *self._arrays.values()]
            self._row_ids, self._arrays = np.zeros(0, np.int64), {}
            threading.Thread(target=_let_go, args=(arrays,), name="free", daemon=True).start()

    # -- writing ---------------------------------------------------------------------------

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Take these columns; cells of new ones are null until their rows are put again."""
        for column in columns:
            is_text = column.type == "text"
            if column.name not in self._arrays or self._texts[column.name] != is_text:
                self._make(column)
        self.project_columns = tuple(columns)
        names = {column.name for column in columns}
        self.columns = (*columns, *(c for c in self._extra.values() if c.name not in names))

    def put_extra(self, column: Column, row_ids: NDArray[np.int64], values: Any) -> None:
        """Add or replace a column that is not the project's: a match, a measure of the analyst's.

        Rows not named are null, and stay so. Raises ``ValueError`` for a name of the project's.
        """
        if column.name in self._arrays and column.name not in self._extra:
            raise ValueError(f"there is a column {column.name!r} already")
        self._make(column)
        places = self.positions(row_ids)
        here = places >= 0
        stored = self._stored(column.name, values, len(places))
        self._own(column.name)[places[here]] = stored[here]
        self._extra[column.name] = column
        self._filled.discard(column.name)
        self.columns = (*self.project_columns, *self._extra.values())

    def take_away(self, name: str) -> None:
        """Drop a column that ``put_extra`` made."""
        if self._extra.pop(name, None) is not None:
            self.columns = (*self.project_columns, *self._extra.values())
            self._arrays = {key: a for key, a in self._arrays.items() if key != name}
            self._null.discard(name)

    def _make(self, column: Column) -> None:
        is_text = column.type == "text"
        self._texts[column.name] = is_text
        if is_text:
            self._words[column.name] = Words()
        # A new dictionary, so that a reader who goes through the old one is not disturbed.
        self._arrays = dict(self._arrays)
        self._put_null(column.name)

    def reserve(self, rows: int) -> None:
        """Make room for so many rows, and as many again, before they come.

        Room costs nothing until it is written to; to copy columns when it runs out does.
        """
        if rows > self._capacity:
            self._grow(max(FIRST_CAPACITY, GROWTH * rows))

    def put(self, rows: Iterable[Mapping[str, Any]]) -> tuple[list[int], int]:
        """Write rows by their "row_id"; positions of those known before, and how many are new."""
        kept = list(rows)
        ids = np.array([int(row["row_id"]) for row in kept], np.int64)
        known, fresh = self.put_columns(
            ids, {name: [row.get(name) for row in kept] for name in self._arrays}
        )
        return known.tolist(), fresh

    def put_columns(
        self, row_ids: NDArray[np.int64], cells: Mapping[str, Sequence[Any]]
    ) -> tuple[NDArray[np.int64], int]:
        """Write cells (n,) of rows, each row once; a column that is not given becomes null.

        Returns the positions of the rows known before, and how many are new.
        """
        places = self.positions(row_ids)
        is_new = places < 0
        fresh = int(is_new.sum())
        places[is_new] = self._count + np.arange(fresh)
        if self._count + fresh > self._capacity:
            self._grow(max(FIRST_CAPACITY, GROWTH * (self._count + fresh)))
        for name, array in list(self._arrays.items()):
            given = cells.get(name)
            if name in self._extra:
                if fresh and name not in self._null:
                    array[places[is_new]] = _null_of(self._texts[name])
            elif name not in self._null:
                array[places] = self._stored(name, given, len(places))
            elif given is not None:
                stored = self._stored(name, given, len(places))
                if _has_values(stored):
                    self._own(name)[places] = stored
        if fresh:
            self._append(row_ids[is_new])
        return places[~is_new], fresh

    def adopt(
        self,
        row_ids: NDArray[np.int64],
        count: int,
        arrays: Mapping[str, NDArray[Any]],
        words: Mapping[str, Words],
    ) -> None:
        """Take over mapped columns as they are; those of ``set_columns`` not given stay null.

        Arrays hold ``capacity`` rows, the first ``count`` of which are written; ``row_ids`` rise.
        """
        self._row_ids, self._count, self._capacity = row_ids, count, len(row_ids)
        self._words.update(words)
        for name in self._texts:
            if name in arrays:
                self._arrays[name] = arrays[name]
                self._null.discard(name)
            else:
                self._put_null(name)
        self._is_rising, self._sorted = True, None
        self._filled.clear()

    def clear(self) -> None:
        self._count, self._sorted, self._is_rising = 0, None, True
        self._filled.clear()

    # -- reading ---------------------------------------------------------------------------

    def row_id(self, position: int) -> int:
        return int(self._row_ids[position])

    def row_ids(self, positions: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Row ids at these positions, of all in their order when None."""
        if positions is None:
            return self._row_ids[: self._count]
        return np.take(self._row_ids, positions)

    def position(self, row_id: int) -> int | None:
        place = int(self.positions(np.array([row_id], np.int64))[0])
        return None if place < 0 else place

    def positions(self, row_ids: NDArray[np.int64] | Sequence[int]) -> NDArray[np.int64]:
        """(n,) where these rows stand, -1 for those that are not here."""
        wanted = np.asarray(row_ids, np.int64)
        count = self._count
        if not count or not wanted.size:
            return np.full(wanted.shape, -1, np.int64)
        if self._is_rising:
            ids, order = self._row_ids[:count], None
            if ids[-1] - ids[0] == count - 1:  # numbered without a gap, as they mostly are
                places = wanted - ids[0]
                if places.min() < 0 or places.max() >= count:
                    places[(places < 0) | (places >= count)] = -1
                return places
        else:
            if self._sorted is None or len(self._sorted[0]) != count:
                by_id = np.argsort(self._row_ids[:count], kind="stable")
                self._sorted = (self._row_ids[:count][by_id], by_id)
            ids, order = self._sorted
        found = np.minimum(np.searchsorted(ids, wanted), count - 1)
        places = found if order is None else order[found]
        return np.where(ids[found] == wanted, places, -1).astype(np.int64)

    def has(self, name: str) -> bool:
        return name in self._arrays

    def is_text(self, name: str) -> bool:
        return self._texts[name]

    def array(self, name: str) -> NDArray[Any]:
        """One column, (n,): numbers, or objects of str; raises ``KeyError`` for no such column."""
        return self.text(name).texts() if self._texts[name] else self.numbers(name)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers (n,), not copied; raises ``KeyError``."""
        if self._texts[name]:
            raise KeyError(f"{name} is text")
        return self._arrays[name][: self._count]

    def text(self, name: str) -> TextColumn:
        """A column of texts, not copied; raises ``KeyError``."""
        if not self._texts[name]:
            raise KeyError(f"{name} is no text")
        return TextColumn(self._arrays[name][: self._count], self._words[name])

    def has_values(self, name: str) -> bool:
        """Whether any row has a value in this column. Once found it is remembered."""
        if name not in self._filled and name in self._arrays and name not in self._null:
            array = self._arrays[name][: self._count]
            # In pieces: of a mapped column no more is read from the file than has to be.
            for first in range(0, len(array), PIECE):
                if _has_values(array[first : first + PIECE]):
                    self._filled.add(name)
                    break
        return name in self._filled

    def cell(self, position: int, name: str) -> Any:
        """A plain value: None for null."""
        array = self._arrays.get(name)
        if array is None:
            return None
        if self._texts[name]:
            return self._words[name][int(array[position])] or None
        value = float(array[position])
        return None if math.isnan(value) else value

    def positions_of_item(self, item_id: int) -> NDArray[np.int64]:
        """Where an observation's rows lie."""
        return np.flatnonzero(self.numbers("item_id") == item_id).astype(np.int64)

    def item_of(self, row_id: int) -> int | None:
        position = self.position(row_id)
        value = None if position is None else self.cell(position, "item_id")
        return None if value is None else int(value)

    def catalogue(
        self,
        positions: NDArray[np.int64],
        names: Sequence[str] | None = None,
        meta: dict[str, str] | None = None,
    ) -> Catalogue:
        """These rows and columns (all of the export where None) as a value of their own."""
        by_name = {column.name: column for column in self.columns}
        columns = tuple(by_name[name] for name in (by_name if names is None else names))
        values: dict[str, NDArray[Any]] = {}
        nulls: dict[str, NDArray[np.bool_]] = {}
        for column in columns:
            if column.type == "text":
                values[column.name] = self.text(column.name).take(positions).texts()
                continue
            numbers = self.numbers(column.name)[positions]
            if column.type == "float":
                values[column.name] = numbers
                continue
            null = np.isnan(numbers)
            kind = np.int64 if column.type == "int" else np.bool_
            values[column.name] = np.where(null, 0, numbers).astype(kind)
            if null.any():
                nulls[column.name] = null
        return Catalogue(columns=columns, values=values, nulls=nulls, meta=dict(meta or {}))

    def raw(self, name: str) -> tuple[NDArray[Any], Words | None]:
        """What is kept of a column: numbers, or codes with their words."""
        return self._arrays[name][: self._count], self._words.get(name)

    def names(self, extra: bool = True) -> tuple[str, ...]:
        """Every column there is, those of the place included."""
        return tuple(name for name in self._arrays if extra or name not in self._extra)

    # -- within ----------------------------------------------------------------------------

    def _stored(self, name: str, cells: Sequence[Any] | None, count: int) -> NDArray[Any]:
        if self._texts[name]:
            if cells is None:
                return np.zeros(count, np.int32)
            return self._words[name].encode(cells)
        if cells is None:
            return np.full(count, np.nan)
        if hasattr(cells, "dtype") and cells.dtype != object:
            return np.asarray(cells, np.float64)
        try:
            return np.array(cells, np.float64)  # None becomes NaN
        except (TypeError, ValueError):
            plain = [np.nan if c is None or c == "" else float(c) for c in cells]
            return np.array(plain, np.float64)

    def _append(self, row_ids: NDArray[np.int64]) -> None:
        first, end = self._count, self._count + len(row_ids)
        self._row_ids[first:end] = row_ids
        before = self._row_ids[first - 1] if first else -1
        steps = np.diff(row_ids, prepend=before)
        self._is_rising &= bool(np.all(steps > 0))
        self._count = end

    def _grow(self, capacity: int) -> None:
        row_ids = np.zeros(capacity, np.int64)
        row_ids[: self._count] = self._row_ids[: self._count]
        self._row_ids, self._capacity = row_ids, capacity
        for name, array in list(self._arrays.items()):
            if name in self._null:
                self._put_null(name)
                continue
            grown = np.zeros(capacity, np.int32) if self._texts[name] else np.empty(capacity)
            grown[: self._count] = array[: self._count]
            self._arrays[name] = grown

    def _put_null(self, name: str) -> None:
        """A column without values: one null for all rows, not to be written to."""
        null = np.array(_null_of(self._texts[name]))
        self._arrays[name] = np.broadcast_to(null, (self._capacity,))
        self._null.add(name)

    def _own(self, name: str) -> NDArray[Any]:
        """A column that may be written to; whoever read it before keeps what was there then."""
        if name in self._null:
            is_text = self._texts[name]
            made = np.zeros(self._capacity, np.int32) if is_text else np.empty(self._capacity)
            made[: self._count] = _null_of(is_text)
            self._arrays[name] = made
            self._null.discard(name)
        return self._arrays[name]


def _let_go(arrays: list[NDArray[Any]]) -> None:
    while arrays:
        arrays.pop()
        time.sleep(PAUSE_S)


def _null_of(is_text: bool) -> np.int32 | np.float64:
    """The cell that stands for null."""
    return np.int32(0) if is_text else np.float64(np.nan)


def _has_values(array: NDArray[Any]) -> bool:
    """Whether any of these numbers, or codes of texts, is not null."""
    return bool(np.any(array) if array.dtype.kind == "i" else not np.all(np.isnan(array)))
