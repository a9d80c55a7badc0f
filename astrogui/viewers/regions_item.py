"""Regions painted over an image: outlines in their colours, labels, handles of the selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.science.regions import PixelShape, Region
from astrogui.viewers.over_image import OverImage
from astrogui.viewers.region_handles import handles_of

HANDLE = 4.0  # half the side of a handle, screen pixels
POINT = 7.0  # half the size of a point's symbol
_DS9_COLOURS = {"green": "#00ff00"}  # by its X11 name it is darker elsewhere


def colour_of(region: Region) -> QColor:
    """DS9's colour names, those of X11, or "#rrggbb"; green for a name nobody knows."""
    name = region.colour.lower()
    colour = QColor.fromString(_DS9_COLOURS.get(name, name))
    return colour if colour.isValid() else QColor(_DS9_COLOURS["green"])


class RegionsItem(OverImage):
    """Paints shapes in image pixels; only what is in view is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._drawn: list[tuple[Region, PixelShape]] = []
        self._selected: frozenset[int] = frozenset()
        self._draft: PixelShape | None = None
        self._draft_colour = QColor(_DS9_COLOURS["green"])
        self._open_ends: list[tuple[float, float]] = []

    def show_regions(
        self, drawn: Sequence[tuple[Region, PixelShape]], selected: Sequence[int]
    ) -> None:
        """Regions with their shapes; ``selected`` counts in this list."""
        self.prepareGeometryChange()
        self._drawn, self._selected = list(drawn), frozenset(selected)
        self.update()

    def show_draft(
        self, shape: PixelShape | None, corners: Sequence[tuple[float, float]], colour: QColor
    ) -> None:
        """What is being drawn: a shape, or the corners of a polygon so far."""
        self.prepareGeometryChange()
        self._draft, self._open_ends, self._draft_colour = shape, list(corners), colour
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None:
            return
        rect, screen = view.image_rect(), view.pixels_per_screen_pixel()
        margin = 30.0 * screen
        wide = rect.adjusted(-margin, -margin, margin, margin)
        seen = [
            index for index, (_, shape) in enumerate(self._drawn) if _touches(shape.bounds(), wide)
        ]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(seen) < 2000)
        for index in seen:
            region, shape = self._drawn[index]
            self._outline(painter, region, shape, index in self._selected, screen)
        self._paint_draft(painter, screen)
        for index in seen:
            if index in self._selected:
                self._handles(painter, self._drawn[index][1], screen)
        if len(seen) < 400:
            self._labels(painter, seen, screen)

    def _outline(
        self, painter: QPainter, region: Region, shape: PixelShape, chosen: bool, screen: float
    ) -> None:
        width = _width(region) + (0.8 if chosen else 0.0)
        dashed = region.says("dash") == "1" or not region.include
        for pen in (_halo(width), _pen(colour_of(region), width, dashed)):
            painter.setPen(pen)
            draw(painter, shape, screen)
            if not region.include:
                x0, y0, x1, y1 = shape.bounds()
                painter.drawLine(QLineF(x0, y0, x1, y1))

    def _paint_draft(self, painter: QPainter, screen: float) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (_halo(1.5), _pen(self._draft_colour, 1.5, dashed=True)):
            painter.setPen(pen)
            if self._draft is not None:
                draw(painter, self._draft, screen)
            if self._open_ends:
                painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in self._open_ends]))

    def _handles(self, painter: QPainter, shape: PixelShape, screen: float) -> None:
        half = HANDLE * screen
        outer, inner = QPen(QColor(0, 0, 0), 1.0), QColor(255, 255, 255)
        outer.setCosmetic(True)
        painter.setPen(outer)
        for handle in handles_of(shape, screen):
            size = half * (0.7 if handle.kind == "edge" else 1.0)
            box = QRectF(handle.x - size, handle.y - size, 2 * size, 2 * size)
            painter.setBrush(QColor(200, 200, 200, 170) if handle.kind == "edge" else inner)
            if handle.kind == "turn":
                middle = QPointF(*shape.points[0])
                painter.drawLine(QLineF(middle, box.center()))
                painter.setBrush(inner)
                painter.drawEllipse(box)
            else:
                painter.drawRect(box)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _labels(self, painter: QPainter, seen: list[int], screen: float) -> None:
        """Above each region, upright whichever way the image is turned."""
        painter.save()
        painter.resetTransform()
        metrics = QFontMetricsF(painter.font())
        to_screen = self.sceneTransform()
        for index in seen:
            region, shape = self._drawn[index]
            if not region.label:
                continue
            x0, y0, x1, y1 = shape.bounds()
            box = to_screen.mapRect(QRectF(x0, y0, x1 - x0, y1 - y0))
            words = metrics.elidedText(region.label, Qt.TextElideMode.ElideRight, 260)
            gap = (POINT if shape.shape == "point" else 0.0) + 4.0
            left = box.center().x() - metrics.horizontalAdvance(words) / 2
            at = QPointF(left, box.top() - gap)
            painter.setPen(QColor(0, 0, 0, 200))
            for dx, dy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
                painter.drawText(at + QPointF(dx, dy), words)
            painter.setPen(colour_of(region))
            painter.drawText(at, words)
        painter.restore()


def draw(painter: QPainter, shape: PixelShape, screen: float) -> None:
    """Draw an outline with the painter's pen, in image pixels."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = QPointF(*shape.points[0])
    if shape.shape == "polygon":
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in shape.points]))
    elif shape.shape == "line":
        painter.drawLine(QLineF(middle, QPointF(*shape.points[1])))
    elif shape.shape == "point":
        reach = POINT * screen
        for dx, dy in ((reach, 0.0), (0.0, reach)):
            painter.drawLine(QLineF(middle - QPointF(dx, dy), middle + QPointF(dx, dy)))
        painter.drawEllipse(middle, reach * 0.6, reach * 0.6)
    elif shape.shape == "box":
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in shape.corners()]))
    elif shape.shape == "ellipse":
        painter.save()
        painter.translate(middle)
        painter.rotate(float(shape.angle_rad) * 57.29577951308232)
        painter.drawEllipse(QPointF(0, 0), *shape.sizes)
        painter.restore()
    else:
        for radius in shape.sizes:
            painter.drawEllipse(middle, radius, radius)


def _touches(bounds: tuple[float, float, float, float], rect: QRectF) -> bool:
    x0, y0, x1, y1 = bounds
    return x1 >= rect.left() and x0 <= rect.right() and y1 >= rect.top() and y0 <= rect.bottom()


def _width(region: Region) -> float:
    try:
        width = float(region.says("width", "1"))
    except ValueError:
        width = 1.0
    return min(max(width, 1.0), 10.0) + 0.5  # a hair line is lost on a bright sky


def _pen(colour: QColor, width: float, dashed: bool = False) -> QPen:
    pen = QPen(colour, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    pen.setCosmetic(True)
    return pen


def _halo(width: float) -> QPen:
    return _pen(QColor(0, 0, 0, 115), width + 1.6)
