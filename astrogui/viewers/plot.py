"""Plots in the theme's colours: axes with units, and a few items that pyqtgraph does not have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.colours import LIGHT, Theme

Array = NDArray[np.floating]
SIDES = ("left", "bottom", "right", "top")
LINE_SHARE = 0.8  # of a line's height that its numbers take, as pyqtgraph measures them
LEAST_LINE = 18  # pixels


class Plot(pg.PlotItem):
    """A plot without pyqtgraph's menus and buttons, whose numbers are never rescaled silently."""

    def __init__(self, view: pg.ViewBox | None = None, **axes: pg.AxisItem) -> None:
        super().__init__(
            viewBox=view or pg.ViewBox(enableMenu=False), enableMenu=False, axisItems=axes or None
        )
        self.hideButtons()
        self.setMenuEnabled(False)
        self._theme: Theme = LIGHT
        self._coloured: Theme | None = None  # the theme that its axes have
        self._titles: dict[str, str] = {}
        for name in SIDES:
            axis = self.getAxis(name)
            axis.enableAutoSIPrefix(False)
            # The last label may stand out of the axis by this much before it is left off.
            axis.setStyle(hideOverlappingLabels=15)
        self._fit_heights()

    def setVisible(self, visible: bool) -> None:
        """Axes of a hidden plot take no room, and would find theirs while they are painted."""
        comes = visible and not self.isVisible()
        super().setVisible(visible)
        if comes:
            for name in SIDES:
                self.getAxis(name).setStyle()

    def set_titles(self, **titles: str) -> None:
        """Axis labels, units included."""
        self._titles.update(titles)
        for name, text in titles.items():
            axis, colour = self.getAxis(name), self._theme.text
            if axis.labelText != text or axis.labelStyle.get("color") != colour:
                axis.setLabel(text, color=colour)  # which costs laying out and painting all anew

    def _fit_heights(self) -> None:
        """Room for one line of numbers below and above.

        pyqtgraph would take it while it paints, whereupon all is laid out and painted once more.
        """
        line = math.ceil(LINE_SHARE * QFontMetricsF(QGuiApplication.font()).height())
        height = max(line, LEAST_LINE)
        for axis in map(self.getAxis, ("bottom", "top")):
            if axis.style["autoExpandTextSpace"] or axis.style["tickTextHeight"] != height:
                axis.setStyle(autoExpandTextSpace=False, tickTextHeight=height)

    def set_theme(self, theme: Theme) -> None:
        self._fit_heights()
        if theme is self._coloured:
            return
        self._theme = self._coloured = theme
        self.getViewBox().setBackgroundColor(QColor(theme.ground))
        for name in SIDES:
            axis = self.getAxis(name)
            axis.setPen(QPen(QColor(theme.muted), 1))
            axis.setTextPen(QPen(QColor(theme.text), 1))
        self.set_titles(**self._titles)


_line_scale: ContextVar[float] = ContextVar("line_scale", default=1.0)


@contextmanager
def thicker_lines(scale: float) -> Iterator[None]:
    """Pens made meanwhile are wider: a figure has more pixels a millimetre than the screen."""
    token = _line_scale.set(scale)
    try:
        yield
    finally:
        _line_scale.reset(token)


