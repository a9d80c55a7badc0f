"""The model card of the morphology network, and the page that says it in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.science import vote_tree
from astrogui.training.morphology_examples import VOLUNTEERS, RealGalaxies

PRIOR = {
    "galaxies": "simulated: 34 % smooth, 36 % discs, 15 % edge-on, 6 % irregular, 6 % mergers, 3 % "
    "artefacts; Petrosian radius 9 arcsec, log-normal scatter 0.45; seeing 0.9 to 2 arcsec; mean "
    "surface brightness r = 21.3 +- 0.7 mag per square arcsec",
    "volunteers": "simulated: an answer's share rises with the feature's contrast after blurring "
    "and noise; each answers on their own down the tree",
    "pictures": "SDSS-like colours (i, r, g as red, green, blue; asinh stretch)",
}
LIMITS = (
    "Shares are those of Galaxy Zoo 2's volunteers (with the challenge's weighting): they call "
    "smooth what the seeing has smoothed.",
    "Galaxies less than twice as large as the seeing's disc lie outside what was trained on; they "
    "are flagged.",
    "Intervals of prob_... say how far the members differ. They share the first part of their "
    "training, so the spread is rather too small.",
    "JPEG pictures carry an unknown stretch: one that is far from the usual asinh changes answers.",
)


def draft(
    config: dict[str, Any],
    seed: int,
    histories: dict[str, Any],
    calibration: dict[str, Any],
    real: RealGalaxies | None,
    simulated: int,
) -> ModelCard:
    """The card before its scores."""
    count = 0 if real is None else len(real.number)
    return ModelCard(
        task="morphology",
        name="morphology 1.1",
        version="1.1",
        title="Shapes of galaxies",
        summary=(
            "What Galaxy Zoo 2's volunteers would answer about a galaxy, as Dirichlet "
            "concentrations over the votes of each of the eleven questions. Small residual "
            "networks, averaged over turns and mirrorings; their mean share is the answer."
        ),
        network="morphology:ensemble",
        network_config=config,
        inputs=(
            ArraySpec(
                name="picture",
                shape=(config["size"], config["size"], 3),
                unit="colour from 0 to 1",
                description="red, green, blue; the galaxy in the middle, 3.2 isophotal semi-major "
                "axes wide",
            ),
        ),
        outputs=(
            ArraySpec(name="alpha", shape=(config["members"], len(vote_tree.ANSWERS)),
                      description="Dirichlet concentrations of the 37 answers, by member"),
            ArraySpec(name="features", shape=(config["members"] * config["features"],),
                      description="second-to-last layer of each member, plus 1"),
            ArraySpec(name="novelty", shape=(1,), description="1 at the threshold"),
        ),
        parameters={},
        prior=PRIOR,
        training={
            "simulation": "astrogui.training.simulate_morphology",
            "simulated": simulated,
            "real": count,
            "real_rule": "pictures of the Galaxy Zoo challenge with odd GalaxyID; even ones are "
            "scored and were never trained on",
            "trained_on": {
                "files": {},
                "sky": [],
                "gps": [],
                "galaxy_ids": [] if real is None else [int(number) for number in real.number],
            },
            "volunteers_assumed": VOLUNTEERS,
            "seed": seed,
            "fit": histories,
        },
        calibration=calibration["calibration"],
        novelty=calibration["novelty"],
        limits=LIMITS,
    )  # fmt: skip


def timed(card: ModelCard, seconds: float) -> ModelCard:
    """The card with the time that the last call took."""
    return replace(card, training={**card.training, "seconds_of_last_call": seconds})


def readme(card: ModelCard) -> str:
    """The model folder's page for people."""
    scores = card.simulated_scores
    count = card.training["real"]
    weak, strong = card.calibration["strength_mixture"]
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        f"Fitted to {card.training['simulated']} simulated galaxies and to {count} real ones: "
        f"{card.training['real_rule']}. The weights derive from those pictures; no picture is "
        "copied here.",
        "",
        "## Prior",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        "## Held-out simulations",
        f"{scores['n']} galaxies with {VOLUNTEERS} simulated volunteers each: Dirichlet-"
        f"multinomial negative log-likelihood {scores['nll_nat']:.2f} nat a galaxy (the true "
        f"opinions: {scores['nll_of_true_opinions_nat']:.2f}); counts inside their 50, 80 and 95 % "
        f"intervals: {100 * scores['coverage_50']:.1f}, {100 * scores['coverage_80']:.1f} and "
        f"{100 * scores['coverage_95']:.1f} %; RMSE over the 37 shares {scores['rmse_37']:.3f}.",
        "How far volunteers agree is told as two strengths of the concentrations, equally likely, "
        f"{weak:g} and {strong:g} times the fitted ones: chosen on other simulations and on the "
        "real galaxies of odd number, so that votes are likely and intervals hold what they say.",
        "",
        *_real_lines(card),
        *_label_lines(card.training.get("own_labels", [])),
        "## Novelty",
        card.novelty["statistic"],
        "",
        "## Limits",
        *[f"- {limit}" for limit in card.limits],
        "",
    ]
    return "\n".join(lines)


