"""The card and the page of the lens finder, from what its recipe did and measured."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.training.card_table import table
from astrogui.training.lens_others import DISTANT
from astrogui.training.lens_shares import LOOK_ALIKES, OF_SURVEY, mixture

START = Path(__file__).with_name("lens_start.npz")  # the weights of version 2's best network

PRIOR = {
    "share of lenses": "one in two in training and in score_lens; prob_lens holds for lens_share, "
    "one in ten thousand galaxies where nothing else is said: its logit is that of one in two "
    "plus ln(share / (1 - share))",
    "lens": "isothermal ellipsoid in shear; Einstein radius 0.75 to 6.8 arcsec from the ground, "
    "0.5 to 2.2 from space; 94 % red galaxies",
    "source": "i = 22 to 25 before lensing, half-light radius 0.06 to 0.45 arcsec evenly in the "
    "logarithm, clumps, mostly blue; magnified five times or more (to within a fifth), in "
    f"{LOOK_ALIKES.shares.one_sided:.0%} three times or more (to within a third) and off to one "
    "side; arcs of at least S/N 25 in the bands shown, against noise and 20 % of the light before "
    "them",
    "other": f"in half of the training look-alikes: {mixture(LOOK_ALIKES.shares)}; in the other "
    f"half as a survey has them: {mixture(OF_SURVEY.shares)}; of the spirals {DISTANT:.0%} as they "
    "are at redshifts of 0.4 to 1: clumps, a rim or half of one, a red middle",
    "seeing": "0.5 to 1.35 arcsec from the ground, 0.09 to 0.2 from space",
    "depth": "point source of S/N 5 at r = 23.6 to 26.6, from space at 24.4 to 26.8",
    "pixel": "0.27 arcsec (ground), 0.1 (space), each within 12 %",
    "stretch": "colour pictures with the noise at 1.4 to 5 % of white, eight bits or not; in the "
    "half of the training that is as a survey has them, always as of FITS files",
}

POPULATIONS = {
    "survey": "### Galaxies as a survey shows them\n\n"
    "Half of the training is like it, but with the lenses of the look-alikes. Cut-outs "
    "of FITS files (ground: g, r, i), artefacts in "
    f"{OF_SURVEY.conditions.artefacts:.0%}. What is no lens: {mixture(OF_SURVEY.shares)}. Of the "
    f"lenses {OF_SURVEY.shares.galaxies:.0%} are single galaxies, their Einstein radii as velocity "
    "dispersions and cross-sections have them; those of "
    "the others lie evenly in the logarithm up to 6.8 arcsec. Sources are as large as star-forming "
    "galaxies of their magnitude at redshifts of 1 to 3: half-light radii of 0.21 arcsec times "
    "10^(-0.108 (i - 24)), with a scatter of 0.6 in the natural logarithm (Shibuya, Ouchi & "
    "Harikane 2015, ApJS 219, 15: 6.9 kpc (1 + z)^-1.2 (L / L0)^0.27, L0 at a magnitude of -21 in "
    "the ultraviolet, scatter 0.45 to 0.75). Wide and bright: an Einstein radius above 1.4 arcsec "
    "and arcs of S/N above 20 in the best band.",
    "look-alikes": "### Look-alikes far more often than on the sky\n\n"
    "The other half of the training. "
    f"{1 - LOOK_ALIKES.conditions.as_the_task:.0%} as published colour pictures, "
    f"{LOOK_ALIKES.conditions.one_band:.0%} of those from the ground of one band, artefacts in "
    f"{LOOK_ALIKES.conditions.artefacts:.0%}. What is no lens: {mixture(LOOK_ALIKES.shares)}. "
    "Einstein radii evenly in the logarithm up to 6.8 arcsec, half-light radii of sources from "
    f"0.06 to 0.45; {LOOK_ALIKES.shares.one_sided:.0%} of the sources lie so far off that one "
    "image outshines the other. Wide and bright: as above, in the best band that is shown.",
}  # what the figures over held-out simulations are about

LIMITS = (
    "The probability rests on simulated galaxies: where the sky has more look-alikes than the "
    "simulations, too many candidates come; use score_lens to rank, and look at them.",
    "Arcs farther than eight arcsec from the galaxy (three from space) lie outside the cut-out.",
    "Lensed quasars without an arc were not simulated.",
    "A compact source seen as separate points looks like a galaxy with companions, and is often "
    "missed.",
    "Sources larger than 0.45 arcsec were not trained on.",
    "Real pictures that it ranks high, and experts do not, mostly show a blue neighbour of a red "
    "galaxy that looks like an arc.",
    "Of images from space one band is read; of colour pictures without a stated scale a width of "
    "24.6 arcsec is taken.",
    "Stars and galaxies little larger than the seeing are not looked at.",
)


def card_of(
    config: Mapping[str, Any],
    counts: Mapping[str, Mapping[str, int]],
    history: list[dict[str, Any]],
    calibration: Mapping[str, Any],
    seed: int,
) -> ModelCard:
    """The card before its scores are measured."""
    size, members = config["size"], config["members"]
    return ModelCard(
        task="lens_finder",
        name="lens_finder 4",
        version="4",
        title="Gravitational lenses among galaxies",
        summary=(
            "Whether a galaxy bends the light of another behind it, from a colour picture of it. "
            f"{members} convolutional networks read the picture in rings around the galaxy, each "
            "shown it and its mirror image; their probabilities are mixed, their differences are "
            "the epistemic interval."
        ),
        network="deep_lens:finder",
        network_config=dict(config),
        inputs=(
            ArraySpec(
                name="image", shape=(size, size, 3), unit="share of white",
                description="science.colour_picture: red, green, blue; the sky at 0",
            ),
        ),
        outputs=(
            ArraySpec(name="logit", shape=(members,), description="logit of a lens at one in two"),
            ArraySpec(name="novelty", shape=(1,), description="1 at the threshold"),
            ArraySpec(name="features", shape=(32 * members,),
                      description="what the last layer reads, plus 1"),
        ),
        parameters={"prob_lens": ""},
        prior=PRIOR,
        training={
            "simulation": "astrogui.training.simulate_lens and observe_lens, our own renderer",
            "trained_on": {"files": {}, "sky": [], "gps": []},  # simulated pixels only
            "seed": seed,
            "started_from": "the weights of version 2's best network (lens_start.npz, sha256 "
            f"{sha256(START.read_bytes()).hexdigest()[:16]}), trained with 36500 of the same "
            "renderings for 76 epochs of 60 steps, from version 1's mean weights",
            "renderings": {name: dict(parts) for name, parts in counts.items()},
            "fit": history,
        },
        calibration=calibration["calibration"],
        novelty=calibration["novelty"],
        limits=LIMITS,
    )  # fmt: skip


def readme(card: ModelCard) -> str:
    """The model folder's page for people."""
    scores = card.simulated_scores
    lines = [
        f"# {card.title}", "", card.summary, "",
        "Trained on simulated cut-outs only (`python main.py train lens_finder`); no real pixel "
        "was used.", "",
        "## Prior", *[f"- {name}: {words}" for name, words in card.prior.items()], "",
        "## Held-out simulations", "", *_population_lines(scores),
        *_real_lines(card.real_scores),
        "## Novelty",
        f"{card.novelty['statistic']} {card.novelty['false_positives']:.0%} of held-out simulated "
        "cut-outs lie above 1.", "",
        "## Limits", *[f"- {limit}" for limit in card.limits], "",
    ]  # fmt: skip
    return "\n".join(lines)


