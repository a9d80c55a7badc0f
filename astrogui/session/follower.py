"""A session followed on a terminal: its rows line by line, a bar, and what went wrong."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from astrogui.session import events
from astrogui.session.session import Session
from astrogui.session.words import row_line


class Follower:
    """Hears a session's events: a progress bar, the rows that changed, what failed."""

    def __init__(self, session: Session, show_bar: bool) -> None:
        self._session = session
        self._bar = show_bar and sys.stderr.isatty()
        self._changed: dict[int, None] = {}
        self._news = threading.Condition()
        self.failures = 0
        self.queued = self.finished = self.files = 0
        self._unsubscribe = session.subscribe(self._hear)

    def wait(self, *futures: Callable[[], Any]) -> None:
        """Wait for each in turn: a function that returns a result or a future."""
        for future in futures:
            result = future()
            if hasattr(result, "result"):
                result.result()

    def changed_rows(self, timeout_s: float) -> list[int]:
        """The rows that changed since the last call, after at most ``timeout_s``."""
        with self._news:
            if not self._changed:
                self._news.wait(timeout_s)
            changed, self._changed = list(self._changed), {}
        return changed

    def clear(self) -> None:
        if self._bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _hear(self, event: events.Event) -> None:
        if isinstance(event, events.FileAdded):
            self.files += 1
        elif isinstance(event, events.JobQueued):
            self.queued += 1
        elif isinstance(event, events.JobFinished | events.JobCancelled):
            self.finished += 1
        elif isinstance(event, events.JobFailed):
            self.finished += 1
            self.failures += 1
            self._say(f"{event.path}: {event.cause}. {event.advice}")
        elif isinstance(event, events.FileRefused):
            self.failures += 1
            place = f" ({event.place})" if event.place else ""
            self._say(f"{event.path}{place}: {event.cause}. {event.advice}")
        elif isinstance(event, events.WorkerLost | events.Noticed):
            self._say(event.words)
        elif isinstance(event, events.RowsChanged):
            with self._news:
                self._changed.update(dict.fromkeys(event.row_ids))
                self._news.notify_all()
        self._draw()

    def _say(self, words: str) -> None:
        self.clear()
        print(f"astrogui: {words}", file=sys.stderr, flush=True)

    def _draw(self) -> None:
        if not self._bar or not self.queued:
            return
        width = 30
        done = width * self.finished // self.queued
        bar = "█" * done + "░" * (width - done)
        print(f"\r{bar} {self.finished}/{self.queued} ", end="", file=sys.stderr, flush=True)


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """One line a row: file, object, the answers with their 68 % interval, doubts."""
    for row in rows:
        print(row_line(row), flush=True)


def news_of(rows: list[dict[str, Any]], printed: dict[int, str]) -> list[dict[str, Any]]:
    """Rows whose line differs from the one that was printed last."""
    fresh = []
    for row in rows:
        line = row_line(row)
        if printed.get(row["row_id"]) != line:
            printed[row["row_id"]] = line
            fresh.append(row)
    return fresh
