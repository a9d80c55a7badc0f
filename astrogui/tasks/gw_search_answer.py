"""From the pieces of a search to candidates, their rates, flags, and what the views draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import MissingMetadata, Unsuitable
from astrogui.records.flags import Flag, raised
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.strain import Network, Strain
from astrogui.science import geocentre, search_filter, search_fit, strain_search
from astrogui.science.detector_response import DETECTORS
from astrogui.science.false_alarms import HOUR_S, Background, Rate
from astrogui.science.geocentre import Seen
from astrogui.science.matched_filter import Stretch, Templates, waveform_in_time
from astrogui.science.search_fit import Data, Fitted
from astrogui.science.strain_search import SHORTEST_S, Candidate, Searched, Series
from astrogui.tasks.strain_check import check_values
from astrogui.tasks.task import Arrays, Model, required_detector

CENTRE = Parameter(
    name="centre_delay",
    title="delay at the Earth's centre",
    unit="ms",
    low=-30,
    high=30,
    ucd="time.interval",
    description="time at the Earth's centre less the mean of the detectors' times",
)
TAKEN = 0b11  # DATA and CBC_CAT1: seconds without are a gap
NEEDED = 0b1111  # DATA, CBC_CAT1, CBC_CAT2, CBC_CAT3
NO_HARDWARE_MERGER = 0b1  # of the injection bits: set where none was made
POOR_FIT = 2.5  # reduced chi-squared that a merger of the bank seldom reaches
LATER_S = 0.035  # within which a third detector is looked at
SEEN_SNR = 4.0  # from which a third detector helps to time the merger
MOST_POINTS = 4096  # of the track that an answer carries
CURVE_S = (0.4, 0.1)  # seconds before and after the merger that the strain view shows

Floats = NDArray[np.float64]


class Details(NamedTuple):
    """What is known of a candidate beside its columns."""

    quantiles: Floats  # of its GPS time at the Earth's centre
    mean_gps: float  # of the ranked detectors
    near_gap: bool
    poor_fit: bool
    track: tuple[Floats, NDArray[np.float32]]  # GPS times and the coarse SNR about them
    curves: Arrays  # whitened strain and waveform of each detector


class Run:
    """One search under way: its pieces in order, its background and track so far."""

    def __init__(self, record: Network, model: Model) -> None:
        self.record = record
        self.network = series_of(record)
        self.bank = _bank(model)
        self._tables = search_filter.tables(self.bank)
        calibration = model.card.calibration
        self.thresholds = {
            1: float(calibration["threshold_single"]),
            2: float(calibration["threshold_pair"]),
        }
        self.background = Background()
        self.noise = Background()  # of one detector, simulated
        self.noise.add(model.assets["noise_single"], float(model.assets["noise_single_s"]))
        self._track: list[tuple[Floats, NDArray[np.float32]]] = []
        self.details: dict[str, Details] = {}  # of places, by label

    def pieces(self) -> Iterator[Searched]:
        """The pieces, each searched when it is asked for."""
        pieces = strain_search.plan(self.network)
        shifts = strain_search.shifts_for(len(pieces))
        for start, end, names in pieces:
            clean = {name: strain_search.cleaned(self.network[name], start, end) for name in names}
            piece = strain_search.search_piece(
                clean, self.bank, self._tables, start, end, self.thresholds[2], shifts
            )
            self.background.add(piece.background, piece.background_s)
            self._track.append((piece.track_gps, piece.track_snr))
            yield piece

    def rate(self, candidate: Candidate) -> Rate | None:
        """False alarms as loud: by this strain's slides so far, or of one detector by noise."""
        one = len(candidate.detectors) == 1
        return (self.noise if one else self.background).rate(candidate.fit.statistic)

    def threshold(self, candidate: Candidate) -> float:
        return self.thresholds[len(candidate.detectors)]

    def track(self) -> tuple[Floats, NDArray[np.float32]]:
        """GPS times and the loudest coarse SNR about them, so far, thinned by taking maxima."""
        gps = np.concatenate([part[0] for part in self._track])
        snr = np.concatenate([part[1] for part in self._track])
        per = -(-gps.size // MOST_POINTS)
        count = gps.size // per * per
        return gps[:count:per], snr[:count].reshape(-1, per).max(axis=1)


@lru_cache(maxsize=1)
def run_of(record: Network, model: Model) -> Run:
    """The run of a record: ``find`` begins it, ``prepare`` reads it, then it is forgotten."""
    return Run(record, model)


def series_of(record: Network) -> dict[str, Series]:
    """The strain of known detectors, what is marked as no data made a gap.

    Raises ``Unsuitable`` with the first reason where none can be searched.
    """
    result: dict[str, Series] = {}
    problems: list[Unsuitable] = []
    for strain in record.strains:
        required_detector(strain)
        try:
            result[strain.detector] = _series(strain)
        except Unsuitable as problem:
            problems.append(problem)
    if not result:
        raise problems[0]
    return result


def _series(strain: Strain) -> Series:
    where = strain.provenance
    if strain.detector not in DETECTORS:
        raise Unsuitable(
            where.path,
            where.part,
            f"the search knows {', '.join(DETECTORS)}, the strain is of {strain.detector}",
            "Add the file of one of these detectors.",
        )
    samples = strain.samples
    if strain.quality is not None and np.any(strain.quality & TAKEN != TAKEN):
        samples = np.array(samples)
        rate = strain.sample_rate_hz
        for second in np.flatnonzero(strain.quality & TAKEN != TAKEN):
            samples[round(second * rate) : round((second + 1) * rate)] = np.nan
    series = Series(samples, strain.sample_rate_hz, strain.gps_start)
    if not series.runs:
        raise Unsuitable(
            where.path,
            where.part,
            f"{strain.detector} has no {SHORTEST_S:g} s of strain without a gap in "
            f"{strain.duration_s:.3g} s",
            "Take a longer stretch, or the release whose gaps are filled.",
        )
    check_values(strain, samples[np.isfinite(samples)])
    try:
        strain_search.cleaned(series, series.runs[0][0], series.runs[0][0] + SHORTEST_S)
    except ValueError as error:
        raise Unsuitable(
            where.path, where.part, str(error), "Use the 4096 Hz or 16384 Hz release."
        ) from error
    return series


def _bank(model: Model) -> Templates:
    try:
        return Templates(
            *(np.asarray(model.assets[f"bank_{name}"], np.float64) for name in Templates._fields)
        )
    except KeyError as error:
        raise MissingMetadata(
            "models/gw_search", "assets.npz", f"the array {error} is missing", "Install it anew."
        ) from None


def places(run: Run) -> Iterator[list[Place]]:
    """Candidates above their threshold, piece by piece; the loudest of all where none is."""
    quiet: tuple[Searched, Candidate] | None = None
    any_found = False
    for piece in run.pieces():
        found = [c for c in piece.candidates if c.fit.statistic >= run.threshold(c)]
        if found:
            any_found = True
            yield [_place(run, piece, candidate) for candidate in found]
        elif piece.candidates:
            best = piece.candidates[0]
            if quiet is None or best.fit.statistic > quiet[1].fit.statistic:
                quiet = piece, best
    if not any_found and quiet is not None:
        yield [_place(run, *quiet)]


class _Detector(NamedTuple):
    """A candidate in one detector, ranked or only measured."""

    data: Data
    gps: float
    snr: float
    chi_squared: float


def _place(run: Run, piece: Searched, candidate: Candidate) -> Place:
    fit, names = candidate.fit, candidate.detectors
    ranked = {
        name: _Detector(search_fit.about(piece.stretches[name], gps), gps, snr, misfit)
        for name, gps, snr, misfit in zip(names, fit.gps, fit.snr, fit.chi_squared, strict=True)
    }
    stretches = dict(piece.stretches) | _further_stretches(run, piece)
    seen = ranked | {
        name: _further(stretch, fit) for name, stretch in stretches.items() if name not in names
    }
    mean = float(np.mean(fit.gps))
    label = f"merger {mean:.2f}"
    run.details[label] = _details(run, candidate, seen, stretches)
    low, gps, high = np.interp(
        (0.05, 0.5, 0.95), QUANTILE_LEVELS, run.details[label].quantiles
    ).tolist()
    values = {"gps": gps, "gps_lo90": low, "gps_hi90": high} | _values(run, candidate)
    for name in DETECTORS:
        word, one = name.lower(), seen.get(name)
        values[f"gps_{word}"] = one.gps if one else None
        values[f"search_snr_{word}"] = one.snr if one else None
        values[f"search_chi2_{word}"] = one.chi_squared if one else None
    return Place(label=label, object_id=f"GPS {mean:.3f}", gps=gps, values=values)


def _values(run: Run, candidate: Candidate) -> dict[str, float | str | bool | None]:
    """The columns that concern the detectors together."""
    fit, names = candidate.fit, candidate.detectors
    rate, one = run.rate(candidate), len(names) == 1
    threshold = run.threshold(candidate)
    return {
        "search_statistic": fit.statistic,
        "search_threshold": threshold,
        "above_threshold": fit.statistic >= threshold,
        "search_kind": f"{names[0]} alone" if one else f"{' and '.join(names)} coincide",
        "search_detectors": ",".join(names),
        "far_per_hour": rate.per_hour if rate else None,
        "far_per_hour_lo90": rate.low if rate else None,
        "far_per_hour_hi90": rate.high if rate else None,
        "far_basis": "simulated noise" if one else "time slides of this strain",
        "background_hours": (run.noise if one else run.background).seconds / HOUR_S,
        "search_snr": float(np.linalg.norm(fit.snr)),
        "search_chirp_mass": float(np.exp(fit.log_chirp_mass)),
        "search_mass_ratio": fit.ratio,
        "search_spin": fit.spin,
    }


def _further_stretches(run: Run, piece: Searched) -> dict[str, Stretch]:
    """Whitened strain of detectors that were not searched but have data all through the piece."""
    span = piece.gps_start, piece.gps_end
    return {
        name: strain_search.cleaned(series, *span).stretch
        for name, series in run.network.items()
        if name not in piece.detectors
        and any(a <= span[0] and b >= span[1] for a, b in series.runs)
    }


def _further(stretch: Stretch, fit: Fitted) -> _Detector:
    data = search_fit.about(stretch, float(np.mean(fit.gps)))
    return _Detector(data, *search_fit.measured(data, fit, LATER_S))


def _details(
    run: Run,
    candidate: Candidate,
    seen: Mapping[str, _Detector],
    stretches: Mapping[str, Stretch],
) -> Details:
    fit = candidate.fit
    timed = {
        name: Seen(one.gps, one.snr, search_fit.reach(one.data, fit))
        for name, one in seen.items()
        if name in candidate.detectors or one.snr >= SEEN_SNR
    }
    return Details(
        quantiles=geocentre.arrival(timed, QUANTILE_LEVELS.tolist()),
        mean_gps=candidate.gps,
        near_gap=candidate.near_gap,
        poor_fit=max(fit.chi_squared) > POOR_FIT,
        track=run.track(),
        curves=_curves(fit, seen, stretches),
    )


def _curves(fit: Fitted, seen: Mapping[str, _Detector], stretches: Mapping[str, Stretch]) -> Arrays:
    """Whitened strain and the waveform about the merger, 2048 a second, for the strain view."""
    curves: Arrays = {}
    binary = (fit.log_chirp_mass, fit.ratio, fit.spin)
    for name, one in seen.items():
        data, wave = waveform_in_time(
            stretches[name], one.gps, CURVE_S, *binary, search_fit.amplitude(one.data, one.gps, fit)
        )
        curves[f"whitened_{name.lower()}"] = data.astype(np.float32)
        curves[f"fitted_{name.lower()}"] = wave.astype(np.float32)
    return curves


def posterior(place: Place, details: Details, record: Network) -> Posterior:
    """The time at the Earth's centre with its interval; doubts as flags; curves for the views."""
    flags = _flags(place, details, record)
    gps, snr = details.track
    return Posterior(
        parameters=(CENTRE,),
        quantiles=1e3 * (details.quantiles - details.mean_gps)[None],
        flags=flags,
        note=_note(place, flags, record),
        curves={
            "search_time_s": (gps - float(place.gps or 0)).astype(np.float32),
            "search_snr": np.asarray(snr, np.float32),
            **details.curves,
        },
    )


def _flags(place: Place, details: Details, record: Network) -> Flag:
    names = str(place.values["search_detectors"]).split(",")
    strains = [strain for strain in record.strains if strain.detector in names]
    qualities = [_quality(strain, float(place.gps or 0)) for strain in strains]
    doubts = {
        Flag.LOW_SIGNAL: not place.values["above_threshold"],
        Flag.ONE_DETECTOR: len(names) == 1,
        Flag.LITTLE_COVERAGE: details.near_gap,
        Flag.GLITCH: details.poor_fit,
        Flag.QUALITY_UNKNOWN: None in qualities,
        Flag.QUALITY_BAD: False in qualities,
    }
    return raised(doubts)


def _quality(strain: Strain, gps: float) -> bool | None:
    """Whether bits 0-3 are set from 1 s before to the second after the merger; None: unknown."""
    if strain.quality is None:
        return None
    second = int(np.floor(gps - strain.gps_start))
    seconds = strain.quality[max(second - 1, 0) : second + 2]
    return bool(np.all(seconds & NEEDED == NEEDED))


def _note(place: Place, flags: Flag, record: Network) -> str:
    if any(_injected(strain, float(place.gps or 0)) for strain in record.strains):
        return "A merger was injected here by moving the mirrors: the file's injection bits say so."
    if Flag.LOW_SIGNAL in flags:
        return (
            f"No candidate above the threshold: the loudest has a statistic of "
            f"{place.values['search_statistic']:.1f}."
        )
    if Flag.GLITCH in flags:
        return "The waveform fits poorly: a transient of the detector, or a binary of another kind."
    return ""


def _injected(strain: Strain, gps: float) -> bool:
    if strain.injections is None:
        return False
    second = int(np.floor(gps - strain.gps_start))
    seconds = strain.injections[max(second - 1, 0) : second + 2]
    return bool(np.any(seconds & NO_HARDWARE_MERGER == 0))
