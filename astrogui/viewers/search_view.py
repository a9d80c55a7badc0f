"""The search over time: how loud the strain was to all templates, and the candidates found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QLabel, QSplitter, QWidget

from astrogui.records.posterior import Posterior
from astrogui.records.strain import Network
from astrogui.viewers.colours import Theme
from astrogui.viewers.gps_time import utc_text
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.search_table import CandidateTable
from astrogui.viewers.strain_axes import UtcAxis
from astrogui.viewers.viewer import Compute, Viewer

TASK = "gw_search"
HIGHEST = 12.0  # SNR that the plot shows at least
LOWEST = 4.0
GAP_S = 0.5  # between points of the track beyond which the curve is broken
MARGIN = 0.02
FLAT_PIXELS = 330  # below this height the table moves beside the plot

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One row of the search."""

    row_id: int
    gps: float
    statistic: float
    threshold: float
    snr: float
    far: float  # false alarms an hour, with its bounds; NaN where unknown
    far_low: float
    far_high: float
    chirp_mass: float
    detectors: str
    kind: str
    doubts: str

    @property
    def is_above(self) -> bool:
        return self.statistic >= self.threshold


def candidate_of(row: Mapping[str, Any]) -> Candidate | None:
    """A row of the catalogue as a candidate; None where the search did not answer it."""
    if row.get("search_statistic") is None or row.get("gps") is None:
        return None
    doubts = row.get(f"flags_{TASK}", row.get("flags")) or ""
    return Candidate(
        row_id=int(row["row_id"]),
        gps=float(row["gps"]),
        statistic=float(row["search_statistic"]),
        threshold=_number(row, "search_threshold"),
        snr=_number(row, "search_snr"),
        far=_number(row, "far_per_hour"),
        far_low=_number(row, "far_per_hour_lo90"),
        far_high=_number(row, "far_per_hour_hi90"),
        chirp_mass=_number(row, "search_chirp_mass"),
        detectors=str(row.get("search_detectors") or ""),
        kind=str(row.get("search_kind") or ""),
        doubts=str(doubts),
    )


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)


