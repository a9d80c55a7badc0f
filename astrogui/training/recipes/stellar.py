"""How the `stellar` network is made: emulator learned, stars simulated, fitted, calibrated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import assign_weights, build, weight_arrays
from astrogui.records.model_card import ArraySpec
from astrogui.science import stellar_spectrum
from astrogui.science.stellar_emulator import emulator_from_arrays, pixel_shift, scaled
from astrogui.tasks.stellar import prepare
from astrogui.tasks.stellar_answer import PARAMETERS, SHIFT_SCALE
from astrogui.tasks.task import Model
from astrogui.training import stellar_card
from astrogui.training.fit import Batch, FitSettings, array_batches, fit, take
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Arrays, Measures, Progress, Recipe, Run
from astrogui.training.score_stellar import coverage_table, real, simulated_figures
from astrogui.training.stellar_calibration import calibrated
from astrogui.training.stellar_examples import INPUTS, answers, example, make_examples
from astrogui.training.stellar_source import (
    departures,
    learn_emulator,
    load_source,
    packed,
    source_hash,
)

NETWORK = "stellar:regressor"
EMULATOR_SEED = 2026  # the emulator is the same whichever seed the network gets
LABELS = len(PARAMETERS)
WIDTH = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated and how long it is fitted."""

    emulator_spectra: int
    emulator_terms: int
    train: int
    validation: int
    calibration: int
    held_out: int
    epochs: int
    steps: int
    batch: int = 32
    draws: int = 16
    max_seconds: float = float("inf")


FULL = Size(
    emulator_spectra=10000, emulator_terms=700, train=8000, validation=400, calibration=5800,
    held_out=5000, epochs=12, steps=160, max_seconds=900.0,
)  # fmt: skip
QUICK = Size(
    emulator_spectra=120, emulator_terms=21, train=48, validation=16, calibration=16, held_out=16,
    epochs=2, steps=3, batch=8, draws=4,
)  # fmt: skip


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/stellar``; every step is kept and resumed."""
    started = time.monotonic()
    size = QUICK if quick else FULL
    workdir = workdir / ("quick" if quick else "full")
    assets, known = _emulator(workdir, size, progress)
    data = {
        name: make_examples(workdir / name, assets, count, _stream(seed, number), progress)
        for number, (name, count) in enumerate(
            (("train", size.train), ("validation", size.validation),
             ("calibration", size.calibration))
        )
    }  # fmt: skip
    trained, history = _fitted(data, size, seed, workdir, progress)
    config = network_config(size.train, size.draws)
    model = build(NETWORK, config)
    assign_weights(model, weight_arrays(trained))
    history["dropout_rate"] = model.get_layer("dropout").rate
    card = stellar_card.draft(NETWORK, config, _specs(config), seed, history, known)
    card, assets = calibrated(
        model, card, assets, data["calibration"], data["train"], _stream(seed, 2), progress,
        workdir / "calibration",
    )  # fmt: skip
    held_out = make_examples(
        workdir / "held_out", assets, size.held_out, _stream(seed, 3), progress
    )
    progress("measuring on held-out simulations")
    found = answers(
        CompiledRun(model, card, assets), held_out, _stream(seed, 3), progress, workdir / "held_out"
    )
    scores = simulated_figures(found)
    card = stellar_card.finished(
        card, scores, coverage_table(scores), size.train, round(time.monotonic() - started), quick
    )
    record, golden = _golden(card, assets, seed)
    return write_model_folder(
        workdir.parent / "stellar",
        card=card,
        model=model,
        golden_inputs=golden,
        golden_record=record,
        assets=assets,
        readme=stellar_card.readme(card),
        progress=progress,
    )


def simulated(run: Run, n: int, seed: int) -> Measures:
    """Figures over ``n`` fresh simulations; other than the trained ones for any ``seed``.

    The stars come from the source emulator of the data folder, so that the error of the one that
    ships counts; without that folder every figure is null.
    """
    import tempfile

    from astrogui.errors import UsageProblem

    try:
        load_source()
    except (UsageProblem, OSError) as problem:
        return {"n": 0, "reason": str(problem)}
    stream = 1_000_003 + seed
    with tempfile.TemporaryDirectory(prefix="astrogui-") as place:
        data = make_examples(Path(place), run.assets, n, stream, lambda words: None)
        return simulated_figures(answers(run, data, stream))


def network_config(data_size: int, draws: int) -> dict[str, Any]:
    """The arguments of the network's builder, plain values for the card."""
    return {
        "bins": stellar_spectrum.BINS,
        "channels": 2,
        "summary": len(stellar_spectrum.SUMMARY),
        "labels": LABELS,
        "data_size": data_size,
        "draws": draws,
        "width": WIDTH,
    }


