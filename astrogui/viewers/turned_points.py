"""Points of three dimensions as they are seen from one side, and a mark of how they are turned."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.plot import ViewItem, pen

Array = NDArray[np.float64]
ARM = 34.0  # pixels of the screen
CORNER = 56.0  # from the lower left one
BEGIN = (math.radians(-25.0), math.radians(20.0))  # seen from beside and above, no axis hidden


class TurnedPoints:
    """Places (n, 3) about their middle, turned: ``x`` to the right, ``y`` up, ``depth`` to the eye.

    Points without a place (NaN) stay without one.
    """

    def __init__(self, places: Array, rotation: Array | None = None) -> None:
        """``rotation`` (3, 3) takes the axes of the places to those of the screen."""
        known = places[np.isfinite(places).all(axis=1)]
        self._places = places - (known.mean(axis=0) if len(known) else 0.0)
        reach = np.linalg.norm(self._places, axis=1)
        self.radius = max(float(np.nanmax(reach, initial=0.0)), 1e-12)
        self.rotation = np.eye(3)
        self._turn_to(_turn(*BEGIN) if rotation is None else rotation)

    def turn(self, across: float, up: float) -> None:
        """Turn them further by angles in radians, as a ball that a hand rolls right and up."""
        self._turn_to(_turn(across, up) @ self.rotation)

    def _turn_to(self, rotation: Array) -> None:
        # Rounding would in the end shear what is only turned.
        left, _, right = np.linalg.svd(rotation)
        self.rotation = left @ right
        turned = self._places @ self.rotation.T
        self.x, self.y, self.depth = (np.ascontiguousarray(turned[:, k]) for k in range(3))

    def nearness(self, places: NDArray[np.int64]) -> Array:
        """(m,) how near the eye these points are: 0 at the far side of all, 1 at the near one."""
        return np.nan_to_num(0.5 + 0.5 * self.depth[places] / self.radius, nan=0.5)


def _turn(across: float, up: float) -> Array:
    """About the screen's upward axis, then about the one to the right."""
    c, s = math.cos(across), math.sin(across)
    about_up = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    c, s = math.cos(up), math.sin(up)
    about_right = np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])
    return about_right @ about_up


class TripodItem(ViewItem):
    """The three axes as they are turned, in the lower left corner."""

    def __init__(self) -> None:
        super().__init__()
        self.axes: Array | None = None  # (3, 3), a column for each axis
        self._colour = QColor("#808080")
        self.setZValue(30)
        self.setVisible(False)

    def set_axes(self, rotation: Array | None) -> None:
        """``rotation`` (3, 3) of the points, None where they lie in a plane."""
        self.axes = rotation
        self.setVisible(rotation is not None)
        self.update()

    def set_colour(self, colour: QColor) -> None:
        self._colour = colour
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None or self.axes is None:
            return
        corner = view.viewRect().topLeft()  # the lowest y of a plot
        middle = painter.worldTransform().map(corner) + QPointF(CORNER, -CORNER)
        painter.save()
        painter.resetTransform()
        painter.setPen(pen(self._colour, 1.5))
        for number, (right, up, _) in enumerate(self.axes.T, start=1):
            painter.drawLine(middle, middle + QPointF(ARM * right, -ARM * up))
            label = middle + QPointF(1.3 * ARM * right - 4, -1.3 * ARM * up + 4)
            painter.drawText(label, str(number))
        painter.restore()
