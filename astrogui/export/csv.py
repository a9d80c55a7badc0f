"""Plain CSV, with units and descriptions in the metadata file that the W3C defines for CSV.

``NAME.csv-metadata.json`` follows "CSV on the Web" (W3C recommendation, 2015), so that the CSV
itself stays free of comments, which many programs refuse.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from astrogui.export.exporter import Exporter
from astrogui.export.rows import STRETCH, CatalogueRows, Progress, Rows, stretches
from astrogui.records.catalogue import Catalogue, Column, ColumnType, catalogue_from_rows

DATATYPES: dict[ColumnType, str] = {
    "float": "double",
    "int": "long",
    "text": "string",
    "bool": "boolean",
}


class Csv(Exporter):
    name = "CSV"
    suffixes = (".csv",)

    def companions(self, path: Path) -> tuple[Path, ...]:
        return (metadata_path(path),)

    def write(self, catalogue: Catalogue, path: Path) -> None:
        self.write_rows(CatalogueRows(catalogue), path, Progress())

    def write_rows(self, rows: Rows, path: Path, progress: Progress) -> None:
        names = [column.name for column in rows.columns]
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for part in stretches(rows, progress):
                for row in part.rows():
                    writer.writerow([_text(row[name]) for name in names])
        metadata_path(path).write_text(
            json.dumps(_metadata(rows, path.name), indent=1, ensure_ascii=False), "utf-8"
        )

    def read(self, path: Path) -> Catalogue:
        columns, meta = _described(path)
        rows = [row for part in _rows(path, columns) for row in part]
        return catalogue_from_rows(columns, rows, meta)

    def read_stretches(self, path: Path) -> Iterator[Catalogue]:
        columns, meta = _described(path)
        for part in _rows(path, columns):
            yield catalogue_from_rows(columns, part, meta)


def _described(path: Path) -> tuple[tuple[Column, ...], dict[str, str]]:
    metadata = json.loads(metadata_path(path).read_text("utf-8"))
    columns = tuple(_column(raw) for raw in metadata["tableSchema"]["columns"])
    return columns, dict(metadata.get("notes", {}))


def _rows(path: Path, columns: tuple[Column, ...]) -> Iterator[list[dict[str, Any]]]:
    """Lines of the file, some at a time; at least one list, which may be empty."""
    types = {column.name: column.type for column in columns}
    with open(path, newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file)
        while True:
            part = [
                {name: _value(cell, types[name]) for name, cell in row.items()}
                for row in islice(lines, STRETCH)
            ]
            yield part
            if len(part) < STRETCH:
                return


def metadata_path(path: Path) -> Path:
    return path.with_name(path.name + "-metadata.json")


def _metadata(catalogue: Rows, name: str) -> dict[str, Any]:
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "notes": catalogue.meta,
        "tableSchema": {
            "columns": [
                {
                    "name": column.name,
                    "titles": column.name,
                    "datatype": DATATYPES[column.type],
                    "dc:description": column.description,
                    "schema:unitText": column.unit,
                    "ivoa:ucd": column.ucd,
                }
                for column in catalogue.columns
            ]
        },
    }


def _column(raw: dict[str, str]) -> Column:
    kinds = {word: kind for kind, word in DATATYPES.items()}
    return Column(
        name=raw["name"],
        type=kinds[raw["datatype"]],
        unit=raw["schema:unitText"],
        ucd=raw["ivoa:ucd"],
        description=raw["dc:description"],
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _value(cell: str, kind: ColumnType) -> Any:
    if kind == "text":
        return cell
    if cell == "":
        return None
    if kind == "bool":
        return cell == "true"
    return float(cell) if kind == "float" else int(cell)
