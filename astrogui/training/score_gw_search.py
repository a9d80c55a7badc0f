"""The figures of `evaluate gw_search`: events, false alarms in real strain, and what is lost."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.science import search_filter, strain_search
from astrogui.science.detector_response import light_travel_s
from astrogui.science.false_alarms import HOUR_S, poisson_interval
from astrogui.science.matched_filter import Templates
from astrogui.science.search_fit import TIMING_S
from astrogui.science.strain_search import SHORTEST_S, Series
from astrogui.training import search_noise
from astrogui.training.bbh_card import data_folder
from astrogui.training.recipe import Answer, Measures
from astrogui.training.score_bbh import LOUD, files_of, table
from astrogui.training.search_noise import Injected
from astrogui.training.simulate_strain import noise_curves

RUN_S = 124.0  # of simulated noise for each run of injections
BEFORE_S = 9.0  # strain before the first injection of a run
BOOTSTRAPS = 400
MARKED = "search_threshold"


def bank_of(assets: Mapping[str, np.ndarray]) -> Templates:
    """The bank as a model folder keeps it."""
    return Templates(
        *(np.asarray(assets[f"bank_{field}"], np.float64) for field in Templates._fields)
    )


def injected(bank: Templates, count: int, seed: int) -> Injected:
    """At least ``count`` injections into simulated noise, cut to that number."""
    curves = noise_curves(data_folder())
    tables = search_filter.tables(bank)
    parts: list[Injected] = []
    while sum(part.found.size for part in parts) < count:
        rng = np.random.default_rng([seed, len(parts)])
        network = search_noise.noise(curves, RUN_S, rng)
        start, end = network["H1"].runs[0]
        times = search_noise.times_within(start, end, BEFORE_S, rng)
        parts.append(search_noise.inject(network, bank, tables, rng, list(times)))
    whole = search_noise.joined(parts)
    return Injected(*(column[:count] for column in whole))


def losses(of: Injected, threshold: float, bank_threshold: float | None = None) -> Measures:
    """The volume of the search over that of two other filters, as a distance.

    The ideal filter knows each waveform, so it has its own, lower threshold; the plain matched
    filter has the bank's waveforms and, where it was measured, its own threshold in the same noise.
    """
    found, ideal = of.found >= threshold, of.ideal >= ideal_threshold()
    loud = ideal & (of.found > 0)
    share, interval = _distance_share(found, ideal)
    figures: Measures = {
        "injections": int(found.size),
        "threshold": threshold,
        "ideal_threshold": ideal_threshold(),
        "found": int(found.sum()),
        "ideal_found": int(ideal.sum()),
        "sensitive_distance_fraction": share,
        "sensitive_distance_interval_90": interval,
        "snr_kept_by_bank_and_fit": _median(of.plain[loud] / of.ideal[loud]),
        "statistic_over_ideal": _median(of.found[loud] / of.ideal[loud]),
        "missed_by_the_coarse_stage": int(np.sum(ideal & (of.found == 0))),
        "time_error_90_ms": _quantile(1e3 * np.abs(of.error_s[found]), 0.9),
    }
    if bank_threshold is not None:
        banked = of.bank >= bank_threshold
        share, interval = _distance_share(found, banked)
        figures |= {
            "matched_filter_threshold": bank_threshold,
            "matched_filter_found": int(banked.sum()),
            "matched_filter_distance_fraction": share,
            "matched_filter_distance_interval_90": interval,
        }
    return figures


def _distance_share(found: np.ndarray, other: np.ndarray) -> tuple[float, list[float]]:
    """Sensitive distance over that of another filter of the same injections; its 90 % interval."""
    rows = np.random.default_rng(1).integers(0, found.size, (BOOTSTRAPS, found.size))
    shares = _distance(found[rows].sum(axis=1), other[rows].sum(axis=1))
    share = float(_distance(found.sum(), other.sum()))
    return share, np.quantile(shares, [0.05, 0.95]).tolist()


def ideal_threshold(per_hour: float = 1.0) -> float:
    """The SNR of two detectors that one known waveform exceeds so often in Gaussian noise.

    Squares of the ratio are chi-squared of four degrees of freedom; every sample of the filters'
    output within light travel counts as a trial of its own, which errs to the ideal's side by a
    few hundredths.
    """
    from scipy.stats import chi2

    rate = search_filter.OUTPUT_RATE_HZ
    window_s = 2 * (light_travel_s("H1", "L1") + TIMING_S)
    trials = HOUR_S * rate * max(1.0, window_s * rate)
    return float(np.sqrt(chi2.isf(per_hour / trials, 4)))


def _distance(found: Any, ideal: Any) -> Any:
    return (found / np.maximum(ideal, 1)) ** (1 / 3)


def _median(values: np.ndarray) -> float | None:
    return _quantile(values, 0.5)


def _quantile(values: np.ndarray, level: float) -> float | None:
    return float(np.quantile(values, level)) if values.size else None


def real(data_dir: Path, answer: Answer) -> Measures:
    """Over ``events.csv`` and ``splits.csv`` of a folder laid out as the data guide's strain."""
    figures = _events(data_dir, answer)
    strain = dict(_stretches(data_dir, "false_alarm_test"))
    figures["false_alarms_in_real_strain"] = _false_alarms(strain, figures["threshold"])
    strain = dict(_stretches(data_dir, "injection_test"))
    figures["injections_in_real_strain"] = _injections(strain, figures["threshold"])
    return figures


