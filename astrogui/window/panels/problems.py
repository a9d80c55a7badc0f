"""What could not be used, in words: which file, where in it, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.bridge import Bridge
from astrogui.window.panels.button_flow import ButtonFlow
from astrogui.window.panels.list_model import ListModel
from astrogui.window.panels.tables import prepare_table, selected_rows
from astrogui.window.reading import Compute, Reading

if TYPE_CHECKING:
    from astrogui.session.session import Session


class ProblemsPanel(QWidget):
    """One line a problem; several can be copied, reported or tried again at once."""

    counted = Signal(int)
    columns_wanted = Signal(str)  # a text file whose columns the analyst should name
    retry_wanted = Signal(list)  # paths
    report_wanted = Signal(list)  # problems in words

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Compute,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._reading = Reading(session, bridge, compute, _read, self._show, self)
        self._model = ListModel(
            ("File", "Where", "What is wrong", "What to do"), _key, _cells, as_text, parent=self
        )
        self._table = QTableView(self)
        prepare_table(self._table, self._model, "Problems")
        heads = self._table.horizontalHeader()
        heads.resizeSection(0, 150)
        heads.resizeSection(1, 90)
        heads.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        heads.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self._none = QLabel("No problems: every file could be read.", self)
        self._none.setMargin(8)
        self._whole = QLabel(self)  # the chosen problem, where the table has no room for it
        self._whole.setWordWrap(True)
        self._whole.setMargin(4)
        self._whole.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._whole.setAccessibleName("The chosen problem")
        self._lay_out()
        self._table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self._table.doubleClicked.connect(self._on_choose_columns)
        bridge.file_refused.connect(self.refresh)
        bridge.job_failed.connect(self.refresh)
        bridge.project_changed.connect(self.refresh)
        self._on_selection_changed()
        self.refresh()

    def _lay_out(self) -> None:
        self._columns = QPushButton("Choose columns…", self)
        self._retry = QPushButton("Try again", self)
        self._copy = QPushButton("Copy", self)
        self._copy_all = QPushButton("Copy all", self)
        self._report = QPushButton("Copy as bug report", self)
        self._retry.setToolTip("Read the selected files anew, for example after mending them")
        self._copy.setToolTip("The selected problems as text, a line each")
        self._copy_all.setToolTip("All problems as text, a line each")
        self._report.setToolTip("The selected problems with versions and the end of the log")
        row = ButtonFlow()
        for button, slot in (
            (self._columns, self._on_choose_columns),
            (self._retry, self.retry_selected),
            (self._copy, self.copy_selected),
            (self._copy_all, self.copy_all),
            (self._report, self.report_selected),
        ):
            button.clicked.connect(slot)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.addWidget(self._none)
        column.addWidget(self._table)
        column.addWidget(self._whole)
        column.addLayout(row)

    def refresh(self, _: object = None) -> None:
        """Have the problems read again."""
        self._reading.ask()

    def _show(self, problems: list[Any]) -> None:
        self._model.show_values(problems)
        self._none.setVisible(not problems)
        self._table.setVisible(bool(problems))
        self._on_selection_changed()
        self.counted.emit(len(problems))

    def copy_selected(self) -> None:
        """The selected problems (all where none is) as text, a line each."""
        self._copy_lines(self._chosen() or self._model.values)

    def copy_all(self) -> None:
        """Every problem as text, a line each."""
        self._copy_lines(self._model.values)

    def _copy_lines(self, problems: Sequence[Any]) -> None:
        QGuiApplication.clipboard().setText("\n".join(map(as_text, problems)))

    def report_selected(self) -> None:
        """A report of the selected problems (all where none is)."""
        self.report_wanted.emit([as_text(p) for p in self._chosen() or self._model.values])

    def retry_selected(self) -> None:
        """Try the files of the selected problems (all where none is) once more."""
        paths = dict.fromkeys(problem.path for problem in self._chosen() or self._model.values)
        self.retry_wanted.emit(list(paths))

    def _chosen(self) -> list[Any]:
        return [self._model.value(row) for row in selected_rows(self._table)]

    def _on_selection_changed(self, *_: object) -> None:
        for button in (self._copy, self._copy_all, self._report, self._retry):
            button.setEnabled(self._model.rowCount() > 0)
        self._columns.setVisible(bool(self._askable()))
        chosen = self._chosen()
        self._whole.setText(as_text(chosen[0]) if len(chosen) == 1 else "")
        self._whole.setVisible(len(chosen) == 1)

    def _askable(self) -> list[Any]:
        return [problem for problem in self._chosen() if asks_for_columns(problem.advice)]

    def _on_choose_columns(self, _: object = None) -> None:
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


def _read(view: Any) -> list[Any]:
    return list(view.problems())
