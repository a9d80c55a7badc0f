"""The strain networks of the literature trained on our simulations, and scored.

Shen, Huerta et al.'s Model 1 and Model 2 (arXiv 1903.01998) learn by the bound on the evidence, the
weight of the divergence rising from zero; George & Huerta's (2018) predictor by squared error and
their classifier by cross-entropy, its convolutions begun from the predictor's. All begin with loud
mergers and end with faint ones, each example drawn anew. Nothing is kept of what takes graphics
cards: 8192 samples, ten million examples, 1024 nodes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.networks.builder import build
from astrogui.science import strain_window
from astrogui.science.strain_labels import MASSES, REMNANT, scaled
from astrogui.training import simulate_windows
from astrogui.training.fit import Batch, FitSettings, fit
from astrogui.training.recipe import Arrays, Measures, Progress

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.68, 0.9, 0.95)
NOISE_SHARE = 0.5  # of the classifier's examples
VALIDATION = 512
LATEST_SAMPLES = 26  # about the window's merger, where the filter looks: 25 ms
VALIDATION_STREAM, NOISE_STREAM = 7_000, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the way from loud to faint: optimal signal-to-noise ratios, and epochs."""

    loudness: tuple[float, float]
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One network: its builder, what it learns, how far it is reduced, how long it is trained."""

    network: str
    labels: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[Stage, ...] = (
        Stage(loudness=(25, 60), epochs=4),
        Stage(loudness=(12, 60), epochs=4),
        Stage(loudness=(8, 40), epochs=12),
    )
    steps: int = 60  # batches an epoch
    batch: int = 64
    rate: float = 1e-3

    @property
    def examples(self) -> int:
        """Examples that the whole training sees, each once."""
        return self.batch * self.steps * sum(stage.epochs for stage in self.stages)

    @property
    def is_bayesian(self) -> bool:
        return self.network.startswith("shen_huerta:")

    def settings(self) -> dict[str, Any]:
        """The builder's arguments while it is trained."""
        plain = {"samples": strain_window.LENGTH, **self.config}
        if self.labels:
            plain["labels"] = len(self.labels)
        if self.is_bayesian:
            loud = sum(stage.epochs for stage in self.stages[:-1])
            plain["uncertain"] = {
                "data_size": self.examples,
                "anneal_steps": max(1, self.steps * loud),
            }
        return plain


REDUCED = {"thinning": 2, "dense": 128}
SYSTEMS = {
    "shen_masses": System(
        network="shen_huerta:model_2", labels=MASSES, config={**REDUCED, "highway": 8}
    ),
    "shen_remnant": System(
        network="shen_huerta:model_1",
        labels=REMNANT,
        config=REDUCED,
        stages=(
            Stage(loudness=(25, 60), epochs=3),
            Stage(loudness=(12, 60), epochs=3),
            Stage(loudness=(8, 40), epochs=8),
        ),
        steps=40,
    ),
    "huerta_predictor": System(
        network="george_huerta:predictor", labels=MASSES, config={"deep": False}, steps=70
    ),
    "huerta_classifier": System(
        network="george_huerta:classifier", config={"deep": False}, steps=70
    ),
}


def train(
    name: str,
    noise: Floats,
    workdir: Path,
    progress: Progress,
    seed: int = 1,
    max_seconds: float = math.inf,
    system: System | None = None,
    jit_compile: bool | str = "auto",
) -> tuple[Any, list[dict[str, Any]]]:
    """The trained network of that name and its history; kept below ``workdir`` and resumed.

    A stage ends early where ``max_seconds`` are over; the next call goes on with it.
    """
    system = system or SYSTEMS[name]
    model = build(system.network, system.settings())
    if name == "huerta_classifier":
        _begin_from_predictor(model, workdir)
    told: list[dict[str, Any]] = []
    work = partial(_stage, model, system, noise, progress=progress, jit_compile=jit_compile)
    for number, stage in enumerate(system.stages):
        left = max_seconds - sum(one["seconds_now"] for one in told)
        if left <= 0:
            break
        progress(f"{name}: signal-to-noise ratios {stage.loudness[0]:g}-{stage.loudness[1]:g}")
        place = workdir / name / f"stage_{number}"
        told.append(work(stage, place, seed=10 * seed + number, max_seconds=left))
        if told[-1]["epochs"] < stage.epochs:
            break
    return model, told


def kept(name: str, workdir: Path, system: System | None = None) -> tuple[Any, list[Any]]:
    """The network as it was last trained below ``workdir``, and the epochs and seconds it took.

    Raises ``FileNotFoundError`` where it was not.
    """
    system = system or SYSTEMS[name]
    model = build(system.network, system.settings())
    folders = sorted((workdir / name).glob("stage_*/best.npz"))
    if not folders:
        raise FileNotFoundError(f"{name} was not trained below {workdir}")
    with np.load(folders[-1], allow_pickle=False) as arrays:
        model.set_weights([arrays[key] for key in sorted(arrays.files)])
    states = [json.loads((path.parent / "state.json").read_text("utf-8")) for path in folders]
    return model, [state["state"] for state in states]


def is_finished(told: list[dict[str, Any]], system: System) -> bool:
    done = [one.get("epochs", one.get("epoch")) for one in told]
    return done == [stage.epochs for stage in system.stages]


