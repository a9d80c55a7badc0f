"""One row of the comparison of redshift classifiers: trained, tried on held-out spectra, kept."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.near_infrared import (
    CELLS,
    CLASS_WIDTH,
    CLASSES,
    PIXELS,
    class_cells,
    feature_offsets,
)
from astrogui.training.recipe import Measures, Progress
from astrogui.training.simulate_euclid import (
    TEST,
    TRAIN,
    VALIDATION,
    Library,
    comparison_examples,
)

METHODS = {
    "1 convolution": "one convolution layer and a dense layer",
    "3 convolutions": "three convolution layers and a dense layer",
    "shift network": "three convolutions, every redshift judged by the same weights",
    "nearest neighbours": "the class of most of the 5 nearest spectra, by distance",
    "random forest": "12 trees of at most 25 levels, Gini impurity",
    "linear support-vector machine": "multi-class hinge loss on the pixels",
}
CLASSICAL = ("nearest neighbours", "random forest", "linear support-vector machine")
CATASTROPHIC = 0.01  # |dz| / (1 + z)
BATCH = 256
EPOCHS = 10
LARGEST_KEPT = 100_000  # from here on every spectrum is new and seen once
DENSITY_BINS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is trained on how many spectra of which kind."""

    method: str
    examples: int
    noisy: bool

    @property
    def key(self) -> str:
        words = self.method.replace(" ", "_").replace("-", "_")
        return f"{words}_{self.examples}_{'noisy' if self.noisy else 'clean'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The same for every row of one table."""

    test: int = 5000
    validation: int = 2000
    passes: int = 5  # over a set that is kept; a larger one is seen once
    trees: int = 12
    seed: int = 1


def made(
    row: Row,
    setting: Setting,
    galaxies: Callable[[], Library],
    folder: Path,
    progress: Progress,
) -> Measures:
    """The figures of a row; kept in ``folder``, and not made twice.

    ``galaxies`` gives the library, as seen by the comparison; asked only where a row is made.
    """
    path = folder / f"{row.key}.json"
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    progress(f"{row.key}: training")
    folder.mkdir(parents=True, exist_ok=True)
    library = galaxies()
    flux, truth, redshift = examples(library, TEST, setting.test, row.noisy, setting.seed, 3)
    started = time.monotonic()
    predicted, told = _answers(row, setting, library, folder, flux, progress)
    figures = {
        **asdict(row),
        **scores(predicted, truth, redshift),
        "seconds": round(told.pop("seconds", time.monotonic() - started), 1),
        **told,
        "setting": asdict(setting),
        "density": density(predicted, redshift).tolist(),
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps(figures), encoding="utf-8")
    os.replace(part, path)
    progress(f"{row.key}: exact class {figures['exact']:.3f} in {figures['seconds']:.0f} s")
    return figures


def examples(
    library: Library, share: tuple[float, float], count: int, noisy: bool, seed: int, stream: int
) -> tuple[NDArray[np.float16], NDArray[np.int64], NDArray[np.float64]]:
    """``count`` spectra from a share of the galaxies: flux (n, PIXELS), class, redshift."""
    part = library.part(*share)
    rng = np.random.default_rng([seed, stream])
    pieces = [
        comparison_examples(part, rng, min(1000, count - start), noisy)
        for start in range(0, count, 1000)
    ]
    flux, truth, redshift = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    return flux.astype(np.float16), truth, redshift


def scores(
    predicted: NDArray[np.int64], truth: NDArray[np.int64], redshift: NDArray[np.float64]
) -> Measures:
    """Shares of the test spectra; ``predicted`` and ``truth`` are classes."""
    apart = np.abs(predicted - truth)
    offset = np.abs(1 + CLASS_WIDTH * (predicted + 0.5) - redshift) / (1 + redshift)
    return {
        "n": len(truth),
        "exact": float(np.mean(apart == 0)),
        "within_1": float(np.mean(apart <= 1)),
        "within_5": float(np.mean(apart <= 5)),
        "catastrophic": float(np.mean(offset > CATASTROPHIC)),
    }


