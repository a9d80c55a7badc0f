"""The words and tables of the `bbh` model's card and README, and where its noise curves are."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from astrogui.records.model_card import ArraySpec, ModelCard, card_from_json
from astrogui.science import binary_prior as prior
from astrogui.tasks.bbh_answer import PARAMETERS
from astrogui.tasks.bbh_spread import LOUDNESSES, MASSES, TILTED
from astrogui.training import simulate_strain as simulator
from astrogui.training import strain_networks_card, strain_population
from astrogui.training.card_table import closing
from astrogui.training.package import write_card
from astrogui.training.recipe import Measures

CHECKS = "weighted_answers"  # of the card's scores
EARLIER = "with_earlier_weights"  # of the checks: those not repeated since the network changed
FROM_PRIOR = "from_the_prior"
GAUSSIAN = "into Gaussian noise of the design curve"
REAL = "into real off-source strain kept for it"
LIMITS = (
    "Spins along the orbit and the dominant mode only (IMRPhenomD; the likelihood takes "
    "IMRPhenomXAS where that is asked for, whose coverage was not measured): precession, higher "
    "modes and eccentricity bias answers of unequal, edge-on or very heavy binaries.",
    "The network reads H1 and L1 only; the likelihood that weights its draws takes V1 too. With a "
    "single detector distance and place are hardly known.",
    "The likelihood holds for stationary Gaussian noise of the measured density; errors of "
    "calibration and of that density are not included.",
    "Before weighting, intervals of the louder and lighter mergers, which the prior has few of, "
    "may be two or three points off: one sample of them showed it, a larger one did not.",
    "Noise in the simulations is Gaussian and stationary. A glitch over the merger is flagged by "
    "the misfit it leaves, not removed.",
    "Below a network signal-to-noise ratio of 8 the candidate may be noise; the answer is flagged.",
    "Mass ratios below 1:8 and chirp masses (detector frame) outside 6-180 solar masses are "
    "outside the prior: such events pile up at its edge and are flagged there.",
    "A stretch shorter than the signal (light binaries in files of a few seconds) is flagged; its "
    "masses are biased: GW190814, 8 s long and of mass ratio 1:9, is one.",
    "Neutron stars are not in the prior.",
)


def data_folder() -> Path | None:
    """The strain of the real data: ``ASTROGUI_DATA``, else ``shared/data`` beside the checkout.

    None where there is none; schematic noise curves are used then.
    """
    named = os.environ.get("ASTROGUI_DATA")
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = (Path(named) if named else beside) / "strain"
    return folder if folder.is_dir() else None


def draft(
    network: str,
    config: Mapping[str, Any],
    specs: Mapping[str, tuple[ArraySpec, ...]],
    seed: int,
    events: tuple[int, int],
    history: Sequence[Mapping[str, Any]],
) -> ModelCard:
    """The card with everything known before calibration.

    ``events`` are those that members start on and those that they are tuned on.
    """
    return ModelCard(
        task="bbh",
        name="bbh 1",
        version="1",
        title="Merging black holes in the strain of two detectors",
        summary="Masses, spins, distance and remnant of a binary black hole from H1 and L1: best "
        "fits of an aligned-spin waveform at seven mass ratios, turned into a posterior by an "
        f"ensemble of {config['members']} autoregressive spline flows.",
        network=network,
        network_config=dict(config),
        inputs=specs["inputs"],
        outputs=specs["outputs"],
        noise_inputs=("noise",),
        parameters={parameter.name: parameter.unit for parameter in PARAMETERS},
        prior={
            "masses": "uniform in both detector-frame component masses, chirp mass "
            f"{prior.CHIRP_MASS[0]:g}-{prior.CHIRP_MASS[1]:g} solar masses, mass ratio "
            f"{prior.MASS_RATIO[0]:g}-1",
            "spins": "aligned, each as one component of an isotropic spin of uniform magnitude "
            f"up to {prior.LARGEST_SPIN:g}",
            "place": "directions and orientations isotropic, distance uniform in Euclidean volume",
            "loudness": f"optimal network signal-to-noise ratio {strain_population.LOUDNESS[0]:g}-"
            f"{strain_population.LOUDNESS[1]:g}",
            "cosmology": "flat, H0 = 67.9 km/s/Mpc, matter 0.3065 (Planck 2015)",
            "remnant": "final mass and spin by the fits of Husa et al. 2016, PRD 93, 044006; "
            "ringing by Berti, Cardoso & Will 2006, PRD 73, 064030",
            "evidence": "of a merger over noise, the volume within 10,000 Mpc counted as one; "
            "weighted answers have no upper limit of loudness",
        },
        training={
            "simulation": "astrogui.training.simulate_strain: IMRPhenomD (own code) in Gaussian "
            "noise with measured and design spectra, tilted, scaled, with lines and the scatter "
            "of their estimate; proposals flat in ln mass and ln loudness at the start, falling "
            "with loudness and rising with the mass of the faint later, weighted to the prior",
            "events": events[0],
            "events_searched": events[1],
            "one_detector_share": simulator.ONE_DETECTOR_SHARE,
            "short_stretch_share": simulator.SHORT_SHARE,
            "cost": "12 ms of one core for an event simulated and fitted from its truth, on which "
            "members start, 120 ms for one whose fits are searched for as in real strain (tuning, "
            "calibration, scores); "
            f"{round(sum(float(told['seconds']) for told in history))} s on two shared cores for "
            "all members",
            "seed": seed,
            "trained_on": trained_on(),
            "fit": [dict(told) for told in history],
        },
        calibration={"misfit_limit": 10.0},
        novelty={
            "statistic": "root mean square of the whitened features and of the misfit left by "
            "the best waveform (Mahalanobis distance from the calibrating simulations), over its "
            "99 % quantile",
        },
        limits=LIMITS,
    )


def trained_on() -> dict[str, Any]:
    """Real files behind the simulations, with their hashes: no strain is among them."""
    folder = data_folder()
    path = folder / "psds" / "asds.hdf5" if folder else None
    if path is None or not path.exists():
        return {"files": {}, "sky": [], "gps": []}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"files": {"strain/psds/asds.hdf5": digest}, "sky": [], "gps": []}


def finished(card: ModelCard, scores: Measures, coverage: dict[str, Any], quick: bool) -> ModelCard:
    """With the held-out scores; a quick training says that it is one."""
    limits = card.limits
    if quick:
        limits = ("Trained in a minute to test the program: no answer is to be trusted.", *limits)
    return dataclasses.replace(card, simulated_scores=scores, coverage=coverage, limits=limits)


def with_real_scores(folder: Path, scores: Measures) -> ModelCard:
    """The finished folder's card and README with the figures over published events."""
    card = card_from_json((folder / "card.json").read_text(encoding="utf-8"), str(folder))
    card = dataclasses.replace(card, real_scores=scores)
    return write_card(folder, card, readme(card))