class SearchView(Viewer):
    """A track of the loudest over time with the candidates on it, and their table below.

    While strain is played or followed, what lies after its place is not shown yet.
    """

    time_chosen = Signal(float)  # GPS: the analyst wants to see the strain there

    menu_title = "&Search"
    empty_words = (
        "No search yet. Add strain of at least 64 s, or run “Search for mergers” on shorter "
        "strain; candidates appear here while it is searched."
    )

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._network: Network | None = None
        self._tracks: dict[int, tuple[Floats, Floats]] = {}  # by the rows that brought them
        self._candidates: dict[int, Candidate] = {}
        self._chosen: int | None = None
        self._place: float | None = None
        self._epoch = 0
        self._drawn_span = (0.0, 1.0)
        self._build()
        self._add_tools()
        self.set_theme(self.theme)

    # What is shown --------------------------------------------------------------------------

    @property
    def candidates(self) -> list[Candidate]:
        """Those that have come into sight, in the order of time."""
        limit = math.inf if self._place is None else self._place
        shown = (one for one in self._candidates.values() if one.gps <= limit)
        return sorted(shown, key=lambda one: one.gps)

    def show_record(self, record: Network) -> None:
        """Show the time that a network's strain covers; the search of an earlier one goes."""
        self._network = record
        self._tracks.clear()
        self._candidates.clear()
        self._chosen = self._place = None
        self._set_epoch(min(strain.gps_start for strain in record.strains))
        self.show_content()
        self._draw()
        self.show_all()

    def show_answers(self, answers: list[tuple[dict[str, Any], Posterior | None]]) -> None:
        """The rows of the search with their posteriors: candidates and what the track is of."""
        for row, posterior in answers:
            self._take(row, posterior)
        self._after_news()

    def set_answer(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        """One more row; it is the chosen one."""
        if self._take(row, posterior):
            self._chosen = int(row["row_id"])
        self._after_news()

    def set_candidates(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """All rows that there are; those that went are forgotten."""
        found = [one for row in rows if (one := candidate_of(row)) is not None]
        self._candidates = {one.row_id: one for one in found}
        self._tracks = {row: part for row, part in self._tracks.items() if row in self._candidates}
        self._after_news()

    def lacks_track(self, row_id: int) -> bool:
        """Whether a row's posterior has not been shown yet."""
        return row_id not in self._tracks

    def choose(self, row_id: int | None) -> None:
        """Mark a row without telling anybody."""
        self._chosen = row_id if row_id in self._candidates else None
        self._draw_candidates()

    def set_place(self, gps: float | None) -> None:
        """Where strain that is played has come to; None shows all there is."""
        if gps == self._place:
            return
        before = len(self.candidates)
        self._place = gps
        self._draw_track()
        if len(self.candidates) != before:
            self._draw_candidates()

    def clear(self) -> None:
        self._network = None
        self._tracks.clear()
        self._candidates.clear()
        self._chosen = self._place = None
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._canvas.setBackground(QColor(theme.ground))
        self.plot.set_theme(theme)
        self._track.setPen(pen(theme.colour("accent"), 1.2))
        self._threshold.setPen(pen(theme.colour("muted"), 1.2, Qt.PenStyle.DashLine))
        self._head.setPen(pen(theme.colour("text"), 1.0))
        self._threshold.label.setColor(theme.colour("muted"))
        self._draw_candidates()

    # Moving ---------------------------------------------------------------------------------

    def show_all(self) -> None:
        """All of the time searched."""
        low, high = self._drawn_span = self._span()
        margin = MARGIN * max(high - low, 1.0)
        self.plot.setXRange(low - margin, high + margin, padding=0)
        self._fit_height()

    def next_candidate(self) -> None:
        """Go to the next candidate in time, after the last to the first."""
        self._step(1)

    def previous_candidate(self) -> None:
        self._step(-1)

    def loudest_candidate(self) -> None:
        """Go to the candidate with the largest statistic."""
        shown = self.candidates
        if shown:
            self._choose_aloud(max(shown, key=lambda one: one.statistic).row_id)

    def _step(self, step: int) -> None:
        shown = [one.row_id for one in self.candidates]
        if not shown:
            return
        if self._chosen in shown:
            self._choose_aloud(shown[(shown.index(self._chosen) + step) % len(shown)])
        else:
            self._choose_aloud(shown[0 if step > 0 else -1])

    def _choose_aloud(self, row_id: int) -> None:
        self._chosen = row_id
        self._draw_candidates()
        self.place_clicked.emit(row_id)
        self.time_chosen.emit(self._candidates[row_id].gps)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Plot and table lie side by side where there is little height."""
        super().resizeEvent(event)
        is_flat = self.height() < FLAT_PIXELS
        way = Qt.Orientation.Horizontal if is_flat else Qt.Orientation.Vertical
        if self._split.orientation() != way or not any(self._split.sizes()):
            self._split.setOrientation(way)
            room = self.width() if is_flat else self.height()
            share = 0.42 if is_flat else 0.62
            self._split.setSizes([round(share * room), round((1 - share) * room)])

    # Making ---------------------------------------------------------------------------------

    def _build(self) -> None:
        self._title = QLabel()
        self._title.setAccessibleName("What was searched")
        self._title.setWordWrap(True)
        self._utc = UtcAxis("bottom")
        self.plot = Plot(bottom=self._utc)
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.set_titles(bottom="UTC", left="network SNR")
        self.plot.showGrid(y=True, alpha=0.15)
        self._canvas = PlotPage()
        self._canvas.setAccessibleName("Loudness over time with candidates")
        self._canvas.addItem(self.plot)
        self._track = pg.PlotDataItem(connect="finite")
        self._marks = pg.ScatterPlotItem(pxMode=True)
        self._marks.sigClicked.connect(self._on_mark)
        self._threshold = pg.InfiniteLine(
            angle=0, movable=False, label="threshold of the statistic",
            labelOpts={"position": 0.98, "anchors": [(1, 1), (1, 1)]},
        )  # fmt: skip
        self._head = pg.InfiniteLine(angle=90, movable=False)
        self._head.hide()
        self._threshold.hide()
        for item in (self._track, self._threshold, self._head, self._marks):
            self.plot.addItem(item)
        self.table = CandidateTable()
        self.table.chosen.connect(self._choose_aloud)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self._canvas)
        self._split.addWidget(self.table)
        self._split.setChildrenCollapsible(False)
        self._body.addWidget(self._title)
        self._body.addWidget(self._split, 1)

    def _add_tools(self) -> None:
        add = self.add_tool
        add("next_candidate", "&Next candidate", self.next_candidate, ("Ctrl+Alt+.",),
            "Show the next candidate in time and its strain")  # fmt: skip
        add("previous_candidate", "&Previous candidate", self.previous_candidate,
            ("Ctrl+Alt+,",), "Show the candidate before and its strain")  # fmt: skip
        add("loudest_candidate", "&Loudest candidate", self.loudest_candidate, ("Ctrl+Alt+1",),
            "Show the candidate with the largest statistic")  # fmt: skip
        add("whole_search", "&Whole time", self.show_all, ("Ctrl+Alt+3",),
            "Show all of the time that was searched")  # fmt: skip

    # Drawing --------------------------------------------------------------------------------

    def _take(self, row: Mapping[str, Any], posterior: Posterior | None) -> bool:
        candidate = candidate_of(row)
        if candidate is None:
            return False
        self._candidates[candidate.row_id] = candidate
        curves = posterior.curves if posterior is not None else {}
        if "search_time_s" in curves:
            track = candidate.gps + curves["search_time_s"].astype(np.float64)
            self._tracks[candidate.row_id] = track, curves["search_snr"].astype(np.float64)
        return True

    def _after_news(self) -> None:
        if not self._candidates:
            if self._network is None:
                self.show_words(self.empty_words)
            self._draw()
            return
        if not self.shows_content:
            self._set_epoch(min(one.gps for one in self._candidates.values()))
            self.show_content()
        is_longer = self._span() != self._drawn_span
        self._draw()
        if is_longer:
            self.show_all()

    def _set_epoch(self, gps: float) -> None:
        self._epoch = math.floor(gps)
        self._utc.epoch_gps = self._epoch
        self._utc.picture = None

    def _span(self) -> tuple[float, float]:
        """Seconds after the epoch from the first to the last that is known."""
        times = [one.gps for one in self._candidates.values()]
        for gps, _ in self._tracks.values():
            times += [float(gps[0]), float(gps[-1])]
        if self._network is not None:
            times += [strain.gps_start for strain in self._network.strains]
            times += [strain.gps_end for strain in self._network.strains]
        if not times:
            return 0.0, 1.0
        return min(times) - self._epoch, max(times) - self._epoch

    def _draw(self) -> None:
        self._write_title()
        self._draw_track()
        self._draw_candidates()

    def _draw_track(self) -> None:
        gps, snr = joined(list(self._tracks.values()))
        if self._place is not None:
            seen = gps <= self._place
            gps, snr = gps[seen], snr[seen]
        self._track.setData(gps - self._epoch, snr)
        self._head.setVisible(self._place is not None)
        if self._place is not None:
            self._head.setValue(self._place - self._epoch)
        self._fit_height()

    def _draw_candidates(self) -> None:
        shown = self.candidates
        theme = self.theme
        spots = []
        for one in shown:
            colour = theme.colour("warning" if one.is_above else "muted")
            is_chosen = one.row_id == self._chosen
            spots.append(
                {
                    "pos": (one.gps - self._epoch, one.statistic),
                    "data": one.row_id,
                    "symbol": "o" if "," in one.detectors else "t",
                    "size": 14 if is_chosen else 10,
                    "brush": colour if one.is_above else QColor(0, 0, 0, 0),
                    "pen": pen(theme.colour("text") if is_chosen else colour, 2.0),
                }
            )
        self._marks.setData(spots)
        thresholds = [one.threshold for one in shown if "," in one.detectors]
        thresholds = thresholds or [one.threshold for one in shown]
        self._threshold.setVisible(bool(thresholds))
        if thresholds:
            self._threshold.setValue(thresholds[0])
        self.table.show_candidates(shown, self._chosen)
        self._write_title()
        self._fit_height()

    def _fit_height(self) -> None:
        tops = [one.statistic for one in self.candidates]
        snr = self._track.yData
        if snr is not None and np.isfinite(snr).any():
            tops.append(float(np.nanmax(snr)))
        self.plot.setYRange(LOWEST, max([HIGHEST, *(1.12 * top for top in tops)]), padding=0)

    def _write_title(self) -> None:
        shown = self.candidates
        above = sum(one.is_above for one in shown)
        words = f"{above} candidate{'' if above == 1 else 's'} above the threshold"
        if self._network is not None:
            start = utc_text(self._network.gps_start)
            words = f"{', '.join(self._network.detectors)} from {start}: {words}"
        self._title.setText(words)

    def _on_mark(self, _: object, points: Sequence[pg.SpotItem], *__: object) -> None:
        if len(points):
            self._choose_aloud(int(points[0].data()))

    def mark_at(self, row_id: int) -> QPointF:
        """Where a candidate's mark is, in the plot's scene."""
        one = self._candidates[row_id]
        place = QPointF(one.gps - self._epoch, one.statistic)
        return self.plot.getViewBox().mapViewToScene(place)


def joined(parts: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Tracks (gps, snr) in the order of time, once each; NaN where nothing was searched."""
    if not parts:
        return np.zeros(0), np.zeros(0)
    gps = np.concatenate([part[0] for part in parts])
    snr = np.concatenate([part[1] for part in parts])
    order = np.argsort(gps, kind="stable")
    gps, snr = gps[order], snr[order]
    step = np.diff(gps)
    usual = float(np.median(step[step > 1e-3])) if np.any(step > 1e-3) else GAP_S
    holes = np.flatnonzero(step > max(GAP_S, 3 * usual))
    return np.insert(gps, holes + 1, gps[holes] + 1e-3), np.insert(snr, holes + 1, np.nan)
