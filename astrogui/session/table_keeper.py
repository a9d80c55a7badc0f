"""The live table of the project that is open: begun when first asked for, ended with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from astrogui.session import events
from astrogui.session.live_table import LiveTable, of_project
from astrogui.session.table_reader import TableReader
from astrogui.tasks.task import Task


class TableKeeper:
    """Safe in any thread."""

    def __init__(self, project: Callable[[], Path], tasks: Sequence[Task]) -> None:
        """``project`` names the project that is open now."""
        self._project, self._tasks = project, tuple(tasks)
        self._lock = threading.Lock()
        self._table: LiveTable | None = None

    @property
    def present(self) -> LiveTable | None:
        """The table, None where nobody has asked for it."""
        with self._lock:
            return self._table

    def table(self) -> LiveTable:
        with self._lock:
            if self._table is None:
                path = self._project()  # inside the lock: no table of a project that was left
                self._table = of_project(partial(TableReader, path, self._tasks), path)
            return self._table

    def know(self, tasks: Sequence[Task]) -> None:
        """Tables made from now on show the answers of these tasks."""
        self._tasks = tuple(tasks)
        self.close()

    def close(self) -> None:
        """End the table; the next one asked for is of the project that is open then."""
        with self._lock:
            table, self._table = self._table, None
        if table is not None:
            table.close()

    def hear(self, event: events.Event) -> None:
        """Have the rows that an event names read again."""
        table = self.present
        if table is not None and isinstance(event, events.RowsChanged):
            table.refresh(event.row_ids, event.fields)