def targets_of(data: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n, 6) what the network answers: scaled labels, and the correlation's error."""
    shifts = np.array([pixel_shift(float(velocity)) for velocity in data["truth"][:, -1]])
    labels = scaled(np.asarray(data["truth"][:, :-1], np.float64))
    return np.column_stack([labels, (shifts - data["shift"]) / SHIFT_SCALE]).astype(np.float32)


def _emulator(workdir: Path, size: Size, progress: Progress) -> tuple[Arrays, dict[str, Any]]:
    """The compact emulator's arrays with the error that it makes, and the figures for the card."""
    path = workdir / "emulator.npz"
    if not path.exists():
        progress("learning the emulator")
        workdir.mkdir(parents=True, exist_ok=True)
        source = load_source()
        found: dict[str, Any] = packed(
            learn_emulator(source, size.emulator_spectra, size.emulator_terms, EMULATOR_SEED)
        )
        held_out = min(400, size.emulator_spectra)
        error, figures = departures(source, emulator_from_arrays(found), held_out, EMULATOR_SEED)
        found |= {"model_error": error}
        found |= {f"known_{name}": value for name, value in figures.items()}
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **found)
        part.replace(path)
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    known = {
        name.removeprefix("known_"): arrays.pop(name).tolist()
        for name in list(arrays)
        if name.startswith("known_")
    }
    return arrays, {**known, "terms": size.emulator_terms, "source": source_hash()}


def _fitted(
    data: Mapping[str, Arrays], size: Size, seed: int, workdir: Path, progress: Progress
) -> tuple[Any, dict[str, Any]]:
    """The network as it is trained, drawing its own masks, with its history."""
    from astrogui.networks.stellar import NormalLoss

    model = build(NETWORK, network_config(size.train, 0))
    examples = {
        name: ({k: rows[k] for k in INPUTS}, {"answers": targets_of(rows)})
        for name, rows in data.items()
    }
    draw = array_batches(*examples["train"], size.batch)
    validation: Batch = take(*examples["validation"], np.arange(size.validation))
    settings = FitSettings(
        epochs=size.epochs,
        steps=size.steps,
        learning_rate=2e-3,
        weight_decay=0.0,  # the dropout's own divergence does that work
        seed=seed,
        max_seconds=size.max_seconds,
    )
    history = fit(
        model, {"answers": NormalLoss()}, draw, settings, workdir / "fit", progress, validation
    )
    return model, history


def _golden(card: Any, assets: Arrays, seed: int) -> tuple[Arrays, Arrays]:
    """A simulated star as the arrays of its record, and prepared, with a batch of one."""
    record = example(_stream(seed, 4), 0, load_source()).record
    arrays = {
        name: np.asarray(getattr(record, name))
        for name in ("wavelength_angstrom", "flux", "ivar", "mask", "noise_estimated")
    }
    prepared = prepare(record, (None,), Model(card=card, assets=assets), {})  # type: ignore[arg-type]
    return arrays, {spec.name: prepared[spec.name] for spec in card.inputs}


def _stream(seed: int, number: int) -> int:
    """A seed of its own for each set of simulations of a training."""
    return 5 * seed + number


def _specs(config: Mapping[str, Any]) -> dict[str, tuple[ArraySpec, ...]]:
    answered = LABELS + LABELS * (LABELS + 1) // 2
    return {
        "inputs": (
            ArraySpec(
                name="spectrum",
                shape=(config["bins"], config["channels"]),
                description="10 (normalised flux - 1) at rest in bins of two pixels; "
                "log10(1 + S/N) / 2, 0 where masked",
            ),
            ArraySpec(
                name="summary",
                shape=(config["summary"],),
                description="; ".join(stellar_spectrum.SUMMARY),
            ),
            ArraySpec(
                name="uniform",
                shape=(config["draws"], config["width"]),
                description="numbers between 0 and 1 that draw the dropout's masks",
            ),
        ),
        "outputs": (
            ArraySpec(
                name="answers",
                shape=(config["draws"], answered),
                description="of each draw: means of the scaled labels and of the shift, lower "
                "triangle of the factor of the inverse covariance",
            ),
            ArraySpec(name="features", shape=(config["width"],), description="for the novelty"),
        ),
    }


RECIPE = Recipe(task="stellar", train=train, simulated=simulated, real=real)
