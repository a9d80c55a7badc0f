"""What lies over an image without moving with it: compass, scale bar, legend of the marks."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.colours import LIGHT, Theme, mark_colour
from astrogui.viewers.sky import Directions, bar_length, round_length

_ARM = 32.0  # screen pixels from the compass's foot to its tips
_MARGIN = 10.0
_LONGEST_BAR = 140.0


class ImageOverlay(pg.GraphicsObject):
    """Painted in screen pixels over a view box."""

    plates_moved = Signal()  # something stands where it did not at the painting before

    def __init__(self, view: pg.ViewBox) -> None:
        super().__init__()
        self.setParentItem(view)
        self.setZValue(100)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.theme: Theme = LIGHT
        self.directions: Directions | None = None
        self.pixel_scale_arcsec: float | None = None  # where there is a scale but no WCS
        self.legend: tuple[str, ...] = ()
        self.shows_compass = True
        self.turn = QTransform()  # of the image on the screen
        self.plates: list[QRectF] = []  # where something stands, as painted last

    def boundingRect(self) -> QRectF:
        view = self.parentItem()
        return QRectF(0, 0, view.width(), view.height()) if view is not None else QRectF()

    def refresh(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.parentItem()
        if view is None or view.width() < 160 or view.height() < 120:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        before, self.plates = self.plates, []
        if self.directions is not None and self.shows_compass:
            self._compass(painter, self.directions)
        if self.shows_compass:
            self._scale_bar(painter, view.viewRect().width() / view.width())
        if self.legend:
            self._legend(painter)
        if self.plates != before:
            self.plates_moved.emit()

    def _plate(self, painter: QPainter, rect: QRectF) -> None:
        """A half-transparent ground that keeps text legible on pixels of any brightness."""
        self.plates.append(rect)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(self.theme.ground)
        ground.setAlphaF(0.78)
        painter.setBrush(ground)
        painter.drawRoundedRect(rect, 5, 5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self.theme.text), 1.6))

    def _compass(self, painter: QPainter, directions: Directions) -> None:
        arms = {"N": directions.north, "E": directions.east}
        turned = {name: self.turn.map(QPointF(*arm)) for name, arm in arms.items()}
        # Screen y runs down, pixel y up.
        tips = {name: QPointF(arm.x() * _ARM, -arm.y() * _ARM) for name, arm in turned.items()}
        reach = QRectF(-9, -9, 18, 18)
        for tip in tips.values():
            reach = reach.united(QRectF(tip.x() * 1.3 - 11, tip.y() * 1.3 - 11, 22, 22))
        corner = QPointF(self.boundingRect().width() - reach.width() - _MARGIN, _MARGIN)
        plate = QRectF(corner, reach.size())
        self._plate(painter, plate)
        foot = corner - reach.topLeft()
        for name, tip in tips.items():
            end = foot + tip
            painter.drawLine(QLineF(foot, end))
            self._arrow_head(painter, foot, end)
            place = foot + tip * 1.28
            painter.drawText(
                QRectF(place.x() - 9, place.y() - 9, 18, 18), Qt.AlignmentFlag.AlignCenter, name
            )

    def _arrow_head(self, painter: QPainter, start: QPointF, end: QPointF) -> None:
        line = QLineF(end, start)
        line.setLength(8)
        for turn in (-25, 25):
            side = QLineF(line)
            side.setAngle(line.angle() + turn)
            painter.drawLine(side)

    def _scale_bar(self, painter: QPainter, pixels_per_screen: float) -> None:
        scale = self.directions.scale_arcsec if self.directions else self.pixel_scale_arcsec
        if scale:
            arcsec, text = bar_length(scale * pixels_per_screen, _LONGEST_BAR)
            length = arcsec / (scale * pixels_per_screen)
        else:
            pixels = round_length(_LONGEST_BAR * pixels_per_screen)
            length, text = pixels / pixels_per_screen, f"{pixels:g} px"
        if length > 4 * _LONGEST_BAR:
            return
        metrics = QFontMetricsF(painter.font())
        width = max(length, metrics.horizontalAdvance(text)) + 20
        height = metrics.height() + 18
        plate = QRectF(_MARGIN, self.boundingRect().height() - height - _MARGIN, width, height)
        self._plate(painter, plate)
        painter.drawText(
            plate.adjusted(0, 4, 0, 0),
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop,
            text,
        )
        y = plate.bottom() - 8
        left = plate.center().x() - length / 2
        painter.drawLine(QLineF(left, y, left + length, y))
        for x in (left, left + length):
            painter.drawLine(QLineF(x, y - 4, x, y + 4))

    def _legend(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(painter.font())
        line = metrics.height() + 3
        width = max(metrics.horizontalAdvance(name) for name in self.legend) + 36
        plate = QRectF(_MARGIN, _MARGIN, width, line * len(self.legend) + 10)
        self._plate(painter, plate)
        for i, name in enumerate(self.legend):
            y = plate.top() + 5 + line * (i + 0.5)
            centre = QPointF(plate.left() + 15, y)
            painter.setPen(QPen(QColor(0, 0, 0, 140), 3.0))
            painter.drawEllipse(centre, 6, 5)
            painter.setPen(QPen(mark_colour(name), 1.8))
            painter.drawEllipse(centre, 6, 5)
            painter.setPen(QColor(self.theme.text))
            painter.drawText(QPointF(plate.left() + 28, y + metrics.ascent() / 2 - 1), name)