def _events(data_dir: Path, answer: Answer) -> Measures:
    events = table(data_dir / "events.csv")
    files = table(data_dir / "files.csv")
    by_event: dict[str, Any] = {}
    threshold = np.nan
    for event in events:
        group = files_of(event["event"], files, data_dir)
        if not group:
            continue
        rows = [row for row in answer([group], {}) if row.get("search_statistic") is not None]
        near = [row for row in rows if abs(row["gps"] - float(event["gps"]) - 0.05) < 0.3]
        best = max(near, key=lambda row: float(row["search_statistic"]), default=None)
        if rows:
            threshold = float(rows[0][MARKED])
        by_event[event["event"]] = _event(event, best)
    loud = [one for one in by_event.values() if one["loud"]]
    return {
        "threshold": threshold,
        "events": len(loud),
        "found": sum(one["above_threshold"] for one in loud),
        "by_event": by_event,
    }


def _event(event: Mapping[str, str], row: Mapping[str, Any] | None) -> dict[str, Any]:
    published = float(event["network_snr"] or 0)
    row = row or {}
    statistic = float(row.get("search_statistic") or 0.0)
    gps_2ogc = float(event["gps_2ogc"]) if event.get("gps_2ogc") else None
    return {
        "published_snr": published,
        "loud": published >= LOUD,
        "statistic": statistic,
        "above_threshold": bool(row) and statistic >= float(row[MARKED]),
        "kind": row.get("search_kind"),
        "far_per_hour": row.get("far_per_hour"),
        "far_lo90": row.get("far_per_hour_lo90"),
        "far_hi90": row.get("far_per_hour_hi90"),
        "background_hours": row.get("background_hours"),
        "gps": row.get("gps"),
        "gps_interval_90": [row.get("gps_lo90"), row.get("gps_hi90")],
        "gps_error_ms": None
        if gps_2ogc is None or row.get("gps") is None
        else 1e3 * (row["gps"] - gps_2ogc),
        "chirp_mass": row.get("search_chirp_mass"),
        "published_chirp_mass": float(event["chirp_mass_det"]) if event["chirp_mass_det"] else None,
        "flags": row.get("flags"),
    }


def _stretches(data_dir: Path, use: str) -> Iterator[tuple[tuple[float, float], dict[str, Series]]]:
    """Strain of the seconds of ``splits.csv`` that serve one use, detectors together."""
    from astrogui.readers import read, recognise

    spans: dict[tuple[float, float], dict[str, Path]] = {}
    with (data_dir / "splits.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = data_dir / row["file"]
            if row["use"] == use and float(row["seconds"]) >= SHORTEST_S and path.is_file():
                span = float(row["gps_from"]), float(row["gps_to"])
                spans.setdefault(span, {})[row["detector"]] = path
    for span, paths in spans.items():
        network = {}
        for detector, path in paths.items():
            strain = read(recognise(str(path), {"detector": detector})[0])
            rate = strain.sample_rate_hz
            low, high = (round((edge - strain.gps_start) * rate) for edge in span)
            start = strain.gps_start + low / rate
            network[detector] = Series(np.array(strain.samples[low:high]), rate, start)
        yield span, network


def _false_alarms(
    strain: Mapping[tuple[float, float], dict[str, Series]], threshold: float
) -> Measures:
    """Coincidences above the threshold at shifts of at least a second, with the Poisson error."""
    bank, seconds, loudest, above = shipped_bank(), 0.0, 0.0, 0
    for network in strain.values():
        both = {name: network[name] for name in search_noise.DETECTORS if name in network}
        if len(both) < 2:
            continue
        for piece in strain_search.search(both, bank, np.inf):
            seconds += piece.background_s
            above += int(np.sum(piece.background >= threshold))
            loudest = max(loudest, float(piece.background.max(initial=0)))
    low, high = poisson_interval(above, 0.9)
    hours = seconds / HOUR_S
    return {
        "hours": hours,
        "above": above,
        "per_hour": above / hours if hours else None,
        "per_hour_90": [low / hours, high / hours] if hours else None,
        "loudest": loudest,
    }


def _injections(
    strain: Mapping[tuple[float, float], dict[str, Series]], threshold: float
) -> Measures:
    """Mergers added to real strain, one at a time in each stretch."""
    bank = shipped_bank()
    tables = search_filter.tables(bank)
    parts = []
    for number, network in enumerate(strain.values()):
        both = {name: network[name] for name in search_noise.DETECTORS if name in network}
        if len(both) < 2:
            continue
        start, end = both["H1"].runs[0]
        for repeat in range(12):
            rng = np.random.default_rng([7, number, repeat])
            gps = rng.uniform(start + min(BEFORE_S, 0.7 * (end - start)), end - 1.5)
            parts.append(search_noise.inject(both, bank, tables, rng, [gps]))
    return losses(search_noise.joined(parts), threshold) if parts else {"injections": 0}


def shipped_bank() -> Templates:
    """The bank that comes with the program."""
    folder = Path(__file__).resolve().parents[2] / "models" / "gw_search"
    with np.load(folder / "assets.npz", allow_pickle=False) as kept:
        return bank_of({name: kept[name] for name in kept.files})
