"""The figures of `evaluate redshift`: against real spectra with known truth, and simulations."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from astrogui.records.flags import WORDS, Flag
from astrogui.science.pile_up import pile_ups
from astrogui.science.redshift_scan import CLASSES, cell_edges
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, velocity_offset_km_s
from astrogui.tasks.redshift_answer import answered, novelty_vector
from astrogui.training.calibrate import binomial_interval, pit_distance
from astrogui.training.recipe import Answer, Arrays, Measures, Row, Run

LIMIT_KM_S = {"GALAXY": 1000.0, "QSO": 3000.0, "STAR": 1000.0}
SLIT_LIMIT_KM_S = 0.003 * SPEED_OF_LIGHT_KM_S  # of the FORS2 field
SLIT_ERROR = 3e-4  # of its published redshifts
GOOD_SIGNAL = 3.0  # median signal-to-noise per 138 km/s
LIMITS = tuple(float(edge) for edge in cell_edges()[[0, -1]])  # of the redshifts searched
NOT_TRUTH = 4  # bit of `zwarning` whose rows are not scored
COVERAGE_LEVELS = (0.5, 0.68, 0.9, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One object with truth, and what was answered; None where there was no answer."""

    folder: str
    name: str
    class_true: str
    subclass: str
    z_true: float
    row: Row | None
    z_error: float = 0.0  # of the truth

    @property
    def offset_km_s(self) -> float:
        """Of the answer from the truth; NaN without an answer."""
        if self.row is None or self.row.get("z") is None:
            return float("nan")
        return float(velocity_offset_km_s(np.array(self.row["z"]), np.array(self.z_true)))

    @property
    def success(self) -> bool:
        limit = LIMIT_KM_S.get(self.class_true, 1000.0)
        if self.folder == "fors2" and self.class_true == "GALAXY":
            limit = SLIT_LIMIT_KM_S
        return abs(self.offset_km_s) < limit

    @property
    def signal_to_noise(self) -> float:
        """Median per 138 km/s as answered; 0 without an answer."""
        return float((self.row or {}).get("snr") or 0.0)

    @property
    def novel(self) -> bool:
        """Whether the answer says that nothing like it was simulated."""
        told = str((self.row or {}).get("flags") or "")
        return any(WORDS[flag] in told for flag in (Flag.NOVEL, Flag.NOT_ANSWERED))

    @property
    def confident(self) -> bool:
        return bool(self.row and self.row.get("confident"))

    @property
    def class_right(self) -> bool:
        return bool(self.row) and self.row is not None and self.row.get("class") == self.class_true

    @property
    def class_right_or_seyfert(self) -> bool:
        """Nearby active galaxies are called either by the surveys themselves."""
        active = any(word in self.subclass for word in ("BROADLINE", "AGN", "Seyfert"))
        if active and self.z_true < 0.1 and self.row is not None:
            return self.row.get("class") in ("GALAXY", "QSO")
        return self.class_right

    def inside(self, level: int) -> bool | None:
        """Whether the truth lies in the interval; None without one.

        The truth's own error, a normal one, is added to the interval's half-widths in quadrature.
        """
        if self.row is None or self.row.get(f"z_lo{level}") is None:
            return None
        z, low, high = (float(self.row[name]) for name in ("z", f"z_lo{level}", f"z_hi{level}"))
        own = self.z_error * NormalDist().inv_cdf(0.5 + level / 200)
        return bool(z - np.hypot(z - low, own) <= self.z_true <= z + np.hypot(high - z, own))


def real(data_dir: Path, answer: Answer) -> Measures:
    """Over ``truth.csv`` of a folder laid out as the spectra of the data guide."""
    truth = _truth(data_dir / "truth.csv")
    files = list(dict.fromkeys(row["file"] for row in truth))
    present = [name for name in files if (data_dir / name).is_file()]
    rows = answer([(data_dir / name,) for name in present], {})
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_file[str(row["file"])].append(row)
    scored = [
        _matched(entry, truth, by_file.get(str(data_dir / entry["file"]), [])) for entry in truth
    ]
    return {
        **figures(scored),
        "by_class": _by(scored, lambda item: item.class_true),
        "by_folder": _by(scored, lambda item: item.folder),
        "by_folder_and_class": _by(scored, lambda item: f"{item.folder} {item.class_true}"),
        "good_spectra": figures([item for item in scored if item.signal_to_noise > GOOD_SIGNAL]),
        "pile_ups": [alarm.words() for alarm in pile_ups(_answers(scored), LIMITS)],
        "failures": [_failure(item) for item in scored if not item.success],
    }


