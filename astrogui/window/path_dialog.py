"""Asking for a path: of files, of a folder, of a file to be written."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog, QWidget


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


class SaveDialog(PathDialog):
    """A name without an ending gets that of the format chosen."""

    def __init__(self, parent: QWidget, title: str, filters: str, suffix: str) -> None:
        super().__init__(parent, title, QFileDialog.FileMode.AnyFile, filters)
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setDefaultSuffix(suffix)
        self.filterSelected.connect(self._on_filter_chosen)

    def _on_filter_chosen(self, chosen: str) -> None:
        self.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")"))
