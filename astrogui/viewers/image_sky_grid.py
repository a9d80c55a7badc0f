"""A grid of sky coordinates over an image, with its labels at the edges of the view."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.image_canvas import ImageBox
from astrogui.viewers.sky import Sky, degrees_text, hours_text

Array = NDArray[np.float64]
_LINES = 5  # about so many in each direction
_SAMPLES = 80  # points of a line
_PROBES = 24  # places along each side of the view at which the sky is asked for
_EDGE = 4.0  # screen pixels between a label and the edge
# Seconds of time, and of arc: the steps by which clocks and circles are divided.
_SIXTIETHS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600)
_HOURS = (7200, 10800, 14400, 21600)
_DEGREES = (7200, 18000, 36000, 54000, 72000, 108000, 162000)


@dataclass(frozen=True, slots=True)
class Step:
    """The distance between two lines, and how their labels are written."""

    degrees: float
    unit: str  # "time", "arc" or "degrees"
    digits: int  # of the last figure written
    whole_minutes: bool = False

    def text(self, value_deg: float, signed: bool) -> str:
        """A line's value in words."""
        if self.unit == "degrees":
            sign = "+" if signed and value_deg > 0 else ""
            return f"{sign}{value_deg:.{self.digits}f}°".replace("-", "−")
        words = (hours_text if self.unit == "time" else degrees_text)(value_deg, self.digits)
        words = words.rstrip(".")
        return words[: words.rindex(":")] if self.whole_minutes else words


def step_for(span_deg: float, unit: str) -> Step:
    """A round step that divides a span into about ``_LINES`` parts."""
    wanted = span_deg / _LINES
    if unit == "degrees":
        power = math.floor(math.log10(wanted))
        step = next(s * 10.0**power for s in (1, 2, 5, 10) if s * 10.0**power >= wanted * 0.999)
        step = min(step, 45.0)
        return Step(step, unit, max(0, -math.floor(math.log10(step) + 1e-9)))
    seconds = wanted * 3600.0 / (15.0 if unit == "time" else 1.0)
    to_degrees = (15.0 if unit == "time" else 1.0) / 3600.0
    if seconds < 1.0:
        power = math.floor(math.log10(seconds))
        step = next(s * 10.0**power for s in (1, 2, 5, 10) if s * 10.0**power >= seconds * 0.999)
        return Step(step * to_degrees, unit, max(0, -math.floor(math.log10(step) + 1e-9)))
    choices = (*_SIXTIETHS, *(_HOURS if unit == "time" else _DEGREES))
    found = float(next((s for s in choices if s >= seconds * 0.999), choices[-1]))
    return Step(found * to_degrees, unit, 0, whole_minutes=found % 60 == 0)


@dataclass(frozen=True, slots=True, eq=False)
class GridLine:
    """One line: its label and its points in screen pixels of the view, NaN where it breaks."""

    label: str
    points: Array  # (n, 2)
    is_longitude: bool


def grid_lines(
    sky: Sky, frame: str, in_degrees: bool, to_screen: Array, size: tuple[float, float]
) -> list[GridLine]:
    """The lines in a view of ``size`` (width, height).

    ``to_screen`` (2, 3) takes pixels (x, y, 1) to the screen. ``frame`` is one of
    ``sky.frames()``.
    """
    width, height = size
    inverse = np.linalg.inv(np.vstack([to_screen, [0.0, 0.0, 1.0]]))
    across, down = np.meshgrid(np.linspace(0, width, _PROBES), np.linspace(0, height, _PROBES))
    pixels = inverse[:2] @ np.stack([across.ravel(), down.ravel(), np.ones(across.size)])
    longitude, latitude = sky.positions(pixels[0], pixels[1], frame)
    known = np.isfinite(longitude) & np.isfinite(latitude)
    if known.sum() < 3:
        return []
    longitude, latitude = longitude[known], latitude[known]
    low, high = float(latitude.min()), float(latitude.max())
    begin, span = _covered(longitude)
    for pole in (90.0, -90.0):
        if _holds_pole(sky, frame, pole, to_screen, size):
            begin, span = 0.0, 360.0
            low, high = (low, 90.0) if pole > 0 else (-90.0, high)
    equatorial = sky.equatorial if not frame else frame in {"icrs", "fk5"}
    units = ("degrees", "degrees")
    if equatorial and not in_degrees:
        units = ("time", "arc")
    lon_step, lat_step = (
        step_for(max(span, 1e-7), units[0]),
        step_for(max(high - low, 1e-7), units[1]),
    )
    margin = 0.02 * (high - low)
    path = np.linspace(max(low - margin, -90.0), min(high + margin, 90.0), _SAMPLES)
    lines = []
    for value in _multiples(begin, span, lon_step.degrees):
        x, y = sky.places(np.full(_SAMPLES, value % 360.0), path, frame)
        lines.append(_line(lon_step.text(value % 360.0, False), x, y, to_screen, True))
    path = np.linspace(begin - 0.02 * span, begin + 1.02 * span, _SAMPLES) % 360.0
    for value in _multiples(low, high - low, lat_step.degrees):
        if abs(value) < 90.0:
            x, y = sky.places(path, np.full(_SAMPLES, value), frame)
            lines.append(_line(lat_step.text(value, True), x, y, to_screen, False))
    return lines


def _covered(longitude: Array) -> tuple[float, float]:
    """Begin and length of the shortest arc that holds all longitudes."""
    ranked = np.sort(longitude % 360.0)
    gaps = np.diff(ranked, append=ranked[0] + 360.0)
    widest = int(np.argmax(gaps))
    begin = float(ranked[(widest + 1) % ranked.size])
    return begin, float(360.0 - gaps[widest])