def _population_lines(scores: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, own in (("survey", scores.get("survey")), ("look-alikes", scores)):
        if own:
            lines += [POPULATIONS[name], "", *_simulated_lines(own), ""]
    return lines


def _simulated_lines(scores: Mapping[str, Any]) -> list[str]:
    lines = []
    for name in ("all", "ground", "space", "wide_and_bright"):
        part = scores.get(name)
        if part:
            lines.append(
                f"- {name.replace('_', ' ')} ({part['n']} cut-outs, {part['lenses']} lenses): "
                f"AUROC {part['auroc']:.4f}, completeness at 99 % rejection "
                f"{_share(part['completeness_99'])}, before the tenth false positive "
                f"{_share(part['tpr10'])}" + _among_many(part)
            )
    lines.append(
        f"- expected calibration error at one in two: {scores['ece']:.3f}; randomised credible "
        f"sets of 68 and 90 % hold the truth in {_share(scores['coverage_68'])} and "
        f"{_share(scores['coverage_90'])}"
    )
    rates = scores["false_positives_by_kind"]
    lines.append(
        "- share of what is no lens above the score that leaves 1 % of all: "
        + ", ".join(f"{kind} {100 * rate:.1f} %" for kind, rate in rates.items())
    )
    if radii := scores.get("identification_by_radius"):
        lines += ["- false identifications there, by Einstein radius:", ""]
        rows = {f'{name}"': part for name, part in radii.items()}
        titles = ("lenses", "missed", "without their arcs", "of which called lenses")
        lines += table(
            rows, ("lenses", "missed", "without_arcs", "false"), titles, "Einstein radius", ".1%"
        )
    return lines


def _among_many(part: Mapping[str, Any]) -> str:
    """At the false positives that ten of 50,000 others are, where it was measured."""
    if "tpr10_whole" not in part:
        return ""
    return (
        f" ({_share(part['tpr10_whole'])} where it is the tenth of 50,000, "
        f"± {100 * part['tpr10_whole_error']:.1f} %)"
    )


def _real_lines(real: Mapping[str, Any]) -> list[str]:
    """What was measured on labelled real cut-outs, where the card holds it."""
    found = real.get("space_warps")
    if not found:
        return []
    lines = ["## Real cut-outs", "CFHTLS Space Warps, colour pictures (expert grade >= 2 against "
             "< 1; an expert's no is a volunteer's yes, so every one is hard):"]  # fmt: skip
    for name, part in found.items():
        if isinstance(part, Mapping):
            low, high = part["auroc_interval"]
            lines.append(
                f"- {name}: {part['lenses']} lenses, {part['others']} others: AUROC "
                f"{part['auroc']:.3f} ({low:.3f} to {high:.3f}), completeness at ten false "
                f"positives {_share(part['completeness_10'])}, rank correlation with the grade "
                f"{part['spearman']:.2f} over {part['graded']}"
            )
    return [*lines, ""]


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.1f} %"
