"""The ringdown of a merger: a damped sinusoid after a start that can be dragged, beside theory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGraphicsPathItem,
    QHBoxLayout,
    QLabel,
    QToolBar,
    QWidget,
)

from astrogui.records.posterior import Posterior
from astrogui.records.strain import Network
from astrogui.science.ringdown import FREQUENCY_HZ, kerr
from astrogui.viewers.colours import Theme
from astrogui.viewers.corner_view import ContourItem
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.ringdown_products import (
    SHOWN_S,
    Expected,
    Heard,
    Rung,
    expected,
    heard,
    rung,
    sought,
)
from astrogui.viewers.ringdown_words import expected_words, fit_words
from astrogui.viewers.strain_answer import MergerAnswer
from astrogui.viewers.viewer import Compute, Viewer

FIRST_MS = 3.0  # after the peak: where GW150914 was first said to ring as one mode
STEP_MS = 0.5
RANGE_MS = (-10.0, 40.0)
SPINS = (0.0, 0.3, 0.5, 0.7, 0.9, 0.98)
LONGEST_MS = 30.0
MOST_DETECTORS = 3

NAME = (64, 18)  # pixels that the name of a spin takes


class RingdownView(Viewer):
    """Whitened strain with the fitted mode; below, its frequency and damping time."""

    empty_words = "No strain is shown. Choose a merger: the ringing of its remnant is fitted here."
    menu_title = "Ring&down"

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self.heard: tuple[Heard, ...] = ()
        self.rung: Rung | None = None
        self.expected: Expected | None = None
        self._network: Network | None = None
        self._answer = MergerAnswer({}, None)
        self._is_timed = False
        self._build()
        self.set_theme(self.theme)

    # What is shown -----------------------------------------------------------------------------

    def show_record(self, record: Network) -> None:
        """Strain; its merger is known once an answer comes."""
        self.show_merger(record, {}, None)

    def show_merger(
        self, record: Network, row: dict[str, Any], posterior: Posterior | None
    ) -> None:
        """Strain and what is known of its merger."""
        self.forget()
        self._network, self._answer = record, MergerAnswer(row, posterior)
        self.heard, self.rung, self.expected = (), None, None
        self.show_words("Fitting the ringdown …")
        self.ask("heard", self._on_heard, heard, record, self._answer)
        self.ask("expected", self._on_expected, expected, posterior)

    def clear(self) -> None:
        self._network, self.heard, self.rung, self.expected = None, (), None, None
        super().clear()

    @property
    def start_ms(self) -> float:
        """How long after the peak of the strain the fit begins."""
        return self.start.value()

    def words(self) -> str:
        """The fit and what was expected, in lines."""
        fitted = fit_words(self.rung, len(self.heard))
        lines = [fitted, expected_words(self.expected, self.rung)]
        if not self._is_timed and self.heard:
            lines.append("No answer says when the merger was: the loudest moment is taken.")
        return "\n".join(line for line in lines if line)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._page.setBackground(QColor(theme.panel))
        for plot in (*self.plots, self.plane):
            plot.set_theme(theme)
        for name, curve in zip(self._names(), self._curves, strict=True):
            curve.setPen(pen(theme.colour(name or "accent"), 1.0))
        for mode, line in zip(self._modes, self.lines, strict=True):
            mode.setPen(pen(theme.colour("text"), 2.0))
            line.setPen(pen(theme.colour("warning"), 1.6, Qt.PenStyle.DashLine))
            line.setHoverPen(pen(theme.colour("warning"), 3.0))
        for label in self._labels:
            label.setColor(theme.colour("muted"))
        self._kerr.setPen(pen(theme.colour("line"), 1.0))
        for item in (self._measured, self._theory):
            item.set_theme(theme)
        self._write()

    # Building ----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.title.setAccessibleName("The fitted mode in words")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.legend = QLabel()
        self.legend.setAccessibleName("What the regions are")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self._page = PlotPage()
        self._page.setAccessibleName("Strain with the mode, and its frequency and damping time")
        self.plots = [Plot() for _ in range(MOST_DETECTORS)]
        self._curves = [pg.PlotDataItem() for _ in self.plots]
        self._modes = [pg.PlotDataItem() for _ in self.plots]
        self.lines = [
            pg.InfiniteLine(FIRST_MS, angle=90, movable=True, bounds=RANGE_MS) for _ in self.plots
        ]
        for plot, *items in zip(self.plots, self._curves, self._modes, self.lines, strict=True):
            for item in items:
                plot.addItem(item)
            plot.setMouseEnabled(x=False, y=False)
        for line in self.lines:
            line.sigDragged.connect(self._on_dragged)
            line.sigPositionChangeFinished.connect(self._on_dropped)
        self._build_plane()
        self._body.addLayout(self._build_head())
        self._body.addWidget(self.title)
        self._body.addWidget(self._page, 1)
        self._body.addWidget(self.legend)

    def _build_head(self) -> QHBoxLayout:
        self.start = QDoubleSpinBox()
        self.start.setRange(*RANGE_MS)
        self.start.setSingleStep(STEP_MS)
        self.start.setDecimals(1)
        self.start.setSuffix(" ms")
        self.start.setKeyboardTracking(False)
        self.start.setValue(FIRST_MS)
        self.start.setAccessibleName("Start after the peak")
        self.start.setToolTip(
            "How long after the peak of the strain the fit begins; or drag the dashed line"
        )
        self.start.valueChanged.connect(self._on_start)
        add = self.add_tool
        add("ring_earlier", "Start &earlier", self.earlier, ("Ctrl+Alt+Shift+L",),
            "Begin the fit half a millisecond earlier")  # fmt: skip
        add("ring_later", "Start &later", self.later, ("Ctrl+Alt+Shift+R",),
            "Begin the fit half a millisecond later")  # fmt: skip
        add("ring_first", "Start at &3 ms", self.from_first, ("Ctrl+Alt+Shift+O",),
            "Begin the fit 3 ms after the peak again")  # fmt: skip
        bar = QToolBar(self)
        bar.setAccessibleName("Ringdown tools")
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        for tool, short in zip(self.tools.values(), ("Earlier", "Later", "3 ms"), strict=True):
            tool.setIconText(short)
            bar.addAction(tool)
        words = QLabel("&Start after the peak")
        words.setBuddy(self.start)
        head = QHBoxLayout()
        for widget in (words, self.start, bar):
            head.addWidget(widget)
        head.addStretch(1)
        return head

    def _build_plane(self) -> None:
        self.plane = Plot()
        self.plane.set_titles(bottom="frequency (Hz)", left="damping time (ms)")
        self._measured, self._theory = ContourItem(), ContourItem()
        self._theory.colour = "warning"
        self._kerr = QGraphicsPathItem(_kerr_lines())
        self._kerr.setZValue(-10)
        for item in (self._kerr, self._theory, self._measured):
            self.plane.addItem(item, ignoreBounds=True)
        self._labels: list[pg.TextItem] = []
        for spin in SPINS:
            label = pg.TextItem(f"spin {spin:g}", anchor=(0.0, 0.0))
            self.plane.addItem(label, ignoreBounds=True)
            self._labels.append(label)
        box = self.plane.getViewBox()
        box.sigRangeChanged.connect(self._place_labels)
        box.sigResized.connect(self._place_labels)

    def _names(self) -> list[str]:
        known = [each.products.detector for each in self.heard[:MOST_DETECTORS]]
        return known + [""] * (MOST_DETECTORS - len(known))

    # What the tools do -------------------------------------------------------------------------

    def earlier(self) -> None:
        """Half a millisecond earlier."""
        self.start.setValue(self.start.value() - STEP_MS)

    def later(self) -> None:
        """Half a millisecond later."""
        self.start.setValue(self.start.value() + STEP_MS)

    def from_first(self) -> None:
        """Where the fit begins at first."""
        self.start.setValue(FIRST_MS)

    def _on_dragged(self, line: pg.InfiniteLine) -> None:
        for other in self.lines:
            if other is not line:
                other.setValue(line.value())

    def _on_dropped(self, line: pg.InfiniteLine) -> None:
        self.start.setValue(float(line.value()))

    def _on_start(self, value: float) -> None:
        for line in self.lines:
            line.setValue(value)
        self._fit()

    # Work ----------------------------------------------------------------------------------------

    def _on_heard(self, found: tuple[tuple[Heard, ...], bool]) -> None:
        self.heard, self._is_timed = found[0][:MOST_DETECTORS], found[1]
        if not self.heard:
            self.show_words("The noise of this strain cannot be measured: it is too short.")
            return
        self._lay_out()
        self._fit()

    def _fit(self) -> None:
        if self.heard and not self.awaits("expected"):  # which says where to look
            between = sought(self.expected)
            self.ask("rung", self._on_rung, rung, self.heard, 1e-3 * self.start_ms, between)

    def _on_rung(self, found: Rung) -> None:
        self.rung = found
        self._measured.set_contours(found.contours)
        for place, mode in enumerate(self._modes):
            if place < len(found.modes):
                time = self.heard[place].whitened()[0]
                seen = time >= found.start_s
                mode.setData(1e3 * time[seen], found.modes[place][seen])
            else:
                mode.setData([], [])
        self._show_plane()
        self._write()
        self.show_content()

    def _on_expected(self, found: Expected | None) -> None:
        self.expected = found
        self._theory.set_contours(found.contours if found is not None else {})
        self._fit()

    # Drawing -------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        """A plot for each detector, and the plane below them."""
        layout = self._page.ci
        layout.clear()
        for place, each in enumerate(self.heard):
            plot, is_last = self.plots[place], place == len(self.heard) - 1
            time, values = each.whitened()
            self._curves[place].setData(1e3 * time, values, connect="finite")
            plot.setXRange(1e3 * SHOWN_S[0], 1e3 * SHOWN_S[1], padding=0)
            high = float(np.nanmax(np.abs(values), initial=4.0))
            plot.setYRange(-1.1 * high, 1.1 * high, padding=0)
            plot.set_titles(
                left=f"{each.products.detector} (σ)",
                bottom="time after the peak of the strain (ms)" if is_last else "",
            )
            plot.getAxis("bottom").setStyle(showValues=is_last)
            plot.getAxis("bottom").showLabel(is_last)
            plot.getAxis("bottom").setHeight(None if is_last else 6)
            plot.getAxis("left").setWidth(52)
            layout.addItem(plot, row=place, col=0)
        self.plane.getAxis("left").setWidth(52)
        layout.addItem(self.plane, row=len(self.heard), col=0)
        for place in range(MOST_DETECTORS + 1):
            share = 5 if place == len(self.heard) else 2
            layout.layout.setRowStretchFactor(place, share if place <= len(self.heard) else 0)
        self.set_theme(self.theme)

    def _show_plane(self) -> None:
        """What was found and what was expected, whole, with some room."""
        loops = [
            loop
            for contours in (self._measured_contours(), self.expected and self.expected.contours)
            for loop in (contours or {}).get(0.9, [])
        ]
        if not loops:
            return
        corners = np.vstack(loops)
        (left, low), (right, high) = corners.min(axis=0), corners.max(axis=0)
        wide, tall = max(right - left, 40.0), max(high - low, 3.0)
        self.plane.setXRange(max(left - 0.25 * wide, 20.0), right + 0.25 * wide, padding=0)
        self.plane.setYRange(0.0, min(high + 0.2 * tall, LONGEST_MS), padding=0)

    def _measured_contours(self) -> dict[float, Any]:
        return self.rung.contours if self.rung is not None else {}

    def _place_labels(self, *_: object) -> None:
        """Each spin's name where its line leaves the picture, unless another stands there."""
        box = self.plane.getViewBox()
        (left, right), (low, high) = box.viewRange()
        wide = NAME[0] * (right - left) / max(box.width(), 1.0)
        tall = NAME[1] * (high - low) / max(box.height(), 1.0)
        frequency = np.linspace(left, right, 300)[12:-30]
        taken: list[tuple[float, float]] = []
        for label, spin in zip(self._labels, SPINS, strict=True):
            damping = _turns(spin) / np.maximum(frequency, 1.0) * 1e3
            seen = np.flatnonzero((damping < 0.97 * high) & (damping > low + tall))
            place = (frequency[seen[0]], damping[seen[0]]) if seen.size else (math.nan, math.nan)
            is_free = seen.size > 0 and all(
                abs(place[0] - x) > wide or abs(place[1] - y) > tall for x, y in taken
            )
            label.setVisible(bool(is_free))
            if is_free:
                taken.append(place)
                label.setPos(*place)

    # Words ---------------------------------------------------------------------------------------

    def _write(self) -> None:
        self.title.setText(self.words())
        theme = self.theme
        low, high = self.rung.between_hz if self.rung is not None else FREQUENCY_HZ
        parts = [
            f"<span style='color:{theme.accent}'>■</span> fitted to the strain after the start "
            f"(50 % and 90 %), sought between {low:.0f} and {high:.0f} Hz"
        ]
        if self.expected is not None:
            parts.append(
                f"<span style='color:{theme.warning}'>■</span> expected of the merger's masses "
                "and spins by general relativity"
            )
        parts.append(f"<span style='color:{theme.line}'>—</span> Kerr black holes of one spin")
        self.legend.setText(" &nbsp; ".join(parts))


def _turns(spin: float) -> float:
    """Frequency times damping time: the same for every mass."""
    frequency, damping = kerr(np.array([60.0]), np.array([spin]))
    return float(frequency[0] * damping[0])


def _kerr_lines() -> QPainterPath:
    path = QPainterPath()
    frequency = np.geomspace(20.0, 1000.0, 200)
    for spin in SPINS:
        damping = 1e3 * _turns(spin) / frequency
        path.moveTo(float(frequency[0]), float(damping[0]))
        for x, y in zip(frequency[1:], damping[1:], strict=True):
            path.lineTo(float(x), float(y))
    return path
