"""The words and tables of the `redshift` model's card and README."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.training.card_table import table
from astrogui.training.junk_spectra import JUNK
from astrogui.training.learn_templates import PLANS
from astrogui.training.recipe import Measures
from astrogui.training.score_redshift import COVERAGE_LEVELS
from astrogui.training.simulate_spectrum import (
    CLASSES,
    KINDS,
    NEIGHBOURS,
    REDSHIFT_PRIOR,
    SURVEY_WORDS,
    class_shares,
)
from astrogui.training.spectrographs import SPECTROGRAPHS
from astrogui.training.templates import data_folder

START = Path(__file__).with_name("redshift_start.npz")  # the weights of version 2
OF_SURVEY = "survey signal-to-noise (the held-out simulations)"
LIMITS = (
    "The network resolves cells of 138 km/s; the template fit polishes galaxies and stars to the "
    "error of the wavelengths, taken as 10 km/s (25 km/s where the frame is not said). The "
    "probabilities of peaks stay the network's.",
    "A galaxy seen by one line alone is answered by the prior's odds between Lyman alpha, [O II] "
    "and other lines; the alternatives are kept.",
    "Nearby Seyfert galaxies may be called GALAXY or QSO; surveys do so too.",
    "Quasar redshifts carry the scatter of broad lines, about 250 km/s in the simulations; broad "
    "absorption on a line's blue side can shift an answer by several thousand km/s.",
    "Stellar types that the templates lack (brown dwarfs beyond L, Wolf-Rayet stars, novae), "
    "supernovae and blends of two objects were not simulated; the novelty flag catches some of "
    "them only.",
    "Where the zero point of the wavelengths is worse than that (slit spectra, air or vacuum "
    "unsaid), intervals are too narrow: the published redshifts of the FORS2 field lie 64 km/s "
    "(median) below ours, those of the MUSE galaxies 82 km/s.",
    "Wavelengths outside 3388-10423 Å are not used.",
)


def draft(
    network: str,
    config: Mapping[str, Any],
    specs: Mapping[str, tuple[ArraySpec, ...]],
    seed: int,
    history: Mapping[str, Any],
) -> ModelCard:
    """The card with everything known before calibration."""
    shares = {name: dict(kinds) for name, kinds in KINDS.items()} | {"UNKNOWN": list(JUNK)}
    return ModelCard(
        task="redshift",
        name="redshift 4",
        version="4",
        title="Redshift and class of optical spectra",
        summary="p(class, z) for galaxies, quasars and stars between 3400 and 10400 Å: template "
        "sets learned on simulations, ranked by an ensemble of three convolutional networks.",
        network=network,
        network_config=dict(config),
        inputs=specs["inputs"],
        outputs=specs["outputs"],
        parameters={"z": ""},
        prior={
            "class": class_words(),
            **{f"z of {name}": words for name, words in REDSHIFT_PRIOR.items()},
            "signal-to-noise": "log-uniform 0.7 to 60 per 138 km/s; of 40 % of the galaxies with "
            "emission lines (60 % in integral fields) by the lines' own significance, log-uniform "
            "4 to 80",
            "junk": "sky, lamps, noise, image rows, drifts, reversed or wrong wavelength axes: "
            "the network's class UNKNOWN; shown about twice as often in training, which the loss "
            "allows for",
            "integral fields": "the noise of neighbouring samples alike and its size misjudged up "
            f"to 1.8 times; in {NEIGHBOURS:.0%} of the spectra one to three lines of another "
            "galaxy",
            OF_SURVEY: SURVEY_WORDS,
            "spectrographs": ", ".join(f"{s.name} {s.share:.0%}" for s in SPECTROGRAPHS),
        },
        training={
            "simulation": "astrogui.training.simulate_spectrum, from public rest-frame templates "
            "(stellar populations, survey eigenspectra, quasar components, star templates)",
            "kinds": shares,
            "template_sets": {plan.name: plan.vectors for plan in PLANS},
            "seed": seed,
            "started_from": "the weights of version 2 (redshift_start.npz, sha256 "
            f"{hashlib.sha256(START.read_bytes()).hexdigest()[:16]}), trained with 20000 spectra "
            "of an earlier simulation",
            "trained_on": trained_on(),
            "fit": dict(history),
        },
        calibration={"temperature": 1.0},
        novelty={
            "statistic": "Mahalanobis distance of the networks' features, the reduced chi-square "
            "and the noise's roughness from the validation simulations, over its threshold",
        },
        limits=LIMITS,
    )


def class_words() -> str:
    """The shares of the classes: of each spectrograph's targets, and of all."""
    shares = np.array([class_shares(item) for item in SPECTROGRAPHS])
    of_all = np.average(shares, axis=0, weights=[item.share for item in SPECTROGRAPHS])
    words = ", ".join(f"{name} {share:.0%}" for name, share in zip(CLASSES, of_all, strict=True))
    apart = ", ".join(
        f"{item.name} " + "/".join(f"{100 * share:.0f}" for share in row)
        for item, row in zip(SPECTROGRAPHS, shares, strict=True)
    )
    return f"{words}; percent by spectrograph: {apart}"


