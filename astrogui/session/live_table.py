"""The project's rows as columns that follow it: filled and kept in step by a thread of their own.

The window paints, sorts and filters what is there; this thread alone writes. It begins with the
columns kept beside the project, reads what came since, and then every row that an event names.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import AstroguiError
from astrogui.records.catalogue import Column
from astrogui.records.column_table import ColumnTable
from astrogui.records.text_column import no_pause
from astrogui.session import column_cache
from astrogui.session.settling import settle
from astrogui.session.table_reader import Cells, Marks

T = TypeVar("T")
log = logging.getLogger(__name__)
STALE_SHARE = 0.02  # of the rows new since they were kept: they are kept anew


@dataclass(frozen=True, slots=True, eq=False)
class TableChange:
    """What happened to the table, told in the table's thread."""

    count: int  # rows there are now
    positions: NDArray[np.int64]  # of rows known before whose cells are new
    fresh: NDArray[np.int64]  # ids of rows that were added at the end
    is_new: bool = False  # other columns, or all rows at once: look at everything again
    is_whole: bool = False  # everything that the project had is there


class Reader(Protocol):
    """What the thread reads from: a project, or in tests something smaller."""

    def columns(self) -> tuple[Column, ...]: ...
    def marks(self) -> Marks: ...
    def ids_since(self, marks: Marks) -> NDArray[np.int64] | None: ...
    def answered_since(self, marks: Marks) -> tuple[NDArray[np.int64], Marks]: ...
    def all_ids(self) -> NDArray[np.int64]: ...
    def read(
        self, row_ids: NDArray[np.int64], give_way: Callable[[], None]
    ) -> Iterator[tuple[NDArray[np.int64], Cells]]: ...
    def forget_paths(self) -> None: ...
    def close(self) -> None: ...


