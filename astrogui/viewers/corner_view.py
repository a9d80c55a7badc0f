"""A corner plot: each pair of quantities with contours, each quantity alone along the diagonal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QResizeEvent
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.records.posterior import Parameter, Posterior
from astrogui.science.joint_density import joint_density
from astrogui.science.merger_prior import prior_curves
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.interval_item import IntervalItem
from astrogui.viewers.plot import Plot, ViewItem, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.result_text import axis_title, plain_value
from astrogui.viewers.unit_text import unit_text

SHARES = (0.9, 0.5)  # enclosed by the contours, the outer first
SHADED = (0.68, 0.9)
QUOTED = 0.9  # the interval in numbers
REACH = (0.0005, 0.9995)  # quantiles that the axes reach, and a margin beyond
MOST_DRAWS = 100_000
LEAST_SIDE = 84  # logical pixels of one plot
LONGEST_LINE = 13
WIDEST = 220
HEADROOM = 1.55  # of the highest density: the numbers stand above the curve
OF_MERGERS = "chirp_mass_det"  # a name that draws of the binary analysis have
BELOW, BESIDE = 72, 74  # room for numbers and title


@dataclass(frozen=True, slots=True, eq=False)
class CornerData:
    """What a corner plot draws, computed in the pool."""

    parameters: tuple[Parameter, ...]
    curves: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
    intervals: dict[str, dict[float, tuple[float, float]]]
    values: dict[str, float]
    words: dict[str, str]
    ranges: dict[str, tuple[float, float]]
    contours: dict[tuple[str, str], dict[float, list[NDArray[np.float64]]]]
    count: int = 0
    priors: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=dict
    )  # where the prior of a quantity is known, with as much area as the posterior
    prior: str = ""  # that the draws were weighted to, of ``prior_change.PRIORS``; else their own
    effective: float = math.nan  # draws, after that


def corner_of(posterior: Posterior, names: Sequence[str]) -> CornerData:
    """Curves, intervals and contours of these quantities; below a second for 100,000 draws."""
    wanted = [posterior.parameters[posterior.index(name)] for name in names]
    shown = tuple(p for p in wanted if math.isfinite(posterior.median(p.name)))
    ranges = {p.name: _range(posterior, p) for p in shown}
    drawn = [p.name for p in shown if p.name in posterior.draw_names]
    columns: dict[str, NDArray[np.float64]] = {}
    weights: NDArray[np.float64] | None = None
    if posterior.draws is not None and len(drawn) > 1:
        stride = max(math.ceil(posterior.draws.shape[0] / MOST_DRAWS), 1)
        chosen = posterior.draws[::stride]
        columns = {n: chosen[:, posterior.draw_names.index(n)].astype(float) for n in drawn}
        if posterior.weights is not None:
            weights = posterior.weights[::stride].astype(float)
    contours = {
        (below, left): _contours(columns[below], columns[left], weights, ranges, (below, left))
        for i, left in enumerate(drawn)
        for below in drawn[:i]
        if columns
    }
    return CornerData(
        parameters=shown,
        curves={p.name: curve_of(posterior, p.name) for p in shown},
        intervals={p.name: {s: posterior.interval(p.name, s) for s in SHADED} for p in shown},
        values={p.name: posterior.median(p.name) for p in shown},
        words={p.name: _median_words(posterior, p) for p in shown},
        ranges=ranges,
        contours=contours,
        count=next((column.size for column in columns.values()), 0),
        priors=prior_curves(ranges) if OF_MERGERS in posterior.draw_names else {},
    )


class ContourItem(pg.GraphicsObject):
    """Filled regions that enclose shares of the probability, the inner darker."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.is_filled = True
        self.colour = "accent"
        self.paths: dict[float, QPainterPath] = {}
        self._rect = QRectF()

    def set_contours(self, contours: Mapping[float, Sequence[NDArray[np.float64]]]) -> None:
        """Closed lines (n, 2) by the share that they enclose."""
        self.prepareGeometryChange()
        self.paths = {share: _path(loops) for share, loops in contours.items()}
        self._rect = QRectF()
        for path in self.paths.values():
            self._rect = self._rect.united(path.boundingRect())
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for share in sorted(self.paths, reverse=True):
            painter.setPen(pen(self.theme.colour(self.colour), 1.2))
            if self.is_filled:
                painter.setBrush(self.theme.colour(self.colour, 0.22))
            painter.drawPath(self.paths[share])


