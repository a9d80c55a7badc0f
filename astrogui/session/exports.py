"""The exports of a session: one after another, in a thread of their own, told by events."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

from astrogui.errors import AstroguiError
from astrogui.session import events
from astrogui.session.exporting import RowIds, Told
from astrogui.session.helpers import make_exporter
from astrogui.session.live_table import LiveTable
from astrogui.session.loop import Loop
from astrogui.tasks.task import Task

if TYPE_CHECKING:
    from astrogui.session.export_process import ExportProcess


class Exports:
    """``pool`` is the one thread, which others who read files for the session share."""

    def __init__(self, loop: Loop, tasks: Sequence[Task], exporter: ExportProcess | None) -> None:
        """``exporter`` None is made when first needed."""
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="export")
        self._loop, self._tasks, self._exporter = loop, tuple(tasks), exporter
        self._is_cancelled = False

    def know(self, tasks: Sequence[Task]) -> None:
        """Write the answers of these tasks from now on."""
        self._tasks = tuple(tasks)

    def begin(
        self,
        project: Path,
        path: str,
        row_ids: RowIds | None,
        posteriors: str | os.PathLike[str] | None,
        meta: Mapping[str, str],
        columns: Sequence[str] | None,
        live: LiveTable | None,
        progress: Told | None,
    ) -> Future[int]:
        """``exporting.write`` in the thread, then ``ExportFinished`` or ``ExportFailed``."""

        def told(fraction: float, words: str) -> bool | None:
            if self._is_cancelled:
                return False
            return None if progress is None else progress(fraction, words)

        def write() -> int:
            try:
                self._exporter = self._exporter or make_exporter()
                rows = self._exporter.write(
                    project, self._tasks, path, row_ids, posteriors, meta, columns, live,
                    told,
                )  # fmt: skip
            except AstroguiError as error:
                wait([self._publish(events.ExportFailed(path, str(error)))])  # told, then raised
                raise
            self._publish(events.ExportFinished(path, rows))
            return rows

        return self.pool.submit(write)

    def cancel(self) -> None:
        """Stop what is being written, for good; files that it would replace stay as they are."""
        self._is_cancelled = True

    def close(self) -> None:
        """Wait for the export that is being written."""
        self.pool.shutdown(wait=True)

    def _publish(self, event: events.Event) -> Future[None]:
        return self._loop.post(lambda: self._loop.publish(event))
