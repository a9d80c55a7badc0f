"""The histogram of an image's values, with the cuts as two lines that can be dragged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage

BINS = 256
HEIGHT = 150  # screen pixels
_TAIL = 0.02  # per cent of the values left out on each side, lest one pixel set the scale


def histogram(
    sample: NDArray[np.float32], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(BINS + 1,) edges and (BINS,) counts of the finite values; the range holds both cuts."""
    values = sample[np.isfinite(sample)].astype(np.float64)
    if not values.size:
        return np.linspace(0.0, 1.0, BINS + 1), np.zeros(BINS)
    least, most = np.percentile(values, [_TAIL, 100.0 - _TAIL])
    span = max(high - low, 1e-30)
    least, most = min(least, low - 0.1 * span), max(most, high + 0.1 * span)
    # The bulk of the pixels stays to be seen: the range is at most some widths of the cuts.
    least, most = max(least, low - 4.0 * span), min(most, high + 4.0 * span)
    counts, edges = np.histogram(values, BINS, (least, most))
    return edges, counts.astype(np.float64)


class CutsHistogram(QWidget):
    """Counts on a logarithmic axis; says the cuts while they are dragged."""

    cuts_dragged = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)
        self._canvas = PlotPage()
        self._canvas.setAccessibleName("Histogram of the pixel values")
        self._canvas.setToolTip("Drag the two lines, or the band between, to set the cuts")
        self._plot = Plot()
        self._plot.getViewBox().setMouseEnabled(x=True, y=False)
        self._canvas.addItem(self._plot)
        self._curve = pg.PlotCurveItem([0.0, 1.0], [0.0], stepMode="center", fillLevel=0.0)
        self._plot.addItem(self._curve)
        self.region = pg.LinearRegionItem(swapMode="block")
        self.region.setZValue(10)
        self._plot.addItem(self.region)
        self.region.sigRegionChanged.connect(self._on_dragged)
        self._is_set = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self.set_theme(LIGHT)

    def show_counts(self, edges: Any, counts: Any, unit: str) -> None:
        """The histogram of another image, or over another range."""
        self._curve.setData(edges, np.log10(counts + 1.0))
        self._plot.setXRange(float(edges[0]), float(edges[-1]), padding=0.0)
        self._plot.setYRange(0.0, float(np.log10(counts.max() + 1.0)) * 1.05 + 0.1, padding=0.0)
        self._plot.set_titles(
            bottom=f"pixel value ({unit})" if unit else "pixel value (no unit in the file)",
            left="log₁₀(1 + pixels)",
        )

    def set_cuts(self, low: float, high: float) -> None:
        """Put the lines where the cuts are, without saying so."""
        self._is_set = True
        self.region.setRegion((low, high))
        self._is_set = False

    def set_theme(self, theme: Theme) -> None:
        self._canvas.setBackground(theme.panel)
        self._plot.set_theme(theme)
        self._curve.setPen(pen(QColor(theme.text)))
        self._curve.setBrush(theme.colour("muted", 0.35))
        self.region.setBrush(theme.colour("accent", 0.18))
        self.region.setHoverBrush(theme.colour("accent", 0.28))
        for line in self.region.lines:
            line.setPen(pen(QColor(theme.accent), 2.0))
            line.setHoverPen(pen(QColor(theme.warning), 3.0))

    def _on_dragged(self) -> None:
        low, high = self.region.getRegion()
        if not self._is_set and high > low:
            self.cuts_dragged.emit(float(low), float(high))