def with_earlier_scores(folder: Path, before: ModelCard) -> ModelCard:
    """The card of new weights with what was measured apart from training, and so not repeated.

    The checks of the weighted answers say that they are of the weights before.
    """
    card = card_from_json((folder / "card.json").read_text(encoding="utf-8"), str(folder))
    scores = dict(card.simulated_scores)
    for name in (CHECKS, strain_networks_card.KEY):
        if name in before.simulated_scores:
            scores[name] = before.simulated_scores[name]
    if scores.get(CHECKS):
        checks = {name: value for name, value in scores[CHECKS].items() if name != EARLIER}
        scores[CHECKS] = {**checks, EARLIER: sorted(checks)}
    card = dataclasses.replace(card, simulated_scores=scores)
    return write_card(folder, card, readme(card))


def with_figures_of_prior(folder: Path, figures: Measures) -> ModelCard:
    """The card and README with the network's figures over mergers drawn from the prior itself."""
    card = card_from_json((folder / "card.json").read_text(encoding="utf-8"), str(folder))
    card = dataclasses.replace(
        card, simulated_scores={**card.simulated_scores, FROM_PRIOR: dict(figures)}
    )
    return write_card(folder, card, readme(card))


def with_checks(folder: Path, checks: Mapping[str, Any]) -> ModelCard:
    """The card and README with figures of the weighted answers, beside those it has."""
    card = card_from_json((folder / "card.json").read_text(encoding="utf-8"), str(folder))
    kept = {**card.simulated_scores.get(CHECKS, {}), **checks}
    kept[EARLIER] = [name for name in kept.get(EARLIER, ()) if name not in checks]
    card = dataclasses.replace(card, simulated_scores={**card.simulated_scores, CHECKS: kept})
    return write_card(folder, card, readme(card))


