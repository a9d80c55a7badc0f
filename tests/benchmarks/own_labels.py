"""What an analyst's own labels teach: right answers before and after, by how many labels there are.

    python tests/benchmarks/own_labels.py DATA/images --set radio --labels 50,100,300 --seeds 1,2,3

Galaxy Zoo: smooth or featured, pictures of odd GalaxyID are labelled, those of even are scored.
Radio: Bent, Compact, FRI or FRII; objects are drawn at random, half of them are scored, and one
that lies at the place of a labelled one is left out. ``--frozen`` teaches the dense layers alone.
Each run is a line of JSON in ``--out``; what it holds already is not done again.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from astrogui import readers  # noqa: E402
from astrogui.records.model_card import card_from_json  # noqa: E402
from astrogui.science import galaxy_picture  # noqa: E402
from astrogui.tasks import own_classes  # noqa: E402
from astrogui.training import fine_tune, morphology_card, morphology_examples  # noqa: E402
from astrogui.training.calibrate import expected_calibration_error  # noqa: E402
from astrogui.training.package import write_card  # noqa: E402

SAME_PLACE_DEG = 0.06  # 2 arcmin of each other's pictures: one object of two catalogues
SURE = 0.8

Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What can be labelled and what is scored: pictures are cut when they are asked for."""

    classes: tuple[str, ...]
    label: NDArray[np.int64]  # of every object
    may_train: NDArray[np.int64]  # numbers of objects, in random order
    scored: NDArray[np.int64]
    sure: NDArray[np.bool_]  # of every object
    same: Callable[[int, int], bool]  # whether two objects are one
    cut: Callable[[int, int, np.random.Generator], Pictures]  # object, variants


def galaxy_zoo(folder: Path, seed: int) -> Task:
    """Smooth or featured: the larger share of the volunteers' votes."""
    odd = morphology_examples.read_galaxies(folder, odd=True)
    even = morphology_examples.read_galaxies(folder, odd=False)
    pictures = [*odd.pictures, *even.pictures]
    shares = np.concatenate([odd.shares, even.shares])[:, :2]
    order = np.random.default_rng([seed, 1]).permutation(len(odd.number))

    def cut(number: int, count: int, rng: np.random.Generator) -> Pictures:
        values = pictures[number].astype(np.float32) / np.float32(255)
        return morphology_examples.variants_of(
            values, galaxy_picture.find_galaxy(values), count, rng
        )

    return Task(
        classes=("smooth", "featured"),
        label=(shares[:, 1] > shares[:, 0]).astype(np.int64),
        may_train=order,
        scored=np.arange(len(odd.number), len(pictures)),
        sure=shares.max(axis=1) >= SURE,
        same=lambda one, other: False,
        cut=cut,
    )


