"""Catalogue to astropy table and back: types, units, nulls, UCDs and descriptions."""

from __future__ import annotations

from typing import Any

import numpy as np

from astrogui.records.catalogue import Catalogue, Column, ColumnType


def table_from(catalogue: Catalogue) -> Any:
    """An ``astropy.table.Table`` with masks, units, descriptions, and UCDs in ``meta``."""
    from astropy.table import MaskedColumn, Table

    table = Table(meta=dict(catalogue.meta), masked=False)
    for column in catalogue.columns:
        values = catalogue.values[column.name]
        options = {
            "name": column.name,
            "unit": column.unit or None,
            "description": column.description or None,
            "meta": {"ucd": column.ucd} if column.ucd else {},
        }
        if column.type == "text":
            table.add_column(MaskedColumn(values.astype(str), **options))
        elif column.type == "float":
            table.add_column(MaskedColumn(values, **options))
        else:
            null = catalogue.nulls.get(column.name, np.zeros(len(catalogue), bool))
            table.add_column(MaskedColumn(values, mask=null, **options))
    return table


def catalogue_from(table: Any, ucds: dict[str, str] | None = None) -> Catalogue:
    """The catalogue that a table holds; ``ucds`` where the format keeps them elsewhere."""
    columns, values, nulls = [], {}, {}
    for name in table.colnames:
        cells = table[name]
        kind = column_type(cells.dtype)
        mask = np.broadcast_to(np.asarray(getattr(cells, "mask", False)), (len(cells),))
        data = np.ma.getdata(np.ma.asarray(cells)) if hasattr(cells, "mask") else np.asarray(cells)
        unit = getattr(cells, "unit", None)
        meta = getattr(getattr(cells, "info", None), "meta", None) or {}
        columns.append(
            Column(
                name=name,
                type=kind,
                unit="" if unit is None else str(unit),
                ucd=(ucds or {}).get(name) or str(meta.get("ucd", "")),
                description=str(cells.info.description or ""),
            )
        )
        if kind == "text":
            values[name] = np.array(
                ["" if gone else str(cell) for cell, gone in zip(data, mask, strict=True)], object
            )
        elif kind == "float":
            values[name] = np.where(mask, np.nan, data.astype(np.float64))
        else:
            values[name] = np.where(mask, 0, data).astype(np.int64 if kind == "int" else np.bool_)
            if mask.any():
                nulls[name] = mask.copy()
    meta = {str(key): str(value) for key, value in table.meta.items()}
    return Catalogue(columns=tuple(columns), values=values, nulls=nulls, meta=meta)


def column_type(dtype: np.dtype[Any]) -> ColumnType:
    if dtype.kind == "b":
        return "bool"
    if dtype.kind in "iu":
        return "int"
    return "float" if dtype.kind == "f" else "text"
