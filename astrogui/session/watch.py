"""Following a folder: each file is added once its size has stopped growing."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from astrogui.session.intake import walk

log = logging.getLogger(__name__)
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
        leave: Callable[[str], bool] = lambda path: False,
    ) -> None:
        """``at_first``: of the files already there only the newest so many; None for all.

        ``leave`` says of a path that it is not to be taken: a file of our own.
        """
        self._folder, self._take, self._interval_s = folder, take, interval_s
        self._at_first, self._leave = at_first, leave
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
            if self._leave(path):
                continue
            try:
                found = os.stat(path)
            except OSError:  # gone between the listing and now
                continue
            if found.st_size:
                states[path] = (found.st_size, found.st_mtime_ns)
        return states

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception:  # the folder may be back at the next look
                log.exception("looking at %s failed", self._folder)
            self._stop.wait(self._interval_s)


def own_files(*written: str | os.PathLike[str] | None) -> Callable[[str], bool]:
    """Whether a path is one of the files ``written``, or lies beside one by a longer name.

    So are a project's journal and kept columns left, which change while their folder is watched.
    """
    names = tuple(os.path.realpath(path) for path in written if path)
    return lambda path: bool(names) and os.path.realpath(path).startswith(names)
