"""Exports of very many rows in a process of their own; of few, here and now."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.errors import ExportProblem, WorkerDied
from astrogui.inference.messages import receive, send
from astrogui.inference.process import HelperProcess, own_command
from astrogui.inference.reader_start import FEW_THREADS
from astrogui.session import exporting
from astrogui.session.exporting import RowIds, Told, extra_columns
from astrogui.session.live_table import LiveTable
from astrogui.tasks import TASKS
from astrogui.tasks.task import Task

LOG = logging.getLogger(__name__)
FEWEST_ROWS = 20_000  # fewer are written before a process has started
START_S = 30.0
LOOK_S = 0.2  # so often whoever waits is asked whether to go on


class ExportProcess:
    """Writes exports, one at a time; ``pid`` is that of the process now at work, if there is one.

    An export reads the project for itself. It sees what was committed before it was begun.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        tasks: Sequence[Task] = TASKS,
        fewest_rows: int = FEWEST_ROWS,
        log: str | None = None,
    ) -> None:
        """``tasks`` are those that the process knows."""
        self._command = list(command or own_command("exporter"))
        self._known = {task.name: task for task in tasks}
        self._fewest, self._log = fewest_rows, log
        self.pid: int | None = None

    def write(
        self,
        project: Path,
        tasks: Sequence[Task],
        path: str,
        row_ids: RowIds | None,
        posteriors: str | os.PathLike[str] | None,
        meta: Mapping[str, str],
        columns: Sequence[str] | None = None,
        live: LiveTable | None = None,
        told: Told | None = None,
    ) -> int:
        """``exporting.write``; raises ``ExportProblem`` too where the process ends early."""

        def here() -> int:
            return exporting.write(
                project, tasks, path, row_ids, posteriors, meta, columns, live, told
            )

        if live is None or not self._is_for_process(live, tasks, row_ids):
            return here()
        exporting.known_ending(path)
        live.keep().result()
        order = {
            "project": str(project),
            "tasks": [task.name for task in tasks],
            "path": path,
            "row_ids": None if row_ids is None else np.asarray(row_ids, np.int64),
            "posteriors": None if posteriors is None else os.fspath(posteriors),
            "meta": dict(meta),
            "columns": None if columns is None else list(columns),
            "extra": [
                (one.column, one.row_ids, one.cells, one.words)
                for one in live.call(lambda table: extra_columns(table, columns)).result()
            ],
        }
        try:
            return self._write_apart(order, told)
        except _NotStarted as error:
            LOG.warning("the export is written by the program itself: %s", error)
            return here()

    def _is_for_process(
        self, live: LiveTable, tasks: Sequence[Task], row_ids: RowIds | None
    ) -> bool:
        count = len(live.table) if row_ids is None else len(row_ids)
        return count >= self._fewest and all(self._known.get(t.name) is t for t in tasks)

    def _write_apart(self, order: dict[str, Any], told: Told | None) -> int:
        from astrogui.export.exporter import folder_beside

        with contextlib.ExitStack() as folders:
            within = folders.enter_context(folder_beside(Path(order["path"])))
            beside = order["posteriors"] and folders.enter_context(
                folder_beside(Path(order["posteriors"]))
            )
            order["within"] = (str(within), str(beside) if beside else None)
            said = {"clears": [folder for folder in order["within"] if folder]}
            try:
                process = HelperProcess(
                    self._command, log=self._log, said=said, environment=FEW_THREADS
                )
            except OSError as error:
                raise _NotStarted(str(error)) from error
            self.pid = process.pid
            try:
                return self._follow(process, order, told)
            finally:
                self.pid = None
                process.end()

    def _follow(self, process: HelperProcess, order: dict[str, Any], told: Told | None) -> int:
        try:
            connection = process.meet(START_S)
        except WorkerDied as error:
            raise _NotStarted(str(error)) from error
        if connection is None:
            raise _NotStarted(f"the process did not start within {START_S:.0f} s")
        try:
            send(connection, order, process.folder)
            outcome, value = _outcome(connection, told)
        except (EOFError, OSError) as error:
            raise ExportProblem(
                f"{order['path']}: the process that wrote it ended early "
                f"({process.last_words()}). What was there before is untouched. "
                "Export again; if memory is short, close other programs first."
            ) from error
        if outcome == "done":
            return int(value)
        if outcome == "problem":
            raise value
        raise RuntimeError(f"the export of {order['path']} failed\n{value}")


class _NotStarted(Exception):
    """There is no process to write the export; it is no fault of the export's."""


def _outcome(connection: Connection, told: Told | None) -> tuple[str, Any]:
    """What became of the export; raises ``CancelledError`` where ``told`` says to stop."""
    progress = (0.0, "reading")
    while True:
        if told is not None and told(*progress) is False:
            raise CancelledError("the export was stopped")
        if not connection.poll(LOOK_S):
            continue
        kind, value = receive(connection)
        if kind != "progress":
            return kind, value
        progress = (float(value[0]), str(value[1]))
