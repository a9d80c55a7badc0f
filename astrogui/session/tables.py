"""Tables beside the project: small results of measuring and matching, written as files."""

from __future__ import annotations

import os

from astrogui.records.catalogue import Catalogue

# The endings that ``write_table`` knows, with what they are, for a file dialogue.
TABLE_ENDINGS = (
    ("ECSV", ".ecsv"),
    ("CSV", ".csv"),
    ("FITS table", ".fits"),
    ("VOTable", ".vot"),
    ("Parquet", ".parquet"),
)


def write_table(catalogue: Catalogue, path: str | os.PathLike[str]) -> int:
    """Write a table in the format of the file's ending, read back and compared; how many rows.

    For a pool. Raises ``ExportProblem`` or ``DiskFull``.
    """
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import export

    export(catalogue, os.fspath(path), EXPORTERS)
    return len(catalogue)
