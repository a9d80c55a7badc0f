"""Seven columns for our star/galaxy network, Kim & Brunner's and a random forest, all simulated.

    python tests/benchmarks/star_galaxy_columns.py WORKDIR --train 60 --test 20 --seconds 600

Fields in five bands are simulated below WORKDIR, the network is trained there for so many seconds
(another call goes on), the forest on the same sources as it. The shipped network is scored as it
is. Held-out fields are of another seed. What each classifier was given is printed with the tables,
which are made by the magnitude that was measured, as in a catalogue, and by the true one.
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
from astrogui.training import (  # noqa: E402
    kim_brunner,
    star_galaxy_card,
    star_galaxy_columns,
)
from astrogui.training.package import run_network, write_card  # noqa: E402
from astrogui.training.recipe import Arrays  # noqa: E402
from astrogui.training.score_star_galaxy import answered  # noqa: E402
from astrogui.training.simulate_image import BANDS  # noqa: E402

FAINTEST = (21.0, 22.0, 22.5)  # r magnitudes down to which the table is made
AT_MEAN = "star_galaxy, mean density of stars"


def ours(folder: Path, data: Arrays) -> tuple[np.ndarray, np.ndarray, int]:
    """P(galaxy) of the shipped network, that at the mean density, and what it was trained on."""
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        assign_weights(model, {name: arrays[name] for name in arrays.files})
    logits = [
        run_network(model, {n: data[n][k : k + 512].astype(np.float32)
                            for n in ("image", "catalogue")})["logit"]
        for k in range(0, len(data["label"]), 512)
    ]  # fmt: skip
    plain, at_mean = (answered(np.concatenate(logits), data, card, told) for told in (True, False))
    return plain, at_mean, int(card.training["sources"]["train"])


def record(folder: Path, scores: dict[str, Any]) -> None:
    """Write the tables into the card and README of the star/galaxy model."""
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    card = dataclasses.replace(card, simulated_scores={**card.simulated_scores, **scores})
    write_card(folder, card, star_galaxy_card.readme(card))


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
    shipped, at_mean, sources = ours(wanted.model, held)
    count = len(data["label"])
    shown = epochs * min(wanted.batches, count // kim_brunner.BATCH) * kim_brunner.BATCH
    answers = {
        "star_galaxy": shipped,
        "Kim & Brunner 2016": kim_brunner.predicted(network, held),
        "random forest": trees.predict_proba(held["catalogue"])[:, 1],
    }
    given = {
        "star_galaxy": f"{sources} sources",
        AT_MEAN: f"{sources} sources",
        "Kim & Brunner 2016": f"{count} sources, {shown / count:.1f} passes",
        "random forest": f"{count} sources",
    }
    told_by = {
        "columns": held["_magnitude"][:, BANDS.index("r")],
        "columns_by_truth": held["true_magnitude"],
    }
    scores: dict[str, Any] = {"columns_trained_on": given}
    for name, magnitude in told_by.items():
        print(f"\n{'measured' if name == 'columns' else 'true'} magnitude:")
        scores[name] = tables(answers, at_mean, given, held, magnitude, wanted)
    (wanted.workdir / "columns.json").write_text(json.dumps(scores, indent=1))
    if wanted.record:
        record(wanted.model, scores)


def tables(
    answers: dict[str, np.ndarray], at_mean: np.ndarray, given: dict[str, str], held: Arrays,
    magnitude: np.ndarray, wanted: argparse.Namespace,
) -> dict[str, Any]:  # fmt: skip
    """The columns down to each of `FAINTEST`, printed; the mean density is judged by the peers."""
    found: dict[str, Any] = {}
    galaxy, field = held["label"] > 0.5, held["field"]
    for faintest in FAINTEST:
        chosen = magnitude <= faintest
        table = {}
        for name, own in (("star_galaxy", answers["star_galaxy"]), (AT_MEAN, at_mean)):
            peers = {peer: p for peer, p in answers.items() if peer != "star_galaxy"}
            judged = star_galaxy_columns.compared(
                {known: p[chosen] for known, p in {name: own, **peers}.items()}, galaxy[chosen],
                wanted.draws, wanted.seed, field[chosen],
            )  # fmt: skip
            table = judged | table | {name: judged[name]}
        table = {name: table[name] for name in given}
        counts = {
            "n": int(chosen.sum()),
            "stars": int((~galaxy[chosen]).sum()),
            "fields": len(np.unique(field[chosen])),
        }
        print(f"\nr <= {faintest}: {counts}")
        print("\n".join(star_galaxy_columns.table_lines(table, given)))
        found[f"{faintest:g}"] = counts | {"table": table}
    return found


if __name__ == "__main__":
    main()
