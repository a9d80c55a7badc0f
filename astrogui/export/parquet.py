"""Apache Parquet: columns with their unit, UCD and description as field metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from astrogui.export.exporter import Exporter
from astrogui.records.catalogue import Catalogue, Column, ColumnType


class Parquet(Exporter):
    name = "Parquet"
    suffixes = (".parquet", ".pq")

    def write(self, catalogue: Catalogue, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        kinds: dict[ColumnType, Any] = {
            "float": pyarrow.float64(),
            "int": pyarrow.int64(),
            "text": pyarrow.string(),
            "bool": pyarrow.bool_(),
        }
        fields, arrays = [], []
        for column in catalogue.columns:
            words = {
                "unit": column.unit,
                "ucd": column.ucd,
                "description": column.description,
                "type": column.type,
            }
            fields.append(pyarrow.field(column.name, kinds[column.type], metadata=words))
            null = catalogue.nulls.get(column.name)
            values = catalogue.values[column.name]
            if column.type == "float":
                null = np.isnan(values)
            arrays.append(pyarrow.array(values, type=kinds[column.type], mask=null))
        schema = pyarrow.schema(fields, metadata={"astrogui": json.dumps(catalogue.meta)})
        table = pyarrow.Table.from_arrays(arrays, schema=schema)
        pyarrow.parquet.write_table(table, path, compression="zstd")

    def read(self, path: Path) -> Catalogue:
        import pyarrow.parquet

        # Through an open file: given a path, pyarrow keeps it mapped for a while.
        with open(path, "rb") as file:
            table = pyarrow.parquet.read_table(file)
        columns, values, nulls = [], {}, {}
        for field in table.schema:
            words = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
            kind = cast(ColumnType, words["type"])
            columns.append(
                Column(
                    name=field.name,
                    type=kind,
                    unit=words["unit"],
                    ucd=words["ucd"],
                    description=words["description"],
                )
            )
            cells = table[field.name].to_pylist()
            gone = np.array([cell is None for cell in cells], bool)
            if kind == "float":
                values[field.name] = np.array([np.nan if c is None else c for c in cells], float)
            elif kind == "text":
                values[field.name] = np.array(["" if c is None else c for c in cells], object)
            else:
                dtype = np.int64 if kind == "int" else np.bool_
                values[field.name] = np.array([c or 0 for c in cells], dtype)
                if gone.any():
                    nulls[field.name] = gone
        meta = json.loads((table.schema.metadata or {}).get(b"astrogui", b"{}"))
        return Catalogue(columns=tuple(columns), values=values, nulls=nulls, meta=meta)
