"""Gives every action and tool the keys that the analyst has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from astrogui.viewers.viewer import Viewer
from astrogui.window.directory import entries
from astrogui.window.key_map import KeyMap

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Takes in what other features and views bring, whenever they bring it."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.map = KeyMap(bench.window.settings, self)
        for kind, view in bench.area.views.items():
            self._on_view_made(kind, view)
        bench.area.view_made.connect(self._on_view_made)
        bench.built.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Look for actions and tools that are new."""
        self.map.take(entries(self._bench))

    def _on_view_made(self, _: str, view: Viewer) -> None:
        view.tools_changed.connect(self.refresh)
        self.refresh()