def figures(scored: Sequence[Scored]) -> Measures:
    """Shares over scored objects; None where nothing can be counted."""
    count = len(scored)
    confident = sum(item.confident for item in scored)
    wrong = sum(item.confident and not item.success for item in scored)
    right = [item for item in scored if item.success]
    of_class = sum(item.class_right for item in scored)
    either = sum(item.class_right_or_seyfert for item in scored)
    measures: Measures = {
        "n": count,
        "n_success": len(right),
        "success": _share(len(right), count),
        "success_interval": _interval(len(right), count),
        "n_catastrophic": wrong,
        "catastrophic": _share(wrong, confident),
        "catastrophic_interval": _interval(wrong, confident),
        "n_confident": confident,
        "confident": _share(confident, count),
        "confident_interval": _interval(confident, count),
        "n_class_right": of_class,
        "class_accuracy": _share(of_class, count),
        "class_accuracy_seyferts_either": _share(either, count),
        "class_accuracy_interval": _interval(either, count),
        "n_novel": sum(item.novel for item in scored),
        **scatter(right),
    }
    for level in (68, 90):
        measures[f"coverage_{level}"] = _mean([item.inside(level) for item in scored])
        measures[f"coverage_{level}_right_peak"] = _mean([item.inside(level) for item in right])
    return measures


def scatter(right: Sequence[Scored]) -> Measures:
    """Of c (z - z_true) / (1 + z_true) over rightly answered objects, in km/s.

    ``scatter_km_s`` is 1.4826 times the median absolute deviation from the median, ``offset_km_s``
    that median, ``rms_km_s`` the root mean square about the mean.
    """
    offsets = np.array([item.offset_km_s for item in right])
    if offsets.size < 2:
        return {"offset_km_s": None, "scatter_km_s": None, "rms_km_s": None}
    middle = float(np.median(offsets))
    return {
        "offset_km_s": middle,
        "scatter_km_s": 1.4826 * float(np.median(np.abs(offsets - middle))),
        "rms_km_s": float(offsets.std()),
    }


def simulated_answers(run: Run, features: Arrays, truth: np.ndarray, block: int = 250) -> Arrays:
    """Per simulation what the figures need, from the network's outputs in small blocks.

    ``features`` are prepared arrays, ``truth`` (n, 4) in the order of
    ``redshift_features.TRUTH``. Returns arrays (n, ...): z, class_index, certainty, right (the
    truth lies in the answered basin and the class is right), low and high (n, levels), rank (the
    probability below the truth inside the basin), log_score, novelty_vector and
    ``held`` (n, levels): whether the smallest set of cells of that probability holds the truth.
    """
    edges = cell_edges()
    kept: dict[str, list[Any]] = defaultdict(list)
    for start in range(0, len(truth), block):
        rows = slice(start, start + block)
        batch = {
            name: np.asarray(features[name][rows], np.float32)
            for name in ("curves", "signals", "summary")
        }
        outputs = run(batch)
        kept["novelty_vector"].append(novelty_vector(outputs["features"], batch["summary"]))
        signals = 10.0 ** batch["summary"][:, 0]
        for log_probability, true, signal in zip(
            outputs["log_probability"], truth[rows], signals, strict=True
        ):
            one = _one(log_probability, true, run.card.calibration, edges, float(signal))
            for name, value in one.items():
                kept[name].append(value)
    vectors = np.concatenate(kept.pop("novelty_vector"))
    return {"novelty_vector": vectors, **{n: np.array(values) for n, values in kept.items()}}


def simulated_figures(
    answers: Mapping[str, np.ndarray],
    truth: np.ndarray,
    novelty: np.ndarray,
    needed: float | np.ndarray,
) -> Measures:
    """The card's scores over held-out simulations; ``needed`` is the confident certainty.

    ``coverage_*`` counts the simulations whose class and peak were answered rightly: the
    intervals are conditional on both. ``coverage_*_all`` counts all; ``held_*`` tests the whole
    joint density by its smallest regions.
    """
    limits = np.array([LIMIT_KM_S[name] for name in CLASSES])[truth[:, 0].astype(int)]
    success = np.abs(velocity_offset_km_s(answers["z"], truth[:, 2])) < limits
    confident = (answers["certainty"] >= needed) & (novelty <= 1)
    measures = _shares(answers, truth, success, confident)
    bins = ((0.0, 2.0), (2.0, 5.0), (5.0, 15.0), (15.0, np.inf))
    measures["by_signal_to_noise"] = {
        f"{low:g}-{high:g}": _shares(answers, truth, success, confident, chosen)
        for low, high in bins
        if (chosen := (truth[:, 3] >= low) & (truth[:, 3] < high)).any()
    }
    measures["by_class"] = {
        name: _shares(answers, truth, success, confident, chosen)
        for index, name in enumerate(CLASSES)
        if (chosen := truth[:, 0] == index).any()
    }
    measures["novel"] = float(np.mean(novelty > 1))
    return measures