class ReferenceItem(ViewItem):
    """A published or true value: a line across, or a cross where two meet."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.x: float = math.nan
        self.y: float = math.nan
        self.setZValue(30)

    def set_place(self, x: float, y: float = math.nan) -> None:
        self.prepareGeometryChange()
        self.x, self.y = x, y
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        rect = self.boundingRect()
        painter.setPen(pen(self.theme.colour("warning"), 1.4))
        if math.isfinite(self.x):
            painter.drawLine(QLineF(self.x, rect.top(), self.x, rect.bottom()))
        if math.isfinite(self.y):
            painter.drawLine(QLineF(rect.left(), self.y, rect.right(), self.y))


class WordsItem(ViewItem):
    """A few lines at the top of a plot, smaller where it is narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.lines: tuple[str, ...] = ()
        self.setZValue(40)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        if not self.lines:
            return
        screen = self.sceneTransform().mapRect(self.boundingRect())
        painter.save()
        painter.resetTransform()
        font = painter.font()
        widest = max(QFontMetricsF(font).horizontalAdvance(line) for line in self.lines)
        if widest > screen.width() - 4 and font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * max((screen.width() - 4) / widest, 0.6))
            painter.setFont(font)
        painter.setPen(self.theme.colour("text"))
        height = QFontMetricsF(font).height()
        for place, line in enumerate(self.lines):
            box = QRectF(screen.left(), screen.top() + 1 + place * height, screen.width(), height)
            painter.fillRect(box, self.theme.colour(self.theme.ground, 0.8))  # over marked values
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, line)
        painter.restore()


@dataclass(slots=True, eq=False)
class _Cell:
    plot: Plot
    content: Any
    reference: ReferenceItem
    words: WordsItem
    prior: pg.PlotDataItem


