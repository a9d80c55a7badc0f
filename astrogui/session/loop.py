"""The session's thread: commands one after another, and events out to the subscribers."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar

from astrogui.session.events import Event, RowsChanged
from astrogui.session.settling import settle

T = TypeVar("T")
log = logging.getLogger(__name__)
MERGE_SECONDS = 0.1
MANY_SOON = 16  # commands that wait to be run together: so many wait no longer


class Loop:
    """Runs posted commands in its own thread: the only place where state changes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | str] = (
            queue.SimpleQueue()
        )
        self._soon: list[tuple[Callable[[], None], Callable[[Exception], None]]] = []
        self._last_soon = 0.0
        self._held: list[Callable[[], None]] | None = None  # until what runs is on disk
        # What makes the writing of commands that run together one.
        self.together: Callable[[], AbstractContextManager[None]] = nullcontext
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

    def post_soon(self, command: Callable[[], None], lost: Callable[[Exception], None]) -> None:
        """Run ``command`` soon, in one transaction with the others that wait so.

        At once where there was none lately, else within MERGE_SECONDS; what is posted later runs
        after it. Events, and what is to happen ``afterwards``, wait for the end of all. Where
        that cannot be written, nothing has happened, and each hears of it by its ``lost``.
        """
        with self._lock:
            if self._is_closed:
                return
            self._soon.append((command, lost))
            if len(self._soon) in (1, MANY_SOON):
                self._queue.put("look")

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do ``action`` once what is being run is on disk; of a command posted singly, now."""
        if self._held is None:
            action()
        else:
            self._held.append(action)

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
        self.afterwards(partial(self._publish, event))

    def _publish(self, event: Event) -> None:
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
            self._queue.put("end")
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
                entry = self._queue.get(timeout=self._pause())
            except queue.Empty:
                self._run_soon()
                self._flush()
                continue
            if entry == "look":  # how long to wait is another matter now
                continue
            self._run_soon()
            if isinstance(entry, str):
                self._flush()
                return
            command, future = entry
            settle(future, command)

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing waits."""
        if not self._soon:
            return MERGE_SECONDS if self._merged else None
        if len(self._soon) >= MANY_SOON:
            return 0.0
        return max(0.0, self._last_soon + MERGE_SECONDS - time.monotonic())

    def _run_soon(self) -> None:
        """Run all commands that wait to be run together."""
        with self._lock:
            waiting, self._soon = self._soon, []
        if not waiting:
            return
        held: list[Callable[[], None]] = []
        self._held = held
        try:
            with self.together():
                for command, _ in waiting:
                    _run_one(command)
        except Exception as error:
            self._held = None
            for _, lost in waiting:
                _run_one(partial(lost, error))
        else:
            self._held = None
            for action in held:
                _run_one(action)
        self._last_soon = time.monotonic()


def _run_one(command: Callable[[], None]) -> None:
    """Its bug takes nothing from the others."""
    try:
        command()
    except Exception:
        log.exception("a command failed")