def _holds_pole(
    sky: Sky, frame: str, latitude: float, to_screen: Array, size: tuple[float, float]
) -> bool:
    x, y = sky.places(np.array([0.0]), np.array([latitude]), frame)
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        return False
    place = to_screen @ np.array([float(x[0]), float(y[0]), 1.0])
    return bool(0 <= place[0] <= size[0] and 0 <= place[1] <= size[1])


def _multiples(begin: float, span: float, step: float) -> list[float]:
    first = math.ceil(begin / step - 1e-9)
    count = math.floor((begin + span) / step + 1e-9) - first + 1
    if span >= 360.0:
        count = round(360.0 / step)
    return [(first + i) * step for i in range(min(max(count, 0), 60))]


def _line(label: str, x: Array, y: Array, to_screen: Array, is_longitude: bool) -> GridLine:
    points = (to_screen @ np.stack([x, y, np.ones(x.size)])).T
    return GridLine(label, points, is_longitude)


class SkyGrid(pg.GraphicsObject):
    """Painted in screen pixels over a view box; the lines follow whatever the view does."""

    def __init__(self, box: ImageBox) -> None:
        super().__init__()
        self.setParentItem(box)
        self.setZValue(50)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setVisible(False)
        self.theme: Theme = LIGHT
        self.sky: Sky | None = None
        self.frame = ""
        self.in_degrees = False
        self.kept_free: list[QRectF] = []  # screen places that labels leave to others
        self.labels: list[tuple[str, QRectF]] = []  # as painted last

    def boundingRect(self) -> QRectF:
        box = self.parentItem()
        return QRectF(0, 0, box.width(), box.height()) if box is not None else QRectF()

    def refresh(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def lines(self) -> list[GridLine]:
        """The lines for the view as it stands."""
        box = self.parentItem()
        if self.sky is None or box is None or box.width() < 50 or box.height() < 50:
            return []
        transform, _ = box.frame.itemTransform(box)
        to_screen = np.array(
            [
                [transform.m11(), transform.m21(), transform.dx()],
                [transform.m12(), transform.m22(), transform.dy()],
            ]
        )
        frame = self.frame if self.frame in self.sky.frames() else ""
        return grid_lines(self.sky, frame, self.in_degrees, to_screen, (box.width(), box.height()))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        bounds = self.boundingRect()
        lines = self.lines()
        painter.setClipRect(bounds)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # A dark rim under a bright line is seen on bright and on dark pixels.
        for width, colour in ((2.4, QColor(0, 0, 0, 70)), (1.0, QColor(120, 210, 255, 190))):
            painter.setPen(QPen(colour, width))
            for line in lines:
                for run in _runs(line.points, bounds):
                    painter.drawPolyline(run)
        self._paint_labels(painter, lines, bounds)

    def _paint_labels(self, painter: QPainter, lines: list[GridLine], bounds: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        self.labels = []
        taken = list(self.kept_free)
        for line in lines:
            size = metrics.size(0, line.label)
            box = _label_place(line, size.width() + 8, size.height() + 2, bounds, taken)
            if box is None:
                continue
            taken.append(box)
            self.labels.append((line.label, box))
            ground = QColor(self.theme.ground)
            ground.setAlphaF(0.78)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor(self.theme.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, line.label)


def _runs(points: Array, bounds: QRectF) -> list[QPolygonF]:
    """The parts of a line that have places, without jumps across the view."""
    reach = 4.0 * max(bounds.width(), bounds.height())
    near = np.isfinite(points) & (np.abs(points) < 10 * reach)
    good: NDArray[np.bool_] = np.logical_and(near[:, 0], near[:, 1])
    runs, run = [], QPolygonF()
    for index, (x, y) in enumerate(points):
        jumps = index and good[index - 1] and np.hypot(*(points[index] - points[index - 1])) > reach
        if (not good[index] or jumps) and run.size() > 1:
            runs.append(run)
        if not good[index] or jumps:
            run = QPolygonF()
        if good[index]:
            run.append(QPointF(float(x), float(y)))
    if run.size() > 1:
        runs.append(run)
    return runs


def _label_place(
    line: GridLine, width: float, height: float, bounds: QRectF, taken: list[QRectF]
) -> QRectF | None:
    """Where the label of a line goes: longitudes below or above, latitudes left or right."""
    axis, length = (1, bounds.height()) if line.is_longitude else (0, bounds.width())
    near, far = (length, 0.0) if line.is_longitude else (0.0, length)
    order = [(axis, near), (axis, far)]
    order += [(1 - axis, edge) for edge in (0.0, bounds.width() if axis else bounds.height())]
    for along, edge in order:
        for place in _crossings(line.points, along, edge):
            x, y = (edge, place) if along == 0 else (place, edge)
            box = QRectF(x - width / 2, y - height / 2, width, height)
            left = min(max(box.left(), _EDGE), bounds.width() - width - _EDGE)
            top = min(max(box.top(), _EDGE), bounds.height() - height - _EDGE)
            box.moveTo(left, top)
            moved = abs(left + width / 2 - x) if along else abs(top + height / 2 - y)
            if moved < (width if along else height) and not any(
                box.adjusted(-3, -1, 3, 1).intersects(other) for other in taken
            ):
                return box
    return None


def _crossings(points: Array, axis: int, edge: float) -> list[float]:
    """The other coordinate where a line crosses x = edge (axis 0) or y = edge (axis 1)."""
    side = points[:, axis] - edge
    with np.errstate(invalid="ignore"):
        found = np.flatnonzero(side[:-1] * side[1:] <= 0)
    other = points[:, 1 - axis]
    places = []
    for i in found:
        step = side[i] - side[i + 1]
        share = side[i] / step if step else 0.0
        places.append(float(other[i] + share * (other[i + 1] - other[i])))
    return places
