"""The strain networks of the literature beside our own analysis, on the same simulated mergers.

    python tests/benchmarks/strain_networks.py WORKDIR --train shen_masses --seconds 560
    python tests/benchmarks/strain_networks.py WORKDIR --mergers 300 --record

The first trains one of them below WORKDIR (another call goes on); the second simulates held-out
mergers, asks the `bbh` network and every trained one about them, and prints the tables as JSON.
The classifier stands beside a matched filter with random templates. ``--record`` writes the tables
into the card and README of `bbh`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from astrogui.networks.builder import assign_weights, build  # noqa: E402
from astrogui.records.model_card import card_from_json  # noqa: E402
from astrogui.science import binary_draws, strain_event, strain_labels, strain_window  # noqa: E402
from astrogui.tasks.bbh_spread import calibrated  # noqa: E402
from astrogui.training import (  # noqa: E402
    bbh_card,
    score_bbh,
    simulate_strain,
    simulate_windows,
    strain_networks,
    strain_networks_card,
)
from astrogui.training.package import CompiledRun, write_card  # noqa: E402
from astrogui.training.recipe import Arrays  # noqa: E402
from astrogui.training.recipes import bbh  # noqa: E402
from astrogui.training.strain_networks import SYSTEMS  # noqa: E402

QUANTITIES = (*strain_labels.MASSES, "chirp_mass_det", *strain_labels.REMNANT)
LOUDNESS = (8.0, 40.0)
BINS = ((8.0, 15.0), (15.0, 40.0))
DRAWS = 64
HELD_OUT, QUIET = 12, 13  # streams of random numbers that no training draws
FALSE_SHARE = 0.01
SHOWN_LOUDNESS = (5.0, 6.0, 7.0, 8.0, 10.0, 14.0)


def noise_curves() -> np.ndarray:
    curves = simulate_strain.noise_curves(bbh_card.data_folder())
    return simulate_windows.noise_set(curves, strain_networks.NOISE_STREAM)


def asked(workdir: Path, count: int, seed: int) -> Arrays:
    """Held-out mergers: their windows, truths, and the draws of the shipped `bbh` network."""
    path = workdir / f"asked_{count}_{seed}.npz"
    if path.exists():
        with np.load(path) as kept:
            return {name: kept[name] for name in kept.files}
    rng = np.random.default_rng([seed, HELD_OUT])
    given = simulate_windows.binaries(count, rng)
    loudness = np.exp(rng.uniform(*np.log(LOUDNESS), count))
    bank, noise = bbh.fit_bank(), noise_curves()
    windows, features, scales, snr, seconds = [], [], [], [], []
    for row in range(count):
        one = simulate_windows.Binaries(*(values[row : row + 1] for values in given))
        ((pair, arrival),) = simulate_windows.stretches(one, loudness[row : row + 1], rng, noise)
        begun = time.process_time()
        event = strain_event.measured(pair, arrival, bank)
        seconds.append(time.process_time() - begun)
        summary = event.summary
        # The networks of strain see the second about the arrival that the fit found.
        times = {**arrival, **event.gps}
        windows.append(
            [strain_window.window(pair[name].whitened, 2048.0, times[name]) for name in pair]
        )
        features.append(summary.features[0])
        scales.append([summary.log_chirp_mass[0], summary.log_chirp_mass_sd[0],
                       summary.log_distance[0]])  # fmt: skip
        snr.append(strain_event.network_snr(summary)[0])
    run = shipped()
    raw = score_bbh.raw_draws(run, np.array(features), seed)
    members = int(run.card.network_config["members"])
    draws = calibrated(raw, np.array(snr), np.array(scales), run.card.calibration, members)[:, ::3]
    values = binary_draws.derived(binary_draws.physical(draws, *np.array(scales).T))
    chosen = [binary_draws.NAMES.index(name) for name in QUANTITIES]
    truth = given.quantities()
    arrays: Arrays = {
        "strain": np.array(windows, np.float32).transpose(0, 2, 1),
        "truth": np.stack([truth[name] for name in QUANTITIES], axis=-1),
        "ours": values[..., chosen].astype(np.float32),
        "loudness": loudness,
        "fit_seconds": np.array(seconds),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return arrays


def shipped() -> CompiledRun:
    folder = ROOT / "models" / "bbh"
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        assign_weights(model, {name: arrays[name] for name in arrays.files})
    return CompiledRun(model, card, {})


def judged(truth: np.ndarray, draws: np.ndarray, loudness: np.ndarray, names: Any) -> Any:
    """Figures of all mergers and of each bin of loudness."""
    rows = {"all": loudness > 0}
    rows |= {f"{low:g}-{high:g}": (loudness >= low) & (loudness < high) for low, high in BINS}
    return {
        name: {"n": int(chosen.sum()),
               **strain_networks.figures(truth[chosen], draws[chosen], tuple(names))}
        for name, chosen in rows.items()
    }  # fmt: skip


def answered(name: str, workdir: Path, data: Arrays, seed: int) -> dict[str, Any]:
    """One system's figures on the held-out mergers, its cost and the time of an answer."""
    system = SYSTEMS[name]
    model, history = strain_networks.kept(name, workdir)
    figures = {**cost(system, model, history), "seconds_an_answer": answer_seconds(system, model)}
    if not system.labels:
        return {**figures, **classified(model, seed)}
    columns = [QUANTITIES.index(label) for label in system.labels]
    truth = data["truth"][:, columns]
    if system.is_bayesian:
        drawn = strain_networks.drawing(system, model, DRAWS)
        rng = np.random.default_rng([seed, HELD_OUT, 1])
        shape = (DRAWS, strain_networks.noise_width(system))
        parts = []
        for first in range(0, len(truth), 50):
            strain = data["strain"][first : first + 50]
            noise = rng.standard_normal((len(strain), *shape), np.float32)
            parts.append(
                np.asarray(drawn({"strain": strain, "noise": noise}, training=False)["density"])
            )
        draws = strain_labels.draws_of(np.concatenate(parts).astype(float), system.labels, rng)
        return {**figures, "scores": judged(truth, draws, data["loudness"], system.labels)}
    values = np.asarray(model({"strain": data["strain"]}, training=False)["values"], np.float64)
    value = strain_labels.physical(values, system.labels)
    return {
        **figures,
        "scores": {
            "all": {
                label: strain_networks.errors(truth[:, number], value[:, number])
                for number, label in enumerate(system.labels)
            }
        },
    }


