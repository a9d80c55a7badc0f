"""The judgements of a session's project: written, taken over, undone, and what is said of them.

All of it runs in the session's thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from astrogui.records import judgement
from astrogui.session import events, exporting
from astrogui.session.open_project import OpenProject
from astrogui.store import history


class Judgements:
    """``opened`` names the project that is open now, ``author`` who judges."""

    def __init__(
        self,
        opened: Callable[[], OpenProject],
        author: Callable[[], str],
        publish: Callable[[events.Event], None],
    ) -> None:
        self._opened, self._author, self._publish = opened, author, publish

    def undo(self) -> None:
        self._step(history.undo)

    def redo(self) -> None:
        self._step(history.redo)

    def go_to(self, step_id: int) -> None:
        """Undo or redo up to a step, 0 for before the first."""
        self._step(lambda connection, by: history.go_to(connection, step_id, by))

    def take_over(self, path: str | os.PathLike[str]) -> int:
        """Write the judgements of an export for the rows that are here too; how many rows.

        Raises ``ExportProblem`` or ``Unreadable``.
        """
        opened = self._opened()
        wanted = exporting.judgements_for(exporting.read(os.fspath(path)), opened.view.rows())
        changed: tuple[int, ...] = ()
        with opened.project.transaction() as connection:
            for row_id, values in wanted.items():
                changed += history.annotate(connection, [row_id], values, self._author())
        self.changed(changed, judgement.FIELDS, None)
        return len(changed)

    def changed(self, row_ids: tuple[int, ...], names: tuple[str, ...], initiator: Any) -> None:
        """Tell which rows were judged, and what undo and redo would do now."""
        if row_ids:
            self._publish(events.RowsChanged(row_ids, names, initiator))
        self.tell_history()

    def tell_history(self) -> None:
        titles = history.titles(self._opened().project.connection)
        self._publish(events.HistoryChanged(*titles))

    def _step(self, step: Callable[[Any, str], tuple[int, ...]]) -> None:
        with self._opened().project.transaction() as connection:
            changed = step(connection, self._author())
        self.changed(changed, judgement.FIELDS, None)
