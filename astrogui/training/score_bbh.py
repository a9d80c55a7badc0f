"""The figures of `evaluate bbh`: against published events, and on simulations."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.science import binary_draws
from astrogui.science import binary_prior as prior
from astrogui.science.joint_coverage import expected_coverage, random_shares, uniformity
from astrogui.tasks.bbh_spread import calibrated
from astrogui.training.rank_tests import SETS, own_ranks, rank_tests
from astrogui.training.recipe import Answer, Arrays, Measures, Row, Run
from astrogui.training.score_published import beside_samples, has_samples, prior_only
from astrogui.training.strain_population import relative_weights

PARAMETERS = ("final_mass_det", "chirp_mass_det", "mass_1_source", "mass_2_source", "final_spin")
LOUD = 10.0  # published network signal-to-noise ratio
LEVELS = (0.5, 0.68, 0.9, 0.95)
JOINT_DRAWS = 1000  # of each event that the joint coverage is counted with
LEAST_WIDTH = 1e-6  # of a quantity, relative: below it draws do not differ
SIDE_FOLDERS = ("odd_layouts", "offsource", "corrupt")  # used only where there is nothing else


def real(data_dir: Path, answer: Answer) -> Measures:
    """Over ``events.csv`` and ``files.csv`` of a folder laid out as the data guide's strain."""
    events = table(data_dir / "events.csv")
    files = table(data_dir / "files.csv")
    asked = 0
    placed = []
    for event in events:
        group = files_of(event["event"], files, data_dir)
        if not group:
            continue
        asked += 1
        rows = answer([group], {"gps": _published_gps(event)})
        folder = group[0].relative_to(data_dir).parts[0]
        placed += [(event, row, folder) for row in rows if row.get("chirp_mass_det") is not None][
            :1
        ]
    answered = [(event, row) for event, row, _ in placed]
    figures: Measures = {"n": len(answered), "n_asked": asked}
    inside = [one for one in placed if in_prior(one[0])]
    scored = [(event, row) for event, row, _ in inside]
    figures["not_scored"] = [event["event"] for event, _ in answered if not in_prior(event)]
    figures |= _figures(scored)
    folders = dict.fromkeys(folder for _, _, folder in inside)
    figures["by_folder"] = {
        folder: _figures([(event, row) for event, row, place in inside if place == folder])
        for folder in folders
    }
    both = [(event, row) for event, row in scored if str(row.get("detectors")).startswith("H1,L1")]
    loud = [(event, row) for event, row in both if float(event["network_snr"] or 0) >= LOUD]
    figures["two_detectors_snr_10"] = {
        "n": len(loud),
        **_figures(loud),
        "published_inside_90_of": {
            name: _share(_inside_pairs(loud, (name,))[1]) for name in PARAMETERS
        },
        "final_mass_and_chirp_mass_inside_90": _share(
            _inside_pairs(loud, ("final_mass_det", "chirp_mass_det"))[1]
        ),
    }
    figures["events"] = {event["event"]: _event_figures(event, row) for event, row in answered}
    figures["prior_only"] = prior_only([_told_by_loudness(event) for event, _ in scored])
    figures["published_samples"] = _beside_samples(data_dir, scored, answer)
    return figures


def _beside_samples(
    data_dir: Path, scored: Sequence[tuple[Mapping[str, str], Row]], answer: Answer
) -> Measures:
    """By event, how far our draws are from published ones, where an answering keeps draws."""
    drawn = getattr(answer, "draws", None)
    if drawn is None:
        return {}
    known = [one for one in scored if has_samples(data_dir, one[0]["event"])]
    return {
        event["event"]: beside_samples(data_dir, event["event"], drawn(row)) for event, row in known
    }


def _told_by_loudness(
    event: Mapping[str, str],
) -> tuple[float, dict[str, tuple[float, float, float]]]:
    """What ``prior_only`` asks of an event."""
    published = {name: _published(event, name) for name in PARAMETERS}
    known = {name: values for name, values in published.items() if values is not None}
    return float(event["network_snr"] or LOUD), known