def pen(colour: QColor, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen of a constant width on the screen."""
    made = QPen(colour, width * _line_scale.get(), style)
    made.setCosmetic(True)
    return made


class ViewItem(pg.GraphicsObject):
    """An item as large as what its view shows, and never part of the automatic range."""

    def boundingRect(self) -> QRectF:
        view = self.getViewBox()
        return view.viewRect() if view is not None else QRectF()

    def viewRangeChanged(self, *_: object) -> None:
        self.prepareGeometryChange()
        self.update()

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: object = None) -> None:
        """Never part of the automatic range."""


class SpanItem(ViewItem):
    """Stretches of the x axis, shaded over the whole height: masked samples, gaps, intervals."""

    def __init__(self, colour: QColor) -> None:
        super().__init__()
        self.spans: tuple[tuple[float, float], ...] = ()
        self._colour = colour
        self.setZValue(-50)

    def set_spans(self, spans: Sequence[tuple[float, float]]) -> None:
        self.prepareGeometryChange()
        self.spans = tuple(spans)
        self.update()

    def set_colour(self, colour: QColor) -> None:
        self._colour = colour
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        rect = self.boundingRect()
        least = rect.width() / 2000  # a single sample stays visible
        for low, high in self.spans:
            if high < rect.left() or low > rect.right():
                continue
            wide = max(high - low, least)
            painter.fillRect(QRectF(low, rect.top(), wide, rect.height()), self._colour)


@dataclass(frozen=True, slots=True)
class Marker:
    """A place on the x axis with a name."""

    x: float
    name: str
    colour: str = "muted"
    weight: int = 0  # of two that do not fit side by side, the heavier keeps its label


class MarkersItem(ViewItem):
    """Vertical lines with labels at the top or the bottom, in rows so that none overlaps."""

    def __init__(self, rows: int = 3, at_top: bool = True, inset: float = 2.0) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.markers: tuple[Marker, ...] = ()
        self.labelled: tuple[str, ...] = ()  # the names that found room when last painted
        self.boxes: tuple[QRectF, ...] = ()
        self._rows, self._at_top, self._inset = rows, at_top, inset
        self.setZValue(20)

    def set_markers(self, markers: Sequence[Marker]) -> None:
        self.prepareGeometryChange()
        self.markers = tuple(markers)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None or not self.markers:
            return
        rect = view.viewRect()
        seen = [m for m in self.markers if rect.left() <= m.x <= rect.right()]
        to_screen = self.sceneTransform()
        painter.save()
        painter.resetTransform()
        top_left, bottom_right = to_screen.map(rect.bottomLeft()), to_screen.map(rect.topRight())
        screen = QRectF(top_left, bottom_right).normalized()
        rows = self._place_labels(painter, seen, screen, rect)
        for marker in seen:
            x = screen.left() + (marker.x - rect.left()) / rect.width() * screen.width()
            colour = self.theme.colour(marker.colour)
            row = rows.get(id(marker))
            faint = QColor(colour)
            faint.setAlphaF(0.55 if row is not None else 0.3)
            painter.setPen(QPen(faint, 1.0, Qt.PenStyle.DashLine))
            from_y, to_y = screen.top(), screen.bottom()
            if row is not None:
                from_y = row.bottom() if self._at_top else screen.top()
                to_y = screen.bottom() if self._at_top else row.top()
            painter.drawLine(QLineF(x, from_y, x, to_y))
            if row is not None:
                painter.setPen(colour)
                painter.drawText(row, Qt.AlignmentFlag.AlignCenter, marker.name)
        painter.restore()
        by_id = {id(marker): marker.name for marker in seen}
        self.labelled = tuple(by_id[key] for key in rows)
        self.boxes = tuple(rows.values())

    def _place_labels(
        self, painter: QPainter, seen: Sequence[Marker], screen: QRectF, rect: QRectF
    ) -> dict[int, QRectF]:
        """Boxes on the screen for as many labels as fit, by weight and then from the left."""
        metrics = QFontMetricsF(painter.font())
        height = metrics.height()
        placed: dict[int, QRectF] = {}
        for marker in sorted(seen, key=lambda m: (-m.weight, m.x)):
            if not marker.name:
                continue
            x = screen.left() + (marker.x - rect.left()) / rect.width() * screen.width()
            width = metrics.horizontalAdvance(marker.name) + 6
            left = min(max(x - width / 2, screen.left()), screen.right() - width)
            for row in range(self._rows):
                y = screen.top() + self._inset + row * height
                if not self._at_top:
                    y = screen.bottom() - self._inset - (row + 1) * height
                box = QRectF(left, y, width, height)
                if not any(box.intersects(other) for other in placed.values()):
                    placed[id(marker)] = box
                    break
        return placed


def runs(chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
