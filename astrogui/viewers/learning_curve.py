"""How a training goes: the loss round by round, and how much of what was left out is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.viewer import Compute, Viewer

ROOM_FOR_LEGEND = 1.6  # of the largest loss: two lines of words over the curves


class LearningCurve(Viewer):
    """Two plots over the rounds, which grow while the network learns; a line at each new stage."""

    empty_words = "Label rows of images in the Annotate panel, then train."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self.points: list[dict[str, Any]] = []
        self.loss, self.right = Plot(), Plot()
        self._page = PlotPage()
        self._page.addItem(self.loss, row=0, col=0)
        self._page.addItem(self.right, row=1, col=0)
        self._body.addWidget(self._page, 1)
        self.loss.set_titles(left="Loss (nat)")
        self.right.set_titles(left="Right (%)", bottom="Round")
        self.right.setXLink(self.loss)
        self._seen, self._left = pg.PlotDataItem(), pg.PlotDataItem()
        self._share = pg.PlotDataItem()
        self._stages: list[pg.InfiniteLine] = []
        self.loss.addItem(self._seen)
        self.loss.addItem(self._left)
        self.right.addItem(self._share)
        self._legend = self.loss.addLegend(offset=(-8, 6))
        self._legend.addItem(self._seen, "labels learned from")
        self._legend.addItem(self._left, "labels left out")
        self.set_theme(self.theme)

    def begin(self) -> None:
        """Forget the training before."""
        self.points = []
        for line in self._stages:
            line.getViewBox().removeItem(line)
        self._stages = []
        self._draw()

    def add_point(self, point: Mapping[str, Any]) -> None:
        """One round more, as `training.fine_tune.Progressed` has it."""
        if self.points and point["stage"] != self.points[-1]["stage"]:
            for plot in (self.loss, self.right):
                line = pg.InfiniteLine(
                    pos=float(point["step"]) - 0.5, pen=pen(QColor(self.theme.muted), 1.0)
                )
                plot.addItem(line)
                self._stages.append(line)
        self.points.append(dict(point))
        self._draw()
        self.show_content()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._page.setBackground(QColor(theme.ground))
        for plot in (self.loss, self.right):
            plot.set_theme(theme)
        self._seen.setPen(pen(theme.colour("muted"), 1.6, Qt.PenStyle.DashLine))
        self._left.setPen(pen(theme.colour("accent"), 2.0))
        self._share.setPen(pen(theme.colour("accent"), 2.0))
        for item in (self._left, self._share):
            item.setSymbol("o")
            item.setSymbolSize(5)
            item.setSymbolBrush(theme.colour("accent"))
            item.setSymbolPen(None)
        self._legend.setBrush(QColor(theme.ground))
        for _, label in self._legend.items:
            label.setText(label.text, color=theme.text)
        for line in self._stages:
            line.setPen(pen(QColor(theme.muted), 1.0))

    def _draw(self) -> None:
        step = np.array([point["step"] for point in self.points], float)
        for item, name, scale in (
            (self._seen, "loss", 1.0),
            (self._left, "left_out_loss", 1.0),
            (self._share, "left_out_right", 100.0),
        ):
            item.setData(step, scale * np.array([point[name] for point in self.points], float))
        if self.points:
            self.loss.setXRange(0.5, self.points[-1]["of"] + 0.5, padding=0)
            high = max(max(p["loss"], p["left_out_loss"]) for p in self.points)
            self.loss.setYRange(0, ROOM_FOR_LEGEND * high, padding=0)
        self.right.setYRange(0, 105, padding=0)
