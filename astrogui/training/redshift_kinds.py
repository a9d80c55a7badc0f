"""Types of stars and broad absorption of quasars: their sets and laws, found on simulations."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from astrogui.records.model_card import ModelCard
from astrogui.science import redshift_scan
from astrogui.tasks.redshift import prepare_spectrum
from astrogui.tasks.redshift_kind import (
    ABSORBED,
    STAR_TYPES,
    absorption_terms,
    star_rises,
    type_probability,
)
from astrogui.tasks.task import Model
from astrogui.training.learn_templates import SetPlan, learn_set
from astrogui.training.recipe import Arrays, Measures
from astrogui.training.redshift_features import record_of
from astrogui.training.redshift_junk import logistic
from astrogui.training.simulate_spectrum import SURVEY, TRAINED, simulate
from astrogui.training.templates import Templates

PRIOR = {"O/B": 0.05, "A": 0.14, "F": 0.26, "G": 0.2, "K": 0.16, "M": 0.11, "L/T": 0.02,
         "WD": 0.04, "carbon": 0.02}  # fmt: skip
VECTORS = 4
SPECTRA = (250, 1200, 1000)  # for each type's set; stars, quasars for the laws
QUICK_SPECTRA = (12, 24, 16)


def added(
    card: ModelCard, assets: Arrays, templates: Templates, seed: int, quick: bool
) -> tuple[ModelCard, Arrays]:
    """The card with the laws and what they are worth, the assets with the sets of types.

    The laws are fitted to one half of the simulations and measured on the other.
    """
    spectra, stars, quasars = QUICK_SPECTRA if quick else SPECTRA
    rng = np.random.default_rng([seed, 77])
    vectors = np.stack([_vectors(templates, name, spectra, rng) for name in STAR_TYPES])
    assets = {**assets, "star_type_vectors": vectors.astype(np.float32)}
    model = Model(card=card, assets=assets)
    truth, rises = _stars(model, templates, stars, rng)
    half = len(truth) // 2
    law = type_law(rises[:half], truth[:half])
    absorbed, terms = _quasars(model, templates, quasars, rng)
    part = len(absorbed) // 2
    weights = logistic(terms[:part], absorbed[:part])
    told = {
        **card.calibration,
        "star_types": law,
        "broad_absorption": {"weights": weights.round(5).tolist()},
    }
    scores = {
        "star_types": _type_figures(type_probability(rises[half:], law), truth[half:]),
        "broad_absorption": _absorption_figures(terms[part:] @ weights, absorbed[part:]),
    }
    simulated = {**card.simulated_scores, "kinds": scores}
    shares = ", ".join(f"{name} {share:.0%}" for name, share in PRIOR.items())
    prior = {**card.prior, "type of a star": shares}
    card = dataclasses.replace(card, calibration=told, simulated_scores=simulated, prior=prior)
    return card, assets


def type_law(rises: NDArray[np.float64], truth: NDArray[np.intp]) -> dict[str, Any]:
    """Slope and power of the highest likelihood of the true types, with the prior."""

    def law(free: NDArray[np.float64]) -> dict[str, Any]:
        slope, power = np.exp(np.clip(free, -6.0, 3.0))
        return {"slope": float(slope), "power": float(min(power, 1.0)), "prior": PRIOR}

    def cost(free: NDArray[np.float64]) -> float:
        probability = type_probability(rises, law(free))
        return -float(np.mean(np.log(probability[np.arange(len(truth)), truth] + 1e-6)))

    found = minimize(cost, np.array([-1.0, -0.5]), method="Nelder-Mead")
    return law(found.x)


def rows_of(templates: Templates, name: str) -> Templates:
    """The same templates with no stars but those of one type."""
    rows = templates.star_types[name]
    variety = np.stack([rows[0], np.zeros_like(rows[0]), np.zeros_like(rows[0])])
    stars = dict.fromkeys(templates.stars, rows)
    return dataclasses.replace(templates, stars=stars, cataclysmic=variety)


def _vectors(
    templates: Templates, name: str, spectra: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    plan = SetPlan(
        name=name, class_name="STAR", kind="hot", lowest=-0.004, highest=0.004, vectors=VECTORS
    )
    return learn_set(plan, rows_of(templates, name), spectra, rng).vectors


def _stars(
    model: Model, templates: Templates, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """True types and rises of simulated stars of the prior, half of them of a survey."""
    chances = np.array([PRIOR[name] for name in STAR_TYPES])
    truth = rng.choice(len(STAR_TYPES), size=count, p=chances)
    rises = []
    for number, place in enumerate(truth.tolist()):
        only = rows_of(templates, STAR_TYPES[place])
        drawn = SURVEY if number % 2 else TRAINED
        one = simulate(rng, only, "STAR", drawn)
        record = record_of(one)
        rises.append(star_rises(record, redshift_scan.cell_of(one.redshift), model))
    return truth, np.stack(rises)


def _quasars(
    model: Model, templates: Templates, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whether each has broad absorption, and the terms of its odds, where these are known."""
    sets = redshift_scan.sets_from_arrays(model.assets)
    absorbed: list[float] = []
    terms: list[NDArray[np.float64]] = []
    while len(absorbed) < count:
        one = simulate(rng, templates, "QSO", SURVEY if len(absorbed) % 2 else TRAINED)
        curves = prepare_spectrum(record_of(one), sets)["curves"]
        cell = redshift_scan.cell_of(one.redshift)
        row = absorption_terms(curves, cell, one.signal_to_noise, sets)
        if row is not None:
            absorbed.append(float(one.kind == ABSORBED))
            terms.append(row)
    return np.array(absorbed), np.stack(terms)


def _type_figures(probability: NDArray[np.float64], truth: NDArray[np.intp]) -> Measures:
    best, top = probability.argmax(axis=1), probability.max(axis=1)
    return {
        "n": len(truth),
        "right": float(np.mean(best == truth)),
        "right_or_neighbour": float(np.mean(np.abs(best - truth) <= 1)),
        "mean_probability": float(top.mean()),
        "by_type": {
            name: {"n": int(of.sum()), "right": float(np.mean(best[of] == place))}
            for place, name in enumerate(STAR_TYPES)
            if (of := truth == place).any()
        },
    }


def _absorption_figures(score: NDArray[np.float64], absorbed: NDArray[np.float64]) -> Measures:
    chance = 1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))
    told = chance > 0.5
    return {
        "n": len(absorbed),
        "n_absorbed": int(absorbed.sum()),
        "found": float(told[absorbed > 0].mean()) if absorbed.any() else None,
        "false": float(told[absorbed == 0].mean()) if (absorbed == 0).any() else None,
        "mean_probability": float(chance.mean()),
    }
