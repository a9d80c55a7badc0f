"""The words and tables of the `redshift_euclid` model's card and README."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.science.near_infrared import CHANNELS, CLASSES, PIXELS, SUMMARY
from astrogui.training.card_table import table
from astrogui.training.euclid_calibration import COVERAGE_LEVELS
from astrogui.training.observe_euclid import PRIOR
from astrogui.training.recipe import Measures
from astrogui.training.redshift_card import trained_on

FEATURES = 16
LIMITS = (
    "Redshifts between 1 and 1.8 only, in classes of 0.001 (125 km/s at z = 1.4): what lies "
    "beyond is flagged, mostly, and never given its redshift.",
    "Trained on galaxies alone; quasars, stars and cool dwarfs were not simulated.",
    "Every training spectrum is simulated from optical rest-frame templates to 1.05 µm; what "
    "lies redward (objects below z = 0.9) has a power law, Paschen lines and He I.",
    "One line alone cannot tell Hα from [O III] or [S III]: the weights of the modes then come "
    "from the line ratios of the simulated galaxies, and from what is not seen.",
    "Slitless spectra: overlap with neighbours is simulated as one stray line in an eighth of "
    "the spectra, not as a contaminating continuum.",
    "Highest-density regions are too narrow (see the column `held`); the equal-tailed intervals, "
    "which are quoted, hold what they say.",
    "No spectrum of the real data with a known redshift between 1 and 1.8 was at hand: the "
    "figures are those of simulations.",
)


def draft(
    network: str, config: Mapping[str, Any], seed: int, history: Mapping[str, Any]
) -> ModelCard:
    """The card with everything known before calibration."""
    members = int(config["members"])
    return ModelCard(
        task="redshift_euclid",
        name="redshift_euclid 1",
        version="1",
        title="Redshift of near-infrared spectra, 1 to 1.8",
        summary="p(z) over 800 classes from 1.1 to 2.0 µm, every mode with its weight: an "
        "ensemble that judges every redshift by the same weights.",
        network=network,
        network_config=dict(config),
        inputs=(
            ArraySpec(
                name="flux",
                shape=(PIXELS, len(CHANNELS)),
                description="asinh of the residual from a running mean over its error; asinh of "
                "that mean over its error; its shape; good pixels as 1",
            ),
            ArraySpec(name="summary", shape=(len(SUMMARY),), description="; ".join(SUMMARY)),
        ),
        outputs=(
            ArraySpec(
                name="log_probability",
                shape=(members, CLASSES + 1),
                description="of each member, over the classes and none of them",
            ),
            ArraySpec(name="features", shape=(members * FEATURES,), description="for the novelty"),
        ),
        parameters={"z": ""},
        prior=dict(PRIOR),
        training={
            "simulation": "astrogui.training.observe_euclid, from a library of rest-frame "
            "galaxies made of public templates (stellar populations, survey eigenspectra) with "
            "emission lines",
            "seed": seed,
            "trained_on": trained_on(),
            "fit": dict(history),
        },
        calibration={"temperature": 1.0},
        novelty={
            "statistic": "Mahalanobis distance of the networks' features, the strongest line and "
            "the scatter of the residual from the validation simulations, over its threshold",
        },
        limits=LIMITS,
    )


def finished(
    card: ModelCard, scores: Measures, spectra: int, seconds: int, quick: bool
) -> ModelCard:
    """With the held-out scores; a quick training says that it is one."""
    limits = card.limits
    if quick:
        limits = ("Trained in a minute to test the program: no answer is to be trusted.", *limits)
    names = [f"{100 * level:.0f}" for level in COVERAGE_LEVELS]
    table = {
        "levels": list(COVERAGE_LEVELS),
        "parameters": {
            "z": [scores[f"coverage_{name}"] for name in names],
            "smallest regions": [scores[f"held_{name}"] for name in names],
            "z, faint lines": [scores["faint_lines"][f"coverage_{name}"] for name in names],
        },
        "n": scores["n"],
    }
    return dataclasses.replace(
        card,
        training={**card.training, "spectra": spectra, "seconds_of_last_call": seconds},
        simulated_scores=scores,
        coverage=table,
        limits=limits,
    )


def readme(card: ModelCard) -> str:
    """README.md of the model folder, from the card alone."""
    scores = card.simulated_scores
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        "The spectrum is resampled to 1,800 pixels evenly spaced in log wavelength, where a "
        "redshift is a shift. Convolutions filter it; the filtered signals at the places of "
        "twelve features are gathered for every redshift and judged by the same weights; the "
        "ensemble's densities are averaged, and the spread between them is the epistemic part. "
        "One class more stands for every other redshift. p(z), its quantiles and the weights of "
        "its modes hold given a redshift between 1 and 1.8.",
        "",
        f"Trained on {card.training.get('spectra', 0):,} simulated spectra, each seen once.",
        "",
        "## Prior",
        "",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        f"## Held-out simulations ({scores.get('n_all')}, of galaxies never trained on)",
        "",
        *_table(scores),
        "",
        "`right`: the best mode within 0.01 (1 + z); `several modes`: more than 10 % lies "
        "further than 0.03 from it; `coverage`: equal-tailed intervals of the whole p(z); `held`: "
        "its smallest regions. `faint lines` has nothing but spectra whose strongest line has "
        "S/N 4 to 12.",
        "",
        "![coverage](coverage.svg)",
        "",
        "## Weights of the modes",
        "",
        *_modes(scores),
        "",
        *_outside(scores.get("outside", {})),
        "## Known limits",
        "",
        *[f"- {limit}" for limit in card.limits],
        "",
        "Train again: `python main.py train redshift_euclid --seed "
        f"{card.training.get('seed')}`. Measure again: `python main.py evaluate redshift_euclid`.",
        "",
    ]
    return "\n".join(lines)


def _table(scores: Mapping[str, Any]) -> list[str]:
    rows = {"all": scores}
    rows |= {f"lines above 3σ: {name}": row for name, row in scores.get("by_lines", {}).items()}
    faint = scores.get("faint_lines", {})
    rows |= {"faint lines": faint}
    rows |= {
        f"faint lines, above 3σ: {name}": row for name, row in faint.get("by_lines", {}).items()
    }
    columns = ("n", "right", "within_0.001", "several_modes", "in_a_mode", "coverage_68",
               "coverage_90", "held_68", "held_90")  # fmt: skip
    return table(rows, columns, [name.replace("_", " ") for name in columns])


def _modes(scores: Mapping[str, Any]) -> list[str]:
    lines = [
        "How often the truth lies in a mode (within 0.01 of its peak) of the weight told, with the "
        "90 % binomial interval:",
        "",
        "| set | weight | modes | mean weight | share that holds the truth |",
        "|---|---|---|---|---|",
    ]
    for name, rows in (
        ("all", scores.get("mode_weights", [])),
        ("faint lines", scores.get("faint_lines", {}).get("mode_weights", [])),
    ):
        lines += [
            f"| {name} | {row['low']:g}-{row['high']:g} | {row['n']} | {row['weight']:.3f} | "
            f"{row['share']:.3f} ({row['interval'][0]:.3f}-{row['interval'][1]:.3f}) |"
            for row in rows
        ]
    return lines


def _outside(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    return [
        f"Spectra of other redshifts: {scores['flagged']:.1%} flagged, with "
        f"{scores['flagged_falsely']:.1%} of those inside flagged falsely (area under the curve "
        f"{scores['auc']:.3f}).",
        "",
    ]
