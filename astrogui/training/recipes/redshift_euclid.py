"""How the `redshift_euclid` network is made: a library drawn, observed anew in every batch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import build
from astrogui.records.spectrum import Spectrum
from astrogui.science import near_infrared as grid
from astrogui.tasks.redshift_euclid import accepts, prepare_spectrum
from astrogui.training import euclid_card
from astrogui.training.euclid_calibration import answers, calibrated, figures
from astrogui.training.fit import Batch, FitSettings, fit
from astrogui.training.observe_euclid import Observed, observed
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Answer, Arrays, Measures, Progress, Recipe, Run
from astrogui.training.simulate_euclid import (
    LIBRARY_SPECTRA,
    TEST,
    TRAIN,
    VALIDATION,
    Library,
    rest_library,
)
from astrogui.training.templates import data_folder

NETWORK = "redshift_euclid:shifted"
LIBRARY_SEED = 2019
GOLDEN_SEED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated and how long it is fitted."""

    library: int
    validation: int
    calibration: int
    held_out: int
    epochs: int
    steps: int
    batch: int
    members: int = 2
    max_seconds: float = float("inf")  # of fitting in one call; then the best epoch is kept


FULL = Size(
    library=LIBRARY_SPECTRA, validation=800, calibration=3000, held_out=5000, epochs=30, steps=60,
    batch=64,
)  # fmt: skip
QUICK = Size(library=40, validation=24, calibration=60, held_out=60, epochs=2, steps=2, batch=8)


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/redshift_euclid``; the fit is resumed after its last epoch."""
    started = time.monotonic()
    size = QUICK if quick else FULL
    inside = workdir / ("quick" if quick else "full")
    library = rest_library(inside, size.library, LIBRARY_SEED, progress)
    config = network_config(size.members)
    model = build(NETWORK, config)
    history = _fitted(model, library, size, seed, inside, progress)
    card = euclid_card.draft(NETWORK, config, seed, history)
    card, assets = calibrated(
        model, card, library.part(*VALIDATION), size.calibration, seed, progress
    )
    progress("measuring on held-out simulations")
    run = CompiledRun(model, card, assets)
    scores = held_out_figures(run, library.part(*TEST), size.held_out, seed)
    spectra = history["epochs"] * size.steps * size.batch
    card = euclid_card.finished(card, scores, spectra, round(time.monotonic() - started), quick)
    record, golden = _golden(library.part(*TEST), seed)
    return write_model_folder(
        workdir / "redshift_euclid",
        card=card,
        model=model,
        golden_inputs=golden,
        golden_record=record,
        assets=assets,
        readme=euclid_card.readme(card),
        progress=progress,
    )


def held_out_figures(run: Run, library: Library, count: int, seed: int) -> Measures:
    """Over ``count`` of the prior, and half as many whose strongest line is faint."""
    scores = figures(answers(run, library, count, seed, 3), run.card, run.assets)
    faint = answers(run, library, count // 2, seed, 4, faint_lines=True)
    scores["faint_lines"] = figures(faint, run.card, run.assets)
    return scores


def simulated(run: Run, n: int, seed: int) -> Measures:
    """Figures over ``n`` fresh simulations of galaxies drawn anew, unlike any trained on.

    Needs the rest-frame templates of the data folder; without them every figure is null.
    """
    from astrogui.errors import UsageProblem
    from astrogui.training.simulate_euclid import make_library
    from astrogui.training.templates import load_templates

    try:
        templates = load_templates(data_folder() / "spectra" / "templates")
    except UsageProblem as problem:
        return {"n": 0, "reason": str(problem)}
    library = make_library(templates, int(np.clip(n // 5, 20, 1000)), 1_000_003 + seed)
    return held_out_figures(run, library, n, seed)


def real(data_dir: Path, answer: Answer) -> Measures:
    """Over the near-infrared spectra of the data folder: what is outside must be flagged.

    None with a known redshift between 1 and 1.8 is at hand, so that success cannot be counted.
    """
    import csv

    from astrogui.errors import FileProblem
    from astrogui.readers import recognise

    with (data_dir / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["file"]: row for row in csv.DictReader(file)}
    told: list[dict[str, Any]] = []
    for name, row in truth.items():
        path = data_dir / name
        try:
            sources = recognise(str(path)) if path.is_file() else []
        except FileProblem:
            continue
        if not any(accepts(source) for source in sources):
            continue
        for found in answer([(path,)], {}):
            if found.get("z") is None:
                continue
            told.append(
                {
                    "file": name,
                    "truth": row["z_best"] or None,
                    "z": found.get("z"),
                    "outside": found.get("prob_outside_euclid"),
                    "flags": found.get("flags"),
                }
            )
    known = [row for row in told if row["truth"] and not 1 <= float(row["truth"]) < 1.8]
    flagged = [row for row in known if (row["outside"] or 0) > 0.5]
    return {"n": len(told), "n_outside": len(known), "flagged": len(flagged), "answers": told}


def network_config(members: int) -> dict[str, Any]:
    """The arguments of the network's builder, plain values for the card."""
    return {
        "pixels": grid.PIXELS,
        "channels": len(grid.CHANNELS),
        "cells": grid.CELLS,
        "offsets": list(grid.feature_offsets()),
        "places": [round(place, 6) for place in grid.class_cells().tolist()],
        "members": members,
        "summary": len(grid.SUMMARY),
        "outside": True,
        "features": euclid_card.FEATURES,
    }


def _fitted(
    model: Any, library: Library, size: Size, seed: int, workdir: Path, progress: Progress
) -> dict[str, Any]:
    from astrogui.networks.redshift_euclid import ClassLoss

    trained = library.part(*TRAIN)

    def draw(rng: np.random.Generator) -> Batch:
        return _as_batch(observed(trained, rng, size.batch))

    judged = observed(library.part(*VALIDATION), np.random.default_rng([seed, 1]), size.validation)
    settings = FitSettings(
        epochs=size.epochs, steps=size.steps, learning_rate=5e-3, weight_decay=1e-3, seed=seed,
        max_seconds=size.max_seconds,
    )  # fmt: skip
    return fit(
        model, {"log_probability": ClassLoss()}, draw, settings, workdir / "fit", progress,
        _as_batch(judged), validation_batch=250,
    )  # fmt: skip


def _as_batch(batch: Observed) -> Batch:
    return batch.inputs(), {"log_probability": batch.truth[:, None].astype(np.float32)}


def _golden(library: Library, seed: int) -> tuple[Arrays, Arrays]:
    """A simulated spectrum as the arrays of its record, and prepared, with a batch of one."""
    batch = observed(library, np.random.default_rng([seed, GOLDEN_SEED]), 1, inside=True)
    record = record_of(batch, 0)
    arrays = {
        name: np.asarray(getattr(record, name))
        for name in ("wavelength_angstrom", "flux", "ivar", "mask", "noise_estimated")
    }
    arrays["redshift"] = batch.redshift[:1]
    return arrays, prepare_spectrum(record)


def record_of(batch: Observed, row: int) -> Spectrum:
    """One simulated spectrum as a reader would give it."""
    return Spectrum(
        wavelength_angstrom=grid.OBSERVED.centres_angstrom,
        flux=batch.flux[row],
        ivar=batch.ivar[row],
        mask=batch.ivar[row] <= 0,
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
    )


RECIPE = Recipe(task="redshift_euclid", train=train, simulated=simulated, real=real)
