"""What other parts of the window attach to on an image: its mouse, its items, its record.

``ImageView.overlay`` is one of these. Coordinates are 0-based pixels, y up, pixel i from i - 0.5 to
i + 0.5, whichever way the image is turned on the screen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtWidgets import QGraphicsItem

from astrogui.records.image import Field, Image
from astrogui.viewers.courier import courier
from astrogui.viewers.image_canvas import ImageBox, ImageCanvas, PixelEvent
from astrogui.viewers.sky import Sky
from astrogui.viewers.viewer import Compute

if TYPE_CHECKING:
    from astrogui.viewers.tiled_view import TiledView

POINTER = "pointer"
Section = tuple[int, int, int, int]  # y0, y1, x0, x1
_log = logging.getLogger(__name__)


class ImageSurface(QObject):
    """Mouse, items, record and sky of the image on screen.

    In the mode ``POINTER`` the view uses what nobody accepts: the left button moves the image and
    clicks marks. In any other mode the left button belongs to the tool of that mode, which listens
    to the signals; wheel, middle and right button stay with the view.
    """

    pressed = Signal(object)  # PixelEvent, as the four below
    moved = Signal(object)  # also without a button
    released = Signal(object)
    clicked = Signal(object)  # pressed and released at one place
    double_clicked = Signal(object)
    cursor_moved = Signal(float, float)  # pixel under the mouse
    cursor_left = Signal()
    mode_changed = Signal(str)
    record_shown = Signal(object)  # the Image now on the screen; None when cleared
    sky_ready = Signal(object)  # its Sky, or None; some time after ``record_shown``
    range_changed = Signal()  # moved, zoomed, turned or resized
    theme_changed = Signal(object)
    look_changed = Signal()  # other cuts or another stretch
    colours_changed = Signal()  # another colour map, contrast or bias

    def __init__(self, view: TiledView, canvas: ImageCanvas, box: ImageBox, compute: Compute):
        super().__init__(view)
        self.canvas = canvas  # the widget; QTest sends mouse events to ``canvas.viewport()``
        self.box = box
        self.compute = compute  # compute(function, *args) -> Future, in the pool
        self.field: Field | None = None
        self.image: Image | None = None
        self.sky: Sky | None = None
        self.mode = POINTER
        self._cursors: dict[str, Qt.CursorShape] = {POINTER: Qt.CursorShape.ArrowCursor}
        self._awaited: dict[int, tuple[Callable[[Any], None], Callable[[Any], None] | None]] = {}
        self._number = 0
        self._courier = courier()
        canvas.pressed.connect(self.pressed)
        canvas.moved.connect(self._on_moved)
        canvas.released.connect(self.released)
        canvas.clicked.connect(self.clicked)
        canvas.double_clicked.connect(self.double_clicked)
        canvas.left.connect(self.cursor_left)

    # Modes ------------------------------------------------------------------------------------

    def add_mode(self, name: str, cursor: Qt.CursorShape = Qt.CursorShape.CrossCursor) -> None:
        """A further mouse mode; raises ``ValueError`` for a name that is taken."""
        if name in self._cursors:
            raise ValueError(f"the image has a mouse mode {name!r} already")
        self._cursors[name] = cursor

    def set_mode(self, name: str) -> None:
        """What the left button is for; raises ``KeyError`` for a mode nobody added."""
        cursor = self._cursors[name]
        if name == self.mode:
            return
        self.mode = name
        self.canvas.claims_left_button = name != POINTER
        self.canvas.viewport().setCursor(cursor)
        self.mode_changed.emit(name)

    # Items ------------------------------------------------------------------------------------

    def add(self, item: QGraphicsItem, z: float = 20.0) -> None:
        """Draw an item in image coordinates, over the pixels (0) and the marks (10)."""
        item.setParentItem(self.box.frame)
        item.setZValue(z)

    def remove(self, item: QGraphicsItem) -> None:
        if item.scene() is not None:
            item.scene().removeItem(item)

    # Places -----------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int] | None:
        """(ny, nx) of the image on the screen."""
        return self.image.shape if self.image is not None else None

    def view_rect(self) -> QRectF:
        """The part of the image in view, in pixels; its bounds where the image is turned."""
        return self.box.image_rect()

    def pixels_per_screen_pixel(self) -> float:
        return self.box.pixels_per_screen_pixel()

    def screen_of(self, x: float, y: float) -> QPointF:
        """Where a pixel lies in the canvas, in screen pixels."""
        return self.canvas.viewportTransform().map(self.box.scene_of(QPointF(x, y)))

    def place_of(self, screen: QPointF) -> tuple[float, float]:
        """The pixel at a place of the canvas."""
        place = self.box.place_of(self.canvas.viewportTransform().inverted()[0].map(screen))
        return place.x(), place.y()

    # Pixels and other work ----------------------------------------------------------------------

    def pixels(self, section: Section) -> Future[NDArray[np.float32]]:
        """The pixels (y0, y1, x0, x1), clipped to the image, read in the pool.

        Native float32 in the image's unit, NaN without data; (ny, nx, 3) of a colour picture. The
        future raises ``FileProblem`` when the file was cut; ``ValueError`` at once without image.
        """
        if self.image is None:
            raise ValueError("no image is shown")
        return self.compute(self.image.section, *section)

    def after(
        self,
        future: Future[Any],
        then: Callable[[Any], None],
        failed: Callable[[Any], None] | None = None,
    ) -> None:
        """Call ``then(result)`` in the GUI thread; ``failed(error)`` when it raised.

        Nobody is called once the view is gone, nor for a cancelled future.
        """
        self._number += 1
        number = self._number
        self._awaited[number] = (then, failed)
        self._courier.bring(future, self._on_arrived, number)

    def _on_arrived(self, number: int, future: Future[Any]) -> None:
        then, failed = self._awaited.pop(number)
        try:
            result = future.result(timeout=0)
        except CancelledError:
            return
        except Exception as error:  # the edge of a slot: whoever asked is told
            if failed is None:
                _log.exception("work for an image failed")
            else:
                failed(error)
        else:
            then(result)

    def _on_moved(self, event: PixelEvent) -> None:
        self.moved.emit(event)
        self.cursor_moved.emit(event.x, event.y)
