"""The search for mergers over strain of any length: piece by piece, candidates and background.

Within a piece every template is filtered coarsely (``search_filter``); times at which the
detectors together are loud are looked at with care (``search_fit``). The same is done with one
detector shifted by whole seconds, where no merger can be coincident: the background.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import search_filter, search_fit
from astrogui.science.detector_response import DETECTORS, light_travel_s
from astrogui.science.gating import gated
from astrogui.science.matched_filter import Stretch, Templates
from astrogui.science.psd import Span
from astrogui.science.search_filter import BIN_S, LONGEST_S, Table
from astrogui.science.search_fit import TIMING_S, Data, Fitted, about, fitted, ranked
from astrogui.science.template_bank import prior_weights
from astrogui.science.whitening import contiguous_stretches

PIECE_S = 128.0  # searched at once, by noise measured in it
SHORTEST_S = 8.0  # of strain without a gap
EDGE_S = 1.1  # nothing is believed this close to an end of the data or a gate
COARSE = {1: 5.8, 2: 6.6}  # detectors: SNR of the coarse stage from which a time is looked at
CLUSTER_S = 0.6  # candidates closer than this are one
MOST = 24  # looked at in a piece, or in one shift of it
SHIFTS = 32  # at most, of whole seconds, in a piece
FEWER_SHIFTS, FEW_PIECES = 10, 4  # of more pieces fewer shifts give background enough
REACH_S = 0.020  # about a coarse bin in which the fine stage looks
RANKING = 20  # templates, loudest in the coarse stage, whose likelihoods rank a time
WORTH_A_FIT = 7.0  # ranking short of which a shift's coincidence is counted without chi-squared
AROUND_S = 0.5  # about a candidate above the threshold that the background leaves out

Floats = NDArray[np.float64]


class Series(NamedTuple):
    """Raw strain of one detector; gaps are NaN."""

    samples: Floats
    sample_rate_hz: float
    gps_start: float

    @property
    def runs(self) -> list[Span]:
        """GPS spans without a gap that are long enough to be searched."""
        spans = [
            (self.gps_start + a / self.sample_rate_hz, self.gps_start + b / self.sample_rate_hz)
            for a, b in contiguous_stretches(self.samples)
        ]
        return [span for span in spans if span[1] - span[0] >= SHORTEST_S]


class Clean(NamedTuple):
    """A whitened stretch and the GPS spans of transients taken out of it."""

    stretch: Stretch
    gates: tuple[Span, ...]


class Candidate(NamedTuple):
    """What the fine stage says of one time, with its detectors in order."""

    detectors: tuple[str, ...]
    fit: Fitted
    near_gap: bool  # of the data, or a gate

    @property
    def gps(self) -> float:
        """Mean of the detectors' arrival times."""
        return float(np.mean(self.fit.gps))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Searched:
    """What one piece of strain gave."""

    gps_start: float
    gps_end: float
    detectors: tuple[str, ...]
    live_s: float
    candidates: tuple[Candidate, ...]  # loudest first
    track_gps: Floats  # (n,) and, there, the largest SNR of the coarse stage
    track_snr: NDArray[np.float32]
    background: Floats = field(default_factory=lambda: np.zeros(0))  # statistics of the shifts
    background_s: float = 0.0
    gates: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    stretches: Mapping[str, Stretch] = field(default_factory=dict)


def search(network: Mapping[str, Series], bank: Templates, threshold: float) -> Iterator[Searched]:
    """The pieces of a network's strain in order of time.

    Two detectors are searched together where both have data, in the order H1, L1, V1; where only
    one has, alone. ``threshold`` is the statistic from which a candidate is left out of the
    background.
    """
    tables = search_filter.tables(bank)
    pieces = plan(network)
    shifts = shifts_for(len(pieces))
    for start, end, names in pieces:
        clean = {name: cleaned(network[name], start, end) for name in names}
        yield search_piece(clean, bank, tables, start, end, threshold, shifts)


