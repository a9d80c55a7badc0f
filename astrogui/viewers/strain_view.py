"""The strain view: each detector's strain, whitened strain and energy map; the noise spectra."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QToolBar, QWidget

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.strain import Network
from astrogui.viewers.colours import Theme
from astrogui.viewers.gps_time import utc_text
from astrogui.viewers.noise_plot import NoisePlot
from astrogui.viewers.plot import Plot
from astrogui.viewers.strain_panel import PRODUCTS, DetectorPanel
from astrogui.viewers.strain_products import EnergyMap, Products, energy_map, products
from astrogui.viewers.unit_text import interval_text, unit_text
from astrogui.viewers.viewer import Compute, Viewer

MAP_COLUMNS = 700
TITLE_PIXELS = 115  # the height that a plot needs for its axis title
OTHER_PIXELS = 150  # what title, tool bar and time axes take of the height
MAP_DELAY_MS = 200  # a map is computed once the view has rested for this long
_TIME_KEYS = ("gps", "gps_found", "merger_gps", "geocentric_gps", "gps_merger")
# Waveforms in the curves "fitted_h1" ... of a posterior start this long before the merger's arrival
# at the detector.
FIT_BEFORE_S = 0.4
FIT_RATE_HZ = 2048.0


class StrainView(Viewer):
    """Shows the detectors of a network one below the other over one time axis."""

    empty_words = "No strain is shown. Choose strain data in the list, or drop a file here."
    menu_title = "St&rain"

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._network: Network | None = None
        self._panels: list[DetectorPanel] = []
        self._made: dict[tuple[int, str], DetectorPanel] = {}
        self._row: dict[str, Any] = {}
        self._posterior: Posterior | None = None
        self._epoch = 0
        self._stacked = 0  # plots over one another
        self._map_timer = QTimer(self)
        self._map_timer.setSingleShot(True)
        self._map_timer.setInterval(MAP_DELAY_MS)
        self._map_timer.timeout.connect(self._want_maps)
        self._build()
        self.set_theme(self.theme)

    # What is shown --------------------------------------------------------------------------

    @property
    def epoch_gps(self) -> int:
        """The whole GPS second that times are counted from."""
        return self._epoch

    @property
    def panels(self) -> tuple[DetectorPanel, ...]:
        return tuple(self._panels)

    def show_record(self, record: Network) -> None:
        """Show a network; the answer about an earlier one goes."""
        self.forget()
        self._network = record
        self._row, self._posterior = {}, None
        self._epoch = math.floor(min(strain.gps_start for strain in record.strains))
        # Follower and grid let go of the earlier plots before these are dropped.
        self._follow(None)
        self._graphics.ci.clear()
        self._panels = [
            self._panel_of(i, strain.detector) for i, strain in enumerate(record.strains)
        ]
        for panel, strain in zip(self._panels, record.strains, strict=True):
            panel.set_strain(strain, self._epoch)
            panel.set_theme(self.theme)
        self._asd.draw([])
        self._lay_out()
        notes = [
            f"{s.detector}: {note}" if s.detector else note
            for s in record.strains
            for note in s.notes
        ]
        self._notes.setText("  ·  ".join(dict.fromkeys(notes)))
        self._notes.setVisible(bool(notes))
        self._write_title()
        self.show_content()
        self.show_all()
        for i, strain in enumerate(record.strains):
            self.ask(f"products:{i}", self._on_products, _numbered_products, i, strain)

    def set_answer(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        """Mark the merger, and say the masses in words."""
        self._row, self._posterior = dict(row), posterior
        gps = self.merger_gps
        for panel in self._panels:
            at = self._arrival(panel.detector)
            panel.set_merger(at)
            curves = posterior.curves if posterior is not None else {}
            fitted = curves.get(f"fitted_{panel.detector.lower()}")
            panel.set_fit(fitted, (at or 0.0) - FIT_BEFORE_S, FIT_RATE_HZ)
        self._event.setEnabled(gps is not None)
        self._write_title()
        if gps is not None:
            self.show_event()

    def show_answers(self, answers: list[tuple[dict[str, Any], Posterior | None]]) -> None:
        if answers:
            self.set_answer(*answers[0])

    def clear(self) -> None:
        self._network = None
        self._panels = []
        self._graphics.clear()
        super().clear()

    @property
    def merger_gps(self) -> float | None:
        """When the merger was, from the row."""
        return self._time(*_TIME_KEYS)

    def _arrival(self, detector: str) -> float | None:
        """When it reached a detector; the network's time where that is not known."""
        return self._time(f"gps_{detector.lower()}", *_TIME_KEYS)

    def _time(self, *names: str) -> float | None:
        extras = self._posterior.extras if self._posterior is not None else {}
        for name in names:
            for cells in (self._row, extras):
                value = cells.get(name)
                if value is not None and math.isfinite(float(value)):
                    return float(value)
        return None

    def show_all(self) -> None:
        """All the time there is."""
        if self._network is None:
            return
        low = min(strain.gps_start for strain in self._network.strains)
        high = max(strain.gps_end for strain in self._network.strains)
        self._set_span(low, high)

    def show_event(self) -> None:
        """Half a second about the merger."""
        gps = self.merger_gps
        if gps is not None:
            self._set_span(gps - 0.4, gps + 0.15)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._graphics.setBackground(theme.panel)
        for panel in self._panels:
            panel.set_theme(theme)
        self._asd.set_theme(theme)
        self._write_title()

    def _panel_of(self, i: int, detector: str) -> DetectorPanel:
        """Plots take 10 ms each to make: the next record of a detector gets those of the last."""
        if (i, detector) not in self._made:
            self._made[i, detector] = DetectorPanel(detector)
        return self._made[i, detector]

    def awaits(self, prefix: str = "") -> int:
        """A map that waits for the view to rest is under way too."""
        resting = self._map_timer.isActive() and "map:".startswith(prefix)
        return super().awaits(prefix) + int(resting)

    # Building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self._title = QLabel()
        self._title.setAccessibleName("Detectors, time and answer")
        self._title.setTextFormat(Qt.TextFormat.RichText)
        self._title.setWordWrap(True)
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._notes = QLabel()
        self._notes.setWordWrap(True)
        self._notes.setAccessibleName("Remarks of the reader")
        self._body.addWidget(self._title)
        self._body.addWidget(self._tool_bar())
        self._body.addWidget(self._notes)
        self._graphics = pg.GraphicsLayoutWidget(self)
        self._graphics.setAccessibleName("Strain")
        self._graphics.setAcceptDrops(False)
        self._graphics.ci.layout.setSpacing(2)
        self._graphics.ci.layout.setContentsMargins(2, 2, 4, 2)
        self._body.addWidget(self._graphics, 1)
        self._asd = NoisePlot()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _tool_bar(self) -> QToolBar:
        bar = QToolBar(self)
        self._shown: dict[str, QAction] = {}
        for name, title, key, tip in (
            ("strain", "Strain", "T", "High-passed strain over time"),
            ("whitened", "Whitened", "W", "Strain divided by its noise, in standard deviations"),
            ("map", "Energy map", "Q", "Energy over time and frequency, per mean noise energy"),
            ("asd", "Noise", "N", "Amplitude spectral density of each detector"),
        ):
            action = self._action(bar, title, key, tip)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self._lay_out)
            self._shown[name] = action
        bar.addSeparator()
        self._action(bar, "All", "A", "All the time there is").triggered.connect(self.show_all)
        self._event = self._action(bar, "Merger", "G", "Half a second about the merger")
        self._event.triggered.connect(self.show_event)
        self._event.setEnabled(False)
        for title, key, factor_slot in (("+", "+", self._closer), ("−", "-", self._farther)):
            tip = "Shorter time" if title == "+" else "Longer time"
            self._action(bar, title, key, tip).triggered.connect(factor_slot)
        return bar

    def _action(self, bar: QToolBar, title: str, key: str, tip: str) -> QAction:
        action = QAction(title, self)
        action.setShortcut(key)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(f"{tip} ({key})")
        bar.addAction(action)
        self.addAction(action)
        return action

    def _lay_out(self) -> None:
        """Put the plots that are wanted into the grid, the time axis written once."""
        layout = self._graphics.ci
        layout.clear()
        wanted = [p for p in PRODUCTS if self._shown[p].isChecked()]
        stacked = [panel.plots[p] for panel in self._panels for p in wanted]
        kinds = [p for _ in self._panels for p in wanted]
        for panel in self._panels:
            panel.show_quality_in(wanted[0] if wanted else "")
        for row, (plot, kind) in enumerate(zip(stacked, kinds, strict=True)):
            layout.addItem(plot, row=row, col=0)
            layout.layout.setRowStretchFactor(row, 4 if kind == "map" else 3)
            self._lay_out_axes(plot, row == 0, row == len(stacked) - 1)
            if row:
                plot.setXLink(stacked[0])
        for row in range(len(stacked), 16):
            layout.layout.setRowStretchFactor(row, 0)
        if self._shown["asd"].isChecked() and self._panels:
            layout.addItem(self._asd, row=0, col=1, rowspan=max(len(stacked), 1))
        layout.layout.setColumnStretchFactor(0, 2 if stacked else 0)
        layout.layout.setColumnStretchFactor(1, 1)
        self._stacked = len(stacked)
        self._fit_titles()
        self._follow(stacked[0] if stacked else None)

    def _fit_titles(self) -> None:
        """Axis titles in full only where the plots are tall enough for them."""
        short = self.height() - OTHER_PIXELS < self._stacked * TITLE_PIXELS
        for panel in self._panels:
            panel.shorten_titles(short)

    def _lay_out_axes(self, plot: Plot, first: bool, last: bool) -> None:
        plot.showAxis("top", first)
        plot.getAxis("bottom").setStyle(showValues=last)
        if first:
            plot.set_titles(top="UTC")
        if last:
            plot.set_titles(bottom=f"time since GPS {self._epoch} ({utc_text(self._epoch)}) (s)")
        else:
            plot.getAxis("bottom").showLabel(False)
        plot.getAxis("bottom").setHeight(None if last else 6)

    def _follow(self, plot: Plot | None) -> None:
        """Redraw when the time axis of this plot moves."""
        leader = getattr(self, "_leader", None)
        if leader is not None:
            leader.sigXRangeChanged.disconnect(self._on_range)
        self._leader = plot.getViewBox() if plot is not None else None
        if self._leader is not None:
            self._leader.sigXRangeChanged.connect(self._on_range)
            self._on_range()

    # Drawing --------------------------------------------------------------------------------

    def _set_span(self, low_gps: float, high_gps: float) -> None:
        if self._leader is not None:
            self._leader.setXRange(low_gps - self._epoch, high_gps - self._epoch, padding=0)

    def _on_range(self, *_: object) -> None:
        if self._leader is None:
            return
        low, high = self._leader.viewRange()[0]
        steps = max(int(self._leader.width()), 200)
        for panel in self._panels:
            panel.draw(low, high, steps)
        self._map_timer.start()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if self._network is not None:
            self._fit_titles()
            self._on_range()

    def _want_maps(self) -> None:
        if self._leader is None or not self._shown["map"].isChecked():
            return
        low, high = self._leader.viewRange()[0]
        for i, panel in enumerate(self._panels):
            series = panel.products.whitened if panel.products is not None else None
            if series is None:
                continue
            span = (low + self._epoch, high + self._epoch)
            self.ask(f"map:{i}", self._on_map, _numbered_map, i, series, *span)

    def _on_map(self, result: tuple[int, EnergyMap | None]) -> None:
        i, energy = result
        self._panels[i].show_map(energy)

    def _on_products(self, result: tuple[int, Products]) -> None:
        i, made = result
        panel = self._panels[i]
        panel.set_products(made)
        self._asd.draw([panel.products for panel in self._panels])
        if self._leader is not None:
            self._on_range()

    def on_failed(self, key: str, error: BaseException) -> None:
        """One detector that cannot be whitened does not hide the others."""
        kind, _, number = key.partition(":")
        if kind in {"products", "map"} and number:
            corner = "map" if kind == "map" else "whitened"
            panel = self._panels[int(number)]
            panel.corners[corner].set_words(f"{panel.detector}  failed: {error}", "warning")
            return
        super().on_failed(key, error)

    def _closer(self) -> None:
        self._scale(0.5)

    def _farther(self) -> None:
        self._scale(2.0)

    def _scale(self, factor: float) -> None:
        if self._leader is not None:
            self._leader.scaleBy(x=factor)

    # Words ----------------------------------------------------------------------------------

    def _write_title(self) -> None:
        network = self._network
        if network is None:
            return
        names = ", ".join(name or "unknown detector" for name in network.detectors)
        rates = sorted({strain.sample_rate_hz for strain in network.strains})
        shared = network.gps_end - network.gps_start
        parts = [
            f"<b>{escape(names)}</b>",
            f"GPS {network.gps_start:.10g} ({utc_text(network.gps_start)})",
            f"{shared:g} s at {', '.join(f'{rate:g}' for rate in rates)} Hz",
            *self.answer_words(),
        ]
        text = " &nbsp;·&nbsp; ".join(parts)
        flags = self._posterior.flags if self._posterior is not None else Flag.NONE
        if flags:
            words = escape("; ".join(flags.words()))
            text += f" &nbsp;<span style='color:{self.theme.warning}'>⚠ {words}</span>"
        self._title.setText(text)

    def answer_words(self) -> list[str]:
        """The first three parameters with their 90 % intervals."""
        if self._posterior is None:
            return []
        words = []
        for parameter in self._posterior.parameters[:3]:
            value = self._posterior.value(parameter.name)
            if math.isfinite(value):
                low, high = self._posterior.interval(parameter.name, 0.9)
                unit = unit_text(parameter.unit)
                words.append(
                    f"{escape(parameter.title)} {interval_text(value, low, high)} {unit}".rstrip()
                    + " (90 %)"
                )
        return words


def _numbered_products(number: int, strain: Any) -> tuple[int, Products]:
    return number, products(strain)


def _numbered_map(
    number: int, series: Any, low_gps: float, high_gps: float
) -> tuple[int, EnergyMap | None]:
    return number, energy_map(series, low_gps, high_gps, MAP_COLUMNS)
