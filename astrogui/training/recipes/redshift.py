"""How the `redshift` network is made: sets learned, spectra simulated, ranked, calibrated."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import build, rebuild
from astrogui.records.model_card import ArraySpec
from astrogui.science import redshift_scan as scan
from astrogui.tasks.redshift import prepare_spectrum
from astrogui.tasks.redshift_answer import needed_certainty
from astrogui.training import redshift_card, redshift_kinds, redshift_refinement
from astrogui.training.fit import Batch, Draw, FitSettings, fit, take
from astrogui.training.learn_templates import learn_sets
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Arrays, Measures, Progress, Recipe, Run
from astrogui.training.redshift_calibration import INPUTS, calibrated, novelties
from astrogui.training.redshift_features import make_features, record_of
from astrogui.training.redshift_measured import junk_figures, refined_figures
from astrogui.training.score_redshift import real, simulated_answers, simulated_figures
from astrogui.training.simulate_spectrum import NOTHING, SURVEY, simulate
from astrogui.training.templates import data_folder, load_templates

NETWORK = "redshift:ranker"
GOLDEN_SEED = 8  # a stream of its own beside the blocks
NOTHING_SEED = 4_000_003  # of spectra of nothing, beside the seed of the training
FRESH_SEED = 2_000_028
SET_SEED = 2026  # the template sets are the same whichever seed the networks get


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated and how long it is fitted."""

    set_spectra: int
    train: int
    nothing: int  # spectra of nothing beside those of ``train``
    validation: int
    survey: int  # validation at survey signal-to-noise
    held_out: int
    fresh: int  # of all that is trained for, seen by nothing before
    epochs: int
    steps: int
    batch: int = 32
    max_seconds: float = float("inf")
    members: int = 3


FULL = Size(
    set_spectra=1000, train=80000, nothing=8000, validation=1500, survey=4000, held_out=10000,
    fresh=2000, epochs=60, steps=200,
)  # fmt: skip
QUICK = Size(
    set_spectra=16, train=32, nothing=8, validation=24, survey=16, held_out=16, fresh=16, epochs=2,
    steps=3, batch=8, members=2,
)  # fmt: skip


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/redshift``; every step is kept and resumed."""
    started = time.monotonic()
    size = QUICK if quick else FULL
    workdir = workdir / ("quick" if quick else "full")
    sets = _sets(workdir, size, progress)
    data = {
        "train": make_features(workdir / "train", sets, size.train, _stream(seed, 1), progress),
        "nothing": make_features(
            workdir / "nothing", sets, size.nothing, NOTHING_SEED + seed, progress, NOTHING.name
        ),
        "validation": make_features(
            workdir / "validation", sets, size.validation, _stream(seed, 2), progress
        ),
        "survey": make_features(
            workdir / "survey", sets, size.survey, _stream(seed, 4), progress, SURVEY.name
        ),
    }
    config = network_config(len(sets["set_names"]), size.members)
    model = _begun(config, size)
    history = _fitted(model, data, size, seed, workdir, progress)
    # Before the calibration, which is not resumed: a training may be stopped after each block.
    held_out = make_features(
        workdir / "held_out", sets, size.held_out, _stream(seed, 3), progress, SURVEY.name
    )
    fresh = make_features(workdir / "fresh", sets, size.fresh, FRESH_SEED + seed, progress)
    card = redshift_card.draft(NETWORK, config, _specs(config), seed, history)
    card, assets = calibrated(
        model, card, sets, data["validation"], data["survey"], data["train"], progress
    )
    run = CompiledRun(model, card, assets)
    card, assets = redshift_refinement.added(card, assets, run, seed, quick, progress)
    run = CompiledRun(model, card, assets)
    progress("measuring on held-out simulations")
    scores, coverage = held_out_figures(run, held_out)
    scores["all_trained_for"] = trained_for_figures(run, fresh)
    spectra = {"spectra": size.train, "spectra_of_nothing_beside": size.nothing}
    card = redshift_card.finished(
        card, scores, coverage, spectra, round(time.monotonic() - started), quick
    )
    progress("learning the types of stars")
    templates = load_templates(data_folder() / "spectra" / "templates")
    card, assets = redshift_kinds.added(card, assets, templates, seed, quick)
    record, golden = _golden(sets, seed)
    return write_model_folder(
        workdir.parent / "redshift",
        card=card,
        model=model,
        golden_inputs=golden,
        golden_record=record,
        assets=assets,
        readme=redshift_card.readme(card),
        progress=progress,
    )


def _begun(config: Mapping[str, Any], size: Size) -> Any:
    """The network with the weights of the version before; of other sizes with random ones."""
    if size.members != FULL.members:
        return build(NETWORK, config)
    with np.load(redshift_card.START, allow_pickle=False) as arrays:
        return rebuild(NETWORK, config, {name: arrays[name] for name in arrays.files})


def simulated(run: Run, n: int, seed: int) -> Measures:
    """Figures over ``n`` fresh simulations; other than the trained ones for any ``seed``.

    Needs the rest-frame templates of the data folder; without them every figure is null.
    """
    import tempfile

    from astrogui.errors import UsageProblem

    try:
        data_folder()
    except UsageProblem as problem:
        return {"n": 0, "reason": str(problem)}
    sets = {name: np.asarray(value) for name, value in run.assets.items()}
    with tempfile.TemporaryDirectory(prefix="astrogui-") as place:
        data = make_features(
            Path(place), sets, n, 1_000_003 + seed, lambda words: None, SURVEY.name
        )
        scores, _ = held_out_figures(run, data)
    scores["refined"] = refined_figures(run, n, seed)
    scores["junk"] = junk_figures(run, max(n // 5, 1), seed)
    return scores


def network_config(curves: int, members: int = 3) -> dict[str, Any]:
    """The arguments of the network's builder, plain values for the card."""
    return {
        "cells": scan.CELLS,
        "curves": curves,
        "pixels": scan.OBSERVED.size,
        "signals": 3,
        "summary": len(scan.SUMMARY),
        "offsets": list(scan.line_offsets()),
        "ranges": [*(list(cells) for cells in scan.CLASS_CELLS), [0, 0]],  # UNKNOWN: one cell
        "members": members,
    }


