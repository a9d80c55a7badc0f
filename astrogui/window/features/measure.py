"""Measuring on the image: apertures and profiles in a dock, results saved as a table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from astrogui.records.catalogue import Catalogue
from astrogui.session.tables import TABLE_ENDINGS, write_table
from astrogui.viewers.image_view import ImageView
from astrogui.window.docks import DockSpec
from astrogui.window.image_feature import ImageFeature
from astrogui.window.lazy_dock import LazyDock

if TYPE_CHECKING:
    from astrogui.viewers.image_measure_panel import MeasurePanel
    from astrogui.viewers.image_photometry import PhotometryTool
    from astrogui.window.workbench import Workbench


class Feature(ImageFeature):
    """Gives the image view its measuring tools."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.tool: PhotometryTool | None = None
        self.dock: LazyDock | None = None
        self.begin()

    def ask_to_save(self, catalogue: Catalogue) -> None:
        """Ask for a file and write a table of results."""
        if not len(catalogue):
            self._bench.window.notice.show_notice("Nothing has been measured yet.")
            return
        filters = ";;".join(f"{name} (*{ending})" for name, ending in TABLE_ENDINGS)
        dialog = QFileDialog(self._bench.window, "Save the table", "", filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("ecsv")
        dialog.fileSelected.connect(partial(self.save, catalogue))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, catalogue: Catalogue, path: str) -> None:
        """Write a table of results in the format of the file's ending."""
        future = self._bench.compute(write_table, catalogue, path)
        self._bench.bridge.after(future, partial(self._on_written, path))

    def attach(self, view: ImageView) -> None:
        from astrogui.viewers.image_photometry import PhotometryTool

        view.blockSignals(True)  # its menu is made once for all tools
        self.tool = PhotometryTool(view)
        view.blockSignals(False)
        view.tools_changed.emit()
        self.dock = LazyDock(
            self._bench, DockSpec("measure", "Measure"), "results", self._make_panel
        )
        for name in ("measure_source", "measure_line", "measure_middle", "measure_middle_line"):
            view.tools[name].triggered.connect(self._show_panel)

    def _make_panel(self) -> MeasurePanel:
        from astrogui.viewers.image_measure_panel import MeasurePanel

        assert self.tool is not None
        panel = MeasurePanel(self.tool, self._bench.window)
        view = self._bench.area.view("image")
        assert isinstance(view, ImageView)
        panel.set_theme(view.theme)
        view.overlay.theme_changed.connect(panel.set_theme)
        panel.save_wanted.connect(self.ask_to_save)
        return panel

    def _show_panel(self, *_: Any) -> None:
        if self.dock is not None:
            self.dock.show()

    def _on_written(self, path: str, rows: int) -> None:
        words = f"{rows} row" + ("s" if rows != 1 else "")
        self._bench.window.statusBar().showMessage(f"{words} written to {path}")
