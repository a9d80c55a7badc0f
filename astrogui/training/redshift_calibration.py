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
from astrogui.tasks.redshift_doubt import GOOD_SIGNAL
from astrogui.training.package import CompiledRun
from astrogui.training.recipe import Arrays, Progress, Run
from astrogui.training.score_redshift import LIMIT_KM_S, simulated_answers

INPUTS = ("curves", "signals", "summary")
CATASTROPHIC_SHARE = 0.0015  # among confident answers; 0.002 is asked, of other simulations
FAINT_SHARE = 0.005  # of the confident answers to faint spectra
FALSE_NOVELTY = 0.0025  # of good survey spectra, by the class UNKNOWN
FAR = 2.0  # times the distance that as few exceed: nearer, no simulated junk is told by it alone
SHARPNESSES = (0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4, 1.6, 1.8, 2.0, 2.25, 2.5)
SIGNAL_TO_NOISE = (3.0, 6.0, 12.0, 25.0)  # bounds of the bins that are calibrated apart
RANK_STEPS = 25
FEWEST = 150  # right peaks that a bin needs to be calibrated by itself


def calibrated(
    model: Any,
    card: ModelCard,
    sets: Arrays,
    data: Arrays,
    survey: Arrays,
    trained: Arrays,
    progress: Progress,
) -> tuple[ModelCard, Arrays]:
    """The card with its calibration, and the model's assets.

    ``data`` are held-out simulations of all that is trained for, ``survey`` those at survey
    signal-to-noise, both with their truth; ``trained`` are those fitted, which show what the
    features of a familiar spectrum look like. Where the two populations overlap the ranks are
    calibrated on the survey's.
    """
    progress("calibrating")
    names = (*INPUTS, "truth")
    both = {n: np.concatenate([np.asarray(d[n]) for d in (data, survey)]) for n in names}
    truth = np.asarray(both["truth"], np.float64)
    mixed = np.random.default_rng(1).permutation(len(truth))
    card = _with(card, temperature=_temperature(CompiledRun(model, card, sets), both, mixed))
    known = truth[:, 0] < len(CLASSES)
    card = _with(card, sharpness=_sharpness(CompiledRun(model, card, sets), both, mixed))
    ranks = _ranks(CompiledRun(model, card, sets), both)
    of_survey = np.arange(len(truth)) >= len(data["truth"])
    chosen = np.where(ranks["signal_to_noise"] < SIGNAL_TO_NOISE[0], True, of_survey) & known
    card = _with(card, rank_map=rank_map({n: v[chosen] for n, v in ranks.items()}))
    run = CompiledRun(model, card, sets)
    mean, whitening = _novelty_statistic(run, trained)
    assets = {**sets, "novelty_mean": mean, "novelty_whitening": whitening}
    answers = simulated_answers(run, {n: both[n][known] for n in INPUTS}, truth[known])
    distances = novelties(answers["novelty_vector"], assets, 1.0)
    threshold = FAR * float(np.quantile(distances, 1 - FALSE_NOVELTY))
    false = FALSE_NOVELTY + float(np.mean(distances > threshold))
    novelty = {**card.novelty, "threshold": threshold, "false_positives": false}
    signal = 10.0 ** np.asarray(both["summary"], np.float64)[known, 0]
    surely = {"z": answers["z"], "certainty": answers["certainty"] * (1 - answers["unknown"])}
    card = _with(
        card,
        confident_probability_faint=confident_certainty(
            {name: values[signal <= GOOD_SIGNAL] for name, values in surely.items()},
            truth[known][signal <= GOOD_SIGNAL],
            FAINT_SHARE,
        ),
        unknown_probability=float(
            np.clip(np.quantile(ranks["unknown"][known & of_survey], 1 - FALSE_NOVELTY), 0.02, 0.5)
        ),
        confident_probability=confident_certainty(
            {n: answers[n][of_survey[known]] for n in ("z", "certainty")}, truth[known & of_survey]
        ),
    )
    return dataclasses.replace(card, novelty=novelty), assets


def novelties(
    vectors: np.ndarray, assets: Mapping[str, np.ndarray], threshold: float
) -> np.ndarray:
    """Mahalanobis distances (n,) over the threshold."""
    whitened = (vectors - assets["novelty_mean"]) @ assets["novelty_whitening"].T
    return np.asarray(np.sqrt(np.sum(whitened**2, axis=1)) / threshold)


def _with(card: ModelCard, **calibration: Any) -> ModelCard:
    return dataclasses.replace(card, calibration={**card.calibration, **calibration})


def _temperature(run: Run, data: Arrays, mixed: np.ndarray, most: int = 1500) -> float:
    """The temperature of the lowest negative log score of the ensemble's mixture."""
    rows = np.sort(mixed[:most])
    batch = {name: np.asarray(data[name][rows], np.float32) for name in INPUTS}
    outputs = run(batch)["log_probability"]
    place = np.asarray(data["truth"])[rows, :2].astype(int)

    def cost(log_temperature: float) -> float:
        total = 0.0
        for row, (class_index, cell) in zip(outputs, place, strict=True):
            mass = member_masses(row, float(np.exp(log_temperature)))
            total -= np.log(max(float(mass[:, class_index, cell].mean()), 1e-30))
        return total / len(rows)

    found = minimize_scalar(cost, bounds=(-0.7, 0.7), method="bounded", options={"maxiter": 10})
    return float(np.exp(found.x))


