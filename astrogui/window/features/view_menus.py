"""A menu for each view with its tools, there while the view is on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from astrogui.viewers.viewer import Viewer

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Keeps the menus "Image", "Spectrum", "Strain" in step with the views."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._window = bench.window
        self.menus: dict[str, QMenu] = {}
        self._views: dict[str, Viewer] = {}
        for kind, view in bench.area.views.items():
            self._on_view_made(kind, view)
        bench.area.view_made.connect(self._on_view_made)
        self._window.pages.currentChanged.connect(self._on_page_changed)

    def _on_view_made(self, kind: str, view: Viewer) -> None:
        if not view.menu_title:
            return
        menu = QMenu(view.menu_title, self._window)
        menu.setToolTipsVisible(True)
        before = self._window.actions_by_name.menus["&Help"].menuAction()
        self._window.menuBar().insertMenu(before, menu)
        self.menus[kind], self._views[kind] = menu, view
        view.tools_changed.connect(self._fill_all)
        self._fill(kind)
        self._on_page_changed()

    def _fill_all(self) -> None:
        for kind in self.menus:
            self._fill(kind)
        self._on_page_changed()  # a menu that was empty is seen now

    def _fill(self, kind: str) -> None:
        menu = self.menus[kind]
        menu.clear()
        below: dict[str, QMenu] = {}
        for action in self._views[kind].tools.values():
            title = action.property("submenu")
            if not title:
                menu.addAction(action)
                continue
            if title not in below:
                below[title] = menu.addMenu(title)
                below[title].setToolTipsVisible(True)
            below[title].addAction(action)

    def _on_page_changed(self, _: int = 0) -> None:
        current = self._window.pages.currentWidget()
        for kind, menu in self.menus.items():
            menu.menuAction().setVisible(self._views[kind] is current and bool(menu.actions()))
