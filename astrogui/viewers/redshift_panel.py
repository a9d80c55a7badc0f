"""Two plots of a redshift's posterior: all redshifts by class, and the best peak with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from astrogui.records.interval import grid_quantiles
from astrogui.records.posterior import GridDensity, Posterior
from astrogui.science.redshift_peaks import find_peaks
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.interval_item import IntervalItem
from astrogui.viewers.plot import Marker, MarkersItem, Plot, pen
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.spectrum_items import NamesItem
from astrogui.viewers.unit_text import percent_text

Array = NDArray[np.floating]
LEVELS = (0.68, 0.9)
SHOWN = 1e-3  # peaks of less probability are not stepped to
MOST_PEAKS = 8
_BINS = 320
_FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another redshift that the data allow."""

    z: float
    probability: float
    cls: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelContent:
    """What the two plots show of a posterior."""

    posterior: Posterior
    x: Array  # redshift and its density about the best peak, empty without an answer
    y: Array
    intervals: dict[float, tuple[float, float]]
    alternatives: tuple[Alternative, ...] = ()
    peaks: tuple[Alternative, ...] = ()
    edges: Array | None = None  # of the bins over all redshifts, None without a density there
    masses: tuple[tuple[str, Array], ...] = ()  # the probability per bin of each class


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
        self.names = NamesItem(below=2)
        self.overview.addItem(self.names, ignoreBounds=True)
        self.alternatives: tuple[Alternative, ...] = ()
        self.peaks: tuple[Alternative, ...] = ()  # the answer, then the rest by probability
        self.shown_peak = 0
        self.has_overview = False
        self._posterior: Posterior | None = None
        self._content: PanelContent | None = None
        self._in_use = [pg.InfiniteLine(angle=90) for _ in range(2)]
        for plot, line in zip((self.overview, self.peak), self._in_use, strict=True):
            line.setZValue(30)
            line.setVisible(False)
            plot.addItem(line, ignoreBounds=True)
        self._theme: Theme = LIGHT
        self._curves: list[tuple[str, pg.PlotCurveItem]] = []
        self._words: dict[str, str] = {}

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for plot in (self.overview, self.peak):
            plot.set_theme(theme)
        self.interval_item.set_theme(theme)
        self.markers.set_theme(theme)
        for line in self._in_use:
            line.setPen(pen(theme.colour("good"), 1.4))
        self._colour_curves()

    def set_redshift(self, z: float | None) -> None:
        """Mark the redshift at which lines are drawn, where it is not the answer's."""
        for line in self._in_use:
            line.setVisible(z is not None)
            if z is not None:
                line.setValue(z)

    def show_peak(self, index: int) -> None:
        """Show the density about one of ``peaks`` closely."""
        posterior = self._posterior
        if posterior is None or not 0 <= index < len(self.peaks):
            return
        self.shown_peak = index
        if index == 0 and self._content is not None:
            self._show_peak(self._content)
        if index == 0 or posterior.density is None:
            return
        chosen = self.peaks[index]
        x, y, intervals = about(posterior.density, chosen)
        self.interval_item.set_curve(x, y, intervals, chosen.z, chosen.cls or "accent")
        words = f"peak {index + 1} of {len(self.peaks)}"
        self._finish_peak(words, f"{chosen.cls} {percent_text(chosen.probability)}: ")

    def _finish_peak(self, words: str, what: str) -> None:
        title = f"{what}dark 68 %, light 90 %"
        self.peak.setTitle(title, color=self._theme.muted, size="9pt")
        self.peak.set_titles(bottom=f"redshift z, {words}")
        box = self.peak.getViewBox()
        box.enableAutoRange()
        box.updateAutoRange()

    def show(self, content: PanelContent | None) -> bool:
        """Whether there is anything to show; None for nothing."""
        self._posterior, self.peaks, self.shown_peak = None, (), 0
        if content is None:
            return False
        self._content, self._posterior = content, content.posterior
        self._show_peak(content)
        self.has_overview = content.edges is not None
        if content.edges is not None:
            self.alternatives, self.peaks = content.alternatives, content.peaks
            self._show_overview(content, content.edges)
        return bool(content.x.size)

    def _show_peak(self, content: PanelContent) -> None:
        colour = content.posterior.most_probable_class or "accent"
        best = content.posterior.value("z")
        self.interval_item.set_curve(content.x, content.y, content.intervals, best, colour)
        if content.x.size:
            self._finish_peak("best peak", "interval: ")

    def _show_overview(self, content: PanelContent, edges: Array) -> None:
        for _, curve in self._curves:
            self.overview.removeItem(curve)
        self._curves = []
        for cls, mass in content.masses:
            # Plain curves in powers of ten: pyqtgraph's full data item takes ten times as long.
            curve = pg.PlotCurveItem(
                edges,
                np.log10(np.maximum(mass, _FLOOR)),
                stepMode="center",
                fillLevel=math.log10(_FLOOR),
            )
            self.overview.addItem(curve)
            probability = content.posterior.probability(cls)
            told = f" {percent_text(probability)}" if math.isfinite(probability) else ""
            self._words[cls] = f"{cls}{told}"
            self._curves.append((cls, curve))
        self._colour_curves()
        self.overview.setXRange(float(edges[0]), float(edges[-1]), padding=0)
        self.overview.setYRange(math.log10(_FLOOR), 0.35, padding=0)
        self.markers.set_markers(self._peak_markers(content.posterior))

    def _peak_markers(self, posterior: Posterior) -> list[Marker]:
        best = posterior.value("z")
        markers = [Marker(best, f"z = {best:.4g}", "text", 9)]
        for other in self.alternatives:
            if other.probability >= 0.005:
                name = f"{_redshift_text(other.z)} ({percent_text(other.probability)})"
                markers.append(Marker(other.z, name, other.cls or "muted", 1))
        return markers

    def _colour_curves(self) -> None:
        for cls, curve in self._curves:
            colour: QColor = self._theme.colour(cls)
            curve.setPen(pen(colour, 1.2))
            shade = QColor(colour)
            shade.setAlphaF(0.3)
            curve.setBrush(shade)
        names = [(self._words[cls], self._theme.colour(cls)) for cls, _ in self._curves]
        self.names.set_names(names, self._theme)


