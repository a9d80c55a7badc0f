"""Seven columns for our star/galaxy network, Kim & Brunner's and a random forest, all simulated.

    python tests/benchmarks/star_galaxy_columns.py WORKDIR --train 60 --test 20 --seconds 600

Fields in five bands are simulated below WORKDIR, the network is trained there for so many seconds
(another call goes on), the forest on the same sources as it. The shipped network is scored as it
is. Held-out fields are of another seed. What each classifier was given is printed with the table.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from astrogui.networks.builder import assign_weights, build  # noqa: E402
from astrogui.records.model_card import card_from_json  # noqa: E402
from astrogui.training import kim_brunner, star_galaxy_columns  # noqa: E402
from astrogui.training.package import run_network, write_card  # noqa: E402
from astrogui.training.recipe import Arrays  # noqa: E402
from astrogui.training.recipes import star_galaxy  # noqa: E402

FAINTEST = (21.0, 22.0, 22.5)  # r magnitudes down to which the table is made


def ours(folder: Path, data: Arrays) -> tuple[np.ndarray, int]:
    """P(galaxy) of the shipped network, and the sources that it was trained on."""
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        assign_weights(model, {name: arrays[name] for name in arrays.files})
    logits = [
        run_network(model, {n: data[n][k : k + 512].astype(np.float32)
                            for n in ("image", "catalogue")})["logit"]
        for k in range(0, len(data["label"]), 512)
    ]  # fmt: skip
    mean = np.concatenate(logits).astype(np.float64).mean(axis=1)
    return 1 / (1 + np.exp(-mean)), int(card.training["sources"]["train"])


def printed(table: dict[str, Any], given: dict[str, str]) -> str:
    """The table for people; a star marks the best and those within the paired error of it."""
    return "\n".join(star_galaxy_columns.table_lines(table, given))


def record(folder: Path, tables: dict[str, Any], given: dict[str, str]) -> None:
    """Write the tables into the card and README of the star/galaxy model."""
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    scores = {**card.simulated_scores, "columns": tables, "columns_trained_on": given}
    card = dataclasses.replace(card, simulated_scores=scores)
    write_card(folder, card, star_galaxy.readme(card))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--train", type=int, default=60, help="fields to train on")
    parser.add_argument("--test", type=int, default=20, help="fields to score")
    parser.add_argument("--seconds", type=float, default=600, help="of the network's training")
    parser.add_argument("--epochs", type=int, default=750, help="over which its rate falls")
    parser.add_argument("--batches", type=int, default=10**9, help="of 128 in an epoch, at most")
    parser.add_argument("--draws", type=int, default=200, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="write the tables into the card")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "star_galaxy")
    wanted = parser.parse_args()
    told = print
    data = kim_brunner.examples(wanted.workdir, "train", wanted.train, wanted.seed, told)
    held = kim_brunner.examples(wanted.workdir, "test", wanted.test, wanted.seed, told)
    budget = kim_brunner.Budget(
        epochs=wanted.epochs, batches=wanted.batches, seconds=wanted.seconds, seed=wanted.seed
    )
    network, epochs = kim_brunner.train(data, wanted.workdir / "fit", budget, told)
    trees = kim_brunner.forest(data, wanted.seed)
    shipped, sources = ours(wanted.model, held)
    count = len(data["label"])
    shown = epochs * min(wanted.batches, count // kim_brunner.BATCH) * kim_brunner.BATCH
    answers = {
        "star_galaxy": shipped,
        "Kim & Brunner 2016": kim_brunner.predicted(network, held),
        "random forest": trees.predict_proba(held["catalogue"])[:, 1],
    }
    given = {
        "star_galaxy": f"{sources} sources",
        "Kim & Brunner 2016": f"{count} sources, {shown / count:.1f} passes",
        "random forest": f"{count} sources",
    }
    tables: dict[str, Any] = {}
    galaxy, magnitude = held["label"] > 0.5, held["true_magnitude"]
    for faintest in FAINTEST:
        chosen = magnitude <= faintest
        table = star_galaxy_columns.compared(
            {name: p[chosen] for name, p in answers.items()}, galaxy[chosen], wanted.draws,
            wanted.seed,
        )  # fmt: skip
        stars = int((~galaxy[chosen]).sum())
        print(f"\nr <= {faintest}: {int(chosen.sum())} sources, {stars} stars")
        print(printed(table, given))
        tables[f"{faintest:g}"] = {"n": int(chosen.sum()), "stars": stars, "table": table}
    (wanted.workdir / "columns.json").write_text(json.dumps(tables, indent=1))
    if wanted.record:
        record(wanted.model, tables, given)


if __name__ == "__main__":
    main()