def _sharpness(run: Run, data: Arrays, mixed: np.ndarray, most: int = 900) -> dict[str, float]:
    """For each class the sharpness whose 68 % and 90 % intervals hold what they say.

    Counted over the simulations whose class and peak are right, as the intervals are conditional
    on both: the network's cells are wider than what a bright narrow-line object tells.
    """
    rows = np.sort(mixed[:most])
    truth = np.asarray(data["truth"], np.float64)[rows]
    outputs = run({name: np.asarray(data[name][rows], np.float32) for name in INPUTS})
    best: dict[str, tuple[float, float]] = {}
    for sharpness in SHARPNESSES:
        told = {**run.card.calibration, "sharpness": dict.fromkeys(CLASSES, sharpness)}
        for name, tails in _tails(outputs["log_probability"], truth, told).items():
            if not tails:  # too few simulations to tell: left as the network says
                best[name] = (0.0, 1.0)
                continue
            held = [float(np.mean(np.array(tails) <= level)) for level in (0.68, 0.9)]
            miss = abs(held[0] - 0.68) + abs(held[1] - 0.9)
            if name not in best or miss < best[name][0]:
                best[name] = (miss, sharpness)
    return {name: value for name, (_, value) in best.items()}


def _ranks(run: Run, data: Arrays, block: int = 250) -> Arrays:
    """(n,) each: rank of the truth inside the answered peak (NaN outside), its class, S/N, and the
    probability of UNKNOWN.
    """
    kept: dict[str, list[float]] = {
        name: [] for name in ("rank", "class", "signal_to_noise", "unknown")
    }
    truth = np.asarray(data["truth"], np.float64)
    for start in range(0, len(truth), block):
        rows = slice(start, start + block)
        batch = {name: np.asarray(data[name][rows], np.float32) for name in INPUTS}
        told = 10.0 ** batch["summary"][:, 0]
        outputs = run(batch)["log_probability"]
        for row, true, signal in zip(outputs, truth[rows], told, strict=True):
            found = answered(row, run.card.calibration)
            inside = found.fine_edges[0] <= true[2] <= found.fine_edges[-1]
            below = np.concatenate([[0.0], np.cumsum(found.fine_mass)])
            right = inside and found.peak.class_index == int(true[0])
            rank = float(np.interp(true[2], found.fine_edges, below)) if right else np.nan
            kept["rank"].append(rank)
            kept["class"].append(found.peak.class_index)
            kept["signal_to_noise"].append(float(signal))
            kept["unknown"].append(found.unknown)
    return {name: np.array(values) for name, values in kept.items()}


def rank_map(ranks: Arrays) -> dict[str, Any]:
    """For each class and S/N bin the share of truths below each of even steps of rank.

    ``ranks`` (n,) each: ``rank`` (NaN where class or peak are wrong), ``class`` as answered, and
    ``signal_to_noise``. A bin with few simulations leans on its class, a class with few on
    evenness.
    """
    even = np.linspace(0, 1, RANK_STEPS)
    bins = np.searchsorted(SIGNAL_TO_NOISE, ranks["signal_to_noise"])
    right = np.isfinite(ranks["rank"])
    table: dict[str, list[list[float]]] = {}
    for index, name in enumerate(CLASSES):
        own = right & (ranks["class"] == index)
        whole = _risen(ranks["rank"][own], even, even)
        table[name] = [
            _risen(ranks["rank"][own & (bins == number)], even, whole).round(5).tolist()
            for number in range(len(SIGNAL_TO_NOISE) + 1)
        ]
    return {"signal_to_noise": list(SIGNAL_TO_NOISE), "ranks": table}


def _risen(ranks: np.ndarray, even: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Cumulative share of ``ranks`` at ``even``, drawn towards ``fallback`` where they are few.

    Every step keeps a little mass, so that no redshift inside the peak becomes impossible.
    """
    if not ranks.size:
        return fallback
    seen = np.searchsorted(np.sort(ranks), even, side="right") / ranks.size
    seen[0], seen[-1] = 0.0, 1.0
    own = ranks.size / (ranks.size + FEWEST / 5)
    mixed = own * seen + (1 - own) * fallback
    return np.asarray(0.99 * mixed + 0.01 * even)


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
    count = min(3000, len(trained["truth"]))
    vectors = []
    known = np.asarray(trained["truth"][:count, 0]) < len(CLASSES)
    for start in range(0, count, 250):
        rows = slice(start, min(start + 250, count))
        batch = {name: np.asarray(trained[name][rows], np.float32) for name in INPUTS}
        vector = novelty_vector(run(batch)["features"], batch["summary"])
        vectors.append(vector[known[rows]])
    seen = np.concatenate(vectors)
    # Features that never fire would make any spark infinitely novel: their variance gets a floor.
    values, axes = np.linalg.eigh(np.cov(seen, rowvar=False))
    whitening = (axes / np.sqrt(np.maximum(values, 1e-4 * float(values.max())))).T
    return seen.mean(axis=0), whitening


def confident_certainty(
    answers: Mapping[str, np.ndarray], truth: np.ndarray, share: float = CATASTROPHIC_SHARE
) -> float:
    """The lowest certainty above which at most ``share`` of the answers are wrong.

    ``answers`` hold ``z`` and ``certainty`` (n,); ``truth`` (n, >= 3) class, cell and redshift.
    """
    if not len(truth):
        return 0.95
    limits = np.array([LIMIT_KM_S[name] for name in CLASSES])[truth[:, 0].astype(int)]
    wrong = np.abs(velocity_offset_km_s(answers["z"], truth[:, 2])) >= limits
    order = np.argsort(-answers["certainty"])
    so_far = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    fine = np.flatnonzero(so_far <= share)
    last = int(fine[-1]) if fine.size else 0
    return float(np.clip(answers["certainty"][order[last]], 0.5, 0.9999))
