"""What the fitted ensemble is told after training: temperatures, spread, novelty, surroundings.

Everything comes from simulated fields that no member was fitted to.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from astrogui.science import photometry
from astrogui.science.ensemble import probability_quantiles
from astrogui.training.sky_population import star_share
from astrogui.training.star_galaxy_examples import prior_weights
from astrogui.training.star_galaxy_surroundings import fit_surroundings

Arrays = dict[str, np.ndarray]

FALSE_POSITIVES = 0.01
LEAST_EIGENVALUE = 0.03  # of the measures' covariance, relative to the largest


def calibrate(model: Any, trained: Arrays, held_out: Arrays) -> dict[str, Any]:
    """Set the model's temperatures and novelty in place; returns what the card keeps."""
    fit_novelty(model, _inputs(trained, 20_000), _inputs(held_out, 20_000))
    outputs = model.predict(_inputs(held_out), batch_size=1024, verbose=0)
    label = held_out["label"]
    signal = held_out["catalogue"][:, photometry.SIGNAL_COLUMN].astype(np.float64)
    knots = np.array(model.get_layer("temperature").knots)
    weight = prior_weights(held_out)
    temperature, shift = fit_temperatures(outputs["logit"], label, signal, knots, weight)
    model.get_layer("temperature").set_weights([temperature, shift])
    logits = model.predict(_inputs(held_out), batch_size=1024, verbose=0)["logit"]
    pooled = fit_pooled_spread(logits)
    mean = logits.astype(np.float64).mean(axis=1)
    return {
        "calibration": {
            "temperature": {
                "signal_asinh": knots.tolist(),
                "temperature": temperature.tolist(),
                "shift": shift.tolist(),
            },
            "pooled_spread": list(pooled),
            "member_coverage": member_coverage(logits, pooled),
            "prior": prior_table(trained["true_magnitude"]),
            "surroundings": fit_surroundings(held_out, mean),
        },
        "novelty": {
            "statistic": "Squared Mahalanobis distance of the standardised measures from the "
            "training set's, divided by its threshold.",
            "threshold": 1.0,
            "false_positives": float((outputs["novelty"] > 1).mean()),
        },
    }


def fit_temperatures(
    logits: np.ndarray,
    label: np.ndarray,
    signal: np.ndarray,
    knots: np.ndarray,
    weight: np.ndarray | float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Temperatures and shifts at the knots that give the mean logit its least cross-entropy.

    A weak pull towards temperature 1 and shift 0 settles knots where there are few sources.
    """
    from scipy.optimize import minimize

    hats = np.maximum(0, 1 - np.abs(np.clip(signal, knots[0], knots[-1])[:, None] - knots)
                      / (knots[1] - knots[0]))  # fmt: skip
    mean = logits.astype(np.float64).mean(axis=1)

    def cost(parameters: np.ndarray) -> float:
        log_temperature, shift = np.split(parameters, 2)
        scaled = mean / (hats @ np.exp(log_temperature)) + hats @ shift
        cross = weight * (np.logaddexp(0, scaled) - label * scaled)
        return float(cross.sum() + 2.0 * (log_temperature**2).sum() + 2.0 * (shift**2).sum())

    found = minimize(cost, np.zeros(2 * len(knots)), method="L-BFGS-B",
                     bounds=[(-1.5, 1.5)] * (2 * len(knots)))  # fmt: skip
    log_temperature, shift = np.split(found.x, 2)
    return np.exp(log_temperature), shift


def fit_pooled_spread(logits: np.ndarray) -> tuple[float, float]:
    """(a, b) of the members' typical scatter a + b |mean logit|.

    Scaled so that each member lies inside the others' 68 % and 90 % intervals about that often.
    """
    mean = np.abs(logits.mean(axis=1))
    variance = logits.var(axis=1, ddof=1)
    edges = np.quantile(mean, np.linspace(0, 1, 13))
    centre, scatter = [], []
    for low, high in pairwise(edges):
        inside = (mean >= low) & (mean <= high)
        if inside.any():
            centre.append(mean[inside].mean())
            scatter.append(np.sqrt(variance[inside].mean()))
    slope, offset = np.polyfit(centre, scatter, 1)
    offset, slope = max(float(offset), 0.02), max(float(slope), 0.0)

    def disagreement(factor: float) -> float:
        covered = member_coverage(logits, (factor * offset, factor * slope))
        return abs(covered["68"] - 0.68) + abs(covered["90"] - 0.90)

    factor = min(np.arange(0.3, 1.51, 0.1), key=disagreement)
    return float(factor * offset), float(factor * slope)


def member_coverage(logits: np.ndarray, pooled: tuple[float, float]) -> dict[str, float]:
    """How often a member lies inside the interval that the others give: at 68 and 90 %."""
    levels = np.array([0.05, 0.16, 0.84, 0.95])
    inside: dict[str, list[np.ndarray]] = {"68": [], "90": []}
    for left_out in range(logits.shape[1]):
        others = np.delete(logits, left_out, axis=1)
        _, bounds = probability_quantiles(others, levels, pooled)
        own = 1 / (1 + np.exp(-logits[:, left_out].astype(np.float64)))
        inside["90"].append((own >= bounds[:, 0]) & (own <= bounds[:, 3]))
        inside["68"].append((own >= bounds[:, 1]) & (own <= bounds[:, 2]))
    return {level: float(np.mean(values)) for level, values in inside.items()}


def fit_novelty(model: Any, trained: Arrays, held_out: Arrays) -> None:
    """Mean and whitening of the measures; one in a hundred held-out sources passes the threshold.

    Directions of little variance are given `LEAST_EIGENVALUE` of the largest, so that rounding
    in them is not taken for novelty.
    """
    import keras

    standard = keras.Model(model.inputs, model.get_layer("standardise").output)
    known = standard.predict(trained, batch_size=1024, verbose=0)
    fresh = standard.predict(held_out, batch_size=1024, verbose=0)
    model.get_layer("mahalanobis").set_weights(list(mahalanobis_weights(known, fresh)))


def mahalanobis_weights(known: np.ndarray, fresh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and whitening of the layer `Mahalanobis` for features (n, k) seen in training.

    The share `FALSE_POSITIVES` of the ``fresh`` ones lies beyond distance 1.
    """
    known = known.astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(known, rowvar=False))
    whitening = vectors / np.sqrt(np.maximum(values, LEAST_EIGENVALUE * values[-1]))
    mean = known.mean(axis=0)
    distance = (((fresh.astype(np.float64) - mean) @ whitening) ** 2).sum(axis=1)
    threshold = np.quantile(distance, 1 - FALSE_POSITIVES)
    return mean, whitening / np.sqrt(threshold)


def prior_table(magnitude: np.ndarray) -> dict[str, Any]:
    """The share of stars among sources of an r magnitude, which the answers rest on."""
    centres = np.arange(15.0, 25.1, 0.5)
    return {
        "magnitude_r": centres.tolist(),
        "star_fraction": [float(share) for share in star_share(centres)],
        "typical_magnitude_r": float(np.median(magnitude)),
    }


def _inputs(examples: Arrays, most: int | None = None) -> Arrays:
    step = 1 if most is None else max(1, len(examples["label"]) // most)
    return {name: examples[name][::step].astype(np.float32) for name in ("image", "catalogue")}
