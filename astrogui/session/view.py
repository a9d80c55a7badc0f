"""Reading the project: what the window and the command line see of it, without waiting."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.records import judgement
from astrogui.records.catalogue import Catalogue, Column, catalogue_from_rows
from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.session.columns import catalogue_columns, place_cells
from astrogui.store import answers, grades, history, items
from astrogui.store.answers import AnswerInfo
from astrogui.store.grades import ByAuthor
from astrogui.store.history import Change, Step
from astrogui.store.items import Item, JobInfo, Problem
from astrogui.store.project import open_reader, translated
from astrogui.store.schema import APPLICATION_ID, MIGRATIONS
from astrogui.tasks.task import Task

ROWS_AT_ONCE = 500  # of one statement
FEATURES = "features"  # the curve of a posterior that holds them


class Features(NamedTuple):
    """Features of the objects of one analysis."""

    row_ids: NDArray[np.int64]  # (n,)
    values: NDArray[np.float32]  # (n, k)
    left_out: int  # objects that another model answered


class ProjectView:
    """A read-only look at a project, over a connection of its own; any one thread at a time."""

    def __init__(self, path: Path, tasks: Sequence[Task]) -> None:
        self.path = path
        self._tasks = tuple(tasks)
        self._connection = open_reader(path)
        self._lock = threading.RLock()
        # What a project has once, it keeps: only what came since is looked through again.
        self._seen_tasks: set[str] = set()
        self._seen_answer = self._seen_item = self._seen_changes = 0
        self._seen_bands: dict[str, None] = {}

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The analyses whose columns are known."""
        return self._tasks

    def know(self, tasks: Sequence[Task]) -> None:
        """Show the answers of these tasks from now on."""
        self._tasks = tuple(tasks)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def items(self) -> list[Item]:
        """Observations in the order in which they were added."""
        with self._lock, translated(self.path):
            return items.read_items(self._connection, self.path.parent)

    def item(self, item_id: int) -> Item:
        with self._lock, translated(self.path):
            found = items.read_items(
                self._connection, self.path.parent, f"AND item_id = {int(item_id)}"
            )
        if not found:
            raise KeyError(f"no item {item_id}")
        return found[0]

    def jobs(self) -> list[JobInfo]:
        with self._lock, translated(self.path):
            return items.read_jobs(self._connection)

    def problems(self) -> list[Problem]:
        with self._lock, translated(self.path):
            return items.read_problems(self._connection)

    def history(self) -> tuple[str, str]:
        """What undo and redo would do next."""
        with self._lock, translated(self.path):
            return history.titles(self._connection)

    def steps(self) -> list[Step]:
        """The judgements that can be undone or redone, oldest first."""
        with self._lock, translated(self.path):
            return history.steps(self._connection)

    def changes(self, step_id: int, most: int = 20) -> tuple[list[Change], int]:
        """The first ``most`` changes of a step of the history, and how many it has."""
        with self._lock, translated(self.path):
            return history.changes_of(self._connection, step_id, most)

    def judge(self, row_id: int, field: str) -> tuple[str, str] | None:
        """Author and time of a row's judgement; None where there is none."""
        with self._lock, translated(self.path):
            return history.read_judge(self._connection, row_id, field)

    def answers(self, row_id: int) -> list[AnswerInfo]:
        """Every answer that a row ever got, oldest first."""
        with self._lock, translated(self.path):
            return answers.read_answers(self._connection, [row_id], all_of_them=True)

    def posterior(self, row_id: int, task: str | None = None) -> Posterior | None:
        with self._lock, translated(self.path):
            return answers.read_posterior(self._connection, row_id, task)

    def features(self, task: str) -> Features:
        """What a network made of the objects that it answered, before its last layer.

        Objects that another model answered than most are left out: their features are others.
        """
        with self._lock, translated(self.path):
            found = answers.read_curves(self._connection, task, FEATURES)
        models = Counter(model for _, model, _ in found)
        kept = models.most_common(1)[0][0] if models else ""
        chosen = [(row_id, values) for row_id, model, values in found if model == kept]
        width = len(chosen[0][1]) if chosen else 0
        return Features(
            row_ids=np.array([row_id for row_id, _ in chosen], np.int64),
            values=np.array([values for _, values in chosen], np.float32).reshape(
                len(chosen), width
            ),
            left_out=len(found) - len(chosen),
        )

    def grades(
        self, row_ids: Sequence[int] | None = None, hide: bool = True
    ) -> dict[int, ByAuthor]:
        """Judgements by row, grader ("" for those agreed on) and field, as texts.

        With ``hide`` a blind grader's view: of rows not yet graded the own judgements alone.
        """
        with self._lock, translated(self.path):
            return grades.read_grades(self._connection, row_ids, hide)

    def judged_rows(self) -> list[int]:
        """The rows that somebody has judged."""
        with self._lock, translated(self.path):
            return sorted(history.read_annotations(self._connection))

    def graders(self) -> tuple[str, ...]:
        """Everybody who judged a row."""
        with self._lock, translated(self.path):
            return grades.graders(self._connection)

    def is_blind(self) -> bool:
        """Whether graders see each other's judgements only of rows that they have graded."""
        with self._lock, translated(self.path):
            return grades.is_blind(self._connection)

    def unblinded(self) -> list[tuple[int, str]]:
        """Rows (0 for all) and who looked at the others' judgements before grading them."""
        with self._lock, translated(self.path):
            return grades.unblinded(self._connection)

    def is_too_new(self) -> bool:
        """Whether a newer version of the application wrote the project."""
        with self._lock, translated(self.path):
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        return int(version) > len(MIGRATIONS)

    def is_present(self) -> bool:
        """Whether it is a project, and one whose tables are those of this version."""
        with self._lock, translated(self.path):
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            writer = self._connection.execute("PRAGMA application_id").fetchone()[0]
        return int(version) == len(MIGRATIONS) and int(writer) == APPLICATION_ID

    def answer_posterior(self, answer_id: int) -> Posterior | None:
        """The posterior of one answer of a row's history."""
        with self._lock, translated(self.path):
            return answers.read_answer(self._connection, answer_id)

    def place(self, row_id: int) -> Place:
        """Where a row's object is; raises ``KeyError`` for a row that is not here."""
        with self._lock, translated(self.path):
            return items.read_place(self._connection, row_id)

    def item_of(self, row_id: int) -> Item:
        """The observation that a row belongs to; raises ``KeyError``."""
        with self._lock, translated(self.path):
            found = items.read_items(
                self._connection,
                self.path.parent,
                f"AND item_id = (SELECT item_id FROM rows WHERE row_id = {int(row_id)})",
            )
        if not found:
            raise KeyError(f"no row {row_id}")
        return found[0]

    def row_ids(self, item_id: int | None = None) -> list[int]:
        where = "" if item_id is None else f"AND rows.item_id = {int(item_id)}"
        with self._lock, translated(self.path):
            return [
                row[0]
                for row in self._connection.execute(
                    "SELECT row_id FROM rows JOIN items USING (item_id) "
                    f"WHERE items.state != 'superseded' {where} ORDER BY rows.item_id, row_id"
                )
            ]

    def columns(self) -> tuple[Column, ...]:
        """The columns of this project's catalogue, in the order of the export."""
        return catalogue_columns(self._present_tasks(), self._bands())

    def rows(self, row_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
        """Export columns of these rows, with ``row_id``, ``item_id``, ``x_pixel`` … added."""
        wanted = self.row_ids() if row_ids is None else list(row_ids)
        present = self._present_tasks()
        rows: list[dict[str, Any]] = []
        for start in range(0, len(wanted), ROWS_AT_ONCE):
            rows += self._some_rows(wanted[start : start + ROWS_AT_ONCE], present)
        return rows

    def _some_rows(self, wanted: list[int], present: Sequence[Task]) -> list[dict[str, Any]]:
        with self._lock, translated(self.path):
            base = self._base_rows(wanted)
            judged = history.read_annotations(self._connection, wanted)
            by_row: dict[int, list[AnswerInfo]] = {}
            for answer in answers.read_answers(self._connection, wanted):
                by_row.setdefault(answer.row_id, []).append(answer)
        rows = []
        for row_id in wanted:
            if row_id not in base:
                continue
            row = base[row_id]
            row.update(place_cells(by_row.get(row_id, []), present, row.pop("words")))
            row.update(judgement.cells(judged.get(row_id, {})))
            rows.append(row)
        return rows

    def row(self, row_id: int) -> dict[str, Any]:
        found = self.rows([row_id])
        if not found:
            raise KeyError(f"no row {row_id}")
        return found[0]

    def catalogue(
        self, row_ids: Sequence[int] | None = None, meta: dict[str, str] | None = None
    ) -> Catalogue:
        """The annotated catalogue as it is exported."""
        return catalogue_from_rows(self.columns(), self.rows(row_ids), meta)

    def _base_rows(self, wanted: Sequence[int]) -> dict[int, dict[str, Any]]:
        # Few rows ask for few items: a batch's rows are read one by one as they arrive.
        inside = ",".join(str(int(row_id)) for row_id in wanted)
        where = f"AND item_id IN (SELECT item_id FROM rows WHERE row_id IN ({inside}))"
        paths = {
            item.item_id: ";".join(item.paths)
            for item in items.read_items(self._connection, self.path.parent, where)
        }
        found = self._connection.execute(
            f"SELECT row_id, item_id, object_id, ra, dec, x, y, gps, words, label FROM rows "
            f"WHERE row_id IN ({inside})"
        )
        return {
            r[0]: {
                "row_id": r[0], "item_id": r[1], "file": paths[r[1]], "object_id": r[2] or r[9],
                "ra": r[3], "dec": r[4], "x_pixel": r[5], "y_pixel": r[6], "gps_found": r[7],
                "words": r[8],
            }
            for r in found
            if r[1] in paths
        }  # fmt: skip

    def present_tasks(self) -> tuple[Task, ...]:
        """The analyses that have jobs or answers in this project."""
        return self._present_tasks()

    def _present_tasks(self) -> tuple[Task, ...]:
        """Tasks that were ever asked or have answered; what was seen once is not sought again."""
        with self._lock, translated(self.path):
            last = self._connection.execute("SELECT MAX(answer_id) FROM answers").fetchone()[0] or 0
            asked = {row[0] for row in self._connection.execute("SELECT DISTINCT task FROM jobs")}
            if last > self._seen_answer:
                # Without a condition SQLite reads the index, which holds no posteriors.
                newer = f"WHERE answer_id > {self._seen_answer}" if self._seen_answer else ""
                found = self._connection.execute(f"SELECT DISTINCT task FROM answers {newer}")
                asked |= {row[0] for row in found}
            self._seen_tasks |= asked
            self._seen_answer = last
        return tuple(task for task in self._tasks if task.name in self._seen_tasks)

    def _bands(self) -> tuple[str, ...]:
        """The bands of the images, in the order in which they came."""
        with self._lock, translated(self.path):
            changes = items.catalogue_changes(self._connection)
            if changes != self._seen_changes:
                self._seen_item, self._seen_changes = 0, changes
                self._seen_bands.clear()
            images = items.read_items(
                self._connection,
                self.path.parent,
                f"AND kind = 'image' AND item_id > {self._seen_item}",
            )
        for item in images:
            self._seen_item = item.item_id
            self._seen_bands.update(dict.fromkeys(source.band for source in item.sources))
        return tuple(self._seen_bands)


def flag_words(bits: int) -> str:
    """Flags as the catalogue shows them."""
    return "; ".join(Flag(bits).words())
