"""How good the star/galaxy answers are: on held-out simulations and on labelled real frames."""

from __future__ import annotations

import csv
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.errors import FileProblem, UsageProblem
from astrogui.records.model_card import ModelCard
from astrogui.tasks.star_galaxy import logit_shifts
from astrogui.training import sdss_measures
from astrogui.training.calibrate import area_under_roc, expected_calibration_error
from astrogui.training.recipe import Answer, Measures, Row, Run
from astrogui.training.star_galaxy_examples import field_examples, joined

LIMITS = {"auc": 22.0, "auc_21_5": 21.5, "auc_21": 21.0}
MATCH_ARCSEC = 1.5
MATCH_PIXELS = 3.0
UNDETECTED = 0.5  # the score of a place where nothing was found
FIELD_SHAPE = (768, 1024)
MOST_OF_A_FIELD = 50  # sources that one simulated field gives: fields differ in their stars


def simulated(run: Run, count: int, seed: int) -> Measures:
    """Figures over `count` sources of five-band and other fields never trained on."""
    parts, found, number = [], 0, 0
    rng = np.random.default_rng(seed)
    while found < count:
        whole = field_examples([seed, zlib.crc32(b"score"), number], FIELD_SHAPE)
        rows = rng.permutation(len(whole["label"]))[:MOST_OF_A_FIELD]
        part = {name: values[rows] for name, values in whole.items()}
        parts.append(part)
        found += len(part["label"])
        number += 1
    examples = {name: values[:count] for name, values in joined(parts).items()}
    outputs = run({name: examples[name].astype(np.float32) for name in ("image", "catalogue")})
    probability = answered(outputs["logit"], examples, run.card)
    galaxy, magnitude = examples["label"] == 1, examples["true_magnitude"]
    measures = figures(probability, galaxy, magnitude)
    levels = [0.5, 0.68, 0.9, 0.95]
    covered = [credible_coverage(probability, galaxy, level, rng) for level in levels]
    return measures | {
        "fields": number,
        "coverage_68": covered[1],
        "coverage_90": covered[2],
        "coverage": {"levels": levels, "parameters": {"class": covered}, "n": count},
        "ece_by_magnitude": _by_magnitude(probability, galaxy, magnitude),
        "ece_all": expected_calibration_error(probability, galaxy.astype(float)),
        "novel": float((np.asarray(outputs["novelty"]) > 1).mean()),
    }


def answered(
    logits: np.ndarray,
    examples: Mapping[str, np.ndarray],
    card: ModelCard,
    counted: bool = True,
) -> np.ndarray:
    """P(galaxy) (n,) of members' logits as `decode` gives it, with the frame's count of stars or
    without it.
    """
    shifts = logit_shifts(examples, card.calibration)
    logit = np.asarray(logits, np.float64).mean(axis=1) + shifts["of_neighbour"]
    if counted:
        logit = logit + shifts["of_density"]
    return np.asarray(1 / (1 + np.exp(-logit)))


def credible_coverage(
    probability: np.ndarray, galaxy: np.ndarray, level: float, rng: np.random.Generator
) -> float:
    """How often a randomised credible set of `level` holds the true class.

    The set takes the more probable class with chance min(1, level / p) and the other with chance
    max(0, (level - p) / (1 - p)); a calibrated probability is then covered at exactly the level.
    """
    top = np.maximum(probability, 1 - probability)
    right = galaxy == (probability >= 0.5)
    draw = rng.random(len(top))
    with_top = draw < np.minimum(1.0, level / top)
    with_other = draw < np.maximum(0.0, (level - top) / np.maximum(1 - top, 1e-12))
    return float(np.where(right, with_top, with_other).mean())


def figures(probability: np.ndarray, galaxy: np.ndarray, magnitude: np.ndarray) -> dict[str, Any]:
    """auc at the three limits, ece at r <= 22 and the number of sources they rest on."""
    bright = magnitude <= LIMITS["auc"]
    scores: dict[str, Any] = {"n": int(bright.sum()), **_areas(probability, galaxy, magnitude)}
    scores["ece"] = expected_calibration_error(probability[bright], galaxy[bright].astype(float))
    return scores


def _areas(measure: np.ndarray, galaxy: np.ndarray, magnitude: np.ndarray) -> dict[str, Any]:
    """The area under the curve of a measure that is larger for galaxies, at the three limits."""
    return {
        name: area_under_roc(measure[magnitude <= limit], galaxy[magnitude <= limit])
        for name, limit in LIMITS.items()
    }


