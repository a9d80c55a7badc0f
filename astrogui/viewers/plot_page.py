"""A widget of plots that is painted at most once in a turn of the event loop, alone of its kind.

Qt's own way paints at once what has changed, as often as something changes: an axis that is laid
out while it is painted, or two plots that change together, cost two or three paints of 30 ms in
one turn, and the window stands still for their sum. Here a change asks for a frame; the frames of
all pages come one after the other, each in a turn of its own.
"""

from __future__ import annotations

from collections import deque

import pyqtgraph as pg
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

GAP_MS = 1  # between two frames: whatever else waits has its turn
NESTED = 3  # layouts: of the page, of a plot, of its title


class Frames(QObject):
    """The pages that wait to be painted, and whose turn it is; one for the program."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: deque[PlotPage] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(GAP_MS)
        self._timer.timeout.connect(self._next)

    def ask(self, page: PlotPage) -> None:
        """Paint this page when its turn comes."""
        self._waiting.append(page)
        if not self._timer.isActive():
            self._timer.start()

    def _next(self) -> None:
        while self._waiting:
            page = self._waiting.popleft()
            if shiboken6.isValid(page) and page.begin_frame():
                return
        self._timer.stop()


def frames() -> Frames:
    """The program's frames; they belong to the application."""
    application = QCoreApplication.instance()
    assert application is not None
    found = application.findChild(Frames)
    return found if found is not None else Frames(application)


class PlotPage(pg.GraphicsLayoutWidget):
    """Plots in a grid, painted by ``Frames``; ``painted`` counts how often."""

    closed = True  # what pyqtgraph asks once the widget's own attributes are gone

    def __init__(self, parent: QWidget | None = None) -> None:
        self.painted = 0
        self._is_stale = False
        super().__init__(parent)
        self.setAcceptDrops(False)
        self.setViewportUpdateMode(self.ViewportUpdateMode.NoViewportUpdate)
        self._frames = frames()
        self.scene().changed.connect(self._on_changed)

    def _on_changed(self, _: object = None) -> None:
        if not self._is_stale and self.isVisible():
            self._is_stale = True
            self._frames.ask(self)

    def begin_frame(self) -> bool:
        """Have Qt paint what has changed; whether there is anything to paint."""
        if not self._is_stale:  # it was painted meanwhile
            return False
        scene = self.scene()
        # What is left to the moment of painting, or to later, would make the picture old at once:
        # layouts within layouts, and the transforms of pyqtgraph's boxes.
        for _ in range(NESTED):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        scene.prepareForPaint()
        for _ in range(2):
            QCoreApplication.sendPostedEvents(scene)
        self._is_stale = False
        self.viewport().update()
        return True

    def paintEvent(self, ev: QPaintEvent) -> None:
        self.painted += 1
        self._is_stale = False
        super().paintEvent(ev)
