"""Positions on the whole sky, in Mollweide's or Aitoff's map, east to the left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import pen
from astrogui.viewers.point_cloud import aitoff, mollweide
from astrogui.viewers.scatter_view import Points, ScatterView
from astrogui.viewers.viewer import Compute

Array = NDArray[np.float64]
MAPS = {"Mollweide": mollweide, "Aitoff": aitoff}
MERIDIANS = tuple(range(-180, 181, 30))
PARALLELS = (-60, -30, 0, 30, 60)


class SkyPlot(ScatterView):
    """``Points`` with x as right ascension and y as declination, in degrees."""

    empty_words = "No row has a position."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        self._map = "Mollweide"
        self._lines: list[pg.PlotDataItem] = []
        self._labels: list[pg.TextItem] = []
        super().__init__(compute, parent)
        self._box.setAspectLocked(True)
        for name in ("left", "bottom"):
            self.plot.getAxis(name).hide()
        self._draw_grid()

    def set_map(self, name: str) -> None:
        """ "Mollweide" or "Aitoff"."""
        if name not in MAPS:
            raise ValueError(f"a map is one of {', '.join(MAPS)}, got {name!r}")
        self._map = name
        self._draw_grid()
        if self.points is not None:
            self.show_points(self.points)

    def show_points(self, points: Points, keeps_range: bool = False) -> None:
        super().show_points(
            replace(points, x_bounds=None, y_bounds=None, log_x=False, log_y=False), keeps_range
        )

    def show_all(self) -> None:
        self._box.setRange(xRange=(-190, 190), yRange=(-96, 96), padding=0, disableAutoRange=True)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._draw_grid()

    def _placed(self, points: Points) -> tuple[Array, Array]:
        x, y = MAPS[self._map](points.x, points.y)
        bad = ~(np.isfinite(points.x) & (np.abs(points.y) <= 90))
        return np.where(bad, np.nan, x), np.where(bad, np.nan, y)

    def _show_axes(self, points: Points) -> None:
        """The grid says what the axes would."""
        del points

    def _draw_grid(self) -> None:
        for item in (*self._lines, *self._labels):
            self.plot.removeItem(item)
        self._lines, self._labels = [], []
        project = MAPS[self._map]
        line = pen(self.theme.colour("line", 0.8), 1.0)
        steps = np.linspace(-89.999, 89.999, 121)
        for meridian in MERIDIANS:
            edge = np.clip(meridian, -179.999, 179.999)
            self._add_line(*project(np.full(steps.size, edge), steps), line)
            if -180 < meridian < 180:
                self._add_label(f"{meridian % 360}°", *project(np.array([edge]), np.array([0.0])))
        across = np.linspace(-179.999, 179.999, 181)
        for parallel in PARALLELS:
            self._add_line(*project(across, np.full(across.size, float(parallel))), line)
            if parallel:
                text = f"{'+' if parallel > 0 else chr(0x2212)}{abs(parallel)}°"
                self._add_label(text, *project(np.array([179.9]), np.array([float(parallel)])))

    def _add_line(self, x: Array, y: Array, line: object) -> None:
        item = pg.PlotDataItem(x, y, pen=line)
        item.setZValue(-20)
        self.plot.addItem(item, ignoreBounds=True)
        self._lines.append(item)

    def _add_label(self, text: str, x: Array, y: Array) -> None:
        ground = self.theme.colour(self.theme.ground, 0.75)  # readable on a dense map
        item = pg.TextItem(text, color=self.theme.colour("text"), anchor=(0.5, 1.0), fill=ground)
        item.setPos(float(x[0]), float(y[0]))
        item.setZValue(5)
        self.plot.addItem(item, ignoreBounds=True)
        self._labels.append(item)
