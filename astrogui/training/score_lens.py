"""The figures of `evaluate lens_finder`: fresh simulations, and real lenses beside real others.

Real cut-outs are ranked within one instrument only, for instruments differ in more than lenses.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.errors import UsageProblem
from astrogui.training.calibrate import area_under_roc, expected_calibration_error
from astrogui.training.lens_calibration import mixed
from astrogui.training.lens_examples import SHARE_SPACE
from astrogui.training.lens_shares import LOOK_ALIKES, OF_SURVEY, Population
from astrogui.training.observe_lens import observe
from astrogui.training.recipe import Answer, Arrays, Measures, Progress, Row, Run
from astrogui.training.score_star_galaxy import credible_coverage
from astrogui.training.simulate_lens import SIZE, rendered_many

WIDE_ARCSEC, BRIGHT_SIGNAL = 1.4, 20.0  # of the lenses that DeepLens's figure is about
REJECTION = 0.99
RADIUS_EDGES = (0.5, 1.0, 1.4, 2.0, 3.0, 7.0)  # arcsec
CURVE = (0.5, 0.9, 0.99, 0.999, 0.9999)  # scores of the completeness and purity curve
SKY_SHARE = 1e-4
PICTURES = 500  # rendered, observed and answered at once
WITHOUT_ARCS = "lens without its arcs"
GRADE = re.compile(r"expert grade ([0-9.]+) of 3")
LENS_GRADE, OTHER_GRADE = 2.0, 1.0
DESIGN_FIELD_RA = 100.0  # deg: W1 lies below it; the design was judged there, W3 was held out
BOOTSTRAPS = 2000


def simulated(run: Run, count: int, seed: int) -> Measures:
    """Figures over `count` fresh cut-outs of each population, half of them lenses.

    Those of look-alikes as such, those of a survey's galaxies as `survey`.
    """
    survey = figures(answered(run, count, seed, population=OF_SURVEY), seed)
    del survey["coverage"]  # the card's is one
    return {**figures(answered(run, count, seed), seed), "survey": survey}


def figures(found: Arrays, seed: int) -> Measures:
    """Everything that is told of the scores of `answered`; `seed` draws the credible sets."""
    label, score = found["label"] > 0, found["score"]
    ground = ~found["space"]
    wide = (found["einstein_radius"] > WIDE_ARCSEC) & (found["signal"] > BRIGHT_SIGNAL)
    rng = np.random.default_rng(seed)
    threshold = _threshold(score[~label])
    measures: Measures = {
        "n": len(score),
        "all": ranking(score, label),
        "ground": ranking(score[ground], label[ground]),
        "space": ranking(score[~ground], label[~ground]),
        "wide_and_bright": ranking(score[wide | ~label], label[wide | ~label]),
        "ece": expected_calibration_error(score, label.astype(float)),
        **{
            f"coverage_{level * 100:.0f}": credible_coverage(score, label, level, rng)
            for level in (0.5, 0.68, 0.9, 0.95)
        },
        "curve": curve(score, label),
        "completeness_by_radius": {
            f"{low:g}-{high:g}": _mean(score[_between(found, low, high)] > threshold)
            for low, high in pairwise(RADIUS_EDGES)
        },
        "identification_by_radius": by_radius(found, threshold),
        "false_positives_by_kind": {
            str(kind): _mean(score[(found["kind"] == kind) & ~label] > threshold)
            for kind in np.unique(found["kind"][~label])
        },
        "novel": _mean(found["novelty"] > 1),
    }
    measures["coverage"] = {
        "levels": [0.5, 0.68, 0.9, 0.95],
        "parameters": {"lens": [measures[f"coverage_{n}"] for n in (50, 68, 90, 95)]},
        "n": len(score),
    }
    return measures


def by_radius(found: Arrays, threshold: float) -> dict[str, Measures]:
    """False identifications of either sort in bins of the Einstein radius (arcsec).

    `missed`: the share of lenses not above the threshold. `false`: the share of the same
    deflectors, their arcs left out, that is; other look-alikes have no Einstein radius.
    """
    label, radius = found["label"] > 0, found["einstein_radius"]
    above = found["score"] > threshold
    bare = found["kind"] == WITHOUT_ARCS
    table: dict[str, Measures] = {}
    for low, high in pairwise(RADIUS_EDGES):
        inside = (radius > low) & (radius <= high)
        table[f"{low:g}-{high:g}"] = {
            "lenses": int((inside & label).sum()),
            "missed": _mean(~above[inside & label]),
            "without_arcs": int((inside & bare).sum()),
            "false": _mean(above[inside & bare]),
        }
    return table


def answered(
    run: Run,
    count: int,
    seed: int,
    kept: Path | None = None,
    told: Progress = lambda words: None,
    population: Population = LOOK_ALIKES,
) -> Arrays:
    """Scores and facts of `count` fresh cut-outs, each a rendering of its own.

    Pieces of `PICTURES` are kept as files below the folder `kept`, where it is given, so that the
    same call goes on where the last one was stopped.
    """
    parts: list[Arrays] = []
    for number, start in enumerate(range(0, count, PICTURES)):
        size = min(PICTURES, count - start)
        path = kept / f"{seed}-{number:05d}-{size}.npz" if kept else None
        if path is not None and path.exists():
            with np.load(path, allow_pickle=False) as file:
                parts.append({name: file[name] for name in file.files})
            continue
        parts.append(_answered_piece(run, size, [seed, 93, number], population))
        if path is not None:
            _keep(path, parts[-1])
            told(f"{start + size} of {count} cut-outs answered")
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def kept_pieces(kept: Path, seed: int) -> int:
    """How many whole pieces lie below a folder, counted from the first without a gap."""
    number = 0
    while (kept / f"{seed}-{number:05d}-{PICTURES}.npz").exists():
        number += 1
    return number


def _answered_piece(run: Run, count: int, seed: Sequence[int], population: Population) -> Arrays:
    """As `Bank.draw` shares them out, but no rendering is shown twice."""
    rng = np.random.default_rng(list(seed))
    is_lens = rng.random(count) < 0.5
    space = rng.random(count) < SHARE_SPACE
    bare = ~is_lens & (rng.random(count) < population.shares.bare)
    light = {name: np.zeros((count, 3, SIZE, SIZE), np.float32) for name in ("front", "arcs")}
    radius, kind = np.zeros(count), np.full(count, WITHOUT_ARCS)
    for number, (of_space, of_lens) in enumerate(
        (where, what) for where in (False, True) for what in (True, False)
    ):
        rows = np.flatnonzero((space == of_space) & ((is_lens | bare) == of_lens))
        if not len(rows):
            continue
        made = rendered_many([*seed, number], len(rows), of_space, of_lens, population.shares)
        for name, values in light.items():
            values[rows] = made[name]  # one plane counts for all three
        radius[rows] = made["einstein_radius"]
        kind[rows] = np.where(bare[rows], WITHOUT_ARCS, made["kind"])
    pictures, facts = observe(light, is_lens.astype(np.float32), space, rng, population.conditions)
    outputs = run({"image": pictures})
    return {
        **facts, "label": is_lens.astype(np.float32), "space": space, "kind": kind,
        "einstein_radius": radius, "score": mixed(outputs["logit"]),
        "novelty": np.asarray(outputs["novelty"])[:, 0],
    }  # fmt: skip


def _keep(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    with scratch.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    os.replace(scratch, path)


def ranking(score: np.ndarray, label: np.ndarray) -> Measures:
    """auroc; completeness at 99 % rejection; before the first and the tenth false positive."""
    label = np.asarray(label, bool)
    yes, no = score[label], np.sort(score[~label])[::-1]
    measures: Measures = {
        "n": len(score), "lenses": int(label.sum()), "auroc": area_under_roc(score, label),
        "completeness_99": None, "tpr0": None, "tpr10": None,
    }  # fmt: skip
    if len(yes) and len(no):
        measures["completeness_99"] = _mean(yes > _threshold(no))
        measures["tpr0"] = _mean(yes > no[0])
        measures["tpr10"] = _mean(yes > no[min(9, len(no) - 1)])
    return measures


def curve(score: np.ndarray, label: np.ndarray) -> list[Measures]:
    """Completeness and, at the sky's share of lenses, purity above each score."""
    found = []
    for limit in CURVE:
        complete, false = _mean(score[label] > limit), _mean(score[~label] > limit)
        purity = None
        if complete is not None and false is not None and complete + false > 0:
            right = complete * SKY_SHARE
            purity = right / (right + false * (1 - SKY_SHARE))
        found.append({"score": limit, "completeness": complete, "false": false, "purity": purity})
    return found


