"""Following a folder: each file is added once its size has stopped growing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from astrogui.session.intake import walk

State = tuple[int, int]  # size, time of the last change in nanoseconds


class Watcher:
    """Looks at a folder every ``interval_s`` and hands over files that have settled.

    Polling, because change notices do not arrive from network file systems, where survey and
    strain files land.
    """

    def __init__(
        self,
        folder: str,
        take: Callable[[list[str]], object],
        interval_s: float = 1.0,
        at_first: int | None = None,
    ) -> None:
        """``at_first``: of the files already there only the newest so many; None for all."""
        self._folder, self._take, self._interval_s = folder, take, interval_s
        self._at_first = at_first
        self._last: dict[str, State] = {}
        self._taken: dict[str, State] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> list[str]:
        """Look once; the files that are new or changed and equal to the last look."""
        now = self._states()
        if self._at_first is not None:
            self._leave_out(now, self._at_first)
            self._at_first = None
        settled = [
            path
            for path, state in now.items()
            if self._last.get(path) == state and self._taken.get(path) != state
        ]
        self._taken.update({path: now[path] for path in settled})
        self._last = now
        if settled:
            self._take(settled)
        return settled

    def _leave_out(self, now: dict[str, State], newest: int) -> None:
        """Count all but the newest as taken, so that following a full folder begins at its end."""
        ranked = sorted(now, key=lambda path: (now[path][1], path))
        self._taken = {path: now[path] for path in ranked[: max(len(ranked) - newest, 0)]}

    def _states(self) -> dict[str, State]:
        states = {}
        for path in walk([self._folder]):
            try:
                found = os.stat(path)
            except OSError:  # gone between the listing and now
                continue
            if found.st_size:
                states[path] = (found.st_size, found.st_mtime_ns)
        return states

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(self._interval_s)
