"""Garbage is collected in the GUI thread alone.

Python collects cycles in whichever thread happens to allocate, also one of the pool's. A widget in
such a cycle would be destroyed there, while Qt's own thread may be at work on it: that ends the
process. So the automatic collection is switched off, and a timer does its work here.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 500
# Objects made since the last look before a generation is collected: Python's own rule, in longer
# steps, because a look comes twice a second and not at every allocation.
YOUNG = 700


class Collector(QObject):
    """Collects cycles by a timer; ``close`` gives the work back to Python."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due, as the automatic collection would."""
        young, middle, old = gc.get_count()
        _, middle_limit, old_limit = gc.get_threshold()
        if old > old_limit:
            gc.collect(2)
        elif middle > middle_limit:
            gc.collect(1)
        elif young > YOUNG:
            gc.collect(0)

    def close(self) -> None:
        """Stop, and collect as Python does by itself."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()
