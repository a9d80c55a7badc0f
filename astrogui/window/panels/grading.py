"""The grading queue: which rows, in which order, how far one is, and what to do next."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.session.grading_queue import ORDERS, Pace, time_words
from astrogui.window.progress import ProgressBar

SCOPES = (
    ("filtered", "as filtered in the table"),
    ("all", "all of the project"),
    ("selected", "those selected"),
    ("disputed", "those that graders disagree on"),
)


class QueuePanel(QWidget):
    """Asks for a queue and shows the way through it; it knows no session."""

    build_wanted = Signal(str, str)  # scope, order
    step_wanted = Signal(int)
    first_wanted = Signal()
    end_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = _box(SCOPES, "Rows to grade", self)
        self.order = _box(ORDERS, "Order of grading", self)
        form = QFormLayout()
        form.addRow("Rows", self.scope)
        form.addRow("Order", self.order)
        self.build = QPushButton("Begin grading", self)
        self.build.setToolTip("Put these rows in this order and go to the first ungraded one")
        self.end = QPushButton("End", self)
        self.end.setToolTip("Forget the queue; grades stay")
        self.progress = ProgressBar(self)
        self.progress.setAccessibleName("Rows graded")
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.previous = QPushButton("◀ Previous (B)", self)
        self.next = QPushButton("Next (N) ▶", self)
        self.first = QPushButton("First ungraded", self)
        self.steps_on = QCheckBox("Step on after a grade", self)
        self.steps_on.setToolTip("Go to the next row of the queue as soon as 0 to 4 or 6 is given")
        self.steps_on.setChecked(True)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addLayout(_row(self.build, self.end))
        column.addWidget(self.progress)
        column.addWidget(self.words)
        column.addLayout(_row(self.previous, self.next))
        column.addWidget(self.first)
        column.addWidget(self.steps_on)
        column.addStretch()
        self.build.clicked.connect(self._on_build)
        self.end.clicked.connect(self.end_wanted)
        self.previous.clicked.connect(self._on_previous)
        self.next.clicked.connect(self._on_next)
        self.first.clicked.connect(self.first_wanted)
        self.show_none()

    def show_none(self, words: str = "No queue yet. Choose rows and an order.") -> None:
        """There is nothing to step through."""
        self.words.setText(words)
        self.progress.setRange(0, 1)
        self.progress.setValue(0)
        self.progress.setFormat("")
        self._enable(False)

    def show_busy(self) -> None:
        """The rows are being put in order."""
        self.show_none("Putting the rows in order…")
        self.progress.setRange(0, 0)

    def show_progress(
        self,
        place: int,
        graded: int,
        total: int,
        pace: Pace,
        done: str = "graded",
    ) -> None:
        """The row that is shown (counted from 0), how many are ``done``, and the pace."""
        per_hour, left_s = pace.per_hour, pace.left_s(total - graded)
        self._enable(True)
        self.progress.setRange(0, total)
        self.progress.setValue(graded)
        self.progress.setFormat(f"{graded:,} of {total:,} {done}")
        parts = [f"Row {place + 1:,} of {total:,}" if place >= 0 else "The row shown is not in it"]
        if graded == total:
            parts.append(f"every row is {done}")
        elif per_hour is not None and left_s is not None:
            parts += [f"{per_hour:,.0f} rows per hour", f"{time_words(left_s)} left"]
        self.words.setText(" · ".join(parts))

    def choose(self, scope: str, order: str) -> None:
        """Show which queue it is."""
        self.scope.setCurrentIndex(max(self.scope.findData(scope), 0))
        self.order.setCurrentIndex(max(self.order.findData(order), 0))

    def _enable(self, there_is: bool) -> None:
        for button in (self.previous, self.next, self.first, self.end):
            button.setEnabled(there_is)

    def _on_build(self) -> None:
        self.build_wanted.emit(str(self.scope.currentData()), str(self.order.currentData()))

    def _on_previous(self) -> None:
        self.step_wanted.emit(-1)

    def _on_next(self) -> None:
        self.step_wanted.emit(1)


def _box(choices: tuple[tuple[str, str], ...], name: str, parent: QWidget) -> QComboBox:
    box = QComboBox(parent)
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(16)
    for key, words in choices:
        box.addItem(words, key)
    return box


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