def _real_lines(card: ModelCard) -> list[str]:
    """What was measured on real volunteers' votes, where the card holds it."""
    scores = card.real_scores
    if not scores:
        return []
    return [
        "## Real galaxies",
        f"{scores['n']} pictures of even GalaxyID: smooth or featured right in "
        f"{100 * scores['accuracy_sure']:.1f} % of the {scores['n_sure']} whose winning vote is at "
        f"least 0.8 ({100 * scores['accuracy_all']:.1f} % of all); RMSE over the 37 shares "
        f"{scores['rmse_37']:.3f} (always the mean votes: "
        f"{scores['beside']['the mean votes of the odd galaxies, rmse_37']:.3f}; Dieleman et al. "
        "2015, with two hundred times as many real galaxies: 0.075); CRPS "
        f"{scores['crps']:.3f}; real shares inside their 68 and 90 % intervals: "
        f"{100 * scores['votes_inside_68']:.0f} and {100 * scores['votes_inside_90']:.0f} %.",
        *_looked_lines(card.training.get("scored_before")),
        "",
    ]


def _looked_lines(before: dict[str, Any] | None) -> list[str]:
    """What an earlier fit scored, where the last was made after a look at that score."""
    if not before:
        return []
    return [
        f"These figures are rather too good: a first fit had {100 * before['accuracy_sure']:.1f} % "
        f"right where sure and an RMSE of {before['rmse_37']:.3f}; {before['changed']} after a "
        "look at the score of these galaxies. No galaxy of even number was trained on in either.",
    ]


def _label_lines(rows: list[dict[str, Any]]) -> list[str]:
    """What an analyst's own labels taught the network, by their number."""
    if not rows:
        return []
    lines = [
        "## Taught with labels of one's own",
        "Mean and scatter over draws of the labels (`tests/benchmarks/own_labels.py`). Galaxy Zoo: "
        "smooth or featured, labelled among odd GalaxyID, which the network has seen with their "
        "votes, scored on even ones. Radio: four classes (Bent, Compact, FR I, FR II) of FIRST "
        "maps, which are foreign to it; 25 % would be chance.",
        "",
        "| set | labels | taught | right | right where sure | cross-entropy (nat) | draws |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        right, sure = (_share(row[name]) for name in ("right", "right_sure"))
        lines.append(
            f"| {row['set']} | {row['labels'] or 'none'} | {row['taught']} | {right} | {sure} | "
            f"{row['cross_entropy']:.2f} | {row['draws']} |"
        )
    return [*lines, ""]


def _share(values: list[float]) -> str:
    """Mean and scatter, in percent; the mean alone of one draw."""
    mean, scatter = values
    return f"{100 * mean:.1f} %" if not scatter else f"{100 * mean:.1f} +- {100 * scatter:.1f} %"