def in_prior(event: Mapping[str, str]) -> bool:
    """Whether the published component masses, where there are any, lie inside the prior's ratios.

    Others are answered and printed, not scored: nothing is promised for them.
    """
    masses = [event.get(name) for name in ("mass_1_source", "mass_2_source")]
    if not all(masses):
        return True
    heavy, light = (float(mass) for mass in masses if mass)
    return light / heavy >= prior.MASS_RATIO[0]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files_of(event: str, files: Sequence[Mapping[str, str]], folder: Path) -> tuple[Path, ...]:
    """One file of each detector: 4 kHz HDF5 of the main folder before anything else."""
    chosen: dict[str, tuple[int, Path]] = {}
    for row in files:
        path = folder / row["file"]
        if row["event"] != event or row["format"] == "corrupt" or not path.is_file():
            continue
        rank = 4 * (row["file"].split("/")[0] in SIDE_FOLDERS)
        rank += 2 * (not row["format"].startswith("hdf5")) + (row["sample_rate"] != "4096")
        name = row["detector"]
        if name not in chosen or rank < chosen[name][0]:
            chosen[name] = (rank, path)
    order = {name: place for place, name in enumerate(("H1", "L1", "V1"))}
    return tuple(chosen[name][1] for name in sorted(chosen, key=lambda n: order.get(n, 9)))


def _published_gps(event: Mapping[str, str]) -> str:
    return event.get("gps_2ogc") or event["gps"]


def _figures(answered: Sequence[tuple[Mapping[str, str], Row]]) -> Measures:
    ours, theirs = _inside_pairs(answered, PARAMETERS)
    ratios = [
        ratio for event, row in answered for name in PARAMETERS
        if (ratio := _width_ratio(event, row, name)) is not None
    ]  # fmt: skip
    efficiency = [row["efficiency"] for _, row in answered if row.get("efficiency") is not None]
    return {
        "pairs": len(ours),
        "inside_90": _share(ours),
        "published_inside_90": _share(theirs),
        "width_ratio": float(np.median(ratios)) if ratios else None,
        "efficiency": float(np.median(efficiency)) if efficiency else None,
        "coverage_68": None,  # the truth of a real event is not known
        "coverage_90": None,
    }


def _inside_pairs(
    answered: Sequence[tuple[Mapping[str, str], Row]], names: Sequence[str]
) -> tuple[list[bool], list[bool]]:
    """Our median inside their 90 % interval, and theirs inside ours, of each published pair."""
    ours, theirs = [], []
    for event, row in answered:
        for name in names:
            published = _published(event, name)
            if published is None or row.get(name) is None:
                continue
            median, low, high = published
            ours.append(bool(low <= row[name] <= high))
            theirs.append(bool(row[f"{name}_lo90"] <= median <= row[f"{name}_hi90"]))
    return ours, theirs


def _published(event: Mapping[str, str], name: str) -> tuple[float, float, float] | None:
    cells = [event.get(name), event.get(f"{name}_lo"), event.get(f"{name}_hi")]
    if not all(cells):
        return None
    median, low, high = (float(cell) for cell in cells if cell)
    return median, low, high


def _width_ratio(event: Mapping[str, str], row: Row, name: str) -> float | None:
    """Width of our 90 % interval over the published one's."""
    published = _published(event, name)
    if published is None or row.get(name) is None or published[2] <= published[1]:
        return None
    return float((row[f"{name}_hi90"] - row[f"{name}_lo90"]) / (published[2] - published[1]))


def _event_figures(event: Mapping[str, str], row: Row) -> Measures:
    figures: Measures = {
        "snr": row.get("snr"),
        "published_snr": float(event["network_snr"]) if event["network_snr"] else None,
        "gps": row.get("gps"),
        "flags": row.get("flags"),
        "novelty": row.get("novelty"),
        **{name: row.get(name) for name in ("method", "efficiency", "ess", "log_evidence")},
    }
    for name in PARAMETERS:
        published = _published(event, name)
        figures[name] = {
            "ours": [row.get(name), row.get(f"{name}_lo90"), row.get(f"{name}_hi90")],
            "published": list(published) if published else None,
        }
    return figures


def _share(values: Sequence[bool]) -> float | None:
    return float(np.mean(values)) if values else None


