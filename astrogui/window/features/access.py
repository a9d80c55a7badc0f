"""The keyboard gets in everywhere and out again: Tab leads on from tables, whoever made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Qt's tables keep the Tab key to themselves: here arrows move in a table, Tab leaves it."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        if isinstance(now, QAbstractItemView):
            now.setTabKeyNavigation(False)
