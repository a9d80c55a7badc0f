"""How the `bbh` network is made: mergers simulated, densities fitted, calibrated, measured."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import build
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.science import strain_features
from astrogui.science.binary_prior import CHIRP_MASS
from astrogui.science.matched_filter import Templates, ladder
from astrogui.science.multirate import gain
from astrogui.science.psd import Psd
from astrogui.training import bbh_card, score_bbh
from astrogui.training import simulate_strain as simulator
from astrogui.training.bbh_calibration import (
    jointly_covered,
    novelty_statistic,
    relative_weights,
    ringing_covered,
    spread_tables,
)
from astrogui.training.fit import Batch, FitSettings, array_batches, fit
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Arrays, Measures, Progress, Recipe, Run

NETWORK, MEMBER = "bbh:posterior_network", "bbh:density_network"
BATCH = 64  # events simulated at once
CHUNK = 16  # batches in a file
BANK_SPINS = (-0.4, 0.0, 0.4)
SEARCH_RATIOS, FIT_RATIOS = (0.7,), (0.7, 0.2)
FALSE_NOVELTY = 0.01
JITTER = (0.03, 0.15)  # of the features of the fits, and of the misfits by frequency
# Added to the seed: simulations that no training draws.
CALIBRATION_STREAMS, HELD_OUT_STREAM = (2_000, 3_000), 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated and how long it is fitted."""

    chunks: int
    validation: int  # events, of the last chunks
    # Batches of each calibration stream, whose fits start from the search's templates.
    searched: tuple[int, ...]
    held_out: int  # events, likewise
    epochs: int
    draws: int
    members: int
    width: int
    depth: int
    hidden: int
    bins: int
    at_once: int = BATCH  # events simulated together
    batch: int = 256
    max_seconds: float = float("inf")


