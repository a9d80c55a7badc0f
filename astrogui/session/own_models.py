"""Models of the analyst's own: those there are, the labels that make one, its training."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astrogui.errors import ModelProblem, UsageProblem
from astrogui.inference.training_process import TrainingProcess
from astrogui.records.model_card import card_from_json
from astrogui.session.cards import Cards
from astrogui.session.settings import data_folder, log_path
from astrogui.session.view import ProjectView
from astrogui.tasks import own_classes
from astrogui.tasks.task import Task

BASE = "morphology"
LEAST_LABELS = 2  # of each class


@dataclass(frozen=True, slots=True)
class Labels:
    """The labelled image rows of a project: what a training takes, and how many of each class."""

    examples: tuple[dict[str, Any], ...]
    counts: dict[str, int]
    cut: str

    @property
    def suffice(self) -> bool:
        return len(self.counts) > 1 and min(self.counts.values()) >= LEAST_LABELS


def own_tasks(search_path: str) -> tuple[Task, ...]:
    """The analyses of the analyst's own models on a search path; damaged cards are left out."""
    found: dict[str, Task] = {}
    for part in filter(None, search_path.split(os.pathsep)):
        for path in sorted(Path(part).glob(f"{own_classes.PREFIX}*/card.json")):
            try:
                task = own_classes.task_of_card(card_from_json(path.read_text("utf-8"), str(path)))
            except (OSError, UnicodeDecodeError, ModelProblem, KeyError, TypeError):
                continue
            if task.name == path.parent.name:
                found.setdefault(task.name, task)
    return tuple(found.values())


def labels_of(view: ProjectView) -> Labels:
    """The rows of images that the analyst gave a class."""
    examples: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    grey = 0
    for row in view.rows(view.judged_rows()):
        name = str(row.get("user_class") or "").strip()
        if not name:
            continue
        item = view.item_of(int(row["row_id"]))
        if item.kind != "image":
            continue
        first = item.sources[0]
        grey += not first.is_colour and not first.has_wcs
        examples.append(
            {
                "paths": [source.path for source in item.sources],
                "parts": [source.part for source in item.sources],
                "x": row["x_pixel"],
                "y": row["y_pixel"],
                "label": name,
            }
        )
        counts[name] = counts.get(name, 0) + 1
    cut = "light" if 2 * grey > len(examples) else "galaxy"
    return Labels(tuple(examples), dict(sorted(counts.items())), cut)


def start_training(
    labels: Labels,
    title: str,
    cards: Cards,
    told: Callable[[dict[str, Any]], None],
    settings: Mapping[str, Any] | None = None,
    out: Path | None = None,
) -> TrainingProcess:
    """Learn the classes of ``labels`` in a process of its own; ``told`` hears how it goes.

    Raises ``UsageProblem`` where the labels or the model to start from do not suffice.
    """
    base = cards.folder(BASE)
    if base is None:
        raise UsageProblem("The model of galaxies' shapes, from which it starts, is not here.")
    if not labels.suffice:
        raise UsageProblem(
            f"Give at least {LEAST_LABELS} rows of images each of two classes (Annotate, class)."
        )
    folder = out or data_folder() / "models"
    job = {
        "base": str(base),
        "out": str(folder),
        "title": free_title(title, folder),
        "examples": list(labels.examples),
        "cut": labels.cut,
        "settings": dict(settings or {}),
    }
    return TrainingProcess(json.dumps(job), told, errors=str(log_path()))


def free_title(title: str, folder: Path) -> str:
    """The title, numbered where a model of that name is there: a model is never replaced."""
    title, number = title.strip() or "My classes", 1
    tried = title
    while (folder / folder_name(tried)).exists():
        number += 1
        tried = f"{title} {number}"
    return tried


def folder_name(title: str) -> str:
    """The name of the task and folder of a model with this title."""
    return own_classes.PREFIX + re.sub(r"\W+", "_", title.strip().lower()).strip("_")


def next_to_label(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Rows without a class of the analyst's, those first whose label would tell most."""
    gains: list[tuple[float, int]] = []
    for row in rows:
        told = [v for k, v in row.items() if k.startswith("label_gain") and v is not None]
        if told and not row.get("user_class"):
            gains.append((max(map(float, told)), int(row["row_id"])))
    return [row_id for _, row_id in sorted(gains, key=lambda pair: (-pair[0], pair[1]))]
