"""Calibration of `redshift_euclid` on simulations that it was not fitted to, and its scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from astrogui.records.interval import grid_quantiles
from astrogui.records.model_card import ModelCard
from astrogui.science.near_infrared import CLASS_WIDTH, CLASSES, REDSHIFT_EDGES
from astrogui.tasks.redshift_euclid import (
    AMBIGUOUS,
    OUTSIDE,
    elsewhere,
    joint,
    modes,
    novelty_vector,
    tempered,
)
from astrogui.training.calibrate import (
    area_under_roc,
    binomial_interval,
    expected_calibration_error,
    pit_distance,
)
from astrogui.training.observe_euclid import Observed, observed
from astrogui.training.package import CompiledRun
from astrogui.training.recipe import Arrays, Measures, Progress, Run
from astrogui.training.simulate_euclid import Library

COVERAGE_LEVELS = (0.5, 0.68, 0.9, 0.95)
FALSE_NOVELTY = 0.01
BLOCK = 250
MODE_BINS = (0.01, 0.05, 0.15, 0.35, 0.65, 0.85, 0.95, 1.0)
SHARPNESSES = (1.0, 1.3, 1.6, 1.9, 2.2, 2.6, 3.0, 3.5)
RIGHT = 0.01  # |dz| / (1 + z) of the best mode


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """Raw answers to a set of simulations, with their truth; (n, ...)."""

    log_probability: NDArray[np.float32]  # (n, members, classes + 1)
    vectors: NDArray[np.float64]
    truth: NDArray[np.int64]
    redshift: NDArray[np.float64]
    lines: NDArray[np.int64]


def answers(
    run: Run, library: Library, count: int, seed: int, stream: int, faint_lines: bool = False
) -> Answered:
    """Simulate in blocks and answer each; ``faint_lines`` keeps to z = 1 to 1.8 and few lines."""
    pieces: list[dict[str, Any]] = []
    for number in range(-(-count // BLOCK)):
        rng = np.random.default_rng([seed, stream, number])
        batch: Observed = observed(
            library, rng, min(BLOCK, count - BLOCK * number), faint_lines, inside=faint_lines
        )
        inputs = batch.inputs()
        outputs = run(inputs)
        pieces.append(
            {
                "log_probability": outputs["log_probability"],
                "vectors": novelty_vector(outputs["features"], inputs["summary"]),
                "truth": batch.truth,
                "redshift": batch.redshift,
                "lines": batch.lines,
            }
        )
    return Answered(**{name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]})


def calibrated(
    model: Any, card: ModelCard, library: Library, count: int, seed: int, progress: Progress
) -> tuple[ModelCard, Arrays]:
    """The card with its temperature and threshold of novelty, and the model's assets."""
    progress(f"calibrating on {count} simulations")
    seen = answers(CompiledRun(model, card, {}, batch=BLOCK), library, count, seed, 2)
    temperature = best_temperature(seen)
    mean, whitening = _novelty_statistic(seen.vectors[: count // 2])
    whitened = (seen.vectors[count // 2 :] - mean) @ whitening.T
    threshold = float(np.quantile(np.sqrt(np.sum(whitened**2, axis=1)), 1 - FALSE_NOVELTY))
    card = dataclasses.replace(
        card,
        calibration={
            **card.calibration,
            "temperature": temperature,
            "sharpness": best_sharpness(seen, temperature),
            "n": count,
        },
        novelty={**card.novelty, "threshold": threshold, "false_positives": FALSE_NOVELTY},
    )
    return card, {"novelty_mean": mean, "novelty_whitening": whitening}


def best_temperature(seen: Answered) -> float:
    """The temperature of the lowest negative log score of the ensemble's mixture."""

    def cost(log_temperature: float) -> float:
        scaled = seen.log_probability.astype(np.float64) / np.exp(log_temperature)
        scaled -= scaled.max(axis=2, keepdims=True)
        mass = np.exp(scaled)
        own = np.take_along_axis(mass, seen.truth[:, None, None], axis=2)[..., 0]
        return -float(np.mean(np.log((own / mass.sum(axis=2)).mean(axis=1) + 1e-12)))

    found = minimize_scalar(cost, bounds=(-0.7, 0.7), method="bounded", options={"maxiter": 12})
    return float(np.exp(found.x))


def best_sharpness(seen: Answered, temperature: float) -> float:
    """The sharpness of certain modes whose intervals hold what they say.

    The temperature settles how the modes share the probability; a network's modes may still be
    wider or narrower than their scatter.
    """
    model: Any = SimpleNamespace(
        card=SimpleNamespace(calibration={"temperature": temperature}), assets={}
    )
    within = np.flatnonzero(seen.truth < CLASSES)
    members = [tempered(seen.log_probability[row], model)[0] for row in within]
    best = (np.inf, 1.0)
    for sharpness in SHARPNESSES:
        told = [
            _one(joint(mass, sharpness), float(z))
            for mass, z in zip(members, seen.redshift[within], strict=True)
        ]
        shares = np.mean([one["inside"] for one in told], axis=0)
        miss = float(np.abs(shares - np.array(COVERAGE_LEVELS)).max())
        best = min(best, (miss, sharpness))
    return best[1]


def figures(seen: Answered, card: ModelCard, assets: Mapping[str, np.ndarray]) -> Measures:
    """The scores of a set: coverage and modes count spectra truly between z = 1 and 1.8."""
    model: Any = SimpleNamespace(card=card, assets=assets)
    judged = [tempered(row, model) for row in seen.log_probability]
    outside = np.array([value for _, value in judged])
    sharpness = float(card.calibration.get("sharpness", 1.0))
    mass = np.array([joint(members, sharpness) for members, _ in judged])
    within = seen.truth < CLASSES
    told = [_one(row, float(z)) for row, z in zip(mass[within], seen.redshift[within], strict=True)]
    measures: Measures = {"n": int(within.sum()), "n_all": len(within)}
    measures |= _shares(told)
    measures["mode_weights"] = mode_reliability(told)
    measures["by_lines"] = {
        name: _shares(chosen)
        for name, low, high in (("0", 0, 0), ("1", 1, 1), ("2 or more", 2, 10**6))
        if (
            chosen := [
                one
                for one, count in zip(told, seen.lines[within], strict=True)
                if low <= count <= high
            ]
        )
    }
    if not within.all():
        measures["outside"] = {
            "auc": area_under_roc(outside, ~within),
            "calibration_error": expected_calibration_error(outside, (~within).astype(float)),
            "flagged": float(np.mean(outside[~within] > OUTSIDE)),
            "flagged_falsely": float(np.mean(outside[within] > OUTSIDE)),
        }
    if assets:
        whitened = (seen.vectors - assets["novelty_mean"]) @ assets["novelty_whitening"].T
        distance = np.sqrt(np.sum(whitened**2, axis=1)) / float(card.novelty["threshold"])
        measures["novel"] = float(np.mean(distance > 1))
    return measures


def mode_reliability(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For bins of a mode's weight: how often the truth lies in modes of that weight."""
    weight = np.concatenate([one["weights"] for one in told])
    holds = np.concatenate([one["holds"] for one in told])
    rows = []
    for low, high in zip((0.001, *MODE_BINS[:-1]), MODE_BINS, strict=True):
        inside = (weight >= low) & (weight <= high if high == 1 else weight < high)
        count = int(inside.sum())
        if count:
            held = int(holds[inside].sum())
            rows.append(
                {
                    "low": low,
                    "high": high,
                    "n": count,
                    "weight": float(weight[inside].mean()),
                    "share": held / count,
                    "interval": list(binomial_interval(held, count, 0.9)),
                }
            )
    return rows


def _one(mass: NDArray[np.float64], z: float) -> dict[str, Any]:
    tails = [0.5 - level / 2 for level in COVERAGE_LEVELS]
    bounds = grid_quantiles(REDSHIFT_EDGES, mass, np.array(tails + [1 - tail for tail in tails]))
    own = min(int((z - 1) / CLASS_WIDTH), CLASSES - 1)
    found = modes(mass)
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    above = float(mass[mass > mass[own]].sum())
    inside = [peak.first <= own <= peak.last for peak in found]
    return {
        "z": found[0].redshift,
        "true": z,
        "rank": float(np.interp(z, REDSHIFT_EDGES, cumulative)),
        "inside": [bounds[k] <= z <= bounds[k + len(tails)] for k in range(len(tails))],
        "held": [
            float(np.clip((level - above) / mass[own], 0, 1)) for level in COVERAGE_LEVELS
        ],  # of the true class, the share that the smallest region takes in
        "weights": np.array([peak.probability for peak in found]),
        "holds": np.array(inside),
        "several": elsewhere(mass, found[0]) > AMBIGUOUS,
        "exact": int(np.argmax(mass)) == own,
        "log_score": float(np.log(mass[own])),
    }


def _shares(told: list[dict[str, Any]]) -> Measures:
    z, true = (np.array([one[name] for one in told]) for name in ("z", "true"))
    offset = np.abs(z - true) / (1 + true)
    measures: Measures = {
        "n": len(told),
        "right": float(np.mean(offset < RIGHT)),
        "within_0.001": float(np.mean(offset < 0.001)),
        "exact_class": float(np.mean([one["exact"] for one in told])),
        "in_a_mode": float(np.mean([one["holds"].any() for one in told])),
        "several_modes": float(np.mean([one["several"] for one in told])),
        "log_score": float(np.mean([one["log_score"] for one in told])),
        "pit_distance": pit_distance(np.array([one["rank"] for one in told])),
    }
    for k, level in enumerate(COVERAGE_LEVELS):
        name = f"{100 * level:.0f}"
        measures[f"coverage_{name}"] = float(np.mean([one["inside"][k] for one in told]))
        measures[f"held_{name}"] = float(np.mean([one["held"][k] for one in told]))
    return measures


def _novelty_statistic(vectors: NDArray[np.float64]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and whitening matrix of the features of familiar spectra."""
    values, axes = np.linalg.eigh(np.cov(vectors, rowvar=False))
    # Features that never fire would make any spark infinitely novel: their variance gets a floor.
    whitening = (axes / np.sqrt(np.maximum(values, 1e-4 * float(values.max())))).T
    return vectors.mean(axis=0), whitening
