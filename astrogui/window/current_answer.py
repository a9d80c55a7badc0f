"""The answer of the current row, fetched once for every view that shows it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from astrogui.window.bridge import Bridge
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.selection import Selection

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.records.provenance import AnswerProvenance
    from astrogui.session.session import Session


class CurrentAnswer(QObject):
    """Follows the current row and its newest answers; one task's answer is shown at a time."""

    changed = Signal(object, object)  # row as a dict or None, Posterior or None

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
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
        self.is_waiting = False
        self._number = 0  # of the latest request
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
        row_id = self._selection.row_id
        if row_id is None:
            self.tasks, self.task, self.is_waiting = (), None, False
            self.changed.emit(None, None)
            return
        infos = self._session.view.answers(row_id)
        self.tasks = tuple(dict.fromkeys(info.task for info in infos))
        wanted = self._wanted_task
        self.task = wanted if wanted in self.tasks else next(iter(self.tasks), None)
        self.provenance = next((i.provenance for i in reversed(infos) if i.task == self.task), None)
        if self.task is None:
            self.is_waiting = False
            self.changed.emit(self._session.view.row(row_id), None)
            return
        self.is_waiting = True
        future = self._session.posterior(row_id, self.task)
        self._bridge.after(future, partial(self._on_come, row_id, self._number))

    def _on_come(self, row_id: int, number: int, posterior: Posterior | None) -> None:
        if row_id == self._selection.row_id and number == self._number:
            self.is_waiting = False
            self.changed.emit(self._session.view.row(row_id), posterior)

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        if self._selection.row_id in row_ids:
            self.refresh()
