"""How the values of a column are distributed; a stretch of them can be selected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.point_cloud import limits, logarithm
from astrogui.viewers.select_box import SelectBox, how_of
from astrogui.viewers.viewer import Compute, Viewer

Array = NDArray[np.float64]
MOST_BINS, LEAST_BINS = 120, 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histogram:
    edges: Array  # (n + 1,)
    counts: NDArray[np.int64]  # (n,)
    chosen: NDArray[np.int64]  # (n,) of the selected rows


class HistogramView(Viewer):
    """``chosen`` carries the rows (n,) of the stretch that was drawn."""

    chosen = Signal(object, str)

    empty_words = "Choose a column."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._values: Array = np.zeros(0)
        self._selected: NDArray[np.bool_] | None = None
        self.histogram: Histogram | None = None
        self._log_y = False
        self._box = SelectBox()
        self._box.tool = "box"
        self._box.setMouseEnabled(x=True, y=False)
        self.plot = Plot(view=self._box)
        self._canvas = PlotPage()
        self._canvas.addItem(self.plot)
        self._body.addWidget(self._canvas)
        self._all = pg.PlotDataItem(stepMode="center", fillLevel=0)
        self._lit = pg.PlotDataItem(stepMode="center", fillLevel=0)
        self.plot.addItem(self._all)
        self.plot.addItem(self._lit)
        self._box.drawn.connect(self._on_drawn)
        self.set_theme(self.theme)

    def show_values(
        self, values: Array, title: str, log_x: bool = False, log_y: bool = False
    ) -> None:
        """Count these values (n,); NaN is left out."""
        shown = logarithm(values) if log_x else values
        assert shown is not None
        self._values, self._log_y, self._selected = shown, log_y, None
        self.plot.getAxis("bottom").setLogMode(log_x)
        self.plot.getAxis("left").setLogMode(log_y)
        self.plot.set_titles(bottom=title, left="rows")
        self.show_content()
        self._count()

    def show_selected(self, mask: NDArray[np.bool_] | None) -> None:
        self._selected = mask
        self._count()

    def set_tool(self, tool: str) -> None:
        self._box.tool = tool

    def show_all(self) -> None:
        self._box.setXRange(*limits(self._values), padding=0)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._canvas.setBackground(QColor(theme.ground))
        self.plot.set_theme(theme)
        self._box.set_pen(pen(theme.colour("accent"), 1.5))
        self._all.setPen(pen(theme.colour("accent"), 1.2))
        self._all.setFillBrush(theme.colour("accent", 0.3))
        self._lit.setPen(pen(theme.colour("warning"), 1.2))
        self._lit.setFillBrush(theme.colour("warning", 0.6))

    def _count(self) -> None:
        self.ask("histogram", self._on_counted, histogram_of, self._values, self._selected)

    def _on_counted(self, histogram: Histogram | None) -> None:
        self.histogram = histogram
        if histogram is None:
            self.show_words("No row has a value in this column.")
            return
        self.show_content()
        self._all.setData(histogram.edges, self._height(histogram.counts))
        self._lit.setData(histogram.edges, self._height(histogram.chosen))
        self._lit.setVisible(bool(histogram.chosen.any()))
        self._box.setRange(
            xRange=(histogram.edges[0], histogram.edges[-1]),
            yRange=(0, 1.05 * float(self._height(histogram.counts).max())),
            padding=0.01,
        )

    def _height(self, counts: NDArray[np.int64]) -> Array:
        """A logarithmic axis begins at one row: none at all stand at its foot."""
        return np.log10(np.maximum(counts, 1)) if self._log_y else counts.astype(float)

    def _on_drawn(self, corners: Array, modifiers: Any) -> None:
        low, high = corners[:, 0].min(), corners[:, 0].max()
        self.chosen.emit((self._values >= low) & (self._values <= high), how_of(modifiers))


def histogram_of(values: Array, chosen: NDArray[np.bool_] | None) -> Histogram | None:
    """Counts in bins after Freedman and Diaconis 1981, within limits; None without values."""
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    quarter = np.subtract(*np.quantile(known[:: max(known.size // 200_000, 1)], (0.75, 0.25)))
    width = 2 * quarter / np.cbrt(known.size)
    count = int(np.clip((high - low) / width, LEAST_BINS, MOST_BINS)) if width > 0 else LEAST_BINS
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, count + 1)
    counts, _ = np.histogram(known, edges)
    lit = np.zeros(count, np.int64)
    if chosen is not None and chosen.any():
        some = values[chosen]
        lit, _ = np.histogram(some[np.isfinite(some)], edges)
    return Histogram(edges=edges, counts=counts, chosen=lit)
