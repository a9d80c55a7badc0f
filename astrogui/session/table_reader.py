"""Reading many rows of a project as columns: the cells of ``ProjectView.rows``, by the million.

One row at a time costs a dict, a provenance and a list of names; a thousand at once cost one JSON
document and a list for each column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records import judgement
from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag
from astrogui.records.text_column import no_pause
from astrogui.session.columns import PER_TASK, option_words, own_names, place_cells
from astrogui.session.view import ProjectView
from astrogui.store import history, items
from astrogui.store.answers import read_answers
from astrogui.store.project import translated
from astrogui.tasks.row import answer_columns
from astrogui.tasks.task import Task

Cells = dict[str, list[Any]]
ROWS_AT_ONCE = 200  # in one statement; between two the window has its turn


@dataclass(frozen=True, slots=True)
class Marks:
    """How far a reading of the project has come; a later one asks what is new since."""

    row: int = 0
    answer: int = 0
    answered: str = ""  # when the last answer was given: tells two histories apart
    judged: str = ""
    changes: int = 0  # of rows or files without a new answer

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class TableReader(ProjectView):
    """A look at a project with a connection of its own, for the thread that fills the table."""

    def __init__(self, path: Path, tasks: Sequence[Task]) -> None:
        super().__init__(path, tasks)
        self._paths: dict[int, str] | None = None
        self._fast: dict[str, tuple[dict[str, str], str]] = {}
        self._known: tuple[Column, ...] = ()

    def marks(self) -> Marks:
        with self._lock, translated(self.path):
            row = self._one("SELECT MAX(row_id) FROM rows")
            answer = self._one("SELECT MAX(answer_id) FROM answers")
            answered = self._one("SELECT created FROM answers WHERE answer_id = ?", answer)
            judged = self._one("SELECT MAX(changed) FROM annotations")
            changes = items.catalogue_changes(self._connection)
        return Marks(row or 0, answer or 0, answered or "", judged or "", changes)

    def ids_since(self, marks: Marks) -> NDArray[np.int64] | None:
        """Rows to be read again after a reading that came as far as ``marks``, rising.

        None where everything has to be: files moved, or it was another project.
        """
        with self._lock, translated(self.path):
            answered = self._one("SELECT created FROM answers WHERE answer_id = ?", marks.answer)
            if (answered or "") != marks.answered or (self._one(
                "SELECT MAX(row_id) FROM rows"
            ) or 0) < marks.row:  # fmt: skip
                return None
            if items.catalogue_changes(self._connection) != marks.changes:
                return None
            found = self._connection.execute(
                "SELECT row_id FROM rows WHERE row_id > ? UNION "
                "SELECT row_id FROM answers WHERE answer_id > ? UNION "
                "SELECT row_id FROM annotations WHERE changed >= ?",
                (marks.row, marks.answer, marks.judged),
            ).fetchall()
        return np.array(sorted(row[0] for row in found), np.int64)

    def answered_since(self, marks: Marks) -> tuple[NDArray[np.int64], Marks]:
        """Rows that are new or were answered after ``marks``, rising, and the marks moved on.

        Costs as much as there is new, unlike ``ids_since``, which looks through all judgements.
        """
        with self._lock, translated(self.path):
            row = self._one("SELECT MAX(row_id) FROM rows") or 0
            answer = self._one("SELECT MAX(answer_id) FROM answers") or 0
            answered = self._one("SELECT created FROM answers WHERE answer_id = ?", answer) or ""
            found = self._connection.execute(
                "SELECT row_id FROM rows WHERE row_id > ? UNION "
                "SELECT row_id FROM answers WHERE answer_id > ?",
                (marks.row, marks.answer),
            ).fetchall()
        ids = np.array(sorted(row[0] for row in found), np.int64)
        return ids, replace(marks, row=row, answer=answer, answered=answered)

    def all_ids(self) -> NDArray[np.int64]:
        """Every row there is, rising."""
        with self._lock, translated(self.path):
            # Without an order SQLite reads the index, a sixth of the table's bytes.
            found = self._connection.execute("SELECT row_id FROM rows")
            ids = np.fromiter((row[0] for row in found), np.int64)  # no list of a million
        ids.sort()
        return ids

    def forget_paths(self) -> None:
        """Files moved: their names are read again."""
        self._paths = None

    def read(
        self, row_ids: NDArray[np.int64], give_way: Callable[[], None] = no_pause
    ) -> Iterator[tuple[NDArray[np.int64], Cells]]:
        """Rows as columns, some hundred at a time; rows that are not there are left out.

        ``give_way`` is called between the steps and waits while someone else is to go first.
        """
        for start in range(0, len(row_ids), ROWS_AT_ONCE):
            some = row_ids[start : start + ROWS_AT_ONCE]
            ids, cells = self._read_some(some.tolist(), give_way)
            if len(ids):
                yield ids, cells

    # -- within ----------------------------------------------------------------------------

    def _read_some(
        self, wanted: list[int], give_way: Callable[[], None]
    ) -> tuple[NDArray[np.int64], Cells]:
        with self._lock, translated(self.path):
            where = _among("row_id", wanted)
            base = self._connection.execute(
                "SELECT row_id, item_id, object_id, label, ra, dec, x, y, gps, words FROM rows "
                f"WHERE {where} ORDER BY row_id"
            ).fetchall()
            paths = self._names_of({row[1] for row in base})
            base = [row for row in base if row[1] in paths]
            give_way()
            answers = self._connection.execute(
                "SELECT row_id, task, cells, flags, novelty, "
                "json_extract(provenance, '$.model'), json_extract(provenance, '$.model_sha256'), "
                "json_extract(provenance, '$.options') "
                f"FROM answers WHERE {where} ORDER BY row_id, task, answer_id"
            ).fetchall()
            judged = history.read_annotations(self._connection, wanted)
        give_way()
        if not base:
            return np.zeros(0, np.int64), {}
        place_of = {row[0]: place for place, row in enumerate(base)}
        ids, item_ids, objects, labels, ra, dec, x, y, gps, words = map(
            list, zip(*base, strict=True)
        )
        cells: Cells = {
            "item_id": item_ids,
            "file": [paths[item_id] for item_id in item_ids],
            "object_id": [name or label for name, label in zip(objects, labels, strict=True)],
            "ra": ra, "dec": dec, "x_pixel": x, "y_pixel": y, "gps_found": gps,
        }  # fmt: skip
        self._put_answers(cells, answers, place_of, words)
        self._put_judgements(cells, judged, place_of)
        return np.array(ids, np.int64), cells

    def _names_of(self, item_ids: set[int]) -> dict[int, str]:
        """Paths by item, read once and kept."""
        if self._paths is None:
            self._paths = {}
        missing = [item_id for item_id in item_ids if item_id not in self._paths]
        for start in range(0, len(missing), ROWS_AT_ONCE):
            where = _among("item_id", missing[start : start + ROWS_AT_ONCE])
            for item in items.read_items(self._connection, self.path.parent, f"AND {where}"):
                self._paths[item.item_id] = ";".join(item.paths)
        return self._paths

    def _put_answers(
        self, cells: Cells, found: list[Any], place_of: dict[int, int], words: list[str]
    ) -> None:
        count = len(place_of)
        newest = {(answer[0], answer[1]): answer for answer in found}  # the last one stays
        tasks_of: dict[int, list[str]] = {}
        by_task: dict[str, list[Any]] = {}
        for (row_id, task), answer in newest.items():
            if row_id in place_of:
                tasks_of.setdefault(row_id, []).append(task)
                by_task.setdefault(task, []).append(answer)
        cells["task"] = [""] * count
        for task, answers in by_task.items():
            self._put_task(cells, task, answers, place_of)
        present = self._present_tasks()
        doubt_names = self._doubt_names(present)
        for row_id, place in place_of.items():
            tasks = tasks_of.get(row_id)
            if tasks is None and words[place]:
                for name in doubt_names:
                    cells.setdefault(name, [None] * count)[place] = words[place]
            elif tasks is not None and len(tasks) > 1:
                self._put_several(cells, row_id, place, count)

    def _put_task(
        self, cells: Cells, task: str, answers: list[Any], place_of: dict[int, int]
    ) -> None:
        names, suffix = self._names(task)
        count = len(place_of)
        places = [place_of[answer[0]] for answer in answers]
        raw = json.loads("[" + ",".join(answer[2] for answer in answers) + "]")
        is_whole = len(places) == count  # and in the order of the rows
        columns: Cells = {
            "task": [task] * len(places),
            f"model{suffix}": [answer[5] for answer in answers],
            f"model_sha256{suffix}": [answer[6] for answer in answers],
            f"flags{suffix}": [_flag_words(answer[3]) for answer in answers],
            f"novelty{suffix}": [answer[4] for answer in answers],
            f"options{suffix}": [_option_words(answer[7]) for answer in answers],
        }
        for name, values in _transposed(raw).items():
            if name in names:
                columns[names[name]] = list(values)
        for target, values in columns.items():
            if is_whole and (target == "task" or target not in cells):
                cells[target] = values
                continue
            column = cells.setdefault(target, [None] * count)
            for place, value in zip(places, values, strict=True):
                if value is not None:
                    column[place] = value

    def _put_several(self, cells: Cells, row_id: int, place: int, count: int) -> None:
        """A row that several tasks answered: which one a cell is from, the newest decides."""
        with self._lock, translated(self.path):
            found = read_answers(self._connection, [row_id])
        for name, value in place_cells(found, self._present_tasks()).items():
            cells.setdefault(name, [None] * count)[place] = value

    def _put_judgements(
        self, cells: Cells, judged: dict[int, dict[str, str]], place_of: dict[int, int]
    ) -> None:
        for row_id, values in judged.items():
            place = place_of.get(row_id)
            if place is None:
                continue
            for name, value in judgement.cells(values).items():
                cells.setdefault(name, [None] * len(place_of))[place] = value

    def columns(self) -> tuple[Column, ...]:
        columns = super().columns()
        if columns != self._known:
            self._known = columns
            self._fast.clear()
        return columns

    def _names(self, task: str) -> tuple[dict[str, str], str]:
        """The columns into which a task's cells go, and what its own names end with."""
        if task not in self._fast:
            present = self._present_tasks()
            shown = {column.name for column in self._known or self.columns()}
            found = next((other for other in present if other.name == task), None)
            own = {} if found is None else own_names(found, present)
            given = () if found is None else answer_columns(found, self._bands())
            names = {c.name: own.get(c.name, c.name) for c in given}
            several = len(present) > 1
            self._fast[task] = (
                {name: target for name, target in names.items() if target in shown},
                f"_{task}" if several else "",
            )
        return self._fast[task]

    def _doubt_names(self, present: Sequence[Task]) -> list[str]:
        base = PER_TASK[2].name
        return [f"{base}_{task.name}" for task in present] if len(present) > 1 else [base]

    def _one(self, statement: str, *values: Any) -> Any:
        found = self._connection.execute(statement, values).fetchone()
        return None if found is None else found[0]


def _among(name: str, ids: Sequence[int]) -> str:
    """A condition for these ids; a range where they are one, which SQLite reads fastest."""
    first, last = min(ids), max(ids)
    if last - first == len(ids) - 1:
        return f"{name} BETWEEN {int(first)} AND {int(last)}"
    return f"{name} IN ({','.join(str(int(number)) for number in ids)})"


def _transposed(raw: Sequence[dict[str, Any]]) -> dict[str, Sequence[Any]]:
    """The values by name, None where a row has none; names that no row has are left out."""
    names = list(set().union(*raw))
    if len(names) > 1:
        try:
            return dict(zip(names, zip(*map(itemgetter(*names), raw), strict=True), strict=True))
        except KeyError:  # not all have all
            pass
    return {name: [row.get(name) for row in raw] for name in names}


@lru_cache(maxsize=4096)
def _flag_words(bits: int) -> str:
    return "; ".join(Flag(bits).words())


@lru_cache(maxsize=256)
def _option_words(packed: str | None) -> str:
    return option_words(json.loads(packed or "[]"))