def real(folder: Path, answer: Answer) -> Measures:
    """Figures over `stargalaxy/labels.csv` and `frames/<frame>/` below `folder`.

    If any row has `label_coadd`, only rows with one count, else `label`. A place takes the answer
    of the nearest source found, by ra and dec or else by x and y (0-based, r frame); a place
    without one scores 0.5. Rows without a magnitude take the measured one, and none counts
    where nothing was measured. ``disputed`` lists the places whose two labels differ.
    """
    rows = scored_rows(folder / "stargalaxy" / "labels.csv")
    if not rows:
        return figures(np.empty(0), np.empty(0, bool), np.empty(0)) | {"by_folder": {}}
    frames = sorted({row["frame"] for row in rows})
    bands = {frame: bands_of(folder / "frames" / frame) for frame in frames}

    def scored(options: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
        found = {frame: _Found(answer([paths], options)) for frame, paths in bands.items()}
        probability, magnitude = zip(
            *(_scored(row, found[row["frame"]]) for row in rows), strict=True
        )
        return np.array(probability), np.array(magnitude)

    probability, magnitude = scored({})
    galaxy = np.array([row["class"] == "galaxy" for row in rows])
    kind = "instrument" if all(row.get("instrument") for row in rows) else "frame"
    groups = np.array([row[kind] for row in rows])
    split = {
        str(name): figures(*(values[groups == name] for values in (probability, galaxy, magnitude)))
        for name in np.unique(groups)
    }
    overall = figures(probability, galaxy, magnitude)
    bright = magnitude <= LIMITS["auc"]
    overall["undetected"] = int((probability[bright] == UNDETECTED).sum())
    overall["disputed"] = [
        {"place": row.get("objid") or f"{row.get('ra')} {row.get('dec')}", "mag_r": float(mag),
         "single_epoch": row["label"], "deeper": row["class"], "prob_galaxy": round(float(p), 4)}
        for row, p, mag in zip(rows, probability, magnitude, strict=True)
        if row.get("label") and row["label"] != row["class"]
    ]  # fmt: skip
    overall["mean_density"] = figures(scored({"star_density": "mean"})[0], galaxy, magnitude)
    overall["beside"] = {
        name: _areas(values, galaxy, magnitude)
        for name, values in sdss_measures.measures(folder / "frames", rows).items()
    }
    return overall | {"by_instrument" if kind == "instrument" else "by_folder": split}


def scored_rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table of labels that have a truth, which is put under `class`.

    Raises `UsageProblem` where there is no such table.
    """
    if not table.is_file():
        raise UsageProblem(f"{table}: there is no table of labels. Give the folder that holds it.")
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = "label_coadd" if any(row.get("label_coadd") for row in rows) else "label"
    return [{**row, "class": row[truth]} for row in rows if row.get(truth) in {"star", "galaxy"}]


def bands_of(folder: Path) -> tuple[Path, ...]:
    """The image files of one frame: whatever a reader takes for an image of one band."""
    from astrogui.readers import recognise

    if not folder.is_dir():
        raise UsageProblem(f"{folder}: the labels name this frame, but there is no such folder.")
    paths = []
    for path in sorted(folder.iterdir()):
        try:
            sources = recognise(str(path))
        except FileProblem:
            continue
        if any(source.kind == "image" and source.band for source in sources):
            paths.append(path)
    return tuple(paths)


class _Found:
    """The answers of one frame, with their positions as arrays."""

    def __init__(self, answers: Sequence[Row]) -> None:
        self.answers = answers
        self.ra, self.dec, self.x, self.y = (
            np.array([_number(answer.get(name)) for answer in answers])
            for name in ("ra", "dec", "x", "y")
        )

    def nearest(self, row: Mapping[str, str]) -> Row | None:
        """The answer nearest to a place, within `MATCH_ARCSEC` or `MATCH_PIXELS`."""
        ra, dec = _number(row.get("ra")), _number(row.get("dec"))
        if not math.isnan(ra + dec):
            east = ((self.ra - ra + 180) % 360 - 180) * math.cos(math.radians(dec))
            distance, limit = np.hypot(east, self.dec - dec) * 3600, MATCH_ARCSEC
        else:
            x, y = _number(row.get("x")) + 1, _number(row.get("y")) + 1
            distance, limit = np.hypot(self.x - x, self.y - y), MATCH_PIXELS
        if not np.isfinite(distance).any() or np.nanmin(distance) > limit:
            return None
        return self.answers[int(np.nanargmin(distance))]


def _scored(row: Mapping[str, str], found: _Found) -> tuple[float, float]:
    """P(galaxy) and the r magnitude of one labelled place."""
    nearest = found.nearest(row)
    magnitude = _number(row.get("mag_r"))
    if nearest is None:
        return UNDETECTED, magnitude
    if math.isnan(magnitude):
        magnitude = _number(nearest.get("mag_r"))
    probability = _number(nearest.get("prob_galaxy"))
    return (UNDETECTED if math.isnan(probability) else probability), magnitude


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _by_magnitude(
    probability: np.ndarray, galaxy: np.ndarray, magnitude: np.ndarray
) -> dict[str, dict[str, float | None]]:
    """Calibration error, mean probability and share of galaxies in each magnitude."""
    table: dict[str, dict[str, float | None]] = {}
    for low, high in ((14, 18), (18, 19), (19, 20), (20, 21), (21, 22), (22, 23), (23, 26)):
        inside = (magnitude > low) & (magnitude <= high)
        if inside.sum() < 30:
            continue
        table[f"{low}-{high}"] = {
            "n": int(inside.sum()),
            "ece": expected_calibration_error(probability[inside], galaxy[inside].astype(float)),
            "mean_probability": float(probability[inside].mean()),
            "share_of_galaxies": float(galaxy[inside].mean()),
        }
    return table
