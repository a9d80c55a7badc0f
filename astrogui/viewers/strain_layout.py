"""Where the plots of a strain view stand, and the time axis that they share."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from astrogui.viewers.gps_time import utc_text
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.strain_panel import DetectorPanel
from astrogui.viewers.strain_plot import PRODUCTS, StrainPlot

LEAST_PIXELS = 62  # of height that a plot gets before the view scrolls
TITLE_PIXELS = 115  # the height that a plot needs for its axis title in full
LAST_PIXELS = 44  # what the time axis takes below the last plot
AXES_PIXELS = 76  # what the time axes take at top and bottom
COLUMN_PIXELS = 300  # of width that a detector needs beside others


class PlotGrid(QScrollArea):
    """Detectors one below the other or side by side, all over the same time; a plot beside them.

    The plots are drawn in one scene; where they would become too low, the area scrolls.
    """

    span_changed = Signal(float, float)  # seconds since the epoch, of every plot

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.graphics = PlotPage()
        self.graphics.setAccessibleName("Strain")
        self.graphics.ci.layout.setSpacing(2)
        self.graphics.ci.layout.setContentsMargins(2, 2, 4, 2)
        self.setWidget(self.graphics)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plots: list[StrainPlot] = []  # those on screen, the leading one first
        self.columns = 1
        self._rows = 0
        self.panels: Sequence[DetectorPanel] = ()  # in the order of the stack
        self._link = _TimeLink(self)

    @property
    def leader(self) -> pg.ViewBox | None:
        """The view box of the first plot: its range is everyone's."""
        return self.plots[0].getViewBox() if self.plots else None

    @property
    def span(self) -> tuple[float, float]:
        """Seconds since the epoch at the ends of the time axis."""
        if self.leader is None:
            return (0.0, 1.0)
        low, high = self.leader.viewRange()[0]
        return float(low), float(high)

    @property
    def steps(self) -> int:
        """Pixels along the time axis."""
        return max(int(self.leader.width()), 200) if self.leader is not None else 200

    def empty(self) -> None:
        """Take every plot away, before any is dropped."""
        self._link.follow([])
        self.graphics.ci.clear()
        self.plots = []

    def arrange(
        self,
        panels: Sequence[DetectorPanel],
        shown: Sequence[Sequence[str]],
        abreast: bool,
    ) -> None:
        """Show products ``shown`` of each panel, in columns where they stand abreast."""
        span = self.span if self.plots else None
        self.empty()
        columns = [
            [panel.make(product) for product in PRODUCTS if product in wanted]
            for panel, wanted in zip(panels, shown, strict=True)
        ]
        self.panels = panels
        columns = [column for column in columns if column]
        if not abreast:
            columns = [[plot for column in columns for plot in column]] if columns else []
        self.columns = max(len(columns), 1)
        self._rows = max((len(column) for column in columns), default=0)
        with self.graphics.laid_out_once():
            for place, column in enumerate(columns):
                for row, plot in enumerate(column):
                    self.graphics.ci.addItem(plot, row=row, col=place)
                    self._dress_axes(plot, row == 0, row == len(column) - 1)
            self.plots = [plot for column in columns for plot in column]
            self._stretch(columns)
        for panel, wanted in zip(panels, shown, strict=True):
            panel.show_quality_in(next((p for p in PRODUCTS if p in wanted), ""))
        self._link.follow([plot.getViewBox() for plot in self.plots])
        for plot in self.plots:
            if span is not None:  # a plot that comes anew has a range of its own
                plot.setXRange(*span, padding=0)
        self.fit()

    def _stretch(self, columns: list[list[StrainPlot]]) -> None:
        layout = self.graphics.ci.layout
        for row in range(20):
            here = [column[row] for column in columns if row < len(column)]
            kinds = {plot.product for plot in here}
            bars = kinds == {"quality"}
            tall = max((plot.bars_height + LAST_PIXELS * plot.is_last for plot in here), default=0)
            factor = 4 if "map" in kinds else 3
            layout.setRowStretchFactor(row, 0 if bars or not kinds else factor)
            layout.setRowMinimumHeight(row, tall if bars else 0)
            layout.setRowMaximumHeight(row, tall if bars else 16_777_215)
        for column in range(5):
            layout.setColumnStretchFactor(column, int(column < len(columns)))

    def _dress_axes(self, plot: StrainPlot, first: bool, last: bool) -> None:
        plot.showAxis("top", first)
        plot.getAxis("bottom").setStyle(showValues=last)
        if first:
            plot.set_titles(top="UTC")
        if not last:
            plot.getAxis("bottom").showLabel(False)
        plot.getAxis("bottom").setHeight(None if last else 6)
        plot.is_last = last

    def prefers_columns(self, shown: Sequence[Sequence[str]]) -> bool:
        """Whether plots would be too low one below the other, and are wide enough side by side."""
        there = [kinds for kinds in shown if kinds]
        needed = sum(len(kinds) for kinds in there) * LEAST_PIXELS + AXES_PIXELS
        wide = self.width() >= COLUMN_PIXELS * len(there)
        return len(there) > 1 and needed > self.height() and wide

    def title_time(self, words: str, short: str, origin_s: float) -> None:
        """The title of the time axes, and where in seconds since the epoch they have their zero.

        ``short`` stands where columns leave little room.
        """
        for plot in self.plots:
            plot.time_axis.set_origin(origin_s)
            if plot.is_last:
                plot.set_titles(bottom=short if self.columns > 1 else words)

    def fit(self) -> None:
        """Give every plot a legible height, and short titles where there is little."""
        bars = [plot.bars_height for plot in self.plots if plot.product == "quality"]
        tall_bars = sum(bars) // self.columns
        others = self._rows - len(bars) // self.columns
        needed = others * LEAST_PIXELS + tall_bars + AXES_PIXELS if self._rows else 0
        self.graphics.setMinimumHeight(needed)
        tall = max(self.height(), needed) - AXES_PIXELS - tall_bars
        for plot in self.plots:
            plot.shorten_titles(tall < others * TITLE_PIXELS)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.fit()

    def set_span(self, low: float, high: float) -> None:
        """Show these seconds since the epoch in every plot."""
        if self.leader is not None and high > low:
            self.leader.setXRange(low, high, padding=0)


class _TimeLink(QObject):
    """Keeps the time range of all plots the same, whichever is moved.

    pyqtgraph's own links match pixels rather than times, which differ side by side.
    """

    def __init__(self, grid: PlotGrid) -> None:
        super().__init__(grid)
        self._grid = grid
        self._views: list[pg.ViewBox] = []
        self._moving = False

    def follow(self, views: list[pg.ViewBox]) -> None:
        for view in self._views:
            view.sigXRangeChanged.disconnect(self._on_range)
        self._views = views
        for view in views:
            view.sigXRangeChanged.connect(self._on_range)

    def _on_range(self, view: pg.ViewBox, span: tuple[float, float]) -> None:
        if self._moving:
            return
        self._moving = True
        for other in self._views:
            if other is not view:
                other.setXRange(*span, padding=0)
        self._moving = False
        self._grid.span_changed.emit(float(span[0]), float(span[1]))


def time_titles(epoch: int, merger_gps: float | None) -> tuple[str, str]:
    """What the time axis counts from, in full and in short."""
    if merger_gps is None:
        return f"time since GPS {epoch} ({utc_text(epoch)}) (s)", f"GPS − {epoch} (s)"
    full = f"time after the merger at GPS {merger_gps:.4f} ({utc_text(merger_gps, 3)}) (s)"
    return full, "time − merger (s)"
