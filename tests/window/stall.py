"""How long the event loop was away at most, seen by a timer of 5 ms."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 5


class StallMeter(QObject):
    """Measures from ``begin`` to ``end``.

    ``longest_ms`` is the longest time by which a beat came late. ``longest_busy_ms`` is the most
    processor time of this thread between two beats: what the window did itself, other programs
    on the machine left aside.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_ms = self.longest_busy_ms = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._on_beat)

    def begin(self) -> None:
        self._wall, self._busy = time.perf_counter(), time.thread_time()
        self._timer.start()

    def end(self) -> None:
        self._on_beat()
        self._timer.stop()

    def _on_beat(self) -> None:
        wall, busy = time.perf_counter(), time.thread_time()
        self.longest_ms = max(self.longest_ms, 1000 * (wall - self._wall) - BEAT_MS)
        self.longest_busy_ms = max(self.longest_busy_ms, 1000 * (busy - self._busy))
        self._wall, self._busy = wall, busy
