"""How long the event loop was away at most, seen by a timer of 5 ms."""

from __future__ import annotations

import os
import threading
import time

from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 5


class StallMeter(QObject):
    """Measures from ``begin`` to ``end``, in milliseconds.

    ``longest_ms`` is the longest time by which a beat came late. ``longest_owed_ms`` leaves out
    what the thread waited for a processor that other programs had (Linux keeps count of it).
    ``longest_busy_ms`` is the most processor time of this thread between two beats.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_ms = self.longest_owed_ms = self.longest_busy_ms = 0.0
        # Kept open: to open it at each beat is five waits for the interpreter beside busy threads.
        account = f"/proc/self/task/{threading.get_native_id()}/schedstat"
        self._account = os.open(account, os.O_RDONLY) if os.path.exists(account) else None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._on_beat)

    def begin(self) -> None:
        self._before = self._now()
        self._timer.start()

    def end(self) -> None:
        self._on_beat()
        self._timer.stop()
        if self._account is not None:
            os.close(self._account)
            self._account = None

    def _on_beat(self) -> None:
        now = self._now()
        wall, busy, queued = (
            after - before for after, before in zip(now, self._before, strict=True)
        )
        self.longest_ms = max(self.longest_ms, wall - BEAT_MS)
        self.longest_owed_ms = max(self.longest_owed_ms, wall - queued - BEAT_MS)
        self.longest_busy_ms = max(self.longest_busy_ms, busy)
        self._before = now

    def _now(self) -> tuple[float, float, float]:
        """Clock, processor time of this thread, its time in the queue for a processor."""
        queued = 0.0
        if self._account is not None:
            queued = int(os.pread(self._account, 100, 0).split()[1]) / 1e6
        return 1000 * time.perf_counter(), 1000 * time.thread_time(), queued