def held_out_figures(run: Run, data: Mapping[str, np.ndarray]) -> tuple[Measures, dict[str, Any]]:
    """The scores, and the card's coverage table."""
    truth = np.asarray(data["truth"], np.float64)
    answers = simulated_answers(run, dict(data), truth)
    novelty = _doubts(run, answers)
    needed = _needed(run, data["summary"], answers)
    scores = simulated_figures(answers, truth, novelty, needed)
    return scores, redshift_card.coverage(scores, len(truth))


def trained_for_figures(run: Run, data: Mapping[str, np.ndarray]) -> Measures:
    """The same over all that was trained for, and the share of junk that is flagged."""
    truth = np.asarray(data["truth"], np.float64)
    known = truth[:, 0] < len(scan.CLASSES)
    parts = {}
    for name, chosen in (("known", known), ("junk", ~known)):
        rows = {n: np.asarray(data[n])[chosen] for n in INPUTS}
        told = np.where(known[chosen][:, None], truth[chosen], 0.0)
        parts[name] = simulated_answers(run, rows, told)
    doubts = {name: _doubts(run, answers) for name, answers in parts.items()}
    needed = _needed(run, np.asarray(data["summary"])[known], parts["known"])
    scores = simulated_figures(parts["known"], truth[known], doubts["known"], needed)
    flagged = float(np.mean(doubts["junk"] > 1)) if len(doubts["junk"]) else None
    return {**scores, "junk_flagged": flagged, "n_junk": int(np.sum(~known))}


def _needed(run: Run, summary: np.ndarray, answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n,) the certainty from which each answer is confident."""
    signal = 10.0 ** np.asarray(summary, np.float64)[:, 0]
    return needed_certainty(signal, answers["unknown"], run.card.calibration)


def _doubts(run: Run, answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n,) novelty: of the features or of the class UNKNOWN, whichever is further beyond."""
    limit = float(run.card.calibration.get("unknown_probability", np.inf))
    distance = novelties(
        answers["novelty_vector"], run.assets, float(run.card.novelty["threshold"])
    )
    return np.maximum(distance, answers["unknown"] / limit)


