"""Marks of sources over an image: ellipses by class, the selected one highlighted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.colours import mark_colour
from astrogui.viewers.sky import Sky

LEAST_PIXELS = 5.0  # the smallest semi-axis of a mark whose size comes from the sky
AXES = 3.0  # a mark is this many rms sizes wide, so that it stands round the source


@dataclass(frozen=True, slots=True)
class Mark:
    """A source on an image: 0-based pixel centre, semi-axes in pixels, angle in radians from +x.

    With ``ra_deg`` and ``dec_deg`` it is drawn at that position in every band, whatever the
    offset of the band's pixels. ``on_sky`` says that ``a`` and ``b`` are rms sizes in arcsec and
    ``theta`` the position angle in degrees, north through east. ``colour`` is a class ("star",
    "galaxy" ...) or "#rrggbb".
    """

    row_id: int
    x: float
    y: float
    a: float = 6.0
    b: float = 6.0
    theta: float = 0.0
    label: str = ""
    colour: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    on_sky: bool = False


def placed(
    marks: Sequence[Mark], sky: Sky | None, pixel_scale_arcsec: float | None
) -> NDArray[np.float64]:
    """(n, 5) pixel centre, semi-axes in pixels and angle in radians of each mark in one band."""
    rows = [(m.x, m.y, m.a, m.b, m.theta) for m in marks]
    places = np.array(rows, dtype=np.float64).reshape(-1, 5)
    if not len(marks):
        return places
    if sky is not None and all(m.ra_deg is not None and m.dec_deg is not None for m in marks):
        there = sky.pixels([m.ra_deg for m in marks], [m.dec_deg for m in marks])
        known = np.isfinite(there).all(axis=1)
        places[known, :2] = there[known]
    on_sky = np.array([mark.on_sky for mark in marks])
    if on_sky.any():
        _shapes_from_sky(places, on_sky, sky, pixel_scale_arcsec)
    places[:, 2:4] = np.maximum(np.nan_to_num(places[:, 2:4], nan=LEAST_PIXELS), 0.5)
    places[:, 4] = np.nan_to_num(places[:, 4])
    return places


def marks_of_rows(rows: Sequence[dict[str, Any]]) -> list[Mark]:
    """A mark for each row with a place: "x_pixel", "y_pixel", or "x", "y" counted from 1."""
    marks = []
    for row in rows:
        place = _place_of(row)
        if place is None:
            continue
        a = row.get("a")
        has_shape = a is not None and np.isfinite(float(a))
        marks.append(
            Mark(
                row_id=int(row["row_id"]),
                x=place[0],
                y=place[1],
                a=float(a) if has_shape and a is not None else 7.0,
                b=float(row.get("b") or a or 7.0),
                theta=float(row.get("theta") or 0.0),
                colour=str(row.get("user_class") or row.get("class") or ""),
                ra_deg=row.get("ra"),
                dec_deg=row.get("dec"),
                on_sky=has_shape,
            )
        )
    return marks


def _place_of(row: dict[str, Any]) -> tuple[float, float] | None:
    x, y = row.get("x_pixel"), row.get("y_pixel")
    if x is None or y is None:
        x, y = row.get("x"), row.get("y")
        if x is None or y is None:
            return None
        return float(x) - 1.0, float(y) - 1.0
    return float(x), float(y)


def _shapes_from_sky(
    places: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    sky: Sky | None,
    pixel_scale_arcsec: float | None,
) -> None:
    """Arcsec to pixels and position angle to pixel angle, in place; round while no WCS is known."""
    directions = None
    if sky is not None:
        directions = sky.directions(*np.nanmean(places[:, :2], axis=0))
    scale = directions.scale_arcsec if directions is not None else pixel_scale_arcsec or 1.0
    axes = AXES * places[chosen, 2:4] / scale
    if directions is None:
        axes = np.repeat(axes.mean(axis=1, keepdims=True), 2, axis=1)
        places[chosen, 4] = 0.0
    else:
        angle = np.radians(places[chosen, 4])
        north, east = directions.north, directions.east
        along_x = np.cos(angle) * north[0] + np.sin(angle) * east[0]
        along_y = np.cos(angle) * north[1] + np.sin(angle) * east[1]
        places[chosen, 4] = np.arctan2(along_y, along_x)
    places[chosen, 2:4] = np.maximum(axes, LEAST_PIXELS)


class MarksItem(pg.GraphicsObject):
    """Ellipses around sources, coloured by class; the selected one is drawn twice as strong."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: tuple[Mark, ...] = ()
        self.selected: int | None = None
        self._places: NDArray[np.float64] = np.zeros((0, 5))
        self.setZValue(10)

    def set_marks(self, marks: Sequence[Mark], places: NDArray[np.float64]) -> None:
        """Marks with their places (n, 5) in the band that is shown."""
        self.prepareGeometryChange()
        self.marks, self._places = tuple(marks), places
        self.update()

    def place_of(self, row_id: int | None) -> tuple[float, float] | None:
        """Where a mark is drawn, in 0-based pixels."""
        for mark, place in zip(self.marks, self._places, strict=True):
            if mark.row_id == row_id:
                return float(place[0]), float(place[1])
        return None

    def select(self, row_id: int | None) -> None:
        self.selected = row_id
        self.update()

    def nearest(self, x: float, y: float, reach: float) -> Mark | None:
        """The mark whose ellipse, widened by ``reach`` pixels, holds (x, y) most centrally."""
        if not self.marks:
            return None
        px, py, a, b, theta = self._places.T
        dx, dy = x - px, y - py
        along = (dx * np.cos(theta) + dy * np.sin(theta)) / (a + reach)
        across = (-dx * np.sin(theta) + dy * np.cos(theta)) / (b + reach)
        distance = np.hypot(along, across)
        best = int(np.nanargmin(distance))
        return self.marks[best] if distance[best] <= 1.0 else None

    def boundingRect(self) -> QRectF:
        if not self.marks:
            return QRectF()
        x, y, a = self._places[:, 0], self._places[:, 1], self._places[:, 2].max() + 2
        low, high = (x.min() - a, y.min() - a), (x.max() + a, y.max() + a)
        return QRectF(low[0], low[1], high[0] - low[0], high[1] - low[1])

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None or not self.marks:
            return
        rect = view.image_rect()
        x, y, reach = self._places[:, 0], self._places[:, 1], self._places[:, 2]
        seen = np.flatnonzero(
            (x > rect.left() - reach)
            & (x < rect.right() + reach)
            & (y > rect.top() - reach)
            & (y < rect.bottom() + reach)
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, seen.size < 3000)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        screen = view.pixels_per_screen_pixel()
        ranked = sorted(seen.tolist(), key=lambda i: self.marks[i].row_id == self.selected)
        for i in ranked:
            self._ellipse(painter, i, screen)
        if screen < 0.6 and seen.size < 400:
            self._labels(painter, ranked)

    def _ellipse(self, painter: QPainter, i: int, screen: float) -> None:
        x, y, a, b, theta = self._places[i]
        chosen = self.marks[i].row_id == self.selected
        # Never so small on the screen that it hides the source it marks.
        a, b = max(a, 4.0 * screen), max(b, 4.0 * screen)
        if chosen:
            a, b = a + 2.5 * screen, b + 2.5 * screen
        painter.save()
        painter.translate(x, y)
        painter.rotate(float(np.degrees(theta)))
        widths = ((5.0, "#000000"), (2.8, "#ffffff")) if chosen else ((3.0, "#000000"),)
        for width, colour in widths:
            painter.setPen(_cosmetic(QColor(colour), width, 1.0 if chosen else 0.45))
            painter.drawEllipse(QPointF(0, 0), a, b)
        if chosen:
            painter.setPen(_cosmetic(mark_colour(self.marks[i].colour), 1.6, 1.0))
            painter.drawEllipse(QPointF(0, 0), a + 3.0 * screen, b + 3.0 * screen)
        else:
            painter.setPen(_cosmetic(mark_colour(self.marks[i].colour), 1.5, 1.0))
            painter.drawEllipse(QPointF(0, 0), a, b)
        painter.restore()

    def _labels(self, painter: QPainter, ranked: list[int]) -> None:
        """Labels beside the marks, the selected one first, none over another."""
        painter.save()
        painter.resetTransform()
        metrics = QFontMetricsF(painter.font())
        taken: list[QRectF] = []
        for i in reversed(ranked):
            mark = self.marks[i]
            if not mark.label:
                continue
            x, y, a = self._places[i, :3]
            corner = self.sceneTransform().map(QPointF(x + a * 0.8, y + a * 0.8))
            box = metrics.boundingRect(mark.label).translated(corner)
            if any(box.intersects(other) for other in taken):
                continue
            taken.append(box)
            painter.setPen(QColor(0, 0, 0, 190))
            painter.drawText(corner + QPointF(1, 1), mark.label)
            painter.setPen(mark_colour(mark.colour))
            painter.drawText(corner, mark.label)
        painter.restore()


def _cosmetic(colour: QColor, width: float, alpha: float) -> QPen:
    colour = QColor(colour)
    colour.setAlphaF(alpha)
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    return pen
