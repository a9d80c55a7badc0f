"""Parts of a spectrum plot: a curve that loses no spike, wavelength axes, a box that is dragged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.science.air import air_from_vacuum, vacuum_from_air
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import ViewItem

Array = NDArray[np.float64]


def decimated(x: Array, y: Array, low: float, high: float, columns: int) -> tuple[Array, Array]:
    """The samples between two ends of a rising x, thinned to about four a column of the screen.

    Where there are more, each group of samples gives its lowest and its highest, at their own
    places: whatever the series reaches is drawn. A group without a number gives NaN, a gap.
    """
    first = max(int(np.searchsorted(x, low)) - 1, 0)
    end = min(int(np.searchsorted(x, high)) + 1, x.size)
    if end - first <= 4 * columns:
        return x[first:end], y[first:end]
    size = -(-(end - first) // columns)
    whole = first + (end - first) // size * size
    groups = y[first:whole].reshape(-1, size)
    known = np.isfinite(groups)
    places = np.stack(
        [
            np.argmin(np.where(known, groups, np.inf), axis=1),
            np.argmax(np.where(known, groups, -np.inf), axis=1),
        ],
        axis=1,
    )
    places = np.sort(places, axis=1) + (first + size * np.arange(groups.shape[0]))[:, None]
    index = np.concatenate([places.ravel(), np.arange(whole, end)])
    return x[index], y[index]


class Curve(pg.GraphicsObject):
    """A polyline over rising x, broken at NaN, thinned to the screen when painted."""

    def __init__(self) -> None:
        super().__init__()
        self.x: Array = np.zeros(0)
        self.y: Array = np.zeros(0)
        self.painted = 0  # points of the last picture
        self.pen = QPen()
        self._rect = QRectF()

    def getData(self) -> tuple[Array, Array]:
        """All of the samples, none thinned out."""
        return self.x, self.y

    def setData(self, x: Any, y: Any) -> None:
        self.prepareGeometryChange()
        self.x, self.y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        self._rect = QRectF()
        known = np.isfinite(self.y)
        if known.any():
            low, high = float(self.y[known].min()), float(self.y[known].max())
            left, right = float(self.x[0]), float(self.x[-1])
            self._rect = QRectF(left, low, right - left, max(high - low, 1e-300))
        self.update()

    def setPen(self, pen: QPen) -> None:
        self.pen = pen
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
        self.painted = 0
        if view is None or not self.x.size:
            return
        rect = view.viewRect()
        columns = max(int(view.width()), 1)
        x, y = decimated(self.x, self.y, rect.left(), rect.right(), columns)
        self.painted = x.size
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, x.size <= 2 * columns)
        painter.setPen(self.pen)
        painter.drawPath(pg.functions.arrayToQPath(x, y, connect="finite"))


class WavelengthAxis(pg.AxisItem):
    """Wavelengths in a unit, at rest or observed, in vacuum or air, over vacuum ångström.

    ``scale`` (AxisItem's own) is the number of units an observed ångström is.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.setStyle(maxTickLevel=1)  # a third level costs a third of a frame and tells nothing
        self.air = False
        self.redshift = 0.0

    def set_display(self, unit_per_angstrom: float, redshift: float, air: bool) -> None:
        """Air wavelengths are those of the rest frame where the axis is one of rest."""
        wanted = (unit_per_angstrom / (1.0 + redshift), redshift, air)
        if wanted == (self.scale, self.redshift, self.air):
            return  # laying out an axis costs a millisecond
        self.air, self.redshift = air, redshift
        self.setScale(unit_per_angstrom / (1.0 + redshift))
        self.picture = None
        self.update()

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        if not self.air:
            return list(super().tickValues(minVal, maxVal, size))
        low, high = self._to_air(np.array([minVal, maxVal]))
        levels = super().tickValues(float(low), float(high), size)
        return [(gap, self._from_air(np.array(values)).tolist()) for gap, values in levels]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.air and len(values):
            values = self._to_air(np.asarray(values, np.float64)).tolist()
        return list(super().tickStrings(values, scale, spacing))

    def _to_air(self, observed: Array) -> Array:
        stretch = 1.0 + self.redshift
        return np.asarray(air_from_vacuum(observed / stretch) * stretch)

    def _from_air(self, observed: Array) -> Array:
        stretch = 1.0 + self.redshift
        return np.asarray(vacuum_from_air(observed / stretch) * stretch)


class SpectrumBox(pg.ViewBox):
    """A view box that gives a dragged range to whoever asked for one, and pans otherwise."""

    range_dragged = Signal(float, float, bool)  # from, to, whether the button is up

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.takes_ranges = False
        self._drags_range = False  # decided where a drag begins, also if a key is let go later

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.isStart():
            shifted = bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            left = ev.button() == Qt.MouseButton.LeftButton
            self._drags_range = axis is None and left and (self.takes_ranges or shifted)
        if self._drags_range:
            ev.accept()
            ends = [self.mapSceneToView(p).x() for p in (ev.buttonDownScenePos(), ev.scenePos())]
            self.range_dragged.emit(min(ends), max(ends), bool(ev.isFinish()))
            return
        super().mouseDragEvent(ev, axis)

    def angstrom_per_pixel(self) -> float:
        """Width of a column of the screen."""
        return float(self.viewRect().width() / max(self.width(), 1.0))

    def scene_x(self, wavelength: float) -> float:
        """Where a wavelength is in the scene."""
        return float(self.mapViewToScene(QPointF(wavelength, 0.0)).x())


class NamesItem(ViewItem):
    """Names of curves in their colours, at the right of the plot below some rows of labels."""

    def __init__(self, below: int = 4) -> None:
        super().__init__()
        self._below = below
        self.names: tuple[tuple[str, QColor], ...] = ()
        self._ground = QColor()
        self.setZValue(40)

    def set_names(self, names: Sequence[tuple[str, QColor]], theme: Theme) -> None:
        self.prepareGeometryChange()
        self.names, self._ground = tuple(names), theme.colour(theme.ground, 0.85)
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None or not self.names:
            return
        rect, to_scene = view.viewRect(), self.sceneTransform()
        screen = QRectF(to_scene.map(rect.bottomLeft()), to_scene.map(rect.topRight())).normalized()
        painter.save()
        painter.resetTransform()
        metrics = QFontMetricsF(painter.font())
        most, height = 0.6 * screen.width(), metrics.height()
        texts = [
            (metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, most), colour)
            for name, colour in self.names
        ]
        wide = max(metrics.horizontalAdvance(text) for text, _ in texts) + 10
        top = screen.top() + self._below * height + 6
        box = QRectF(screen.right() - wide - 4, top, wide, height * len(texts) + 4)
        painter.fillRect(box, self._ground)
        for number, (text, colour) in enumerate(texts):
            painter.setPen(colour)
            line = QRectF(box.left() + 5, box.top() + 2 + number * height, wide, height)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()
