"""What the lens networks are told after training: temperatures, spread, novelty.

Everything comes from renderings that no member was fitted to, observed at one lens in two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from astrogui.training.calibrate import area_under_roc, expected_calibration_error
from astrogui.training.recipe import Arrays
from astrogui.training.star_galaxy_calibration import fit_pooled_spread, member_coverage

FALSE_POSITIVES = 0.01
LEAST_EIGENVALUE = 0.01  # of the features' covariance, relative to the largest


def calibrate(
    model: Any, trained: np.ndarray, pictures: np.ndarray, label: np.ndarray
) -> dict[str, Any]:
    """Set the finder's temperatures and novelty in place; returns what the card keeps.

    `trained` are pictures as they were trained on, `pictures` (n, size, size, 3) held out, with
    `label` 1 for a lens.
    """
    known = predicted(model, trained)["features"].astype(np.float64)
    outputs = predicted(model, pictures)
    _set_novelty(model, known, outputs["features"].astype(np.float64))
    fitted = [fit_temperature(logit, label) for logit in outputs["logit"].T]
    temperature, shift = (np.array(values) for values in zip(*fitted, strict=True))
    model.get_layer("calibrate").set_weights([temperature, shift])
    logits = outputs["logit"] / temperature + shift
    pooled = fit_pooled_spread(logits)
    probability = mixed(logits)
    return {
        "calibration": {
            "temperature": temperature.tolist(),
            "shift": shift.tolist(),
            "pooled_spread": list(pooled),
            "member_coverage": member_coverage(logits, pooled),
            "lens_share": 0.5,
            "expected_calibration_error": expected_calibration_error(probability, label),
            "auroc": area_under_roc(probability, label),
        },
        "novelty": {
            "statistic": "Squared Mahalanobis distance of the members' features from the "
            "training set's, divided by its threshold.",
            "threshold": 1.0,
            "false_positives": FALSE_POSITIVES,
        },
    }


def mixed(logits: np.ndarray) -> np.ndarray:
    """Probability (n,) of the members (n, members), mixed."""
    return np.asarray((1 / (1 + np.exp(-np.asarray(logits, np.float64)))).mean(axis=1))


def predicted(model: Any, pictures: np.ndarray) -> Arrays:
    """Outputs of a network over many pictures."""
    outputs = model.predict(
        {"image": np.asarray(pictures, np.float32)}, batch_size=64, verbose=0
    )  # fmt: skip
    return {name: np.asarray(values) for name, values in outputs.items()}


def fit_temperature(logit: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """(temperature, shift) that give a member's logit its least cross-entropy."""
    from scipy.optimize import minimize

    logit = np.asarray(logit, np.float64)

    def cost(parameters: np.ndarray) -> float:
        scaled = logit / np.exp(parameters[0]) + parameters[1]
        cross = np.logaddexp(0, scaled) - label * scaled
        return float(cross.sum() + (parameters**2).sum())

    found = minimize(cost, np.zeros(2), method="L-BFGS-B", bounds=[(-1.5, 1.5)] * 2)
    return float(np.exp(found.x[0])), float(found.x[1])


def _set_novelty(model: Any, known: np.ndarray, fresh: np.ndarray) -> None:
    """Mean and whitening of the features; one in a hundred held-out pictures passes 1."""
    values, vectors = np.linalg.eigh(np.cov(known, rowvar=False))
    whitening = vectors / np.sqrt(np.maximum(values, LEAST_EIGENVALUE * values[-1]))
    mean = known.mean(axis=0)
    distance = (((fresh - mean) @ whitening) ** 2).sum(axis=1)
    threshold = np.quantile(distance, 1 - FALSE_POSITIVES)
    model.get_layer("mahalanobis").set_weights([mean, whitening / np.sqrt(threshold)])
