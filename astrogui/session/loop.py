"""The session's thread: commands one after another, and events out to the subscribers."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from astrogui.session.events import Event, RowsChanged
from astrogui.session.settling import settle

T = TypeVar("T")
log = logging.getLogger(__name__)
MERGE_SECONDS = 0.1


class Loop:
    """Runs posted commands in its own thread: the only place where state changes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._subscribers: list[Callable[[Event], None]] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._merged: dict[Any, tuple[dict[int, None], dict[str, None]]] = {}
        self._last_flush = 0.0
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)
        self._thread.start()

    def post(self, command: Callable[[], T]) -> Future[T]:
        """Run ``command`` in the session's thread; the future holds its result or its error.

        It is cancelled where the thread has been told to end, so that nobody waits for ever.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                future.cancel()
            else:
                self._queue.put((command, future))
        return future

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Let ``callback`` hear every event, in the session's thread; returns how to stop it."""
        with self._lock:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell the subscribers; changed rows are merged to at most ten events a second."""
        if isinstance(event, RowsChanged):
            rows, names = self._merged.setdefault(event.initiator, ({}, {}))
            rows.update(dict.fromkeys(event.row_ids))
            names.update(dict.fromkeys(event.fields))
            if time.monotonic() - self._last_flush >= MERGE_SECONDS:
                self._flush()
            return
        self._flush()
        self._tell(event)

    def close(self) -> None:
        """Finish what was posted, then end the thread."""
        with self._lock:
            self._is_closed = True
            self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def _flush(self) -> None:
        merged, self._merged = self._merged, {}
        self._last_flush = time.monotonic()
        for initiator, (rows, names) in merged.items():
            self._tell(RowsChanged(tuple(rows), tuple(names), initiator))

    def _tell(self, event: Event) -> None:
        with self._lock:
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            try:
                subscriber(event)
            except Exception:
                log.exception("a subscriber failed at %s", event)

    def _run(self) -> None:
        while True:
            try:
                entry = self._queue.get(timeout=MERGE_SECONDS if self._merged else None)
            except queue.Empty:
                self._flush()
                continue
            if entry is None:
                self._flush()
                return
            command, future = entry
            settle(future, command)
