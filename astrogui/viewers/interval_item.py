"""A probability density with its intervals shaded beneath, and the value that is quoted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.plot import pen

Array = NDArray[np.floating]


class IntervalItem(pg.GraphicsObject):
    """The curve y(x); ``intervals`` maps a level such as 0.68 to its two ends."""

    def __init__(self) -> None:
        super().__init__()
        self.curve_x: Array = np.zeros(0)
        self.curve_y: Array = np.zeros(0)
        self.intervals: dict[float, tuple[float, float]] = {}
        self.value = float("nan")
        self.theme: Theme = LIGHT
        self.colour = "accent"

    def set_curve(
        self,
        x: Array,
        y: Array,
        intervals: Mapping[float, tuple[float, float]],
        value: float,
        colour: str = "accent",
    ) -> None:
        """Show a density; the intervals are shaded, the narrower the darker."""
        self.prepareGeometryChange()
        self.curve_x, self.curve_y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        self.intervals = dict(intervals)
        self.value, self.colour = value, colour
        self.informViewBoundsChanged()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        if not self.curve_x.size:
            return QRectF()
        top = float(np.max(self.curve_y)) or 1.0
        return QRectF(float(self.curve_x[0]), 0.0, float(self.curve_x[-1] - self.curve_x[0]), top)

    def dataBounds(
        self, axis: int, frac: float = 1.0, orthoRange: object = None
    ) -> tuple[float, float] | None:
        del frac, orthoRange
        if not self.curve_x.size:
            return None
        rect = self.boundingRect()
        return (rect.left(), rect.right()) if axis == 0 else (0.0, rect.bottom() * 1.05)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        if self.curve_x.size < 2:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line: QColor = self.theme.colour(self.colour)
        painter.setPen(Qt.PenStyle.NoPen)
        for level in sorted(self.intervals, reverse=True):
            shade = QColor(line)
            shade.setAlphaF(0.22)  # shades add up: the narrower interval lies within the wider
            painter.setBrush(shade)
            x, y = self.shaded(level)
            painter.drawPolygon(
                pg.functions.arrayToQPolygonF(
                    np.concatenate([[x[0]], x, [x[-1]]]), np.concatenate([[0.0], y, [0.0]])
                )
            )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen(line, 1.6))
        painter.drawPolyline(pg.functions.arrayToQPolygonF(self.curve_x, self.curve_y))
        if np.isfinite(self.value):
            painter.setPen(pen(self.theme.colour("text"), 1.2, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(self.value, 0.0, self.value, self.boundingRect().bottom()))

    def shaded(self, level: float) -> tuple[Array, Array]:
        """The part of the curve above an interval, its ends included."""
        low, high = self.intervals[level]
        inside = (self.curve_x > low) & (self.curve_x < high)
        x = np.concatenate([[low], self.curve_x[inside], [high]])
        return x, np.interp(x, self.curve_x, self.curve_y, left=0.0, right=0.0)