def density(predicted: NDArray[np.int64], redshift: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts (true, predicted) in bins of 0.01 over 1 to 1.8."""
    edges = np.linspace(1.0, 1.8, DENSITY_BINS + 1)
    told = 1 + CLASS_WIDTH * (predicted + 0.5)
    return np.histogram2d(redshift, told, bins=(edges, edges))[0].astype(np.int64)


def _answers(
    row: Row, setting: Setting, library: Library, folder: Path, flux: NDArray, progress: Progress
) -> tuple[NDArray[np.int64], Measures]:
    if row.method == "nearest neighbours":
        return _neighbours(row, setting, library, flux)
    if row.method == "random forest":
        return _forest(row, setting, library, flux)
    return _network(row, setting, library, folder, flux, progress)


def _training_set(row: Row, setting: Setting, library: Library) -> tuple[NDArray, NDArray]:
    flux, truth, _ = examples(library, TRAIN, row.examples, row.noisy, setting.seed, 1)
    return flux, truth


def _neighbours(
    row: Row, setting: Setting, library: Library, flux: NDArray
) -> tuple[NDArray[np.int64], Measures]:
    from sklearn.neighbors import KNeighborsClassifier

    known, truth = _training_set(row, setting, library)
    started = time.monotonic()
    classifier = KNeighborsClassifier(n_neighbors=5, weights="distance", algorithm="brute")
    classifier.fit(known.astype(np.float32), truth)
    fitted = time.monotonic()
    blocks = [classifier.predict(flux[k : k + 500].astype("f4")) for k in range(0, len(flux), 500)]
    answering = time.monotonic() - fitted
    return np.concatenate(blocks), {"seconds": fitted - started, "answering_seconds": answering}


def _forest(
    row: Row, setting: Setting, library: Library, flux: NDArray
) -> tuple[NDArray[np.int64], Measures]:
    from sklearn.ensemble import RandomForestClassifier

    known, truth = _training_set(row, setting, library)
    classifier = RandomForestClassifier(
        n_estimators=setting.trees, max_depth=25, max_features="sqrt", max_samples=0.25,
        min_samples_leaf=1, n_jobs=1, random_state=setting.seed,
    )  # fmt: skip
    started = time.monotonic()
    classifier.fit(known.astype(np.float32), truth)
    seconds = time.monotonic() - started
    blocks = [classifier.predict(flux[k : k + 500].astype("f4")) for k in range(0, len(flux), 500)]
    return np.concatenate(blocks), {"seconds": seconds}


def _network(
    row: Row, setting: Setting, library: Library, folder: Path, flux: NDArray, progress: Progress
) -> tuple[NDArray[np.int64], Measures]:
    from astrogui.networks.builder import build
    from astrogui.networks.redshift_euclid import ClassLoss, MarginLoss
    from astrogui.training.fit import Batch, Draw, FitSettings, array_batches, fit
    from astrogui.training.package import CompiledRun

    name, config = network_of(row.method)
    model = build(name, config)
    output = model.output_names[0] if isinstance(model.output, list) else next(iter(model.output))
    linear = output == "scores"
    loss = {output: MarginLoss() if linear else ClassLoss()}

    def as_batch(spectra: NDArray, truth: NDArray) -> Batch:
        return (
            {"flux": np.asarray(spectra, np.float32)[..., None]},
            {output: np.asarray(truth, np.float32)[:, None]},
        )

    draw: Draw
    if row.examples <= LARGEST_KEPT:
        inputs, targets = as_batch(*_training_set(row, setting, library))
        draw = array_batches(inputs, targets, min(BATCH, row.examples))
    else:
        part = library.part(*TRAIN)

        def draw(rng: np.random.Generator) -> Batch:
            return as_batch(*comparison_examples(part, rng, BATCH, row.noisy)[:2])

    judged = examples(library, VALIDATION, setting.validation, row.noisy, setting.seed, 2)
    passes = setting.passes if row.examples <= LARGEST_KEPT else 1
    settings = FitSettings(
        epochs=EPOCHS,
        steps=max(1, round(passes * row.examples / BATCH / EPOCHS)),
        learning_rate=3e-3 if row.method == "shift network" else 1.5e-3,
        weight_decay=0.03 if linear else 1e-3,
        seed=setting.seed,
    )
    history = fit(model, loss, draw, settings, folder / row.key, progress, as_batch(*judged[:2]))
    run = CompiledRun(model, None, {}, batch=250)  # type: ignore[arg-type]
    scored = [
        np.argmax(
            run({"flux": flux[k : k + 1000, :, None]})[output].reshape(
                len(flux[k : k + 1000]), CLASSES
            ),
            axis=1,
        )
        for k in range(0, len(flux), 1000)
    ]
    told = {
        "seconds": history["seconds"],
        "seen": settings.epochs * settings.steps * BATCH,
        "weights": int(model.count_params()),
        "best_epoch": history["best_epoch"] + 1,
        "backend": history["backend"],
    }
    return np.concatenate(scored), told


def network_of(method: str) -> tuple[str, dict[str, Any]]:
    """The builder's name and its arguments for a network of METHODS."""
    depth = {"1 convolution": 1, "3 convolutions": 3, "linear support-vector machine": 0}
    if method in depth:
        config = {"depth": depth[method], "pixels": PIXELS, "classes": CLASSES}
        return "redshift_euclid:convolutional", config
    if method != "shift network":
        raise ValueError(f"{method!r} is no network of {', '.join(METHODS)}")
    return "redshift_euclid:shifted", {
        "pixels": PIXELS,
        "channels": 1,
        "cells": CELLS,
        "offsets": list(feature_offsets()),
        "places": class_cells().tolist(),
    }


def planned(examples_asked: Sequence[int], methods: Sequence[str]) -> list[Row]:
    """The rows of a table: networks at every number of spectra, the others at the first."""
    rows = []
    for count in sorted(examples_asked):
        for noisy in (False, True):
            for method in methods:
                if method not in CLASSICAL or count == min(examples_asked):
                    rows.append(Row(method=method, examples=count, noisy=noisy))
    return rows
