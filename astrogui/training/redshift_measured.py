"""What `evaluate redshift` says of refined answers: coverage, scatter, confidence, and junk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.tasks.redshift_doubt import is_undecided
from astrogui.tasks.redshift_refine import CALIBRATION_ERROR_KM_S
from astrogui.training.calibrate import binomial_interval, pit_distance
from astrogui.training.recipe import Measures, Run
from astrogui.training.redshift_refinement import Example, answered
from astrogui.training.score_redshift import COVERAGE_LEVELS, LIMIT_KM_S
from astrogui.training.simulate_spectrum import SURVEY

Said = tuple[bool, bool]  # flagged, doubted
RANKS = np.linspace(0.0, 1.0, 1001)


def refined_figures(run: Run, count: int, seed: int) -> Measures:
    """Over simulations of the survey population that went the whole way of a file.

    The wavelengths of each are wrong by the error that the intervals allow for: a normal one of
    ``CALIBRATION_ERROR_KM_S``, which moves the truth. Coverage counts those whose class and peak
    are right, ``coverage_*_all`` all.
    """
    rng = np.random.default_rng([seed, 3])
    shift = rng.normal(0.0, CALIBRATION_ERROR_KM_S[0] / SPEED_OF_LIGHT_KM_S, count)
    # One at a time: with its densities and curves an example takes a megabyte.
    examples = answered(run, count, seed, population=SURVEY.name)
    rows = [
        _row(one, move, run.card.calibration) for one, move in zip(examples, shift, strict=True)
    ]
    measures = _measures(rows)
    measures["by_class"] = {
        name: _measures([row for row in rows if row["class"] == name]) for name in LIMIT_KM_S
    }
    bins = ((0.0, 3.0), (3.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, np.inf))
    measures["by_signal_to_noise"] = {
        f"{low:g}-{high:g}": _measures([row for row in rows if low <= row["snr"] < high])
        for low, high in bins
    }
    ranges = ((-1.0, 0.1), (0.1, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 8.0))
    measures["by_redshift"] = {
        f"{low:g}-{high:g}": _measures([row for row in rows if low <= row["z_true"] < high])
        for low, high in ranges
    }
    return measures


def junk_figures(run: Run, count: int, seed: int) -> Measures:
    """Of simulated lamps, sky, noise, image rows and spoiled axes: the share that is flagged.

    See ``is_flagged``; ``doubted`` counts all that are not called confident.
    """
    by_kind: dict[str, list[Said]] = defaultdict(list)
    for example in answered(run, count, seed, "UNKNOWN"):
        answer = example.fit or example.answer
        said = is_flagged(answer, run.card.calibration), not answer.extras.get("confident")
        by_kind[example.simulated.kind].append(said)
    return {
        **_flagged([said for kind in by_kind.values() for said in kind]),
        "by_kind": {kind: _flagged(answers) for kind, answers in sorted(by_kind.items())},
    }


def is_flagged(answer: Posterior, calibration: Mapping[str, Any]) -> bool:
    """Said to be unlike anything simulated, or not answered, or faint and undecided."""
    empty = Flag.LOW_SIGNAL in answer.flags and Flag.AMBIGUOUS in answer.flags
    said = bool(answer.flags & (Flag.NOVEL | Flag.NOT_ANSWERED))
    return said or empty or is_undecided(answer, calibration)


def _flagged(answers: Sequence[Said]) -> Measures:
    flagged = sum(flag for flag, _ in answers)
    doubted = sum(doubt for _, doubt in answers)
    count = len(answers)
    return {
        "n": count,
        "flagged": flagged / count if count else None,
        "flagged_interval": list(binomial_interval(flagged, count)),
        "doubted": doubted / count if count else None,
    }


def _row(example: Example, move: float, calibration: Mapping[str, Any]) -> Measures:
    one, answer = example.simulated, example.fit or example.answer
    z_true = one.redshift + move * (1 + one.redshift)
    given = Flag.NOT_ANSWERED not in answer.flags
    z = answer.value("z") if given else float("nan")
    offset = (z - z_true) / (1 + z_true) * SPEED_OF_LIGHT_KM_S
    levels = np.array([answer.quantile("z", level) for level in RANKS]) if given else RANKS * np.nan
    name_right = answer.most_probable_class == one.class_name
    near = bool(abs(offset) < LIMIT_KM_S.get(one.class_name, 1000.0))
    return {
        "class": one.class_name, "snr": one.signal_to_noise, "z_true": z_true, "offset": offset,
        "success": near, "class_right": name_right,
        # The intervals are conditional on the peak: its basin ends with the outermost quantiles.
        "right": name_right and near,
        "confident": bool(answer.extras.get("confident")),
        "flagged": is_flagged(answer, calibration),
        "rank": float(np.interp(z_true, levels, RANKS)) if given else float("nan"),
    }  # fmt: skip


def _measures(rows: Sequence[Measures]) -> Measures:
    count = len(rows)
    if not count:
        return {"n": 0}
    sure = [row for row in rows if row["confident"]]
    wrong = sum(not row["success"] for row in sure)
    right = [row for row in rows if row["right"]]
    ranks = np.array([row["rank"] for row in right])
    offsets = np.array([row["offset"] for row in right])
    measures: Measures = {
        "n": count,
        "success": sum(row["success"] for row in rows) / count,
        "class_accuracy": sum(row["class_right"] for row in rows) / count,
        "confident": len(sure) / count,
        "completeness": sum(row["success"] for row in sure) / count,
        "n_catastrophic": wrong,
        "catastrophic": wrong / len(sure) if sure else None,
        "catastrophic_interval": list(binomial_interval(wrong, len(sure))),
        "flagged": sum(row["flagged"] for row in rows) / count,
        "scatter_km_s": 1.4826 * float(np.median(np.abs(offsets))) if right else None,
        "pit_distance": pit_distance(ranks) if right else None,
    }
    for level in COVERAGE_LEVELS:
        inside = np.abs(2 * ranks - 1) <= level
        measures[f"coverage_{100 * level:.0f}"] = float(inside.mean()) if right else None
        held = sum(abs(2 * row["rank"] - 1) <= level for row in rows) / count
        measures[f"coverage_{100 * level:.0f}_all"] = held
    return measures
