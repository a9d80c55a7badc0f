"""The area between two curves over x: an error band, drawn column by column of the screen."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.plot import runs

Array = NDArray[np.floating]
FEW_SAMPLES = 60  # are drawn as one polygon


class ErrorBandItem(pg.GraphicsObject):
    """The area between two curves over x, broken where either is not finite.

    A noisy band as one polygon takes Qt a fifth of a second to fill, and as a rectangle for each
    column of the screen ten milliseconds. So on the screen it is a picture, in which each column
    reaches from the lowest to the highest sample in it; a figure of lines (PDF, SVG) gets the
    rectangles.
    """

    def __init__(self, colour: QColor) -> None:
        super().__init__()
        self._colour = colour
        self.band: tuple[Array, Array, Array] = (np.zeros(0), np.zeros(0), np.zeros(0))
        self._rect = QRectF()
        self.setZValue(-20)

    def set_colour(self, colour: QColor) -> None:
        self._colour = colour
        self.update()

    def set_band(self, x: Array, low: Array, high: Array) -> None:
        """x rising; NaN where there is no band."""
        self.prepareGeometryChange()
        self.band = (x, low, high)
        self._rect = QRectF()
        finite = np.isfinite(low) & np.isfinite(high)
        if finite.any():
            left, right = float(x[0]), float(x[-1])
            bottom, top = float(low[finite].min()), float(high[finite].max())
            self._rect = QRectF(left, bottom, right - left, top - bottom)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: object = None) -> None:
        """Never part of the automatic range."""

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None or not self.band[0].size:
            return
        rect = view.viewRect()
        x, low, high = self.band
        first = max(int(np.searchsorted(x, rect.left())) - 1, 0)
        end = min(int(np.searchsorted(x, rect.right())) + 1, x.size)
        seen = slice(first, end)
        if end - first <= FEW_SAMPLES:
            self._paint_polygons(painter, x[seen], low[seen], high[seen])
        elif painter.paintEngine().type() == QPaintEngine.Type.Raster:
            self._paint_picture(painter, x[seen], low[seen], high[seen], rect)
        else:
            columns = max(int(view.width()), 1)
            wide = rect.width() / columns
            left, bottom, top = columns_of(
                x[seen], low[seen], high[seen], rect.left(), wide, columns
            )
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour)
            painter.drawRects(_rects(left, wide, bottom, top))

    def _paint_polygons(self, painter: QPainter, x: Array, low: Array, high: Array) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour)
        for a, b in runs(np.isfinite(low) & np.isfinite(high)):
            there = np.concatenate([x[a:b], x[a:b][::-1]])
            around = np.concatenate([high[a:b], low[a:b][::-1]])
            painter.drawPolygon(pg.functions.arrayToQPolygonF(there, around))

    def _paint_picture(
        self, painter: QPainter, x: Array, low: Array, high: Array, rect: QRectF
    ) -> None:
        """One picture as large as the plot, in pixels of the screen."""
        fineness = painter.device().devicePixelRatioF()
        # Without the ratio, which Qt counts in, and which outlives ``resetTransform``.
        transform = painter.combinedTransform() * QTransform.fromScale(1 / fineness, 1 / fineness)
        there = QRectF(transform.mapRect(rect).toAlignedRect())
        columns = math.ceil(there.width() * fineness)
        rows = math.ceil(there.height() * fineness)
        if columns < 1 or rows < 1:
            return
        origin = transform.inverted()[0].map(QPointF(there.topLeft()))
        wide = 1.0 / (transform.m11() * fineness)
        left, bottom, top = columns_of(x, low, high, origin.x(), wide, columns)
        known = np.isfinite(bottom) & np.isfinite(top)
        column = np.rint((left[known] - origin.x()) / wide).astype(np.int64)
        per_row = transform.m22() * fineness
        ends = (np.stack([bottom[known], top[known]]) - origin.y()) * per_row
        picture = _picture(column, ends, rows, columns, self._colour)
        painter.save()
        painter.resetTransform()
        painter.drawImage(there, picture)
        painter.restore()


def columns_of(
    x: Array, low: Array, high: Array, start: float, wide: float, columns: int
) -> tuple[Array, Array, Array]:
    """Where columns of a width begin, the first at ``start``, and what each is filled between.

    A column with samples reaches from the lowest to the highest, NaN where none is finite; one
    without lies between the lines through its neighbours.
    """
    left = start + wide * np.arange(columns)
    middle = left + 0.5 * wide
    bottom, top = np.interp(middle, x, low), np.interp(middle, x, high)
    column = np.floor((x - start) / wide).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    there = (column[starts] >= 0) & (column[starts] < columns)
    bottom[column[starts][there]] = np.fmin.reduceat(low, starts)[there]
    top[column[starts][there]] = np.fmax.reduceat(high, starts)[there]
    seen = (left + wide > x[0]) & (left <= x[-1])
    return left[seen], bottom[seen], top[seen]


def _picture(
    column: NDArray[np.int64], ends: Array, rows: int, columns: int, colour: QColor
) -> QImage:
    """(rows, columns) pixels, each column in a colour between two ``ends`` (2, n) in rows."""
    inside = (column >= 0) & (column < columns)
    column, ends = column[inside], ends[:, inside]
    first, last = np.full(columns, rows), np.zeros(columns, np.int64)
    first[column] = np.floor(np.clip(ends.min(axis=0), 0, rows))
    last[column] = np.ceil(np.clip(ends.max(axis=0), 0, rows))
    row = np.arange(rows)[:, None]
    filled = (row >= first) & (row < last)
    pixels = filled.view(np.uint8)
    image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Indexed8)
    image.setColorTable([0, colour.rgba()])
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _rects(left: Array, wide: float, bottom: Array, top: Array) -> list[QRectF]:
    """Rectangles of one width; none where an end is not finite."""
    known = np.isfinite(bottom) & np.isfinite(top)
    return [
        QRectF(a, b, wide, c - b)
        for a, b, c in zip(
            left[known].tolist(), bottom[known].tolist(), top[known].tolist(), strict=True
        )
    ]
