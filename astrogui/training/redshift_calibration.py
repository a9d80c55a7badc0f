"""Calibration of the `redshift` network on simulations that it was not fitted to.

One temperature for the whole density, a sharpness of the peaks for each class, the certainty that
is called confident, and the statistic of novelty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from astrogui.records.model_card import ModelCard
from astrogui.science.redshift_scan import CLASSES
from astrogui.science.spectral import velocity_offset_km_s
from astrogui.tasks.redshift_answer import answered, member_masses, novelty_vector
from astrogui.training.package import CompiledRun
from astrogui.training.recipe import Arrays, Progress, Run
from astrogui.training.score_redshift import LIMIT_KM_S, simulated_answers

INPUTS = ("curves", "signals", "summary")
CATASTROPHIC_SHARE = 0.002  # among confident answers
FALSE_NOVELTY = 0.01
SHARPNESSES = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4, 1.6, 1.8, 2.0, 2.25, 2.5)


def calibrated(
    model: Any,
    card: ModelCard,
    sets: Arrays,
    data: Arrays,
    trained: Arrays,
    progress: Progress,
) -> tuple[ModelCard, Arrays]:
    """The card with its calibration, and the model's assets.

    ``data`` are held-out simulations with their truth; ``trained`` are those fitted, which show
    what the features of a familiar spectrum look like.
    """
    progress("calibrating")
    truth = np.asarray(data["truth"], np.float64)
    card = _with(card, temperature=_temperature(CompiledRun(model, card, sets), data, truth))
    card = _with(card, sharpness=_sharpness(CompiledRun(model, card, sets), data, truth))
    run = CompiledRun(model, card, sets)
    answers = simulated_answers(run, data, truth)
    mean, whitening = _novelty_statistic(run, trained)
    assets = {**sets, "novelty_mean": mean, "novelty_whitening": whitening}
    distances = novelties(answers["novelty_vector"], assets, 1.0)
    threshold = float(np.quantile(distances, 1 - FALSE_NOVELTY))
    novelty = {**card.novelty, "threshold": threshold, "false_positives": FALSE_NOVELTY}
    card = _with(card, confident_probability=_confident_certainty(answers, truth))
    return dataclasses.replace(card, novelty=novelty), assets


def novelties(
    vectors: np.ndarray, assets: Mapping[str, np.ndarray], threshold: float
) -> np.ndarray:
    """Mahalanobis distances (n,) over the threshold."""
    whitened = (vectors - assets["novelty_mean"]) @ assets["novelty_whitening"].T
    return np.asarray(np.sqrt(np.sum(whitened**2, axis=1)) / threshold)


def _with(card: ModelCard, **calibration: Any) -> ModelCard:
    return dataclasses.replace(card, calibration={**card.calibration, **calibration})


def _temperature(run: Run, data: Arrays, truth: np.ndarray, most: int = 1500) -> float:
    """The temperature of the lowest negative log score of the ensemble's mixture."""
    count = min(most, len(truth))
    batch = {name: np.asarray(data[name][:count], np.float32) for name in INPUTS}
    outputs = run(batch)["log_probability"]
    place = truth[:count, :2].astype(int)

    def cost(log_temperature: float) -> float:
        total = 0.0
        for row, (class_index, cell) in zip(outputs, place, strict=True):
            mass = member_masses(row, float(np.exp(log_temperature)))
            total -= np.log(max(float(mass[:, class_index, cell].mean()), 1e-30))
        return total / count

    found = minimize_scalar(cost, bounds=(-0.7, 0.7), method="bounded", options={"maxiter": 10})
    return float(np.exp(found.x))


def _sharpness(run: Run, data: Arrays, truth: np.ndarray, most: int = 2000) -> dict[str, float]:
    """For each class the sharpness whose 68 % and 90 % intervals hold what they say.

    Counted over the simulations whose class and peak are right, as the intervals are conditional
    on both: the network's cells are wider than what a bright narrow-line object tells.
    """
    count = min(most, len(truth))
    outputs = run({name: np.asarray(data[name][:count], np.float32) for name in INPUTS})
    best: dict[str, tuple[float, float]] = {}
    for sharpness in SHARPNESSES:
        told = {**run.card.calibration, "sharpness": dict.fromkeys(CLASSES, sharpness)}
        for name, tails in _tails(outputs["log_probability"], truth[:count], told).items():
            if not tails:  # too few simulations to tell: left as the network says
                best[name] = (0.0, 1.0)
                continue
            held = [float(np.mean(np.array(tails) <= level)) for level in (0.68, 0.9)]
            miss = abs(held[0] - 0.68) + abs(held[1] - 0.9)
            if name not in best or miss < best[name][0]:
                best[name] = (miss, sharpness)
    return {name: value for name, (_, value) in best.items()}


def _tails(
    log_probability: np.ndarray, truth: np.ndarray, calibration: Mapping[str, Any]
) -> dict[str, list[float]]:
    """By class, the level of the smallest equal-tailed interval that holds each true redshift."""
    tails: dict[str, list[float]] = {name: [] for name in CLASSES}
    for row, true in zip(log_probability, truth, strict=True):
        found = answered(row, calibration)
        z, right = float(true[2]), found.peak.class_index == int(true[0])
        if right and found.fine_edges[0] <= z <= found.fine_edges[-1]:
            below = np.concatenate([[0.0], np.cumsum(found.fine_mass)])
            rank = float(np.interp(z, found.fine_edges, below))
            tails[CLASSES[found.peak.class_index]].append(abs(2 * rank - 1))
    return tails


def _novelty_statistic(run: Run, trained: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Mean and whitening matrix of the features of familiar spectra."""
    count = min(4000, len(trained["truth"]))
    vectors = []
    for start in range(0, count, 250):
        rows = slice(start, min(start + 250, count))
        batch = {name: np.asarray(trained[name][rows], np.float32) for name in INPUTS}
        vectors.append(novelty_vector(run(batch)["features"], batch["summary"]))
    seen = np.concatenate(vectors)
    # Features that never fire would make any spark infinitely novel: their variance gets a floor.
    values, axes = np.linalg.eigh(np.cov(seen, rowvar=False))
    whitening = (axes / np.sqrt(np.maximum(values, 1e-4 * float(values.max())))).T
    return seen.mean(axis=0), whitening


def _confident_certainty(answers: Mapping[str, np.ndarray], truth: np.ndarray) -> float:
    """The lowest certainty above which at most CATASTROPHIC_SHARE of the answers are wrong."""
    limits = np.array([LIMIT_KM_S[name] for name in CLASSES])[truth[:, 0].astype(int)]
    wrong = np.abs(velocity_offset_km_s(answers["z"], truth[:, 2])) >= limits
    order = np.argsort(-answers["certainty"])
    share = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    fine = np.flatnonzero(share <= CATASTROPHIC_SHARE)
    last = int(fine[-1]) if fine.size else 0
    return float(np.clip(answers["certainty"][order[last]], 0.9, 0.9999))