def content_of(row: Mapping[str, Any], posterior: Posterior) -> PanelContent | None:
    """The curves, intervals and peaks of a redshift; None where the posterior has none."""
    if "z" not in [parameter.name for parameter in posterior.parameters]:
        return None
    x, y = curve_of(posterior, "z")
    content = PanelContent(
        posterior=posterior,
        x=x,
        y=y,
        intervals={level: posterior.interval("z", level) for level in LEVELS},
    )
    density = posterior.density
    if density is None or density.parameter != "z":
        return content
    # Where the answer brings its own cells, those of another analysis in the row are not its peaks.
    alternatives = alternatives_of(posterior.extras or dict(row))
    edges = np.linspace(*_occupied(density), _BINS + 1)
    return replace(
        content,
        alternatives=alternatives,
        peaks=peaks_of(posterior, density, alternatives),
        edges=edges,
        masses=tuple((cls, _in_bins(density, cls, edges)) for cls in density.classes),
    )


def _in_bins(density: GridDensity, cls: str, edges: Array) -> Array:
    """The probability of a class in each bin between edges, (bins,)."""
    cumulative = np.concatenate([[0.0], np.cumsum(density.mass(cls))])
    return np.diff(np.interp(edges, density.edges, cumulative))


def _redshift_text(z: float) -> str:
    """Four digits, and no more than four decimals: 0.0002 of a star, not 0.0001902."""
    return f"{z:.4g}" if abs(z) >= 0.1 else f"{round(z, 4):g}"


def alternatives_of(cells: dict[str, Any]) -> tuple[Alternative, ...]:
    """The peaks "z_2", "z_3" ... of a row with "prob_z_2" and "class_2".

    All may end alike ("z_2_euclid"), where an analysis keeps its cells apart from another's.
    """
    ends = [name.removeprefix("z_2") for name in cells if name.startswith("z_2_")]
    end = "" if "z_2" in cells or not ends else ends[0]
    found = []
    for number in range(2, 10):
        z = cells.get(f"z_{number}{end}")
        if z is None or not math.isfinite(float(z)):
            continue
        probability = cells.get(f"prob_z_{number}{end}")
        found.append(
            Alternative(
                float(z),
                float(probability) if probability is not None else math.nan,
                str(cells.get(f"class_{number}{end}") or ""),
            )
        )
    return tuple(found)