def _golden(sets: Arrays, seed: int) -> tuple[Arrays, Arrays]:
    """A simulated spectrum as the arrays of its record, and prepared, with a batch of one."""
    templates = load_templates(data_folder() / "spectra" / "templates")
    simulated = simulate(np.random.default_rng([seed, GOLDEN_SEED]), templates, "QSO")
    record = record_of(simulated)
    arrays = {
        name: np.asarray(getattr(record, name))
        for name in ("wavelength_angstrom", "flux", "ivar", "mask", "noise_estimated")
    }
    prepared = prepare_spectrum(record, scan.sets_from_arrays(sets))
    return arrays, {name: prepared[name][None] for name in INPUTS}


def _stream(seed: int, number: int) -> int:
    """A seed of its own for each of the four sets of simulations of a training."""
    return 4 * (seed - 1) + number


def _sets(workdir: Path, size: Size, progress: Progress) -> Arrays:
    path = workdir / "sets.npz"
    if not path.exists():
        progress("learning template sets from simulated rest-frame spectra")
        templates = load_templates(data_folder() / "spectra" / "templates")
        workdir.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = scan.sets_to_arrays(
            learn_sets(templates, size.set_spectra, SET_SEED)
        )
        np.savez(path, **arrays)
    with np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def _fitted(
    model: Any,
    data: Mapping[str, Arrays],
    size: Size,
    seed: int,
    workdir: Path,
    progress: Progress,
) -> dict[str, Any]:
    from astrogui.networks.redshift import CellLoss

    judged = size.validation * size.nothing // size.train  # in the proportion that is trained on
    spared = {name: array[:judged] for name, array in data["nothing"].items()}
    nothing = {name: array[judged:] for name, array in data["nothing"].items()}
    settings = FitSettings(
        epochs=size.epochs,
        steps=size.steps,
        learning_rate=1e-3,  # a third of what a start from nothing takes: it starts from version 2
        seed=seed,
        max_seconds=size.max_seconds,
    )
    own = int(np.sum(data["train"]["truth"][:, 0] == len(scan.CLASSES)))
    loss = CellLoss(1.0 + len(nothing["truth"]) / max(own, 1))
    draw = _batches([data["train"], nothing], size.batch)
    rows = np.arange(min(1500, size.validation))
    known = take(*_examples(data["validation"]), rows)
    parts = [known, take(*_examples(spared), np.arange(judged))]
    return fit(
        model, {"log_probability": loss}, draw, settings, workdir / "fit", progress,
        _together(parts),
    )  # fmt: skip


def _batches(sets: Sequence[Arrays], size: int) -> Draw:
    """Batches of ``size`` drawn from all sets as if they were one."""
    ends = np.cumsum([len(part["truth"]) for part in sets])

    def draw(rng: np.random.Generator) -> Batch:
        chosen = np.sort(rng.choice(ends[-1], size=size, replace=bool(ends[-1] < size)))
        drawn = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
        starts = [0, *ends[:-1]]
        return _together(
            [
                take(*_examples(part), rows - start)
                for part, rows, start in zip(sets, drawn, starts, strict=True)
            ]
        )

    return draw


def _together(batches: Sequence[Batch]) -> Batch:
    inputs, targets = zip(*batches, strict=True)
    return _joined(inputs), _joined(targets)


def _joined(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _examples(data: Mapping[str, np.ndarray]) -> tuple[Arrays, Arrays]:
    """Inputs, and class with cell as the target of ``CellLoss``."""
    truth = np.asarray(data["truth"][:, :2], np.float32)
    return {name: data[name] for name in INPUTS}, {"log_probability": truth}


def _specs(config: Mapping[str, Any]) -> dict[str, tuple[ArraySpec, ...]]:
    classes, members = len(config["ranges"]), config["members"]
    return {
        "inputs": (
            ArraySpec(
                name="curves",
                shape=(config["cells"], config["curves"]),
                description="-asinh(chi-square above the least / 6) / 3 of each template set",
            ),
            ArraySpec(
                name="signals",
                shape=(config["pixels"], config["signals"]),
                description="matched-filter signal-to-noise of narrow and broad lines (asinh), "
                "good share of the pixel",
            ),
            ArraySpec(
                name="summary",
                shape=(config["summary"],),
                description="; ".join(scan.SUMMARY),
            ),
        ),
        "outputs": (
            ArraySpec(
                name="log_probability",
                shape=(members, classes, config["cells"]),
                description="of each member, over class and cell of log10(1 + z)",
            ),
            ArraySpec(name="features", shape=(members * 24,), description="for the novelty"),
        ),
    }


RECIPE = Recipe(task="redshift", train=train, simulated=simulated, real=real)
