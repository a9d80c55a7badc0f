"""A progress bar that waits for its turn to be painted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """Qt's own paints at once at every new value, and with it all that the window has to paint.

    A plot was painted twice for it within one turn of the event loop.
    """

    def setValue(self, value: int) -> None:
        with self._later():
            super().setValue(value)

    def setRange(self, minimum: int, maximum: int) -> None:
        with self._later():
            super().setRange(minimum, maximum)

    @contextmanager
    def _later(self) -> Iterator[None]:
        """What is painted meanwhile is left to the next frame."""
        self.setUpdatesEnabled(False)
        try:
            yield
        finally:
            self.setUpdatesEnabled(True)
