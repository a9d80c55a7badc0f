"""The client of the reader process: requests from any thread, answered in order by futures."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from astrogui.errors import AstroguiError, Damaged, WorkerDied
from astrogui.inference.messages import receive, send
from astrogui.inference.precedence import GIVES_WAY
from astrogui.inference.process import HelperProcess, own_command
from astrogui.inference.reader_start import FEW_THREADS, TIMEOUT_S
from astrogui.inference.reading_server import DEFAULT_MEMORY_BYTES
from astrogui.records.catalogue import Catalogue
from astrogui.records.image import Image
from astrogui.records.source import FilePart, Source
from astrogui.records.strain import StrainOutline

LOG = logging.getLogger(__name__)
START_S = 30.0
LONGEST_READ_S = 120.0  # whatever goes on: a library may read the same bytes for ever
FIRST_LOOK_S = 0.2
SLOWEST_BYTES_PER_S = 10e6  # by which a large file is given longer


@dataclass(slots=True)
class _Request:
    operation: str
    path: str
    arguments: tuple[Any, ...]
    future: Future[Any] = field(default_factory=Future)


class ReaderProcess:
    """Recognises and reads files in a process of their own, started at the first request.

    A file that makes the process hang or die is refused with a ``FileProblem`` and the process is
    replaced; a file that does so twice is not given to it again, unless it has changed.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        log: str | None = None,
        process: HelperProcess | None = None,
        gives_way: bool = False,
    ) -> None:
        """``process`` was started before by ``start_reader``; one that follows it is like it.

        ``gives_way`` is for a parent with a window, which comes first.
        """
        self._command = list(command or own_command("reader"))
        self._said = {
            "timeout_s": timeout_s,
            "memory_bytes": memory_bytes,
            GIVES_WAY: gives_way,
        }
        self._timeout_s = timeout_s
        self._log = log
        self._requests: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._process = process  # touched by the thread only, but for close
        self._number = 0
        self._strikes: Counter[tuple[str, int, int]] = Counter()

    def start(self) -> None:
        """Start the process ahead of the first request; returns at once."""
        with self._changed:
            self._ensure_thread()

    def recognise(
        self, path: str, options: dict[str, str] | None = None
    ) -> Future[tuple[Source, ...]]:
        """The observations in a file; the future raises ``FileProblem``."""
        return self._ask(_Request("recognise", path, (path, dict(options or {}))))

    def read(self, source: Source) -> Future[Any]:
        """The record of a source, arrays read-only; the future raises ``FileProblem``."""
        return self._ask(_Request("read", source.path, (source,)))

    def glimpse(self, path: str) -> Future[Image | StrainOutline | None]:
        """The pixels of a plain FITS image or the outline of strain, soon; None of other files."""
        return self._ask(_Request("glimpse", path, (path,)))

    def table(self, path: str) -> Future[Catalogue]:
        """The columns of a table of sources; the future raises ``FileProblem``."""
        return self._ask(_Request("table", path, (path,)))

    def parts(self, path: str) -> Future[tuple[FilePart, ...]]:
        """The HDUs of a FITS file, () of another kind; the future raises ``FileProblem``."""
        return self._ask(_Request("parts", path, (path,)))

    def header(self, path: str, index: int) -> Future[str]:
        """The cards of an HDU's header, one a line; the future raises ``FileProblem``."""
        return self._ask(_Request("header", path, (path, index)))

    @property
    def pid(self) -> int | None:
        """The process now serving, if there is one."""
        process = self._process
        return process.pid if process is not None else None

    def close(self) -> None:
        """End the process; requests not yet answered raise ``WorkerDied``."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread, process = self._thread, self._process
        if process is not None:
            process.kill()  # wakes the thread when it waits for an answer
        if thread is not None:
            thread.join()

    def _ask(self, request: _Request) -> Future[Any]:
        with self._changed:
            if self._closing:
                raise WorkerDied("The reader is closed.")
            self._requests.append(request)
            self._ensure_thread()
            self._changed.notify_all()
        return request.future

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="reader", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        """The thread: one request after another, the process kept running."""
        self._start_ahead()
        while (request := self._next()) is not None:
            if not request.future.set_running_or_notify_cancel():
                continue
            try:
                value = self._answer(request)
            except Exception as error:  # the edge of a request: it goes to whoever asked
                if not isinstance(error, AstroguiError):
                    LOG.exception("reading %s failed", request.path)
                request.future.set_exception(error)
            else:
                request.future.set_result(value)
        self._end_process()
        for request in self._requests:
            if request.future.set_running_or_notify_cancel():
                request.future.set_exception(WorkerDied("The reader was closed."))

    def _next(self) -> _Request | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or bool(self._requests))
            return None if self._closing else self._requests.popleft()

    def _start_ahead(self) -> None:
        try:
            self._connection()
        except (WorkerDied, OSError):
            LOG.warning("the reader process did not start; it is tried again when needed")

    def _connection(self) -> Connection:
        """The connection to a running process; raises ``WorkerDied`` when none starts."""
        if self._process is not None and not self._process.is_alive:
            self._end_process()  # something ended it while it waited
        if self._process is None:
            process = HelperProcess(
                self._command, log=self._log, said=self._said, environment=FEW_THREADS
            )
            with self._changed:
                self._process = process
        try:
            connection = self._process.meet(START_S)
        except WorkerDied:
            self._end_process()
            raise
        if connection is None:
            self._end_process()
            raise WorkerDied(f"The reader did not start within {START_S:.0f} s.")
        return connection

    def _end_process(self) -> None:
        with self._changed:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _answer(self, request: _Request) -> Any:
        """The result of one request, or raises what became of it."""
        key = _identity(request.path)
        if self._strikes[key] >= 2:
            raise Damaged(
                request.path,
                "",
                "it has ended the reader twice and is not read again",
                "Fetch the file again or check the program that wrote it.",
            )
        self._number += 1
        connection = self._connection()
        assert self._process is not None
        try:
            send(connection, (self._number, request.operation, request.arguments))
            longest_s = max(LONGEST_READ_S, self._timeout_s) + key[1] / SLOWEST_BYTES_PER_S
            if not _wait(connection, self._process.pid, self._timeout_s, longest_s):
                return self._refuse(request, key, self._hang_words())
            number, outcome, value = receive(connection, self._process.folder)
        except (EOFError, OSError):
            if self._closing:
                raise WorkerDied("The reader was closed.") from None
            how = self._process.last_words()
            return self._refuse(request, key, f"it ended the process that read it ({how})")
        except ValueError as error:
            LOG.warning("the reader sent a broken answer for %s: %s", request.path, error)
            return self._refuse(request, key, f"its content could not be taken over ({error})")
        assert number == self._number
        if outcome == "done":
            return value
        if outcome == "problem":
            raise value
        raise RuntimeError(f"reading {request.path} failed\n{value}")

    def _hang_words(self) -> str:
        return f"the reader did not finish: no progress for {self._timeout_s:.0f} s"

    def _refuse(self, request: _Request, key: tuple[str, int, int], cause: str) -> Any:
        """Replace the process and raise the problem of the file that it was reading."""
        self._strikes[key] += 1
        self._end_process()
        raise Damaged(
            request.path,
            "",
            cause,
            "The file is probably damaged: fetch it again or check the program that wrote it.",
        )


def _wait(connection: Connection, pid: int, timeout_s: float, longest_s: float) -> bool:
    """Wait for an answer; False after ``timeout_s`` without progress, or ``longest_s`` in all.

    A process that reads on makes progress, for a large file on a slow disk takes its time. One
    that computes is allowed ``timeout_s`` of processor time, not of waiting for a busy processor;
    one that does neither is allowed as much by the clock.
    """
    if connection.poll(min(FIRST_LOOK_S, timeout_s / 4)):
        return True  # as most files, which are not worth a look at what the process does
    begun = last = time.monotonic()
    seen, idle_s = _activity(pid), 0.0
    while not connection.poll(min(0.5, timeout_s / 4)):
        now, activity = time.monotonic(), _activity(pid)
        worked_s = activity.processor_s - seen.processor_s
        if activity.bytes_read > seen.bytes_read:
            idle_s = 0.0
        else:
            idle_s += worked_s if worked_s > 0.05 * (now - last) else now - last
        if idle_s >= timeout_s or now - begun >= longest_s:
            return False
        last, seen = now, activity
    return True


class _Activity(NamedTuple):
    """What a process has done so far; zeros where the system does not tell."""

    bytes_read: int
    processor_s: float


def _activity(pid: int) -> _Activity:
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            count = int(file.readline().split()[1])
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            after_name = file.read().rpartition(")")[2].split()
        ticks = int(after_name[11]) + int(after_name[12])  # user and system time
        return _Activity(count, ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return _Activity(0, 0.0)


def _identity(path: str) -> tuple[str, int, int]:
    """A file as it is now: a new version of it gets a new chance."""
    stem = path
    if not os.path.exists(path) and path.endswith("]"):
        stem = path.rpartition("[")[0]
    try:
        state = os.stat(stem)
    except OSError:
        return (os.path.abspath(stem), 0, 0)
    return (os.path.abspath(stem), state.st_size, state.st_mtime_ns)
