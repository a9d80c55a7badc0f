"""The moments in which the window has nothing to do, for threads that can wait for one.

Qt lets go of the interpreter at nearly every call. Where a thread computes in Python all the time,
the window waits for it after each: a paint of 20 ms takes 300. A thread that reads a million rows
therefore asks, piece by piece, and goes on when the window has done all that it had to do.
"""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Qt, QTimer, Signal

LONGEST_S = 0.05  # a window that is never done does not stop the others


class Quiet(QObject):
    """Made and closed in the window's thread; ``wait`` is for any other."""

    _asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_quiet = threading.Event()
        # A timer of no time is due when the event loop has nothing else to do.
        self._last = QTimer(self)
        self._last.setSingleShot(True)
        self._last.setInterval(0)
        self._last.timeout.connect(self._is_quiet.set)
        self._asked.connect(self._last.start, Qt.ConnectionType.QueuedConnection)

    def wait(self) -> None:
        """Return when the window has nothing to do, after ``LONGEST_S`` at the latest."""
        with self._lock:  # what is emitted by an object that goes ends the process
            if self._is_closed:
                return
            self._is_quiet.clear()
            self._asked.emit()
        self._is_quiet.wait(LONGEST_S)

    def close(self) -> None:
        """Keep nobody waiting any more."""
        with self._lock:
            self._is_closed = True
        self._is_quiet.set()
