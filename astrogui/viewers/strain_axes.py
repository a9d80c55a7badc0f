"""Axes and strips of the strain view: UTC clock, log frequency, powers of ten, data quality."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.records.strain import Strain
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.gps_time import clock_text, leap_seconds
from astrogui.viewers.unit_text import unit_text

STRIP = 7.0  # height of the quality strip in screen pixels


class UtcAxis(pg.AxisItem):
    """Clock times over an axis of seconds since a GPS epoch."""

    def __init__(self, orientation: str = "top") -> None:
        super().__init__(orientation)
        self.epoch_gps = 0

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        del scale
        digits = max(0, min(4, -math.floor(math.log10(spacing)))) if spacing > 0 else 0
        return [clock_text(self.epoch_gps + value, digits) for value in values]

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        # Clock times are wide: ask for the ticks of an axis half as long, at round times.
        shift = self.epoch_gps - leap_seconds(self.epoch_gps)
        shift %= 60
        levels = super().tickValues(minVal + shift, maxVal + shift, size / 2.2)[:1]
        return [(spacing, [value - shift for value in values]) for spacing, values in levels]


class FrequencyAxis(pg.AxisItem):
    """An axis of log10 frequency with 10, 20, 50, 100 ... written out."""

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        decades = range(math.floor(minVal), math.ceil(maxVal) + 1)
        per_decade = size / max(maxVal - minVal, 1e-9)
        upright = self.orientation in {"left", "right"}
        steps = (1, 2, 5) if per_decade > (60 if upright else 120) else (1, 3)
        named = [decade + math.log10(step) for decade in decades for step in steps]
        minor = [decade + math.log10(s) for decade in decades for s in range(2, 10)]
        return [(1.0, _within(named, minVal, maxVal)), (0.1, _within(minor, minVal, maxVal))]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        del scale
        return [f"{10**value:.4g}" if spacing == 1.0 else "" for value in values]


class PowerAxis(pg.AxisItem):
    """An axis of log10 values with powers of ten written as such."""

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        del size
        decades = range(math.floor(minVal), math.ceil(maxVal) + 1)
        minor = [decade + math.log10(step) for decade in decades for step in range(2, 10)]
        return [
            (1.0, _within([float(d) for d in decades], minVal, maxVal)),
            (0.1, _within(minor, minVal, maxVal)),
        ]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        del scale
        return [unit_text(f"1e{round(value)}") if spacing == 1.0 else "" for value in values]


class QualityItem(pg.GraphicsObject):
    """A strip along the top: green good, orange flagged, grey no data, hatched unknown."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.spans: tuple[tuple[float, float, str], ...] = ()
        self.setZValue(30)

    def set_spans(self, spans: Sequence[tuple[float, float, str]], words: str) -> None:
        """Stretches of x, each "good", "flagged", "no data" or "unknown"."""
        self.prepareGeometryChange()
        self.spans = tuple(spans)
        self.setToolTip(words)
        self.update()

    def boundingRect(self) -> QRectF:
        view = self.getViewBox()
        return view.viewRect() if view is not None else QRectF()

    def viewRangeChanged(self, *_: object) -> None:
        self.prepareGeometryChange()
        self.update()

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: object = None) -> None:
        """Never part of the automatic range."""

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None:
            return
        rect = view.viewRect()
        tall = STRIP * rect.height() / max(view.height(), 1.0)
        colours = {
            "good": QBrush(self.theme.colour("good", 0.8)),
            "flagged": QBrush(self.theme.colour("warning", 0.9)),
            "no data": QBrush(self.theme.colour("masked", 0.8)),
            "unknown": QBrush(self.theme.colour("muted"), Qt.BrushStyle.BDiagPattern),
        }
        for low, high, kind in self.spans:
            low, high = max(low, rect.left()), min(high, rect.right())
            if high > low:
                # View coordinates have y upwards, so the top of the plot is rect.bottom().
                area = QRectF(low, rect.bottom() - tall, high - low, tall)
                painter.fillRect(area, colours[kind])


class CornerText(pg.GraphicsObject):
    """Words in the upper left corner of a plot, on a ground that keeps them legible."""

    def __init__(self, view: pg.ViewBox) -> None:
        super().__init__()
        self.setParentItem(view)
        self.setZValue(90)
        self.theme: Theme = LIGHT
        self.words = ""
        self.colour = "text"

    def set_words(self, words: str, colour: str = "text") -> None:
        self.words, self.colour = words, colour
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, 600, 40)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        if not self.words:
            return
        metrics = QFontMetricsF(painter.font())
        box = QRectF(6, STRIP + 3, metrics.horizontalAdvance(self.words) + 10, metrics.height() + 2)
        ground = QColor(self.theme.ground)
        ground.setAlphaF(0.8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(self.theme.colour(self.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.words)


def quality_spans(strain: Strain) -> tuple[list[tuple[float, float, str]], str]:
    """Stretches (from, to in GPS seconds, kind) and the counts of good seconds in words."""
    if strain.quality is None:
        return [(strain.gps_start, strain.gps_end, "unknown")], "Data quality: unknown"
    names = strain.quality_names or tuple(f"bit {i}" for i in range(7))
    asked = [i for i, name in enumerate(names) if name == "DATA" or name.startswith("CBC")]
    asked = asked or list(range(len(names)))
    data = next((i for i, name in enumerate(names) if name == "DATA"), 0)
    spans: list[tuple[float, float, str]] = []
    for second, bits in enumerate(strain.quality.tolist()):
        kind = "good" if all(bits >> i & 1 for i in asked) else "flagged"
        kind = kind if bits >> data & 1 else "no data"
        start = strain.gps_start + second
        if spans and spans[-1][2] == kind:
            spans[-1] = (spans[-1][0], start + 1, kind)
        else:
            spans.append((start, start + 1, kind))
    total = strain.quality.size
    counts = [f"{name} {int(np.sum(strain.quality >> i & 1))}" for i, name in enumerate(names)]
    return spans, f"Data quality: good seconds of {total}: " + ", ".join(counts)


def _within(places: Sequence[float], low: float, high: float) -> list[float]:
    return [place for place in places if low <= place <= high]
