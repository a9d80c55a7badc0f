"""Rows to catalogues: one file a format, listed here.

Every export is written to a temporary name, read again, compared, and only then renamed.
"""

from __future__ import annotations

from astrogui.export.csv import Csv
from astrogui.export.ecsv import Ecsv
from astrogui.export.exporter import Exporter
from astrogui.export.fits_table import FitsTable
from astrogui.export.parquet import Parquet
from astrogui.export.votable import VoTable

EXPORTERS: tuple[Exporter, ...] = (FitsTable(), VoTable(), Ecsv(), Csv(), Parquet())
