"""Rows computed again and compared, one line each, with progress and a way to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QCloseEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.column_table import ColumnTable
from astrogui.window.actions import Spec
from astrogui.window.progress import ProgressBar

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MENU = "&Results"
SPECS = (
    Spec("verify", MENU, "&Verify selected rows", ("Shift+F4",),
         "Compute them again from their provenance and compare", starts_group=True),
    Spec("verify_all", MENU, "Verify &all rows", ("Ctrl+Shift+F4",),
         "Compute every answer of the project again and compare"),
)  # fmt: skip
HEADS = ("Object", "Analysis", "Result")
SIGNS = {"identical": "✓", "within": "✓", "differs": "✗", "impossible": "?", "cancelled": "–"}
PLAIN_STATES = ("identical", "within", "cancelled")  # what is said of them fits in a line
MOST_WRAPPED = 100  # lines that are made as high as their words want
Index = QModelIndex | QPersistentModelIndex


class Feature(QObject):
    """Starts a verification and shows how it goes."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.dialog: VerifyDialog | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["verify"].triggered.connect(self._on_selected)
        actions["verify_all"].triggered.connect(self._on_all)
        bench.catalogue.table.addAction(actions["verify"])
        bench.results.view.head.addAction(actions["verify"])
        bench.bridge.rows_verified.connect(self._on_rows_verified)

    def start(self, row_ids: Sequence[int] | None) -> None:
        """Verify these rows; None for all."""
        if self.dialog is not None and self.dialog.is_running:
            self.dialog.raise_()
            return
        bench = self._bench
        self.dialog = VerifyDialog(bench.window)
        self.dialog.stop_asked.connect(self._on_stop)
        self.dialog.show()
        future = bench.session.verify(None if row_ids is None else list(row_ids))
        bench.bridge.after(future, self._on_done, self._on_failed)

    def _on_selected(self) -> None:
        selection = self._bench.selection
        rows = selection.row_ids or (() if selection.row_id is None else (selection.row_id,))
        if rows:
            self.start(rows)
        else:
            self._bench.window.notice.show_notice("Choose rows of the catalogue first.")

    def _on_all(self) -> None:
        self.start(None)

    def _on_rows_verified(self, verified: tuple[Any, ...]) -> None:
        if self.dialog is None or not self.dialog.is_running:
            return
        titles = {task.name: task.title for task in self._bench.session.tasks()}
        store = self._bench.model.store  # not the project: this is the window's thread
        self.dialog.add([
            (_name(store, e.row_id), titles.get(e.task, e.task), e.state, e.words)
            for e in verified
        ])  # fmt: skip
        self.dialog.advance(verified[-1].done, verified[-1].total)

    def _on_done(self, verdicts: tuple[Any, ...]) -> None:
        if self.dialog is not None:
            self.dialog.finish([verdict.state for verdict in verdicts])

    def _on_failed(self, words: str) -> None:
        if self.dialog is not None:
            self.dialog.fail(words)

    def _on_stop(self) -> None:
        self._bench.session.cancel_verify()


class VerdictModel(QAbstractTableModel):
    """A line a verdict, in the order in which they came."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: list[tuple[str, str, str, str]] = []

    def add(self, lines: list[tuple[str, str, str, str]]) -> None:
        first = len(self.lines)
        self.beginInsertRows(QModelIndex(), first, first + len(lines) - 1)
        self.lines += lines
        self.endInsertRows()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        name, task, state, words = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (name, task, f"{SIGNS.get(state, '')} {words}")[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return words
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None


class VerifyDialog(QDialog):
    """Lines as they come, a bar with the time left, a summary in words at the end."""

    stop_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Verify: computed again and compared")
        self.resize(760, 420)
        self.is_running = True
        self._began_s = time.monotonic()
        self.model = VerdictModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Verdicts")
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        heads = self.table.horizontalHeader()
        heads.setStretchLastSection(True)
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.setColumnWidth(0, 190)
        self.table.setColumnWidth(1, 150)
        self._wrapped: list[int] = []  # lines whose words want more than one
        self._later = QTimer(self)  # once the columns have their widths
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._wrap)
        self.words = QLabel("Checking files and models …")
        self.words.setWordWrap(True)
        self.words.setAccessibleName("Progress in words")
        self.bar = ProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("Progress")
        buttons = QDialogButtonBox()
        self.stop = QPushButton("&Stop")
        copy = QPushButton("&Copy")
        self.leave = QPushButton("C&lose")
        for button, role in (
            (copy, QDialogButtonBox.ButtonRole.ActionRole),
            (self.stop, QDialogButtonBox.ButtonRole.ActionRole),
            (self.leave, QDialogButtonBox.ButtonRole.RejectRole),
        ):
            buttons.addButton(button, role)
        column = QVBoxLayout(self)
        for widget in (self.words, self.bar, self.table, buttons):
            column.addWidget(widget)
        copy.clicked.connect(self.copy)
        self.stop.clicked.connect(self.stop_asked)
        buttons.rejected.connect(self.close)

    def add(self, lines: list[tuple[str, str, str, str]]) -> None:
        """More verdicts: object, analysis, state, words."""
        first = self.model.rowCount()
        self.model.add(lines)
        long = [row for row, line in enumerate(lines, first) if line[2] not in PLAIN_STATES]
        self._wrapped = (self._wrapped + long)[:MOST_WRAPPED]
        self._later.start(0)
        self.table.scrollToBottom()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._later.start(0)

    def _wrap(self) -> None:
        for row in self._wrapped:
            self.table.resizeRowToContents(row)

    def advance(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        spent = time.monotonic() - self._began_s
        left = spent / max(done, 1) * (total - done)
        self.words.setText(f"{done} of {total} answers computed again; about {left:.0f} s left.")

    def finish(self, states: list[str]) -> None:
        """All done: the sum of it in words."""
        self._end()
        counts = {state: states.count(state) for state in SIGNS}
        good = counts["identical"] + counts["within"]
        told = [f"{good} of {len(states)} answers came out again"]
        if counts["within"]:
            told.append(f"{counts['within']} of them within the tolerance of the model's card")
        for state, words in (
            ("differs", "differ from what is stored"),
            ("impossible", "cannot be verified"),
            ("cancelled", "were not computed"),
        ):
            if counts[state]:
                told.append(f"{counts[state]} {words}")
        self.words.setText("; ".join(told) + ". Nothing stored was changed.")

    def fail(self, words: str) -> None:
        self._end()
        self.words.setText(words)

    def copy(self) -> None:
        """All lines as text with tabs."""
        lines = ["\t".join(HEADS)]
        lines += [f"{name}\t{task}\t{words}" for name, task, _, words in self.model.lines]
        QGuiApplication.clipboard().setText("\n".join([*lines, self.words.text()]))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Who closes it wants it stopped."""
        if self.is_running:
            self.stop_asked.emit()
        super().closeEvent(event)

    def _end(self) -> None:
        self.is_running = False
        self.bar.setRange(0, 1)
        self.bar.setValue(1)
        self.stop.setEnabled(False)
        self.leave.setFocus()


def _name(store: ColumnTable, row_id: int) -> str:
    """What a row's object is called, else its file."""
    position = store.position(row_id)
    if position is None:
        return f"row {row_id}"
    file = str(store.cell(position, "file") or "")
    return str(store.cell(position, "object_id") or file.rpartition("/")[2])
