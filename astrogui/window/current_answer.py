"""The answer of the current row, fetched once for every view that shows it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from astrogui.window.bridge import Bridge
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.reading import Reading
from astrogui.window.selection import Selection

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.records.provenance import AnswerProvenance
    from astrogui.session.session import Session


@dataclass(frozen=True, slots=True)
class _Found:
    """What the project has of a row."""

    row_id: int
    row: dict[str, Any] | None = None  # None where the row is not here
    answers: tuple[Any, ...] = ()  # oldest first


class CurrentAnswer(QObject):
    """Follows the current row and its newest answers; one task's answer is shown at a time.

    The project is read in the pool: a catalogue of a million rows takes a tenth of a second to
    say which analyses it has.
    """

    changed = Signal(object, object)  # row as a dict or None, Posterior or None

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Callable[..., Future[Any]],
        model: CatalogueModel,
        selection: Selection,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._bridge, self._selection = session, bridge, selection
        self._wanted_task: str | None = None
        self.tasks: tuple[str, ...] = ()  # that have answered the current row
        self.task: str | None = None
        self.provenance: AnswerProvenance | None = None
        self.row: dict[str, Any] | None = None
        self.answers: tuple[Any, ...] = ()  # all that the row ever got, oldest first
        self.is_waiting = False
        self._number = 0  # of the latest request
        self._row_id: int | None = None  # read by the pool
        self._reading = Reading(
            session, bridge, compute, self._read, self._on_read, self, self._on_failed
        )
        selection.row_changed.connect(self.refresh)
        model.rows_read.connect(self._on_rows_read)

    def title(self, name: str) -> str:
        """A task's title for people."""
        return next((task.title for task in self._session.tasks() if task.name == name), name)

    def choose_task(self, name: str) -> None:
        """Show this task's answer where a row has several."""
        self._wanted_task = name
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Fetch the current row's answer again; one that is under way is shown no more."""
        self._number += 1
        self._row_id = self._selection.row_id
        if self._row_id is None:
            self.tasks, self.task, self.is_waiting = (), None, False
            self.row, self.answers = None, ()
            self.changed.emit(None, None)
            return
        self.is_waiting = True
        self._reading.ask()

    def _read(self, view: Any) -> _Found | None:
        """Runs in the pool."""
        row_id = self._row_id
        if row_id is None:
            return None
        try:
            return _Found(row_id, view.row(row_id), tuple(view.answers(row_id)))
        except KeyError:
            return _Found(row_id)

    def _on_read(self, found: _Found | None) -> None:
        if found is None or found.row_id != self._selection.row_id or self._reading.is_wanted:
            return  # what is wanted now is read next
        self.row, self.answers = found.row, found.answers
        infos = found.answers
        self.tasks = tuple(dict.fromkeys(info.task for info in infos))
        wanted = self._wanted_task
        self.task = wanted if wanted in self.tasks else next(iter(self.tasks), None)
        self.provenance = next((i.provenance for i in reversed(infos) if i.task == self.task), None)
        if self.task is None or found.row is None:
            self.is_waiting = False
            self.changed.emit(found.row, None)
            return
        future = self._session.posterior(found.row_id, self.task)
        self._bridge.after(
            future,
            partial(self._on_come, found.row_id, found.row, self._number),
            partial(self._on_not_come, self._number),
        )

    def _on_come(
        self, row_id: int, row: dict[str, Any], number: int, posterior: Posterior | None
    ) -> None:
        if row_id == self._selection.row_id and number == self._number:
            self.is_waiting = False
            self.changed.emit(row, posterior)

    def _on_not_come(self, number: int, words: str) -> None:
        if number == self._number:
            self._on_failed(words)

    def _on_failed(self, words: str) -> None:
        self.is_waiting = False
        self._bridge.noticed.emit(words)

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        if self._selection.row_id in row_ids:
            self.refresh()