FULL = Size(
    chunks=34, validation=3000, searched=(128, 79), held_out=5000, epochs=20, draws=3000, members=3,
    width=192, depth=3, hidden=64, bins=10, max_seconds=420.0,
)  # fmt: skip
QUICK = Size(
    chunks=1, validation=4, searched=(1,), held_out=8, epochs=2, draws=200, members=1,
    width=32, depth=1, hidden=16, bins=6, at_once=8, batch=8,
)  # fmt: skip


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/bbh``; simulations and each member's fit are kept and resumed."""
    size = QUICK if quick else FULL
    place = workdir / ("quick" if quick else "full")
    curves = simulator.noise_curves(bbh_card.data_folder())
    progress(f"simulating mergers with {len(curves)} noise curves")
    batches = 2 if quick else CHUNK
    events = load(place / "simulated", size.chunks, seed, batches, progress, count=size.at_once)
    config = network_config(size)
    weights, history = [], []
    for member in range(size.members):
        arrays, told = _member(member, size, seed, events, place, progress)
        weights += arrays
        history.append(told)
    model = build(NETWORK, config)
    model.set_weights(weights)
    count = len(events["weights"]) - size.validation
    card = bbh_card.draft(NETWORK, config, specs(config), seed, count, history)
    bank = fit_bank()
    parts = [
        load(place / f"searched_{stream}", files, seed + stream, 1, progress, bank, size.at_once)
        for stream, files in zip(CALIBRATION_STREAMS, size.searched, strict=False)
    ]
    searched = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    card, assets = calibrate(model, card, searched, progress)
    files = -(-size.held_out // size.at_once)
    held_out = load(
        place / "held_out", files, seed + HELD_OUT_STREAM, 1, progress, bank, size.at_once
    )
    held_out = {name: value[: size.held_out] for name, value in held_out.items()}
    progress("measuring on held-out simulations")
    run = CompiledRun(model, card, assets)
    scores, coverage = score_bbh.simulated_figures(run, held_out, seed)
    card = bbh_card.finished(card, scores, coverage, quick)
    golden = {
        "features": held_out["features"][:3],
        "noise": np.random.default_rng(seed).standard_normal((3, size.draws, 5), np.float32),
    }
    return write_model_folder(
        workdir / "bbh",
        card=card,
        model=model,
        golden_inputs=golden,
        assets=assets,
        readme=bbh_card.readme(card),
        progress=progress,
    )


def simulated(run: Run, n: int, seed: int) -> Measures:
    """Figures over ``n`` fresh simulations, never those trained on.

    Their fits are searched for as in real strain, which takes 0.15 s of one core for an event.
    """
    curves = simulator.noise_curves(bbh_card.data_folder())
    make = partial(_batch, curves=curves, bank=fit_bank())
    keys = [(seed, 0, index) for index in range(-(-n // BATCH))]
    with _workers(len(keys)) as run_all:
        parts = list(run_all(make, keys))
    events = {name: np.concatenate([p[name] for p in parts])[:n] for name in parts[0]}
    figures, _ = score_bbh.simulated_figures(run, events, seed)
    return figures


def network_config(size: Size) -> dict[str, Any]:
    """The arguments of the network's builder, plain values for the card."""
    return {
        "features": strain_features.SIZE,
        "draws": size.draws,
        "members": size.members,
        "width": size.width,
        "depth": size.depth,
        "hidden": size.hidden,
        "bins": size.bins,
    }


def load(
    place: Path,
    chunks: int,
    seed: int,
    batches: int,
    progress: Progress,
    bank: Templates | None = None,
    count: int = BATCH,
) -> Arrays:
    """The simulated events of a seed, those that are missing simulated on all processors.

    ``chunks`` files of so many batches of ``count``; with a bank the fits start from its templates.
    """
    place.mkdir(parents=True, exist_ok=True)
    paths = [place / f"{index:04d}.npz" for index in range(chunks)]
    curves = simulator.noise_curves(bbh_card.data_folder())
    make = partial(_batch, curves=curves, bank=bank, count=count)
    missing = [index for index, path in enumerate(paths) if not path.exists()]
    if missing:
        keys = [(seed, index, batch) for index in missing for batch in range(batches)]
        with _workers(len(keys)) as run_all:
            made = iter(run_all(make, keys))
            for index in missing:
                parts = list(islice(made, batches))
                arrays: dict[str, Any] = {
                    name: np.concatenate([p[name] for p in parts]) for name in parts[0]
                }
                part = place / f".{index:04d}.npz"
                np.savez(part, **arrays)
                os.replace(part, paths[index])
                progress(f"simulated {index + 1} of {chunks} files of {batches * count} mergers")
    loaded: list[Arrays] = []
    for path in paths:
        with np.load(path, allow_pickle=False) as kept:
            loaded.append({name: kept[name] for name in kept.files})
    return {name: np.concatenate([arrays[name] for arrays in loaded]) for name in loaded[0]}


@contextmanager
def _workers(count: int) -> Iterator[Callable[..., Iterator[Arrays]]]:
    """A ``map`` over all processors, or over this one where starting others would take longer."""
    from multiprocessing import get_context

    processors = os.cpu_count() or 1
    if count <= processors:
        yield map
        return
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _batch(
    key: tuple[int, int, int],
    curves: list[np.ndarray],
    bank: Templates | None = None,
    count: int = BATCH,
) -> Arrays:
    """One batch of events; its generator depends on (seed, chunk, batch) only."""
    seed, chunk, batch = key
    rng = np.random.default_rng([19 + seed, chunk, batch])
    return dict(simulator.simulate(count, rng, curves, bank)._asdict())


def _member(
    member: int, size: Size, seed: int, events: Arrays, place: Path, progress: Progress
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Weights of one member of the ensemble, fitted from its own start and order of examples.

    The last ``size.validation`` events choose the epoch.
    """
    progress(f"fitting member {member + 1} of {size.members}")
    names = ("features", "width", "depth", "hidden", "bins")
    model = build(MEMBER, {name: network_config(size)[name] for name in names})
    weights = relative_weights(events["weights"]).astype(np.float32)[:, None]
    inputs = {name: events[name] for name in ("features", "targets")}
    seen = {name: value[: -size.validation] for name, value in inputs.items()}
    judged = {name: value[-size.validation :] for name, value in inputs.items()}
    settings = FitSettings(
        epochs=size.epochs,
        steps=max(2, (len(weights) - size.validation) // size.batch),
        learning_rate=1.5e-3,
        weight_decay=1e-3,
        seed=10 * seed + member,
        max_seconds=size.max_seconds,
    )
    told = fit(
        model,
        surprise,
        array_batches(seen, weights[: -size.validation], size.batch, jittered),
        settings,
        place / f"member_{member}",
        progress,
        (judged, weights[-size.validation :]),
        validation_batch=256,
    )
    return model.get_weights(), told


def jittered(batch: Batch, rng: np.random.Generator) -> Batch:
    """A batch with a little noise on its features, so that no event is learned by heart."""
    inputs, targets = batch
    noise = rng.standard_normal(inputs["features"].shape, np.float32)
    noise[:, : strain_features.BLOCK_START] *= JITTER[0]
    noise[:, strain_features.BLOCK_START :] *= JITTER[1]
    return {**inputs, "features": inputs["features"] + noise}, targets


def surprise(weights: Any, log_density: Any) -> Any:
    """Weighted negative log density; what is quite impossible costs no more than 20."""
    from keras import ops

    return -weights * ops.logaddexp(log_density, ops.full_like(log_density, -20.0))


def calibrate(
    model: Any, card: ModelCard, searched: Arrays, progress: Progress
) -> tuple[ModelCard, Arrays]:
    """Spread factors, misfit limit, novelty statistic and the search's bank.

    The factors are those that events need whose fits were searched for as in real strain.
    """
    progress("calibrating")
    assets = search_banks()
    raw = score_bbh.raw_draws(CompiledRun(model, card, assets), searched["features"], 0)
    # A twentieth of the draws tells shares of thousands of events as well.
    few = raw[:, ::20]
    widened = jointly_covered(few, searched, spread_tables(raw, searched))
    widened = ringing_covered(few, searched, widened)
    residual = searched["loudness"][:, 2:]
    vector = np.concatenate([searched["features"], np.maximum(residual, 0.9)], axis=1)
    mean, whitening, threshold = novelty_statistic(vector, FALSE_NOVELTY)
    assets |= {"novelty_mean": mean, "novelty_whitening": whitening}
    card = dataclasses.replace(
        card,
        calibration={
            **{name: np.round(rows, 4).tolist() for name, rows in widened.items()},
            "misfit_limit": float(np.quantile(residual.max(axis=1), 0.998)) + 0.05,
        },
        novelty={**card.novelty, "threshold": threshold, "false_positives": FALSE_NOVELTY},
    )
    return card, assets


def search_banks() -> Arrays:
    """Templates of the search, and those that fits start from, for a schematic detector."""
    curve = simulator.noise_curves(None)[2]
    nominal = gain(Psd(simulator.PSD_GRID_HZ, np.exp(2 * curve) * 1e42, 99))
    arrays: Arrays = {}
    for name, ratios in (("bank", SEARCH_RATIOS), ("fit_bank", FIT_RATIOS)):
        families = [(ratio, spin) for ratio in ratios for spin in BANK_SPINS]
        ladders = [ladder(nominal, CHIRP_MASS, ratio, spin) for ratio, spin in families]
        sizes = [len(steps) for steps in ladders]
        bank = Templates(
            np.concatenate(ladders),
            np.repeat([ratio for ratio, _ in families], sizes),
            np.repeat([spin for _, spin in families], sizes),
        )
        for field, value in bank._asdict().items():
            arrays[f"{name}_{field}"] = value.astype(np.float32)
    return arrays


def fit_bank() -> Templates:
    """The templates that fits start from, as the model folder keeps them."""
    arrays = search_banks()
    return Templates(
        *(np.asarray(arrays[f"fit_bank_{field}"], np.float64) for field in Templates._fields)
    )


def specs(config: Mapping[str, Any]) -> dict[str, tuple[ArraySpec, ...]]:
    """The network's inputs and outputs for the card."""
    draws = (int(config["draws"]), 5)
    return {
        "inputs": (
            ArraySpec(
                name="features",
                shape=(strain_features.SIZE,),
                description="best fits at seven mass ratios: heights, places, curvatures; "
                "loudness, detectors' differences, misfit by frequency",
            ),
            ArraySpec(name="noise", shape=draws, description="standard normal deviates"),
        ),
        "outputs": (
            ArraySpec(
                name="draws",
                shape=draws,
                description="ln chirp mass (relative to the rough fit, in its standard "
                "deviations), mass ratio and spins as normal deviates of their priors, ln "
                "distance (relative to an overhead source)",
            ),
        ),
    }


RECIPE = Recipe(task="bbh", train=train, simulated=simulated, real=score_bbh.real)
