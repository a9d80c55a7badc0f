"""What the star/galaxy answers take from a frame around a source: fitted on simulated fields.

The density of compact bright sources says how many of the faint ones are stars, and a near
neighbour spoils what the network reads. Both move the logit of galaxy after the network
(`tasks.star_galaxy.logit_shifts`), so they can be fitted to a network that is trained.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.records.model_card import ModelCard, card_from_json
from astrogui.science import surroundings
from astrogui.tasks.star_galaxy import logit_shifts
from astrogui.training.package import run_graph
from astrogui.training.recipe import Arrays, Progress
from astrogui.training.sky_population import STAR_FACTORS
from astrogui.training.star_galaxy_examples import joined, simulated_fields

FIELDS = {"surroundings": (70, (1489, 2048)), "surroundings-small": (140, (768, 1024))}
NEIGHBOUR_FWHM = (1.0, 3.0)  # between which a neighbour's part falls to nothing


def fit_surroundings(examples: Arrays, logit: np.ndarray) -> dict[str, Any]:
    """The card's table for logits (n,) of galaxy that are calibrated over all fields together."""
    stars, galaxies = fit_density(examples)
    table: dict[str, Any] = {
        "magnitude_r": list(surroundings.MAGNITUDES),
        "compact": surroundings.COMPACT,
        "star_densities": list(STAR_FACTORS),
        "stars_per_deg2": stars,
        "galaxies_per_deg2": galaxies,
        "neighbour_fwhm": list(NEIGHBOUR_FWHM),
        "neighbour_logit": 0.0,
        "fields": len(np.unique(examples["field"])),
        "sources": len(logit),
    }
    shifted = logit + logit_shifts(examples, {"surroundings": table})["of_density"]
    near = surroundings.nearness(examples["_separation"], NEIGHBOUR_FWHM)
    return table | {"neighbour_logit": fit_neighbour(shifted, examples["label"], near)}


def fit_density(examples: Arrays) -> tuple[float, float]:
    """Compact bright sources a square degree that stars of density 1 give, and that galaxies add.

    By Poisson likelihood over the fields in which they were counted.
    """
    from scipy.optimize import minimize

    _, first = np.unique(examples["field"], return_index=True)
    count, area, factor = (
        examples[name][first].astype(float) for name in ("_compact", "_area_deg2", "star_factor")
    )
    counted = area > 0
    count, area, factor = count[counted], area[counted], factor[counted]

    def cost(log_rates: np.ndarray) -> float:
        stars, galaxies = np.exp(log_rates)
        expected = area * (stars * factor + galaxies)
        return float((expected - count * np.log(expected)).sum())

    start = np.log(max(count.sum() / (area * factor).sum(), 1.0)) - np.array([0.1, 2.3])
    found = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-6})
    stars, galaxies = np.exp(found.x)
    return float(stars), float(galaxies)


def fit_neighbour(logit: np.ndarray, label: np.ndarray, near: np.ndarray) -> float:
    """What the nearest neighbour adds to the logit of galaxy, by cross-entropy."""
    from scipy.optimize import minimize_scalar

    chosen = near > 0
    logit, label, near = logit[chosen], label[chosen], near[chosen]

    def cost(shift: float) -> float:
        moved = logit + shift * near
        return float((np.logaddexp(0, moved) - label * moved).sum() + 2.0 * shift**2)

    return float(minimize_scalar(cost, bounds=(-3.0, 3.0), method="bounded").x)


def refitted(folder: Path, workdir: Path, seed: int, progress: Progress) -> ModelCard:
    """The card of the model in ``folder`` with its surroundings fitted on fields of their own.

    The network stays as it is. Fields are kept below ``workdir``: another call goes on.
    """
    parts = [
        part
        for name, (count, shape) in FIELDS.items()
        for part in simulated_fields(workdir, name, count, seed, progress, shape)
    ]
    logits = []
    for part in parts:
        inputs = {name: part.pop(name).astype(np.float32) for name in ("image", "catalogue")}
        logits.append(run_graph(folder / "model.onnx", inputs)["logit"].mean(axis=1))
    table = fit_surroundings(joined(parts), np.concatenate(logits).astype(float))
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    return replace(card, calibration={**card.calibration, "surroundings": table})
