"""A view box in which a drag can enclose points, with a box or a lasso, or turn them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

Array = NDArray[np.float64]


class SelectBox(pg.ViewBox):
    """A view box whose drag selects where it is told so; ``drawn`` carries corners (m, 2)."""

    drawn = Signal(object, object)  # corners, keyboard modifiers
    clicked = Signal(object, object)  # a place, keyboard modifiers
    turned = Signal(float, float)  # by a drag: pixels of the screen to the right and down

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.tool = "pan"
        self._corners: list[tuple[float, float]] = []
        self._path = QGraphicsPathItem()
        self._path.setZValue(100)
        self.addItem(self._path, ignoreBounds=True)

    def set_pen(self, made: QPen) -> None:
        self._path.setPen(made)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        if self.tool == "pan" or event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        if self.tool == "turn":
            moved = event.pos() - event.lastPos()
            self.turned.emit(moved.x(), moved.y())
            return
        here = self.mapToView(event.pos())
        if event.isStart():
            start = self.mapToView(event.buttonDownPos())
            self._corners = [(start.x(), start.y())]
        self._corners.append((here.x(), here.y()))
        corners = self._shape()
        path = QPainterPath()
        if event.isFinish():
            self._corners = []
            self.drawn.emit(corners, event.modifiers())
        else:
            path.moveTo(*corners[0])
            for corner in corners[1:]:
                path.lineTo(*corner)
            path.closeSubpath()
        self._path.setPath(path)

    def mouseClickEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.clicked.emit(self.mapToView(event.pos()), event.modifiers())

    def _shape(self) -> Array:
        if self.tool == "lasso":
            return np.array(self._corners)
        (x1, y1), (x2, y2) = self._corners[0], self._corners[-1]
        return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])


def how_of(modifiers: Any) -> str:
    """Shift adds to what is selected, Ctrl takes away."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return "add"
    return "remove" if modifiers & Qt.KeyboardModifier.ControlModifier else "replace"