def trained_on() -> dict[str, Any]:
    """Real files behind the simulations, with their hashes: none of them is scored."""
    folder = data_folder()
    files = sorted((folder / "spectra" / "templates").iterdir())
    return {
        "files": {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        },
        "sky": [],
        "gps": [],
    }


def finished(
    card: ModelCard,
    scores: Measures,
    coverage_table: dict[str, Any],
    spectra: Mapping[str, int],
    seconds: int,
    quick: bool,
) -> ModelCard:
    """With the held-out scores; a quick training says that it is one."""
    limits = card.limits
    if quick:
        limits = ("Trained in a minute to test the program: no answer is to be trusted.", *limits)
    return dataclasses.replace(
        card,
        training={**card.training, **spectra, "seconds_of_last_call": seconds},
        simulated_scores=scores,
        coverage=coverage_table,
        limits=limits,
    )


def coverage(scores: Measures, count: int) -> dict[str, Any]:
    """The card's table: intervals given the right peak, and regions of the whole density."""
    names = [f"{100 * level:.0f}" for level in COVERAGE_LEVELS]
    return {
        "levels": list(COVERAGE_LEVELS),
        "parameters": {
            "z": [scores[f"coverage_{name}"] for name in names],
            "class and z": [scores[f"held_{name}"] for name in names],
        },
        "n": count,
    }


def readme(card: ModelCard) -> str:
    """README.md of the model folder, from the card alone."""
    scores = card.simulated_scores
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        "The spectrum is resampled to steps of 2e-4 in log10 wavelength, where a redshift is a "
        f"shift. {_sets(card)} template sets, learned on simulated spectra at rest, are fitted at "
        "every redshift with four smooth terms; correlations by FFT give the chi-square of all "
        "redshifts at once. Three small convolutional networks see these curves, the signals of "
        "narrow and broad lines at the places where each redshift puts them, and a few summaries "
        "of the spectrum, and give the probability of every class and redshift cell. Their "
        "densities are averaged; the spread between them is the epistemic part.",
        "",
        "`weights.npz` holds the networks, `assets.npz` the template sets and the novelty "
        "statistic, `model.onnx` the same networks as a graph, `golden.npz` inputs with the "
        "outputs that every runtime must give. The card states the prior; answers of objects "
        "that the prior makes rare are pulled towards what it makes common.",
        "",
        "## Prior",
        "",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        f"## Held-out simulations{' at survey signal-to-noise' if OF_SURVEY in card.prior else ''} "
        f"({scores.get('n')})",
        "",
        *_table(scores),
        "",
        *_everything(scores.get("all_trained_for", {})),
        "The three best peaks are then polished by fits with no negative part on the spectrum's "
        "own pixels (`refine_*` in `assets.npz`); the interval mixes the fit's density with the "
        "network's, with the spreads that the card states under `calibration`.",
        "",
        *_told(card),
        "Intervals are conditional on the answered class and peak; their coverage counts the "
        "simulations whose class and peak are right. `held` tests the whole density: how often "
        "the smallest region of that probability holds the true class and redshift.",
        "",
        "![coverage](coverage.svg)",
        "",
        *_refined(scores.get("refined", {}), scores.get("junk", {})),
        *_kinds(scores.get("kinds", {})),
        *_real(card.real_scores),
        "## Known limits",
        "",
        *[f"- {limit}" for limit in card.limits],
        "",
        f"Train again: `python main.py train redshift --seed {card.training.get('seed')}`. "
        "Measure again: `python main.py evaluate redshift --data FOLDER`.",
        "",
    ]
    return "\n".join(lines)


