"""The docks: frames with names, filled later; their layout is kept and can be reset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QWidget

LAYOUT_VERSION = 1


@dataclass(frozen=True, slots=True)
class DockSpec:
    name: str
    title: str


DOCKS: tuple[DockSpec, ...] = (
    DockSpec("files", "Files"),
    DockSpec("viewer", "Viewer"),
    DockSpec("results", "Results"),
    DockSpec("annotate", "Annotate"),
    DockSpec("catalogue", "Catalogue"),
    DockSpec("jobs", "Jobs"),
    DockSpec("problems", "Problems"),
    DockSpec("history", "History"),
)


class Docks:
    """The window's docks by name, empty until ``fill``."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        window.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self._titles: dict[str, str] = {}
        self._beside: dict[str, str] = {}
        for spec in DOCKS:
            self._make(spec)
        self.reset()

    def _make(self, spec: DockSpec) -> QDockWidget:
        dock = QDockWidget(spec.title, self._window)
        dock.setObjectName(spec.name)
        dock.setAccessibleName(spec.title)
        dock.setWidget(QFrame(dock))
        self._docks[spec.name] = dock
        self._titles[spec.name] = spec.title
        return dock

    def add(self, spec: DockSpec, panel: QWidget, beside: str) -> QDockWidget:
        """One more dock, made after the first paint: a tab ``beside`` another, closed at first.

        Where the layout that was kept knows the dock, it goes to its place there.
        """
        dock = self._make(spec)
        self._beside[spec.name] = beside
        dock.setWidget(panel)
        self._window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        if not self._window.restoreDockWidget(dock):
            self._window.tabifyDockWidget(self._docks[beside], dock)
            dock.hide()
        return dock

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def __iter__(self) -> Iterator[QDockWidget]:
        return iter(self._docks.values())

    def fill(self, name: str, panel: QWidget) -> None:
        """Put ``panel`` into a dock in place of what is there."""
        dock = self._docks[name]
        before = dock.widget()
        dock.setWidget(panel)
        if before is not None:
            before.deleteLater()

    def retitle(self, name: str, count: int) -> None:
        """Show a count in the dock's tab, as in "Problems (2)"."""
        title = self._titles[name]
        self._docks[name].setWindowTitle(f"{title} ({count})" if count else title)

    def reset(self) -> None:
        """The layout of the first start: everything docked and visible."""
        window, docks = self._window, self._docks
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        for dock in docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, docks["files"])
        window.splitDockWidget(docks["files"], docks["catalogue"], down)
        window.splitDockWidget(docks["files"], docks["viewer"], across)
        window.splitDockWidget(docks["viewer"], docks["results"], across)
        window.splitDockWidget(docks["catalogue"], docks["annotate"], across)
        for name in ("jobs", "problems", "history"):
            window.tabifyDockWidget(docks["catalogue"], docks[name])
        for name, beside in self._beside.items():
            window.tabifyDockWidget(docks[beside], docks[name])
        for name, dock in docks.items():
            dock.setVisible(name not in self._beside)
        docks["catalogue"].raise_()
        width, height = max(window.width(), 900), max(window.height(), 600)
        window.resizeDocks(
            [docks["files"], docks["viewer"], docks["results"]],
            [width * 15 // 100, width * 55 // 100, width * 30 // 100],
            across,
        )
        window.resizeDocks(
            [docks["catalogue"], docks["annotate"]], [width * 78 // 100, width * 22 // 100], across
        )
        window.resizeDocks(
            [docks["viewer"], docks["catalogue"]], [height * 72 // 100, height * 28 // 100], down
        )

    def save(self, settings: QSettings) -> None:
        settings.setValue("geometry", self._window.saveGeometry())
        settings.setValue("layout", self._window.saveState(LAYOUT_VERSION))

    def restore(self, settings: QSettings) -> bool:
        """Put the docks back as they were saved; False where nothing fitting was saved."""
        geometry, layout = settings.value("geometry"), settings.value("layout")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        return isinstance(layout, QByteArray) and self._window.restoreState(layout, LAYOUT_VERSION)
