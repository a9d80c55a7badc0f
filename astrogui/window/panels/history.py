"""The judgements made, newest first, with undo and redo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.bridge import Bridge

if TYPE_CHECKING:
    from astrogui.session.session import Session

MOST = 200  # steps listed; all of them can be undone


class HistoryPanel(QWidget):
    """What can be undone and redone; it outlives a restart because the project keeps it."""

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        undo: QAction,
        redo: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._list = QListWidget(self)
        self._list.setAccessibleName("History")
        self._list.setAcceptDrops(False)
        self._list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        row = QHBoxLayout()
        row.addStretch()
        for action in (undo, redo):
            button = QToolButton(self)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setDefaultAction(action)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.addWidget(self._list)
        column.addLayout(row)
        bridge.history_changed.connect(self.refresh)
        bridge.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Read the steps again."""
        steps = self._session.view.steps()
        self._list.clear()
        if not steps:
            item = QListWidgetItem("No judgement yet: press 1 to 4 on a row of the catalogue.")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(item)
        for step in reversed(steps[-MOST:]):
            words = f"{step.title}    {step.author}, {step.created[:16].replace('T', ' ')}"
            item = QListWidgetItem(words if step.state == "done" else f"{words}    (undone)")
            if step.state != "done":
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(item)
