"""A model of the analyst's own: labelled rows or a table of labels, to a model folder.

Started as a process of its own by the word ``worker train``: the job comes as one line of JSON on
standard input, what happens goes to standard output, a line of JSON each. The process ends when
its standard input is closed.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui import readers
from astrogui.errors import AstroguiError, UsageProblem
from astrogui.records.image import Field
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.provenance import Place
from astrogui.science import galaxy_picture
from astrogui.tasks import morphology, own_classes
from astrogui.training.fine_tune import (
    MEMBERS,
    Labelled,
    Settings,
    Tuned,
    base_network,
    fine_tune,
    labels_from_words,
)
from astrogui.training.morphology_examples import simulated_piece, variants_of
from astrogui.training.package import CompiledRun, write_model_folder
from astrogui.training.star_galaxy_calibration import fit_pooled_spread

Say = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A labelled object: the files (and parts) of its record, where it is, what it was called."""

    paths: tuple[str, ...]
    parts: tuple[str, ...] = ()
    x: float | None = None  # 0-based pixel of the reference band; None in a picture
    y: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """What is to be learned from what, and where it goes."""

    base: str  # the folder of the morphology model
    out: str  # the folder of models in which the new one is made
    title: str
    examples: tuple[Example, ...]
    cut: str = "galaxy"
    settings: dict[str, Any] = field(default_factory=dict)  # of `fine_tune.Settings`

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def job_from_json(text: str) -> TrainingJob:
    """The job of ``to_json``; raises ``UsageProblem`` where the text is none."""
    try:
        raw = json.loads(text)
        examples = tuple(
            Example(**{**item, "paths": tuple(item["paths"]), "parts": tuple(item["parts"])})
            for item in raw.pop("examples")
        )
        return TrainingJob(**raw, examples=examples)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageProblem(f"This is no job of training ({error}).") from error


def model_name(title: str) -> str:
    """The name of the task and folder of a model with this title."""
    word = re.sub(r"\W+", "_", title.strip().lower()).strip("_")
    if not word:
        raise UsageProblem("Give the model a name with letters or digits.")
    return own_classes.PREFIX + word


def train_own(job: TrainingJob, say: Say) -> Path:
    """Learn and write the model folder; raises ``UsageProblem`` for labels that do not suffice."""
    name = model_name(job.title)
    if job.cut not in own_classes.CUTS:
        raise UsageProblem(f"cut is one of {', '.join(own_classes.CUTS)}, got {job.cut!r}.")
    settings = Settings(**_plain(job.settings))
    pictures, words, left = load_examples(job.examples, job.cut, settings, say)
    label, classes = labels_from_words(words)
    try:
        labelled = Labelled(pictures=pictures, label=label, classes=classes)
    except ValueError as error:
        raise UsageProblem(f"These labels do not suffice: {error}.") from error
    say({"kind": "words", "words": "reading the network of galaxies' shapes"})
    base, config = base_network(Path(job.base))
    tuned = fine_tune(
        base, config, labelled, settings, lambda point: say({"kind": "point", **asdict(point)})
    )
    return _write(job, name, labelled, tuned, left, say)


def load_examples(
    examples: Sequence[Example], cut: str, settings: Settings, say: Say
) -> tuple[NDArray[np.uint8], list[str], list[str]]:
    """Variants (n, count, 64, 64, 3) and labels of what could be read, and words about the rest."""
    rng = np.random.default_rng([settings.seed, 17])
    pictures, words, left = [], [], []
    for number, example in enumerate(examples):
        try:
            values, found = _object(example, cut)
        except (AstroguiError, OSError) as problem:
            left.append(str(problem))
            continue
        pictures.append(variants_of(values, found, settings.variants, rng))
        words.append(example.label)
        if number % 20 == 19:
            say({"kind": "words", "words": f"{number + 1} of {len(examples)} pictures read"})
    if not pictures:
        why = f" ({left[0]})" if left else ""
        raise UsageProblem(f"None of the {len(examples)} labelled objects could be read{why}.")
    return np.array(pictures), words, left


def examples_from_table(path: Path) -> list[Example]:
    """The labelled files of a CSV table with the columns ``file`` and ``label``.

    Paths are relative to the table. Raises ``UsageProblem`` where a column is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in file if not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path}: the table of labels cannot be read ({error}).") from error
    rows = list(csv.DictReader(lines))
    if not rows or not {"file", "label"} <= set(rows[0]):
        raise UsageProblem(f"{path}: a table of labels has the columns file and label.")
    return [
        Example(paths=(str((path.parent / row["file"]).resolve()),), label=row["label"].strip())
        for row in rows
        if (row["label"] or "").strip()
    ]


def serve_training() -> int:
    """The process of ``worker train``; 0 when the model was written."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries write to descriptor 1 as they like
    if hasattr(os, "nice"):
        os.nice(10)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")

    def say(what: dict[str, Any]) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    try:
        job = job_from_json(sys.stdin.readline())
        threading.Thread(target=_end_with_parent, daemon=True).start()
        folder = train_own(job, say)
    except AstroguiError as problem:
        say({"kind": "failed", "words": str(problem)})
        return 1
    say({"kind": "done", "folder": str(folder)})
    return 0


def _end_with_parent() -> None:
    """Leave when standard input ends: whoever started the training is gone or wants it no more."""
    sys.stdin.read()
    os._exit(3)


