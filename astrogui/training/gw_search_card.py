"""The words and tables of the search's card and README."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.science import search_filter, search_fit, strain_search, template_bank
from astrogui.science.false_alarms import HOUR_S, threshold
from astrogui.science.matched_filter import Templates
from astrogui.training import score_gw_search
from astrogui.training.bbh_card import trained_on
from astrogui.training.card_table import closing
from astrogui.training.package import write_arrays, write_card
from astrogui.training.recipe import Arrays
from astrogui.training.search_noise import Counts, Injected

ALLOWED_PER_HOUR = 1.0
LIMITS = (
    "Waveforms are IMRPhenomD with two equal spins along the orbit: precession, higher modes and "
    "eccentricity cost signal-to-noise ratio that the figures below do not count.",
    "Neutron stars and mass ratios below 1:8 are not in the bank; GW190814 (1:9) is found with a "
    "poor chi-squared.",
    "Thresholds are of stationary Gaussian noise. In real strain the rate from time slides beside "
    "each candidate is the one to quote; a stretch of half a minute cannot tell rates below some "
    "four an hour.",
    "A single detector has no background of its own: its rate is that of simulated noise, and a "
    "glitch can pass it.",
    "V1 is searched with H1 or L1 only where the other of the two has no data; beside both it is "
    "measured, not ranked.",
    "The time at the Earth's centre is an average over the sky: H1 and L1 alone leave it uncertain "
    "by up to 20 ms either way, and its interval says so. Each detector's own time is good to "
    "milliseconds.",
    "No probability of an astrophysical origin is given: it would need the rate of mergers and "
    "months of background.",
)


def card(
    bank: Templates,
    counts: Counts,
    match: Mapping[str, Sequence[float]],
    seed: int,
    quick: bool,
) -> ModelCard:
    """Everything but what is measured with injections."""
    noise = np.concatenate([counts.pair, counts.shifted])
    seconds = counts.pair_s + counts.shifted_s
    # Noise too short for one an hour sets the threshold by its loudest: only a quick one is so.
    limits = {
        "threshold_pair": _threshold(noise, seconds),
        "threshold_single": _threshold(counts.single, counts.single_s),
        "threshold_matched_filter": _threshold(
            np.concatenate([counts.bank, counts.bank_shifted]), seconds
        ),
    }
    words = ("Made in seconds to test the program: nothing is to be trusted.",) if quick else ()
    mass = np.exp(bank.log_chirp_mass)
    return ModelCard(
        task="gw_search",
        name="gw_search 1",
        version="1",
        title="Search for mergers of black holes in strain",
        summary=f"Matched filters: {mass.size} waveforms, a fit about every loud coincidence, "
        "chi-squared, time slides. There is no network.",
        network="",
        network_config={},
        inputs=(
            ArraySpec(
                name="statistic", shape=(1,), description="of each candidate, as it was found"
            ),
        ),
        outputs=(ArraySpec(name="statistic", shape=(1,), description="the same"),),
        parameters={"centre_delay": "ms"},
        prior={
            "masses": f"either body {template_bank.MASS[0]:g}-{template_bank.MASS[1]:g} solar "
            f"masses in the detector frame, together at most {template_bank.TOTAL_MASS:g}, mass "
            f"ratio at least {template_bank.MASS_RATIO:g}; the bank is flat in neither",
            "spins": f"along the orbit, each up to {template_bank.LARGEST_SPIN:g}",
        },
        training={
            "bank": "stochastic placement (Harry, Allen and Sathyaprakash 2009) of IMRPhenomD in "
            "the noise of a schematic detector; minimal match 0.90 below 20 solar masses of chirp "
            "mass (filtered from 30 Hz), 0.92 above (from 20 Hz)",
            "fit": "about each coincidence the waveform is varied in chirp mass, mass ratio and "
            "spin on 536 frequencies of 20-896 Hz",
            "templates": int(mass.size),
            "simulated_noise": {
                "hours": round(counts.pair_s / HOUR_S, 3),
                "hours_with_slides": round(seconds / HOUR_S, 3),
                "single_detector_hours": round(counts.single_s / HOUR_S, 3),
                "psd": "H1 and L1 each with one of the measured and design spectra at random",
            },
            "seed": seed,
            "trained_on": trained_on(),
        },
        calibration={
            **limits,
            "allowed_per_hour": ALLOWED_PER_HOUR,
            "coarse_snr": {str(k): v for k, v in strain_search.COARSE.items()},
            "above_in_noise": int(np.sum(counts.pair > limits["threshold_pair"])),
        },
        simulated_scores={
            "match_order": ["least", "1 %", "10 %", "median", "mean"],
            "match_bank": list(match["coarse"]),
            "match_fit": list(match["fine"]),
            "lowest_hz": [band.lowest_hz for band in search_filter.BANDS],
        },
        limits=(*words, *LIMITS),
    )


def _threshold(statistics: np.ndarray, seconds: float) -> float:
    if seconds < HOUR_S / ALLOWED_PER_HOUR or statistics.size < 2:
        return round(float(statistics.max(initial=8.0)), 3)
    return round(threshold(statistics, seconds, ALLOWED_PER_HOUR), 3)


def with_losses(written: ModelCard, injected: Injected) -> ModelCard:
    """The card with what the search loses of an ideal one."""
    limits = written.calibration
    losses = score_gw_search.losses(
        injected, float(limits["threshold_pair"]), float(limits["threshold_matched_filter"])
    )
    scores = {**written.simulated_scores, **losses}
    return dataclasses.replace(written, simulated_scores=scores)


def write(folder: Path, written: ModelCard, arrays: Arrays) -> Path:
    """The model folder: a card, the bank and the noise's candidates. There are no weights."""
    folder.mkdir(parents=True, exist_ok=True)
    write_arrays(folder / "assets.npz", arrays)
    write_card(folder, written, readme(written))
    return folder


