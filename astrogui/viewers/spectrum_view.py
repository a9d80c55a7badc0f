"""The spectrum view: flux with its error, masks, lines at the redshift, and p(z) beneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.science.line_lists import lines_of, lists_for
from astrogui.science.lines import Line
from astrogui.viewers.colours import Theme
from astrogui.viewers.spectrum_answer import WorkedAnswer, work_out
from astrogui.viewers.spectrum_curve import Drawn, Smoothing, box_for
from astrogui.viewers.spectrum_drawing import SpectrumDrawing, is_moved
from astrogui.viewers.spectrum_identify import IdentifyBar
from astrogui.viewers.spectrum_measure import MeasureRegions, MeasureTable
from astrogui.viewers.spectrum_model import ModelFit
from astrogui.viewers.spectrum_mouse import SpectrumMouse
from astrogui.viewers.spectrum_overlay import Overlay, OverlayStyle, lay_over
from astrogui.viewers.spectrum_plots import SpectrumPlots, flux_title
from astrogui.viewers.spectrum_redshift import ShownRedshift
from astrogui.viewers.spectrum_title import (
    SpectrumLabels,
    answer_words,
    class_of,
    number_of,
    redshift_of,
)
from astrogui.viewers.spectrum_tools import SpectrumBar, add_tools
from astrogui.viewers.spectrum_units import Display, FluxScale, flux_scale
from astrogui.viewers.viewer import Compute, Viewer, show_notes

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
        self._drawing.draw_masks(record)
        self.has_image = self.plots.image.show_image(record.image)
        show_notes(self._labels.notes, record.notes)
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
        return redshift_of(self._row, self._posterior)

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
            self._drawing.draw_model(self._fit, self.scale, self.theme)
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
        self._drawing.show_all(self._drawn)
        self.tools["follow"].setChecked(True)
        self.follow_flux(always=True)

    def show_wavelengths(self, low: float, high: float) -> None:
        """Zoom to a range of observed vacuum wavelengths, ångström."""
        self.flux_plot.setXRange(low, high, padding=0)

    def follow_flux(self, always: bool = False) -> None:
        """Fit the flux axis to what is visible, unless the analyst has set it."""
        if self._drawn is None or not (always or self.tools["follow"].isChecked()):
            return
        self._drawing.fit_flux(self._drawn, self._full_range.isChecked())

    # Building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self._labels = labels = SpectrumLabels()
        self.readout, self.redshift_words = labels.readout, labels.redshift
        self.plots = SpectrumPlots(self)
        self._drawing = SpectrumDrawing(self.plots)
        self.has_image = False
        self._name_parts()
        self.identify = IdentifyBar(self)
        self.identify.redshift_found.connect(self.shown_redshift.set_by_hand)
        self.measurements = MeasureTable(self)
        self.measurements.setVisible(False)
        self.measurements.removed.connect(self._on_measurements_gone)
        self.mouse = SpectrumMouse(self)
        self.regions = MeasureRegions(self.flux_plot, self.mouse.measure_again)
        add_tools(self)
        self.bar = SpectrumBar(self)
        above: tuple[QWidget, ...] = (labels.title, self.bar, self.identify, labels.notes)
        below: tuple[QWidget, ...] = (self.redshift_words, self.readout, self.measurements)
        parts: tuple[QWidget, ...] = (*above, self.plots.widget, *below)
        for part in parts:
            self._body.addWidget(part)
        self._body.setStretchFactor(self.plots.widget, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._fit_titles)  # once the layout is made
        self.plots.box.setMouseEnabled(x=True, y=False)
        self.plots.box.sigXRangeChanged.connect(self._on_wavelengths_changed)
        self.plots.lines.moved.connect(self.shown_redshift.set_by_hand)
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
        self._drawn = self._drawing.draw_flux(spectrum, self.smoothing_used, self.scale)
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
        self.shown_redshift.begin(answer, self.panel.peaks, number_of(self._row.get("user_z")))
        self._arrange()

    def _choose_fit(self) -> None:
        """The model of the alternative in use, where the answer has kept it."""
        state, wanted = self.shown_redshift, self._worked.fit
        if state.peak > 0 and state.value is not None:
            wanted = self._worked.fit_at(state.value)
        if wanted is not self._fit:
            self._fit = wanted
            self._drawing.draw_model(self._fit, self.scale, self.theme)

    def _on_redshift(self) -> None:
        """Lines, rest axis, marks in p(z) and words for the redshift in use."""
        state = self.shown_redshift
        z, answer = state.value, state.answer
        self._drawing.draw_lines(self.lines, z, answer)
        self.panel.set_redshift(z if is_moved(z, answer) else None)
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
        self._drawing.label_axes(record, self.display, self.shown_redshift.value)
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
        self._drawing.switch(on)
        self._arrange()
        self.follow_flux()

    # Words ----------------------------------------------------------------------------------

    def _class(self) -> str:
        return class_of(self._row, self._posterior, self.shown_redshift)

    def _name(self) -> str:
        own = self._spectrum.object_id if self._spectrum is not None else ""
        return str(self._row.get("object_id") or own or "spectrum")

    def _write_title(self) -> None:
        if self._spectrum is None:
            return
        flags = self._posterior.flags if self._posterior is not None else Flag.NONE
        judged = self.shown_redshift.judged
        self._labels.show_title(self._name(), self.answer_words(), judged, flags, self.theme)

    def answer_words(self) -> list[str]:
        """Class with its probability, redshift with its interval and that interval's level."""
        return answer_words(self._row, self._posterior)
