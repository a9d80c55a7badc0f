"""A widget of plots that is painted at most once in a turn of the event loop, alone of its kind.

Qt's own way paints at once what has changed, as often as something changes: an axis that is laid
out while it is painted, or two plots that change together, cost two or three paints of 30 ms in
one turn, and the window stands still for their sum. Here a change asks for a frame, which has a
turn of its own (`turns`), and what a frame needs (a layout, the axes) is done in turns before it
where it takes long.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QGraphicsGridLayout, QWidget

from astrogui.viewers.turns import turns

TURN_S = 0.006  # of layout and axes, the most work of a frame; what is left has the next turn
MOST_TURNS = 20  # before a frame, for axes that keep changing
NESTED = 3  # layouts: of the page, of a plot, of its title


class PlotPage(pg.GraphicsLayoutWidget):
    """Plots in a grid, painted in turns of their own; ``painted`` counts how often."""

    closed = True  # what pyqtgraph asks once the widget's own attributes are gone

    def __init__(self, parent: QWidget | None = None) -> None:
        self.painted = 0
        self._is_stale = self._is_held = self._is_let_go = False
        self._turns = MOST_TURNS  # left until the frame comes whatever its axes
        super().__init__(parent)
        self.setAcceptDrops(False)
        self.setViewportUpdateMode(self.ViewportUpdateMode.NoViewportUpdate)
        self._turns_of_all = turns()
        self.scene().changed.connect(self._on_changed)

    def _ask(self) -> None:
        self._turns_of_all.ask(self, self.begin_frame)

    def _on_changed(self, _: object = None) -> None:
        if not self._is_stale and self.isVisible():
            self._is_stale = True
            self._ask()

    @contextmanager
    def laid_out_once(self) -> Iterator[None]:
        """Lay out once what is added inside; pyqtgraph does so after each plot, for all so far."""
        layout = self.ci.layout
        self.ci.layout = _Unhurried(layout)
        try:
            yield
        finally:
            self.ci.layout = layout
        layout.activate()

    @property
    def is_held(self) -> bool:
        """Whether the plots are not on the screen yet."""
        return self._is_held

    @property
    def is_due(self) -> bool:
        """Whether a frame is to come."""
        return self._is_let_go if self._is_held else self._is_stale

    def hold(self) -> None:
        """Paint nothing but the background until ``release``: there is more to lay out."""
        self._is_held, self._is_let_go = True, False

    def release(self) -> None:
        """Paint the plots again, once they are laid out and their axes drawn."""
        self._is_let_go = True
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        """Qt would paint at once, and have all of the layout and the axes done within."""
        super().showEvent(event)
        if not self.painted and not self._is_held:
            self.hold()
            self.release()

    def begin_frame(self) -> bool:
        """Have Qt paint what has changed, or prepare it; whether there is anything to paint."""
        if not self.is_due:
            return False  # it was painted meanwhile, or is to stay hidden
        if self._turns and not self._prepare():
            self._turns -= 1
            self._ask()
            return True
        self._turns = MOST_TURNS
        self._is_held = self._is_let_go = self._is_stale = False
        self.viewport().update()
        return True

    def _prepare(self) -> bool:
        """Lay out and draw axes; False where time is over before nothing is left to do."""
        latest = time.monotonic() + TURN_S
        while True:
            self._settle()  # an axis that has been drawn may have changed its size
            axes = self._undrawn_axes()
            if not axes:
                return True
            if not self._drew(axes, latest):
                return False

    def _drew(self, axes: list[pg.AxisItem], latest: float) -> bool:
        """Have axes drawn, one at least; whether there is time left."""
        unseen = QImage(1, 1, QImage.Format.Format_RGB32)
        painter = QPainter(unseen)
        is_early = True
        while axes and is_early:
            axes.pop().paint(painter, None, None)  # it keeps the picture for its next painting
            is_early = time.monotonic() < latest
        painter.end()
        return is_early

    def _settle(self) -> None:
        """Do what is left to the moment of painting, or to later.

        These are layouts within layouts, and the transforms of pyqtgraph's boxes: they would make
        the picture old at once.
        """
        scene = self.scene()
        for _ in range(NESTED):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        scene.prepareForPaint()
        for _ in range(2):
            QCoreApplication.sendPostedEvents(scene)

    def _undrawn_axes(self) -> list[pg.AxisItem]:
        plots = [item for item in self.ci.items if isinstance(item, pg.PlotItem)]
        axes = [entry["item"] for plot in plots for entry in plot.axes.values()]
        return [axis for axis in axes if axis.isVisible() and axis.picture is None]

    def paintEvent(self, ev: QPaintEvent) -> None:
        if self._is_held:
            QPainter(self.viewport()).fillRect(ev.rect(), self.backgroundBrush())
            return
        self.painted += 1
        self._is_stale = False
        super().paintEvent(ev)


class _Unhurried:
    """A layout that leaves the places of its items to be worked out later."""

    def __init__(self, layout: QGraphicsGridLayout) -> None:
        self._layout = layout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layout, name)

    def activate(self) -> None:
        """Later."""