def peaks_of(
    posterior: Posterior, density: GridDensity, alternatives: tuple[Alternative, ...]
) -> tuple[Alternative, ...]:
    """The answer first, the row's alternatives, then what else stands out of the density."""
    best = posterior.value("z")
    if not math.isfinite(best):
        return ()
    mass = np.stack([density.mass(cls) for cls in density.classes])
    step = float(np.log((1 + density.edges[-1]) / (1 + density.edges[0]))) / mass.shape[1]
    reach = max(round(1000 / 299792.458 / step), 2)  # cells in 1000 km/s
    reaches = tuple(3 * reach if cls == "QSO" else reach for cls in density.classes)
    found = [Alternative(best, _within(density, posterior.most_probable_class, best),
                         posterior.most_probable_class or "")]  # fmt: skip
    found += alternatives
    for row in find_peaks(mass, density.edges, reaches, count=3):
        for peak in row:
            cls = density.classes[peak.class_index]
            known = any(
                abs(other.z - peak.redshift) < 0.006 * (1 + peak.redshift)
                and (other.cls or cls) == cls
                for other in found
            )
            if peak.probability >= SHOWN and not known:
                found.append(Alternative(peak.redshift, peak.probability, cls))
    rest = sorted(found[1:], key=lambda other: -other.probability)
    shown = [other for other in rest if other.probability >= SHOWN]
    return (found[0], *shown[: MOST_PEAKS - 1])


def about(
    density: GridDensity, peak: Alternative
) -> tuple[Array, Array, dict[float, tuple[float, float]]]:
    """z, p(z) and its intervals about a peak of a class, the intervals given that peak."""
    first, last = _basin(density, peak.cls, peak.z)
    edges = density.edges[first : last + 1]
    mass = density.mass(peak.cls if peak.cls in density.classes else None)[first:last]
    tails = [[0.5 - level / 2, 0.5 + level / 2] for level in LEVELS]
    ends = [grid_quantiles(edges, mass + 1e-300, np.array(tail)) for tail in tails]
    intervals = {
        level: (float(low), float(high)) for level, (low, high) in zip(LEVELS, ends, strict=True)
    }
    return density.centres[first:last], mass / np.diff(edges), intervals


def _basin(density: GridDensity, cls: str | None, z: float) -> tuple[int, int]:
    """Cells about z down to a thousandth of the peak, six at least to either side."""
    mass = density.mass(cls if cls in density.classes else None)
    at = int(np.clip(np.searchsorted(density.edges, z) - 1, 0, mass.size - 1))
    near = slice(max(at - 6, 0), at + 7)
    top = near.start + int(np.argmax(mass[near]))
    low = np.flatnonzero(mass[: max(top - 6, 0)] < 1e-3 * mass[top])
    high = np.flatnonzero(mass[top + 7 :] < 1e-3 * mass[top])
    first = int(low[-1]) if low.size else 0
    last = top + 7 + int(high[0]) if high.size else mass.size
    return first, last


def _within(density: GridDensity, cls: str | None, z: float) -> float:
    first, last = _basin(density, cls, z)
    return float(density.mass(cls if cls in density.classes else None)[first:last].sum())


def _occupied(density: GridDensity) -> tuple[float, float]:
    """The range that holds all but a hundred-thousandth of the probability, with some room."""
    mass = density.mass()
    total = np.cumsum(mass) / max(mass.sum(), 1e-300)
    first = int(np.searchsorted(total, 1e-5))
    last = int(np.searchsorted(total, 1 - 1e-5))
    low, high = float(density.edges[first]), float(density.edges[min(last + 1, mass.size)])
    room = max(0.08 * (high - low), 0.02)
    return max(low - room, float(density.edges[0])), min(high + room, float(density.edges[-1]))
