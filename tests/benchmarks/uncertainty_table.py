"""What each way of stating uncertainty gives, on two regressions: the table of the user guide.

    python tests/benchmarks/uncertainty_table.py            # both tasks, Markdown
    python tests/benchmarks/uncertainty_table.py sine       # one of them

The second task needs the emulator `spectra/apogee/NN_normalized_spectra.npz` of the real data
(ASTROGUI_DATA, or ../shared/data). Seeds are fixed; the seconds are of the machine at hand.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402

from astrogui.networks.builder import assign_weights, build, weight_arrays  # noqa: E402
from astrogui.networks.losses import GaussianLikelihood  # noqa: E402
from astrogui.networks.regression import noise_width  # noqa: E402
from astrogui.records.interval import split_variance  # noqa: E402
from astrogui.science.conformal import central_bounds, central_levels  # noqa: E402
from astrogui.science.normal_mixture import (  # noqa: E402
    crps,
    cumulative,
    log_density,
    quantiles,
)
from astrogui.training.fit import FitSettings, array_batches, fit  # noqa: E402

LEVELS = np.array([0.5, 0.68, 0.9, 0.95])
NETWORK = "regression:network"
DRAWS, MEMBERS, BATCH = 32, 5, 128
SINE_NOISE = 0.1
PIXELS = slice(3000, 3320)  # a stretch of the H band, 1.590-1.597 µm
LOW = np.array([4800.0, 4.0, -0.6])  # Teff (K), log g (dex), [Fe/H] (dex) of the training
HIGH = np.array([6200.0, 5.0, 0.3])

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Examples by part; labels are scaled to order one, ``unit`` is what one of them is."""

    title: str
    train: Pair
    chosen: Pair  # for choosing the epoch
    held: Pair  # for conformal intervals
    test: Pair
    outside: Pair
    unit: float
    unit_name: str
    shape: dict[str, Any]
    narrow: tuple[int, ...]  # widths for flipout: its divergence counts every weight there is
    uncertain: dict[str, dict[str, Any]]
    epochs: int
    steps: int
    learning_rate: float

    def config(self, method: str) -> dict[str, Any]:
        config: dict[str, Any] = {**self.shape, "method": method}
        if method == "flipout":
            config["widths"] = list(self.narrow)
        if method != "plain":
            settings = {**self.uncertain[method], "data_size": len(self.train[0])}
            config["uncertain"] = settings
        return config


def sine(rng: np.random.Generator) -> Problem:
    """y = sin x + noise on 1.5 < |x| < 5; outside are the gap between and 5 < |x| < 6.5."""

    def part(count: int, outside: bool = False) -> Pair:
        x = rng.uniform(1.5, 5.0, count) * rng.choice([-1, 1], count)
        if outside:
            beyond = rng.uniform(5.0, 6.5, count) * rng.choice([-1, 1], count)
            x = np.where(rng.random(count) < 0.5, beyond, rng.uniform(-1.2, 1.2, count))
        y = np.sin(x) + SINE_NOISE * rng.normal(size=count)
        return x[:, None].astype(np.float32), y[:, None].astype(np.float32)

    return Problem(
        title="sin x, 400 examples, noise 0.1",
        train=part(400),
        chosen=part(200),
        held=part(400),
        test=part(4000),
        outside=part(2000, outside=True),
        unit=1.0,
        unit_name="",
        shape={"features": 1, "labels": 1, "widths": [128, 128]},
        narrow=(16, 16),
        uncertain={
            "concrete": {"length_scale": 1e-2},
            "flipout": {"prior_scale": 1.0, "initial_scale": 0.02, "anneal_steps": 3000},
        },
        epochs=30,
        steps=100,
        learning_rate=1e-2,
    )


