"""The amplitude spectral densities of the detectors, one over the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.strain_axes import FrequencyAxis, PowerAxis
from astrogui.viewers.strain_products import Products

RANGE_HZ = (10.0, 2000.0)


class NoisePlot(Plot):
    """Both axes logarithmic; curves in the colours and the order of the detectors."""

    def __init__(self) -> None:
        super().__init__(bottom=FrequencyAxis("bottom"), left=PowerAxis("left"))
        self.set_titles(bottom="frequency (Hz)", left="amplitude spectral density (1/√Hz)")
        self.showGrid(x=True, y=True, alpha=0.15)
        self._names = self.addLegend(offset=(-6, 6), labelTextSize="9pt")
        self.noise_curves: dict[str, pg.PlotCurveItem] = {}

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._names.setLabelTextColor(theme.text)
        self._names.setBrush(theme.colour(theme.ground, 0.85))
        for detector, curve in self.noise_curves.items():
            curve.setPen(pen(theme.colour(detector or "text", 0.85), 1.0))

    def draw(self, products: Sequence[Products | None]) -> None:
        """The noise of every detector that is ready."""
        self.clear()
        self._names.clear()
        self.noise_curves.clear()
        low, high = RANGE_HZ
        extremes: list[float] = []
        for made in products:
            if made is None or not made.frequency_hz.size:
                continue
            inside = (made.frequency_hz >= low) & (made.frequency_hz <= high) & (made.asd > 0)
            frequency, asd = np.log10(made.frequency_hz[inside]), np.log10(made.asd[inside])
            curve = pg.PlotCurveItem(frequency, asd)
            self.addItem(curve)
            self._names.addItem(curve, made.detector or "unknown")
            self.noise_curves[made.detector] = curve
            # Neither the steep low end nor the decimation filter sets the scale.
            band = (made.frequency_hz > 15.0) & (made.frequency_hz < 0.8 * made.frequency_hz[-1])
            if band.any():
                extremes += np.log10(np.percentile(made.asd[band], (0.1, 99.8))).tolist()
        self.setXRange(math.log10(low), math.log10(high), padding=0)
        if extremes:
            self.setYRange(min(extremes) - 0.3, max(extremes) + 0.3, padding=0)
        self.set_theme(self._theme)
