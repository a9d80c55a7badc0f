"""Two plots of a redshift's posterior: all redshifts by class, and the best peak with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from astrogui.records.posterior import GridDensity, Posterior
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.interval_item import IntervalItem
from astrogui.viewers.plot import Marker, MarkersItem, Plot, pen
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.unit_text import percent_text

LEVELS = (0.68, 0.9)
_BINS = 320
_FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another redshift that the data allow."""

    z: float
    probability: float
    cls: str


class RedshiftPanel:
    """Owns two plots that a layout shows side by side."""

    def __init__(self) -> None:
        self.overview = Plot()
        self.peak = Plot()
        self.interval_item = IntervalItem()
        self.peak.addItem(self.interval_item)
        self.markers = MarkersItem(rows=2)
        self.overview.addItem(self.markers)
        self.overview.setLogMode(y=True)
        self.overview.set_titles(bottom="redshift z", left="probability per bin")
        self.peak.set_titles(bottom="redshift z, best peak", left="p(z)")
        self.legend = self.overview.addLegend(offset=(-4, 4), labelTextSize="9pt")
        self.alternatives: tuple[Alternative, ...] = ()
        self.has_overview = False
        self._theme: Theme = LIGHT
        self._curves: list[tuple[str, pg.PlotDataItem]] = []

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for plot in (self.overview, self.peak):
            plot.set_theme(theme)
        self.interval_item.set_theme(theme)
        self.markers.set_theme(theme)
        self.legend.setLabelTextColor(theme.text)
        self.legend.setBrush(theme.colour(theme.ground, 0.85))
        for cls, curve in self._curves:
            self._colour_curve(cls, curve)

    def show(self, row: dict[str, Any], posterior: Posterior | None) -> bool:
        """Whether there is anything to show."""
        for _, curve in self._curves:
            self.overview.removeItem(curve)
        self._curves = []
        self.legend.clear()
        names = [p.name for p in posterior.parameters] if posterior is not None else []
        if posterior is None or "z" not in names:
            return False
        self._show_peak(posterior)
        has_grid = posterior.density is not None and posterior.density.parameter == "z"
        self.has_overview = has_grid
        if posterior.density is not None and has_grid:
            self.alternatives = alternatives_of({**row, **posterior.extras})
            self._show_overview(posterior, posterior.density)
        self.set_theme(self._theme)
        return bool(self.interval_item.curve_x.size)

    def _show_peak(self, posterior: Posterior) -> None:
        x, y = curve_of(posterior, "z")
        intervals = {level: posterior.interval("z", level) for level in LEVELS}
        colour = posterior.most_probable_class or "accent"
        self.interval_item.set_curve(x, y, intervals, posterior.value("z"), colour)
        if x.size:
            self.peak.setTitle(
                "dark: 68 % interval, light: 90 %", color=self._theme.muted, size="9pt"
            )
            self.peak.getViewBox().enableAutoRange()

    def _show_overview(self, posterior: Posterior, density: GridDensity) -> None:
        low, high = _occupied(density)
        edges = np.linspace(low, high, _BINS + 1)
        for cls in density.classes:
            cumulative = np.concatenate([[0.0], np.cumsum(density.mass(cls))])
            mass = np.diff(np.interp(edges, density.edges, cumulative))
            curve = pg.PlotDataItem(
                edges,
                np.maximum(mass, _FLOOR),
                stepMode="center",
                fillLevel=math.log10(_FLOOR),
            )
            curve.setLogMode(False, True)
            self.overview.addItem(curve)
            name = f"{cls} {percent_text(posterior.probability(cls))}"
            self.legend.addItem(curve, name)
            self._curves.append((cls, curve))
        self.overview.setXRange(low, high, padding=0)
        self.overview.setYRange(math.log10(_FLOOR), 0.35, padding=0)
        self.markers.set_markers(self._peak_markers(posterior))

    def _peak_markers(self, posterior: Posterior) -> list[Marker]:
        best = posterior.value("z")
        markers = [Marker(best, f"z = {best:.4g}", "text", 9)]
        for other in self.alternatives:
            if other.probability >= 0.005:
                name = f"{other.z:.4g} ({percent_text(other.probability)})"
                markers.append(Marker(other.z, name, other.cls or "muted", 1))
        return markers

    def _colour_curve(self, cls: str, curve: pg.PlotDataItem) -> None:
        colour: QColor = self._theme.colour(cls)
        curve.setPen(pen(colour, 1.2))
        shade = QColor(colour)
        shade.setAlphaF(0.3)
        curve.setFillBrush(shade)


def alternatives_of(cells: dict[str, Any]) -> tuple[Alternative, ...]:
    """The peaks "z_2", "z_3" ... of a row with "prob_z_2" and "class_2"."""
    found = []
    for number in range(2, 10):
        z = cells.get(f"z_{number}")
        if z is None or not math.isfinite(float(z)):
            continue
        probability = cells.get(f"prob_z_{number}")
        found.append(
            Alternative(
                float(z),
                float(probability) if probability is not None else math.nan,
                str(cells.get(f"class_{number}") or ""),
            )
        )
    return tuple(found)


def _occupied(density: GridDensity) -> tuple[float, float]:
    """The range that holds all but a hundred-thousandth of the probability, with some room."""
    mass = density.mass()
    total = np.cumsum(mass) / max(mass.sum(), 1e-300)
    first = int(np.searchsorted(total, 1e-5))
    last = int(np.searchsorted(total, 1 - 1e-5))
    low, high = float(density.edges[first]), float(density.edges[min(last + 1, mass.size)])
    room = max(0.08 * (high - low), 0.02)
    return max(low - room, float(density.edges[0])), min(high + room, float(density.edges[-1]))