def shifts_for(pieces: int) -> int:
    """How many shifts each piece of a strain gets at most: all it allows where there are few."""
    return SHIFTS if pieces <= FEW_PIECES else FEWER_SHIFTS


def plan(network: Mapping[str, Series]) -> list[tuple[float, float, tuple[str, ...]]]:
    """Pieces (from, to, detectors) of at most ``PIECE_S``: at most two detectors each."""
    order = [name for name in DETECTORS if name in network]
    runs = {name: network[name].runs for name in order}
    edges = sorted({edge for spans in runs.values() for span in spans for edge in span})
    pieces: list[tuple[float, float, tuple[str, ...]]] = []
    for start, end in pairwise(edges):
        live = tuple(name for name in order if any(a <= start and b >= end for a, b in runs[name]))[
            :2
        ]
        if live and end - start >= SHORTEST_S:
            count = int(np.ceil((end - start) / PIECE_S))
            marks = np.linspace(start, end, count + 1)
            pieces += [(float(a), float(b), live) for a, b in pairwise(marks)]
    return pieces


def cleaned(series: Series, start: float, end: float) -> Clean:
    """One detector's strain of a piece, with what its filters need of the time around it.

    Gapless: what lies beyond a gap is left out. Raises ``ValueError`` where it is too short.
    """
    run = next(span for span in series.runs if span[0] <= start + 1e-6 and span[1] >= end - 1e-6)
    first = max(run[0], start - LONGEST_S - 1)
    last = min(run[1], end + 2)
    rate = series.sample_rate_hz
    low = round((first - series.gps_start) * rate)
    high = round((last - series.gps_start) * rate)
    gps = series.gps_start + low / rate
    whitened, psd, spans = gated(series.samples[low:high], rate)
    return Clean(Stretch(whitened, gps, psd), tuple((gps + a, gps + b) for a, b in spans))


def search_piece(
    clean: Mapping[str, Clean],
    bank: Templates,
    tables: Sequence[Table],
    start: float,
    end: float,
    threshold: float,
    shifts: int = SHIFTS,
) -> Searched:
    """Candidates of one piece and, of two detectors, its background."""
    stretches = [one.stretch for one in clean.values()]
    coarse = Coarse(clean, bank, start, search_filter.loudest(stretches, tables, start, end))
    found = coarse.candidates(0, at_least_one=True)
    statistics, seconds = np.zeros(0), 0.0
    if len(clean) > 1 and shifts:
        coarse.leave_out([c.gps for c in found if c.fit.statistic >= threshold])
        statistics, seconds = coarse.background(shifts)
    return Searched(
        gps_start=start,
        gps_end=end,
        detectors=tuple(clean),
        live_s=coarse.live_s,
        candidates=tuple(found),
        track_gps=coarse.track[0],
        track_snr=coarse.track[1],
        background=statistics,
        background_s=seconds,
        gates={name: one.gates for name, one in clean.items()},
        stretches={name: one.stretch for name, one in clean.items()},
    )