def _stage(
    model: Any,
    system: System,
    noise: Floats,
    stage: Stage,
    folder: Path,
    progress: Progress,
    seed: int,
    max_seconds: float,
    jit_compile: bool | str,
) -> dict[str, Any]:
    draw = partial(batch, system=system, noise=noise, loudness=stage.loudness)
    judged = draw(np.random.default_rng([seed, VALIDATION_STREAM]), size=VALIDATION)
    settings = FitSettings(
        epochs=stage.epochs,
        steps=system.steps,
        learning_rate=system.rate,
        seed=seed,
        max_seconds=max_seconds,
    )
    started = time.monotonic()
    told = fit(
        model, _loss(system), draw, settings, folder, progress, judged, jit_compile=jit_compile
    )
    return {**told, "seconds_now": time.monotonic() - started, "loudness": list(stage.loudness)}


def _loss(system: System) -> Any:
    if system.is_bayesian:
        from astrogui.networks.losses import GaussianLikelihood

        return {"density": GaussianLikelihood()}
    if system.labels:
        return {"values": "mean_squared_error"}
    from astrogui.networks.kim_brunner import GalaxyCrossEntropy

    return {"logit": GalaxyCrossEntropy()}


def _begin_from_predictor(model: Any, workdir: Path) -> None:
    """Their transfer: the classifier begins with the predictor's convolutions, where it is."""
    path = sorted(workdir.glob("huerta_predictor/stage_*/best.npz"))
    if not path:
        return
    with np.load(path[-1], allow_pickle=False) as kept:
        learned = [kept[name] for name in sorted(kept.files)]
    mine = model.get_weights()
    for number in range(len(mine) - 2):  # all but the last layer
        if mine[number].shape == learned[number].shape:
            mine[number] = learned[number]
    model.set_weights(mine)


def batch(
    rng: np.random.Generator,
    system: System,
    noise: Floats,
    loudness: tuple[float, float],
    size: int = 0,
) -> Batch:
    """Fresh mergers and what is to be said of them; the half without one, for the classifier."""
    count = size or system.batch
    mergers = simulate_windows.binaries(count, rng)
    loud = np.exp(rng.uniform(np.log(loudness[0]), np.log(loudness[1]), count))
    if system.labels:
        strain = simulate_windows.windows(mergers, loud, rng, noise)
        name = "density" if system.is_bayesian else "values"
        return {"strain": strain}, {name: scaled(mergers.quantities(), system.labels)}
    there = rng.random(count) >= NOISE_SHARE
    strain = simulate_windows.windows(mergers, loud * there, rng, noise)
    return {"strain": strain}, {"logit": there[:, None].astype(np.float32)}


def drawing(system: System, trained: Any, draws: int) -> Any:
    """The same network that takes deviates for its weights: one density a draw."""
    model = build(system.network, {**system.settings(), "draws": draws})
    model.set_weights(trained.get_weights())
    return model


def noise_width(system: System) -> int:
    """Standard normal numbers that a draw of its weights takes."""
    from astrogui.networks import shen_huerta

    return shen_huerta.noise_width(len(system.labels), int(system.config["dense"]))


def figures(truth: Floats, draws: Floats, labels: tuple[str, ...]) -> Measures:
    """Error, bias, width and coverage of posteriors (n, draws, labels) of truths (n, labels)."""
    median = np.median(draws, axis=1)
    low, high = np.quantile(draws, [0.05, 0.95], axis=1)
    rank = np.mean(draws < truth[:, None], axis=1)
    return {
        name: {
            **errors(truth[:, number], median[:, number]),
            "width_90": float(np.median(high[:, number] - low[:, number])),
            "inside": {
                f"{level:g}": float(np.mean(np.abs(rank[:, number] - 0.5) <= level / 2))
                for level in LEVELS
            },
        }
        for number, name in enumerate(labels)
    }


def errors(truth: Floats, value: Floats) -> dict[str, float]:
    """Root mean square and median of the error, and the mean of its share of the truth."""
    wrong = value - truth
    return {
        "rms": float(np.sqrt(np.mean(wrong**2))),
        "median_absolute": float(np.median(np.abs(wrong))),
        "mean_relative": float(np.mean(np.abs(wrong) / np.abs(truth))),
        "mean": float(np.mean(wrong)),
    }


def detected(score: Floats, quiet: Floats, false_share: float) -> float:
    """Share of scores above what so small a share of noise alone exceeds."""
    return float(np.mean(score > np.quantile(quiet, 1 - false_share)))


def filtered(strain: NDArray[np.float32], bank: NDArray[np.complex64]) -> Floats:
    """(n,) loudest network signal-to-noise ratio of windows (n, 1024, 2) over a bank's templates.

    Each detector's time and phase are its own, within ``LATEST_SAMPLES`` of the window's merger.
    """
    lags = range(-LATEST_SAMPLES, LATEST_SAMPLES + 1)
    shifted = np.stack([np.roll(bank.conj(), lag, axis=1) for lag in lags])
    flat = np.concatenate([shifted.real, shifted.imag]).reshape(-1, bank.shape[1]).T
    best = np.empty(len(strain))
    for first in range(0, len(strain), 64):
        rows = strain[first : first + 64].transpose(0, 2, 1)
        parts = (rows @ flat).reshape(len(rows), 2, 2, len(lags), len(bank))
        power = np.sum(parts**2, axis=2).max(axis=2)  # of a template at its best time
        best[first : first + 64] = np.sqrt(power.sum(axis=1).max(axis=1))
    return best


def examples(n: int, loudness: Floats, noise: Floats, seed: int) -> tuple[Arrays, Any]:
    """``n`` held-out windows and their binaries, optimal signal-to-noise ratios given (n,)."""
    rng = np.random.default_rng([seed, VALIDATION_STREAM])
    mergers = simulate_windows.binaries(n, rng)
    return {"strain": simulate_windows.windows(mergers, loudness, rng, noise)}, mergers