def cost(system: Any, model: Any, history: Any) -> dict[str, Any]:
    epochs = [one["epoch"] for one in history]
    return {
        "network": system.network,
        "config": dict(system.config),
        "weights": int(model.count_params()),
        "examples": int(system.batch * system.steps * sum(epochs)),
        "finished": strain_networks.is_finished(history, system),
        "seconds": round(sum(one["seconds"] for one in history)),
        "stages": [
            {"loudness": list(stage.loudness), "epochs": done}
            for stage, done in zip(system.stages, epochs, strict=False)
        ],
    }


def answer_seconds(system: Any, model: Any) -> float:
    """Median time of one answer by the compiled network, one window after the other."""
    import jax

    if system.is_bayesian:
        model = strain_networks.drawing(system, model, DRAWS)
    given = {name: np.zeros((1, *tensor.shape[1:]), np.float32)
             for name, tensor in model.input.items()}  # fmt: skip
    weights = [weight.value for weight in model.trainable_variables]
    fixed = [weight.value for weight in model.non_trainable_variables]
    run = jax.jit(lambda inputs: model.stateless_call(weights, fixed, inputs, training=False)[0])
    jax.block_until_ready(run(given))
    taken = []
    for _ in range(30):
        begun = time.perf_counter()
        jax.block_until_ready(run(given))
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))


def classified(model: Any, seed: int, count: int = 1000, each: int = 150) -> dict[str, Any]:
    """Shares found at 1 % false alarms, by the classifier and by a matched filter.

    In the noise of one curve, whose templates the filter knows.
    """
    rng = np.random.default_rng([seed, QUIET])
    curve = simulate_strain.noise_curves(None)[2]
    bank = simulate_windows.templates(simulate_windows.binaries(200, rng), curve)

    def scored(loudness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = []
        for first in range(0, len(loudness), 250):
            some = loudness[first : first + 250]
            strain = simulate_windows.windows(
                simulate_windows.binaries(len(some), rng), some, rng, curve[None]
            )
            logit = np.asarray(model({"strain": strain}, training=False)["logit"])[:, 0]
            parts.append((logit, strain_networks.filtered(strain, bank)))
        logits, ratios = (np.concatenate(each) for each in zip(*parts, strict=True))
        return logits, ratios

    quiet = scored(np.zeros(count))
    found: dict[str, Any] = {}
    for loudness in SHOWN_LOUDNESS:
        heard = scored(np.full(each, loudness))
        found[f"{loudness:g}"] = [
            strain_networks.detected(heard[k], quiet[k], FALSE_SHARE) for k in (0, 1)
        ]
    return {"false_share": FALSE_SHARE, "quiet": count, "mergers": each, "templates": len(bank),
            "found": found}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--train", choices=sorted(SYSTEMS))
    parser.add_argument("--seconds", type=float, default=560.0)
    parser.add_argument("--mergers", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    if given.train:
        strain_networks.train(given.train, noise_curves(), given.workdir, print,
                              max_seconds=given.seconds)  # fmt: skip
        return
    data = asked(given.workdir, given.mergers, given.seed)
    table: dict[str, Any] = {
        "n": given.mergers,
        "seed": given.seed,
        "loudness": list(LOUDNESS),
        "bbh": {
            "seconds_an_answer": float(np.median(data["fit_seconds"])),
            "scores": judged(data["truth"], data["ours"], data["loudness"], QUANTITIES),
        },
    }
    for name in SYSTEMS:
        if sorted((given.workdir / name).glob("stage_*/best.npz")):
            table[name] = answered(name, given.workdir, data, given.seed)
            print(name, "done", file=sys.stderr, flush=True)
    print(json.dumps(table, indent=1))
    if given.record:
        folder = ROOT / "models" / "bbh"
        card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
        scores = {**card.simulated_scores, strain_networks_card.KEY: table}
        card = dataclasses.replace(card, simulated_scores=scores)
        write_card(folder, card, bbh_card.readme(card))


if __name__ == "__main__":
    main()
