"""The drawing area of an image view: what the mouse does there, told in image pixels.

Image coordinates are 0-based with y up: pixel i covers i - 0.5 to i + 0.5. Everything that moves
with the image hangs below ``ImageBox.frame``, which turns and flips it without touching a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QTransform
from PySide6.QtWidgets import QApplication, QWidget


@dataclass(slots=True, eq=False)
class PixelEvent:
    """What the mouse did, where; ``accept`` keeps it, and the drag it begins, from the view."""

    x: float  # 0-based pixel
    y: float
    button: Qt.MouseButton
    modifiers: Qt.KeyboardModifier
    screen: QPointF  # in the canvas, in screen pixels from its top left corner
    accepted: bool = False

    def accept(self) -> None:
        self.accepted = True


class ImageBox(pg.ViewBox):
    """Left button moves, wheel zooms, right button drags contrast (up and down) and bias."""

    contrast_dragged = Signal(float, float, bool)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, lockAspect=True)
        self.frame = pg.ItemGroup()
        self.addItem(self.frame, ignoreBounds=True)

    def turn(self, transform: QTransform) -> None:
        """Show the image turned or flipped by ``transform``; the place in the middle stays."""
        middle = self.image_rect().center()
        self.frame.setTransform(transform)
        self.centre_on(middle)

    def image_rect(self) -> QRectF:
        """The part of the image's plane in view: its bounds where the image is turned."""
        return self.frame.transform().inverted()[0].mapRect(self.viewRect())

    def pixels_per_screen_pixel(self) -> float:
        return float(self.viewRect().width() / max(self.width(), 1.0))

    def centre_on(self, place: QPointF) -> None:
        """Move an image place into the middle."""
        rect = self.viewRect()
        rect.moveCenter(self.frame.transform().map(place))
        self.setRange(rect, padding=0)

    def place_of(self, scene: QPointF) -> QPointF:
        """The image place of a scene position."""
        self.updateMatrix()  # else places would be those of the last paint, before a zoom
        return self.frame.mapFromScene(scene)

    def scene_of(self, place: QPointF) -> QPointF:
        """The scene position of an image place."""
        self.updateMatrix()
        return self.frame.mapToScene(place)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.button() != Qt.MouseButton.RightButton:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        moved = ev.pos() - ev.buttonDownPos()
        self.contrast_dragged.emit(
            moved.x() / max(self.width(), 1), moved.y() / max(self.height(), 1), ev.isStart()
        )


class ImageCanvas(pg.GraphicsView):
    """Shows an ``ImageBox`` and says what the mouse does on it.

    ``clicked_free`` follows ``clicked`` where nobody accepted the click.
    """

    pressed = Signal(object)  # PixelEvent, as below
    moved = Signal(object)
    released = Signal(object)
    clicked = Signal(object)
    clicked_free = Signal(object)
    double_clicked = Signal(object)
    left = Signal()

    def __init__(self, box: ImageBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Image")
        self.setAcceptDrops(False)
        self._box = box
        self.setCentralItem(box)
        self.claims_left_button = False  # whether a tool, not the view, gets the left button
        self._is_taken = False
        self._down: QPointF | None = None

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        event = self._event(ev, ev.button())
        self._down = event.screen
        self.pressed.emit(event)
        self._is_taken = event.accepted
        if not self._is_taken:
            super().mousePressEvent(ev)

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        event = self._event(ev, ev.button())
        self.double_clicked.emit(event)
        self._down, self._is_taken = None, event.accepted
        if not self._is_taken:
            super().mouseDoubleClickEvent(ev)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        held = [button for button in _BUTTONS if ev.buttons() & button]
        self.moved.emit(self._event(ev, held[0] if held else Qt.MouseButton.NoButton))
        if not (held and self._is_taken):
            super().mouseMoveEvent(ev)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        event = self._event(ev, ev.button())
        self.released.emit(event)
        down, self._down = self._down, None
        if not self._is_taken:
            super().mouseReleaseEvent(ev)
        self._is_taken = False
        if down is None:
            return
        way = event.screen - down
        if way.manhattanLength() < QApplication.startDragDistance():
            self.clicked.emit(event)
            if not event.accepted:
                self.clicked_free.emit(event)

    def leaveEvent(self, ev: QEvent) -> None:
        super().leaveEvent(ev)
        self.left.emit()

    def _event(self, ev: QMouseEvent, button: Qt.MouseButton) -> PixelEvent:
        screen = ev.position()
        place = self._box.place_of(self.viewportTransform().inverted()[0].map(screen))
        claimed = self.claims_left_button and button == Qt.MouseButton.LeftButton
        return PixelEvent(place.x(), place.y(), button, ev.modifiers(), screen, claimed)


_BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
