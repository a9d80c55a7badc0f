"""What locks images to each other: the same place, the same orientation, a cross for the mouse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.science.sky_frames import turned
from astrogui.viewers.image_surface import ImageSurface
from astrogui.viewers.over_image import OverImage


class CrossItem(OverImage):
    """Where the mouse of another pane is."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.place: tuple[float, float] | None = None

    def put(self, place: tuple[float, float] | None) -> None:
        self.place = place
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if self.place is None or view is None:
            return
        (x, y), screen = self.place, view.pixels_per_screen_pixel()
        for colour, width in (("#000000", 3.0), ("#ffe04a", 1.2)):
            pen = QPen(QColor(colour), width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                near, far = 5 * screen, 16 * screen
                painter.drawLine(QLineF(x + dx * near, y + dy * near, x + dx * far, y + dy * far))


def carried_place(
    here: ImageSurface, there: ImageSurface, x: float, y: float
) -> tuple[float, float] | None:
    """The pixel of one image on the same place of the sky as a pixel of another."""
    first, second = here.sky, there.sky
    if first is None or second is None:
        # Without a sky, or before it is there, images of one size are taken to be aligned.
        return (x, y) if here.shape == there.shape else None
    if not (first.sky_frame and second.sky_frame):
        return None
    position = first.position(x, y)
    if position is None:
        return None
    place = second.pixels(*(np.atleast_1d(c) for c in turned(*position, first.sky_frame,
                                                             second.sky_frame)))[0]  # fmt: skip
    return (float(place[0]), float(place[1])) if np.isfinite(place).all() else None


def turned_like(leader: QTransform, step: Any) -> QTransform:
    """The orientation that shows a pane as the leader: its own, undoing the turn between them."""
    a = np.array([[leader.m11(), leader.m21()], [leader.m12(), leader.m22()]])
    made = a @ np.linalg.inv(step)
    made /= math.sqrt(abs(float(np.linalg.det(made))))
    return QTransform(made[0, 0], made[1, 0], made[0, 1], made[1, 1], 0.0, 0.0)
