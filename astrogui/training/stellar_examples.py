"""Simulated stars as prepared arrays on disk, and their answers: blocks that can be resumed."""

from __future__ import annotations

import json
import multiprocessing
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.science import stellar_fit, stellar_spectrum
from astrogui.science.stellar_emulator import PIXEL_KM_S, emulator_from_arrays, pixel_shift
from astrogui.tasks.stellar_answer import (
    PARAMETERS,
    network_posterior,
    observed_record,
    refined_posterior,
)
from astrogui.tasks.task import Model, seeded
from astrogui.training.recipe import Arrays, Progress, Run
from astrogui.training.simulate_stellar import Simulated, simulate
from astrogui.training.stellar_source import load_source

BLOCK = 125
INPUTS = ("spectrum", "summary")
Block = tuple[Path, dict[str, NDArray[Any]], int, int, int]


def example(seed: int, number: int, source: Any) -> Simulated:
    """Simulation ``number`` of a stream: always the same, whichever is asked for first."""
    return simulate(np.random.default_rng([seed, number]), source)


def make_examples(
    folder: Path, assets: Mapping[str, NDArray[Any]], count: int, seed: int, progress: Progress
) -> Arrays:
    """Prepared arrays of ``count`` simulations: the network's inputs, ``shift``, ``truth``."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(value) for name, value in assets.items()}
    blocks = [
        (folder, arrays, seed, first, min(BLOCK, count - first)) for first in range(0, count, BLOCK)
    ]
    missing = [block for block in blocks if not _path(block).exists()]
    for done, _ in enumerate(mapped(_make_block, missing), start=len(blocks) - len(missing) + 1):
        if done % 8 == 0 or done == len(blocks):
            progress(f"simulated {done} of {len(blocks)} blocks of {BLOCK} spectra")
    kept: dict[str, list[NDArray[Any]]] = {}
    for block in blocks:
        with np.load(_path(block)) as found:
            for name in found.files:
                kept.setdefault(name, []).append(found[name])
    return {name: np.concatenate(pieces) for name, pieces in kept.items()}


def _make_block(block: Block) -> None:
    _, assets, seed, first, count = block
    source, emulator = load_source(), emulator_from_arrays(assets)
    rows: dict[str, list[Any]] = {name: [] for name in (*INPUTS, "shift", "truth")}
    for number in range(first, first + count):
        simulated = example(seed, number, source)
        found = stellar_spectrum.prepared(observed_record(simulated.record), emulator)
        rows["spectrum"].append(found.spectrum.astype(np.float16))
        rows["summary"].append(found.summary)
        rows["shift"].append(found.shift)
        rows["truth"].append(simulated.truth)
    part = _path(block).with_suffix(".part")
    with part.open("wb") as file:
        arrays: dict[str, Any] = {name: np.array(values) for name, values in rows.items()}
        np.savez(file, **arrays)
    os.replace(part, _path(block))


def answers(
    run: Run,
    data: Arrays,
    seed: int,
    progress: Progress = lambda words: None,
    folder: Path | None = None,
) -> Arrays:
    """What the task answers about the examples of a stream, (n, ...): see ``_answered``.

    Blocks are kept in ``folder``, if given, and not computed again for the same network.
    """
    model = Model(card=run.card, assets=run.assets)
    config = run.card.network_config
    uniform = seeded(model, "stellar", "dropout").random(
        (config["draws"], config["width"]), np.float32
    )
    pieces: list[Any] = []
    for first in range(0, len(data["truth"]), BLOCK):
        rows = slice(first, first + BLOCK)
        inputs = {name: np.asarray(data[name][rows], np.float32) for name in INPUTS}
        count = len(inputs["summary"])
        outputs = run({**inputs, "uniform": np.repeat(uniform[None], count, axis=0)})
        told = {
            "answers": np.asarray(outputs["answers"]),
            "features": np.asarray(outputs["features"]),
            "summary": inputs["summary"],
            "shift": np.asarray(data["shift"][rows]),
        }
        path = None if folder is None else folder / _answer_name(model, seed, first, told)
        pieces.append((model.card, _plain(run.assets), seed, first, told, path))
    kept: dict[str, list[NDArray[Any]]] = {}
    for done, piece in enumerate(mapped(_answer_block, pieces), start=1):
        for name, values in piece.items():
            kept.setdefault(name, []).append(values)
        if done % 8 == 0 or done == len(pieces):
            progress(f"fitted {done} of {len(pieces)} blocks of {BLOCK} spectra")
    return {name: np.concatenate(values) for name, values in kept.items()}


def _answer_block(piece: tuple[Any, ...]) -> Arrays:
    card, assets, seed, first, told, path = piece
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    model, source = Model(card=card, assets=assets), load_source()
    rows = [
        _answered(
            example(seed, first + row, source),
            {name: values[row] for name, values in told.items()},
            source,
            model,
        )
        for row in range(len(told["summary"]))
    ]
    found: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    if path is not None:
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **found)
        os.replace(part, path)
    return found


def _answer_name(model: Model, seed: int, first: int, told: Arrays) -> str:
    """A name that changes with the network's answers and the calibration."""
    words = json.dumps([model.card.calibration, model.card.novelty]).encode()
    mark = zlib.crc32(np.ascontiguousarray(told["answers"]).tobytes(), zlib.crc32(words))
    return f"answers_{seed}_{first:06d}_{len(told['summary'])}_{mark:08x}.npz"


