"""Work of the window's thread that waits for its turn: one piece between two looks at events.

Answers, frames of plots and news of the session come when they come, and Qt would do all that are
due one after the other before it looks at the mouse again. Each may take 20 ms; their sum is what
an analyst sees as a window that stands still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QTimer

GAP_MS = 1  # between two turns: whatever else waits is done, and painted


class Turns(QObject):
    """One for the program, owned by the application; to be used in the window's thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: deque[tuple[QObject, Callable[[], object]]] = deque()
        self._is_due = False

    @property
    def is_busy(self) -> bool:
        """Whether something waits for its turn."""
        return self._is_due

    def ask(self, owner: QObject, work: Callable[[], object]) -> None:
        """Call ``work`` in a turn of its own, after those asked for before it.

        Nothing is called once ``owner`` is gone. Work that returns False had nothing to do: the
        next has its turn at once.
        """
        self._waiting.append((owner, work))
        if not self._is_due:
            self._come_in(0)

    def _come_in(self, milliseconds: int) -> None:
        # A timer anew for each: one that repeats would not fire while a dialogue that the work
        # has opened waits for its answer.
        self._is_due = True
        QTimer.singleShot(milliseconds, self, self._next)

    def _next(self) -> None:
        self._is_due = False
        while self._waiting:
            owner, work = self._waiting.popleft()
            if not shiboken6.isValid(owner):
                continue
            if self._waiting and not self._is_due:
                self._come_in(GAP_MS)
            if work() is not False:
                return


def turns() -> Turns:
    """The program's turns; they belong to the application."""
    application = QCoreApplication.instance()
    assert application is not None
    found = application.findChild(Turns)
    return found if found is not None else Turns(application)
