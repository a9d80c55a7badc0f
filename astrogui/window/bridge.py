"""Session events and finished futures, brought to the window's thread by one queued signal."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from astrogui.errors import AstroguiError
from astrogui.session import events
from astrogui.viewers.turns import turns

if TYPE_CHECKING:
    from astrogui.session.session import Session

log = logging.getLogger(__name__)

Receiver = Callable[[Any], None]
_Landing = tuple["Future[Any]", Receiver, "Callable[[str], None] | None"]
# Of hundreds of files, events come one by one, and each has lists read and painted again: so long
# they gather after those that were told.
GATHER_MS = 100


class Bridge(QObject):
    """What happened in the session, as Qt signals in the window's thread, merged.

    However many events arrive between two turns of the event loop, or within ``GATHER_MS`` of those
    before, each signal is emitted once for the lot (rows once for each initiator). A future that is
    ready waits for nothing, and what came before it is told before it.
    """

    project_changed = Signal()
    files_changed = Signal(object)  # item ids
    files_looked_at = Signal(int, int)  # of all that were given
    file_refused = Signal(object)  # FileRefused
    jobs_changed = Signal(object)  # job ids
    job_progressed = Signal(object)  # fraction and words by job id
    job_failed = Signal(object)  # JobFailed
    rows_changed = Signal(object, object, object)  # row ids, fields, initiator
    history_changed = Signal(str, str)
    worker_ready = Signal(str, str)  # backend, device
    worker_lost = Signal(object)  # WorkerLost
    noticed = Signal(str)
    export_finished = Signal(object)  # ExportFinished
    rows_verified = Signal(object)  # RowVerified events, in order
    _woken = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._arrived: deque[events.Event | _Landing] = deque()
        self._is_waking = self._is_gathering = False
        self._is_closed = False
        self._gathering = QTimer(self)
        self._gathering.setSingleShot(True)
        self._gathering.setInterval(GATHER_MS)
        self._gathering.timeout.connect(self._on_gathered)
        self._turns = turns()
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = session.subscribe(self._post)

    def after(
        self,
        future: Future[Any],
        receive: Receiver,
        fail: Callable[[str], None] | None = None,
    ) -> None:
        """Call ``receive`` with the result in this thread, or ``fail`` with the fault in words."""
        future.add_done_callback(partial(self._land, receive, fail))

    def close(self) -> None:
        """Deliver nothing more."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._arrived.clear()
        self._gathering.stop()
        self._unsubscribe()

    def _land(
        self, receive: Receiver, fail: Callable[[str], None] | None, future: Future[Any]
    ) -> None:
        self._post((future, receive, fail))

    def _post(self, arrival: events.Event | _Landing) -> None:
        """Runs in any thread."""
        with self._lock:
            if self._is_closed:
                return
            self._arrived.append(arrival)
            is_patient = self._is_gathering and isinstance(arrival, events.Event)
            if self._is_waking or is_patient:
                return
            self._is_waking = True
            # Within the lock: an object that is destroyed while it emits ends the process, and
            # whoever destroys this one closes it first.
            self._woken.emit()

    def _on_woken(self) -> None:
        self._turns.ask(self, self._deliver)

    def _on_gathered(self) -> None:
        with self._lock:
            self._is_gathering = False
            has_more = bool(self._arrived) and not self._is_waking
        if has_more:
            self._on_woken()

    def _deliver(self) -> bool:
        """Tell all that has arrived; whether anything had."""
        with self._lock:
            arrivals = list(self._arrived)
            self._arrived.clear()
            self._is_waking = False
            gathers = any(isinstance(arrival, events.Event) for arrival in arrivals)
            self._is_gathering |= gathers
        try:
            self._tell(arrivals)
        finally:
            if gathers and not self._is_closed:  # the time counts from the end of what was told
                self._gathering.start()
        return bool(arrivals)

    def _tell(self, arrivals: list[events.Event | _Landing]) -> None:
        happened = [arrival for arrival in arrivals if isinstance(arrival, events.Event)]
        self._emit_merged(happened)
        for event in happened:
            self._emit_single(event)
        for arrival in arrivals:
            if not isinstance(arrival, events.Event):
                self._hand_over(*arrival)

    def _emit_merged(self, happened: list[events.Event]) -> None:
        items: dict[int, None] = {}
        jobs: dict[int, None] = {}
        progress: dict[int, tuple[float, str]] = {}
        rows: dict[Any, tuple[dict[int, None], dict[str, None]]] = {}
        opened = False
        looked_at: events.FilesLookedAt | None = None
        for event in happened:
            match event:
                case events.FileAdded(item_ids=ids):
                    items.update(dict.fromkeys(ids))
                case events.RowsChanged(row_ids=ids, fields=fields, initiator=initiator):
                    kept_ids, kept_fields = rows.setdefault(initiator, ({}, {}))
                    kept_ids.update(dict.fromkeys(ids))
                    kept_fields.update(dict.fromkeys(fields))
                case events.ProjectOpened():
                    opened = True
                case events.FilesLookedAt():
                    looked_at = event
                case events.JobProgressed(job_id=job_id, fraction=fraction, words=words):
                    progress[job_id] = (fraction, words)
                case _ if (number := getattr(event, "job_id", None)) is not None:
                    jobs[number] = None
        if opened:
            self.project_changed.emit()
        if verified := [event for event in happened if isinstance(event, events.RowVerified)]:
            self.rows_verified.emit(tuple(verified))
        if items:
            self.files_changed.emit(tuple(items))
        if looked_at is not None:
            self.files_looked_at.emit(looked_at.done, looked_at.total)
        for initiator, (kept_ids, kept_fields) in rows.items():
            self.rows_changed.emit(tuple(kept_ids), tuple(kept_fields), initiator)
        if progress:
            self.job_progressed.emit(progress)
        if jobs:
            self.jobs_changed.emit(tuple(jobs))

    def _emit_single(self, event: events.Event) -> None:
        match event:
            case events.FileRefused():
                self.file_refused.emit(event)
            case events.JobFailed():
                self.job_failed.emit(event)
            case events.HistoryChanged(undo_title=undo, redo_title=redo):
                self.history_changed.emit(undo, redo)
            case events.WorkerReady(backend=backend, device=device):
                self.worker_ready.emit(backend, device)
            case events.WorkerLost():
                self.worker_lost.emit(event)
            case events.Noticed(words=words):
                self.noticed.emit(words)
            case events.ExportFinished():
                self.export_finished.emit(event)

    def _hand_over(
        self, future: Future[Any], receive: Receiver, fail: Callable[[str], None] | None
    ) -> None:
        if _is_gone(receive):
            return
        try:
            result = future.result(timeout=0)
        except CancelledError:
            return
        except AstroguiError as error:
            (fail or self.noticed.emit)(str(error))
            return
        except Exception as error:  # the edge of a slot: a bug of ours, logged with its trace
            log.exception("a session call failed")
            words = f"An error inside the program: {type(error).__name__}: {error}. See the log."
            (fail or self.noticed.emit)(words)
            return
        receive(result)


def _is_gone(receive: Receiver) -> bool:
    """Whether the widget whose method this is has been destroyed meanwhile."""
    function = receive.func if isinstance(receive, partial) else receive
    owner = getattr(function, "__self__", None)
    return isinstance(owner, QObject) and not shiboken6.isValid(owner)
