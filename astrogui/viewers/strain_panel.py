"""The plots of one detector: strain, whitened strain and energy map over one time axis."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from astrogui.records.strain import Strain
from astrogui.viewers.colours import LIGHT, Theme, rgb_of_map
from astrogui.viewers.plot import Marker, MarkersItem, Plot, SpanItem, pen
from astrogui.viewers.strain_axes import (
    STRIP,
    CornerText,
    FrequencyAxis,
    QualityItem,
    UtcAxis,
    quality_spans,
)
from astrogui.viewers.strain_products import LOWEST_HZ, EnergyMap, Products, Series

PRODUCTS = ("strain", "whitened", "map")
LEFT_WIDTH = 60
TITLES = {  # in full, and where many plots leave little room
    "strain": ("strain (10⁻²¹)", "h (10⁻²¹)"),
    "whitened": ("whitened (σ)", "σ"),
    "map": ("frequency (Hz)", "f (Hz)"),
}
STRAIN_SCALE = 1e21  # strain is drawn in this unit, which its axis names
_LOUDEST = 25.0  # normalised energy at the top of the colours, unless the map stays below


class DetectorPanel:
    """Three plots and what is drawn in them; times are seconds since an integer GPS epoch."""

    def __init__(self, detector: str) -> None:
        self.detector = detector
        self.colour = detector or "text"
        self.epoch = 0
        self.strain: Strain | None = None
        self.products: Products | None = None
        self.utc_axes: list[UtcAxis] = []
        self.plots: dict[str, Plot] = {}
        self.curves: dict[str, pg.PlotCurveItem] = {}
        self.corners: dict[str, CornerText] = {}
        self._gaps: list[SpanItem] = []
        self._mergers: dict[str, MarkersItem] = {}
        self.quality: dict[str, QualityItem] = {}
        self._theme: Theme = LIGHT
        self.map_image = pg.ImageItem(axisOrder="row-major")
        self.fitted = pg.PlotCurveItem(connect="finite")
        self.fitted.setZValue(5)
        for product in PRODUCTS:
            self._build(product)
        self.plots["map"].addItem(self.map_image, ignoreBounds=True)
        self.plots["map"].setYRange(math.log10(LOWEST_HZ), math.log10(900.0), padding=0)
        self.map: EnergyMap | None = None

    def _build(self, product: str) -> None:
        utc = UtcAxis()
        axes: dict[str, pg.AxisItem] = {"top": utc}
        if product == "map":
            axes["left"] = FrequencyAxis("left")
        plot = Plot(**axes)
        self.utc_axes.append(utc)
        plot.getAxis("left").setWidth(LEFT_WIDTH)
        plot.setMouseEnabled(x=True, y=product != "map")
        self.plots[product] = plot
        self.corners[product] = CornerText(plot.getViewBox())
        gaps, mergers, quality = (
            SpanItem(QColor()),
            MarkersItem(rows=1, inset=STRIP + 2),
            QualityItem(),
        )
        self._gaps.append(gaps)
        self._mergers[product] = mergers
        self.quality[product] = quality
        plot.addItem(gaps, ignoreBounds=True)
        plot.addItem(mergers, ignoreBounds=True)
        plot.addItem(quality, ignoreBounds=True)
        if product != "map":
            self.curves[product] = pg.PlotCurveItem(connect="finite")
            plot.addItem(self.curves[product], ignoreBounds=True)
        if product == "whitened":
            plot.addItem(self.fitted, ignoreBounds=True)
        plot.set_titles(left=TITLES[product][0])

    def set_strain(self, strain: Strain, epoch: int) -> None:
        """A new record: the quality is drawn at once, the rest when it is computed."""
        self.strain, self.epoch, self.products, self.map = strain, epoch, None, None
        for axis in self.utc_axes:
            axis.epoch_gps = epoch
        for item in self._gaps:
            item.set_spans([])
        spans, words = quality_spans(strain)
        relative = [(low - epoch, high - epoch, kind) for low, high, kind in spans]
        for quality in self.quality.values():
            quality.set_spans(relative, words)
        for curve in self.curves.values():
            curve.setData([], [])
        self.map_image.clear()
        self.set_merger(None)
        self.set_fit(None, 0.0, 1.0)
        name = strain.detector or "unknown detector"
        unknown = "  ·  data quality unknown" if strain.quality is None else ""
        self.corners["strain"].set_words(f"{name}  preparing", self.colour)
        self.corners["whitened"].set_words(f"{name}  preparing{unknown}", self.colour)
        self.corners["map"].set_words(f"{name}  preparing", self.colour)

    def set_products(self, products: Products) -> None:
        self.products = products
        gaps = [(low - self.epoch, high - self.epoch) for low, high in products.gaps_gps]
        for item in self._gaps:
            item.set_spans(gaps)
        name = products.detector or "unknown detector"
        assert self.strain is not None
        unknown = "  ·  data quality unknown" if self.strain.quality is None else ""
        self.corners["strain"].set_words(f"{name}  strain above 13 Hz", self.colour)
        white = "whitened" if products.whitened else products.words
        self.corners["whitened"].set_words(f"{name}  {white}{unknown}", self.colour)
        if products.whitened is None:
            self.corners["map"].set_words(f"{name}  {products.words}", self.colour)

    def draw(self, low: float, high: float, steps: int) -> None:
        """The curves between two times (seconds since the epoch) at the screen's resolution."""
        if self.products is None:
            return
        for name, series in (
            ("strain", self.products.highpassed),
            ("whitened", self.products.whitened),
        ):
            if series is not None:
                x, y = self.points(series, low, high, steps)
                y = y * STRAIN_SCALE if name == "strain" else y
                self.curves[name].setData(x, y)
                self._fit_height(name, y)

    def points(
        self, series: Series, low: float, high: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Seconds since the epoch and values, a sample beyond both ends."""
        rate, offset = series.sample_rate_hz, series.start_gps - self.epoch
        first, end = int((low - offset) * rate) - 1, int((high - offset) * rate) + 2
        sample, value = series.envelope.between(first, end, steps)
        return offset + sample / rate, value

    def show_map(self, energy: EnergyMap | None) -> None:
        self.map = energy
        if energy is None:
            self.map_image.clear()
            return
        known = energy.energy[np.isfinite(energy.energy)]
        peak = float(known.max(initial=0.0))
        top = min(max(peak, 8.0), _LOUDEST)
        self.map_image.setImage(energy.energy, levels=(0.0, top), autoLevels=False)
        low, high = math.log10(energy.low_hz), math.log10(energy.high_hz)
        width = energy.last_gps - energy.first_gps
        self.map_image.setRect(QRectF(energy.first_gps - self.epoch, low, width, high - low))
        self.plots["map"].setYRange(low, high, padding=0)
        name = self.detector or "unknown detector"
        self.corners["map"].set_words(
            f"{name}  energy, 0 to {top:.0f} times the noise", self.colour
        )

    def shorten_titles(self, short: bool) -> None:
        for product, plot in self.plots.items():
            plot.set_titles(left=TITLES[product][int(short)])

    def set_merger(self, gps: float | None) -> None:
        for product, item in self._mergers.items():
            colour = "#ffffff" if product == "map" else "warning"
            marker = [] if gps is None else [Marker(gps - self.epoch, "merger", colour, 1)]
            item.set_markers(marker)

    def set_fit(self, waveform: np.ndarray | None, start_gps: float, sample_rate_hz: float) -> None:
        """The best-fitting waveform, whitened as the data are, over the whitened strain."""
        if waveform is None or not np.isfinite(waveform).any():
            self.fitted.setData([], [])
            return
        time = start_gps - self.epoch + np.arange(waveform.size) / sample_rate_hz
        self.fitted.setData(time, np.asarray(waveform, np.float64))

    def show_quality_in(self, product: str) -> None:
        """The quality strip is drawn once a detector, in its uppermost plot."""
        for name, item in self.quality.items():
            item.setVisible(name == product)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for plot in self.plots.values():
            plot.set_theme(theme)
        for curve in self.curves.values():
            curve.setPen(pen(theme.colour(self.colour), 1.0))
        self.fitted.setPen(pen(theme.colour("text"), 1.6))
        for mergers in self._mergers.values():
            mergers.set_theme(theme)
        for quality in self.quality.values():
            quality.theme = theme
            quality.update()
        for gaps in self._gaps:
            gaps.set_colour(theme.colour("masked", 0.35))
        for corner in self.corners.values():
            corner.theme = theme
            corner.update()
        self.map_image.setLookupTable(rgb_of_map("viridis", 256))

    def _fit_height(self, name: str, values: np.ndarray) -> None:
        finite = values[np.isfinite(values)]
        if finite.size:
            reach = float(np.max(np.abs(finite))) * 1.15 or 1.0
            self.plots[name].setYRange(-reach, reach, padding=0)
