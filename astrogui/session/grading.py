"""Grading by several persons: who judges, what a blind grader sees, merging, agreeing, queues."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from astrogui.errors import ProjectProblem
from astrogui.records import judgement
from astrogui.session import events, inter_grader, merging
from astrogui.session.inter_grader import Agreement
from astrogui.session.loop import Loop
from astrogui.session.merging import Merged, Rows, read_graders
from astrogui.session.view import ProjectView
from astrogui.store import grades, history, items
from astrogui.store.project import Project, now
from astrogui.tasks.task import Task

QUEUE = "grading_queue"  # keys of the project's meta table
PLACE = "grading_place"
Changed = Callable[[tuple[int, ...], tuple[str, ...], Any], None]


class Grading:
    """The part of a session that has to do with graders. Methods return at once."""

    def __init__(
        self,
        loop: Loop,
        pool: Executor,
        project: Callable[[], Project],
        author: Callable[[], str],
        tasks: Sequence[Task],
        changed: Changed,
    ) -> None:
        self._loop, self._pool, self._project, self._author = loop, pool, project, author
        self._tasks, self._changed = tuple(tasks), changed

    # --- in the session's thread -----------------------------------------------------------

    def know(self, tasks: Sequence[Task]) -> None:
        """Read the answers of these tasks from now on."""
        self._tasks = tuple(tasks)

    def sign(self) -> None:
        """Let the author of the settings judge from now on."""
        with self._project().transaction() as connection:
            is_other = grades.set_judge(connection, self._author())
            several = len(grades.graders(connection)) > 0
            if is_other and several:
                items.note_change(connection)
        if is_other and several:
            self._say_all()

    def write(
        self, row_ids: Sequence[int], values: Mapping[str, str | None], initiator: Any
    ) -> None:
        """Judge rows: the agreed judgement where that is what the row shows, else one's own."""
        me = self._author()
        with self._project().transaction() as connection:
            shown = grades.read_grades(connection, row_ids)
            agreed = [r for r in row_ids if set(values) & set(shown.get(r, {}).get("", {}))]
            own = [r for r in row_ids if r not in set(agreed)]
            changed = history.annotate(connection, own, values, me)
            changed += history.annotate(connection, agreed, values, me, grades.ADJUDICATED)
        self._changed(changed, tuple(values), initiator)

    # --- blind -----------------------------------------------------------------------------

    def set_blind(self, blind: bool) -> Future[None]:
        """Hide the other graders' judgements until a row is graded, or show them again.

        To show them is recorded, for every row, under the present author's name.
        """

        def change() -> None:
            with self._project().transaction() as connection:
                grades.set_blind(connection, blind, self._author(), now())
                items.note_change(connection)
            self._say_all()

        return self._loop.post(change)

    def unblind(self, row_ids: Sequence[int]) -> Future[None]:
        """Show the others' judgements of these rows before grading them; recorded for ever."""

        def show() -> None:
            with self._project().transaction() as connection:
                fresh = grades.unblind(connection, row_ids, self._author(), now())
                items.note_change(connection)
            self._changed(fresh, judgement.FIELDS, None)

        return self._loop.post(show)

    # --- several graders -------------------------------------------------------------------

    def merge(self, paths: Sequence[str | os.PathLike[str]]) -> Future[tuple[Merged, ...]]:
        """Take over the judgements of exports and projects, each under its grader's name.

        One undo step for each grader. The future raises ``FileProblem``, ``ExportProblem`` or
        ``ProjectProblem``; nothing is taken over then.
        """
        project = self._project().path

        def read() -> tuple[Merged, ...]:
            view = ProjectView(project, self._tasks)
            try:
                rows = Rows(view)
            finally:
                view.close()
            found = [read_graders(os.fspath(path), self._tasks, rows) for path in paths]
            return self._loop.post(lambda: self._take(found, project)).result()

        return self._pool.submit(read)

    def _take(self, found: Sequence[merging.Incoming], project: Path) -> tuple[Merged, ...]:
        if self._project().path != project:  # the rows were looked for in the one before
            raise ProjectProblem(
                f"{project}: another project was opened meanwhile, so nothing was taken over. "
                "Open it and take the judgements over again."
            )
        me = self._author()
        said: list[Merged] = []
        changed: dict[int, None] = {}
        with self._project().transaction() as connection:
            for incoming in found:
                _rename(incoming, me)
                for author, wanted in incoming.by_author.items():
                    title = f"Take over {len(wanted)} rows judged by {author}"
                    rows = history.annotate_each(connection, wanted, me, author, title)
                    changed.update(dict.fromkeys(rows))
                said += merging.merged(incoming)
        self._changed(tuple(changed), judgement.FIELDS, None)
        return tuple(said)

    def agreement(
        self, row_ids: Sequence[int] | None = None, hide: bool = True
    ) -> Future[Agreement]:
        """Kappa or alpha of the graders with intervals, and the rows they differ on.

        Of a blind project it covers the rows whose judgements the grader may see, unless ``hide``
        is switched off by somebody who does not grade.
        """
        project = self._project().path

        def compute() -> Agreement:
            view = ProjectView(project, self._tasks)
            try:
                return inter_grader.agree(view.grades(row_ids, hide), view.unblinded())
            finally:
                view.close()

        return self._pool.submit(compute)

    def agree_on(
        self, row_ids: Sequence[int], values: Mapping[str, str | int | float | None]
    ) -> Future[None]:
        """Keep what the graders agreed on, beside each grader's own judgement; undoable."""

        def keep() -> None:
            written = judgement.normalised(values)
            with self._project().transaction() as connection:
                changed = history.annotate(
                    connection, row_ids, written, self._author(), grades.ADJUDICATED
                )
            self._changed(changed, tuple(written), None)

        return self._loop.post(keep)

    # --- the queue -------------------------------------------------------------------------

    def keep_queue(self, queue: Mapping[str, Any] | None, place: int = 0) -> Future[None]:
        """Keep a grading queue (a dict that JSON can hold) and the place in it; None ends it."""

        def keep() -> None:
            text = "" if queue is None else json.dumps(queue)
            with self._project().transaction() as connection:
                grades.write_meta(connection, QUEUE, text)
                grades.write_meta(connection, PLACE, str(place))

        return self._loop.post(keep)

    def keep_place(self, place: int) -> Future[None]:
        """Keep how far the queue has come."""

        def keep() -> None:
            with self._project().transaction() as connection:
                grades.write_meta(connection, PLACE, str(place))

        return self._loop.post(keep)

    def queue(self) -> Future[tuple[dict[str, Any], int] | None]:
        """The queue that was kept, and the place in it; None without one."""

        def read() -> tuple[dict[str, Any], int] | None:
            text = grades.read_meta(self._project().connection, QUEUE)
            place = grades.read_meta(self._project().connection, PLACE)
            return (json.loads(text), int(place or 0)) if text else None

        return self._loop.post(read)

    def _say_all(self) -> None:
        rows = tuple(grades.read_grades(self._project().connection, hide=False))
        if rows:
            self._loop.publish(events.RowsChanged(rows, judgement.FIELDS))
        self._changed((), (), None)


def _rename(incoming: merging.Incoming, me: str) -> None:
    """A file of a grader of one's own name is another grader's: it never writes over one's own."""
    if me in incoming.by_author:
        other = f"{me} ({os.path.basename(incoming.path)})"
        incoming.by_author[other] = incoming.by_author.pop(me)
        incoming.unmatched[other] = incoming.unmatched.pop(me, 0)
        incoming.refused[other] = incoming.refused.pop(me, 0)
