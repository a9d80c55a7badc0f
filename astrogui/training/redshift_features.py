"""Simulated spectra as prepared arrays on disk, made in numbered blocks that can be resumed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.spectrum import Spectrum
from astrogui.science.redshift_scan import UNKNOWN, cell_of, sets_from_arrays
from astrogui.science.template_sums import TemplateSet
from astrogui.tasks.redshift import prepare_spectrum
from astrogui.training.recipe import Arrays, Progress
from astrogui.training.simulate_spectrum import (
    CLASSES,
    NOTHING,
    SURVEY,
    TRAINED,
    Simulated,
    simulate,
)
from astrogui.training.templates import Templates, data_folder, load_templates

LARGEST_BLOCK = 250
POPULATIONS = {item.name: item for item in (TRAINED, SURVEY, NOTHING)}
TRUTH = ("class_index", "cell", "redshift", "signal_to_noise")


def make_features(
    folder: Path,
    sets: dict[str, NDArray[Any]],
    count: int,
    seed: int,
    progress: Progress,
    population: str = TRAINED.name,
) -> Arrays:
    """Prepared arrays (float16, memory-mapped) and truth of ``count`` simulations, class first.

    Block k comes from the seed (seed, k) alone: the same whether made at once or resumed.
    ``population`` is "trained", "survey" or "nothing" (``simulate_spectrum``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = min(LARGEST_BLOCK, count)
    blocks = [(folder, sets, seed, k, size, population) for k in range(-(-count // size))]
    missing = [block for block in blocks if not _path(folder, block[3]).exists()]
    done = len(blocks) - len(missing)
    for _ in _mapped(missing):
        done += 1
        if done % 8 == 0 or done == len(blocks):
            progress(f"simulated {done * size} of {len(blocks) * size} spectra")
    return _joined(folder, len(blocks), size, count)


def example(simulated: Simulated, sets: tuple[TemplateSet, ...]) -> Arrays:
    """What one simulated spectrum becomes, through the same record and preparation as a file."""
    return prepare_spectrum(record_of(simulated), sets)


def record_of(simulated: Simulated) -> Spectrum:
    return Spectrum(
        wavelength_angstrom=simulated.wavelength_angstrom,
        flux=simulated.flux.astype(np.float32),
        ivar=simulated.ivar.astype(np.float32),
        mask=simulated.mask,
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
        noise_estimated=simulated.noise_estimated,
        object_id=f"{simulated.class_name} {simulated.kind}",
    )


def truth_of(simulated: Simulated) -> NDArray[np.float64]:
    """In the order of ``TRUTH``."""
    return np.array(
        [
            CLASSES.index(simulated.class_name),
            0 if simulated.class_name == UNKNOWN else cell_of(simulated.redshift),
            simulated.redshift,
            simulated.signal_to_noise,
        ]
    )


def _mapped(blocks: list[Any]) -> Iterator[None]:
    processes = min(len(blocks), os.cpu_count() or 1)
    if processes < 2:
        yield from map(_make_block, blocks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_make_block, blocks)


def _make_block(block: tuple[Path, dict[str, NDArray[Any]], int, int, int, str]) -> None:
    folder, arrays, seed, number, size, population = block
    templates: Templates = load_templates(data_folder() / "spectra" / "templates")
    sets = sets_from_arrays(arrays)
    rng = np.random.default_rng([seed, number])
    rows: list[Arrays] = []
    truth = []
    for _ in range(size):
        simulated = simulate(rng, templates, population=POPULATIONS[population])
        rows.append(example(simulated, sets))
        truth.append(truth_of(simulated))
    stacked: dict[str, Any] = {
        name: np.stack([row[name] for row in rows]).astype(np.float16) for name in rows[0]
    }
    part = _path(folder, number).with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, truth=np.stack(truth), **stacked)
    os.replace(part, _path(folder, number))


def _path(folder: Path, number: int) -> Path:
    return folder / f"block_{number:04d}.npz"


def _joined(folder: Path, blocks: int, size: int, count: int) -> Arrays:
    """All blocks as memory-mapped arrays, written once."""
    joined: Arrays = {}
    with np.load(_path(folder, 0)) as first:
        shapes = {name: (first[name].shape[1:], first[name].dtype) for name in first.files}
    for name, (shape, dtype) in shapes.items():
        path = folder / f"{name}_{blocks}.npy"
        if not path.exists():
            part = path.with_suffix(".part")
            whole = np.lib.format.open_memmap(
                part, mode="w+", dtype=dtype, shape=(blocks * size, *shape)
            )
            for number in range(blocks):
                with np.load(_path(folder, number)) as block:
                    whole[number * size : (number + 1) * size] = block[name]
            whole.flush()
            del whole
            os.replace(part, path)
        joined[name] = np.load(path, mmap_mode="r")[:count]
    return joined
