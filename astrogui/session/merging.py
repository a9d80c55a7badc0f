"""Further graders' judgements, out of their exports and projects."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astrogui.errors import ProjectTooNew, Unreadable, UsageProblem
from astrogui.records import judgement
from astrogui.session import exporting
from astrogui.session.grader_columns import GRADER_KEY
from astrogui.session.view import ProjectView
from astrogui.store.grades import ADJUDICATED
from astrogui.tasks.task import Task

SAME_OBJECT_ARCSEC = 1.0
Identity = tuple[str, str]
Values = dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came of one grader's judgements in one file."""

    path: str
    author: str
    rows: int  # rows that took a judgement over
    unmatched: int  # judged rows of the file that are not in this project
    refused: int  # values that are no judgement


@dataclass(slots=True)
class Incoming:
    """Judgements of a file by grader and by row of this project."""

    path: str
    by_author: dict[str, dict[int, Values]] = field(default_factory=dict)
    unmatched: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def add(self, author: str, row_id: int | None, raw: Mapping[str, Any]) -> None:
        """Take the judgements of one row; none are taken from a row without any."""
        values: Values = {}
        self.by_author.setdefault(author, {})
        for name, value in raw.items():
            try:
                kept = judgement.normalised({name: value})
            except UsageProblem:
                self.refused[author] = self.refused.get(author, 0) + 1
                continue
            values.update({key: text for key, text in kept.items() if text is not None})
        if values and row_id is None:
            self.unmatched[author] = self.unmatched.get(author, 0) + 1
        elif values and row_id is not None:
            self.by_author[author][row_id] = values


class Rows:
    """This project's rows, found by the name of their file and of their object."""

    def __init__(self, view: ProjectView) -> None:
        self.project = view.path
        self._known: dict[Identity, list[dict[str, Any]]] = {}
        for row in view.rows():
            self._known.setdefault(exporting.identity(row), []).append(row)

    def find(self, row: Mapping[str, Any]) -> int | None:
        """The row that is meant; of several of one name the one within an arcsecond."""
        found = self._known.get(exporting.identity(row), [])
        if len(found) < 2:
            return int(found[0]["row_id"]) if found else None
        near = [(apart, int(other["row_id"])) for other in found
                if (apart := _separation_arcsec(row, other)) <= SAME_OBJECT_ARCSEC]  # fmt: skip
        return min(near)[1] if near else None


def read_graders(path: str, tasks: Sequence[Task], rows: Rows) -> Incoming:
    """The graders of an exported catalogue or of another project, and what each judged.

    Raises ``Unreadable``, ``ExportProblem`` or ``ProjectProblem``.
    """
    if not os.path.isfile(path):
        raise Unreadable(path, "", "there is no such file", "Give an export or a project.")
    if os.path.samefile(path, rows.project):
        raise Unreadable(
            path, "", "this is the project itself", "Give the exports or projects of the others."
        )
    if _is_database(path):
        return _of_project(path, tasks, rows)
    return _of_export(path, rows)


def _of_export(path: str, rows: Rows) -> Incoming:
    catalogue = exporting.read(path)
    incoming = Incoming(path)
    graders = {
        key.removeprefix(GRADER_KEY): name
        for key, name in catalogue.meta.items()
        if key.startswith(GRADER_KEY)
    }
    author = catalogue.meta.get("author") or Path(path).stem
    for row in catalogue.rows():
        row_id = rows.find(row)
        if not graders:
            incoming.add(author, row_id, {name: row.get(name) for name in judgement.FIELDS})
        for short, name in graders.items():
            cells = {field: row.get(f"{field}_{short}") for field in judgement.FIELDS}
            incoming.add(name, row_id, cells)
    return incoming


def _of_project(path: str, tasks: Sequence[Task], rows: Rows) -> Incoming:
    view = ProjectView(Path(path), tasks)
    incoming = Incoming(path)
    try:
        if view.is_too_new():
            raise ProjectTooNew(f"{path}: a newer version wrote it. Update the application.")
        if not view.is_present():
            raise Unreadable(
                path, "", "an older version wrote this project, or it is of another program",
                "Open it with this version once, or give an export of it.",
            )  # fmt: skip
        grades = view.grades(hide=False)
        for row in view.rows(list(grades)):
            row_id = rows.find(row)
            for author, fields in grades[row["row_id"]].items():
                if author != ADJUDICATED:
                    incoming.add(author, row_id, fields)
    finally:
        view.close()
    return incoming


def merged(incoming: Incoming) -> Iterator[Merged]:
    """What is to be said of each grader of a file."""
    for author, wanted in incoming.by_author.items():
        yield Merged(
            path=incoming.path, author=author, rows=len(wanted),
            unmatched=incoming.unmatched.get(author, 0), refused=incoming.refused.get(author, 0),
        )  # fmt: skip


def merged_words(one: Merged) -> str:
    words = f"{os.path.basename(one.path)}: {one.rows} rows judged by {one.author}"
    if one.unmatched:
        words += f"; {one.unmatched} rows are not in this project"
    if one.refused:
        words += f"; {one.refused} values are no judgement and were left out"
    return words


def _is_database(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(15) == b"SQLite format 3"
    except OSError as error:
        words = f"it cannot be read ({error.strerror})"
        raise Unreadable(path, "", words, "Check its permission.") from error


def _separation_arcsec(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    """Small angles on the sky; infinite where a position is missing."""
    cells = [row.get(name) for row in (first, second) for name in ("ra", "dec")]
    if any(cell is None for cell in cells):
        return math.inf
    ra_1, dec_1, ra_2, dec_2 = (float(str(cell)) for cell in cells)
    across = ((ra_1 - ra_2 + 180) % 360 - 180) * math.cos(math.radians(dec_1))
    return math.hypot(across, dec_1 - dec_2) * 3600
