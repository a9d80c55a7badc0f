"""How the `bbh` network is made: mergers simulated, densities fitted, calibrated, measured.

Each member of the ensemble starts on many mergers whose fits begin near the truth, which is cheap
and teaches what a signal looks like, and is then tuned on fewer whose fits are searched for as in
real strain: only there does it meet fits that are noise's own.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
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
from astrogui.training.bbh_calibration import novelty_statistic, ranked, tilt_table
from astrogui.training.bbh_members import AT_ONCE, Size, network_config, started, together, tuned
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.recipe import Arrays, Measures, Progress, Recipe, Run
from astrogui.training.strain_population import Kind

NETWORK = "bbh:posterior_network"
CHUNK, LOUD_CHUNK = 16, 8  # batches in a file
BANK_SPINS = (-0.4, 0.0, 0.4)
SEARCH_RATIOS, FIT_RATIOS = (0.7,), (0.7, 0.2)
FALSE_NOVELTY, FALSE_GLITCH = 0.01, 0.001
RANK_DRAWS = 600  # of an event, among which the truth's rank is counted
# Added to the seed: simulations that no training draws.
CALIBRATION_STREAM, TUNING_STREAM, LOUD_STREAM, HELD_OUT_STREAM = 2_000, 7_000, 8_000, 11_000
EVALUATION_STREAM = 20_000
# Held out while the calibration was designed, looked at, and part of it since.
LOOKED_AT_STREAMS = (5_000, 6_000, 9_000, 10_000)


FULL = Size(
    chunks=34, validation=3000, loud=26, tuning=320, judging=16, searched=256,
    looked_at=(32, 32, 32, 56), held_out=7168, of_prior=2000, epochs=20, tuned_epochs=20,
    draws=3000, members=3, width=192, depth=3, hidden=64, bins=10, max_seconds=420.0,
)  # fmt: skip
QUICK = Size(
    chunks=1, validation=4, loud=1, tuning=2, judging=1, searched=1, looked_at=(1, 1, 1, 1),
    held_out=8, of_prior=8, epochs=2, tuned_epochs=2, draws=200, members=1, width=32, depth=1,
    hidden=16, bins=6, at_once=8, batch=8,
)  # fmt: skip


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/bbh``; simulations and each member's fit are kept and resumed."""
    size = QUICK if quick else FULL
    place = workdir / ("quick" if quick else "full")
    curves = simulator.noise_curves(bbh_card.data_folder())
    progress(f"simulating mergers with {len(curves)} noise curves")
    batches = 2 if quick else CHUNK
    events = load(place / "simulated", size.chunks, seed, batches, progress, count=size.at_once)
    bank = fit_bank()

    def searched(name: str, stream: int, files: int) -> Arrays:
        return load(place / name, files, seed + stream, 1, progress, bank, size.at_once)

    near = load(
        place / "loud",
        size.loud,
        seed + LOUD_STREAM,
        LOUD_CHUNK,
        progress,
        None,
        size.at_once,
        Kind.LOUD,
    )
    tuning = together(near, searched("tuning", TUNING_STREAM, size.tuning))
    config = network_config(size)
    weights, history = [], []
    for member in range(size.members):
        arrays, told = started(member, size, seed, events, place, progress)
        arrays, later = tuned(member, size, seed, arrays, tuning, place, progress)
        weights += arrays
        history += [told, later]
    model = build(NETWORK, config)
    model.set_weights(weights)
    count = len(events["weights"]) - size.validation
    tuned_on = len(tuning["relative"]) - size.judging * size.at_once
    card = bbh_card.draft(NETWORK, config, specs(config), seed, (count, tuned_on), history)
    parts = [searched("searched", CALIBRATION_STREAM, size.searched)]
    for stream, files in zip(LOOKED_AT_STREAMS, size.looked_at, strict=True):
        parts.append(searched(f"looked_at_{stream}", stream, files))
    calibrating = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    card, assets = calibrate(model, card, calibrating, progress)
    held_out = searched("held_out", HELD_OUT_STREAM, -(-size.held_out // size.at_once))
    held_out = {name: value[: size.held_out] for name, value in held_out.items()}
    progress("measuring on held-out simulations")
    run = CompiledRun(model, card, assets)
    scores, coverage = score_bbh.simulated_figures(run, held_out, seed)
    scores[bbh_card.FROM_PRIOR] = simulated(run, size.of_prior, seed, place)
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


def simulated(run: Run, n: int, seed: int, kept: Path | None = None) -> Measures:
    """Figures over ``n`` fresh mergers drawn from the prior itself, never those trained on.

    Their fits are searched for as in real strain, which takes 0.12 s of one core for an event.
    They are kept in files of 64 below the folder ``kept``, where it is given: a further call, or
    one for more of them, simulates what is missing.
    """
    with ExitStack() as stack:
        place = kept or Path(stack.enter_context(TemporaryDirectory()))
        files = -(-n // AT_ONCE)
        events = load(
            place / f"bbh-{seed}", files, seed + EVALUATION_STREAM, 1, print, fit_bank(),
            kind=Kind.PRIOR,
        )  # fmt: skip
    figures, _ = score_bbh.simulated_figures(
        run, {name: value[:n] for name, value in events.items()}, seed
    )
    return figures


def load(
    place: Path,
    chunks: int,
    seed: int,
    batches: int,
    progress: Progress,
    bank: Templates | None = None,
    count: int = AT_ONCE,
    kind: Kind | None = None,
) -> Arrays:
    """The simulated events of a seed, those that are missing simulated on all processors.

    ``chunks`` files of so many batches of ``count``; with a bank the fits start from its templates.
    """
    place.mkdir(parents=True, exist_ok=True)
    paths = [place / f"{index:04d}.npz" for index in range(chunks)]
    curves = simulator.noise_curves(bbh_card.data_folder())
    make = partial(_batch, curves=curves, bank=bank, count=count, kind=kind)
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
    count: int = AT_ONCE,
    kind: Kind | None = None,
) -> Arrays:
    """One batch of events; its generator depends on (seed, chunk, batch) only."""
    seed, chunk, batch = key
    rng = np.random.default_rng([19 + seed, chunk, batch])
    return dict(simulator.simulate(count, rng, curves, bank, kind)._asdict())


def calibrate(
    model: Any, card: ModelCard, searched: Arrays, progress: Progress
) -> tuple[ModelCard, Arrays]:
    """The draws' tilt, the misfit limit, the novelty statistic and the search's bank.

    The tilt is what events need whose fits were searched for as in real strain.
    """
    progress("calibrating")
    assets = search_banks()
    raw = _few_draws(model, card, searched["features"])
    tilt = tilt_table(ranked(raw, searched, stride=3))
    residual = searched["loudness"][:, 2:]
    vector = np.concatenate([searched["features"], np.maximum(residual, 0.9)], axis=1)
    mean, whitening, threshold = novelty_statistic(vector, FALSE_NOVELTY)
    assets |= {"novelty_mean": mean, "novelty_whitening": whitening}
    card = dataclasses.replace(
        card,
        calibration={
            "tilt": np.round(tilt, 4).tolist(),
            "misfit_limit": float(np.quantile(residual.max(axis=1), 1 - FALSE_GLITCH)) + 0.05,
        },
        novelty={**card.novelty, "threshold": threshold, "false_positives": FALSE_NOVELTY},
    )
    return card, assets


def _few_draws(model: Any, card: ModelCard, features: np.ndarray) -> np.ndarray:
    """(n, draws, 5) fewer draws than an answer has, of all members; they tell ranks as well."""
    few = min(int(card.network_config["draws"]), RANK_DRAWS)
    config = {**card.network_config, "draws": few}
    same = build(NETWORK, config)
    same.set_weights(model.get_weights())
    run = CompiledRun(same, dataclasses.replace(card, network_config=config), {})
    return score_bbh.raw_draws(run, features, 0)


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
                "deviations, logarithmic beyond two), mass ratio and spins as normal deviates of "
                "their priors, ln distance (relative to an overhead source)",
            ),
        ),
    }


RECIPE = Recipe(task="bbh", train=train, simulated=simulated, real=score_bbh.real, keeps=True)
