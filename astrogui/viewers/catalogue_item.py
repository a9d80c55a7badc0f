"""The sources of an analyst's catalogue over an image: a hundred thousand at the speed of a few.

Where few are in view each is a symbol; where many are, they are set as small crosses into one
picture of the view's size, so that a frame costs the same however many sources there are.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.over_image import OverImage

SYMBOLS = ("circle", "square", "diamond", "cross", "x")
MOST_SYMBOLS = 1500  # more than that in view are drawn as crosses of three pixels
RADIUS = 6.0  # screen pixels


class CatalogueItem(OverImage):
    """Sources at 0-based pixels (n, 2); NaN where one has no place on the image."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._x: NDArray[np.float64] = np.zeros(0)
        self._y: NDArray[np.float64] = np.zeros(0)
        self._coarse = np.zeros(0, np.float32), np.zeros(0, np.float32)  # for many at once
        self._colour, self._symbol = QColor("#ff5ad1"), "circle"
        self._chosen: NDArray[np.intp] = np.zeros(0, np.intp)

    def set_places(self, pixels: NDArray[np.float64]) -> None:
        self.prepareGeometryChange()
        self._x = np.ascontiguousarray(pixels[:, 0])
        self._y = np.ascontiguousarray(pixels[:, 1])
        known = np.isfinite(self._x)
        self._coarse = self._x[known].astype(np.float32), self._y[known].astype(np.float32)
        self._chosen = np.zeros(0, np.intp)
        self.update()

    def set_style(self, colour: str, symbol: str) -> None:
        self._colour, self._symbol = QColor(colour), symbol
        self.update()

    def choose(self, indices: NDArray[np.intp]) -> None:
        """Highlight some sources."""
        self._chosen = np.asarray(indices, np.intp)
        self.update()

    def in_view(self, margin: float = 0.0) -> NDArray[np.intp]:
        """The sources in the view, widened by ``margin`` pixels."""
        view = self.getViewBox()
        if view is None or not self._x.size:
            return np.zeros(0, np.intp)
        rect = view.image_rect().adjusted(-margin, -margin, margin, margin)
        inside = (self._x >= rect.left()) & (self._x <= rect.right())
        inside &= (self._y >= rect.top()) & (self._y <= rect.bottom())
        return np.flatnonzero(inside)

    def nearest(self, x: float, y: float, reach: float) -> int | None:
        """The source nearest to a pixel, within ``reach`` pixels."""
        near = np.flatnonzero((np.abs(self._x - x) <= reach) & (np.abs(self._y - y) <= reach))
        if not near.size:
            return None
        distance = np.hypot(self._x[near] - x, self._y[near] - y)
        best = int(np.argmin(distance))
        return int(near[best]) if distance[best] <= reach else None

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None or not self._x.size:
            return
        screen = view.pixels_per_screen_pixel()
        seen = self.in_view(RADIUS * screen)
        if seen.size > MOST_SYMBOLS:
            self._paint_many(painter, round(view.width()), round(view.height()))
        else:
            self._paint_few(painter, seen)
        for pen in (_pen(QColor(0, 0, 0), 4.5), _pen(QColor("#ffffff"), 2.2)):
            painter.setPen(pen)
            for i in self._chosen[:200].tolist():
                painter.drawEllipse(QPointF(self._x[i], self._y[i]), *(1.6 * RADIUS * screen,) * 2)

    def _paint_few(self, painter: QPainter, seen: NDArray[np.intp]) -> None:
        """A stamp of the symbol at each source."""
        to, ratio = self.sceneTransform(), painter.device().devicePixelRatioF()
        stamp = stamp_of(self._colour.name(), self._symbol, ratio)
        x, y, half = self._x[seen], self._y[seen], RADIUS + 3.0
        across = to.m11() * x + to.m21() * y + to.dx() - half
        down = to.m12() * x + to.m22() * y + to.dy() - half
        painter.save()
        painter.resetTransform()
        for left, top in zip(across.tolist(), down.tolist(), strict=True):
            painter.drawPixmap(QPointF(left, top), stamp)
        painter.restore()

    def _paint_many(self, painter: QPainter, width: int, height: int) -> None:
        """All in one picture of the screen, each a cross of three pixels."""
        to = self.sceneTransform()
        x, y = self._coarse
        across = np.float32(to.m11()) * x + np.float32(to.m21()) * y + np.float32(to.dx() + 0.5)
        down = np.float32(to.m12()) * x + np.float32(to.m22()) * y + np.float32(to.dy() + 0.5)
        inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
        place = down[inside].astype(np.int32) * np.int32(width) + across[inside].astype(np.int32)
        dots = np.zeros((height, width), dtype=bool)
        dots.reshape(-1)[place] = True
        crosses = dots.copy()
        crosses[1:] |= dots[:-1]
        crosses[:-1] |= dots[1:]
        crosses[:, 1:] |= dots[:, :-1]
        crosses[:, :-1] |= dots[:, 1:]
        cells = np.multiply(crosses, np.uint32(self._colour.rgba()), dtype=np.uint32)
        image = QImage(
            cells.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        )
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(0, 0), image)
        painter.restore()


@lru_cache(maxsize=64)
def stamp_of(colour: str, symbol: str, ratio: float) -> QPixmap:
    """A symbol with a dark rim, for a screen of so many device pixels a pixel."""
    half = RADIUS + 3.0
    stamp = QPixmap(round(2 * half * ratio), round(2 * half * ratio))
    stamp.setDevicePixelRatio(ratio)
    stamp.fill(Qt.GlobalColor.transparent)
    painter = QPainter(stamp)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(half, half)
    for pen in (QPen(QColor(0, 0, 0, 120), 3.0), QPen(QColor(colour), 1.4)):
        painter.setPen(pen)
        _draw_symbol(painter, symbol, RADIUS)
    painter.end()
    return stamp


def _draw_symbol(painter: QPainter, symbol: str, r: float) -> None:
    """About the origin."""
    if symbol == "circle":
        painter.drawEllipse(QPointF(0, 0), r, r)
    elif symbol == "square":
        painter.drawRect(QRectF(-r, -r, 2 * r, 2 * r))
    elif symbol == "diamond":
        painter.drawPolygon(
            QPolygonF([QPointF(*way) for way in ((r, 0), (0, r), (-r, 0), (0, -r))])
        )
    elif symbol == "cross":
        painter.drawLine(QLineF(-r, 0, r, 0))
        painter.drawLine(QLineF(0, -r, 0, r))
    else:
        painter.drawLine(QLineF(-r, -r, r, r))
        painter.drawLine(QLineF(-r, r, r, -r))


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    return pen
