"""An analyst's own catalogue: read in the reader process, overlaid, matched with the rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from astrogui.records.catalogue import Catalogue
from astrogui.records.column_table import ColumnTable
from astrogui.session.tables import TABLE_ENDINGS, write_table
from astrogui.viewers.image_view import ImageView
from astrogui.window.docks import DockSpec
from astrogui.window.image_feature import ImageFeature
from astrogui.window.lazy_dock import LazyDock
from astrogui.window.path_dialog import TableDialog

if TYPE_CHECKING:
    from astrogui.viewers.catalogue_overlay import CatalogueOverlay, Overlaid
    from astrogui.viewers.catalogue_panel import CataloguePanel
    from astrogui.window.workbench import Workbench


class Feature(ImageFeature):
    """Gives the image view the catalogues of the analyst."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.overlay: CatalogueOverlay | None = None
        self.dock: LazyDock | None = None
        self.begin()

    def ask_to_load(self) -> None:
        """Ask for a table and overlay it."""
        dialog = TableDialog(self._bench.window, "Overlay a catalogue")
        dialog.fileSelected.connect(self.load)
        dialog.open()

    def load(self, path: str) -> None:
        """Overlay a table of sources."""
        self._bench.window.statusBar().showMessage(f"Reading {path} …")
        future = self._bench.session.read_table(path)
        self._bench.bridge.after(future, partial(self._on_read, path))

    def match(self, overlaid: Overlaid, radius_arcsec: float, which: str) -> None:
        """Match the project's rows with a catalogue."""
        future = self._bench.session.live_table().call(_rows_on_sky, True)
        self._bench.bridge.after(future, partial(self._on_rows, overlaid, radius_arcsec, which))

    def save(self, catalogue: Catalogue, path: str) -> None:
        """Write the pairs in the format of the file's ending."""
        future = self._bench.compute(write_table, catalogue, path)
        self._bench.bridge.after(future, partial(self._on_written, path))

    def attach(self, view: ImageView) -> None:
        from astrogui.viewers.catalogue_overlay import CatalogueOverlay

        self.overlay = CatalogueOverlay(view)
        menu = "&Own catalogues"
        view.blockSignals(True)  # its menu is made once for all tools
        view.add_tool("catalogue_load", "&Load a catalogue…", self.ask_to_load, ("Shift+U",),
                      "Overlay a FITS table, VOTable, ECSV or CSV file", menu)  # fmt: skip
        view.add_tool("catalogue_show", "&Show catalogues", self.overlay.show_all, ("Shift+X",),
                      "Show the sources of your catalogues, or hide them", menu, True)  # fmt: skip
        view.add_tool("catalogue_match", "&Match with the rows", self._on_match_wanted,
                      ("Shift+V",), "Match the project's rows by sky position", menu)  # fmt: skip
        view.blockSignals(False)
        view.tools_changed.emit()
        self.dock = LazyDock(
            self._bench, DockSpec("own_catalogues", "Own catalogues"), "results", self._make_panel
        )

    def _make_panel(self) -> CataloguePanel:
        from astrogui.viewers.catalogue_panel import CataloguePanel

        assert self.overlay is not None
        panel = CataloguePanel(self.overlay, self._bench.window)
        panel.load_wanted.connect(self.ask_to_load)
        panel.match_wanted.connect(self.match)
        panel.save_wanted.connect(self._ask_to_save)
        panel.row_chosen.connect(self._on_row_chosen)
        return panel

    def _on_match_wanted(self) -> None:
        assert self.dock is not None
        self.dock.show()
        panel: Any = self.dock.panel
        panel.ask_for_match()

    def _ask_to_save(self, catalogue: Catalogue) -> None:
        filters = ";;".join(f"{name} (*{ending})" for name, ending in TABLE_ENDINGS)
        dialog = QFileDialog(self._bench.window, "Save the pairs", "", filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("ecsv")
        dialog.fileSelected.connect(partial(self.save, catalogue))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_read(self, path: str, catalogue: Catalogue) -> None:
        from astrogui.viewers.sky_columns import guessed_columns

        assert self.overlay is not None
        assert self.dock is not None
        self.overlay.add(Path(path).name, catalogue, guessed_columns(catalogue))
        self.dock.show()
        self._bench.window.statusBar().showMessage(f"{Path(path).name}: {len(catalogue):,} sources")

    def _on_rows(
        self, overlaid: Overlaid, radius_arcsec: float, which: str, rows: tuple[Any, Any, Any]
    ) -> None:
        assert self.overlay is not None
        self.overlay.match(overlaid, *rows, radius_arcsec, which)

    def _on_row_chosen(self, row_id: int) -> None:
        item_id = self._bench.model.store.item_of(row_id)
        self._bench.selection.choose_rows((row_id,), row_id, item_id)

    def _on_written(self, path: str, rows: int) -> None:
        self._bench.window.statusBar().showMessage(f"{rows:,} pairs written to {path}")


def _rows_on_sky(table: ColumnTable) -> tuple[Any, Any, Any]:
    """Row ids with their right ascension and declination, copied in the table's own thread."""
    if not (table.has("ra") and table.has("dec")):
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    return table.row_ids().copy(), table.numbers("ra").copy(), table.numbers("dec").copy()