def _object(example: Example, cut: str) -> tuple[NDArray[np.float32], galaxy_picture.Found]:
    """The picture of an example, and its object in it."""
    record = _record(example)
    image = record.images[0]
    if cut == "light":
        return own_classes.light_values(image)
    if image.is_colour:
        values = own_classes.colour_values(image)
        return values, galaxy_picture.find_galaxy(values)
    if example.x is None or example.y is None:
        raise UsageProblem(f"{example.paths[0]}: it is not said which source of it was labelled.")
    place = Place(label="labelled", x_pixel=example.x, y_pixel=example.y)
    picture = morphology.prepare(record, [place], None, {})["picture"][0]
    side = galaxy_picture.SIZE
    middle = (side - 1) / 2
    whole = galaxy_picture.Found(
        middle, middle, side / galaxy_picture.SIDE_IN_RADII, (0.0, 0.0, 0.0), True
    )
    return picture, whole


def _record(example: Example) -> Field:
    parts = example.parts or ("",) * len(example.paths)
    images = []
    for path, part in zip(example.paths, parts, strict=True):
        known = [s for s in readers.recognise(path) if s.kind == "image" and part in ("", s.part)]
        if not known:
            raise UsageProblem(f"{path}: there is no image in it.")
        images.append(readers.read(known[0]))
    return Field(images=tuple(images))


def _write(
    job: TrainingJob, name: str, labelled: Labelled, tuned: Tuned, left: list[str], say: Say
) -> Path:
    plain = labelled.pictures[:, 0].astype(np.float32) / np.float32(255)
    card = _card(job, name, labelled, tuned, left)
    logit = CompiledRun(tuned.model, card, {}, 32)({"picture": plain})["logit"] / tuned.temperature
    single = np.exp(logit - logit.max(axis=-1, keepdims=True))
    single = np.clip(single / single.sum(axis=-1, keepdims=True), 1e-6, 1 - 1e-6)
    flat = np.log(single / (1 - single)).transpose(0, 2, 1).reshape(-1, MEMBERS)
    card.calibration["pooled_spread"] = list(fit_pooled_spread(flat))
    golden = simulated_piece(4, np.random.default_rng(1))["picture"].astype(np.float32)
    return write_model_folder(
        Path(job.out) / name,
        card=card,
        model=tuned.model,
        golden_inputs={"picture": golden / np.float32(255)},
        readme=_readme(card),
        export_onnx=can_export(),
        progress=lambda words: say({"kind": "words", "words": words}),
    )


def can_export() -> bool:
    """Whether the libraries that write a graph are here; without one Keras answers."""
    return all(importlib.util.find_spec(library) for library in ("onnx", "tf2onnx"))


def _card(
    job: TrainingJob, name: str, labelled: Labelled, tuned: Tuned, left: list[str]
) -> ModelCard:
    counts = np.bincount(labelled.label, minlength=len(labelled.classes))
    size, features = tuned.config["size"], tuned.config["features"]
    return ModelCard(
        task=name,
        name=f"{job.title} 1",
        version="1",
        title=job.title,
        summary=f"Trained here on {len(labelled.label)} labels: "
        + ", ".join(f"{n} {word}" for word, n in zip(labelled.classes, counts, strict=True))
        + ".",
        network="transfer:classifier",
        network_config=tuned.config,
        inputs=(
            ArraySpec(name="picture", shape=(size, size, 3), unit="colour from 0 to 1",
                      description=f"cut: {job.cut}"),
        ),
        outputs=(
            ArraySpec(name="logit", shape=(MEMBERS, len(labelled.classes)),
                      description="logits of the classes, by member"),
            ArraySpec(name="features", shape=(MEMBERS * features,),
                      description="second-to-last layer of each member, plus 1"),
            ArraySpec(name="novelty", shape=(1,), description="1 at the threshold"),
        ),
        onnx_reason="exported where the libraries of the extra `train` are installed",
        prior={"classes": "each class counts alike, however many labels it has"},
        training={
            "classes": list(labelled.classes),
            "labels": [int(n) for n in counts],
            "cut": job.cut,
            "base": str(Path(job.base).name),
            "unreadable": left,
            "seed": int(_plain(job.settings).get("seed", 1)),
            "fit": tuned.history,
            "trained_on": {"files": {}, "sky": [], "gps": []},
        },
        calibration={"temperature": tuned.temperature},
        real_scores={"labels_left_out": tuned.left_out},
        novelty=tuned.novelty,
        limits=(
            "Trained on few labels: look at its answers, label what it gets wrong, train again.",
            "The figures are of labels that a member did not see, on average a fifth each.",
        ),
    )  # fmt: skip


def _readme(card: ModelCard) -> str:
    scores = card.real_scores["labels_left_out"]
    return "\n".join(
        [
            f"# {card.title}", "", card.summary, "",
            f"Labels that a member did not see: {100 * scores['right']:.0f} % right, cross-entropy "
            f"{scores['loss']:.2f} nat.", "", *[f"- {limit}" for limit in card.limits], "",
        ]
    )  # fmt: skip


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they came through JSON: lists are tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items()}


def line_of(told: dict[str, Any]) -> str:
    """What was told, as a line for the person who waits."""
    if told["kind"] != "point":
        return str(told.get("words", ""))
    return (
        f"{told['step']}/{told['of']} {told['stage']}: loss {told['loss']:.3f}, left out "
        f"{told['left_out_loss']:.3f} ({100 * told['left_out_right']:.0f} % right)"
    )
