"""Enhanced CSV: text with units, types and meta in a YAML header (astropy APE 6)."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from astrogui.export.exporter import Exporter
from astrogui.export.table import catalogue_from, table_from
from astrogui.records.catalogue import Catalogue


class Ecsv(Exporter):
    name = "ECSV"
    suffixes = (".ecsv",)

    def write(self, catalogue: Catalogue, path: Path) -> None:
        text = io.StringIO()
        table_from(catalogue).write(text, format="ascii.ecsv")
        path.write_text(_with_quoted_text(text.getvalue(), catalogue), "utf-8")

    def read(self, path: Path) -> Catalogue:
        from astropy.table import Table

        return catalogue_from(Table.read(path, format="ascii.ecsv"))


def _with_quoted_text(table: str, catalogue: Catalogue) -> str:
    """The table with every cell of text in quotes: a bare cell that begins with # is a comment."""
    lines = table.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    body = csv.reader(io.StringIO("".join(lines[first + 1 :])), delimiter=" ")
    is_text = [column.type == "text" for column in catalogue.columns]
    out = lines[: first + 1]
    for cells in body:
        written = [
            '"' + cell.replace('"', '""') + '"' if text or not cell else cell
            for cell, text in zip(cells, is_text, strict=True)
        ]
        out.append(" ".join(written) + "\n")
    return "".join(out)