def real(folder: Path, answer: Answer) -> Measures:
    """Space Warps, graded by experts; lenses of other instruments beside galaxies of their files.

    `lens/labels.csv` below `folder`; raises ``UsageProblem`` where it is not.
    """
    rows = labelled(folder / "lens" / "labels.csv")
    groups = [(folder / "lens" / row["file"],) for row in rows]
    found = _by_file(answer(groups, {}))
    scored = [
        {**row, "score": _score(found.get(str(group[0])))}
        for row, group in zip(rows, groups, strict=True)
    ]
    warps = [row for row in scored if row["grade"] is not None]
    single = [row for row in scored if row["grade"] is None]
    return {
        "n": len(scored),
        "space_warps": space_warps(warps),
        "by_instrument": {
            name: {
                "lenses": _scores_of(single, name, "lens"),
                "others": _scores_of(single, name, "non-lens"),
            }
            for name in sorted({row["instrument"] for row in single})
        },
        "same_file": _same_file(answer, groups, rows),
    }


def labelled(table: Path) -> list[dict[str, Any]]:
    """The rows of a table of labels, with `grade`, a number or None."""
    if not table.is_file():
        raise UsageProblem(f"{table}: there is no table of labels. Give the folder that holds it.")
    with table.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        found = GRADE.search(row.get("note", ""))
        row["grade"] = float(found.group(1)) if found else None
    return rows


