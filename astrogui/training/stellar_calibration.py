"""Calibration of the `stellar` answers on simulations that nothing was fitted to.

One factor for the width of each label's interval, for the network and for the fit, and the limits
beyond which a spectrum is called strange.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.model_card import ModelCard
from astrogui.training.package import CompiledRun
from astrogui.training.recipe import Arrays, Progress
from astrogui.training.score_stellar import pit
from astrogui.training.stellar_examples import INPUTS, answers

Array = NDArray[np.float64]

FALSE_ALARMS = 0.01
NOVEL_SUMMARIES = 4  # the first of the summary, which are no labels


def calibrated(
    model: Any,
    card: ModelCard,
    assets: Arrays,
    data: Arrays,
    trained: Arrays,
    seed: int,
    progress: Progress,
    folder: Path,
) -> tuple[ModelCard, Arrays]:
    """The card with its calibration, and the assets with the statistic of novelty.

    ``data`` are held-out examples of the stream ``seed``; ``trained`` show what is familiar.
    Answers are kept in ``folder``.
    """
    progress("calibrating")
    card = dataclasses.replace(
        card,
        calibration={
            "spread": [1.0] * 6, "spread_refined": [1.0] * 6, "reduced_chi_square_limit": 1.0,
            "chi_square_excess_limit": 1.0,
        },
        novelty={**card.novelty, "threshold": 1.0, "false_positives": FALSE_ALARMS},
    )  # fmt: skip
    mean, whitening = _familiar(CompiledRun(model, card, assets), trained)
    assets = {**assets, "novelty_mean": mean, "novelty_whitening": whitening}
    found = answers(CompiledRun(model, card, assets), data, seed, progress, folder)
    threshold = float(np.quantile(found["network_novelty"], 1 - FALSE_ALARMS))
    calibration = {
        "spread": spread_factors(pit(found["network_quantiles"], found["truth"])),
        "spread_refined": spread_factors(pit(found["quantiles"], found["truth"])),
        "reduced_chi_square_limit": _limit(found["reduced"]),
        "chi_square_excess_limit": _limit(found["excess"]),
    }
    novelty = {**card.novelty, "threshold": threshold}
    return dataclasses.replace(card, calibration=calibration, novelty=novelty), assets


def spread_factors(ranks: Array) -> list[float]:
    """For each label the factor by which intervals must be widened, from the ranks (n, k).

    The mean over 68 % and 90 % of the half width that holds so many true values over that of a
    normal density.
    """
    apart = np.abs(2 * ranks - 1)
    factors = []
    for column in apart.T:
        needed = []
        for level in (0.68, 0.9):
            held = float(np.clip(np.quantile(column, level), 0.02, 0.9989))
            normal = NormalDist()
            needed.append(normal.inv_cdf(0.5 + held / 2) / normal.inv_cdf(0.5 + level / 2))
        factors.append(float(np.clip(np.mean(needed), 0.5, 3.0)))
    return factors


def _limit(values: Array) -> float:
    """Passed by half of the false alarms: there are two such limits."""
    return float(np.nanquantile(values, 1 - FALSE_ALARMS / 2))


def _familiar(run: CompiledRun, trained: Arrays) -> tuple[Array, Array]:
    """Mean and whitening matrix of features and summaries of the simulations."""
    count = min(3000, len(trained["truth"]))
    config = run.card.network_config
    vectors = []
    for first in range(0, count, 250):
        rows = slice(first, min(first + 250, count))
        inputs = {name: np.asarray(trained[name][rows], np.float32) for name in INPUTS}
        size = len(inputs["summary"])
        uniform = np.full((size, config["draws"], config["width"]), 0.5, np.float32)
        features = run({**inputs, "uniform": uniform})["features"]
        vectors.append(np.concatenate([features, inputs["summary"][:, :NOVEL_SUMMARIES]], axis=1))
    seen = np.concatenate(vectors).astype(np.float64)
    # Features that never fire would make any spark infinitely novel: their variance gets a floor.
    values, axes = np.linalg.eigh(np.cov(seen, rowvar=False))
    whitening = (axes / np.sqrt(np.maximum(values, 1e-4 * float(values.max())))).T
    return seen.mean(axis=0), whitening