def spectra(rng: np.random.Generator) -> Problem:
    """Teff from 320 pixels of emulated dwarfs, S/N 20 to 200; outside are cooler and hotter."""
    folder = Path(os.environ.get("ASTROGUI_DATA", ROOT.parent / "shared" / "data"))
    with np.load(folder / "spectra/apogee/NN_normalized_spectra.npz") as file:
        net = {name: file[name] for name in file.files}

    def part(count: int, outside: bool = False) -> Pair:
        labels = rng.uniform(LOW, HIGH, (count, 3))
        if outside:
            cool = rng.random(count) < 0.5
            labels[:, 0] = np.where(
                cool, rng.uniform(4250, 4600, count), rng.uniform(6400, 6900, count)
            )
        full = np.column_stack([labels, np.zeros(count), np.full(count, 5.0)])
        flux = emulated(net, full)
        signal_to_noise = np.exp(rng.uniform(np.log(20), np.log(200), (count, 1)))
        flux = flux + rng.normal(size=flux.shape) / signal_to_noise
        scaled = (labels - 0.5 * (LOW + HIGH)) / (0.5 * (HIGH - LOW))
        return ((flux - 0.95) / 0.1).astype(np.float32), scaled.astype(np.float32)

    return Problem(
        title="Teff from 320 pixels of an emulated H band, 3000 examples, S/N 20-200",
        train=part(3000),
        chosen=part(500),
        held=part(1000),
        test=part(4000),
        outside=part(2000, outside=True),
        unit=float(0.5 * (HIGH - LOW)[0]),
        unit_name=" (K)",
        shape={
            "features": 320,
            "labels": 3,
            "filters": [8, 16],
            "kernel_size": 7,
            "widths": [64],
        },
        narrow=(64,),
        uncertain={
            "concrete": {"length_scale": 1e-2},
            "flipout": {"prior_scale": 1.0, "initial_scale": 0.02, "anneal_steps": 1000},
        },
        epochs=25,
        steps=46,
        learning_rate=3e-3,
    )


