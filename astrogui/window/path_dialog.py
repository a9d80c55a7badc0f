"""Asking for a path: of files, of a folder, of a file to be written."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog, QWidget

TABLES = (
    "Tables: FITS, VOTable, ECSV, CSV, text "
    "(*.fits *.fit *.fits.gz *.vot *.votable *.xml *.ecsv *.csv *.tsv *.txt);;All files (*)"
)


class PathDialog(QFileDialog):
    """Frees itself once it is closed."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        mode: QFileDialog.FileMode,
        filters: str = "All files (*)",
    ) -> None:
        super().__init__(parent, title)
        self.setFileMode(mode)
        self.setNameFilters(filters.split(";;"))
        self.finished.connect(self.deleteLater)


class TableDialog(PathDialog):
    """Asks for an analyst's own table of sources; named by formats, for endings have no room."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent, title, QFileDialog.FileMode.ExistingFile, TABLES)
        self.setOption(QFileDialog.Option.HideNameFilterDetails)


class SaveDialog(PathDialog):
    """A name without an ending gets that of the format chosen."""

    def __init__(self, parent: QWidget, title: str, filters: str, suffix: str) -> None:
        super().__init__(parent, title, QFileDialog.FileMode.AnyFile, filters)
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setDefaultSuffix(suffix)
        self.filterSelected.connect(self._on_filter_chosen)

    def _on_filter_chosen(self, chosen: str) -> None:
        self.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