def _shares(
    answers: Mapping[str, np.ndarray],
    truth: np.ndarray,
    success: np.ndarray,
    confident: np.ndarray,
    chosen: np.ndarray | None = None,
) -> Measures:
    chosen = np.ones(len(truth), bool) if chosen is None else chosen
    right, sure = answers["right"] & chosen, confident & chosen
    z = truth[:, 2][:, None]
    inside = (answers["low"] <= z) & (z <= answers["high"])
    measures: Measures = {
        "n": int(chosen.sum()),
        "success": float(success[chosen].mean()),
        "n_catastrophic": int((sure & ~success).sum()),
        "catastrophic": _share(int((sure & ~success).sum()), int(sure.sum())),
        "confident": float(confident[chosen].mean()),
        "completeness": float((success & confident)[chosen].mean()),
        "class_accuracy": float((answers["class_index"] == truth[:, 0])[chosen].mean()),
        "log_score": float(answers["log_score"][chosen].mean()),
        "n_right_peak": int(right.sum()),
        "pit_distance": pit_distance(answers["rank"][right]) if right.any() else None,
    }
    for k, level in enumerate(COVERAGE_LEVELS):
        name = f"{100 * level:.0f}"
        measures[f"coverage_{name}"] = float(inside[right, k].mean()) if right.any() else None
        measures[f"coverage_{name}_all"] = float(inside[chosen, k].mean())
        measures[f"held_{name}"] = float(answers["held"][chosen, k].mean())
    return measures


def _one(
    log_probability: np.ndarray,
    true: np.ndarray,
    calibration: Mapping[str, Any],
    edges: np.ndarray,
    signal_to_noise: float,
) -> dict[str, Any]:
    found = answered(log_probability, calibration, signal_to_noise)
    tails = [0.5 - level / 2 for level in COVERAGE_LEVELS]
    bounds = found.quantiles(np.array(tails + [1 - tail for tail in tails]))
    class_true, cell_true, z_true = int(true[0]), int(true[1]), float(true[2])
    within = found.fine_edges[0] <= z_true <= found.fine_edges[-1]
    cumulative = np.concatenate([[0.0], np.cumsum(found.fine_mass)])
    density = found.mass / np.diff(edges)
    own = float(found.mass[class_true, cell_true])
    above = float(found.mass[density > density[class_true, cell_true]].sum())
    return {
        "z": found.redshift,
        "class_index": found.peak.class_index,
        "certainty": found.certainty,
        "unknown": found.unknown,
        "right": bool(within and found.peak.class_index == class_true),
        "low": bounds[: len(tails)],
        "high": bounds[len(tails) :],
        "rank": float(np.interp(z_true, found.fine_edges, cumulative)),
        "log_score": float(np.log(max(own, 1e-30))),
        "held": np.array([above + 0.5 * own <= level for level in COVERAGE_LEVELS]),
    }


def _truth(path: Path) -> list[dict[str, str]]:
    """The rows that are scored: with a best redshift that the warning bits do not disown."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        row
        for row in rows
        if row["z_best"] and not int(float(row.get("zwarning") or 0)) & NOT_TRUTH
    ]


def _matched(entry: dict[str, str], truth: Sequence[dict[str, str]], rows: Sequence[Row]) -> Scored:
    """The answer to one truth row: by object where its file holds several, else the first."""
    alone = sum(other["file"] == entry["file"] for other in truth) == 1
    given = [row for row in rows if row.get("z") is not None] or list(rows)
    named = [row for row in given if str(row.get("object_id") or "") == entry["object_id"]]
    row = named[0] if named else given[0] if alone and given else None
    return Scored(
        folder=entry["file"].split("/")[0],
        name=entry["file"] if alone else f"{entry['file']} {entry['object_id']}",
        class_true=entry["class"],
        subclass=entry.get("subclass") or "",
        z_true=float(entry["z_best"]),
        row=row,
        z_error=_truth_error(entry),
    )


def _truth_error(entry: dict[str, str]) -> float:
    """As the table gives it; broad lines of quasars are known to 1e-3 (1 + z) at best."""
    given = float(entry.get("z_err") or 0.0)
    if entry["class"] == "QSO":
        return max(given, 1e-3 * (1 + float(entry["z_best"])))
    return max(given, SLIT_ERROR if entry["file"].startswith("fors2/") else 0.0)


def _failure(item: Scored) -> Measures:
    row = item.row or {}
    return {
        "file": item.name,
        "class_true": item.class_true,
        "z_true": item.z_true,
        "z": row.get("z"),
        "class": row.get("class"),
        "confident": item.confident,
        "flags": row.get("flags"),
    }


def _by(scored: Sequence[Scored], group: Callable[[Scored], str]) -> Measures:
    names = dict.fromkeys(group(item) for item in scored)
    return {name: figures([item for item in scored if group(item) == name]) for name in names}


def _answers(scored: Sequence[Scored]) -> list[float]:
    rows = [item.row for item in scored if item.row is not None]
    return [float(row["z"]) for row in rows if row.get("z") is not None]


def _interval(part: int, whole: int) -> list[float] | None:
    """The binomial interval of a share, as far as it can be counted."""
    return list(binomial_interval(part, whole)) if whole else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[bool | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return float(np.mean(counted)) if counted else None
