"""How the networks of Shen, Huerta et al. are made into models: trained, measured, described."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.shen_huerta import HIGHWAY
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.science import strain_labels, strain_window
from astrogui.tasks.bbh_answer import PARAMETERS
from astrogui.training import bbh_card, score_bbh, simulate_strain, simulate_windows
from astrogui.training import strain_networks as networks
from astrogui.training.card_table import closing
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Answer, Measures, Progress, Recipe, Run
from astrogui.training.recipes.bbh import search_banks
from astrogui.training.strain_networks import LEVELS, SYSTEMS, Stage, System

DRAWS = 64  # of the weights, in one answer
LOUDNESS = (8.0, 40.0)  # of the mergers that are scored
HELD_OUT, HELD_OUT_SEED = 2000, 41
QUICK_HELD_OUT = 20
TITLES = {
    "shen_masses": "Masses of merging black holes by Shen & Huerta's Model 2",
    "shen_remnant": "What a merger leaves, by Shen & Huerta's Model 1",
}
LIMITS = (
    "A network of the literature, kept beside the analysis bbh and less exact than it: its table "
    "stands in the card of bbh, on the same mergers.",
    "One width of the likelihood serves loud and faint mergers alike: intervals are too wide for "
    "the ones and too narrow for the others, though the mean over all holds.",
    "Taught on mergers in H1 and L1 together, Gaussian noise, signal-to-noise ratios of 8 to 60, "
    "9-65 and 5.2-42 solar masses, aligned spins up to 0.8. Anything else is pulled into that.",
    "No prior can be changed: the answer is no weighted posterior.",
)


def recipe(task: str, name: str) -> Recipe:
    """The recipe of one of the two; ``name`` is that of ``strain_networks.SYSTEMS``."""
    labels = SYSTEMS[name].labels
    return Recipe(
        task=task,
        train=partial(train, task, name),
        simulated=partial(simulated, labels),
        real=partial(real, labels),
    )


def small(system: System) -> System:
    """The same network narrow and hardly trained, to test the program."""
    config = {**system.config, "thinning": 16, "dense": 8}
    if "highway" in config:
        config["highway"] = 1
    stages = (Stage(loudness=(30, 60), epochs=1), Stage(loudness=(8, 60), epochs=1))
    return dataclasses.replace(system, config=config, stages=stages, steps=2, batch=8)


def train(task: str, name: str, workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/task``; every epoch is kept, a second call goes on."""
    system = small(SYSTEMS[name]) if quick else SYSTEMS[name]
    place = workdir / ("quick" if quick else "full")
    networks.train(
        name,
        noise_curves(),
        place,
        progress,
        seed,
        system=system,
        jit_compile=False if quick else "auto",
    )
    return package(task, name, system, place, workdir / task, quick, progress)


def package(
    task: str,
    name: str,
    system: System,
    place: Path,
    folder: Path,
    quick: bool,
    progress: Progress,
) -> Path:
    """The model folder of what was trained below ``place``, measured on held-out mergers."""
    trained, history = networks.kept(name, place, system)
    model = networks.drawing(system, trained, DRAWS)
    card = draft(task, name, system, history)
    bank = {key: value for key, value in search_banks().items() if key.startswith("bank_")}
    progress("measuring on held-out simulations")
    count = QUICK_HELD_OUT if quick else HELD_OUT
    run = CompiledRun(model, card, {})
    scores = simulated(system.labels, run, count, HELD_OUT_SEED)
    limits = card.limits
    if quick:
        limits = ("Trained in seconds to test the program: no answer is to be trusted.", *limits)
    card = dataclasses.replace(
        card, simulated_scores=scores, coverage=coverage(scores, system.labels), limits=limits
    )
    golden, _ = asked(system.labels, run, 3, HELD_OUT_SEED)
    return write_model_folder(
        folder,
        card=card,
        model=model,
        golden_inputs=golden,
        assets=bank,
        readme=readme(card),
        progress=progress,
    )


def noise_curves() -> np.ndarray:
    curves = simulate_strain.noise_curves(bbh_card.data_folder())
    return simulate_windows.noise_set(curves, networks.NOISE_STREAM)


