"""One plot of one detector: a series, a map or quality bars, and the marks that all have."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor

from astrogui.viewers.colours import Theme
from astrogui.viewers.error_band import ErrorBandItem
from astrogui.viewers.plot import Marker, MarkersItem, Plot, SpanItem, pen
from astrogui.viewers.strain_axes import FrequencyAxis, TimeAxis, UtcAxis
from astrogui.viewers.strain_items import ColourScale, CornerText, CrossItem
from astrogui.viewers.strain_maps import HIGHEST_HZ, LOWEST_HZ, TimeFrequencyMap
from astrogui.viewers.strain_quality import QualityBars, QualityItem

Array = NDArray[np.floating]

PRODUCTS = ("raw", "strain", "whitened", "band", "map", "quality")
SERIES = ("raw", "strain", "whitened", "band")
LEFT_WIDTH = 60
BIT_PIXELS = 13
TITLES = {  # in full, and where many plots leave little room
    "raw": ("raw strain (10⁻²¹)", "h (10⁻²¹)"),
    "strain": ("strain (10⁻²¹)", "h (10⁻²¹)"),
    "whitened": ("whitened (σ)", "σ"),
    "band": ("in the band (σ)", "σ"),
    "strain_band": ("in the band (10⁻²¹)", "h (10⁻²¹)"),
    "map": ("frequency (Hz)", "f (Hz)"),
    "quality": ("quality bits", "bits"),
}
UNITS = {
    "raw": "× 10⁻²¹", "strain": "× 10⁻²¹", "whitened": "σ", "band": "σ", "strain_band": "× 10⁻²¹",
}  # fmt: skip
STRAIN_SCALE = 1e21  # strain is drawn in this unit, which its axis names


class StrainPlot(Plot):
    """A plot over seconds since the record's epoch, with UTC at the top where it is wanted."""

    def __init__(self, product: str, colour: str) -> None:
        self.time_axis, self.utc_axis = TimeAxis(), UtcAxis()
        axes: dict[str, pg.AxisItem] = {"top": self.utc_axis, "bottom": self.time_axis}
        if product == "map":
            axes["left"] = FrequencyAxis("left")
        super().__init__(**axes)
        self.product, self.colour = product, colour
        self.kind = product  # of its values: that of a band is of strain or of whitened strain
        self.getAxis("left").setWidth(LEFT_WIDTH)
        self.setMouseEnabled(x=True, y=False)
        self.keeps_height = False
        self._is_short = False
        self.is_last = False  # of its column: the one that names the time axis
        self.corner = CornerText(self.getViewBox())
        if product == "map":
            self.corner.spare = 100.0  # for the ends of its colours
        self.gaps, self.measured = SpanItem(QColor()), SpanItem(QColor())
        self.mergers = MarkersItem(rows=1, at_top=False)
        self.quality = QualityItem()
        self.cross = CrossItem("#ffffff" if product == "map" else "text")
        self.measured.setZValue(40)
        for item in (self.gaps, self.mergers, self.quality, self.cross, self.measured):
            self.addItem(item, ignoreBounds=True)
        self.set_titles(left=TITLES[product][0])
        self._build()

    def _build(self) -> None:
        product = self.product
        self.curve = pg.PlotCurveItem(connect="finite")
        self.other = pg.PlotCurveItem(connect="finite")  # another detector, for comparison
        self.fitted = pg.PlotCurveItem(connect="finite")
        self.fit_band = ErrorBandItem(QColor())
        self.fit_band.setZValue(4)
        self.fitted.setZValue(5)
        self.other.setZValue(-5)
        if product in SERIES:
            for item in (self.other, self.curve, self.fit_band, self.fitted):
                self.addItem(item, ignoreBounds=True)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.track = pg.PlotCurveItem()
        self.scale = ColourScale(self.getViewBox())
        if product == "map":
            self.addItem(self.image, ignoreBounds=True)
            self.addItem(self.track, ignoreBounds=True)
            self.track.setPen(pen(QColor("#ffffff"), 1.2, Qt.PenStyle.DashLine))
            self.track.setZValue(10)
            self.setYRange(math.log10(LOWEST_HZ), math.log10(HIGHEST_HZ), padding=0)
        self.bars = QualityBars()
        if product == "quality":
            self.addItem(self.bars, ignoreBounds=True)
            self.getViewBox().invertY(True)
            self.getAxis("left").setStyle(showValues=False)

    def set_epoch(self, epoch: int) -> None:
        self.utc_axis.epoch_gps = epoch
        self.utc_axis.picture = None

    @property
    def bars_height(self) -> int:
        """Pixels that quality bits need to be read; 0 for other plots."""
        if self.product != "quality":
            return 0
        return BIT_PIXELS * max(len(self.bars.bits), 2) + 8

    @property
    def in_strain(self) -> bool:
        """Whether its values are strain, drawn in units of 1e-21."""
        return self.kind in {"raw", "strain", "strain_band"}

    def set_kind(self, kind: str) -> None:
        """What the values of a band are."""
        if kind != self.kind:
            self.kind = kind
            self.shorten_titles(self._is_short)

    def shorten_titles(self, short: bool) -> None:
        self._is_short = short
        wanted = TITLES[self.kind][int(short)]
        if self.getAxis("left").labelText != wanted:
            self.set_titles(left=wanted)

    def draw_series(self, x: Array, y: Array) -> None:
        """The series at the screen's resolution; the height follows unless it is kept."""
        y = y * STRAIN_SCALE if self.in_strain else y
        self.curve.setData(x, y)
        if self.keeps_height:
            return
        low, high = _extent(y)
        if self.product != "raw":
            reach = max(abs(low), abs(high))
            low, high = -reach, reach
        if high > low:
            spare = 0.08 * (high - low)
            self.setYRange(low - spare, high + spare, padding=0)

    def show_map(self, made: TimeFrequencyMap | None, origin_gps: float) -> None:
        """A map whose times count from ``origin_gps`` in this plot."""
        if made is None:
            self.image.clear()
            self.scale.set_ends("", "")
            return
        self.image.setImage(made.picture, autoLevels=False)
        low, high = math.log10(made.low_hz), math.log10(made.high_hz)
        width = made.last_gps - made.first_gps
        self.image.setRect(QRectF(made.first_gps - origin_gps, low, width, high - low))
        self.setYRange(low, high, padding=0)
        ends = [f"{level:.0f}" for level in made.levels]
        if made.kind == "density":
            ends = [f"{10**level:.0e}" for level in made.levels]
            ends[1] += " /√Hz"
        self.scale.set_ends(*ends)

    def show_fit(self, x: Array, median: Array, low: Array, high: Array) -> None:
        """A waveform over the series, with its band; empty arrays for none."""
        self.fitted.setData(x, median)
        self.fit_band.set_band(np.asarray(x), np.asarray(low), np.asarray(high))

    def set_merger(self, x: float | None, others: Sequence[float] = ()) -> None:
        """Mark the merger, and other candidates of a search."""
        bright = "#ffffff" if self.product == "map" else ""
        marks = [] if x is None else [Marker(x, "merger", bright or "warning", 1)]
        marks += [Marker(other, "candidate", bright or "accent") for other in others]
        self.mergers.set_markers(marks)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        line = 1.6 if self.product in {"whitened", "band"} else 1.0
        self.curve.setPen(pen(theme.colour(self.colour), 1.0))
        self.fitted.setPen(pen(theme.colour("text"), line))
        self.fit_band.set_colour(theme.colour("text", 0.25))
        self.other.setPen(pen(theme.colour("muted", 0.8), 1.0))
        self.gaps.set_colour(theme.colour("masked", 0.35))
        self.measured.set_colour(theme.colour("accent", 0.25))
        self.mergers.set_theme(theme)
        for item in (self.quality, self.corner, self.cross, self.bars, self.scale):
            item.theme = theme
            item.update()


def _extent(values: Array) -> tuple[float, float]:
    """Least and greatest finite value; (0, 0) where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


NO_CURVE = np.zeros(0)
