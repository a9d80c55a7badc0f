"""Enhanced CSV: text with units, types and meta in a YAML header (astropy APE 6)."""

from __future__ import annotations

from pathlib import Path

from astrogui.export.exporter import Exporter
from astrogui.export.table import catalogue_from, table_from
from astrogui.records.catalogue import Catalogue


class Ecsv(Exporter):
    name = "ECSV"
    suffixes = (".ecsv",)

    def write(self, catalogue: Catalogue, path: Path) -> None:
        table_from(catalogue).write(path, format="ascii.ecsv", overwrite=True)

    def read(self, path: Path) -> Catalogue:
        from astropy.table import Table

        return catalogue_from(Table.read(path, format="ascii.ecsv"))
