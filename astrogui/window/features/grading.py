"""The grading queue and the graders: their dock, keys, and what the session keeps of them."""

from __future__ import annotations

import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QScrollArea, QTabWidget, QWidget

from astrogui.records.judgement import FIELDS, cells
from astrogui.session.grading_queue import Pace
from astrogui.session.inter_grader import Agreement
from astrogui.session.merging import Merged, merged_words
from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec
from astrogui.window.grading_rows import (
    ADJUDICATED,
    RowGrades,
    done_rows,
    judged_by,
    prepared,
    row_grades,
    with_places,
)
from astrogui.window.lazy_dock import LazyDock
from astrogui.window.panels.graders import GradersPanel
from astrogui.window.panels.grading import QueuePanel
from astrogui.window.reading import Reading, read_once

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MENU = "&Grading"
SPECS = (
    Spec("grading_begin", MENU, "&Begin grading", ("Ctrl+Alt+G",),
         "Put the rows chosen in the Grading panel in their order"),
    Spec("grading_first", MENU, "First &ungraded row", ("Ctrl+Alt+U",), "Go on where you stopped"),
    Spec("grading_end", MENU, "&End grading", ("Ctrl+Alt+Shift+G",), "Forget the queue"),
    Spec("grading_blind", MENU, "Grade b&lind", ("Ctrl+Alt+Shift+B",),
         "Hide the other graders’ judgements until a row is graded", starts_group=True,
         is_checkable=True),
    Spec("grading_unblind", MENU, "&Show the others’ grades", ("Ctrl+Alt+Shift+U",),
         "Of the row shown, before grading it; that you looked is recorded"),
    Spec("grading_merge", MENU, "&Merge graders…", ("Ctrl+Alt+Shift+M",),
         "Take over exports or projects of other graders", starts_group=True),
    Spec("grading_agreement", MENU, "&Agreement of the graders", ("Ctrl+Alt+Shift+A",),
         "Kappa or alpha with intervals, and confusion tables"),
    Spec("grading_disputed", MENU, "Grade the &disagreements", ("Ctrl+Alt+Shift+D",),
         "A queue of the rows on which graders differ"),
)  # fmt: skip
GRADER_FILES = "Exports and projects (*.fits *.vot *.ecsv *.csv *.parquet *.astrogui)"