def simulated_figures(run: Run, events: Arrays, seed: int) -> tuple[Measures, dict[str, Any]]:
    """Coverage of every reported parameter, and the card's table.

    Simulations count by ``relative_weights``.
    """
    card = getattr(run, "card")  # noqa: B009
    members = int(card.network_config["members"])
    scales = np.asarray(events["scales"], np.float64)
    drawn = raw_draws(run, events["features"], seed)
    raw = calibrated(drawn, events["loudness"][:, 1], scales, card.calibration, members)
    weight = relative_weights(events)
    truth = binary_draws.derived(np.asarray(events["truth"], np.float64))
    rank, bias = np.empty_like(truth), np.empty_like(truth)
    own = np.empty((SETS, *truth.shape))
    rng = np.random.default_rng(seed)
    for first in range(0, len(raw), 256):
        rows = slice(first, first + 256)
        values = binary_draws.derived(binary_draws.physical(raw[rows], *scales[rows].T))
        rank[rows] = np.mean(values < truth[rows, None, :], axis=1)
        own[:, rows] = own_ranks(values, SETS, rng)
        median = np.median(values, axis=1)
        width = values.std(axis=1)
        has_width = width > LEAST_WIDTH * np.abs(median)  # else all lie at the prior's edge
        bias[rows] = np.where(has_width, (median - truth[rows]) / np.maximum(width, 1e-30), np.nan)
    shares = shares_inside(rank, weight)
    inside = {name: row.tolist() for name, row in zip(binary_draws.NAMES, shares, strict=True)}
    coverage = {"levels": list(LEVELS), "parameters": inside, "n": len(raw)}
    figures: Measures = {
        "n": len(raw),
        "effective_n": float(weight.sum() ** 2 / np.sum(weight**2)),
        "coverage_68": float(np.mean([row[1] for row in inside.values()])),
        "coverage_90": float(np.mean([row[2] for row in inside.values()])),
        "coverage_68_of": {name: row[1] for name, row in inside.items()},
        "coverage_90_of": {name: row[2] for name, row in inside.items()},
        "largest_error_of_coverage": float(
            max(abs(row[index] - LEVELS[index]) for row in inside.values() for index in (1, 2))
        ),
        "mean_bias_in_sd": {
            name: _mean_of_known(bias[:, index], weight)
            for index, name in enumerate(binary_draws.NAMES)
        },
        "rank_tests": rank_tests(rank, own, weight, binary_draws.NAMES),
        "without_width": int(np.isnan(bias).any(axis=1).sum()),
        "joint_coverage": joint_coverage(raw, events["targets"], weight, seed),
    }
    return figures, coverage


def joint_coverage(raw: np.ndarray, truth: np.ndarray, weight: np.ndarray, seed: int) -> Measures:
    """Coverage of masses, spins and distance together, by random points (``joint_coverage``).

    Calibrated draws (n, draws, 5) and truths (n, 5) in the network's own coordinates.
    """
    share = random_shares(raw[:, :: max(1, raw.shape[1] // JOINT_DRAWS)], truth, seed)
    distance, p = uniformity(share, weight)
    return {
        "levels": list(LEVELS),
        "measured": expected_coverage(share, LEVELS, weight).tolist(),
        "largest_error": distance,
        "p": p,
    }


def _mean_of_known(values: np.ndarray, weight: np.ndarray) -> float:
    known = ~np.isnan(values)
    return float(np.average(values[known], weights=weight[known])) if known.any() else float("nan")


def shares_inside(rank: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(p, levels) the weighted share of truths inside equal-tailed intervals of each level.

    ``rank`` (n, p) is the share of draws below the truth, ``weight`` (n,).
    """
    return np.stack(
        [np.average(np.abs(rank - 0.5) <= level / 2, axis=0, weights=weight) for level in LEVELS],
        axis=-1,
    )


def raw_draws(run: Run, features: np.ndarray, seed: int) -> np.ndarray:
    """(n, draws, 5) of the network for features (n, …), with deviates of a seed."""
    card = getattr(run, "card")  # noqa: B009
    draws = int(card.network_config["draws"])
    pieces = []
    for first in range(0, len(features), 256):
        part = np.asarray(features[first : first + 256], np.float32)
        rng = np.random.default_rng([seed, first])
        noise = rng.standard_normal((len(part), draws, 5), np.float32)
        pieces.append(np.asarray(run({"features": part, "noise": noise})["draws"], np.float32))
    return np.concatenate(pieces)
