"""What kind of star or quasar was answered: spectral type, and broad absorption.

Types by the chi-squares of small template sets, one a type, at the answered redshift; absorption
by how much better the set of quasars with broad absorption fits than those without. Both become
probabilities by a law that the card states, found on simulations.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.science import redshift_scan
from astrogui.science.template_fit import polynomials, upright_gains_at
from astrogui.science.template_sums import TemplateSet, smooth_part
from astrogui.tasks.kept import SameArrays
from astrogui.tasks.redshift_answer import scaled_spectrum, template_sets
from astrogui.tasks.task import Model

STAR_TYPES = ("O/B", "A", "F", "G", "K", "M", "L/T", "WD", "carbon")
ABSORBED = "absorbed"  # the set of quasars with broad absorption
NEAR_CELLS = 22  # 3000 km/s: where a set's best fit counts as at the answer


def with_kinds(
    answer: Posterior, curves: NDArray[Any], record: Spectrum, model: Model
) -> Posterior:
    """The answer with the type of a star, or the probability that a quasar has broad absorption."""
    told = model.card.calibration
    if Flag.NOT_ANSWERED in answer.flags:
        return answer
    cells: dict[str, float | str | bool | None] = {}
    cell = redshift_scan.cell_of(answer.value("z"))
    if answer.most_probable_class == "STAR" and "star_types" in told:
        probability = type_probability(star_rises(record, cell, model), told["star_types"])
        for ending, place in zip(("", "_2"), np.argsort(-probability)[:2].tolist(), strict=True):
            cells[f"star_type{ending}"] = STAR_TYPES[place]
            cells[f"prob_star_type{ending}"] = float(probability[place])
    elif answer.most_probable_class == "QSO" and "broad_absorption" in told:
        terms = absorption_terms(curves, cell, 10 ** _signal(answer), template_sets(model))
        if terms is not None:
            score = float(terms @ np.asarray(told["broad_absorption"]["weights"], np.float64))
            cells["prob_bal"] = float(1.0 / (1.0 + np.exp(-np.clip(score, -30, 30))))
    return dataclasses.replace(answer, extras={**answer.extras, **cells}) if cells else answer


def star_rises(record: Spectrum, cell: int, model: Model) -> NDArray[np.float64]:
    """(types,) chi-square of each type's best fit above the least, over the reduced one."""
    spectrum, sets = scaled_spectrum(record), type_sets(model)
    part = smooth_part(spectrum.flux, spectrum.weight, polynomials(redshift_scan.OBSERVED.size, 4))
    places = np.clip(np.arange(cell - 1, cell + 2), 0, sets[0].cells - 1)
    gained = upright_gains_at([(part, one, places) for one in sets])
    chi2 = part.chi2 - np.array([values.max() for values in gained])
    freedom = max(int(spectrum.good.sum()) - 10, 1)
    return np.asarray((chi2 - chi2.min()) / max(float(chi2.min()) / freedom, 1.0))


def type_probability(rises: NDArray[np.float64], told: dict[str, Any]) -> NDArray[np.float64]:
    """(..., types) prior times exp(-slope rise^power), normalised."""
    prior = np.array([float(told["prior"][name]) for name in STAR_TYPES])
    logs = np.log(prior) - float(told["slope"]) * np.maximum(rises, 0) ** float(told["power"])
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def absorption_terms(
    curves: NDArray[Any], cell: int, signal: float, sets: tuple[TemplateSet, ...]
) -> NDArray[np.float64] | None:
    """(5,) terms of the log odds of broad absorption; None where no such quasar was simulated."""
    by_name = {one.name: row for row, one in enumerate(sets) if one.class_name == "QSO"}
    row = by_name.pop(ABSORBED, None)
    if row is None or not sets[row].first_cell <= cell <= sets[row].last_cell:
        return None
    near = slice(max(cell - NEAR_CELLS, 0), cell + NEAR_CELLS + 1)
    # The network's curves are -asinh(rise / 6) / 3.
    rise = 6.0 * np.sinh(-3.0 * np.asarray(curves[near], np.float64).max(axis=0))
    others = min(rise[k] for k in by_name.values())
    better = float(np.arcsinh((others - rise[row]) / 10.0))
    loud = float(np.log10(np.clip(signal, 0.1, 1e3)))
    return np.array([1.0, better, loud, better * loud, better**2])


def _signal(answer: Posterior) -> float:
    signal = answer.extras.get("snr")
    return float(np.log10(max(signal, 1e-2))) if isinstance(signal, float) else 0.0


def type_sets(model: Model) -> tuple[TemplateSet, ...]:
    """The sets of ``STAR_TYPES`` in a model's assets."""
    return _sets_of(SameArrays(model.assets))


@lru_cache(maxsize=2)
def _sets_of(assets: SameArrays) -> tuple[TemplateSet, ...]:
    first, last = redshift_scan.CLASS_CELLS[redshift_scan.CLASSES.index("STAR")]
    return tuple(
        TemplateSet(
            name=name,
            class_name="STAR",
            first_cell=first,
            last_cell=last,
            vectors=np.asarray(vectors, np.float64),
            penalty=np.r_[0.0, np.full(len(vectors) - 1, 1.0 / 16.0)],
        )
        for name, vectors in zip(STAR_TYPES, assets.arrays["star_type_vectors"], strict=True)
    )


def columns() -> tuple[Column, ...]:
    """What kinds add to a row."""
    probability = "stat.probability"
    return (
        Column(name="star_type", type="text", ucd="src.spType",
               description="most probable type of a star: " + ", ".join(STAR_TYPES)),
        Column(name="prob_star_type", ucd=probability,
               description="probability of that type, given a star"),
        Column(name="star_type_2", type="text", ucd="src.spType",
               description="second most probable type of a star"),
        Column(name="prob_star_type_2", ucd=probability,
               description="probability of the second type, given a star"),
        Column(name="prob_bal", ucd=probability,
               description="probability that a quasar has broad absorption lines, given a quasar"),
    )  # fmt: skip