class LiveTable:
    """``table`` and who is told when it changes. Public methods return at once."""

    def __init__(self, open_reader: Callable[[], Reader], folder: Path | None = None) -> None:
        """``folder`` is where the columns are kept, None for nowhere."""
        self.table = ColumnTable()
        self.is_whole = False
        self.give_way: Callable[[], None] = no_pause  # waits while someone else is to go first
        self._open_reader, self._folder = open_reader, folder
        self._told: list[Callable[[TableChange], None]] = []
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._wanted: dict[int, None] = {}
        self._moved = False  # files are elsewhere: their names are to be read again
        self._lock = threading.Lock()
        self._is_closing = self._has_ended = False
        self._marks: Marks | None = None  # up to which the table is known
        self._read_since = 0  # rows read since the columns were kept last
        self._thread = threading.Thread(target=self._run, name="table", daemon=True)
        self._thread.start()

    def subscribe(self, told: Callable[[TableChange], None]) -> Callable[[], None]:
        """Hear every change, in the table's thread, the present state at once; how to stop."""

        def stop() -> None:
            if told in self._told:
                self._told.remove(told)

        self._told.append(told)
        told(self._change(is_new=True))
        return stop

    def refresh(self, row_ids: Sequence[int], fields: Sequence[str] = ()) -> None:
        """Read these rows again, soon; several calls are one reading."""
        with self._lock:
            was_empty = not self._wanted
            self._wanted.update(dict.fromkeys(row_ids))
            self._moved |= "file" in fields
        if was_empty and row_ids:
            self._queue.put(self._read_wanted)

    def call(self, function: Callable[[ColumnTable], T], in_step: bool = False) -> Future[T]:
        """Run ``function`` on the table in its thread, where nothing changes meanwhile.

        ``in_step`` first reads whatever the project has and the table has not. The future is
        cancelled where the table has ended, or cannot be read.
        """
        future: Future[T] = Future()

        def work() -> T:
            if in_step:
                self._catch_up()
            return function(self.table)

        def run() -> None:
            if self._has_ended:
                future.cancel()
            settle(future, work)

        with self._lock:  # after the end nobody takes anything from the queue
            if not self._has_ended:
                self._queue.put(run)
                return future
        run()
        return future

    def keep(self) -> Future[None]:
        """Write the columns down where enough of them is new, for whoever begins with them."""

        def write(_: ColumnTable) -> None:
            self._keep()

        return self.call(write)

    def put_columns(
        self,
        columns: Sequence[tuple[Column, NDArray[np.int64], Any]],
        instead_of: Sequence[str] = (),
    ) -> Future[None]:
        """Add columns that are not the project's: column, row ids, values. Others may go."""

        def put(table: ColumnTable) -> None:
            for name in instead_of:
                table.take_away(name)
            for column, row_ids, values in columns:
                table.put_extra(column, row_ids, values)
            self._tell(self._change(is_new=True))

        return self.call(put)

    def close(self) -> None:
        """Keep the columns where that saves the next start something, and end the thread."""
        self._is_closing = True
        self._told.clear()
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=20)

    # -- in the table's thread -------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._reader = self._open_reader()
        except AstroguiError:
            log.exception("the table cannot be read")
            self._end()
            return
        try:
            self._load()
            while (work := self._queue.get()) is not None:
                try:
                    work()
                except Exception:
                    log.exception("the table's thread failed")
            self._keep()
        except Exception:
            log.exception("the table's thread failed")
        finally:
            self._reader.close()
            self._end()

    def _end(self) -> None:
        """Whoever still waits for a call is told that it will not be made."""
        with self._lock:
            self._has_ended = True
        while not self._queue.empty():
            work = self._queue.get()
            if work is not None and work != self._read_wanted:
                work()

    def _load(self) -> None:
        marks = self._reader.marks()
        self.table, ids = column_cache.begin(self._folder, self._reader)
        self._tell(self._change(is_new=True))
        self.table.reserve(len(self.table) + ids.size)
        self._read(ids)
        self._marks = marks
        self.is_whole = not self._is_closing
        self._tell(self._change())
        if self._keep() and self._folder is not None and not self._is_closing:
            self._map_kept(self._folder)

    def _read_wanted(self) -> None:
        with self._lock:
            ids, self._wanted = np.array(sorted(self._wanted), np.int64), {}
            moved, self._moved = self._moved, False
        if moved:
            self._reader.forget_paths()
        columns = self._reader.columns()
        if columns != self.table.project_columns:
            before = {column.name for column in self.table.project_columns}
            self.table.set_columns(columns)
            if not before <= {column.name for column in columns}:
                # Another task has come: its columns and those of the first go by longer names.
                ids = np.union1d(self._reader.all_ids(), ids)
            self._tell(self._change(is_new=True))
        if self._marks is not None:
            answered, self._marks = self._reader.answered_since(self._marks)
            ids = np.union1d(answered, ids)
        self._read(ids)

    def _catch_up(self, may_begin_again: bool = True) -> bool:
        """Read whatever the project has and the table has not; False where that is everything."""
        if self._wanted:
            self._read_wanted()
        now = self._reader.marks()
        if self._marks is None or now == self._marks:
            return True
        ids = self._reader.ids_since(self._marks)
        if ids is None:
            if not may_begin_again:
                return False
            self._reader.forget_paths()
            ids = self._reader.all_ids()
        with self._lock:
            self._wanted.update(dict.fromkeys(ids.tolist()))
        self._read_wanted()
        self._marks = now
        return True

    def _read(self, ids: NDArray[np.int64]) -> None:
        for some, cells in self._reader.read(ids, self._pause):
            if self._is_closing and not self.is_whole:
                return  # a first reading that nobody waits for any more
            self.give_way()
            before = len(self.table)
            known, fresh = self.table.put_columns(some, cells)
            self._read_since += len(some)
            added = self.table.row_ids()[before:] if fresh else np.zeros(0, np.int64)
            self._tell(TableChange(len(self.table), known, added))
            self.give_way()

    def _map_kept(self, folder: Path) -> None:
        """Work on from the file: what was read into memory is given back."""
        mapped = ColumnTable()
        if column_cache.load(folder, mapped) is not None:
            mapped.set_columns(self._reader.columns())
            self.table = mapped
            self._tell(self._change(is_new=True))

    def _keep(self) -> bool:
        """Write the columns down where enough of them is new; whether they were."""
        count, folder = len(self.table), self._folder
        if folder is None or self._marks is None or not self.is_whole:
            return False
        if count < column_cache.FEWEST_ROWS or self._read_since <= STALE_SHARE * count:
            return False
        if not self._catch_up(may_begin_again=False):
            return False
        if not column_cache.save(folder, self.table, self._marks, self._pause):
            return False
        self._read_since = 0
        return True

    def _pause(self) -> None:
        """Let others go first, unless somebody waits for the end."""
        if not self._is_closing:
            self.give_way()

    def _change(self, is_new: bool = False) -> TableChange:
        none = np.zeros(0, np.int64)
        return TableChange(len(self.table), none, none, is_new, self.is_whole)

    def _tell(self, change: TableChange) -> None:
        for told in list(self._told):
            try:
                told(change)
            except Exception:
                log.exception("a listener of the table failed")


def of_project(open_reader: Callable[[], Any], project: Path) -> LiveTable:
    """The live table of a project file, its columns kept beside it."""
    return LiveTable(open_reader, column_cache.cache_folder(project))
