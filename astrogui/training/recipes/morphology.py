"""Training of the morphology network: simulated galaxies first, then real ones of odd number.

The members share the first part of their way and go on apart. Each leaves out another third of the
real galaxies, on which its own answers are honest: the strength is calibrated there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import build
from astrogui.science import galaxy_picture, vote_tree
from astrogui.training import morphology_card, score_morphology
from astrogui.training.fit import Batch, Draw, FitSettings, fit
from astrogui.training.morphology_calibration import calibrate, folds
from astrogui.training.morphology_examples import (
    RealGalaxies,
    batches,
    read_galaxies,
    simulated,
    simulated_piece,
    variants,
)
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Arrays, Measures, Progress, Recipe, Run
from astrogui.training.templates import real_images

QUESTIONS = tuple(len(question.answers) for question in vote_tree.QUESTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated, how large the network is and how long it is fitted."""

    train: int
    calibration: int
    held_out: int
    epochs: int
    steps: int
    fine_epochs: int
    fine_steps: int
    variants: int
    last_epochs: int = 1
    real: int = 1_000_000  # at most so many real galaxies
    batch: int = 64
    widths: tuple[int, ...] = (16, 32, 64, 128)
    features: int = 64
    members: int = 2


FULL = Size(train=10_000, calibration=500, held_out=2000, epochs=4, steps=160, fine_epochs=3,
            fine_steps=80, last_epochs=2, variants=24)  # fmt: skip
QUICK = Size(train=48, calibration=24, held_out=24, epochs=1, steps=2, fine_epochs=1, fine_steps=2,
             variants=2, real=9, batch=8, widths=(4, 4), features=4, members=2)  # fmt: skip


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/morphology``; every step is kept and resumed."""
    started = time.monotonic()
    size = QUICK if quick else FULL
    part = workdir / ("quick" if quick else "full")
    sky = {
        name: simulated(part, name, count, seed, progress)
        for name, count in (("train", size.train), ("calibrate", size.calibration))
    }
    real = _real(size)
    start, history = fitted_start(part, size, sky["train"], seed, progress)
    singles, histories = [], {"start": history}
    for number in range(size.members):
        single, history = fitted_member(
            part, size, start, sky["train"], real, number, seed, progress
        )
        singles.append(single)
        histories[f"member {number + 1}"] = history
    config = network_config(size)
    model = build("morphology:ensemble", config)
    _assign(model, singles)
    progress("calibrating on galaxies that were left out")
    calibration = calibrate(model, sky, real)
    card = morphology_card.draft(config, seed, histories, calibration, real, size.train)
    card = morphology_card.timed(card, round(time.monotonic() - started))
    run = CompiledRun(model, card, {}, 64)
    scores = score_morphology.simulated(run, size.held_out, seed + 1)
    card = replace(card, simulated_scores=scores)
    return write_model_folder(
        workdir / "morphology",
        card=card,
        model=model,
        golden_inputs=_golden(seed),
        assets=calibration["assets"],
        readme=morphology_card.readme(card),
        progress=progress,
    )


def network_config(size: Size) -> dict[str, Any]:
    """The arguments of the network's builder, plain values for the card."""
    return {
        "size": galaxy_picture.SIZE,
        "widths": list(size.widths),
        "features": size.features,
        "questions": list(QUESTIONS),
        "members": size.members,
    }


def fitted_start(
    workdir: Path, size: Size, sky: Arrays, seed: int, progress: Progress
) -> tuple[Any, dict[str, Any]]:
    """The network that all members start from, fitted to simulated galaxies."""
    import keras

    keras.utils.set_random_seed(1000 * seed)
    model = build("morphology:member", _single(size))
    settings = FitSettings(epochs=size.epochs, steps=size.steps, learning_rate=2e-3, seed=seed)
    progress("fitting to simulated galaxies")
    history = fit(
        model,
        _loss(),
        batches(sky, None, size.batch),
        settings,
        workdir / f"start-{seed}",
        progress,
    )
    return model, history


def fitted_member(
    workdir: Path, size: Size, start: Any, sky: Arrays, real: RealGalaxies | None, number: int,
    seed: int, progress: Progress,
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """One member: a fresh last layer, fitted to its part of the real galaxies among simulated."""
    import keras

    keras.utils.set_random_seed(1000 * seed + number + 1)
    model = build("morphology:member", _single(size))
    fresh = model.get_layer("opinion").get_weights()
    model.set_weights(start.get_weights())
    model.get_layer("opinion").set_weights(fresh)
    settings = FitSettings(
        epochs=size.fine_epochs, steps=size.fine_steps, learning_rate=1e-3,
        seed=10 * seed + number,
    )  # fmt: skip
    made: dict[float, Draw] = {}

    def draw(rng: np.random.Generator, share: float = 0.5) -> Batch:
        """Turned and scaled pictures are made when first asked for: not when nothing is left."""
        if share not in made:
            mine = _own_part(size, real, number, seed)
            made[share] = batches(sky, mine, size.batch, share)
        return made[share](rng)

    progress(f"member {number + 1} of {size.members}")
    folder = workdir / f"member-{number}-{seed}"
    history = {"with simulated": fit(model, _loss(), draw, settings, folder, progress)}
    last = replace(settings, epochs=size.last_epochs, learning_rate=5e-4, seed=settings.seed + 100)
    history["mostly real"] = fit(
        model, _loss(), partial(draw, share=0.75), last, folder.with_name(folder.name + "-last"),
        progress,
    )  # fmt: skip
    return model, history


def _own_part(
    size: Size, real: RealGalaxies | None, number: int, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Variants and shares of the real galaxies that a member learns from."""
    if real is None:
        return None
    mine = real.where(folds(real.number) != number)
    rng = np.random.default_rng([seed, number])
    return variants(mine.pictures, size.variants, rng), mine.shares


def _single(size: Size) -> dict[str, Any]:
    return {name: value for name, value in network_config(size).items() if name != "members"}


def _loss() -> dict[str, Any]:
    from astrogui.networks.morphology import DirichletMultinomial

    return {"opinion": DirichletMultinomial(QUESTIONS)}


def _real(size: Size) -> RealGalaxies | None:
    """The real galaxies of odd number, or None without the data folder."""
    folder = real_images()
    if folder is None:
        return None
    found = read_galaxies(folder, odd=True)
    return found.where(np.arange(min(len(found.number), size.real)))


def _assign(model: Any, singles: list[Any]) -> None:
    from astrogui.networks.morphology import assign_members

    assign_members(model, singles)


def _golden(seed: int) -> Arrays:
    """Six simulated galaxies, as `prepare` gives them."""
    piece = simulated_piece(6, np.random.default_rng([seed, 999]))
    return {"picture": piece["picture"].astype(np.float32) / 255}


def simulated_figures(run: Run, n: int, seed: int) -> Measures:
    """Figures over ``n`` fresh simulations; other than the trained ones for any ``seed``."""
    return score_morphology.simulated(run, n, 1_000_003 + seed)


def real_figures(folder: Path, answer: Any) -> Measures:
    """Figures over the galaxies of even number below ``folder``."""
    return score_morphology.real(folder, answer)


RECIPE = Recipe(task="morphology", train=train, simulated=simulated_figures, real=real_figures)
