"""VOTable 1.4 as the International Virtual Observatory Alliance defines it."""

from __future__ import annotations

from pathlib import Path

from astrogui.export.exporter import Exporter
from astrogui.export.table import catalogue_from, table_from
from astrogui.records.catalogue import Catalogue


class VoTable(Exporter):
    name = "VOTable"
    suffixes = (".vot", ".votable", ".xml")

    def write(self, catalogue: Catalogue, path: Path) -> None:
        from astropy.io.votable import from_table
        from astropy.io.votable.tree import Info

        votable = from_table(table_from(catalogue))
        table = votable.get_first_table()
        for field, column in zip(table.fields, catalogue.columns, strict=True):
            field.ucd = column.ucd or None
        votable.infos.clear()
        table.infos.clear()
        for key, value in catalogue.meta.items():
            table.infos.append(Info(name=key, value=value))
        # The compiled writer ends a row of exactly 256, 512, ... bytes with a zero behind its
        # buffer, in another's memory (astropy 8.0); the other one takes a tenth longer.
        votable.to_xml(str(path), tabledata_format="tabledata", _debug_python_based_parser=True)

    def read(self, path: Path) -> Catalogue:
        from astropy.io.votable import parse

        votable = parse(str(path), verify="exception")
        first = votable.get_first_table()
        table = first.to_table(use_names_over_ids=True)
        table.meta.clear()
        table.meta.update({info.name: info.value for info in first.infos})
        return catalogue_from(table, {field.name: field.ucd or "" for field in first.fields})
