"""What the mouse does in a spectrum: read-out, features for a redshift, ranges to measure."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QPointF, Qt

from astrogui.science.air import air_from_vacuum
from astrogui.science.line_identity import feature_near
from astrogui.science.line_lists import LISTS, lines_of
from astrogui.science.line_measurement import LineMeasurement, Samples, Span, measure
from astrogui.science.lines import Line
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.viewers.spectrum_measure import Context
from astrogui.viewers.spectrum_units import WAVELENGTH_UNITS, line_flux_unit
from astrogui.viewers.unit_text import number_text

if TYPE_CHECKING:
    from astrogui.viewers.spectrum_view import SpectrumView

FEATURE_PIXELS = 12  # of the screen: how far from a click a feature is looked for
ZOOM_KM_S, BROAD_ZOOM_KM_S = 4000.0, 15000.0
NEAR_KM_S = 1500.0  # a measurement this near to a line is given its name


class SpectrumMouse(QObject):
    """Modes: none, "features" (click two lines) and "measure" (drag a range)."""

    def __init__(self, view: SpectrumView) -> None:
        super().__init__(view)
        self._ref = weakref.ref(view)
        self.mode = ""
        self._replaces = False
        self._context: Context | None = None
        scene = view.plots.widget.scene()
        scene.sigMouseMoved.connect(self._on_moved)
        scene.sigMouseClicked.connect(self._on_clicked)
        view.plots.box.range_dragged.connect(self._on_range)
        view.identify.finished.connect(self.stop)

    @property
    def _view(self) -> SpectrumView:
        view = self._ref()
        assert view is not None
        return view

    # Modes ----------------------------------------------------------------------------------

    def pick_features(self, on: bool) -> None:
        """Click two features; the pairs of lines that fit are proposed."""
        self.stop(keep="pick" if on else "")
        view = self._view
        if on and view.record is not None:
            self.mode = "features"
            view.identify.begin(lines_of(tuple(one.name for one in LISTS)))
            view.plots.lines.can_move = False

    def pick_range(self, on: bool) -> None:
        """Drag a range over a line to measure it."""
        self.stop(keep="measure" if on else "")
        if on:
            self.mode = "measure"
            self._view.plots.box.takes_ranges = True
            self._view.plots.lines.can_move = False
            self._view.message.emit("Drag a range over a line. Esc ends measuring.")

    def stop(self, keep: str = "") -> None:
        """Back to panning; the tool named ``keep`` stays switched on."""
        view = self._view
        self.mode = ""
        view.plots.box.takes_ranges = False
        view.plots.lines.can_move = True
        if view.identify.isVisibleTo(view):
            view.identify.blockSignals(True)
            view.identify.finish()
            view.identify.blockSignals(False)
        for name in ("pick", "measure"):
            if name != keep and name in view.tools and view.tools[name].isChecked():
                view.tools[name].blockSignals(True)
                view.tools[name].setChecked(False)
                view.tools[name].blockSignals(False)
                view.tools[name].changed.emit()

    def _on_clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        view, at = self._view, event.scenePos()
        overview = view.panel.overview
        if overview.isVisible() and _inside(overview, at):
            z = overview.getViewBox().mapSceneToView(at).x()
            self._choose_redshift(z)
        elif self.mode == "features" and _inside(view.flux_plot, at):
            self.add_feature(view.plots.box.mapSceneToView(at).x())

    def _choose_redshift(self, z: float) -> None:
        """A click in p(z): the peak nearby, or the very place."""
        view = self._view
        reach = 8 * view.panel.overview.getViewBox().viewPixelSize()[0]
        near = [i for i, p in enumerate(view.shown_redshift.peaks) if abs(p.z - z) <= reach]
        if near:
            best = max(near, key=lambda i: view.shown_redshift.peaks[i].probability)
            view.shown_redshift.use_peak(best)
        else:
            view.shown_redshift.set_by_hand(z)

    def add_feature(self, wavelength: float) -> None:
        """The feature next to a click, found in the curve as it is drawn."""
        view = self._view
        curve = view.curve
        if curve is None or curve.wavelength.size < 2:
            return
        reach = max(
            FEATURE_PIXELS * view.plots.box.angstrom_per_pixel(),
            4 * float(np.median(np.diff(curve.wavelength))),
        )
        known = np.isfinite(curve.flux) & (curve.error > 0)
        ivar = np.where(known, 1 / np.where(known, curve.error, 1.0) ** 2, 0.0)
        flux = np.where(known, curve.flux, 0.0)
        place, error = feature_near(curve.wavelength, flux, ivar, known, wavelength, reach)
        view.identify.add_feature(place, error)

    # Measuring ------------------------------------------------------------------------------

    def _on_range(self, low: float, high: float, is_done: bool) -> None:
        view = self._view
        if view.record is None or high <= low:
            return
        view.regions.show((low, high))
        if is_done:
            self._replaces = False
            self._measure()

    def measure_again(self) -> None:
        """An edge was moved: the last measurement is made anew."""
        self._replaces = bool(self._view.measurements.entries)
        self._measure()

    def _measure(self) -> None:
        view = self._view
        record = view.record
        if record is None:
            return
        window, bands = view.regions.spans
        scale, unit = line_flux_unit(record)
        factor = scale.of(record.wavelength_angstrom)
        self._context = self._context_of(window, unit, scale.label)
        view.ask(
            "measure", view.take_measurement, measured, record.wavelength_angstrom,
            record.flux * factor, record.ivar / factor**2, record.good, window, bands,
        )  # fmt: skip

    def take(self, found: list[LineMeasurement] | str) -> None:
        view = self._view
        if isinstance(found, str) or self._context is None:
            view.message.emit(str(found))
            view.measurements.words.setText(str(found))
            return
        self._draw_fits(found)
        view.measurements.show_pair(found, self._context, self._replaces)
        view.measurements.setVisible(True)
        self._replaces = True

    def _draw_fits(self, found: list[LineMeasurement]) -> None:
        """The continuum and the Gaussian over the data, in the unit of the axis."""
        view = self._view
        if view.record is None:
            return
        scale = line_flux_unit(view.record)[0]
        view.regions.draw(
            [
                (x, y / scale.of(x) * view.scale.of(x))
                for x, y in (one.curve for one in found if one.curve is not None)
            ]
        )

    def _context_of(self, window: Span, flux_unit: str, continuum_unit: str) -> Context:
        """Which line the window lies on, by the redshift in use."""
        view = self._view
        z = view.shown_redshift.value
        nearest: Line | None = None
        if z is not None and view.lines:
            middle = 0.5 * (window[0] + window[1]) / (1 + z)
            nearest = min(view.lines, key=lambda line: abs(line.wavelength_angstrom - middle))
            apart = abs(middle / nearest.wavelength_angstrom - 1) * SPEED_OF_LIGHT_KM_S
            nearest = nearest if apart <= NEAR_KM_S else None
        return Context(
            redshift=z,
            line_name=nearest.name if nearest else "",
            line_angstrom=nearest.wavelength_angstrom if nearest else 1.0,
            flux_unit=flux_unit,
            continuum_unit=continuum_unit,
        )

    # Reading and zooming --------------------------------------------------------------------

    def zoom_to_line(self, line: Line) -> None:
        """Show the surroundings of a line whose name was clicked."""
        view = self._view
        centre = line.wavelength_angstrom * (1 + (view.shown_redshift.value or 0.0))
        reach = (BROAD_ZOOM_KM_S if line.kind == "broad" else ZOOM_KM_S) / SPEED_OF_LIGHT_KM_S
        view.show_wavelengths(centre * (1 - reach), centre * (1 + reach))

    def _on_moved(self, at: QPointF) -> None:
        view = self._view
        if view.record is None:
            return
        overview = view.panel.overview
        if _inside(view.flux_plot, at) or (view.has_image and _inside(view.plots.image, at)):
            view.readout.setText(self.words_at(view.plots.box.mapSceneToView(at).x()))
        elif overview.isVisible() and _inside(overview, at):
            z = overview.getViewBox().mapSceneToView(at).x()
            view.readout.setText(f"z = {z:.5f} · click to draw the lines there")
        else:
            view.readout.setText(" ")

    def words_at(self, wavelength: float) -> str:
        """Wavelength observed and at rest, flux with its error, and the line nearby."""
        view = self._view
        curve, z = view.curve, view.shown_redshift.value
        if curve is None or curve.wavelength.size < 2:
            return " "
        index = int(np.clip(np.searchsorted(curve.wavelength, wavelength), 1, curve.flux.size - 1))
        if wavelength - curve.wavelength[index - 1] < curve.wavelength[index] - wavelength:
            index -= 1
        unit = view.display.wavelength
        parts = [f"{self._shown(wavelength)} {unit} observed"]
        if z is not None:
            parts.append(f"{self._shown(wavelength / (1 + z))} {unit} rest")
        flux, error = float(curve.flux[index]), float(curve.error[index])
        label = view.scale.label or "relative"
        if wavelength < curve.wavelength[0] or wavelength > curve.wavelength[-1]:
            parts.append("outside the spectrum")
        elif np.isfinite(flux):
            parts.append(f"flux {number_text(flux, error)} ± {error:.2g} {label}")
        else:
            parts.append("masked")
        if z is not None and view.lines:
            near = min(view.lines, key=lambda x: abs(x.wavelength_angstrom * (1 + z) - wavelength))
            apart = wavelength / (near.wavelength_angstrom * (1 + z)) - 1
            velocity = apart * SPEED_OF_LIGHT_KM_S
            if abs(velocity) < 9999:
                parts.append(f"{near.name} {velocity:+.0f} km/s".replace("-", "−"))
        return " · ".join(parts)

    def _shown(self, wavelength: float) -> str:
        display = self._view.display
        value = float(air_from_vacuum(np.array(wavelength))) if display.air else wavelength
        places = {"Å": 2, "nm": 3, "µm": 6}[display.wavelength]
        return f"{value * WAVELENGTH_UNITS[display.wavelength]:.{places}f}"


def measured(
    wavelength: Any, flux: Any, ivar: Any, good: Any, window: Span, bands: tuple[Span, ...]
) -> list[LineMeasurement] | str:
    """The measurements, or why there are none."""
    if np.size(wavelength) < 2:
        return "The spectrum has fewer than two samples."
    try:
        return measure(Samples.of(wavelength, flux, ivar, good), window, bands)
    except ValueError as error:
        return str(error)


def _inside(plot: Any, at: QPointF) -> bool:
    box = plot.getViewBox()
    return bool(plot.isVisible() and box.sceneBoundingRect().contains(at))
