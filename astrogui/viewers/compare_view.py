"""Two answers of one kind side by side: curves over each other, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.posterior import Parameter, Posterior
from astrogui.science.divergence import jensen_shannon_nat, on_common_cells, separation
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.result_text import axis_title, plain_value, table_text
from astrogui.viewers.table_fill import filled
from astrogui.viewers.unit_text import percent_text

LEVEL = 0.68
HEADS = ("quantity", "A", "B", "B − A (σ)", "divergence (nat)")
_PLOT_HEIGHT = 178
LEAST_WIDTH = 175  # of one plot: its title has room below it
_MOST = 12
_TIP = (
    "B − A: difference of the medians in units of the combined width, the root of the sum of the\n"
    "squared half-widths of the 68 % intervals. Divergence: Jensen-Shannon, from 0 (alike) to\n"
    "0.693 nat (nothing in common). Ctrl+C copies."
)

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """One quantity of two answers."""

    title: str
    axis: str
    words: tuple[str, str]
    separation: float
    divergence: float
    curves: tuple[Curve, Curve] | None = None  # None of a class


def compare(first: Posterior, second: Posterior) -> list[Comparison]:
    """The quantities and classes that both answer; a few milliseconds each."""
    names = [parameter.name for parameter in second.parameters]
    found = [
        _compared(parameter, first, second)
        for parameter in first.parameters
        if parameter.name in names
        and math.isfinite(first.median(parameter.name))
        and math.isfinite(second.median(parameter.name))
    ]
    common = [cls for cls in first.classes if cls in second.classes]
    if common and first.class_probability is not None and second.class_probability is not None:
        found += _classes_compared(first, second, common)
    return found


class CompareView(QScrollArea):
    """Shows comparisons; says in words what A and B are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self._shown: list[Comparison] = []
        self._columns = 1
        self._waiting: list[Comparison] = []
        self._spare: list[tuple[Plot, pg.PlotCurveItem, pg.PlotCurveItem]] = []
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._draw_next)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Comparison of two answers")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(8, 6, 8, 6)
        self._names = ("A", "B")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setAccessibleName("What is compared")
        self.graphics = PlotPage()
        self.graphics.setAccessibleName("Curves of both answers")
        self.graphics.ci.layout.setContentsMargins(0, 2, 14, 2)
        # The page scrolls under the wheel.
        self.graphics.wheelEvent = _ignored
        self.table = _Table()
        for widget in (self.words, self.graphics, self.table):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(page)
        self.plots: list[Plot] = []
        self._curves: list[tuple[pg.PlotCurveItem, int]] = []
        self.say("Choose the other answer above.")

    def say(self, words: str) -> None:
        """Words in place of a comparison."""
        self._shown, self._waiting = [], []
        self.words.setText(escape(words))
        self.graphics.hide()
        self.table.hide()

    def show_comparison(self, found: Sequence[Comparison], names: tuple[str, str]) -> None:
        """Draw what ``compare`` found of the answers called ``names``."""
        if not found:
            self.say("These two answers have no quantity in common.")
            return
        self._shown, self._names = list(found), names
        drawn = [one for one in found if one.curves is not None][:_MOST]
        self.graphics.ci.clear()
        pairs = zip(self._curves[::2], self._curves[1::2], strict=True)
        self._spare += [(plot, a[0], b[0]) for plot, (a, b) in zip(self.plots, pairs, strict=True)]
        self.plots, self._curves = [], []
        self._waiting = drawn
        self._columns = self._fitting(len(drawn))
        self.graphics.setFixedHeight(math.ceil(len(drawn) / self._columns) * _PLOT_HEIGHT + 6)
        self.graphics.setVisible(bool(drawn))
        self._turn.start()
        self.table.show_rows([_cells(one) for one in found])
        self.table.show()
        self.set_theme(self._theme)

    @property
    def is_drawing(self) -> bool:
        """Whether plots are still to come: one a turn of the event loop."""
        return bool(self._waiting)

    def text(self) -> str:
        """The comparison as text with tabs."""
        heads = [HEADS[0], *(f"{letter}: {name}" for letter, name in zip("AB", self._names,
                 strict=True)), *HEADS[3:]]  # fmt: skip
        return table_text(heads, [_cells(one) for one in self._shown])

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.graphics.setBackground(theme.panel)
        for at in range(len(self.plots)):
            self._colour(at)
        colours = (theme.series[0], theme.series[1])
        if self._shown:
            told = [
                f"<span style='color:{colour}'><b>{line} {letter}</b></span> {escape(name)}"
                for letter, line, name, colour in zip(
                    "AB", ("━━", "╍╍"), self._names, colours, strict=True
                )
            ]
            self.words.setText("<br>".join(told))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow dock shows one curve below the other."""
        super().resizeEvent(event)
        if self.plots and self._columns != self._fitting(len(self.plots)):
            self._arrange()

    def _fitting(self, count: int) -> int:
        return min(max((self.width() - 30) // LEAST_WIDTH, 1), 3, max(count, 1))

    def _arrange(self) -> None:
        self._columns = self._fitting(len(self.plots))
        self.graphics.ci.clear()
        for i, plot in enumerate(self.plots):
            self.graphics.addItem(plot, row=i // self._columns, col=i % self._columns)
        rows = math.ceil(len(self.plots) / self._columns)
        self.graphics.setFixedHeight(rows * _PLOT_HEIGHT + 6)

    def _draw_next(self) -> None:
        """One plot a turn: each takes some ten milliseconds."""
        if not self._waiting:
            self._turn.stop()
            return
        one = self._waiting.pop(0)
        assert one.curves is not None
        plot, *curves = self._spare.pop() if self._spare else _new_plot()
        plot.set_titles(bottom=one.axis)
        for which, (curve, (x, y)) in enumerate(zip(curves, one.curves, strict=True)):
            curve.setData(x, y)
            self._curves.append((curve, which))
        plot.enableAutoRange()
        at = len(self.plots)
        self.plots.append(plot)
        self._colour(at)
        self.graphics.addItem(plot, row=at // self._columns, col=at % self._columns)

    def _colour(self, at: int) -> None:
        theme = self._theme
        self.plots[at].set_theme(theme)
        for curve, which in self._curves[2 * at : 2 * at + 2]:
            style = Qt.PenStyle.SolidLine if which == 0 else Qt.PenStyle.DashLine
            curve.setPen(pen(theme.colour(theme.series[which]), 1.8, style))


class _Table(QTableWidget):
    """Rows of cells with their heads; Ctrl+C copies all of it."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADS))
        self.setHorizontalHeaderLabels(list(HEADS))
        self.setAccessibleName("How far the two answers are apart")
        self.setToolTip(_TIP)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self._rows: list[tuple[str, ...]] = []

    def show_rows(self, rows: list[tuple[str, ...]]) -> None:
        self._rows = rows
        with filled(self):
            self.setRowCount(len(rows))
            for i, cells in enumerate(rows):
                for column, text in enumerate(cells):
                    self.setItem(i, column, QTableWidgetItem(text))
        scroll = self.horizontalScrollBar().sizeHint().height()
        height = sum(self.rowHeight(i) for i in range(len(rows)))
        self.setFixedHeight(height + self.horizontalHeader().sizeHint().height() + scroll + 4)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(table_text(HEADS, self._rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 80)


def _new_plot() -> tuple[Plot, pg.PlotCurveItem, pg.PlotCurveItem]:
    plot = Plot()
    plot.setMouseEnabled(x=True, y=False)
    plot.getAxis("left").setTicks([[]])
    plot.getAxis("left").setWidth(8)
    plot.getAxis("bottom").setTickDensity(0.6)
    curves = pg.PlotCurveItem(antialias=True), pg.PlotCurveItem(antialias=True)
    for curve in curves:
        plot.addItem(curve)
    return (plot, *curves)


def _compared(parameter: Parameter, first: Posterior, second: Posterior) -> Comparison:
    name = parameter.name
    curves = (curve_of(first, name), curve_of(second, name))
    _, p, q = on_common_cells(*curves)
    bounds = [answer.interval(name, LEVEL) for answer in (first, second)]
    medians = [answer.median(name) for answer in (first, second)]
    halves = [0.5 * (high - low) for low, high in bounds]
    return Comparison(
        title=parameter.title or name,
        axis=axis_title(parameter.title or name, parameter.unit, 20),
        words=(
            plain_value(medians[0], *bounds[0], parameter.unit),
            plain_value(medians[1], *bounds[1], parameter.unit),
        ),
        separation=separation((medians[0], halves[0]), (medians[1], halves[1])),
        divergence=jensen_shannon_nat(p, q) if p.sum() > 0 and q.sum() > 0 else math.nan,
        curves=curves,
    )


def _classes_compared(
    first: Posterior, second: Posterior, common: Sequence[str]
) -> list[Comparison]:
    shares = [np.array([answer.probability(cls) for cls in common]) for answer in (first, second)]
    if not all(np.isfinite(share).all() and share.sum() > 0 for share in shares):
        return []
    apart = jensen_shannon_nat(*shares)
    return [
        Comparison(
            title=f"P({cls})",
            axis="",
            words=(percent_text(float(shares[0][i])), percent_text(float(shares[1][i]))),
            separation=math.nan,
            # One number for all the classes: it stands in the first line.
            divergence=apart if i == 0 else math.nan,
        )
        for i, cls in enumerate(common)
    ]


def _cells(one: Comparison) -> tuple[str, ...]:
    apart = f"{one.separation:+.2f}" if math.isfinite(one.separation) else ""
    nat = f"{one.divergence:.4f}" if math.isfinite(one.divergence) else ""
    return (one.title, *one.words, apart, nat)


def _ignored(event: Any) -> None:
    event.ignore()