def space_warps(rows: Sequence[Mapping[str, Any]]) -> Measures:
    """Figures over the graded pictures: all, and each half of the sky by itself."""
    if not rows:
        return {}
    design = np.array([float(row["ra"]) < DESIGN_FIELD_RA for row in rows])
    halves = {
        "all": np.ones(len(rows), bool),
        "W1 (the design was judged here)": design,
        "others, W3 above all (held out)": ~design,
    }
    return {
        name: graded([row for row, inside in zip(rows, chosen, strict=True) if inside])
        for name, chosen in halves.items()
        if chosen.any()
    }


def graded(rows: Sequence[Mapping[str, Any]]) -> Measures:
    """AUROC of grade >= 2 against < 1 with its bootstrap interval, and what else is due."""
    from scipy.stats import spearmanr

    grade = np.array([row["grade"] for row in rows])
    score = np.array([row["score"] for row in rows])
    clear = (grade >= LENS_GRADE) | (grade < OTHER_GRADE)
    label = grade[clear] >= LENS_GRADE
    others = np.sort(score[clear][~label])[::-1]
    tenth = others[min(9, len(others) - 1)] if len(others) else np.nan
    varied = np.ptp(score) > 0
    return {
        "lenses": int(label.sum()),
        "others": int((~label).sum()),
        "graded": len(rows),
        "auroc": area_under_roc(score[clear], label),
        "auroc_interval": bootstrap_interval(score[clear], label),
        "completeness_10": _mean(score[clear][label] > tenth),
        "spearman": float(spearmanr(score, grade).statistic) if varied else 0.0,
    }


def bootstrap_interval(
    score: np.ndarray, label: np.ndarray, level: float = 0.9, seed: int = 0
) -> tuple[float, float]:
    """Interval of the AUROC over objects drawn again, lenses and others by themselves."""
    rng = np.random.default_rng(seed)
    yes, no = score[label], score[~label]
    if not len(yes) or not len(no):
        return 0.0, 1.0
    areas = [
        area_under_roc(
            np.r_[rng.choice(yes, len(yes)), rng.choice(no, len(no))],
            np.r_[np.ones(len(yes)), np.zeros(len(no))],
        )
        for _ in range(BOOTSTRAPS)
    ]
    low, high = np.quantile(np.array(areas, float), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _same_file(
    answer: Answer, groups: Sequence[tuple[Path, ...]], rows: Sequence[Mapping[str, Any]]
) -> Measures:
    """Each space lens's score beside those of every other galaxy found in the same file."""
    from astrogui.readers import recognise

    measures: Measures = {}
    for group, row in zip(groups, rows, strict=True):
        if not row["instrument"].startswith(("HST", "Euclid")) or not group[0].is_file():
            continue
        if not any(min(source.shape) >= 100 for source in recognise(str(group[0]))):
            continue
        found = answer([group], {"every": "1"})
        scores = sorted((_score(one) for one in found), reverse=True)
        measures[row["file"]] = scores
    return measures


def _by_file(rows: Sequence[Row]) -> dict[str, Row]:
    return {str(row["file"]): row for row in rows}


def _scores_of(rows: Sequence[Mapping[str, Any]], instrument: str, label: str) -> list[float]:
    chosen = [r["score"] for r in rows if r["instrument"] == instrument and r["label"] == label]
    return sorted((float(score) for score in chosen), reverse=True)


def _score(row: Row | None) -> float:
    """What was not answered ranks last."""
    value = None if row is None else row.get("score_lens")
    return 0.0 if value is None else float(value)


def _threshold(others: np.ndarray) -> float:
    return float(np.quantile(others, REJECTION)) if len(others) else 1.0


def _between(found: Arrays, low: float, high: float) -> np.ndarray:
    radius = found["einstein_radius"]
    return np.asarray((found["label"] > 0) & (radius > low) & (radius <= high))


def _mean(values: np.ndarray) -> float | None:
    return float(np.mean(values)) if len(values) else None
