"""Regions: the tools on the image, their list in a dock, and DS9 files in and out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from astrogui.viewers.image_view import ImageView
from astrogui.window.docks import DockSpec
from astrogui.window.image_feature import ImageFeature
from astrogui.window.lazy_dock import LazyDock

if TYPE_CHECKING:
    from astrogui.viewers.regions_panel import RegionsPanel
    from astrogui.viewers.regions_tool import RegionsTool
    from astrogui.window.workbench import Workbench

FILTER = "DS9 regions (*.reg);;All files (*)"


class Feature(ImageFeature):
    """Gives the image view its regions."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.tool: RegionsTool | None = None
        self._dock: LazyDock | None = None
        self.begin()

    def open(self) -> None:
        """Ask for a region file and add what it holds."""
        dialog = QFileDialog(self._bench.window, "Open regions", "", FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.read)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def read(self, path: str) -> None:
        """Add the regions of a file."""
        from astrogui.viewers.region_files import read_region_file

        future = self._bench.compute(read_region_file, path)
        self._bench.bridge.after(future, partial(self._on_read, path))

    def save(self, frame: str = "") -> None:
        """Ask for a file and write the regions in ``frame``; "" as they are."""
        if self.tool is None or not self.tool.list.entries:
            self._bench.window.notice.show_notice("There are no regions to save.")
            return
        dialog = QFileDialog(self._bench.window, "Save regions", "", FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("reg")
        dialog.fileSelected.connect(partial(self.write, frame=frame))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, path: str, frame: str = "") -> None:
        """Write the regions to a file."""
        from astrogui.viewers.region_files import entries_in_frame, write_region_file

        assert self.tool is not None
        entries, left = entries_in_frame(self.tool.list.entries, self.tool.grid, frame)
        future = self._bench.compute(write_region_file, path, entries)
        self._bench.bridge.after(future, partial(self._on_written, path, left))

    def attach(self, view: ImageView) -> None:
        from astrogui.viewers.regions_tool import RegionsTool

        view.blockSignals(True)  # its menu is made once for all tools
        self.tool = RegionsTool(view)
        menu = "&Regions"
        view.add_tool("region_list", "&List of regions", self.show_panel, ("Shift+W",),
                      "Show the list of regions", menu)  # fmt: skip
        view.add_tool("region_open", "&Open regions…", self.open, ("Shift+F",),
                      "Add the regions of a DS9 region file", menu)  # fmt: skip
        view.add_tool("region_save", "&Save regions…", self.save, ("Shift+S",),
                      "Write the regions as a DS9 region file", menu)  # fmt: skip
        view.blockSignals(False)
        view.tools_changed.emit()
        self._dock = LazyDock(
            self._bench, DockSpec("regions", "Regions"), "results", self._make_panel
        )

    def _make_panel(self) -> RegionsPanel:
        from astrogui.viewers.regions_panel import RegionsPanel

        assert self.tool is not None
        tools = list(self._bench.area.view("image").tools.values())
        panel = RegionsPanel(self.tool, tools, self._bench.window)
        panel.open_wanted.connect(self.open)
        panel.save_wanted.connect(self.save)
        return panel

    def show_panel(self) -> None:
        """Bring the list of regions to the front."""
        if self._dock is not None:
            self._dock.show()

    def _on_read(self, path: str, file: Any) -> None:
        assert self.tool is not None
        self.tool.list.add(file.entries, f"Open {Path(path).name}")
        self.show_panel()
        count, refused = len(file.regions), file.refused
        words = f"{Path(path).name}: {count} region" + ("s" if count != 1 else "")
        if refused:
            more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
            words += f". Not drawn, but kept: {refused[0]}{more}."
            self._bench.window.notice.show_notice(words)
        else:
            self._bench.window.statusBar().showMessage(words)

    def _on_written(self, path: str, left: int, lines: int) -> None:
        words = f"Regions written to {path}"
        if left:
            words += f"; {left} have no place in those coordinates and keep their own"
        self._bench.window.statusBar().showMessage(words)
        del lines
