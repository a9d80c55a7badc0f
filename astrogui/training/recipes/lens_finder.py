"""Training of the lens finder: fields rendered, an ensemble fitted, calibrated, packed.

The training starts from the best network of version 2, kept in `lens_start.npz`, and grows it by a
residual unit. The members share its first part and then go ways of their own, each with its own
examples.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import assign_weights, build
from astrogui.networks.ensemble import assign_members
from astrogui.training import score_lens
from astrogui.training.fit import Batch, FitSettings, fit
from astrogui.training.lens_calibration import calibrate
from astrogui.training.lens_card import START, card_of, readme
from astrogui.training.lens_examples import Bank, rendered_bank
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Progress, Recipe
from astrogui.training.simulate_lens import SIZE

MEMBERS = 3
BATCH = 64
COUNTS = {
    "train": {"ground-lenses": 56000, "ground-others": 63000,
              "space-lenses": 6750, "space-others": 4750},
    "calibrate": {"ground-lenses": 1200, "ground-others": 2400,
                  "space-lenses": 300, "space-others": 600},
}  # fmt: skip
QUICK_COUNTS = {
    purpose: dict.fromkeys(counts, 12) for purpose, counts in COUNTS.items()
}  # fmt: skip
VALIDATED = 600  # pictures that choose the epoch
CALIBRATED = 1600
SHARED = (
    FitSettings(epochs=300, steps=60, learning_rate=1.2e-3, judged_from=239, stop_after=240),
    FitSettings(epochs=30, steps=60, learning_rate=3e-4, judged_from=26),
    FitSettings(epochs=100, steps=60, learning_rate=8e-4, judged_from=69, stop_after=70),
)  # one after the other; stopped while the rate is high: the members' own falls to nothing
ALONE = tuple(
    FitSettings(epochs=epochs, steps=60, learning_rate=2.5e-4, judged_from=epochs - 4)
    for epochs in (16, 12, 10)
)  # of each member; one that goes on for longer is better, the mixture hardly
QUICK = FitSettings(epochs=1, steps=1, learning_rate=1e-3)
DROPOUT = 0.1  # the loss on what was trained on lay above that on what was held out
MEMBER: dict[str, Any] = {"size": SIZE, "channels": 3, "units": [0, 1, 2], "smoothed": True}
CONFIG: dict[str, Any] = {**MEMBER, "members": MEMBERS}


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """Render, fit, calibrate and pack; resumes where the work folder was left."""
    counts = QUICK_COUNTS if quick else COUNTS
    banks = {
        purpose: rendered_bank(workdir, purpose, counts[purpose], seed, progress)
        for purpose in counts
    }
    weights, history = _members(banks, workdir, quick, seed, progress)
    model = build("deep_lens:finder", CONFIG)
    model.compile(jit_compile=False)  # compiling takes minutes and gains nothing on a processor
    assign_members(model, weights)
    progress("calibrating on held-out renderings")
    rng = np.random.default_rng([seed, 77])
    trained = banks["train"].draw_mixed(rng, 24 if quick else 800)[0]
    pictures, label, _ = banks["calibrate"].draw_mixed(rng, 24 if quick else CALIBRATED)
    calibration = calibrate(model, trained, pictures, label)
    card = card_of(CONFIG, counts, history, calibration, seed)
    run = CompiledRun(model, card, {})
    scores = score_lens.simulated(run, 24 if quick else 1500, seed + 1)
    card = replace(card, simulated_scores=scores, coverage=scores["coverage"])
    golden = {"image": pictures[:8].astype(np.float32)}
    return write_model_folder(
        workdir / "lens_finder",
        card=card,
        model=model,
        golden_inputs=golden,
        readme=readme(card),
        progress=progress,
    )


def _members(
    banks: dict[str, Bank], workdir: Path, quick: bool, seed: int, progress: Progress
) -> tuple[list[list[np.ndarray]], list[dict[str, Any]]]:
    """Weights of each member, and the histories: of what they share, then of each alone."""
    rng = np.random.default_rng([seed, 5])
    pictures, label, _ = banks["calibrate"].draw_mixed(rng, 16 if quick else VALIDATED)
    validation = ({"image": pictures}, {"logit": label[:, None]})
    network = grown(START)

    def fitted(name: str, settings: FitSettings, own_seed: int) -> dict[str, Any]:
        progress(f"fitting: {name}")
        return fit(
            network,
            {"logit": cross_entropy()},
            batches(banks["train"], 8 if quick else BATCH),
            replace(QUICK if quick else settings, seed=own_seed),
            workdir / f"fit-{'quick' if quick else 'full'}-{name}-{seed}",
            progress,
            validation=validation,
            validation_batch=128,
            jit_compile=False,
        )

    history = [
        fitted(f"shared{stage}", settings, seed + 1000 * stage)
        for stage, settings in enumerate(SHARED)
    ]
    common = network.get_weights()
    weights = []
    for member in range(MEMBERS):
        network.set_weights(common)
        own_seed = seed + 1000 * (len(SHARED) + member)
        history.append(fitted(f"member{member}", ALONE[member], own_seed))
        weights.append(network.get_weights())
    return weights, history


def grown(start: Path) -> Any:
    """A member's network that answers as version 2's, whose weights are in the file `start`."""
    network = build("deep_lens:polar", {**MEMBER, "dropout": DROPOUT})
    smaller = build("deep_lens:polar", {**MEMBER, "units": [0, 1, 1]})
    with np.load(start, allow_pickle=False) as kept:
        assign_weights(smaller, dict(kept))
    for layer in smaller.layers:
        if layer.get_weights():
            network.get_layer(layer.name).set_weights(layer.get_weights())
    return network


def cross_entropy() -> Any:
    import keras

    return keras.losses.BinaryCrossentropy(from_logits=True)


def batches(bank: Bank, size: int = BATCH) -> Any:
    """Half lenses, observed anew each time, partly among look-alikes, see `draw_mixed`."""

    def draw(rng: np.random.Generator) -> Batch:
        pictures, label, _ = bank.draw_mixed(rng, size)
        return {"image": pictures}, {"logit": label[:, None]}

    return draw


def simulated(run: Any, count: int, seed: int) -> dict[str, Any]:
    """The card's figures over `count` cut-outs of another seed."""
    return score_lens.simulated(run, count, seed)


def real(folder: Path, answer: Any) -> dict[str, Any]:
    """The figures over the labelled cut-outs below `folder`."""
    return score_lens.real(folder, answer)


RECIPE = Recipe(task="lens_finder", train=train, simulated=simulated, real=real)
