"""What could not be used, in words: which file, where in it, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.bridge import Bridge
from astrogui.window.panels.list_model import ListModel
from astrogui.window.panels.tables import prepare_table, selected_rows

if TYPE_CHECKING:
    from astrogui.session.session import Session


class ProblemsPanel(QWidget):
    """One line a problem; several can be copied at once."""

    counted = Signal(int)
    columns_wanted = Signal(str)  # a text file whose columns the analyst should name

    def __init__(self, session: Session, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model = ListModel(
            ("File", "Where", "What is wrong", "What to do"), _key, _cells, as_text, parent=self
        )
        self._table = QTableView(self)
        prepare_table(self._table, self._model, "Problems")
        heads = self._table.horizontalHeader()
        heads.resizeSection(0, 190)
        heads.resizeSection(1, 150)
        heads.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        heads.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self._none = QLabel("No problems: every file could be read.", self)
        self._none.setMargin(8)
        self._columns = QPushButton("Choose columns…", self)
        self._copy = QPushButton("Copy", self)
        self._columns.clicked.connect(self._on_choose_columns)
        self._copy.clicked.connect(self.copy_selected)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self._columns)
        row.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.addWidget(self._none)
        column.addWidget(self._table)
        column.addLayout(row)
        self._table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        bridge.file_refused.connect(self.refresh)
        bridge.job_failed.connect(self.refresh)
        bridge.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read the problems again."""
        problems = self._session.view.problems()
        self._model.show_values(problems)
        self._none.setVisible(not problems)
        self._table.setVisible(bool(problems))
        self._on_selection_changed()
        self.counted.emit(len(problems))

    def copy_selected(self) -> None:
        """The selected problems (all where none is) as text, a line each."""
        rows = selected_rows(self._table) or range(self._model.rowCount())
        text = "\n".join(as_text(self._model.value(row)) for row in rows)
        QGuiApplication.clipboard().setText(text)

    def _on_selection_changed(self, *_: object) -> None:
        self._copy.setEnabled(self._model.rowCount() > 0)
        self._columns.setVisible(bool(self._askable()))

    def _askable(self) -> list[Any]:
        chosen = [self._model.value(row) for row in selected_rows(self._table)]
        return [problem for problem in chosen if asks_for_columns(problem.advice)]

    def _on_choose_columns(self) -> None:
        for problem in self._askable()[:1]:
            self.columns_wanted.emit(problem.path)


def asks_for_columns(advice: str) -> bool:
    """Whether a reader's advice is to name the columns of a text file."""
    return "--columns" in advice


def as_text(problem: Any) -> str:
    """A problem in one line."""
    where = f" ({problem.place})" if problem.place else ""
    return f"{problem.path}{where}: {problem.cause}. {problem.advice}".strip()


def _key(problem: Any) -> int:
    return int(problem.problem_id)


def _cells(problem: Any) -> tuple[str, ...]:
    return (problem.path.rpartition("/")[2], problem.place, problem.cause, problem.advice)
