"""Answers that one job computes again: whether their files are the same, and what came of it.

Everything here runs in a pool: hashing a file and comparing the posteriors of a large image would
keep the session waiting.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from astrogui.inference.jobs import Answer
from astrogui.records.flags import Flag
from astrogui.records.provenance import Place
from astrogui.session.comparison import (
    Verdict,
    differences,
    judged,
    posterior_difference,
    scales_of,
)
from astrogui.session.file_places import file_sha256
from astrogui.session.view import ProjectView
from astrogui.store.answers import AnswerInfo
from astrogui.store.items import Item
from astrogui.tasks.row import answer_values
from astrogui.tasks.task import Task

SAME_PLACE_PIXEL = 1.0


@dataclass(slots=True, eq=False)
class Part:
    """Answers that one job computes again."""

    job_id: int
    item: Item
    task: Task
    answers: list[AnswerInfo]
    models_dir: str
    tolerance: float
    attempts: int = 0
    found: list[Answer] = field(default_factory=list)


def compared(view: ProjectView, part: Part) -> list[Verdict]:
    """The verdict on each answer of a job that is done."""
    wanted = part.answers[0].refined
    fresh = [answer for answer in part.found if answer.refined == wanted]
    return [
        _verdict_on(view, part, info, _at(view.place(info.row_id), fresh)) for info in part.answers
    ]


def _verdict_on(view: ProjectView, part: Part, info: AnswerInfo, answer: Answer | None) -> Verdict:
    ids: dict[str, Any] = {"row_id": info.row_id, "answer_id": info.answer_id, "task": info.task}
    if answer is None:
        words = "differs: nothing was found at its place this time"
        return Verdict(**ids, state="differs", words=words, tolerance=part.tolerance)
    computed = _all_cells(part.task, answer)
    flags = "; ".join(Flag(info.flags).words())
    stored = {**info.cells, "flags": flags, "novelty": info.novelty}
    cells = differences(stored, computed, scales_of(answer.posterior, computed))
    kept = view.answer_posterior(info.answer_id)
    beyond = posterior_difference(kept, answer.posterior) if kept is not None else 0.0
    state, words = judged(cells, beyond, part.tolerance)
    return Verdict(**ids, state=state, words=words, tolerance=part.tolerance, cells=cells)


def _all_cells(task: Task, answer: Answer) -> dict[str, Any]:
    """The cells of an answer as the store would have them, flags and novelty included."""
    novelty = answer.posterior.novelty
    return {
        **answer_values(task, answer.place, answer.posterior),
        "flags": "; ".join(answer.posterior.flags.words()),
        "novelty": float(novelty) if math.isfinite(novelty) else None,
    }


def _at(place: Place, answers: Sequence[Answer]) -> Answer | None:
    """The answer of the same place: by its label, else the nearest within a pixel."""
    for answer in answers:
        if answer.place.label == place.label:
            return answer
    if place.x_pixel is None or place.y_pixel is None:
        return answers[0] if len(answers) == 1 and not place.label else None
    best, least = None, SAME_PLACE_PIXEL
    for answer in answers:
        x, y = answer.place.x_pixel, answer.place.y_pixel
        if x is None or y is None:
            continue
        apart = max(abs(x - place.x_pixel), abs(y - place.y_pixel))
        if apart < least:
            best, least = answer, apart
    return best


def file_trouble(item: Item, hashes: dict[str, str]) -> str:
    """Why the files are not those that were answered; "" where each has the recorded hash."""
    for source in item.sources:
        name = os.path.basename(source.path)
        if not os.path.isfile(source.path):
            return f"the file {source.path} is not there"
        if not source.sha256:
            continue  # then the seed is of the path, and nothing else tells the content
        if source.path not in hashes:
            hashes[source.path] = file_sha256(source.path)
        if hashes[source.path] != source.sha256:
            return (
                f"the file {name} has changed: SHA-256 {source.sha256[:12]}… then, "
                f"{hashes[source.path][:12]}… now"
            )
    return ""
