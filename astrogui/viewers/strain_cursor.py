"""The cross-hair of the strain view: one time in every plot, values with units, and distances."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal

from astrogui.viewers.gps_time import clock_text
from astrogui.viewers.noise_plot import NoisePlot
from astrogui.viewers.strain_layout import PlotGrid
from astrogui.viewers.strain_plot import SERIES, UNITS, StrainPlot

FRAME_MS = 15  # the cross-hair follows the mouse at most so often
NAMES = {"raw": "raw", "strain": "strain", "whitened": "whitened", "band": "in band"}


class StrainCursor(QObject):
    """Follows the mouse over a grid of plots; measures the time between two clicks."""

    words_changed = Signal(str)

    def __init__(self, grid: PlotGrid, noise: NoisePlot, views: Sequence[pg.GraphicsView]) -> None:
        super().__init__(grid)
        self._grid, self._noise = grid, noise
        self.shows_cross = True
        self.measures = False
        self.ends: list[float] = []  # clicked times, seconds since the epoch: none, one or two
        self._place: QPointF | None = None
        self._over_noise = False  # whether that place is in the scene of the noise
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._move)
        for view in views:
            view.viewport().installEventFilter(self)
            view.scene().sigMouseMoved.connect(self._on_moved)
        grid.graphics.scene().sigMouseClicked.connect(self._on_clicked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._place = None
            self._move()
        return super().eventFilter(watched, event)

    def show_cross(self, shown: bool) -> None:
        self.shows_cross = shown
        self._move()

    def measure(self, wanted: bool) -> None:
        """Begin to measure, or stop and take the lines away."""
        self.measures, self.ends = wanted, []
        self._grid.graphics.setCursor(
            Qt.CursorShape.CrossCursor if wanted else Qt.CursorShape.ArrowCursor
        )
        self._draw_ends(None)
        self.words_changed.emit("Click at two times." if wanted else "")

    def forget(self) -> None:
        """Another record: nothing is measured in it yet."""
        self.ends = []
        self._draw_ends(None)
        self._cross(math.nan)

    def measured_words(self) -> str:
        """The time between the two clicks and its inverse."""
        if len(self.ends) < 2:
            return ""
        apart = abs(self.ends[1] - self.ends[0])
        text = f"Δt = {1e3 * apart:.3f} ms" if apart < 1 else f"Δt = {apart:.4f} s"
        return f"{text}  ·  1/Δt = {1 / apart:.4g} Hz" if apart > 0 else text

    # Following the mouse --------------------------------------------------------------------

    def _on_moved(self, place: QPointF) -> None:
        self._over_noise = self.sender() is self._noise.scene()
        self._place = place
        if not self._timer.isActive():
            self._timer.start()

    def _move(self) -> None:
        found = self._under(self._place)
        if found is None:
            self._cross(math.nan)
            self.words_changed.emit(self.measured_words())
            return
        plot, x, y = found
        if plot is self._noise:
            self._cross(math.nan)
            self._noise.cross.set_place(*((x, y) if self.shows_cross else (math.nan, math.nan)))
            self.words_changed.emit(self._noise_words(10**x))
            return
        assert isinstance(plot, StrainPlot)
        self._cross(x if self.shows_cross else math.nan, plot, y)
        if self.measures and len(self.ends) == 1:
            self._draw_ends(x)
        parts = [self.measured_words(), *self._time_words(x), *self._value_words(plot, x, y)]
        self.words_changed.emit("  ·  ".join(part for part in parts if part))

    def _under(self, place: QPointF | None) -> tuple[pg.PlotItem, float, float] | None:
        """The plot under a place of the scene, and the place in its coordinates."""
        if place is None:
            return None
        plots: Sequence[pg.PlotItem] = [self._noise] if self._over_noise else self._grid.plots
        for plot in plots:
            view = plot.getViewBox()
            if view.sceneBoundingRect().contains(place):
                inside = view.mapSceneToView(place)
                return plot, inside.x(), inside.y()
        return None

    def _cross(self, x: float, over: StrainPlot | None = None, y: float = math.nan) -> None:
        self._noise.cross.set_place(math.nan)
        for plot in self._grid.plots:
            plot.cross.set_place(x, y if plot is over else math.nan)

    # Measuring ------------------------------------------------------------------------------

    def _on_clicked(self, event: object) -> None:
        if not self.measures or event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        self._over_noise = False
        found = self._under(event.scenePos())  # type: ignore[attr-defined]
        if found is None:
            return
        event.accept()  # type: ignore[attr-defined]
        self.ends = [found[1]] if len(self.ends) != 1 else [self.ends[0], found[1]]
        self._draw_ends(None)
        self.words_changed.emit(self.measured_words() or "Click at the second time.")

    def _draw_ends(self, moving: float | None) -> None:
        """Shade what is measured, up to the mouse while the second end is open."""
        ends = [*self.ends, moving] if moving is not None else list(self.ends)
        spans = [(min(ends), max(ends))] if ends else []
        for plot in self._grid.plots:
            plot.measured.set_spans(spans)

    # Words ----------------------------------------------------------------------------------

    def _time_words(self, x: float) -> list[str]:
        panels = self._grid.panels
        if not panels:
            return []
        gps = panels[0].epoch + x
        words = [f"GPS {gps:.4f}", f"{clock_text(gps, 4)} UTC"]
        merger = panels[0].merger_gps
        if merger is not None and abs(gps - merger) < 100:
            words.append(f"merger {_signed(1e3 * (gps - merger), 2)} ms")
        return words

    def _value_words(self, plot: StrainPlot, x: float, y: float) -> list[str]:
        """The values of every detector at this time, in the kind of plot under the mouse."""
        if plot.product == "quality":
            return [plot.bars.words_at(x, y)]
        if plot.product == "map":
            return [f"{10**y:.4g} Hz", *self._map_words(x, 10**y)]
        words = []
        for panel in self._grid.panels:
            value = panel.value_at(plot.product, x) if plot.product in SERIES else math.nan
            if math.isfinite(value):
                unit = UNITS[plot.kind]
                words.append(
                    f"{panel.name} {NAMES[plot.product]} {value:.3g} {unit}".replace("-", "−")
                )
        return words

    def _map_words(self, x: float, frequency_hz: float) -> list[str]:
        words = []
        for panel in self._grid.panels:
            if panel.map is None:
                continue
            value = panel.map.at(x - panel.shift_s + panel.epoch, frequency_hz)
            if not math.isfinite(value):
                continue
            density = panel.map.kind == "density"
            words.append(
                f"{panel.name} {10**value:.2e} /√Hz"
                if density
                else f"{panel.name} {value:.1f} × noise"
            )
        return words

    def _noise_words(self, frequency_hz: float) -> str:
        values = self._noise.values_at(frequency_hz)
        parts = [f"{name} {value:.3g} /√Hz" for name, value in values.items()]
        return "  ·  ".join([f"{frequency_hz:.4g} Hz", *parts])


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")
