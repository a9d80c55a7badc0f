"""Axes of the strain view: seconds, UTC clock, log frequency, powers of ten."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg

from astrogui.science.sidereal import leap_seconds
from astrogui.viewers.gps_time import clock_text
from astrogui.viewers.unit_text import unit_text

CHARACTER_PIXELS = 9.0  # of a clock time, its distance from the next included


class TimeAxis(pg.AxisItem):
    """Seconds after an origin that may differ from that of the plot's coordinates."""

    def __init__(self, orientation: str = "bottom") -> None:
        super().__init__(orientation)
        self.origin_s = 0.0  # where this axis has its zero, in the plot's coordinates

    def set_origin(self, origin_s: float) -> None:
        if origin_s != self.origin_s:
            self.origin_s = origin_s
            self.picture = None
            self.update()

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        levels = super().tickValues(minVal - self.origin_s, maxVal - self.origin_s, size)
        return [(spacing, [v + self.origin_s for v in values]) for spacing, values in levels]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        shifted = [value - self.origin_s for value in values]
        strings: list[str] = super().tickStrings(shifted, scale, spacing)
        return strings


class UtcAxis(pg.AxisItem):
    """Clock times over an axis of seconds since a GPS epoch."""

    def __init__(self, orientation: str = "top") -> None:
        super().__init__(orientation)
        self.epoch_gps = 0

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        del scale
        digits = self._digits(spacing)
        return [clock_text(self.epoch_gps + value, digits) for value in values]

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        # Clock times are wide: ask for the ticks of an axis half as long, at round times.
        shift = self.epoch_gps - leap_seconds(self.epoch_gps)
        shift %= 60
        levels = super().tickValues(minVal + shift, maxVal + shift, size / 2.2)[:1]
        every = self._every(levels[0][0], maxVal - minVal, size) if levels else 1
        return [
            (spacing * every, [v - shift for v in values if round(v / spacing) % every == 0])
            for spacing, values in levels
        ]

    def _every(self, spacing: float, span: float, size: float) -> int:
        """Of the clock times at this spacing, the how-manyth fits beside the next."""
        digits = self._digits(spacing)
        room = size * spacing / max(span, 1e-12)
        needed = (8 + (digits + 1 if digits else 0)) * CHARACTER_PIXELS
        return next((step for step in (1, 2, 5, 10) if step * room > needed), 20)

    def _digits(self, spacing: float) -> int:
        return max(0, min(4, -math.floor(math.log10(spacing) + 1e-9))) if spacing > 0 else 0


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


def _within(places: Sequence[float], low: float, high: float) -> list[float]:
    return [place for place in places if low <= place <= high]