class CornerPlot(PlotPage):
    """The plots; numbers stand at the left and below only."""

    data: CornerData | None = None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Corner plot")
        self.ci.layout.setSpacing(4)
        self.ci.layout.setContentsMargins(2, 2, 8, 2)
        self._theme: Theme = LIGHT
        self.cells: dict[tuple[str, str], _Cell] = {}
        self._waiting: list[tuple[int, int]] = []
        self._spare: dict[type, list[_Cell]] = {IntervalItem: [], ContourItem: []}
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._draw_next)
        self._reference: dict[str, float] = {}
        # The page scrolls under the wheel.
        self.wheelEvent = _ignored

    @property
    def is_drawing(self) -> bool:
        """Whether plots are still to come: one a turn of the event loop."""
        return bool(self._waiting)

    def show_corner(self, data: CornerData) -> None:
        """Draw, in place of what was there, one plot a turn: each takes some ten milliseconds."""
        self.data = data
        self.ci.clear()
        for cell in self.cells.values():
            self._spare[type(cell.content)].append(cell)
        self.cells = {}
        names = [parameter.name for parameter in data.parameters]
        self._waiting = [
            (row, column)
            for row, left in enumerate(names)
            for column, below in enumerate(names[: row + 1])
            if row == column or (below, left) in data.contours
        ]
        self.setMinimumWidth(LEAST_SIDE * len(names) + BESIDE)
        self._fit()
        self._turn.start()

    def _draw_next(self) -> None:
        data = self.data
        if data is None or not self._waiting:
            self._turn.stop()
            return
        row, column = self._waiting.pop(0)
        below, left = data.parameters[column].name, data.parameters[row].name
        cell = self._cell(data, below, left, row == column)
        self._axes(cell.plot, data, (row, column), len(data.parameters))
        self._colour(cell)
        self.ci.addItem(cell.plot, row=row, col=column)
        self.cells[below, left] = cell
        self._mark(cell, below, left)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as wide, so that the plots are squares."""
        if self.data is None or not self.updatesEnabled():
            return  # without updates somebody else lays it out, for a figure
        count = len(self.data.parameters)
        self.setFixedHeight(min(self.width(), WIDEST * count) - BESIDE + BELOW)
        super().resizeEvent(None)  # the scene follows the last size

    def set_reference(self, values: Mapping[str, float]) -> None:
        """Published or true values by parameter; those not drawn here are ignored."""
        self._reference = dict(values)
        for (below, left), cell in self.cells.items():
            self._mark(cell, below, left)

    def _mark(self, cell: _Cell, below: str, left: str) -> None:
        """The values of one plot, moved into sight where they lie outside."""
        x = self._reference.get(below, math.nan)
        y = self._reference.get(left, math.nan) if below != left else math.nan
        cell.reference.set_place(x, y)
        if self.data is None:
            return
        cell.plot.setXRange(*_with(self.data.ranges[below], x), padding=0)
        if below != left:
            cell.plot.setYRange(*_with(self.data.ranges[left], y), padding=0)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setBackground(theme.panel)
        for cell in self.cells.values():
            self._colour(cell)

    def _colour(self, cell: _Cell) -> None:
        cell.plot.set_theme(self._theme)
        cell.content.set_theme(self._theme)
        for item in (cell.reference, cell.words):
            item.theme = self._theme
            item.update()
        cell.prior.setPen(pen(self._theme.colour("muted"), 1.2, Qt.PenStyle.DotLine))

    def _cell(self, data: CornerData, below: str, left: str, is_single: bool) -> _Cell:
        kind = IntervalItem if is_single else ContourItem
        cell = self._spare[kind].pop() if self._spare[kind] else _new_cell(kind())
        if is_single:
            x, y = data.curves[below]
            cell.content.set_curve(x, y, data.intervals[below], data.values[below])
            cell.prior.setData(*data.priors.get(below, ([], [])))
            high = max(float(y.max(initial=0.0)), 1e-300)
            cell.plot.setYRange(0.0, HEADROOM * high, padding=0)
            cell.words.lines = tuple(data.words[below].split("\n"))
        else:
            cell.content.set_contours(data.contours[below, left])
        return cell

    def _axes(self, plot: Plot, data: CornerData, place: tuple[int, int], count: int) -> None:
        row, column = place
        below, left = data.parameters[column], data.parameters[row]
        is_last, is_first = row == count - 1, column == 0 and row > 0
        for side, shown, room in (("bottom", is_last, BELOW), ("left", is_first, BESIDE)):
            axis = plot.getAxis(side)
            axis.setStyle(showValues=shown, maxTickLevel=0, tickTextOffset=2)
            axis.setTickDensity(0.6 if side == "left" else 0.45)
            words = _title(below if side == "bottom" else left) if shown else ""
            plot.set_titles(**{side: words})
            axis.showLabel(shown)
            wide = shown or (side == "left" and column == 0)
            (axis.setHeight if side == "bottom" else axis.setWidth)(room if wide else 6)
        if row == column:
            plot.getAxis("left").setTicks([[]])
            words = data.words[below.name].replace("\n", " ")
            plot.setToolTip(f"{below.title or below.name} = {words} (90 %)")


def _new_cell(content: IntervalItem | ContourItem) -> _Cell:
    plot, reference, words = Plot(), ReferenceItem(), WordsItem()
    plot.setMouseEnabled(x=False, y=False)
    plot.addItem(content)
    prior = pg.PlotDataItem()
    for item in (prior, reference, words):
        plot.addItem(item, ignoreBounds=True)
    return _Cell(plot, content, reference, words, prior)


def _with(ends: tuple[float, float], value: float) -> tuple[float, float]:
    """A range that holds a value too, with some room beyond it."""
    low, high = ends
    if not math.isfinite(value) or low <= value <= high:
        return ends
    low, high = min(low, value), max(high, value)
    room = 0.05 * (high - low)
    return (low - room * (value == low), high + room * (value == high))


def _contours(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    ranges: Mapping[str, tuple[float, float]],
    names: tuple[str, str],
) -> dict[float, list[NDArray[np.float64]]]:
    density = joint_density(x, y, weights, (ranges[names[0]], ranges[names[1]]))
    return {share: density.contour(share) for share in SHARES}


def _range(posterior: Posterior, parameter: Parameter) -> tuple[float, float]:
    """The outer quantiles and a margin, within the prior."""
    low, high = (posterior.quantile(parameter.name, level) for level in REACH)
    if low == high:
        low, high = low - 0.5, high + 0.5
    margin = 0.06 * (high - low)
    low, high = max(low - margin, parameter.low), min(high + margin, parameter.high)
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _median_words(posterior: Posterior, parameter: Parameter) -> str:
    """The median with its unit, and below it the way to the ends of the 90 % interval."""
    low, high = posterior.interval(parameter.name, QUOTED)
    words = plain_value(posterior.median(parameter.name), low, high)
    value, sign, errors = words.partition(" +" if " +" in words else " ±")
    value, unit = value.replace("-", "−"), unit_text(parameter.unit)
    return f"{value} {unit}".rstrip() + (f"\n{sign.strip()}{errors}" if sign else "")


def _path(loops: Sequence[NDArray[np.float64]]) -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for loop in loops:
        path.moveTo(QPointF(*loop[0]))
        for x, y in loop[1:]:
            path.lineTo(QPointF(x, y))
        path.closeSubpath()
    return path


def _title(parameter: Parameter) -> str:
    """In short lines: a corner plot has little room."""
    return axis_title(parameter.title or parameter.name, parameter.unit, LONGEST_LINE)


def _ignored(event: Any) -> None:
    event.ignore()
