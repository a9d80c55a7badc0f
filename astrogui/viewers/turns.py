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

GAP_MS = 1  # after the end of a turn: whatever else waits is done, and painted
# A turn may open a dialogue that waits for its answer: the others have theirs meanwhile.
PATIENCE_MS = 100


class Turns(QObject):
    """One for the program, owned by the application; to be used in the window's thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: deque[tuple[QObject, Callable[[], object]]] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)

    @property
    def is_busy(self) -> bool:
        """Whether something waits for its turn."""
        return bool(self._waiting)

    def ask(self, owner: QObject, work: Callable[[], object]) -> None:
        """Call ``work`` in a turn of its own, after those asked for before it.

        Nothing is called once ``owner`` is gone. Work that returns False had nothing to do: the
        next has its turn at once.
        """
        self._waiting.append((owner, work))
        if not self._timer.isActive():
            self._timer.start(0)

    def _next(self) -> None:
        try:
            has_worked = False
            while self._waiting and not has_worked:
                owner, work = self._waiting.popleft()
                if shiboken6.isValid(owner):
                    self._timer.start(PATIENCE_MS)
                    has_worked = work() is not False
        finally:
            if self._waiting:
                self._timer.start(GAP_MS)
            else:
                self._timer.stop()


def turns() -> Turns:
    """The program's turns; they belong to the application."""
    application = QCoreApplication.instance()
    assert application is not None
    found = application.findChild(Turns)
    return found if found is not None else Turns(application)
