"""The catalogue's rows as growing NumPy columns, kept for sorting and for marks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column

# Cells that are no column of the export, yet needed to find, show and mark a row.
PLACE_NAMES = ("item_id", "x_pixel", "y_pixel")


class RowStore:
    """Columns by name over positions 0..n-1, in the order in which rows first came.

    Numbers and truth values are float64 with NaN for null (a double holds every integer that a
    catalogue counts); texts are objects with "" for null.
    """

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self._types: dict[str, str] = dict.fromkeys(PLACE_NAMES, "float")
        self._arrays: dict[str, NDArray[Any]] = {}
        self._row_ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._positions: dict[int, int] = {}
        self._capacity = 0
        self._filled: set[str] = set()

    def __len__(self) -> int:
        return len(self._positions)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Take these columns; cells of new ones are null until their rows are put again."""
        self.columns = tuple(columns)
        for column in columns:
            self._types[column.name] = "text" if column.type == "text" else "float"
        for name, kind in self._types.items():
            if name not in self._arrays:
                self._arrays[name] = _empty(self._capacity, kind)

    def put(self, rows: Iterable[Mapping[str, Any]]) -> tuple[list[int], int]:
        """Write rows by their "row_id"; positions of those known before, and how many are new."""
        known: list[int] = []
        new = 0
        for row in rows:
            row_id = int(row["row_id"])
            position = self._positions.get(row_id)
            if position is None:
                position = self._append(row_id)
                new += 1
            else:
                known.append(position)
            for name, array in self._arrays.items():
                array[position] = _stored(row.get(name), self._types[name])
        return known, new

    def clear(self) -> None:
        self._positions.clear()
        self._filled.clear()

    def position(self, row_id: int) -> int | None:
        return self._positions.get(row_id)

    def row_id(self, position: int) -> int:
        return int(self._row_ids[position])

    def row_ids(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._row_ids[positions]

    def array(self, name: str) -> NDArray[Any]:
        """One column, (n,); raises ``KeyError`` where there is none of this name."""
        return self._arrays[name][: len(self)]

    def has(self, name: str) -> bool:
        return name in self._arrays

    def has_values(self, name: str) -> bool:
        """Whether any row has a value in this column. Once found it is remembered."""
        if name not in self._filled and name in self._arrays:
            values = self.array(name)
            there = values != "" if values.dtype == object else ~np.isnan(values)
            if bool(np.any(there)):
                self._filled.add(name)
        return name in self._filled

    def cell(self, position: int, name: str) -> Any:
        """A plain value: None for null."""
        if name not in self._arrays:
            return None
        value = self._arrays[name][position]
        if self._types[name] == "text":
            return value or None
        return None if math.isnan(value) else float(value)

    def positions_of_item(self, item_id: int) -> NDArray[np.int64]:
        """Where an observation's rows lie."""
        if "item_id" not in self._arrays:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.array("item_id") == item_id).astype(np.int64)

    def item_of(self, row_id: int) -> int | None:
        position = self.position(row_id)
        value = None if position is None else self.cell(position, "item_id")
        return None if value is None else int(value)

    def _append(self, row_id: int) -> int:
        position = len(self)
        if position >= self._capacity:
            self._grow(max(256, 2 * self._capacity))
        self._row_ids[position] = row_id
        self._positions[row_id] = position
        return position

    def _grow(self, capacity: int) -> None:
        self._row_ids = np.concatenate(
            [self._row_ids, np.zeros(capacity - self._capacity, np.int64)]
        )
        for name, array in self._arrays.items():
            more = _empty(capacity - self._capacity, self._types[name])
            self._arrays[name] = np.concatenate([array, more])
        self._capacity = capacity


def sorted_positions(values: NDArray[Any], *, falling: bool) -> NDArray[np.int64]:
    """Positions that sort ``values`` (n,), stable, nulls (NaN or "") last. Safe in any thread."""
    if values.dtype == object:
        texts = values.astype(str)
        is_null = texts == ""
        values = np.char.lower(texts) if texts.size else texts
    else:
        is_null = np.isnan(values)
    there = np.flatnonzero(~is_null)
    if falling:
        # A stable sort of the reversed stretch, reversed again, keeps equal rows in their order.
        ranked = there[::-1][np.argsort(values[there[::-1]], kind="stable")][::-1]
    else:
        ranked = there[np.argsort(values[there], kind="stable")]
    return np.concatenate([ranked, np.flatnonzero(is_null)]).astype(np.int64)


def _empty(count: int, kind: str) -> NDArray[Any]:
    if kind == "text":
        return np.full(count, "", dtype=object)
    return np.full(count, np.nan)


def _stored(value: Any, kind: str) -> Any:
    if kind == "text":
        return "" if value is None else str(value)
    if value is None or value == "":
        return np.nan
    return float(value)