def readme(card: ModelCard) -> str:
    """README.md of the model folder, from the card alone."""
    scores, limits = card.simulated_scores, card.calibration
    noise = card.training["simulated_noise"]
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        "Strain is high-passed, brought to 2048 Hz, freed of transients beyond 30 standard "
        "deviations and whitened by the noise of the 128 s around. Every template is filtered in "
        "each detector; where two together reach a signal-to-noise ratio of "
        f"{limits['coarse_snr']['2']:g} the waveform is fitted and its chi-squared measured. The "
        f"statistic is the likelihood ratio of the {strain_search.RANKING} loudest templates "
        "there, each weighted by the binaries of the prior that it stands for (per template there "
        "are few light ones and many heavy), written as the signal-to-noise ratio of one waveform, "
        "and lowered where a detector's chi-squared lies above "
        f"{search_fit.FREE_CHI_SQUARED:g}. The fit itself ranks nothing: freedom raises noise more "
        "than mergers. The same with one detector shifted by whole seconds is the background.",
        "",
        "`assets.npz` holds the bank and the loud candidates of simulated noise. Make it again "
        "with `python main.py train gw_search`, measure again with `python main.py evaluate "
        "gw_search --data DIR`.",
        "",
        "## Range",
        "",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        "## Thresholds",
        "",
        f"One false alarm an hour in {noise['hours']:g} h of simulated noise of two detectors "
        f"({noise['hours_with_slides']:g} h with slides): a statistic of "
        f"{limits['threshold_pair']:g}; {limits['above_in_noise']} unshifted candidates lay above. "
        f"Of one detector ({noise['single_detector_hours']:g} h): {limits['threshold_single']:g}.",
        "",
        "## What it loses",
        "",
        "| | " + " | ".join(scores["match_order"]) + " |",
        "|---" * 6 + "|",
        "| match of the bank | " + " | ".join(f"{v:.3f}" for v in scores["match_bank"]) + " |",
        "| after the fit | " + " | ".join(f"{v:.3f}" for v in scores["match_fit"]) + " |",
        "",
        *_loss_lines(scores),
        *_real_lines(card.real_scores),
        *closing(card),
    ]
    return "\n".join(lines) + "\n"


