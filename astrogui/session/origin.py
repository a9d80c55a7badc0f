"""Where a number comes from: file, place, reader, model, seed, libraries, time, and who judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import astrogui
from astrogui.records.judgement import FIELDS
from astrogui.records.source import Source
from astrogui.session.cards import Cards
from astrogui.session.columns import place_cells
from astrogui.session.view import ProjectView
from astrogui.store.answers import AnswerInfo
from astrogui.tasks.task import Task

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The provenance of one value, in sections of (name, words)."""

    title: str
    row_id: int
    task: str  # the analysis that gave it, "" where none did
    sections: tuple[tuple[str, Lines], ...]

    def text(self) -> str:
        """As plain lines, for a bug report or a referee."""
        lines = [self.title]
        for heading, pairs in self.sections:
            lines += ["", heading, *(f"  {name}: {words}" for name, words in pairs)]
        return "\n".join(lines)


def origin_of(
    view: ProjectView, cards: Cards, row_id: int, column: str = "", task: str = ""
) -> Origin:
    """The origin of a cell by its column's name, of a task's answer, or of the newest answer.

    Raises ``KeyError`` for a row that is not here.
    """
    row = view.row(row_id)
    item = view.item_of(row_id)
    present = view.present_tasks()
    newest = {info.task: info for info in view.answers(row_id)}
    info = _answer_of(column, task, newest, present)
    name = str(row.get("object_id") or f"row {row_id}")
    sections: list[tuple[str, Lines]] = []
    if column:
        sections.append(("Value", _value(view, row, column)))
    if column in FIELDS:
        judge = view.judge(row_id, column)
        words = judge or ("nobody yet", "")
        sections.append(("Judgement", _told(("author", words[0]), ("time, UTC", words[1]))))
    files = [_file(source) for source in item.sources]
    sections += [
        ("File" if len(files) == 1 else f"File {i} of {len(files)}", lines)
        for i, lines in enumerate(files, start=1)
    ]
    sections.append(("Place", _place(view, row_id)))
    if info is not None and column not in FIELDS:
        sections += _computed(info, present, cards)
    return Origin(
        title=f"{name}: {column}" if column else name,
        row_id=row_id,
        task="" if info is None or column in FIELDS else info.task,
        sections=tuple((heading, lines) for heading, lines in sections if lines),
    )


def _answer_of(
    column: str, task: str, newest: dict[str, AnswerInfo], present: Sequence[Task]
) -> AnswerInfo | None:
    if task:
        return newest.get(task)
    if column:
        return next(
            (info for info in newest.values() if column in place_cells([info], present)), None
        )
    return max(newest.values(), key=lambda info: info.answer_id, default=None)


def _value(view: ProjectView, row: dict[str, Any], column: str) -> Lines:
    known = {entry.name: entry for entry in view.columns()}
    meaning = known.get(column)
    value = row.get(column)
    unit = meaning.unit if meaning is not None else ""
    words = "empty" if value in (None, "") else f"{value!r} {unit}".rstrip()
    return _told(
        ("column", column),
        ("value", words.strip("'")),
        ("meaning", meaning.description if meaning is not None else ""),
        ("UCD", meaning.ucd if meaning is not None else ""),
    )


def _file(source: Source) -> Lines:
    options = ", ".join(f"{name} = {value}" for name, value in source.options)
    return _told(
        ("path", source.path),
        ("SHA-256", source.sha256),
        ("size", f"{source.size_bytes:,} bytes" if source.size_bytes else ""),
        ("HDU, row or dataset", source.part or "the whole file"),
        ("reader", f"{source.format}, of AstroGUI {astrogui.__version__}"),
        ("band", source.band),
        ("detector", source.detector),
        ("read with", options),
    )


def _place(view: ProjectView, row_id: int) -> Lines:
    place = view.place(row_id)
    pixel = ""
    if place.x_pixel is not None and place.y_pixel is not None:
        pixel = f"x {place.x_pixel:.3f}, y {place.y_pixel:.3f} (centre of the first pixel is 0, 0)"
    sky = ""
    if place.ra_deg is not None and place.dec_deg is not None:
        sky = f"{place.ra_deg:.6f}, {place.dec_deg:+.6f} deg (ICRS)"
    return _told(
        ("row", str(row_id)),
        ("label", place.label),
        ("pixel", pixel),
        ("sky", sky),
        ("GPS time", "" if place.gps is None else f"{place.gps:.6f} s"),
    )


def _computed(info: AnswerInfo, present: Sequence[Task], cards: Cards) -> list[tuple[str, Lines]]:
    origin = info.provenance
    title = next((task.title for task in present if task.name == info.task), info.task)
    folder = cards.folder_of_weights(info.task, origin.model_sha256)
    options = ", ".join(f"{name} = {value}" for name, value in origin.options) or "none"
    model = _told(
        ("name", origin.model),
        ("SHA-256 of its weights", origin.model_sha256),
        ("here", str(folder) if folder is not None else "no: this model is not installed"),
    )
    return [
        (
            "Preparation",
            _told(
                ("analysis", f"{title} ({info.task})"),
                ("version", origin.preparation),
                ("options", options),
            ),
        ),
        ("Model", model),
        (
            "Computation",
            _told(
                ("method", origin.method),
                ("seed", str(origin.seed)),
                ("backend", f"{origin.backend} on {origin.device}"),
                ("application", f"AstroGUI {origin.application}"),
                ("libraries", ", ".join(f"{name} {number}" for name, number in origin.versions)),
                ("time, UTC", origin.computed_at),
                ("took", f"{origin.duration_s:.2f} s"),
                ("answer", f"number {info.answer_id} of this project"),
            ),
        ),
    ]


def _told(*pairs: tuple[str, str]) -> Lines:
    """The pairs that have something to say."""
    return tuple((name, words) for name, words in pairs if words)
