"""The words and tables of the `stellar` model's card and README."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.tasks.stellar_answer import PARAMETERS
from astrogui.training.card_table import cell, table
from astrogui.training.recipe import Measures
from astrogui.training.simulate_stellar import PRIOR

LIMITS = (
    "Main-sequence stars between 4200 and 7000 K only, log g 4.0 to 4.98, [Fe/H] -0.78 to 0.37: "
    "giants, metal-poor, hotter and cooler stars, double-lined binaries and galaxies get an answer "
    "that means nothing; the chi-square of the fit flags what looks unlike any star of the range.",
    "The emulated spectra come from a published emulator of APOGEE spectra; its own errors on real "
    "stars (its lines, its label scale, about one per cent of the flux) are not in the intervals, "
    "apart from their scaling with the chi-square. Real stars of high signal-to-noise ratio leave "
    "a chi-square well above one and are flagged for it.",
    "Resolving power 22,500 as APOGEE's is assumed: a spectrum of lower resolution gets too large "
    "a broadening and labels that suffer from it.",
    "[Mg/Fe] is the emulator's fourth label; the data guide calls it [alpha/Fe]. Other elements "
    "follow [Fe/H].",
    "The prior is flat in each label and independent: unlike real main-sequence stars, for which "
    "temperature and gravity go together. A star's own prior can be multiplied in from the draws.",
    "Velocities are in the frame of the file's wavelengths: an APOGEE visit is topocentric, a "
    "combined spectrum at rest.",
    "Optical spectra are not answered. The labels at hand, 59 LAMOST stars of one plate labelled "
    "by the survey's own pipeline from these very spectra, with errors near their spread, support "
    "no claim; there is no optical emulator, and the SDSS eigenspectra carry types, not labels.",
)


def draft(
    network: str,
    config: Mapping[str, Any],
    specs: Mapping[str, tuple[ArraySpec, ...]],
    seed: int,
    history: Mapping[str, Any],
    emulator: Mapping[str, Any],
) -> ModelCard:
    """The card with everything known before calibration."""
    return ModelCard(
        task="stellar",
        name="stellar 1",
        version="1",
        title="Stellar parameters from H-band spectra",
        summary="Effective temperature, gravity, [Fe/H], [Mg/Fe], broadening and radial velocity "
        "of main-sequence stars from H-band spectra: a convolutional network with dropout of a "
        "learned rate, refined by a fit of an emulated spectrum.",
        network=network,
        network_config=dict(config),
        inputs=specs["inputs"],
        outputs=specs["outputs"],
        noise_inputs=("uniform",),
        parameters={parameter.name: parameter.unit for parameter in PARAMETERS},
        prior=dict(PRIOR),
        training={
            "simulation": "astrogui.training.simulate_stellar, from a published emulator of "
            "APOGEE spectra (not shipped)",
            "emulator": dict(emulator),
            "seed": seed,
            "trained_on": {"files": dict(emulator["source"]), "sky": [], "gps": []},
            "fit": dict(history),
        },
        novelty={
            "statistic": "of the fit: reduced chi-square, and its excess over what neighbouring "
            "residuals tell, each over its limit; of the network alone: "
            "Mahalanobis distance of features and summaries from the simulations', over its "
            "threshold",
        },
        limits=LIMITS,
    )


def finished(
    card: ModelCard,
    scores: Measures,
    coverage: dict[str, Any],
    spectra: int,
    seconds: int,
    quick: bool,
) -> ModelCard:
    """With the held-out scores; a quick training says that it is one."""
    limits = card.limits
    if quick:
        limits = ("Trained in a minute to test the program: no answer is to be trusted.", *limits)
    return dataclasses.replace(
        card,
        training={**card.training, "spectra": spectra, "seconds_of_last_call": seconds},
        simulated_scores=scores,
        coverage=coverage,
        limits=limits,
    )


def readme(card: ModelCard) -> str:
    """README.md of the model folder, from the card alone."""
    scores, emulator = card.simulated_scores, card.training["emulator"]
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        "The spectrum is brought to APOGEE's pixels of 4.14 km/s. Its velocity is found by "
        "correlation with sixteen emulated stars, its continuum by comparison with the best of "
        "them. The network (three convolutions, three poolings, one dropout whose rate is learned, "
        "as Nord & Price-Whelan's) answers with a mixture of normal densities, one a draw of the "
        "dropout's mask: the scatter of their means is the epistemic part. The fit then starts "
        "from there: labels and velocity by Levenberg and Marquardt's method on the emulated "
        "spectrum, a quartic continuum of each detector solved for and marginalised at every step, "
        "pixels further off than five standard deviations left out. Its covariance is Fisher's, "
        "scaled by the reduced chi-square (the errors of a file may be wrong by a factor), with "
        "the error of the emulator added; draws stay inside the prior. The answer is flagged above "
        f"a reduced chi-square of {card.calibration['reduced_chi_square_limit']:.2f}, or of "
        f"{card.calibration['chi_square_excess_limit']:.2f} times what neighbouring residuals "
        "tell, which is immune to errors of a wrong scale.",
        "",
        "`weights.npz` holds the network, `assets.npz` the emulator and the novelty statistic, "
        "`model.onnx` the network as a graph, `golden.npz` inputs with the outputs that every "
        "runtime must give.",
        "",
        "## The emulator",
        "",
        f"{emulator['terms']} Chebyshev terms of the five labels a pixel, fitted to spectra that "
        "the published emulator gave (which is not shipped). Against it, over the prior: flux "
        f"differs by {emulator['flux_rms']:.1e} rms, {emulator['flux_99_percent']:.1e} in 99 % and "
        f"{emulator['flux_largest']:.1e} at worst. In a fit that moves the labels by (rms) "
        + ", ".join(
            f"{parameter.title} {value:.2g} {unit}".strip()
            for parameter, value, unit in zip(
                PARAMETERS, emulator["label_rms"], _units(), strict=True
            )
        )
        + ".",
        "",
        "## Prior",
        "",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        f"## Held-out simulations ({scores.get('n')})",
        "",
        "Stars of the published emulator itself, so that the error of ours counts (between its "
        "pixels, quintic splines, as in the fit). The bound is "
        "Cramér and Rao's for the same spectrum, velocity and continuum unknown.",
        "",
        *_table(scores),
        "",
        *_by_signal(scores),
        f"Errors above six times the bound in any label: {scores.get('failures')}. Flagged by the "
        f"chi-square: {scores.get('false_alarms', 0):.1%}.",
        "",
        "![coverage](coverage.svg)",
        "",
        *_real(card.real_scores),
        "## Known limits",
        "",
        *[f"- {limit}" for limit in card.limits],
        "",
        f"Train again: `python main.py train stellar --seed {card.training.get('seed')}`. "
        "Measure again: `python main.py evaluate stellar --simulations 5000`, with `--data FOLDER` "
        "the real files too.",
        "",
    ]
    return "\n".join(lines)


def _units() -> list[str]:
    return [*(parameter.unit for parameter in PARAMETERS[:-1]), "pixels"]


def _table(scores: Mapping[str, Any]) -> list[str]:
    columns = ("rms_error", "bound", "error_over_bound", "coverage_68", "coverage_90",
               "pit_distance", "network_rms_error", "network_coverage_68",
               "network_coverage_90")  # fmt: skip
    titles = ("rms error", "rms bound", "error / bound", "68 %", "90 %", "PIT distance",
              "network's rms error", "network's 68 %", "90 %")  # fmt: skip
    rows = {
        f"{parameter.title}{', ' + parameter.unit if parameter.unit else ''}": scores["labels"][
            parameter.name
        ]
        for parameter in PARAMETERS
    }
    return table(rows, columns, titles, "label", ".4g")


def _by_signal(scores: Mapping[str, Any]) -> list[str]:
    bins = scores.get("by_signal_to_noise", {})
    if not bins:
        return []
    return [
        "Error over bound (68 % coverage) by signal-to-noise ratio:",
        "",
        "| S/N | n | " + " | ".join(parameter.title for parameter in PARAMETERS) + " |",
        "|---|---|" + "---|" * len(PARAMETERS),
        *[
            f"| {name} | {row['n']} | "
            + " | ".join(
                f"{row['labels'][p.name]['error_over_bound']:.2f} "
                f"({row['labels'][p.name]['coverage_68']:.3f})"
                for p in PARAMETERS
            )
            + " |"
            for name, row in bins.items()
        ],
        "",
    ]


def _real(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    lines = [
        "## Real spectra",
        "",
        "Neither comes with labels to compare with; the first is a brown dwarf, which the range "
        "excludes.",
        "",
        "| file | " + " | ".join(p.title for p in PARAMETERS) + " | chi-square | flags |",
        "|---|" + "---|" * (len(PARAMETERS) + 2),
    ]
    for name, rows in scores.get("h_band", {}).items():
        for row in rows:
            cells = [cell(row.get(parameter.name), ".4g") for parameter in PARAMETERS]
            last = [cell(row.get("reduced_chi_square"), ".4g"), str(row.get("flags") or "none")]
            lines.append(f"| {name} | " + " | ".join([*cells, *last]) + " |")
    optical = scores.get("optical_left_out", {})
    if "mean_absolute_error" in optical:
        error, constant = optical["mean_absolute_error"], optical["of_a_constant"]
        lines += [
            "",
            f"Optical labels, no claim: each of {optical['n']} LAMOST stars predicted from the "
            "others by ridge regression misses its LASP label by (mean absolute) "
            f"{error['teff']:.0f} K, {error['logg']:.2f} dex in log g, {error['feh']:.2f} dex in "
            f"[Fe/H]; the others' mean alone by {constant['teff']:.0f} K, "
            f"{constant['logg']:.2f} and {constant['feh']:.2f} dex.",
        ]
    return [*lines, ""]