def _loss_lines(scores: Mapping[str, Any]) -> list[str]:
    if "sensitive_distance_fraction" not in scores:
        return []
    low, high = scores["sensitive_distance_interval_90"]
    return [
        f"Of {scores['injections']} mergers injected into simulated noise as from sources uniform "
        f"in volume, {scores['found']} are found above the threshold, and {scores['ideal_found']} "
        "by an ideal filter that knows each waveform, at its own rate of one an hour (a ratio of "
        f"{scores['ideal_threshold']:.2f}): {100 * scores['sensitive_distance_fraction']:.1f} % "
        f"of its distance ({100 * low:.1f} to {100 * high:.1f} % by bootstrap). The thresholds "
        f"alone make that {100 * scores['ideal_threshold'] / scores['threshold']:.1f} %: not to "
        f"know the waveform means many more trials.{_kept_words(scores)}",
        "",
        *_filter_lines(scores),
    ]


def _filter_lines(scores: Mapping[str, Any]) -> list[str]:
    """What a matched filter with the same bank finds, where it was measured."""
    if "matched_filter_found" not in scores:
        return []
    low, high = scores["matched_filter_distance_interval_90"]
    return [
        "A plain matched filter with the same bank (both detectors' ratios in quadrature by one "
        "template, best over the bank and over times within light travel; nothing fitted, no "
        "chi-squared) has its one false alarm an hour in the same noise at "
        f"{scores['matched_filter_threshold']:.2f} and finds {scores['matched_filter_found']} of "
        "the same mergers: the search reaches "
        f"{100 * scores['matched_filter_distance_fraction']:.1f} % of its distance "
        f"({100 * low:.1f} to {100 * high:.1f} %).",
        "",
    ]


def _kept_words(scores: Mapping[str, Any]) -> str:
    kept = scores["statistic_over_ideal"]
    if kept is None:  # nothing loud was injected
        return ""
    return f" The statistic is {100 * kept:.1f} % of the ideal ratio in the median."


def _real_lines(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return []
    lines = [
        "## Real strain",
        "",
        f"{scores['found']} of {scores['events']} events seen by two detectors with a published "
        f"ratio of at least 10 lie above {scores['threshold']:g}.",
        "",
        "| event | published | statistic | false alarms an hour (90 %) |",
        "|---|---|---|---|",
    ]
    for name, event in scores["by_event"].items():
        far = event["far_per_hour"]
        words = "-" if far is None else (
            f"{far:.1f} ({event['far_lo90']:.1f} to {event['far_hi90']:.1f})"
        )  # fmt: skip
        lines.append(f"| {name} | {event['published_snr']} | {event['statistic']:.2f} | {words} |")
    return [*lines, "", *_noise_lines(scores)]


def _noise_lines(scores: Mapping[str, Any]) -> list[str]:
    """What real noise gives, and mergers added to it."""
    alarms, injected = scores["false_alarms_in_real_strain"], scores["injections_in_real_strain"]
    lines = []
    if alarms["hours"]:
        low, high = alarms["per_hour_90"]
        lines += [
            f"In {alarms['hours']:.2f} h of slides of real strain kept for this, {alarms['above']} "
            f"coincidences lie above the threshold: {low:.1f} to {high:.1f} an hour (90 %).",
            "",
        ]
    if injected["injections"]:
        low, high = injected["sensitive_distance_interval_90"]
        lines += [
            f"Of {injected['injections']} mergers added to real strain {injected['found']} are "
            f"found, {injected['ideal_found']} by the ideal filter: "
            f"{100 * injected['sensitive_distance_fraction']:.0f} % of its distance "
            f"({100 * low:.0f} to {100 * high:.0f} %).",
            "",
        ]
    return lines
