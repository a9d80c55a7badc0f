"""Runs an analysis on the shown observation with options of the analyst's, such as a GPS time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from astrogui.session.asked import options_of


class RunDialog(QDialog):
    """``chosen`` carries the task's name and the options that were filled in."""

    chosen = Signal(str, object)

    def __init__(self, tasks: Sequence[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Run an analysis")
        self._described = {
            task.name: {name: opt.described for name, opt in options_of(task, tasks).items()}
            for task in tasks
        }
        self._task = QComboBox(self)
        self._task.setAccessibleName("Analysis")
        for task in tasks:
            self._task.addItem(task.title, task.name)
        self._form = QFormLayout()
        self._edits: dict[str, QLineEdit] = {}
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self._task)
        column.addLayout(self._form)
        column.addWidget(buttons)
        self._task.currentIndexChanged.connect(self._offer)
        self._offer()

    def _offer(self, _: int = 0) -> None:
        """One line for each option of the chosen task, with what it does below."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self._edits = {}
        for name, words in self._described[str(self._task.currentData())].items():
            edit = QLineEdit(self)
            edit.setAcceptDrops(False)
            edit.setAccessibleName(name)
            self._edits[name] = edit
            self._form.addRow(name, edit)
            about = QLabel(words, self)
            about.setWordWrap(True)
            about.setEnabled(False)
            self._form.addRow("", about)
        if not self._edits:
            self._form.addRow(QLabel("This analysis has no options.", self))

    def options(self) -> dict[str, str]:
        """What was filled in."""
        given = {name: edit.text().strip() for name, edit in self._edits.items()}
        return {name: text for name, text in given.items() if text}

    def _on_accepted(self) -> None:
        self.chosen.emit(str(self._task.currentData()), self.options())
        self.accept()