class Coarse:
    """The loudest output of every template in each 1/64 s of a piece, for each detector."""

    def __init__(
        self,
        clean: Mapping[str, Clean],
        bank: Templates,
        start: float,
        powers: Sequence[NDArray[np.float32]],
    ) -> None:
        """``powers`` are those of ``search_filter.loudest`` from ``start``."""
        self._clean, self._bank, self._start = clean, bank, start
        self._names = tuple(clean)
        self._stretches = [one.stretch for one in clean.values()]
        self._bins = powers[0].shape[1]
        self._valid = [self._believed(one) for one in clean.values()]
        self._first = np.where(self._valid[0], powers[0], 0)
        self._second = _widened(powers[1], self._valid[1], self._names) if len(clean) > 1 else None
        self._data: dict[tuple[int, int], Data] = {}
        self._powers: dict[tuple[int, int], tuple[NDArray[np.intp], Floats]] = {}
        self._loud: dict[int, list[int]] = {}
        self._weight = prior_weights(bank)
        self.live_s = float(np.logical_and.reduce(self._valid).sum() * BIN_S)
        self.track = self._track()

    def candidates(self, shift: int, at_least_one: bool = False) -> list[Candidate]:
        """Of the second detector shifted by so many bins later, loudest first, clustered."""
        return _clustered([self._examined(at, shift) for at in self.loud(shift, at_least_one)])

    def loud(self, shift: int, at_least_one: bool = False) -> list[int]:
        """Bins at which the detectors together are loud in the coarse stage, loudest first."""
        if shift not in self._loud or (at_least_one and not self._loud[shift]):
            self._loud[shift] = list(self._found_loud(shift, at_least_one))
        return self._loud[shift]

    def _found_loud(self, shift: int, at_least_one: bool) -> Iterator[int]:
        total, live = self._total(shift)
        if not live.any():
            return
        wanted = COARSE[len(self._names)] ** 2
        half = round(0.5 * CLUSTER_S / BIN_S)
        for number in range(MOST):
            place = int(total.argmax())
            loud = total[place] >= wanted
            if not (loud or (at_least_one and number == 0 and total[place] > 0)):
                break
            yield place
            total[max(0, place - half) : place + half + 1] = 0

    def by_bank(self, place: int, shift: int) -> float:
        """SNR of a bin by the bank's best waveform as it is: no fit, no prior, no chi-squared."""
        return float(np.sqrt(self._by_templates(place, shift)[1].max()))

    def _ranking(self, place: int, shift: int) -> float:
        rows, power = self._by_templates(place, shift)
        return search_fit.likelihood_ratio(power, self._weight[rows])

    def _by_templates(self, place: int, shift: int) -> tuple[NDArray[np.intp], Floats]:
        """A bin's loudest templates and their squared SNR over all frequencies.

        At the times that the fit is allowed.
        """
        key = (place, shift)
        if key not in self._powers:
            rows = np.argsort(-self._column(place, shift))[:RANKING]
            data = self._both(place, shift)
            power = search_fit.by_templates(data, self._names, self._bank, rows, REACH_S)
            self._powers[key] = rows, power
        return self._powers[key]

    def shifts(self, most: int) -> list[int]:
        """At most so many shifts of whole seconds, in bins, spread over the piece."""
        per_second = round(1 / BIN_S)
        last = self._bins // per_second - 1
        if last < 1:
            return []
        chosen = np.unique(np.linspace(1, last, min(most, last)).astype(int))
        return [int(number) * per_second for number in chosen]

    def background(self, shifts: int) -> tuple[Floats, float]:
        """Statistics of coincidences at shifts of whole seconds, and their live time."""
        statistics, seconds = [], 0.0
        for shift in self.shifts(shifts):
            live = self._valid[0] & np.roll(self._valid[1], shift)
            seconds += float(live.sum()) * BIN_S
            statistics += self._statistics(shift)
        return np.array(statistics), seconds

    def _statistics(self, shift: int) -> list[float]:
        """Of the coincidences of a shift; of faint ones what they are at most, without a fit."""
        kept: list[tuple[int, float]] = []
        near = round(CLUSTER_S / BIN_S)
        ranking = [(place, self._ranking(place, shift)) for place in self.loud(shift)]
        worth = [
            (place, self._examined(place, shift).fit.statistic if rank >= WORTH_A_FIT else rank)
            for place, rank in ranking
        ]
        for place, value in sorted(worth, key=lambda one: -one[1]):
            if all(abs(place - other) >= near for other, _ in kept):
                kept.append((place, value))
        return [value for _, value in kept]

    def leave_out(self, times: Sequence[float]) -> None:
        """Let no later coincidence rest on data about these times."""
        self._loud.clear()
        self._powers.clear()
        gps = self._start + (np.arange(self._bins) + 0.5) * BIN_S
        for time in times:
            near = np.abs(gps - time) < AROUND_S
            self._first[:, near] = 0
            if self._second is not None:
                self._second[:, near] = 0
            for valid in self._valid:
                valid[near] = False

    def _believed(self, clean: Clean) -> NDArray[np.bool_]:
        gps = self._start + np.arange(self._bins) * BIN_S
        stretch = clean.stretch
        good = (gps >= stretch.gps_start + EDGE_S) & (gps + BIN_S <= stretch.gps_end - EDGE_S)
        for first, last in clean.gates:
            good &= (gps + BIN_S < first - EDGE_S) | (gps > last + EDGE_S)
        return good

    def _total(self, shift: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(bins,) squared SNR of the detectors together, best over templates; where it is live."""
        if self._second is None:
            live = self._valid[0]
            return np.where(live, self._first.max(axis=0), 0).astype(np.float32), live
        live = self._valid[0] & np.roll(self._valid[1], shift)
        best = np.zeros(self._bins, np.float32)
        for first in range(0, len(self._first), 64):
            rows = slice(first, first + 64)
            part = self._first[rows].copy()
            part[:, shift:] += self._second[rows, : self._bins - shift]
            if shift:
                part[:, :shift] += self._second[rows, self._bins - shift :]
            np.maximum(best, part.max(axis=0), out=best)
        return np.where(live, best, 0).astype(np.float32), live

    def _examined(self, place: int, shift: int) -> Candidate:
        template = int(self._column(place, shift).argmax())
        fit = fitted(self._both(place, shift), self._names, self._bank, template, REACH_S)
        fit = ranked(fit, self._ranking(place, shift))
        return Candidate(self._names, fit, self._near_gap(fit))

    def _column(self, place: int, shift: int) -> NDArray[np.float32]:
        """(templates,) squared SNR of the detectors together in a bin."""
        column = self._first[:, place]
        if self._second is not None:
            column = column + self._second[:, (place - shift) % self._bins]
        return column

    def _both(self, place: int, shift: int) -> list[Data]:
        places = [place, (place - shift) % self._bins]
        return [self._about(number, places[number]) for number in range(len(self._names))]

    def _about(self, number: int, place: int) -> Data:
        key = (number, place)
        if key not in self._data:
            gps = self._start + (place + 0.5) * BIN_S
            self._data[key] = about(self._stretches[number], gps)
        return self._data[key]

    def _near_gap(self, fit: Fitted) -> bool:
        for gps, one in zip(fit.gps, self._clean.values(), strict=True):
            stretch = one.stretch
            edges = [stretch.gps_start, stretch.gps_end, *(t for span in one.gates for t in span)]
            if min(abs(gps - edge) for edge in edges) < 2.0:
                return True
        return False

    def _track(self) -> tuple[Floats, NDArray[np.float32]]:
        """The loudest of each eighth of a second, as SNR."""
        total, _ = self._total(0)
        per = round(0.125 / BIN_S)
        count = self._bins // per
        gps = self._start + (np.arange(count) + 0.5) * per * BIN_S
        return gps, np.sqrt(total[: count * per].reshape(count, per).max(axis=1))


def _widened(
    power: NDArray[np.float32], valid: NDArray[np.bool_], names: Sequence[str]
) -> NDArray[np.float32]:
    """The loudest within light travel of each bin; what is not believed counts nothing."""
    power = np.where(valid, power, 0)
    reach = int(np.ceil((light_travel_s(names[0], names[1]) + TIMING_S) / BIN_S))
    result = power.copy()
    for step in range(1, reach + 1):
        np.maximum(result[:, step:], power[:, :-step], out=result[:, step:])
        np.maximum(result[:, :-step], power[:, step:], out=result[:, :-step])
    return np.asarray(result, np.float32)


def _clustered(found: list[Candidate]) -> list[Candidate]:
    """The loudest of candidates that are close in time."""
    kept: list[Candidate] = []
    for one in sorted(found, key=lambda candidate: -candidate.fit.statistic):
        if all(abs(one.fit.gps[0] - other.fit.gps[0]) >= CLUSTER_S for other in kept):
            kept.append(one)
    return kept
