"""The annotated catalogue as a value: typed columns with unit, UCD and description."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

ColumnType = Literal["float", "int", "text", "bool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column means. ``unit`` is an astropy unit string ("" = dimensionless)."""

    name: str
    type: ColumnType = "float"
    unit: str = ""
    ucd: str = ""
    description: str = ""
    format: str = ""  # printf-like, for the table on screen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """Rows as columns. Nulls: NaN in "float", ``None`` mask in "int" and "bool", "" in "text".

    ``values`` maps a column's name to its array (n,): float64, int64, object of str, or bool; for
    "int" and "bool" ``nulls`` may map the name to a boolean array (True = null).
    """

    columns: tuple[Column, ...]
    values: dict[str, NDArray[Any]]
    nulls: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)  # provenance of the whole

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in self.values.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns differ in length: {lengths}")
        if set(lengths) != {column.name for column in self.columns}:
            raise ValueError("columns and values name different things")

    def __len__(self) -> int:
        return len(next(iter(self.values.values()))) if self.values else 0

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"no column {name!r}")

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row, None for null, plain Python values."""
        cells = {column.name: self._plain(column) for column in self.columns}
        return [{name: cell[i] for name, cell in cells.items()} for i in range(len(self))]

    def _plain(self, column: Column) -> list[Any]:
        array = self.values[column.name]
        if column.type == "float":
            return [None if np.isnan(value) else float(value) for value in array]
        if column.type == "text":
            return [str(value) for value in array]
        null = self.nulls.get(column.name, np.zeros(len(array), bool))
        kind = int if column.type == "int" else bool
        return [None if gone else kind(v) for v, gone in zip(array, null, strict=True)]


def catalogue_from_rows(
    columns: tuple[Column, ...], rows: list[dict[str, Any]], meta: dict[str, str] | None = None
) -> Catalogue:
    """A catalogue of dict rows; an absent or None cell is null."""
    values: dict[str, NDArray[Any]] = {}
    nulls: dict[str, NDArray[np.bool_]] = {}
    for column in columns:
        cells = [row.get(column.name) for row in rows]
        if column.type == "float":
            values[column.name] = np.array(
                [np.nan if cell is None else float(cell) for cell in cells], np.float64
            )
        elif column.type == "text":
            values[column.name] = np.array(
                ["" if cell is None else str(cell) for cell in cells], dtype=object
            )
        else:
            null = np.array([cell is None for cell in cells], bool)
            dtype = np.int64 if column.type == "int" else np.bool_
            values[column.name] = np.array([cell or 0 for cell in cells], dtype=dtype)
            if null.any():
                nulls[column.name] = null
    return Catalogue(columns=columns, values=values, nulls=nulls, meta=meta or {})