class Feature(QObject):
    """Leads through rows one by one, counts what is graded and compares graders."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._session = bench, bench.session
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._places: dict[int, int] = {}
        self._graded: set[int] = set()
        self._pace = Pace(time.monotonic)
        self._number = 0  # of the latest request for a queue
        self._scope = ""
        self._grades = Reading(
            self._session, bench.bridge, bench.compute, self._read_grades, self._show_grades, self
        )
        self._dock = LazyDock(bench, DockSpec("grading", "Grading"), "results", self._make_tabs)
        self._connect()
        self._on_project_changed()

    def _connect(self) -> None:
        bench, actions = self._bench, self._bench.window.actions_by_name
        actions.add(SPECS)
        for name, slot in (
            ("begin", self.begin), ("first", self.go_to_first), ("end", self.end),
            ("unblind", self.unblind), ("merge", self.ask_for_files),
            ("agreement", self.ask_for_agreement), ("disputed", self.begin_disputed),
        ):  # fmt: skip
            actions[f"grading_{name}"].triggered.connect(_plain(slot))
        actions["grading_blind"].triggered.connect(self.set_blind)
        for name in ("0", "1", "2", "3", "4", "6"):
            actions[f"quality_{name}"].triggered.connect(self._on_graded_by_key)
        bench.selection.row_changed.connect(self._on_row_changed)
        bench.bridge.rows_changed.connect(self._on_rows_changed)
        bench.bridge.project_changed.connect(self._on_project_changed)

    # -- panels, made when they are first looked at ------------------------------------------

    @cached_property
    def queue(self) -> QueuePanel:
        panel = QueuePanel()
        panel.build_wanted.connect(self.build)
        panel.step_wanted.connect(self.step)
        panel.first_wanted.connect(self.go_to_first)
        panel.end_wanted.connect(self.end)
        return panel

    @cached_property
    def graders(self) -> GradersPanel:
        panel = GradersPanel()
        panel.blind_wanted.connect(self.set_blind)
        panel.unblind_wanted.connect(self.unblind)
        panel.merge_wanted.connect(self.ask_for_files)
        panel.agreement_wanted.connect(self.ask_for_agreement)
        panel.agree_wanted.connect(self.agree_on)
        return panel

    @property
    def tabs(self) -> QTabWidget:
        """The panels in their dock."""
        panel = self._dock.panel
        assert isinstance(panel, QTabWidget)
        return panel

    def _make_tabs(self) -> QTabWidget:
        tabs = QTabWidget(self._bench.window)
        tabs.setDocumentMode(True)
        tabs.addTab(_scrolled(self.queue), "Queue")
        tabs.addTab(_scrolled(self.graders), "Graders")
        self._grades.ask()
        self._show_progress()
        return tabs

    def _is_made(self, name: str) -> bool:
        return name in self.__dict__

    # -- the queue -------------------------------------------------------------------------

    @property
    def is_on(self) -> bool:
        """Whether there is a queue to step through."""
        return bool(self._ids.size)

    @property
    def row_ids(self) -> tuple[int, ...]:
        return tuple(self._ids.tolist())

    @property
    def place(self) -> int:
        """Where the row that is shown stands in the queue; -1 where it does not."""
        row_id = self._bench.selection.row_id
        return -1 if row_id is None else self._places.get(row_id, -1)

    def begin(self) -> None:
        """A queue as the panel says."""
        self.show()
        self.build(str(self.queue.scope.currentData()), str(self.queue.order.currentData()))

    def begin_disputed(self) -> None:
        """A queue of what the graders disagree on, the weightiest first."""
        self.queue.choose("disputed", "graders")
        self.begin()

    def show(self) -> None:
        _ = self._dock.panel
        self._dock.show()

    def build(self, scope: str, order: str) -> None:
        """Put the rows of a scope in an order, in the pool, and go to the first ungraded."""
        bench = self._bench
        self._number += 1
        self.queue.choose(scope, order)
        self.queue.show_busy()
        row_ids = self._rows_of(scope)
        future = bench.compute(
            prepared, self._session.view, bench.model.store, row_ids, scope, order,
            self._session.author,
        )  # fmt: skip
        number = self._number
        bench.bridge.after(
            future,
            lambda made: self._take_queue(number, scope, order, made),
            self.queue.show_none,
        )

    def step(self, lines: int) -> None:
        """Go on in the queue, or back; from a row outside to the first ungraded one."""
        if not self.is_on:
            return
        place = self.place
        if place < 0:
            self.go_to_first()
        else:
            self._go_to(min(max(place + lines, 0), self._ids.size - 1))

    def go_to_first(self) -> None:
        """The first row of the queue that is not graded yet, else its last."""
        if self.is_on:
            ungraded = (i for i, row in enumerate(self._ids.tolist()) if row not in self._graded)
            self._go_to(next(ungraded, self._ids.size - 1))

    def end(self) -> None:
        """Forget the queue; the grades stay."""
        self._number += 1
        self._forget()
        self._bench.bridge.after(self._session.grading.keep_queue(None), _ignore)

    def _rows_of(self, scope: str) -> NDArray[np.int64] | None:
        """The rows of a scope; None where the pool has to find them."""
        bench = self._bench
        if scope == "selected":
            return bench.selection.ids
        if scope == "filtered":
            return bench.model.filtered_ids()
        return None

    def _take_queue(self, number: int, scope: str, order: str, made: Any) -> None:
        if number != self._number:
            return
        self._ids, self._places, self._graded = made
        self._scope = scope
        if not self.is_on:
            self.queue.show_none("There are no such rows.")
            return
        self._pace = Pace(time.monotonic)
        kept = {"row_ids": self.row_ids, "scope": scope, "order": order}
        self._bench.bridge.after(self._session.grading.keep_queue(kept), _ignore)
        self.go_to_first()
        self._show_progress()

    def _go_to(self, place: int) -> None:
        row_id = int(self._ids[place])
        self._bench.selection.choose_item(self._bench.model.store.item_of(row_id), row_id)
        self._bench.bridge.after(self._session.grading.keep_place(place), _ignore)
        self._show_progress()

    def _on_graded_by_key(self, _: bool = False) -> None:
        """A quality was given by its key: on to the next row."""
        is_inside = 0 <= self.place < self._ids.size - 1
        is_single = self._bench.selection.ids.size == 1
        if is_inside and is_single and self.queue.steps_on.isChecked():
            self.step(1)

    def _show_progress(self) -> None:
        if self.is_on:
            graded = len(self._graded)
            done = "graded" if self._scope != "disputed" else "agreed on"
            self.queue.show_progress(self.place, graded, int(self._ids.size), self._pace, done)

    def _forget(self) -> None:
        self._ids, self._places, self._graded = np.zeros(0, np.int64), {}, set()
        if self._is_made("queue"):
            self.queue.show_none()

    # -- several graders -------------------------------------------------------------------

    def set_blind(self, blind: bool) -> None:
        self._bench.bridge.after(self._session.grading.set_blind(blind), self._on_blind_set)

    def unblind(self) -> None:
        """Show the others' judgements of the rows selected; that is recorded."""
        rows = self._bench.selection.row_ids
        if rows:
            self._bench.bridge.after(self._session.grading.unblind(rows), self._grades.ask)

    def ask_for_files(self) -> None:
        dialog = QFileDialog(self._bench.window, "Merge graders")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([GRADER_FILES, "All files (*)"])
        dialog.finished.connect(dialog.deleteLater)
        dialog.filesSelected.connect(self.merge)
        dialog.open()

    def merge(self, paths: list[str]) -> None:
        """Take over the judgements of other graders' files."""
        self._bench.window.notice.show_notice("Reading the graders’ files…")
        self._bench.bridge.after(
            self._session.grading.merge(paths), self._on_merged,
            self._bench.window.notice.show_notice,
        )  # fmt: skip

    def ask_for_agreement(self) -> None:
        self.show()
        self.tabs.setCurrentIndex(1)
        self.graders.report.setText("Computing the agreement…")
        self._bench.bridge.after(
            self._session.grading.agreement(), self._on_agreement, self.graders.report.setText
        )

    def agree_on(self, author: str) -> None:
        """Keep one grader's judgement of the row as the one agreed on; then on to the next."""
        row_id = self._bench.selection.row_id
        if row_id is None:
            return
        future = read_once(self._session, self._bench.compute, partial(judged_by, author, row_id))
        self._bench.bridge.after(future, partial(self._agree, row_id))

    def _agree(self, row_id: int, judged: dict[str, str] | None) -> None:
        if judged is None:
            return
        values = {name: value for name, value in cells(judged).items() if value is not None}
        self._bench.bridge.after(self._session.grading.agree_on([row_id], values), _ignore)
        if self.is_on and self.queue.steps_on.isChecked():
            self.step(1)

    def _on_merged(self, merged: tuple[Merged, ...]) -> None:
        words = ". ".join(merged_words(one) for one in merged) or "No judgements were in them"
        self._bench.window.notice.show_notice(f"{words}.")
        self.ask_for_agreement()

    def _on_agreement(self, report: Agreement) -> None:
        self.graders.show_report(report)

    def _on_blind_set(self, _: object) -> None:
        self._grades.ask()

    def _read_grades(self, view: Any) -> RowGrades:
        """Runs in the pool."""
        return row_grades(view, self._bench.selection.row_id, self._session.author)

    def _show_grades(self, grades: RowGrades) -> None:
        self._bench.window.actions_by_name["grading_blind"].setChecked(grades.is_blind)
        if self._is_made("graders") and grades.row_id == self._bench.selection.row_id:
            self.graders.blind.setChecked(grades.is_blind)
            self.graders.show_row(grades.by_author, self._session.author, grades.hides)

    # -- what happens ----------------------------------------------------------------------

    def _on_row_changed(self, _: object) -> None:
        self._show_progress()
        if self._is_made("graders"):
            self.graders.show_row({}, self._session.author, hides=False)  # until they are read
            self._grades.ask()

    def _on_rows_changed(self, row_ids: tuple[int, ...], fields: object, _: object) -> None:
        if not set(FIELDS) & set(fields if isinstance(fields, tuple) else ()):
            return
        if self._bench.selection.row_id in row_ids:
            self._grades.ask()
        inside = [row_id for row_id in row_ids if row_id in self._places]
        if inside:
            future = self._bench.compute(done_rows, self._session.view, inside, self._judge())
            self._bench.bridge.after(future, lambda graded: self._count(inside, graded))

    def _count(self, row_ids: list[int], graded: set[int]) -> None:
        for _ in graded - self._graded:
            self._pace.count()
        self._graded.difference_update(row_ids)
        self._graded |= graded
        self._show_progress()

    def _judge(self) -> str:
        """Whose judgement makes a row of the queue a finished one: mine, or the one agreed on."""
        return ADJUDICATED if self._scope == "disputed" else self._session.author

    def _on_project_changed(self) -> None:
        self._number += 1
        self._forget()
        self._grades.ask()
        self._bench.bridge.after(self._session.grading.queue(), self._on_queue_kept, _ignore)

    def _on_queue_kept(self, kept: tuple[dict[str, Any], int] | None) -> None:
        """The queue of the last time: shown with its progress, its row not yet gone to."""
        if kept is None or self.is_on:
            return
        queue, place = kept
        number = self._number
        self.queue.choose(str(queue.get("scope")), str(queue.get("order")))
        ids = np.array(queue.get("row_ids", []), np.int64)
        self._scope = str(queue.get("scope"))
        future = self._bench.compute(with_places, self._session.view, ids, self._judge())
        self._bench.bridge.after(future, lambda made: self._resume(number, place, made))

    def _resume(self, number: int, place: int, made: Any) -> None:
        if number != self._number:
            return
        self._ids, self._places, self._graded = made
        if self.is_on:
            self._go_to(min(place, self._ids.size - 1))


def _scrolled(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(panel)
    return area


def _plain(slot: Any) -> Any:
    """A slot for ``triggered``, whose "checked" nobody wants."""
    return lambda _=False: slot()


def _ignore(result: object) -> None:
    """What was done comes back as an event."""
    del result
