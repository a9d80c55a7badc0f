"""The amplitude spectral densities of the detectors, one over the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from astrogui.science.design_curves import CURVES
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.strain_axes import FrequencyAxis, PowerAxis
from astrogui.viewers.strain_items import CrossItem
from astrogui.viewers.strain_products import Products

RANGE_HZ = (10.0, 2000.0)
Array = NDArray[np.floating]


class NoisePlot(Plot):
    """Both axes logarithmic; curves in the colours and the order of the detectors.

    Behind them, dashed, the design sensitivities of the detectors that are shown; pale, the
    density of what is on the screen, where it is asked for.
    """

    def __init__(self) -> None:
        super().__init__(bottom=FrequencyAxis("bottom"), left=PowerAxis("left"))
        self.set_titles(bottom="frequency (Hz)", left="amplitude spectral density (1/√Hz)")
        self.showGrid(x=True, y=True, alpha=0.15)
        self._names = self.addLegend(offset=(-6, 6), labelTextSize="8pt")
        self._names.setZValue(100)  # legible over curves
        self.noise_curves: dict[str, pg.PlotCurveItem] = {}
        self.now_curves: dict[str, pg.PlotCurveItem] = {}
        self.design_curves: dict[str, pg.PlotCurveItem] = {}
        self.shows_design = True
        self.shows_einstein = False  # the design of a detector to come
        self._products: tuple[Products, ...] = ()
        self._now: dict[str, tuple[Array, Array]] = {}
        self.cross = CrossItem()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._names.setLabelTextColor(theme.text)
        for _, label in self._names.items:
            label.setText(label.text)  # which is when pyqtgraph takes the colour over
        self._names.setBrush(theme.colour(theme.ground, 0.85))
        self.cross.theme = theme
        self._colour()

    def _colour(self) -> None:
        theme = self._theme
        for detector, curve in self.noise_curves.items():
            curve.setPen(pen(theme.colour(detector or "text", 0.85), 1.0))
        for detector, curve in self.now_curves.items():
            curve.setPen(pen(theme.colour(detector or "text", 0.4), 1.0))
        styles = (Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DotLine)
        for design, style in zip(CURVES, styles, strict=True):
            if design.name in self.design_curves:
                self.design_curves[design.name].setPen(pen(theme.colour("text"), 1.6, style))

    def draw(self, products: Sequence[Products | None]) -> None:
        """The noise of every detector that is ready."""
        self._products = tuple(
            made for made in products if made is not None and made.frequency_hz.size
        )
        self._now = {}
        self._redraw()

    def draw_now(self, detector: str, frequency_hz: Array, asd: Array) -> None:
        """The density of a detector's stretch on the screen; empty arrays for none."""
        self._now[detector] = frequency_hz, asd
        self._redraw()

    def show_design(self, shown: bool) -> None:
        self.shows_design = shown
        self._redraw()

    def show_einstein(self, shown: bool) -> None:
        self.shows_einstein = shown
        self._redraw()

    def values_at(self, frequency_hz: float) -> dict[str, float]:
        """Each curve's density at a frequency, by the name it has in the legend."""
        values = {
            made.detector or "unknown": float(np.interp(frequency_hz, made.frequency_hz, made.asd))
            for made in self._products
        }
        for curve in CURVES:
            if curve.name in self.design_curves:
                values[curve.name] = float(curve.asd(np.array([frequency_hz]))[0])
        return {name: value for name, value in values.items() if math.isfinite(value)}

    def _redraw(self) -> None:
        self.clear()
        self._names.clear()
        self.noise_curves.clear()
        self.now_curves.clear()
        self.design_curves.clear()
        extremes: list[float] = []
        for made in self._products:
            name = made.detector or "unknown"
            for values, kept, title in (
                (self._now.get(made.detector), self.now_curves, ""),
                ((made.frequency_hz, made.asd), self.noise_curves, name),
            ):
                if values is not None and values[0].size:
                    kept[made.detector] = self._add(values[0], values[1], title)
            # Neither the steep low end nor the decimation filter sets the scale.
            band = (made.frequency_hz > 15.0) & (made.frequency_hz < 0.8 * made.frequency_hz[-1])
            if band.any():
                extremes += np.log10(np.percentile(made.asd[band], (0.1, 99.8))).tolist()
        extremes += self._add_design()
        self.addItem(self.cross, ignoreBounds=True)
        self.setXRange(*np.log10(RANGE_HZ), padding=0)
        if extremes:
            self.setYRange(min(extremes) - 0.3, max(extremes) + 0.3, padding=0)
        self._colour()

    def _add(self, frequency_hz: Array, asd: Array, name: str) -> pg.PlotCurveItem:
        low, high = RANGE_HZ
        inside = (frequency_hz >= low) & (frequency_hz <= high) & (asd > 0)
        curve = pg.PlotCurveItem(np.log10(frequency_hz[inside]), np.log10(asd[inside]))
        self.addItem(curve)
        if name:
            self._names.addItem(curve, name)
        return curve

    def _add_design(self) -> list[float]:
        """The designs of the detectors shown; the extremes that they bring."""
        known = {made.detector for made in self._products} if self.shows_design else set()
        extremes = []
        for design in CURVES:
            is_coming = design.name.startswith("Einstein") and self.shows_einstein
            if not (known & set(design.detectors) or (is_coming and self._products)):
                continue
            frequency = np.geomspace(design.low_hz, design.high_hz, 300)
            asd = design.asd(frequency)
            curve = self._add(frequency, asd, design.name)
            curve.setToolTip(f"{design.name}: {design.source}")
            self.design_curves[design.name] = curve
            extremes.append(float(np.log10(asd.min())))
        return extremes
