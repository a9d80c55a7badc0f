"""The plot of a measured source or line: radial profile with its fits, growth, or brightness."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from astrogui.science.profiles import binned_profile
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.image_photometry import LineMeasure, SourceMeasure
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.unit_text import unit_text

RADIAL, GROWTH = "Radial profile", "Curve of growth"
MOST_DOTS = 6000  # single pixels drawn


class ProfilePlot(PlotPage):
    """Shows one measure; distances in arcsec where the scale is known, else in pixels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Profile")
        self.plot = Plot()
        self.addItem(self.plot)
        self._theme: Theme = LIGHT
        self._legend = self.plot.addLegend(offset=(-6, 6), labelTextSize="8pt")
        self._shown: tuple[SourceMeasure | LineMeasure, str] | None = None
        self.set_theme(LIGHT)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setBackground(theme.panel)
        self.plot.set_theme(theme)
        self._legend.setLabelTextColor(theme.text)
        self._legend.setBrush(theme.colour(theme.ground, 0.85))
        if self._shown is not None:
            self.draw(*self._shown)

    def draw(self, measure: SourceMeasure | LineMeasure, kind: str = RADIAL) -> None:
        """Draw a line's brightness, or of a source its ``RADIAL`` profile or ``GROWTH``."""
        self._shown = (measure, kind)
        self.plot.clear()
        self._legend.clear()
        scale = measure.scale_arcsec or 1.0
        unit = "arcsec" if measure.scale_arcsec else "pixels"
        if isinstance(measure, LineMeasure):
            self._draw_line(measure, scale, unit)
        elif kind == GROWTH:
            self._draw_growth(measure, scale, unit)
        else:
            self._draw_radial(measure, scale, unit)
        self.plot.enableAutoRange()

    def _draw_line(self, measure: LineMeasure, scale: float, unit: str) -> None:
        across = f", mean of {measure.width:g} pixels across" if measure.width > 1 else ""
        self.plot.set_titles(
            bottom=f"distance along the line ({unit})",
            left=_with_unit(f"value{across}", measure.unit),
        )
        curve = pg.PlotCurveItem(
            measure.distance * scale, measure.value, connect="finite",
            pen=pen(self._theme.colour(self._theme.series[0]), 1.4),
        )  # fmt: skip
        self.plot.addItem(curve)

    def _draw_growth(self, measure: SourceMeasure, scale: float, unit: str) -> None:
        self.plot.set_titles(
            bottom=f"radius ({unit})", left=_with_unit("flux within", measure.unit)
        )
        growth, theme = measure.growth, self._theme
        curve = pg.PlotCurveItem(
            growth.radius * scale, growth.flux, pen=pen(theme.colour(theme.series[0]), 1.6)
        )
        self.plot.addItem(curve)
        self._legend.addItem(curve, "flux")
        self._upright(measure.apertures.radius * scale, "aperture")
        half = growth.radius_of(0.5)
        if math.isfinite(half):
            self._upright(half * scale, "half the flux", theme.series[1])

    def _draw_radial(self, measure: SourceMeasure, scale: float, unit: str) -> None:
        theme = self._theme
        self.plot.set_titles(
            bottom=f"distance from the centre ({unit})", left=_with_unit("value", measure.unit)
        )
        step = max(1, measure.distance.size // MOST_DOTS)
        dots = pg.ScatterPlotItem(
            measure.distance[::step] * scale, measure.value[::step], size=3, pen=None,
            brush=theme.colour("muted", 0.55),
        )  # fmt: skip
        self.plot.addItem(dots)
        self._legend.addItem(dots, "pixels")
        if measure.distance.size:
            middle, mean, _ = binned_profile(measure.distance, measure.value)
            rings = pg.ScatterPlotItem(
                middle * scale, mean, size=7, symbol="s", pen=None, brush=theme.colour("text")
            )
            self.plot.addItem(rings)
            self._legend.addItem(rings, "ring means")
            radius = np.linspace(0.0, float(measure.distance[-1]), 200)
            for fit, colour in zip(measure.fits, (theme.series[0], theme.series[1]), strict=False):
                style = Qt.PenStyle.SolidLine if fit.shape == "Moffat" else Qt.PenStyle.DashLine
                curve = pg.PlotCurveItem(
                    radius * scale, fit.value(radius), pen=pen(theme.colour(colour), 1.8, style)
                )
                self.plot.addItem(curve)
                self._legend.addItem(curve, f"{fit.shape} {fwhm_short(fit.fwhm, measure)}")
        self._upright(measure.apertures.radius * scale, "aperture")

    def _upright(self, x: float, name: str, colour: str = "") -> None:
        line = pg.InfiniteLine(
            x, pen=pen(self._theme.colour(colour or "accent"), 1.2, Qt.PenStyle.DotLine)
        )
        self.plot.addItem(line, ignoreBounds=True)
        sample = pg.PlotCurveItem(
            pen=pen(self._theme.colour(colour or "accent"), 1.2, Qt.PenStyle.DotLine)
        )
        self._legend.addItem(sample, name)


def fwhm_words(fwhm: float, measure: SourceMeasure) -> str:
    """A width in pixels, and in arcsec where the scale is known."""
    words = f"{fwhm:.2f} px"
    return f"{words} = {fwhm * measure.scale_arcsec:.2f}″" if measure.scale_arcsec else words


def fwhm_short(fwhm: float, measure: SourceMeasure) -> str:
    """A width in arcsec where the scale is known, else in pixels."""
    return f"{fwhm * measure.scale_arcsec:.2f}″" if measure.scale_arcsec else f"{fwhm:.2f} px"


def _with_unit(title: str, unit: str) -> str:
    return f"{title} ({unit_text(unit)})" if unit else f"{title} (no unit in the file)"
