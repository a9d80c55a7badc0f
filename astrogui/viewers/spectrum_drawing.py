"""What is drawn of a spectrum and its answer into the plots: curves, lines, axes, switches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astrogui.records.spectrum import Spectrum
from astrogui.science.lines import Line
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Marker
from astrogui.viewers.spectrum_curve import (
    SKY_LINES,
    TELLURIC_BANDS,
    Drawn,
    Smoothing,
    drawn,
    full_limits,
    masked_spans,
    robust_limits,
    sky_spans,
)
from astrogui.viewers.spectrum_model import ModelFit
from astrogui.viewers.spectrum_plots import SpectrumPlots
from astrogui.viewers.spectrum_units import WAVELENGTH_UNITS, Display, FluxScale

LEAST_REACH = 4.0  # of the axis of the residuals, in their errors
REACHED = 99.5  # percent of the residuals that it shows


class SpectrumDrawing:
    """Fills the plots; holds nothing of its own."""

    def __init__(self, plots: SpectrumPlots) -> None:
        self._plots = plots

    def draw_flux(self, spectrum: Spectrum, smoothing: Smoothing, scale: FluxScale) -> Drawn:
        """The curve with its error band, the raw samples behind it; what was drawn."""
        plots, curve = self._plots, drawn(spectrum, smoothing, scale)
        raw = spectrum.flux * scale.of(spectrum.wavelength_angstrom)
        plots.raw.setData(spectrum.wavelength_angstrom, raw)
        plots.curve.setData(curve.wavelength, curve.flux)
        plots.error_band.set_band(
            curve.wavelength, curve.flux - curve.error, curve.flux + curve.error
        )
        return curve

    def draw_masks(self, spectrum: Spectrum) -> None:
        """Shade what the mask of the record leaves out."""
        spans = masked_spans(spectrum)
        self._plots.masks.set_spans(spans)
        self._plots.residual_masks.set_spans(spans)

    def draw_model(self, fit: ModelFit | None, scale: FluxScale, theme: Theme) -> None:
        """The fitted model over the data with residuals, where the answer brings one."""
        plots = self._plots
        if fit is None:
            plots.model.setData([], [])
            plots.residual_curve.setData([], [])
            return
        plots.model.setData(fit.wavelength, fit.flux * scale.of(fit.wavelength))
        plots.residual_curve.setData(fit.wavelength, fit.residual)
        known = np.abs(fit.residual[np.isfinite(fit.residual)])
        reach = float(np.percentile(known, REACHED)) if known.size else LEAST_REACH
        reach = max(LEAST_REACH, reach)
        plots.residual.setYRange(-reach, reach, padding=0)
        plots.residual.setTitle(fit.words, color=theme.muted, size="8pt")

    def draw_lines(self, lines: Sequence[Line], z: float | None, answer: float | None) -> None:
        """Lines at the redshift in use; faint ones where the answer has them, if it is another."""
        plots = self._plots
        if z is None:
            plots.lines.set_markers([])
            plots.lines.lines = ()
        else:
            plots.lines.set_lines(tuple(lines), z)
        ghosts = []
        if is_moved(z, answer) and answer is not None:
            ghosts = [
                Marker(line.wavelength_angstrom * (1 + answer), "", "muted") for line in lines
            ]
        plots.answer_lines.set_markers(ghosts)

    def label_axes(self, record: Spectrum, display: Display, z: float | None) -> None:
        """Observed wavelengths below and those at rest above, or the other way round."""
        plots, unit = self._plots, display.wavelength
        per_angstrom = WAVELENGTH_UNITS[unit]
        medium = "air" if display.air else "vacuum"
        in_file = " (the file has air)" if "air" in record.medium_in_file else ""
        frame = record.frame if record.frame != "unknown" else "frame unknown"
        observed = f"wavelength, {medium}{in_file if medium == 'vacuum' else ''}, {frame} ({unit})"
        rest = f"rest wavelength at z = {z:.5g} ({unit})" if z is not None else ""
        swapped = display.rest and z is not None
        lower, upper = (rest, observed) if swapped else (observed, rest)
        for axis in (plots.bottom, plots.residual_bottom):
            axis.set_display(per_angstrom, z if swapped and z else 0.0, display.air)
        plots.top.set_display(per_angstrom, 0.0 if swapped or z is None else z, display.air)
        if plots.top.isVisible() != (z is not None):
            plots.flux.showAxis("top", z is not None)
        if plots.bottom.labelText != lower:
            plots.flux.set_titles(bottom=lower)
            plots.residual.set_titles(bottom=lower)
            plots.bottom.showLabel(not plots.residual.isVisible())
        if z is not None:
            plots.flux.set_titles(top=upper)

    def switch(self, on: Mapping[str, bool]) -> None:
        """Show and hide what has a switch."""
        plots = self._plots
        plots.error_band.setVisible(on["errors"])
        plots.masks.setVisible(on["masks"])
        plots.lines.setVisible(on["lines"])
        plots.answer_lines.setVisible(on["lines"])
        for item in (plots.sky, plots.sky_names, plots.telluric):
            item.setVisible(on["sky"])
        plots.sky.set_spans(sky_spans())
        plots.telluric.set_spans([(low, high) for low, high, _ in TELLURIC_BANDS])
        markers = [Marker(place, f"{name} sky", "muted", 2) for place, name in SKY_LINES]
        markers += [Marker((a + b) / 2, name, "muted", 3) for a, b, name in TELLURIC_BANDS]
        plots.sky_names.set_markers(markers)
        plots.box.setMouseEnabled(x=True, y=not on["follow"])

    def show_all(self, curve: Drawn) -> None:
        """The whole wavelength range of a curve."""
        first, last = float(curve.wavelength[0]), float(curve.wavelength[-1])
        span = max(last - first, 1.0)
        self._plots.box.setLimits(xMin=first - span, xMax=last + span, maxXRange=3 * span)
        self._plots.flux.setXRange(first, last, padding=0.01)

    def fit_flux(self, curve: Drawn, whole: bool) -> None:
        """Fit the flux axis to what is visible, to all of it with ``whole``."""
        plots = self._plots
        low, high = plots.flux.viewRange()[0]
        ends = [(full_limits if whole else robust_limits)(curve, low, high)]
        ends += [robust_limits(_as_drawn(other), low, high) for other in plots.overlays]
        bottom, top = min(a for a, _ in ends), max(b for _, b in ends)
        plots.flux.setYRange(bottom, top if top > bottom else bottom + 1.0, padding=0)


def is_moved(z: float | None, answer: float | None) -> bool:
    """Whether the redshift in use is another than the answer's."""
    return z is not None and answer is not None and abs(z - answer) > 1e-9


def _as_drawn(curve: Any) -> Drawn:
    return Drawn(wavelength=curve.x, flux=curve.y, error=np.zeros(curve.x.size))