def _told(card: ModelCard) -> list[str]:
    """What confident and novel mean in a refined answer, where the card was calibrated for it."""
    told = card.calibration
    if "junk_score" not in told:
        return []
    return [
        "Then the ranks of the truth in these mixtures are made even by a map for each class and "
        "signal-to-noise (`refined_rank_map`), fitted to simulations that no table here counts. "
        "`confident` are answers of a certainty above "
        f"{told['confident_probability']:.3f}, above which at most 0.15 % of the "
        "clear answers to a survey were wrong (of faint spectra, S/N below 3, "
        f"{told.get('confident_probability_faint', told['confident_probability']):.3f} times the "
        "probability of a known class, 0.5 %), if they are not novel and no other answer is nearly "
        "as good (less probable than 20 %, its fit worse by 9 in chi-square). Novel is what lies "
        "far from "
        "the features of familiar spectra, what fits no template (reduced chi-square above "
        f"{told['largest_reduced_chi_square']:.0f}), or a signal-to-noise above 3 with a score of "
        "certainty, probability of UNKNOWN and signal-to-noise (`junk_score`) that fewer than "
        "1 in 100 spectra of a survey reach. So is a spectrum whose stated noise is rough where "
        "the night sky is quiet, or has a red forest without the line at 5577 Å, by more than "
        f"{told.get('largest_misplaced_noise', float('inf')):.2f} in ln sigma: its axis is wrong. "
        "A signal-to-noise below 3 and a certainty below "
        f"{told.get('smallest_certainty_faint', told.get('smallest_certainty', 0.0)):.2f} are "
        "undecided: flagged as faint and ambiguous.",
        "",
    ]


def _table(scores: Mapping[str, Any]) -> list[str]:
    rows = {"all": scores, **scores.get("by_class", {})}
    rows |= {f"S/N {name}": row for name, row in scores.get("by_signal_to_noise", {}).items()}
    columns = ("n", "success", "confident", "catastrophic", "class_accuracy", "coverage_68",
               "coverage_90", "held_68", "held_90")  # fmt: skip
    return table(rows, columns)


def _sets(card: ModelCard) -> str:
    count = len(card.training.get("template_sets", ()))
    return {12: "Twelve", 13: "Thirteen"}.get(count, str(count))


def _everything(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    return [
        f"## All that was trained for ({scores.get('n')} further simulations)",
        "",
        *_table(scores),
        "",
        f"Of {scores.get('n_junk')} simulated spectra of nothing (sky, lamps, noise, image rows, "
        f"wrong axes) {scores.get('junk_flagged') or 0.0:.1%} are novel to the network alone, by "
        "its features or its class UNKNOWN; what the whole way of a file flags is told below.",
        "",
    ]


def _refined(scores: Mapping[str, Any], junk: Mapping[str, Any]) -> list[str]:
    """The same after the refinement, on the survey population, and what junk is told as."""
    if not scores.get("n"):
        return []
    rows = {"all": scores, **scores.get("by_class", {})}
    rows |= {f"S/N {name}": row for name, row in scores.get("by_signal_to_noise", {}).items()}
    columns = ("n", "success", "confident", "n_catastrophic", "scatter_km_s", "pit_distance",
               "coverage_50", "coverage_68", "coverage_90", "coverage_95", "flagged")  # fmt: skip
    lines = [
        f"## After the refinement ({scores['n']} simulations of a survey)",
        "",
        *table(rows, columns),
        "",
    ]
    if junk.get("n"):
        kinds = junk.get("by_kind", {}).items()
        told = ", ".join(f"{kind} {row['flagged']:.0%} of {row['n']}" for kind, row in kinds)
        lines += [
            f"Of {junk['n']} simulated spectra of nothing {junk['flagged']:.1%} are flagged "
            f"as such and {junk['doubted']:.1%} are not called confident: {told}.",
            "",
        ]
    return lines


def _kinds(scores: Mapping[str, Any]) -> list[str]:
    """What the types of stars and the broad absorption of quasars are worth."""
    if not scores:
        return []
    stars, quasars = scores["star_types"], scores["broad_absorption"]
    return [
        f"## Types of stars ({stars['n']} simulations), broad absorption ({quasars['n']})",
        "",
        "A star's type comes from template sets of their own, one a type, at the answered "
        "redshift; a quasar's broad absorption from how much better the set of such quasars "
        "fits. The laws that make them probabilities were fitted to as many other simulations.",
        "",
        f"The type is right for {stars['right']:.1%}, right or next to it for "
        f"{stars['right_or_neighbour']:.1%}; the mean probability told is "
        f"{stars['mean_probability']:.3f}. Of {quasars['n_absorbed']} quasars with broad "
        f"absorption {quasars['found'] or 0.0:.1%} are told more probable than not, of those "
        f"without {quasars['false'] or 0.0:.1%}.",
        "",
        *table(stars["by_type"], ("n", "right"), head="type"),
        "",
    ]


def _real(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    rows = {"all": scores, **scores.get("by_folder", {})}
    columns = ("n", "success", "confident", "n_catastrophic", "class_accuracy", "coverage_68",
               "coverage_90")  # fmt: skip
    return [
        "## Real spectra",
        "",
        "Success is |c dz / (1 + z)| below 1000 km/s, 3000 km/s for quasars; none of them was "
        "used in training. Catastrophic is confident and unsuccessful.",
        "",
        *table(rows, columns, head="folder"),
        "",
    ]