def readme(card: ModelCard) -> str:
    """README.md of the model folder, from the card alone."""
    table = card.coverage
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        "Strain is high-passed, brought to 2048 Hz, whitened by the noise of its own surroundings "
        "and laid on a frequency grid that is fine below and coarse above (536 numbers a "
        "detector). At each of seven mass ratios chirp mass, spin, and each detector's amplitude, "
        "phase and time are fitted. Heights, places and curvatures of these fits hardly depend on "
        "the detectors' noise curves; a residual network reads them and shapes a flow over chirp "
        "mass, mass ratio, both spins and distance. The members' draws are mixed; their "
        "disagreement is the epistemic part.",
        "",
        "The draws are then weighted with the likelihood of the strain of all detectors (`method` "
        "reweighted), or seed a Markov chain on it where the weights would leave less than 1 % "
        "(`method` sampled): this second answer replaces the network's. The coverage below is that "
        "of the network alone.",
        "",
        "Of the network's draws each is taken as often as a tilt says, up to one: the logarithm of "
        "its density over the network's is a sum of polynomials (up to the fourth order) of the "
        f"ranks, among the event's draws, of {len(TILTED)} quantities ({', '.join(TILTED)}: the "
        "distance from the draws' middle in units of their covariance). The coefficients "
        f"(`tilt`: quantity, order, place) depend on loudness (nodes {_numbers(LOUDNESSES)}) and "
        f"on the fitted chirp mass (nodes {_numbers(MASSES)} solar masses). They are the likeliest "
        "on simulations that no network was trained on, and no score below counts. The likelihood "
        "that weights the answer knows nothing of the tilt: the draws only show where it looks "
        "first.",
        "",
        "`weights.npz` holds the members, `assets.npz` the search's templates and the novelty "
        "statistic, `model.onnx` the same networks as a graph, `golden.npz` inputs with the "
        "outputs expected. Train again with `python main.py train bbh`, measure again with "
        "`python main.py evaluate bbh --data DIR`.",
        "",
        "## Prior",
        "",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        f"## Coverage on {table.get('n', 0)} held-out simulations",
        "",
        *_worth_lines(card.simulated_scores),
        "| parameter | " + " | ".join(f"{100 * level:.0f} %" for level in table["levels"]) + " |",
        "|---" * (len(table["levels"]) + 1) + "|",
        *[
            f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |"
            for name, shares in table["parameters"].items()
        ],
        "",
        "![coverage](coverage.svg)",
        "",
        *_rank_lines(card.simulated_scores.get("rank_tests", {})),
        *_joint_lines(card.simulated_scores.get("joint_coverage", {})),
        *_prior_lines(card.simulated_scores.get(FROM_PRIOR, {})),
        *_check_lines(card.simulated_scores.get(CHECKS, {})),
        *_real_lines(card.real_scores),
        *strain_networks_card.lines(card.simulated_scores.get(strain_networks_card.KEY, {})),
        *closing(card),
    ]
    return "\n".join(lines) + "\n"


def _worth_lines(scores: Mapping[str, Any]) -> list[str]:
    if "effective_n" not in scores:
        return []
    return [
        "Drawn nearly as the prior is, loud and light ones more often, and weighted so that the "
        "prior holds among those that look alike in loudness and mass: worth "
        f"{scores['effective_n']:,.0f} of equal weight.",
        "",
    ]


def _rank_lines(tests: Mapping[str, Any]) -> list[str]:
    if not tests:
        return []
    chances = ", ".join(f"{name} {chance:.2g}" for name, chance in tests["p_of"].items())
    return [
        "Ranks of the truths among the draws against uniform ones (Kolmogorov and Smirnov), p of "
        f"each: {chances}. Of all together {tests['combined_p']:.2g} by Fisher's rule, which takes "
        "them as independent; against draws of the answers themselves in the truths' stead, which "
        f"are correlated as the parameters are, {tests['combined_p_correlated']:.2g}.",
        "",
    ]


def _joint_lines(joint: Mapping[str, Any]) -> list[str]:
    if not joint:
        return []
    pairs = zip(joint["levels"], joint["measured"], strict=True)
    shares = ", ".join(f"{100 * share:.1f} % ({100 * level:.0f})" for level, share in pairs)
    return [
        f"Masses, spins and distance together (balls about random points, Lemos et al. 2023): "
        f"{shares} inside regions of the level in brackets; largest difference at any level "
        f"{100 * joint['largest_error']:.1f} points, p = {joint['p']:.2g}.",
        "",
    ]


def _prior_lines(figures: Mapping[str, Any]) -> list[str]:
    if not figures:
        return []
    ranks, joint = figures["rank_tests"], figures["joint_coverage"]
    shares = " / ".join(f"{100 * share:.1f}" for share in joint["measured"])
    return [
        f"On {figures['n']:,} others drawn from the prior itself, most of them faint as it has "
        "them, the intervals of 68 and 90 % of each quantity are within "
        f"{100 * figures['largest_error_of_coverage']:.1f} points of their level; ranks of all "
        f"together p = {ranks['combined_p']:.2g} ({ranks['combined_p_correlated']:.2g} with their "
        f"correlation); jointly {shares} % inside regions of 50 / 68 / 90 / 95 %, "
        f"p = {joint['p']:.2g} (`python main.py evaluate bbh --simulations {figures['n']}`).",
        "",
    ]