def _answered(simulated: Simulated, told: Arrays, source: Any, model: Model) -> dict[str, Any]:
    """Truth, bound and both answers about one simulation.

    ``quantiles`` and ``network_quantiles`` (6, levels), ``value`` (6,), ``bound`` (6,) the
    Cramér-Rao standard deviations, ``reduced`` chi-square and its ``excess``, ``novelty`` and
    ``network_novelty``.
    """
    record = simulated.record
    first = network_posterior(
        told["answers"], told["features"], told["summary"], float(told["shift"]), record, model
    )
    better = refined_posterior(record, Place(label=""), first, model, lambda part: None) or first
    return {
        "truth": simulated.truth,
        "signal_to_noise": simulated.signal_to_noise,
        "bound": bound(simulated, source),
        "value": _values(better),
        "quantiles": better.quantiles,
        "network_value": _values(first),
        "network_quantiles": first.quantiles,
        "reduced": _number(better.extras["reduced_chi_square"]),
        "excess": _number(better.extras["chi_square_excess"]),
        "novelty": better.novelty,
        "network_novelty": first.novelty,
        "flags": int(better.flags),
    }


def bound(simulated: Simulated, source: Any) -> NDArray[np.float64]:
    """Cramér-Rao standard deviations (6,), km/s for the velocity, for this very spectrum.

    Of the source's own spectrum at the true labels, with the noise that was added; velocity and
    continuum are unknown too. Without the prior's bounds.
    """
    velocity = simulated.velocity_km_s
    place = np.append(simulated.labels, pixel_shift(velocity))
    matrix = stellar_fit.information(simulated.noise_free, simulated.true_ivar, source, place)
    scale = stellar_fit.SCALES
    inverse = np.linalg.inv(matrix * scale[:, None] * scale) * scale[:, None] * scale
    deviations = np.sqrt(np.diag(inverse))
    return np.asarray(np.append(deviations[:-1], deviations[-1] * PIXEL_KM_S))


def mapped(function: Callable[[Any], Any], items: list[Any]) -> Iterator[Any]:
    """In order, in as many processes as there are cores."""
    processes = min(len(items), os.cpu_count() or 1)
    if processes < 2:
        yield from map(function, items)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(function, items)


def _values(posterior: Posterior) -> list[float]:
    return [posterior.value(parameter.name) for parameter in PARAMETERS]


def _number(value: object) -> float:
    return value if isinstance(value, float) else float("nan")


def _plain(assets: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(value) for name, value in assets.items()}


def _path(block: Block) -> Path:
    folder, _, seed, first, count = block
    return folder / f"block_{seed}_{first:06d}_{count}.npz"