def radio(folder: Path, seed: int) -> Task:
    """The four classes of the radio galaxies that are 8-bit pictures."""
    with (folder / "radio" / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("png/")]
    classes = tuple(sorted({row["class"] for row in rows}))
    place = np.array([[float(row["ra"]), float(row["dec"])] for row in rows])
    order = np.random.default_rng([seed, 2]).permutation(len(rows))

    def cut(number: int, count: int, rng: np.random.Generator) -> Pictures:
        path = folder / "radio" / rows[number]["file"]
        image = readers.read(readers.recognise(str(path))[0])
        values, found = own_classes.light_values(image)
        return morphology_examples.variants_of(values, found, count, rng)

    return Task(
        classes=classes,
        label=np.array([classes.index(row["class"]) for row in rows]),
        may_train=order[: len(rows) // 2],
        scored=order[len(rows) // 2 :],
        sure=np.ones(len(rows), bool),
        same=lambda one, other: bool(
            (np.abs(place[one] - place[other]) < SAME_PLACE_DEG).all()
        ),
        cut=cut,
    )  # fmt: skip


TASKS = {"galaxy_zoo": galaxy_zoo, "radio": radio}


def one_run(task: Task, base: Path, labels: int, seed: int) -> dict[str, Any]:
    """Fine-tune on ``labels`` objects, and how good the answers to the scored ones are."""
    started = time.process_time()
    settings = fine_tune.Settings(seed=seed)
    rng = np.random.default_rng([seed, labels])
    chosen = task.may_train[:labels]
    scored = np.array(
        [k for k in task.scored if not any(task.same(int(k), int(other)) for other in chosen)]
    )
    pictures = np.array([task.cut(int(k), settings.variants, rng) for k in chosen])
    labelled = fine_tune.Labelled(pictures=pictures, label=task.label[chosen], classes=task.classes)
    network, config = fine_tune.base_network(base)
    tuned = fine_tune.fine_tune(network, config, labelled, settings, lambda point: None)
    plain = np.array([task.cut(int(k), 1, rng)[0] for k in scored]).astype(np.float32)
    logit = tuned.model.predict(
        {"picture": plain / np.float32(255)}, batch_size=32, verbose=0
    )["logit"]  # fmt: skip
    probability = softmax(np.asarray(logit, np.float64) / tuned.temperature).mean(axis=1)
    return {
        "labels": labels, "seed": seed, "frozen": False,
        **figures(probability, task.label[scored], task.sure[scored]),
        "kept": min(tuned.history, key=lambda round: round["left_out_loss"])["stage"],
        "labels_left_out": tuned.left_out, "temperature": tuned.temperature,
        "cpu_s": round(time.process_time() - started),
    }  # fmt: skip


class Frozen:
    """The dense layers taught alone: what the encoders make of every picture is computed once."""

    def __init__(self, task: Task, base: Path, variants: int) -> None:
        from astrogui.networks.builder import build
        from astrogui.networks.morphology import Turned
        from astrogui.networks.transfer import assign_encoders, trainable

        network, config = fine_tune.base_network(base)
        kept = {name: config[name] for name in ("size", "widths", "features")}
        self._config = {**kept, "members": fine_tune.MEMBERS, "classes": len(task.classes)}
        self._whole = build("transfer:classifier", self._config)
        assign_encoders(self._whole, network, fine_tune.MEMBERS)
        _, seen = trainable(self._whole, fine_tune.MEMBERS)
        rng = np.random.default_rng(11)
        cuts = [task.cut(k, variants, rng) for k in range(len(task.label))]
        plain = np.array([cut[0] for cut in cuts]).astype(np.float32) / np.float32(255)
        self.plain = np.concatenate(
            [
                np.asarray(seen.predict({"picture": np.asarray(Turned()(part))}, verbose=0))
                .reshape(len(part), 8, -1)
                .mean(axis=1)
                for part in np.array_split(plain, 10)
            ]
        )
        self.features = fine_tune._features(seen, np.array(cuts))

    def run(self, task: Task, labels: int, seed: int) -> dict[str, Any]:
        """As `one_run`."""
        chosen = task.may_train[:labels]
        scored = np.array(
            [k for k in task.scored if not any(task.same(int(k), int(o)) for o in chosen)]
        )
        nothing = np.zeros((labels, 1, 1, 1, 3), np.uint8)
        labelled = fine_tune.Labelled(
            pictures=nothing, label=task.label[chosen], classes=task.classes
        )
        settings = fine_tune.Settings(seed=seed, units=())
        teacher = fine_tune._Teacher(self._whole, labelled, settings, lambda point: None, None)
        heads = self._whole.get_layer("heads")
        flat = self.features[chosen].reshape(-1, self.features.shape[-1])
        scatter = np.maximum(flat.std(axis=0), fine_tune.LEAST_SCATTER)
        heads.get_layer("standardise").set_weights([flat.mean(axis=0), scatter])
        teacher.teach_heads(heads, self.features[chosen])
        left = teacher.left_out(heads.predict(self.plain[chosen], verbose=0).astype(np.float64))
        temperature = fine_tune.fit_temperature(left, labelled.label)
        logit = np.asarray(heads.predict(self.plain[scored], verbose=0), np.float64)
        probability = softmax(logit / temperature).mean(axis=1)
        return {
            "labels": labels, "seed": seed, "frozen": True,
            **figures(probability, task.label[scored], task.sure[scored]),
            "kept": "dense layers", "temperature": temperature,
        }  # fmt: skip


def before(task: Task, base: Path) -> dict[str, Any]:
    """What the base says by itself of smooth and featured."""
    network, _ = fine_tune.base_network(base)
    rng = np.random.default_rng(0)
    plain = np.array([task.cut(int(k), 1, rng)[0] for k in task.scored]).astype(np.float32)
    alpha = network.predict({"picture": plain / np.float32(255)}, batch_size=32, verbose=0)
    share = np.asarray(alpha["alpha"], np.float64)[..., :2].mean(axis=1)
    probability = share / share.sum(axis=1, keepdims=True)
    return {"labels": 0, **figures(probability, task.label[task.scored], task.sure[task.scored])}


def figures(
    probability: NDArray[np.float64], label: NDArray[np.int64], sure: NDArray[np.bool_]
) -> dict[str, Any]:
    """Right answers, those where the label is sure, cross-entropy and calibration."""
    right = probability.argmax(axis=1) == label
    given = probability[np.arange(len(label)), label]
    return {
        "scored": len(label), "right": float(right.mean()), "right_sure": float(right[sure].mean()),
        "scored_sure": int(sure.sum()),
        "cross_entropy": float(-np.log(np.maximum(given, 1e-12)).mean()),
        "ece": expected_calibration_error(probability.max(axis=1), right.astype(float)),
    }  # fmt: skip


def softmax(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.exp(logit - logit.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def table(runs: list[dict[str, Any]]) -> str:
    """Mean and scatter over the seeds, a line for each set and number of labels."""
    lines = ["| set | labels | taught | right | right where sure | cross-entropy | runs |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    groups: dict[tuple[str, int, bool], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["set"], run["labels"], run.get("frozen", False)), []).append(run)
    for (name, labels, frozen), group in sorted(groups.items()):
        right, sure, cross = (
            np.array([run[key] for run in group])
            for key in ("right", "right_sure", "cross_entropy")
        )
        taught = "nothing" if not labels else "dense layers" if frozen else "all"
        lines.append(
            f"| {name} | {labels} | {taught} | {_percent(right)} | {_percent(sure)} | "
            f"{cross.mean():.2f} | {len(group)} |"
        )
    return "\n".join(lines)


def record(folder: Path, runs: list[dict[str, Any]]) -> None:
    """Write mean and scatter over the seeds into the card and README of a morphology model."""
    groups: dict[tuple[str, int, bool], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["set"], run["labels"], run.get("frozen", False)), []).append(run)
    rows = []
    for (name, labels, frozen), group in sorted(groups.items()):
        spread = {
            key: [float(np.mean(values)), float(np.std(values, ddof=1)) if len(group) > 1 else 0.0]
            for key in ("right", "right_sure")
            for values in ([run[key] for run in group],)
        }
        cross = float(np.mean([run["cross_entropy"] for run in group]))
        rows.append({"set": name.replace("_", " "), "labels": labels, **spread,
                     "taught": "nothing" if not labels else "dense layers" if frozen else "all",
                     "cross_entropy": cross, "draws": len(group)})  # fmt: skip
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    card = dataclasses.replace(card, training={**card.training, "own_labels": rows})
    write_card(folder, card, morphology_card.readme(card))


def _percent(share: NDArray[np.float64]) -> str:
    spread = f" +- {100 * share.std(ddof=1):.1f}" if len(share) > 1 else ""
    return f"{100 * share.mean():.1f}{spread} %"


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the images of the data")
    parser.add_argument("--set", choices=sorted(TASKS), default="radio")
    parser.add_argument("--labels", type=_numbers, default=[50, 100, 300])
    parser.add_argument("--seeds", type=_numbers, default=[1, 2, 3])
    parser.add_argument("--base", type=Path, default=ROOT / "models" / "morphology")
    parser.add_argument("--frozen", action="store_true", help="teach the dense layers alone")
    parser.add_argument("--variants", type=int, default=8, help="of each picture, with --frozen")
    parser.add_argument(
        "--record", action="store_true", help="write the table into the base's card"
    )
    parser.add_argument("--out", type=Path, default=Path("own_labels.jsonl"))
    given = parser.parse_args()
    known = []
    if given.out.exists():
        known = [json.loads(line) for line in given.out.read_text().splitlines()]
    done = {(run["set"], run["labels"], run.get("seed"), run.get("frozen")) for run in known}
    wanted = [(n, seed) for seed in given.seeds for n in given.labels]
    if given.set == "galaxy_zoo":
        wanted.insert(0, (0, 0))
    frozen = None
    for labels, seed in wanted:
        key = (given.set, labels, seed or None, given.frozen if labels else None)
        if key in done:
            continue
        task = TASKS[given.set](given.folder, seed)
        if not labels:
            run = before(task, given.base)
        elif given.frozen:
            frozen = frozen or Frozen(task, given.base, given.variants)
            run = frozen.run(task, labels, seed)
        else:
            run = one_run(task, given.base, labels, seed)
        known.append({"set": given.set, **run})
        with given.out.open("a") as file:
            file.write(json.dumps(known[-1]) + "\n")
        print(json.dumps(known[-1]), flush=True)
    print(table(known))
    if given.record:
        record(given.base, known)


if __name__ == "__main__":
    main()
