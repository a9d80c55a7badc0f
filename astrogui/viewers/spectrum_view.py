"""The spectrum view: flux with its error, masks, lines at the redshift, and p(z) beneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QLabel, QSpinBox, QWidget

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.science.line_lists import lines_of, lists_for
from astrogui.science.lines import Line
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Marker
from astrogui.viewers.spectrum_answer import WorkedAnswer, work_out
from astrogui.viewers.spectrum_curve import (
    SKY_LINES,
    TELLURIC_BANDS,
    Drawn,
    Smoothing,
    box_for,
    drawn,
    full_limits,
    masked_spans,
    robust_limits,
    sky_spans,
)
from astrogui.viewers.spectrum_identify import IdentifyBar
from astrogui.viewers.spectrum_measure import MeasureRegions, MeasureTable
from astrogui.viewers.spectrum_model import ModelFit
from astrogui.viewers.spectrum_mouse import SpectrumMouse
from astrogui.viewers.spectrum_overlay import Overlay, OverlayStyle, lay_over
from astrogui.viewers.spectrum_plots import SpectrumPlots, flux_title
from astrogui.viewers.spectrum_redshift import ShownRedshift
from astrogui.viewers.spectrum_tools import SpectrumBar, add_tools
from astrogui.viewers.spectrum_units import (
    WAVELENGTH_UNITS,
    Display,
    FluxScale,
    flux_scale,
)
from astrogui.viewers.unit_text import interval_text, number_text, percent_text
from astrogui.viewers.viewer import Compute, Viewer

RESIDUALS_FROM = 520  # pixels of height from which there is room for them beside p(z)
TABLE_HEIGHT = 120


class SpectrumView(Viewer):
    """Shows one spectrum and, when there is one, the answer about its redshift and class."""

    redshift_judged = Signal(float, tuple)  # a redshift accepted by hand, names of its lines
    overlays_wanted = Signal()  # the analyst asks for further spectra to lay over this one

    bar: SpectrumBar
    mouse: SpectrumMouse
    regions: MeasureRegions
    identify: IdentifyBar
    smoothing: QSpinBox
    _full_range: QAction

    empty_words = "No spectrum is shown. Choose a spectrum in the list, or drop a file here."
    menu_title = "&Spectrum"

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._spectrum: Spectrum | None = None
        self._row: dict[str, Any] = {}
        self._posterior: Posterior | None = None
        self._fit: ModelFit | None = None
        self._worked = WorkedAnswer()
        self._drawn: Drawn | None = None
        self._smoothing_chosen = False  # by the analyst: later spectra keep it
        self._lists_chosen: tuple[str, ...] | None = None
        self.scale = FluxScale(label="")
        self.display = Display()
        self.smoothing_used = Smoothing()
        self.overlays: tuple[Overlay, ...] = ()
        self.overlay_style = OverlayStyle()
        self.shown_redshift = ShownRedshift(self)
        self._build()
        self.shown_redshift.changed.connect(self._on_redshift)
        self.set_theme(self.theme)

    # What is shown --------------------------------------------------------------------------

    @property
    def record(self) -> Spectrum | None:
        return self._spectrum

    @property
    def curve(self) -> Drawn | None:
        """What is drawn of the record, in the units of the axis."""
        return self._drawn

    @property
    def fit(self) -> ModelFit | None:
        """The model of the answer with its residuals."""
        return self._fit

    def show_record(self, record: Spectrum) -> None:
        """Show a spectrum; the answer about an earlier one goes, and what was laid over it."""
        self._spectrum = record
        self._row, self._posterior = {}, None
        self._worked = WorkedAnswer()
        self.overlays = ()
        self.mouse.stop()
        self.regions.hide()
        if not self._smoothing_chosen:
            self.bar.set_smoothing(box_for(record))
            self.smoothing_used = replace(self.smoothing_used, samples=box_for(record))
        self.shown_redshift.forget()
        self._draw_flux()
        spans = masked_spans(record)
        self.plots.masks.set_spans(spans)
        self.plots.residual_masks.set_spans(spans)
        self.has_image = self.plots.image.show_image(record.image)
        self._notes.setText("  ·  ".join(record.notes))
        self._notes.setToolTip("\n".join(record.notes))
        self._notes.setVisible(bool(record.notes))
        self._draw_answer()
        self.show_content()
        self.reset_range()

    def set_answer(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        """Show a redshift: lines at it, p(z) with its intervals, and the title in words."""
        self._row, self._posterior = dict(row), posterior
        if posterior is None:
            self._draw_answer()
        else:
            self.ask("answer", self._on_worked, work_out, self._spectrum, self._row, posterior)

    def show_answers(self, answers: list[tuple[dict[str, Any], Posterior | None]]) -> None:
        """The first row's answer: a spectrum has one object."""
        if answers:
            self.set_answer(*answers[0])

    def clear(self) -> None:
        self._spectrum = self._drawn = None
        self._row, self._posterior = {}, None
        self.shown_redshift.forget()
        super().clear()

    @property
    def redshift(self) -> float | None:
        """The answer's redshift, from the posterior or else from the row."""
        if self._posterior is not None:
            names = [parameter.name for parameter in self._posterior.parameters]
            if "z" in names and np.isfinite(self._posterior.value("z")):
                return self._posterior.value("z")
        return _number(self._row.get("z"))

    @property
    def line_lists(self) -> tuple[str, ...]:
        """Names of the line lists in use: the analyst's choice, or those of the class."""
        return lists_for(self._class()) if self._lists_chosen is None else self._lists_chosen

    @property
    def lines(self) -> tuple[Line, ...]:
        return lines_of(self.line_lists)

    def choose_lists(self, names: tuple[str, ...] | None) -> None:
        """Draw the lines of these lists; None for those of the object's class."""
        self._lists_chosen = names
        self._on_redshift()

    def set_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Lay further spectra over the one shown; what cannot be is said in words."""
        self.overlays = tuple(overlays)
        self._draw_overlays()
        self.follow_flux()

    def set_overlay_style(self, style: OverlayStyle) -> None:
        self.overlay_style = style
        self._draw_overlays()
        self.follow_flux()

    def set_display(self, display: Display) -> None:
        """Label the axes in other units; raises nothing: what cannot be is said in words."""
        if self._spectrum is not None and display.flux != self.display.flux:
            try:
                flux_scale(self._spectrum, display.flux)
            except ValueError as error:
                self.message.emit(str(error))
                return
        changed, self.display = display.flux != self.display.flux, display
        if changed:
            self.regions.draw([])  # in the former unit
            self._draw_flux()
            self._draw_model()
            self.follow_flux()
        self._label_axes()

    def set_smoothing(self, smoothing: Smoothing) -> None:
        self._smoothing_chosen = True
        self.smoothing_used = smoothing
        self._draw_flux()
        self.follow_flux()

    def accept_redshift(self) -> None:
        """The redshift in use is the analyst's judgement."""
        z = self.shown_redshift.value
        if z is None or self._spectrum is None:
            self.message.emit("There is no redshift to accept: move the lines first.")
            return
        names = self.shown_redshift.line_names or self._lines.labelled
        self.redshift_judged.emit(z, tuple(names))
        self.message.emit(f"z = {z:.5f} accepted by hand.")

    def take_measurement(self, found: Any) -> None:
        """A measurement is done; in words where there is none."""
        self.mouse.take(found)
        self._arrange()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.plots.set_theme(theme)
        self.regions.set_theme(theme)
        self._write_title()

    # Ranges ---------------------------------------------------------------------------------

    def reset_range(self) -> None:
        """The whole wavelength range; flux between robust limits."""
        if self._drawn is None or not self._drawn.wavelength.size:
            return
        wavelength = self._drawn.wavelength
        first, last = float(wavelength[0]), float(wavelength[-1])
        span = max(last - first, 1.0)
        self.plots.box.setLimits(xMin=first - span, xMax=last + span, maxXRange=3 * span)
        self.flux_plot.setXRange(first, last, padding=0.01)
        self.tools["follow"].setChecked(True)
        self.follow_flux(always=True)

    def show_wavelengths(self, low: float, high: float) -> None:
        """Zoom to a range of observed vacuum wavelengths, ångström."""
        self.flux_plot.setXRange(low, high, padding=0)

    def follow_flux(self, always: bool = False) -> None:
        """Fit the flux axis to what is visible, unless the analyst has set it."""
        if self._drawn is None or not (always or self.tools["follow"].isChecked()):
            return
        low, high = self.flux_plot.viewRange()[0]
        limits = full_limits if self._full_range.isChecked() else robust_limits
        ends = [limits(self._drawn, low, high)]
        for curve in self.plots.overlays:
            ends.append(robust_limits(_as_drawn(curve), low, high))
        bottom, top = min(a for a, _ in ends), max(b for _, b in ends)
        self.flux_plot.setYRange(bottom, top if top > bottom else bottom + 1.0, padding=0)

    # Building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self._title = _label("Object and answer")
        self._title.setTextFormat(Qt.TextFormat.RichText)
        self._notes = _label("Remarks of the reader")
        self.plots = SpectrumPlots(self)
        self.has_image = False
        self._name_parts()
        self.identify = IdentifyBar(self)
        self.identify.redshift_found.connect(self.shown_redshift.set_by_hand)
        self.measurements = MeasureTable(self)
        self.measurements.setVisible(False)
        self.measurements.removed.connect(self._on_measurements_gone)
        self.mouse = SpectrumMouse(self)
        self.regions = MeasureRegions(self.flux_plot, self.mouse.measure_again)
        self.readout = QLabel(" ")
        self.readout.setAccessibleName("Values under the cursor")
        self.redshift_words = QLabel()
        self.redshift_words.setAccessibleName("Redshift of the lines")
        self.redshift_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        add_tools(self)
        self.bar = SpectrumBar(self)
        above: tuple[QWidget, ...] = (self._title, self.bar, self.identify, self._notes)
        below: tuple[QWidget, ...] = (self.redshift_words, self.readout, self.measurements)
        parts: tuple[QWidget, ...] = (*above, self.plots.widget, *below)
        for part in parts:
            self._body.addWidget(part)
        self._body.setStretchFactor(self.plots.widget, 1)
        self._notes.setWordWrap(False)
        for words in (self.readout, self.redshift_words, self._notes):
            words.setMinimumWidth(1)  # long words are cut, they never widen the window
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._fit_titles)  # once the layout is made
        self.plots.box.setMouseEnabled(x=True, y=False)
        self.plots.box.sigXRangeChanged.connect(self._on_wavelengths_changed)
        self.plots.lines.moved.connect(self._on_lines_moved)
        self.plots.lines.name_clicked.connect(self.mouse.zoom_to_line)
        self._on_shown()

    def _name_parts(self) -> None:
        plots = self.plots
        self._graphics, self.flux_plot, self.panel = plots.widget, plots.flux, plots.panel
        self.flux_curve, self._raw_curve, self._curve_of_model = plots.curve, plots.raw, plots.model
        self._masks, self._error_band, self._lines = plots.masks, plots.error_band, plots.lines

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    # Drawing --------------------------------------------------------------------------------

    def _on_wavelengths_changed(self, *_: object) -> None:
        self.follow_flux()

    def _on_lines_moved(self, z: float) -> None:
        self.shown_redshift.set_by_hand(z)

    def _on_measurements_gone(self) -> None:
        self.regions.hide()
        self.measurements.setVisible(False)
        self._arrange()

    def _draw_flux(self) -> None:
        spectrum = self._spectrum
        if spectrum is None:
            return
        try:
            self.scale = flux_scale(spectrum, self.display.flux)
        except ValueError as error:
            self.message.emit(str(error))
            self.display = replace(self.display, flux="file")
            self.scale = flux_scale(spectrum, "file")
        self._drawn = curve = drawn(spectrum, self.smoothing_used, self.scale)
        raw = spectrum.flux * self.scale.of(spectrum.wavelength_angstrom)
        self._raw_curve.setData(spectrum.wavelength_angstrom, raw)
        self.flux_curve.setData(curve.wavelength, curve.flux)
        self._error_band.set_band(
            curve.wavelength, curve.flux - curve.error, curve.flux + curve.error
        )
        self._draw_overlays()
        self._label_axes()

    def _draw_overlays(self) -> None:
        if self._spectrum is None:
            return
        laid, refused = lay_over(
            self._spectrum, self.scale, self.display.flux, self.shown_redshift.value,
            self.overlays, self.overlay_style, self.smoothing_used,
        )  # fmt: skip
        self.plots.show_overlays(self._name(), laid, self.theme)
        if refused:
            self.message.emit(" · ".join(refused))

    def _draw_answer(self) -> None:
        """Show the row without a posterior."""
        self.forget("answer")
        self._on_worked(WorkedAnswer())

    def _on_worked(self, worked: WorkedAnswer) -> None:
        """The answer is worked out: p(z), lines and model are drawn."""
        self._worked = worked
        self._panel_shown = self.panel.show(worked.panel)
        answer = self.redshift
        self.shown_redshift.begin(answer, self.panel.peaks, _number(self._row.get("user_z")))
        self._arrange()

    def _draw_model(self) -> None:
        """The fitted model over the data with residuals, where the answer brings one."""
        fit = self._fit
        if fit is None:
            self._curve_of_model.setData([], [])
            self.plots.residual_curve.setData([], [])
            return
        self._curve_of_model.setData(fit.wavelength, fit.flux * self.scale.of(fit.wavelength))
        self.plots.residual_curve.setData(fit.wavelength, fit.residual)
        known = np.abs(fit.residual[np.isfinite(fit.residual)])
        reach = max(4.0, float(np.percentile(known, 99.5)) if known.size else 4.0)
        self.plots.residual.setYRange(-reach, reach, padding=0)
        self.plots.residual.setTitle(fit.words, color=self.theme.muted, size="8pt")

    def _choose_fit(self) -> None:
        """The model of the alternative in use, where the answer has kept it."""
        state, wanted = self.shown_redshift, self._worked.fit
        if state.peak > 0 and state.value is not None:
            wanted = self._worked.fit_at(state.value)
        if wanted is not self._fit:
            self._fit = wanted
            self._draw_model()

    def _on_redshift(self) -> None:
        """Lines, rest axis, marks in p(z) and words for the redshift in use."""
        state = self.shown_redshift
        z, answer = state.value, state.answer
        moved = z is not None and answer is not None and abs(z - answer) > 1e-9
        if z is None:
            self._lines.set_markers([])
            self._lines.lines = ()
        else:
            self._lines.set_lines(self.lines, z)
        ghosts = self.lines if moved and answer is not None else ()
        self.plots.answer_lines.set_markers(
            [Marker(line.wavelength_angstrom * (1 + answer), "", "muted") for line in ghosts]
            if answer is not None
            else []
        )
        self.panel.set_redshift(z if moved else None)
        if state.peak >= 0 and state.peak != self.panel.shown_peak:
            self.panel.show_peak(state.peak)
        self._choose_fit()
        self.redshift_words.setText(state.words() if self._spectrum is not None else "")
        self.bar.show_redshift(z)
        self._label_axes()
        self._write_title()
        if self.overlays and self.overlay_style.at_rest:
            self._draw_overlays()

    def _label_axes(self) -> None:
        record = self._spectrum
        if record is None:
            return
        z = self.shown_redshift.value
        unit = self.display.wavelength
        per_angstrom = WAVELENGTH_UNITS[unit]
        medium = "air" if self.display.air else "vacuum"
        in_file = " (the file has air)" if "air" in record.medium_in_file else ""
        frame = record.frame if record.frame != "unknown" else "frame unknown"
        observed = f"wavelength, {medium}{in_file if medium == 'vacuum' else ''}, {frame} ({unit})"
        rest = f"rest wavelength at z = {z:.5g} ({unit})" if z is not None else ""
        swapped = self.display.rest and z is not None
        lower, upper = (rest, observed) if swapped else (observed, rest)
        for axis in (self.plots.bottom, self.plots.residual_bottom):
            axis.set_display(per_angstrom, z if swapped and z else 0.0, self.display.air)
        self.plots.top.set_display(
            per_angstrom, 0.0 if swapped or z is None else z, self.display.air
        )
        if self.plots.top.isVisible() != (z is not None):
            self.flux_plot.showAxis("top", z is not None)
        if self.plots.bottom.labelText != lower:
            self.flux_plot.set_titles(bottom=lower)
            self.plots.residual.set_titles(bottom=lower)
            self.plots.bottom.showLabel(not self.plots.residual.isVisible())
        if z is not None:
            self.flux_plot.set_titles(top=upper)
        self._fit_titles()
        self._later.start(0)

    def _arrange(self) -> None:
        """The plots that are wanted, as far as there is room for them."""
        wanted = {name: self.tools[name].isChecked() for name in ("panel", "model", "image")}
        panel = wanted["panel"] and getattr(self, "_panel_shown", False)
        table = TABLE_HEIGHT if self.measurements.isVisibleTo(self) else 0
        room = self.height() - table >= (RESIDUALS_FROM if panel else RESIDUALS_FROM // 2)
        self.plots.arrange(
            image=wanted["image"] and self.has_image,
            residuals=wanted["model"] and self._fit is not None and room,
            panel=panel,
            overview=self.panel.has_overview,
        )
        self._curve_of_model.setVisible(wanted["model"])
        self._later.start(0)

    def _fit_titles(self) -> None:
        if self._spectrum is not None:
            self.plots.fit_titles(flux_title(self.scale.label))

    def _on_shown(self, _: bool = False) -> None:
        """What the switches show and hide."""
        on = {name: tool.isChecked() for name, tool in self.tools.items()}
        self._error_band.setVisible(on["errors"])
        self._masks.setVisible(on["masks"])
        self._lines.setVisible(on["lines"])
        self.plots.answer_lines.setVisible(on["lines"])
        for item in (self.plots.sky, self.plots.sky_names, self.plots.telluric):
            item.setVisible(on["sky"])
        self.plots.sky.set_spans(sky_spans())
        self.plots.telluric.set_spans([(low, high) for low, high, _ in TELLURIC_BANDS])
        markers = [Marker(place, f"{name} sky", "muted", 2) for place, name in SKY_LINES]
        markers += [Marker((a + b) / 2, name, "muted", 3) for a, b, name in TELLURIC_BANDS]
        self.plots.sky_names.set_markers(markers)
        self.plots.box.setMouseEnabled(x=True, y=not on["follow"])
        self._arrange()
        self.follow_flux()

    # Words ----------------------------------------------------------------------------------

    def _class(self) -> str:
        state = self.shown_redshift
        if 0 < state.peak < len(state.peaks):
            return state.peaks[state.peak].cls
        if self._posterior is not None and self._posterior.most_probable_class:
            return self._posterior.most_probable_class
        return str(self._row.get("class") or "")

    def _name(self) -> str:
        own = self._spectrum.object_id if self._spectrum is not None else ""
        return str(self._row.get("object_id") or own or "spectrum")

    def _write_title(self) -> None:
        if self._spectrum is None:
            return
        parts = [f"<b>{escape(self._name())}</b>", *self.answer_words()]
        judged = self.shown_redshift.judged
        if judged is not None:
            colour = self.theme.good
            parts.append(f"<span style='color:{colour}'>z by hand = {judged:.5f}</span>")
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


def _number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value) if np.isfinite(float(value)) else None


def _as_drawn(curve: Any) -> Drawn:
    return Drawn(wavelength=curve.x, flux=curve.y, error=np.zeros(curve.x.size))


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
