"""Where any number comes from: a right click on a cell, on an interval or on the answer's title."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.actions import Spec

if TYPE_CHECKING:
    from astrogui.session.origin import Origin
    from astrogui.window.workbench import Workbench

MENU = "&Results"
SPECS = (
    Spec("provenance", MENU, "&Where this comes from…", ("Shift+F5",),
         "File, hash, model, seed, versions and time of the chosen cell or answer"),
)  # fmt: skip


class Feature(QObject):
    """Opens the dialog for the catalogue's current cell and for the answer shown."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.dialog: ProvenanceDialog | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["provenance"].triggered.connect(self._on_asked)
        bench.results.view.provenance_asked.connect(self._on_parameter)
        bench.results.view.head.addAction(actions["provenance"])
        table = bench.catalogue.table
        if table.contextMenuPolicy() == Qt.ContextMenuPolicy.DefaultContextMenu:
            table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for name in ("copy", "comment", "provenance"):
            table.addAction(actions[name])

    def show_origin(self, row_id: int, column: str = "", task: str = "") -> None:
        """Show where a cell, or a task's answer of a row, comes from."""
        future = self._bench.compute(self._bench.session.origin, row_id, column, task)
        self._bench.bridge.after(future, self._on_origin)

    def _on_asked(self) -> None:
        """The current cell where the catalogue has the focus, else the answer shown."""
        row_id = self._bench.selection.row_id
        if row_id is None:
            self._bench.window.notice.show_notice("Choose a row of the catalogue first.")
            return
        table, column = self._bench.catalogue.table, ""
        index = table.currentIndex()
        if index.isValid() and (table.hasFocus() or table.isAncestorOf(_focus())):
            column = self._bench.model.shown_column(index.column()).name
        self.show_origin(row_id, column, "" if column else self._bench.answer.task or "")

    def _on_parameter(self, name: str) -> None:
        row_id, task = self._bench.selection.row_id, self._bench.answer.task
        if row_id is not None and task is not None:
            column = name if name in (self._bench.answer.row or {}) else ""
            self.show_origin(row_id, column, task)

    def _on_origin(self, origin: Origin) -> None:
        self.dialog = ProvenanceDialog(origin, self._bench.window)
        verify = self._bench.features.get("verify")
        if verify is not None and origin.task:
            self.dialog.verify_asked.connect(partial(verify.start, (origin.row_id,)))
        self.dialog.show()


class ProvenanceDialog(QDialog):
    """The origin as a table; it can be copied, and the value computed again."""

    verify_asked = Signal()

    def __init__(self, origin: Origin, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Where this comes from – {origin.title}")
        self.resize(560, 520)
        self._origin = origin
        self.browser = QTextBrowser()
        self.browser.setAcceptDrops(False)
        self.browser.setAccessibleName("Provenance")
        self.browser.setHtml(as_html(origin))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = QPushButton("&Copy")
        self.verify = QPushButton("&Verify this")
        self.verify.setToolTip("Compute it again from this provenance and compare")
        self.verify.setVisible(bool(origin.task))
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.verify, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.addWidget(self.browser)
        column.addWidget(buttons)
        copy.clicked.connect(self.copy)
        self.verify.clicked.connect(self._on_verify)
        buttons.rejected.connect(self.reject)

    def copy(self) -> None:
        """All of it as plain text."""
        QGuiApplication.clipboard().setText(self._origin.text())

    def _on_verify(self) -> None:
        self.verify_asked.emit()
        self.accept()


def as_html(origin: Origin) -> str:
    """The sections as a table; long hashes and paths may break anywhere."""
    parts = [f"<h3>{escape(origin.title)}</h3><table cellpadding='2'>"]
    for heading, pairs in origin.sections:
        parts.append(f"<tr><td colspan='2'><b>{escape(heading)}</b></td></tr>")
        parts += [
            f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td>{_breakable(words)}</td></tr>"
            for name, words in pairs
        ]
    return "".join(parts) + "</table>"


def _breakable(words: str) -> str:
    if " " in words:
        return escape(words)
    pieces = [words[i : i + 32] for i in range(0, len(words), 32)]
    return "&#8203;".join(escape(piece) for piece in pieces)


def _focus() -> Any:
    from PySide6.QtWidgets import QApplication

    return QApplication.focusWidget() or QWidget()