def emulated(net: dict[str, np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Normalised flux (n, pixels): five sigmoid neurons a pixel over five scaled labels."""
    scaled = (labels - net["x_min"]) / (net["x_max"] - net["x_min"]) - 0.5
    inner = np.einsum("pij,nj->npi", net["w_array_0"][PIXELS], scaled) + net["b_array_0"][PIXELS]
    outer = np.einsum("pi,npi->np", net["w_array_1"][PIXELS], 1 / (1 + np.exp(-inner)))
    return np.asarray(outer + net["b_array_1"][PIXELS])


@dataclass
class Method:
    """A trained answer: densities (members or draws, n) of the first label, and what it cost."""

    name: str
    model: Any
    noise: tuple[str, int] | None
    seconds: float

    def answer(self, features: np.ndarray) -> Pair:
        """Means and standard deviations (members or draws, n) of the first label."""
        given = {"features": features}
        if self.noise:
            method, width = self.noise
            rng = np.random.default_rng(11)
            size = (len(features), DRAWS, width)
            drawn = rng.random(size) if method == "concrete" else rng.normal(size=size)
            given["noise"] = drawn.astype(np.float32)
        density = self.model.predict(given, batch_size=256, verbose=0)["density"][..., 0, :]
        density = density[:, None] if density.ndim == 2 else density
        return density[..., 0].T.astype(np.float64), density[..., 1].T.astype(np.float64)

    def milliseconds(self, features: np.ndarray) -> float:
        """Of 1000 answers, noise included; the best of three after a first."""
        self.answer(features)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            self.answer(features)
            times.append(time.perf_counter() - began)
        return 1e6 * min(times) / len(features)


def trained(problem: Problem, name: str, method: str, members: int = 1) -> Method:
    keras.utils.set_random_seed(5)
    config = problem.config(method)
    network, settings = NETWORK, config
    if members > 1:
        network = "ensemble:ensemble"
        settings = {"network": NETWORK, "config": config, "members": members}
    model = build(network, settings)
    # Flipout's gradients are the noisiest: it is given twice the time.
    epochs = problem.epochs * (2 if method == "flipout" else 1)
    schedule = FitSettings(
        epochs=epochs,
        steps=problem.steps,
        learning_rate=problem.learning_rate,
        weight_decay=1e-4 if method == "plain" else 0.0,
        clip_norm=10.0,
        seed=3,
        judged_from=0 if method == "plain" else epochs // 2,
    )
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        fit(
            model,
            {"density": GaussianLikelihood()},
            array_batches({"features": problem.train[0]}, {"density": problem.train[1]}, BATCH),
            schedule,
            Path(place),
            lambda words: None,
            ({"features": problem.chosen[0]}, {"density": problem.chosen[1]}),
        )
    seconds = time.perf_counter() - began
    if method == "plain":
        return Method(name, model, None, seconds)
    drawing = build(NETWORK, {**config, "draws": DRAWS})
    assign_weights(drawing, weight_arrays(model))
    parts = {name: config[name] for name in ("features", "labels", "widths")}
    width = noise_width(**parts, method=method, filters=config.get("filters", ()))
    return Method(name, drawing, (method, width), seconds)


def covered(answer: Pair, truth: np.ndarray, stated: np.ndarray) -> np.ndarray:
    """Share of truths inside the central intervals of the stated probabilities, (levels,)."""
    place = np.abs(2 * cumulative(*answer, truth) - 1)
    return np.array([np.mean(place <= level) for level in stated])


def row(problem: Problem, method: Method, conformal: bool = False) -> str:
    truth, beyond = problem.test[1][:, 0], problem.outside[1][:, 0]
    inside, outside = method.answer(problem.test[0]), method.answer(problem.outside[0])
    stated, name = LEVELS, method.name
    score = -np.mean(log_density(*inside, truth)) + np.log(problem.unit)
    nll, ranked = f"{score:.3f}", f"{np.mean(crps(*inside, truth)) * problem.unit:.3g}"
    if conformal:
        held = cumulative(*method.answer(problem.held[0]), problem.held[1][:, 0])
        stated, name, nll = central_levels(held, LEVELS), f"{name} + conformal", "–"
        ranked = f"{conformed_score(inside, truth, held) * problem.unit:.3g}"
    _, epistemic = split_variance(inside[0], inside[1] ** 2)
    _, epistemic_out = split_variance(outside[0], outside[1] ** 2)
    growth = "–" if len(inside[0]) == 1 else f"{growth_of(epistemic, epistemic_out):.1f}"
    cells = [
        name,
        nll,
        " / ".join(f"{100 * share:.1f}" for share in covered(inside, truth, stated)),
        ranked,
        f"{method.seconds:.0f}",
        f"{method.milliseconds(problem.test[0]):.0f}",
        f"{100 * covered(outside, beyond, stated)[2]:.0f}",
        growth,
    ]
    return "| " + " | ".join(cells) + " |"


def growth_of(inside: np.ndarray, outside: np.ndarray) -> float:
    return float(np.median(outside) / np.median(inside))


def conformed_score(answer: Pair, truth: np.ndarray, held: np.ndarray) -> float:
    """Ranked probability score of conformal quantiles: the mean pinball loss over levels, twice."""
    wanted = np.arange(0.02, 1.0, 0.02)
    bounds = central_bounds(central_levels(held, wanted))
    asked = np.stack([0.5 - 0.5 * wanted, 0.5 + 0.5 * wanted])
    total = 0.0
    for level, place in zip(asked.ravel(), bounds.ravel(), strict=True):
        value = quantiles(*answer, np.array([np.clip(place, 1e-6, 1 - 1e-6)]))[0]
        total += np.mean((truth - value) * (level - (truth < value)))
    return 2 * total / asked.size


def table(problem: Problem) -> str:
    methods = [
        trained(problem, "heteroscedastic", "plain"),
        trained(problem, "concrete dropout", "concrete"),
        trained(problem, "Flipout, evidence bound", "flipout"),
        trained(problem, f"ensemble of {MEMBERS}", "plain", MEMBERS),
    ]
    head = (
        "| Method | NLL (nat) | Coverage of 50 / 68 / 90 / 95 % | CRPS" + problem.unit_name + " | "
        "Training (s) | 1000 answers (ms) | Outside: coverage of 90 % | Outside: epistemic part × |"
    )
    rows = [row(problem, method) for method in methods]
    rows.append(row(problem, methods[-1], conformal=True))
    return "\n".join([f"**{problem.title}**", "", head, "|" + "---|" * 8, *rows, ""])


def main() -> None:
    makers = {"sine": sine, "spectra": spectra}
    for name in sys.argv[1:] or list(makers):
        print(table(makers[name](np.random.default_rng(2026))), flush=True)


if __name__ == "__main__":
    main()
