"""A dock whose panel is made when it is first looked at: start-up and memory do not pay for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFrame, QWidget

from astrogui.window.docks import DockSpec

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class LazyDock(QObject):
    """One more dock, closed at first; ``make`` gives its panel."""

    def __init__(
        self, bench: Workbench, spec: DockSpec, beside: str, make: Callable[[], QWidget]
    ) -> None:
        super().__init__(bench)
        self._docks, self._name, self._make = bench.window.docks, spec.name, make
        self._panel: QWidget | None = None
        self._dock = self._docks.add(spec, QFrame(bench.window), beside)
        self._dock.visibilityChanged.connect(self._on_visibility)
        if self._dock.isVisible():  # the layout that was kept shows it
            self._on_visibility(True)

    @property
    def panel(self) -> QWidget:
        """The panel, made now if it was not before."""
        if self._panel is None:
            self._panel = self._make()
            self._docks.fill(self._name, self._panel)
        return self._panel

    def show(self) -> None:
        """Bring the dock to the front."""
        self._dock.show()
        self._dock.raise_()

    def _on_visibility(self, is_visible: bool) -> None:
        if is_visible and self._panel is None:
            _ = self.panel
