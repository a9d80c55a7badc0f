"""Apache Parquet: columns with their unit, UCD and description as field metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from astrogui.export.exporter import Exporter
from astrogui.export.rows import STRETCH, CatalogueRows, Progress, Rows, stretches
from astrogui.records.catalogue import Catalogue, Column, ColumnType


class Parquet(Exporter):
    name = "Parquet"
    suffixes = (".parquet", ".pq")

    def write(self, catalogue: Catalogue, path: Path) -> None:
        self.write_rows(CatalogueRows(catalogue), path, Progress())

    def write_rows(self, rows: Rows, path: Path, progress: Progress) -> None:
        import pyarrow.parquet

        writer: Any = None
        try:
            for part in stretches(rows, progress):
                table = _table(part, rows.meta)
                if writer is None:
                    writer = pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()

    def read(self, path: Path) -> Catalogue:
        import pyarrow.parquet

        # Through an open file: given a path, pyarrow keeps it mapped for a while.
        with open(path, "rb") as file:
            return _catalogue(pyarrow.parquet.read_table(file))

    def read_stretches(self, path: Path) -> Iterator[Catalogue]:
        import pyarrow
        import pyarrow.parquet

        with open(path, "rb") as file:
            whole = pyarrow.parquet.ParquetFile(file)
            if whole.metadata.num_rows == 0:
                yield _catalogue(whole.read())
                return
            for batch in whole.iter_batches(batch_size=STRETCH):
                yield _catalogue(pyarrow.Table.from_batches([batch], schema=whole.schema_arrow))


def _table(catalogue: Catalogue, meta: dict[str, str]) -> Any:
    import pyarrow

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
    schema = pyarrow.schema(fields, metadata={"astrogui": json.dumps(meta)})
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def _catalogue(table: Any) -> Catalogue:
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
        cells = table[field.name]
        gone = np.asarray(cells.is_null())
        if kind == "float":
            values[field.name] = np.array(cells.to_numpy(), np.float64)
        elif kind == "text":
            texts = np.array(cells.to_numpy(), dtype=object)
            texts[gone] = ""
            values[field.name] = texts
        else:
            dtype = np.int64 if kind == "int" else np.bool_
            empty = 0 if kind == "int" else False
            values[field.name] = np.array(cells.fill_null(empty).to_numpy(), dtype)
            if gone.any():
                nulls[field.name] = gone
    meta = json.loads((table.schema.metadata or {}).get(b"astrogui", b"{}"))
    return Catalogue(columns=tuple(columns), values=values, nulls=nulls, meta=meta)