def asked(
    labels: tuple[str, ...], run: Any, n: int, seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What the network is given about ``n`` mergers that no training drew, and the truths."""
    rng = np.random.default_rng([seed, n])
    loudness = np.exp(rng.uniform(np.log(LOUDNESS[0]), np.log(LOUDNESS[1]), n))
    given, mergers = networks.examples(n, loudness, noise_curves(), seed)
    (shape,) = (spec.shape for spec in run.card.inputs if spec.name == "noise")
    values = mergers.quantities()
    truth = np.stack([values[label] for label in labels], axis=-1)
    return {**given, "noise": rng.standard_normal((n, *shape), np.float32)}, truth


def simulated(labels: tuple[str, ...], run: Run, n: int, seed: int) -> Measures:
    """Errors and coverage over ``n`` fresh mergers, signal-to-noise ratios of 8 to 40."""
    given, truth = asked(labels, run, n, seed)
    densities = np.asarray(run(given)["density"], np.float64)
    draws = strain_labels.draws_of(densities, labels, np.random.default_rng(seed), each=4)
    told = networks.figures(truth, draws, labels)
    return {
        "n": n,
        "coverage_68": float(np.mean([told[label]["inside"]["0.68"] for label in labels])),
        "coverage_90": float(np.mean([told[label]["inside"]["0.9"] for label in labels])),
        "of": told,
    }


def coverage(scores: Measures, labels: Sequence[str]) -> dict[str, Any]:
    inside = {label: scores["of"][label]["inside"] for label in labels}
    return {
        "levels": list(LEVELS),
        "parameters": {
            label: [inside[label][f"{level:g}"] for level in LEVELS] for label in labels
        },
        "n": scores["n"],
    }


def real(labels: tuple[str, ...], data_dir: Path, answer: Answer) -> Measures:
    """Published values inside our intervals and ours inside theirs; masses times 1 + redshift.

    Values beyond what was simulated are printed, not scored.
    """
    files = score_bbh.table(data_dir / "files.csv")
    events: dict[str, Any] = {}
    ours, theirs = [], []
    for event in score_bbh.table(data_dir / "events.csv"):
        group = score_bbh.files_of(event["event"], files, data_dir)
        rows = answer([group], {"gps": event.get("gps_2ogc") or event["gps"]}) if group else []
        answered = [row for row in rows if row.get(labels[0]) is not None][:1]
        for row in answered:
            told = {}
            for label in labels:
                low, high = row[f"{label}_lo90"], row[f"{label}_hi90"]
                known = published(event, label)
                told[label] = {"ours": [row[label], low, high], "published": known}
                if known is not None and _is_simulated(label, known[0]):
                    ours.append(known[1] <= row[label] <= known[2])
                    theirs.append(low <= known[0] <= high)
            events[event["event"]] = told
    return {
        "n": len(events),
        "pairs": len(ours),
        "inside_90": float(np.mean(ours)) if ours else None,
        "published_inside_90": float(np.mean(theirs)) if theirs else None,
        "events": events,
    }


def _is_simulated(label: str, value: float) -> bool:
    low, high, _ = strain_labels.SCALES[label]
    return bool(low <= value <= high)


def published(event: Mapping[str, str], label: str) -> list[float] | None:
    """Median and 90 % interval of a quantity in the detector's frame; None where there is none."""
    name = label.replace("_det", "_source")
    cells = [event.get(name), event.get(f"{name}_lo"), event.get(f"{name}_hi")]
    if not all(cells) or (name != label and not event.get("redshift")):
        return None
    stretch = 1 + float(event["redshift"]) if name != label else 1.0
    return [stretch * float(cell) for cell in cells if cell]


def draft(task: str, name: str, system: System, history: Sequence[Mapping[str, Any]]) -> ModelCard:
    """The card with everything known before it is measured."""
    words = {parameter.name: parameter.unit for parameter in PARAMETERS}
    config = {**system.settings(), "draws": DRAWS}
    epochs = [one["epoch"] for one in history]
    seen = system.batch * system.steps * sum(epochs)
    reduced = f"channels divided by {system.config['thinning']}, dense layers of "
    reduced += f"{system.config['dense']} instead of 1024"
    if "highway" in system.config:
        reduced += f", {system.config['highway']} highway layers instead of {HIGHWAY[2]}"
    return ModelCard(
        task=task,
        name=f"{task} 1",
        version="1",
        title=TITLES[name],
        summary="A network of the literature (arXiv 1903.01998, version 2), trained on our own "
        "simulations by the bound on the evidence: the whitened second about a merger in H1 and "
        "L1 to a normal density of each quantity, for draws of the uncertain weights.",
        network=system.network,
        network_config=config,
        inputs=(
            ArraySpec(
                name="strain",
                shape=(strain_window.LENGTH, 2),
                description="whitened strain of H1 and L1 at 1024 Hz, 20-460 Hz, the merger "
                "0.85 s after the first sample",
            ),
            ArraySpec(
                name="noise",
                shape=(DRAWS, networks.noise_width(system)),
                description="standard normal deviates of the weights",
            ),
        ),
        outputs=(
            ArraySpec(
                name="density",
                shape=(DRAWS, len(system.labels), 2),
                description="mean and standard deviation of each quantity, -0.9 to 0.9 over its "
                "range",
            ),
        ),
        noise_inputs=("noise",),
        parameters={label: words[label] for label in system.labels},
        prior={
            "masses": "uniform, 9-65 and 5.2-42 solar masses (detector frame), ratio above 1:8",
            "spins": f"aligned, uniform up to {simulate_windows.LARGEST_SPIN:g}",
            "loudness": "optimal network signal-to-noise ratio 8-40, flat in its logarithm, at "
            "the end of the training",
        },
        training={
            "simulation": "astrogui.training.simulate_windows: IMRPhenomD (own code) in Gaussian "
            "noise with measured and design spectra; every example drawn anew",
            "examples": seen,
            "stages": [
                {"loudness": list(stage.loudness), "epochs": done, "of": stage.epochs}
                for stage, done in zip(system.stages, epochs, strict=False)
            ],
            "cost": f"{round(sum(float(one['seconds']) for one in history))} s on two shared "
            f"threads of one core for {seen:,} examples; the paper's: more than 10 million "
            "examples, 30 minutes on 1,024 nodes",
            "beside_the_paper": f"1024 samples of two detectors instead of 8192 of one; {reduced}; "
            "uncertain weights in the last two dense layers of each leaf; ringing in Hz and ms "
            "instead of units of the mass",
            "trained_on": bbh_card.trained_on(),
            "history": [dict(one) for one in history],
        },
        limits=LIMITS,
    )


def readme(card: ModelCard) -> str:
    """README.md of the model folder, from the card alone."""
    scores, told = card.simulated_scores, card.training
    rows = [
        f"| {label} | {one['rms']:.3g} | {one['width_90']:.3g} | "
        + " | ".join(f"{100 * share:.1f}" for share in one["inside"].values())
        + " |"
        for label, one in scores["of"].items()
    ]
    lines = [
        f"# {card.title}",
        "",
        card.summary,
        "",
        f"Beside the paper: {told['beside_the_paper']}. Trained for {told['cost']}; from loud "
        "mergers to faint ones.",
        "",
        f"Run it by name: `python main.py analyze H1FILE L1FILE --task {card.task}`. How it stands "
        "beside our own analysis on the same mergers is told in the README of `bbh`.",
        "",
        f"## {scores['n']} held-out simulations, signal-to-noise ratio "
        f"{LOUDNESS[0]:g}-{LOUDNESS[1]:g}",
        "",
        "| quantity | error (rms) | width of 90 % | inside 50 % | 68 % | 90 % | 95 % |",
        "|---" * 7 + "|",
        *rows,
        "",
        "![coverage](coverage.svg)",
        "",
        *_real_lines(card.real_scores),
        "## Prior",
        "",
        *[f"- {name}: {words}" for name, words in card.prior.items()],
        "",
        *closing(card),
    ]
    return "\n".join(lines) + "\n"


def _real_lines(scores: Mapping[str, Any]) -> list[str]:
    if not scores.get("pairs"):
        return []
    return [
        "## Published events",
        "",
        f"{scores['n']} events, what lies outside the simulations not counted: our median "
        f"inside the published 90 % interval for "
        f"{100 * scores['inside_90']:.0f} % of {scores['pairs']} pairs, the published median "
        f"inside ours for {100 * scores['published_inside_90']:.0f} %.",
        "",
    ]
