"""Garbage is collected in the GUI thread alone.

Python collects cycles in whichever thread happens to allocate, also one of the pool's. A widget in
such a cycle would be destroyed there, while Qt's own thread may be at work on it: that ends the
process. So the automatic collection is switched off, and the event loop does its work each time
that it is about to wait. No timer runs: a window that nobody uses stays asleep.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QAbstractEventDispatcher, QObject

BETWEEN_S = 0.3  # looks come at every pause of the event loop; one a moment is enough
# Threads that read a million rows make young objects faster than that: so many take about a
# millisecond to go through, and what they made in 0.3 s would take a frame.
MOST_YOUNG = 10_000


class Collector(QObject):
    """Collects cycles in pauses of the event loop; ``close`` gives the work back to Python."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._looked = 0.0
        gc.disable()
        self._dispatcher = QAbstractEventDispatcher.instance()
        self._dispatcher.aboutToBlock.connect(self._on_pause)

    def _on_pause(self) -> None:
        if time.monotonic() - self._looked >= BETWEEN_S or gc.get_count()[0] > MOST_YOUNG:
            self.look()
            self._looked = time.monotonic()

    def look(self) -> None:
        """Collect the oldest generation that is due, as the automatic collection would."""
        limits = gc.get_threshold()
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > limits[generation]:
                gc.collect(generation)
                return

    def close(self) -> None:
        """Stop, and collect as Python does by itself."""
        self._dispatcher.aboutToBlock.disconnect(self._on_pause)
        if self._was_enabled:
            gc.enable()
