"""What strain plots show beside curves: words in a corner, a cross-hair, a scale of colours."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.colours import LIGHT, Theme, rgb_of_map
from astrogui.viewers.plot import ViewItem
from astrogui.viewers.strain_maps import COLOUR_MAP
from astrogui.viewers.strain_quality import STRIP


class CornerText(pg.GraphicsObject):
    """Words in the upper left corner of a plot, on a ground that keeps them legible."""

    def __init__(self, view: pg.ViewBox) -> None:
        super().__init__()
        self.setParentItem(view)
        self.setZValue(90)
        self.theme: Theme = LIGHT
        self.words = ""
        self.colour = "text"
        self.spare = 22.0  # pixels of the plot's width that are left to others

    def set_words(self, words: str, colour: str = "text") -> None:
        if (words, colour) != (self.words, self.colour):
            self.words, self.colour = words, colour
            self.prepareGeometryChange()
            self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, 1200, 40)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        if not self.words:
            return
        metrics = QFontMetricsF(painter.font())
        room = self.parentItem().boundingRect().width() - self.spare
        words = metrics.elidedText(self.words, Qt.TextElideMode.ElideRight, room)
        box = QRectF(6, STRIP + 2, metrics.horizontalAdvance(words) + 8, metrics.height())
        ground = QColor(self.theme.ground)
        ground.setAlphaF(0.8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(self.theme.colour(self.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


class CrossItem(ViewItem):
    """A line through the cursor's time, and one through its height in the plot it is over."""

    def __init__(self, colour: str = "text") -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.x, self.y = math.nan, math.nan
        self._colour = colour
        self.setZValue(60)

    def set_place(self, x: float, y: float = math.nan) -> None:
        """NaN: no line."""
        if (x, y) != (self.x, self.y):
            self.x, self.y = x, y
            self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        rect = self.boundingRect()
        line = QPen(self.theme.colour(self._colour, 0.7), 1.0)
        line.setCosmetic(True)
        painter.setPen(line)
        if rect.left() <= self.x <= rect.right():
            painter.drawLine(QLineF(self.x, rect.top(), self.x, rect.bottom()))
        if rect.top() <= self.y <= rect.bottom():
            painter.drawLine(QLineF(rect.left(), self.y, rect.right(), self.y))


class ColourScale(pg.GraphicsObject):
    """The colours of a map with the values at both ends, along its right edge."""

    WIDTH = 8.0

    def __init__(self, view: pg.ViewBox) -> None:
        super().__init__()
        self._view = view
        self.setParentItem(view)
        self.setZValue(80)
        self.theme: Theme = LIGHT
        self.low_words, self.high_words = "", ""
        self._stops = rgb_of_map(COLOUR_MAP, 16)

    def set_ends(self, low: str, high: str) -> None:
        """Words at the dark and the bright end; empty for no scale."""
        self.low_words, self.high_words = low, high
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._view.boundingRect()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        if not self.high_words:
            return
        whole = self.boundingRect()
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        tall = metrics.height()
        bar = QRectF(whole.right() - self.WIDTH - 4, whole.top() + 5, self.WIDTH, 0.0)
        bar.setBottom(whole.bottom() - 5)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        for place, (red, green, blue) in zip(
            np.linspace(0, 1, len(self._stops)), self._stops.tolist(), strict=True
        ):
            gradient.setColorAt(float(place), QColor(red, green, blue))
        painter.setPen(QColor("#ffffff"))
        painter.setBrush(gradient)
        painter.drawRect(bar)
        for words, y in ((self.high_words, bar.top()), (self.low_words, bar.bottom() - tall)):
            wide = metrics.horizontalAdvance(words) + 6
            box = QRectF(bar.left() - wide - 2, y, wide, tall)
            ground = QColor("#000000")
            ground.setAlphaF(0.55)
            painter.fillRect(box, ground)
            painter.setPen(QColor("#ffffff"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