def _check_lines(checks: Mapping[str, Any]) -> list[str]:
    lines = []
    if checks.get(EARLIER):
        named = ", ".join(name.replace("_", " ") for name in checks[EARLIER])
        lines += [f"Measured with the network's weights before these: {named}.", ""]
    for name, words in (("gaussian_injections", GAUSSIAN), ("real_noise_injections", REAL)):
        if name in checks:
            lines += _injection_lines(checks[name], words)
    if "nested_sampling" in checks:
        lines += _nested_lines(checks["nested_sampling"])
    return ["## Weighted answers", "", *lines] if lines else []


def _injection_lines(run: Mapping[str, Any], words: str) -> list[str]:
    answer = run["weighted"]
    lines = [
        f"{run['n']} mergers drawn from the prior {words}: {run['reweighted']} reweighted, "
        f"{run['sampled']} sampled; efficiency of the weighted pairs "
        f"{run['efficiency_median']:.2f} (median), {run['efficiency_least']:.3f} (least); "
        f"at least 5,000 effective masses and spins in {_percent(run['intrinsic_5000'])}, "
        f"2,000 effective places in {_percent(run['extrinsic_2000'])}; "
        f"{run['seconds_median']:.1f} s of processor each. "
        f"p of all parameters together {answer['combined_p']:.2f} (seed {run['seed']}). Share of "
        "truths inside, with 95 % intervals:",
        "",
        "| parameter | 50 % | 68 % | 90 % | p |",
        "|---" * 5 + "|",
    ]
    for name, row in answer["parameters"].items():
        cells = [
            "{:.0f} ({:.0f}-{:.0f})".format(*(100 * share for share in row[f"inside_{level}"]))
            for level in (50, 68, 90)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['p']:.2f} |")
    return [*lines, ""]


def _nested_lines(run: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Beside nested sampling ({run['sampler']}; {run['live_points']} live points, "
        f"{run['likelihood_calls']:,} calls, {run['seconds']:.0f} s of processor) on the same data "
        f"({run['event']}), prior and likelihood: ln Z {run['log_evidence']:.2f} ± "
        f"{run['log_evidence_error']:.2f}. Jensen-Shannon divergences in nat:",
        "",
        "| ours | ln Z | efficiency | times faster | largest divergence | of |",
        "|---" * 6 + "|",
    ]
    for ours in run["ours"]:
        name, largest = max(ours["divergence_nat"].items(), key=lambda pair: pair[1])
        lines.append(
            f"| seed {ours['seed']} | {ours['log_evidence']:.2f} | {ours['efficiency']:.2f} | "
            f"{ours['times_faster']:.0f} | {largest:.4f} | {name} |"
        )
    return [*lines, ""]


def _real_lines(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    loud = scores["two_detectors_snr_10"]
    lines = [
        "## Published events",
        "",
        f"Of {loud['n']} events seen by both detectors with a published signal-to-noise ratio of "
        f"at least 10: published final mass and chirp mass (detector frame) inside our 90 % "
        f"interval for {_percent(loud['final_mass_and_chirp_mass_inside_90'])} of the pairs; all "
        f"five parameters {_percent(loud['published_inside_90'])}; our median inside the published "
        f"90 % interval {_percent(loud['inside_90'])}; median ratio of widths "
        f"{loud['width_ratio']:.2f}. Published answers include precession and other priors.",
        *[f"Outside the prior, shown and not scored: {name}." for name in scores["not_scored"]],
        "",
        "| event | S/N | method | efficiency | effective draws | final mass, ours | published | "
        "chirp mass, ours | published |",
        "|---" * 9 + "|",
    ]
    for name, event in scores["events"].items():
        cells = [name, f"{event['snr']:.1f}", event.get("method") or "network"]
        cells += (
            [f"{event['efficiency']:.2f}", f"{event['ess']:.0f}"] if event.get("ess") else ["-"] * 2
        )
        for parameter in ("final_mass_det", "chirp_mass_det"):
            for values in (event[parameter]["ours"], event[parameter]["published"]):
                cells.append(
                    f"{values[0]:.1f} ({values[1]:.1f} to {values[2]:.1f})" if values else "-"
                )
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
