"""The spectrum view: flux with its error, masks, lines at the redshift, and p(z) beneath."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import QLabel, QSpinBox, QToolBar, QWidget

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import ErrorBandItem, Marker, MarkersItem, Plot, SpanItem, pen
from astrogui.viewers.redshift_panel import RedshiftPanel
from astrogui.viewers.spectrum_curve import (
    SKY_LINES,
    TELLURIC_BANDS,
    box_for,
    lines_for,
    masked_spans,
    robust_range,
    smoothed,
    weight_of,
)
from astrogui.viewers.unit_text import interval_text, number_text, percent_text, unit_text
from astrogui.viewers.viewer import Compute, Viewer


class SpectrumView(Viewer):
    """Shows one spectrum and, when there is one, the answer about its redshift and class."""

    empty_words = "No spectrum is shown. Choose a spectrum in the list, or drop a file here."
    menu_title = "&Spectrum"

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._spectrum: Spectrum | None = None
        self._row: dict[str, Any] = {}
        self._posterior: Posterior | None = None
        self._smoothing_chosen = False  # by the analyst: later spectra keep it
        self._build()
        self.set_theme(self.theme)

    # What is shown --------------------------------------------------------------------------

    @property
    def record(self) -> Spectrum | None:
        return self._spectrum

    def show_record(self, record: Spectrum) -> None:
        """Show a spectrum; the answer about an earlier one goes."""
        self._spectrum = record
        self._row, self._posterior = {}, None
        self._curve_of_model.setData([], [])
        if not self._smoothing_chosen:
            self._set_smoothing(box_for(record))
        self._draw_flux()
        self._masks.set_spans(masked_spans(record))
        self._draw_sky()
        self.flux_plot.set_titles(bottom=_wavelength_title(record), left=_flux_title(record))
        self._notes.setText("  ·  ".join(record.notes))
        self._notes.setVisible(bool(record.notes))
        self._draw_answer()
        self.show_content()
        self.reset_range()

    def set_answer(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        """Show a redshift: lines at it, p(z) with its intervals, and the title in words."""
        self._row, self._posterior = dict(row), posterior
        self._draw_answer()

    def show_answers(self, answers: list[tuple[dict[str, Any], Posterior | None]]) -> None:
        """The first row's answer: a spectrum has one object."""
        if answers:
            self.set_answer(*answers[0])

    def clear(self) -> None:
        self._spectrum = None
        self._row, self._posterior = {}, None
        super().clear()

    @property
    def redshift(self) -> float | None:
        """The redshift in use, from the posterior or else from the row."""
        if self._posterior is not None:
            names = [parameter.name for parameter in self._posterior.parameters]
            if "z" in names and np.isfinite(self._posterior.value("z")):
                return self._posterior.value("z")
        z = self._row.get("z")
        return float(z) if z is not None and np.isfinite(float(z)) else None

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._graphics.setBackground(theme.panel)
        self.flux_plot.set_theme(theme)
        self.panel.set_theme(theme)
        self._lines.set_theme(theme)
        self._sky.set_theme(theme)
        self.flux_curve.setPen(pen(theme.colour("text"), 1.0))
        self._raw_curve.setPen(pen(theme.colour("muted", 0.35), 1.0))
        self._curve_of_model.setPen(pen(theme.colour("warning"), 1.4))
        self._error_band.set_colour(theme.colour(theme.series[0], 0.28))
        self._masks.set_colour(theme.colour("masked", 0.25))
        self._telluric.set_colour(theme.colour(theme.series[4], 0.10))
        self._write_title()

    def reset_range(self) -> None:
        """The whole wavelength range; flux between robust limits."""
        if self._spectrum is None or not self._spectrum.wavelength_angstrom.size:
            return
        wavelength = self._spectrum.wavelength_angstrom
        self.flux_plot.setXRange(float(wavelength[0]), float(wavelength[-1]), padding=0.01)
        low, high = robust_range(self._spectrum)
        if self._full_range.isChecked():
            low, high = float(self._spectrum.flux.min()), float(self._spectrum.flux.max())
        self.flux_plot.setYRange(low, high if high > low else low + 1.0, padding=0)

    # Building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self._title = _label("Object and answer")
        self._title.setTextFormat(Qt.TextFormat.RichText)
        self._notes = _label("Remarks of the reader")
        self._body.addWidget(self._title)
        self._body.addWidget(self._tool_bar())
        self._body.addWidget(self._notes)
        self._graphics = pg.GraphicsLayoutWidget(self)
        self._graphics.setAccessibleName("Spectrum")
        self._graphics.setAcceptDrops(False)
        self._body.addWidget(self._graphics, 1)
        self._build_plots()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for action in self._actions:
            self.addAction(action)

    def _build_plots(self) -> None:
        self.flux_plot = Plot()
        self._masks = SpanItem(QColor())
        self._telluric = SpanItem(QColor())
        self._error_band = ErrorBandItem(QColor())
        self._raw_curve = pg.PlotCurveItem(connect="all")
        self.flux_curve = pg.PlotCurveItem(connect="finite")
        self._curve_of_model = pg.PlotCurveItem(connect="finite")
        self._lines = MarkersItem(rows=4)
        self._sky = MarkersItem(rows=2, at_top=False)
        for item in (
            self._telluric,
            self._masks,
            self._error_band,
            self._raw_curve,
            self.flux_curve,
            self._curve_of_model,
            self._lines,
            self._sky,
        ):
            self.flux_plot.addItem(item, ignoreBounds=True)
        self.panel = RedshiftPanel()
        layout = self._graphics.ci.layout
        self._graphics.addItem(self.flux_plot, row=0, col=0, colspan=2)
        self._graphics.addItem(self.panel.overview, row=1, col=0)
        self._graphics.addItem(self.panel.peak, row=1, col=1)
        layout.setContentsMargins(2, 2, 6, 2)
        layout.setRowStretchFactor(0, 5)
        layout.setRowStretchFactor(1, 3)
        for column in (0, 1):
            layout.setColumnStretchFactor(column, 1)
            layout.setColumnPreferredWidth(column, 200)

    def _tool_bar(self) -> QToolBar:
        bar = QToolBar(self)
        label = QLabel(" Smooth ")
        self.smoothing = QSpinBox()
        self.smoothing.setRange(1, 101)
        self.smoothing.setSingleStep(2)
        self.smoothing.setSuffix(" px")
        self.smoothing.setToolTip(
            "Average over this many samples (, and .); noisy spectra start averaged"
        )
        self.smoothing.setAccessibleName("Smoothing in samples")
        self.smoothing.valueChanged.connect(self._on_smoothing)
        label.setBuddy(self.smoothing)
        bar.addWidget(label)
        bar.addWidget(self.smoothing)
        bar.addSeparator()
        self._errors = self._toggle(bar, "Errors", "E", "1 σ error band around the flux", True)
        self._errors.toggled.connect(self._on_shown)
        self._line_action = self._toggle(bar, "Lines", "L", "Spectral lines at the redshift", True)
        self._line_action.toggled.connect(self._on_shown)
        self._sky_action = self._toggle(
            bar, "Sky", "K", "Night-sky lines and bands of the atmosphere", False
        )
        self._sky_action.toggled.connect(self._on_shown)
        self._full_range = self._toggle(
            bar, "Full range", "Y", "Flux axis from the lowest to the highest sample", False
        )
        self._full_range.toggled.connect(self.reset_range)
        reset = QAction("Reset", self)
        reset.setShortcut("R")
        reset.setToolTip("Show the whole spectrum (R)")
        reset.triggered.connect(self.reset_range)
        bar.addAction(reset)
        self._actions = [self._errors, self._line_action, self._sky_action, self._full_range, reset]
        for action in self._actions:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.add_shortcut(".", self.smoothing.stepUp)
        self.add_shortcut(",", self.smoothing.stepDown)
        return bar

    def _toggle(self, bar: QToolBar, name: str, key: str, tip: str, on: bool) -> QAction:
        action = QAction(name, self)
        action.setCheckable(True)
        action.setChecked(on)
        action.setShortcut(key)
        action.setToolTip(f"{tip} ({key})")
        bar.addAction(action)
        return action

    # Drawing --------------------------------------------------------------------------------

    def _on_smoothing(self) -> None:
        self._smoothing_chosen = True
        self._draw_flux()

    def _set_smoothing(self, pixels: int) -> None:
        self.smoothing.blockSignals(True)
        self.smoothing.setValue(pixels)
        self.smoothing.blockSignals(False)

    def _draw_flux(self) -> None:
        spectrum = self._spectrum
        if spectrum is None:
            return
        wavelength = spectrum.wavelength_angstrom
        flux, error = smoothed(spectrum, self.smoothing.value())
        self._raw_curve.setData(wavelength, spectrum.flux.astype(np.float64))
        self.flux_curve.setData(wavelength, flux)
        self._error_band.set_band(wavelength, flux - error, flux + error)

    def _draw_sky(self) -> None:
        self._telluric.set_spans([(low, high) for low, high, _ in TELLURIC_BANDS])
        markers = [Marker(wavelength, name, "muted", 2) for wavelength, name in SKY_LINES]
        markers += [Marker((a + b) / 2, name, "muted", 1) for a, b, name in TELLURIC_BANDS]
        self._sky.set_markers(markers)
        self._on_shown()

    def _draw_answer(self) -> None:
        z = self.redshift
        top = self.flux_plot.getAxis("top")
        if z is None:
            self.flux_plot.hideAxis("top")
            self._lines.set_markers([])
        else:
            self.flux_plot.showAxis("top")
            top.setScale(1.0 / (1.0 + z))
            self.flux_plot.set_titles(top=f"rest wavelength at z = {z:.5g} (Å)")
            self._lines.set_markers(self._line_markers(z))
        shown = self.panel.show(self._row, self._posterior)
        for plot, visible in (
            (self.panel.overview, shown and self.panel.has_overview),
            (self.panel.peak, shown),
        ):
            plot.setVisible(visible)
            plot.setMaximumHeight(10_000 if visible else 0)
        self._graphics.ci.layout.setRowStretchFactor(1, 3 if shown else 0)
        self._draw_model()
        self._write_title()

    def _draw_model(self) -> None:
        """The fitted model over the data, where the answer brings one."""
        curves = self._posterior.curves if self._posterior is not None else {}
        if "model_flux" not in curves:
            self._curve_of_model.setData([], [])
            return
        assert self._spectrum is not None
        flux = np.asarray(curves["model_flux"], np.float64)
        there = curves.get("model_wavelength_angstrom")
        wavelength = (
            self._spectrum.wavelength_angstrom if there is None else np.asarray(there, np.float64)
        )
        if wavelength.size == flux.size:
            self._curve_of_model.setData(wavelength, flux)

    def _line_markers(self, z: float) -> list[Marker]:
        cls = self._class()
        kind = {"nebular": "accent", "broad": "accent", "stellar": "warning"}
        return [
            Marker(line.wavelength_angstrom * (1 + z), line.name, kind[line.kind], weight_of(line))
            for line in lines_for(cls)
        ]

    def _class(self) -> str:
        if self._posterior is not None and self._posterior.most_probable_class:
            return self._posterior.most_probable_class
        return str(self._row.get("class") or "")

    def _on_shown(self) -> None:
        self._error_band.setVisible(self._errors.isChecked())
        self._lines.setVisible(self._line_action.isChecked())
        self._sky.setVisible(self._sky_action.isChecked())
        self._telluric.setVisible(self._sky_action.isChecked())

    def _write_title(self) -> None:
        if self._spectrum is None:
            return
        name = str(self._row.get("object_id") or self._spectrum.object_id or "spectrum")
        parts = [f"<b>{escape(name)}</b>", *self.answer_words()]
        text = " &nbsp;·&nbsp; ".join(parts)
        flags = self._posterior.flags if self._posterior is not None else Flag.NONE
        if flags:
            words = escape("; ".join(flags.words()))
            text += f" &nbsp;<span style='color:{self.theme.warning}'>⚠ {words}</span>"
        self._title.setText(text)
        self._title.setToolTip("; ".join(flags.words()))

    def answer_words(self) -> list[str]:
        """Class with its probability, redshift with its interval and that interval's level."""
        posterior = self._posterior
        words = []
        if posterior is not None and posterior.most_probable_class:
            cls = posterior.most_probable_class
            words.append(f"{escape(cls)} {percent_text(posterior.probability(cls))}")
        elif self._row.get("class"):
            words.append(escape(str(self._row["class"])))
        z = self.redshift
        if z is None:
            return words
        low, high = self._row.get("z_lo68"), self._row.get("z_hi68")
        if posterior is not None and "z" in [p.name for p in posterior.parameters]:
            low, high = posterior.interval("z", 0.68)
        if low is None or high is None:
            words.append(f"z = {number_text(z)}")
        else:
            words.append(f"z = {interval_text(z, float(low), float(high))} (68 %)")
        if self._row.get("confident") is False:
            words.append("not confident")
        return words


def _wavelength_title(record: Spectrum) -> str:
    medium = "vacuum (the file has air)" if "air" in record.medium_in_file else "vacuum"
    frame = record.frame if record.frame != "unknown" else "frame unknown"
    return f"wavelength, {medium}, {frame} (Å)"


def _flux_title(record: Spectrum) -> str:
    unit = unit_text(record.flux_unit)
    return f"flux ({unit})" if unit else "flux (relative)"


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
