"""Two insets over an image: the whole of it with the part in view, and the pixels at the mouse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.records.image import Image
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.image_canvas import ImageBox, PixelEvent
from astrogui.viewers.image_item import TiledImageItem
from astrogui.viewers.image_surface import ImageSurface
from astrogui.viewers.image_tiles import Look, complete_look, rendered

_MARGIN = 10.0
PANNER_SIDE = 132.0  # screen pixels
REACH = 7  # pixels on each side of the one under the mouse
PIXEL_SIDE = 9.0  # screen pixels of a magnified pixel


class _Inset(pg.GraphicsObject):
    """A framed picture in a corner of the view."""

    def __init__(self, box: ImageBox, z: float) -> None:
        super().__init__()
        self.setParentItem(box)
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.theme: Theme = LIGHT

    def place(self) -> QRectF:
        raise NotImplementedError

    @property
    def is_seen(self) -> bool:
        return self.isVisible()

    def boundingRect(self) -> QRectF:
        return self.place().adjusted(-3, -3, 3, 3)

    def refresh(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def _frame(self, painter: QPainter, rect: QRectF) -> None:
        painter.setBrush(QColor(self.theme.panel))
        painter.setPen(QPen(QColor(self.theme.text), 1.2))
        painter.drawRect(rect)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class Panner(_Inset):
    """The whole image, small, with the part in view; a press or drag in it moves the view."""

    def __init__(self, surface: ImageSurface, item: TiledImageItem) -> None:
        super().__init__(surface.box, 90)
        self._surface, self._item = surface, item
        self._drags = False
        surface.pressed.connect(self._on_pressed)
        surface.moved.connect(self._on_moved)
        surface.released.connect(self._on_released)

    @property
    def is_seen(self) -> bool:
        """Shown, and there is a part of the image that the view does not show."""
        return self.isVisible() and not self._surface.box.viewRect().contains(self._whole())

    def place(self) -> QRectF:
        """In the lower right corner, as wide and high as the turned image is."""
        box = self._surface.box
        whole = self._whole()
        scale = PANNER_SIDE / max(whole.width(), whole.height(), 1e-9)
        width, height = max(whole.width() * scale, 8.0), max(whole.height() * scale, 8.0)
        return QRectF(box.width() - width - _MARGIN, box.height() - height - _MARGIN, width, height)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        thumbnail = self._item.thumbnail()
        if thumbnail is None or not self.is_seen:
            return
        place = self.place()
        self._frame(painter, place)
        to_inset = self._to_inset()
        painter.setClipRect(place)
        painter.save()
        painter.setTransform(to_inset, True)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._item.boundingRect(), thumbnail)
        painter.restore()
        seen = QPolygonF([to_inset.map(corner) for corner in self._seen()])
        for width, colour in ((3.0, QColor(0, 0, 0, 150)), (1.4, QColor("#ffd23f"))):
            painter.setPen(QPen(colour, width))
            painter.drawPolygon(seen)

    def _whole(self) -> QRectF:
        return self._surface.box.frame.transform().mapRect(self._item.boundingRect())

    def _to_inset(self) -> QTransform:
        """From pixels to the screen pixels of the inset; y runs down there."""
        place, whole = self.place(), self._whole()
        scale = place.width() / max(whole.width(), 1e-9)
        turn = QTransform()
        turn.translate(place.left(), place.bottom())
        turn.scale(scale, -scale)
        turn.translate(-whole.left(), -whole.top())
        return self._surface.box.frame.transform() * turn

    def _seen(self) -> list[QPointF]:
        """The corners of the view, in pixels."""
        box = self._surface.box
        rect, back = box.viewRect(), box.frame.transform().inverted()[0]
        corners = (rect.topLeft(), rect.topRight(), rect.bottomRight(), rect.bottomLeft())
        return [back.map(corner) for corner in corners]

    def _go_to(self, event: PixelEvent) -> None:
        self._surface.box.centre_on(self._to_inset().inverted()[0].map(event.screen))

    def _on_pressed(self, event: PixelEvent) -> None:
        if self.is_seen and event.button == Qt.MouseButton.LeftButton:
            self._drags = self.place().contains(event.screen)
            if self._drags:
                event.accept()
                self._go_to(event)

    def _on_moved(self, event: PixelEvent) -> None:
        if self._drags:
            self._go_to(event)

    def _on_released(self, _: PixelEvent) -> None:
        self._drags = False


class Magnifier(_Inset):
    """The pixels round the mouse, each a square, the one under the mouse framed."""

    def __init__(self, surface: ImageSurface, item: TiledImageItem) -> None:
        super().__init__(surface.box, 95)
        self._surface, self._item = surface, item
        self.setVisible(False)
        self._at: tuple[int, int] | None = None
        self._block: tuple[tuple[int, int], NDArray[np.uint8]] | None = None
        self._is_waiting = False
        self._mouse = QPointF()
        surface.moved.connect(self._on_moved)
        surface.cursor_left.connect(self._on_left)
        surface.record_shown.connect(self._on_record)
        surface.look_changed.connect(self._want)

    @property
    def centre(self) -> tuple[int, int] | None:
        """Column and row of the pixel in the middle."""
        return self._block[0] if self._block else None

    def place(self) -> QRectF:
        """In the upper left corner, or the upper right while the mouse is there."""
        side = (2 * REACH + 1) * PIXEL_SIDE
        left = QRectF(_MARGIN, _MARGIN, side, side)
        if not left.adjusted(-20, -20, 20, 20).contains(self._mouse):
            return left
        return QRectF(self._surface.box.width() - side - _MARGIN, _MARGIN, side, side)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        place = self.place()
        self._frame(painter, place)
        if self._block is None:
            return
        painter.setClipRect(place)
        painter.save()
        painter.translate(place.center())
        painter.scale(PIXEL_SIDE, -PIXEL_SIDE)
        painter.setTransform(self._surface.box.frame.transform(), True)
        reach = REACH + 0.5
        index = self._block[1]
        painter.drawImage(QRectF(-reach, -reach, 2 * reach, 2 * reach), self._item.as_image(index))
        for width, colour in ((0.3, QColor(0, 0, 0, 160)), (0.14, QColor("#ffd23f"))):
            painter.setPen(QPen(colour, width))
            painter.drawRect(QRectF(-0.5, -0.5, 1.0, 1.0))
        painter.restore()

    def _on_moved(self, event: PixelEvent) -> None:
        self._mouse = event.screen
        at = (int(np.floor(event.x + 0.5)), int(np.floor(event.y + 0.5)))
        if self.isVisible() and at != self._at:
            self._at = at
            self._want()

    def _on_left(self) -> None:
        self._at = self._block = None
        self.refresh()

    def _on_record(self, image: Image | None) -> None:
        del image
        self._at = self._block = None
        self.refresh()

    def _want(self) -> None:
        """Ask for the block at the mouse; while one is on its way, the next waits for it."""
        surface = self._surface
        if self._is_waiting or not self.isVisible() or surface.image is None or self._at is None:
            return
        self._is_waiting = True
        look, sample = self._item.look, self._item.sample
        block = surface.compute(_block, surface.image, self._at, look, sample)
        surface.after(block, self._on_block, self._on_failed)

    def _on_block(self, block: tuple[tuple[int, int], NDArray[np.uint8]]) -> None:
        self._is_waiting = False
        if self._at is None:
            return
        self._block = block
        self.refresh()
        if block[0] != self._at:
            self._want()

    def _on_failed(self, error: Any) -> None:
        del error  # the read-out says what is wrong with the file
        self._is_waiting = False


def _block(
    image: Image, at: tuple[int, int], look: Look, sample: NDArray[np.float32]
) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """The pixels about a place, rendered; those outside the image have no data."""
    column, row = at
    ny, nx = image.shape
    side = 2 * REACH + 1
    y0, x0 = row - REACH, column - REACH
    tail = (3,) if image.is_colour else ()
    values = np.full((side, side, *tail), np.nan, np.float32)
    top, left = max(y0, 0), max(x0, 0)
    bottom, right = min(y0 + side, ny), min(x0 + side, nx)
    if bottom > top and right > left:
        values[top - y0 : bottom - y0, left - x0 : right - x0] = image.section(
            top, bottom, left, right
        )
    return at, rendered(values, complete_look(sample, look))


class Insets(QObject):
    """Both insets of a view, shown and hidden together with their tools."""

    def __init__(self, surface: ImageSurface, item: TiledImageItem) -> None:
        super().__init__(surface)
        self.panner = Panner(surface, item)
        self.magnifier = Magnifier(surface, item)
        surface.range_changed.connect(self.refresh)
        surface.record_shown.connect(self.refresh)
        surface.colours_changed.connect(self.refresh)
        surface.theme_changed.connect(self._on_theme)

    def refresh(self) -> None:
        self.panner.refresh()
        self.magnifier.refresh()

    def _on_theme(self, theme: Theme) -> None:
        self.panner.theme = self.magnifier.theme = theme
        self.refresh()
