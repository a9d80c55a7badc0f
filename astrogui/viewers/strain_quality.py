"""Data quality of strain: a strip along a plot, and the bits by name as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.records.strain import Strain
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.plot import ViewItem, runs

STRIP = 7.0  # height of the quality strip in screen pixels
Span = tuple[float, float, str]  # from, to, and "good", "flagged", "no data" or "unknown"
Bits = tuple[tuple[str, tuple[tuple[float, float], ...]], ...]  # name, stretches that are good


def quality_spans(strain: Strain) -> tuple[list[Span], str]:
    """Stretches (from, to in GPS seconds, kind) and the counts of good seconds in words."""
    if strain.quality is None:
        return [(strain.gps_start, strain.gps_end, "unknown")], "Data quality: unknown"
    names = _names(strain)
    asked = [i for i, name in enumerate(names) if name == "DATA" or name.startswith("CBC")]
    mask = sum(1 << i for i in asked or range(len(names)))
    data = next((i for i, name in enumerate(names) if name == "DATA"), 0)
    kinds = np.where(strain.quality & mask == mask, 0, 1)
    kinds = np.where(strain.quality >> data & 1, kinds, 2)
    edges = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), kinds.size]
    words = ("good", "flagged", "no data")
    spans = [
        (strain.gps_start + a, strain.gps_start + b, words[int(kinds[a])])
        for a, b in pairwise(edges)
        if b > a
    ]
    total = strain.quality.size
    counts = [f"{name} {int(np.sum(strain.quality >> i & 1))}" for i, name in enumerate(names)]
    return spans, f"Data quality: good seconds of {total}: " + ", ".join(counts)


def quality_bits(strain: Strain) -> Bits:
    """Each bit of quality and injections with the stretches, in GPS seconds, where it is set."""
    groups = [(strain.quality, _names(strain) if strain.quality is not None else ())]
    groups.append((strain.injections, strain.injection_names))
    return tuple(
        (
            name,
            tuple(
                (strain.gps_start + a, strain.gps_start + b)
                for a, b in runs((values >> i & 1).astype(bool))
            ),
        )
        for values, names in groups
        if values is not None
        for i, name in enumerate(names)
    )


def _names(strain: Strain) -> tuple[str, ...]:
    return strain.quality_names or tuple(f"bit {i}" for i in range(7))


class QualityItem(ViewItem):
    """A strip along the top: green good, orange flagged, grey no data, hatched unknown."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.spans: tuple[Span, ...] = ()
        self.setZValue(30)

    def set_spans(self, spans: Sequence[Span], words: str) -> None:
        """Stretches of x, each "good", "flagged", "no data" or "unknown"."""
        self.prepareGeometryChange()
        self.spans = tuple(spans)
        self.setToolTip(words)
        self.update()

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


class QualityBars(ViewItem):
    """One bar for each bit, named: green where it is set (good), orange where it is not."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.bits: Bits = ()
        self.span = (0.0, 0.0)
        self._place = QPointF(math.nan, math.nan)
        self.setAcceptHoverEvents(True)
        self.setZValue(5)

    def set_bits(self, bits: Bits, span: tuple[float, float]) -> None:
        """Names and good stretches of x; ``span`` is what the record covers."""
        self.prepareGeometryChange()
        self.bits, self.span = bits, span
        self.update()

    def words_at(self, x: float, y: float) -> str:
        """What a bit says at a place of the plot, whose rows count from the top."""
        number = math.floor(y)
        if not 0 <= number < len(self.bits) or not self.span[0] <= x <= self.span[1]:
            return ""
        name, good = self.bits[number]
        for low, high in good:
            if low <= x < high:
                return f"{name}: set (good) for {high - low:g} s"
        return f"{name}: not set here"

    def hoverMoveEvent(self, event: object) -> None:
        place = event.pos()  # type: ignore[attr-defined]
        self.setToolTip(self.words_at(place.x(), place.y()))

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        view = self.getViewBox()
        if view is None:
            return
        rect = view.viewRect()
        low, high = max(self.span[0], rect.left()), min(self.span[1], rect.right())
        good, bad = self.theme.colour("good", 0.75), self.theme.colour("warning", 0.85)
        for number, (_, stretches) in enumerate(self.bits):
            if high > low:
                painter.fillRect(QRectF(low, number + 0.15, high - low, 0.7), bad)
            for first, last in stretches:
                a, b = max(first, low), min(last, high)
                if b > a:
                    painter.fillRect(QRectF(a, number + 0.15, b - a, 0.7), good)
        self._write_names(painter, rect, view.height())

    def _write_names(self, painter: QPainter, rect: QRectF, height: float) -> None:
        """Names at the left, each in its bar, as large as the bars allow."""
        if not self.bits:
            return
        to_screen = self.sceneTransform()
        painter.save()
        painter.resetTransform()
        font = painter.font()
        font.setPixelSize(int(min(max(0.8 * height / len(self.bits), 5), 11)))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        for number, (name, _) in enumerate(self.bits):
            middle = to_screen.map(QPointF(rect.left(), number + 0.5))
            tall = metrics.height()
            box = QRectF(
                middle.x() + 3, middle.y() - tall / 2, metrics.horizontalAdvance(name) + 6, tall
            )
            painter.fillRect(box, self.theme.colour(self.theme.ground, 0.85))
            painter.setPen(QPen(self.theme.colour("text")))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
        painter.restore()
