"""A project while it is open: its connection and rows, its jobs, and the files that come into it.

What is asked of it runs in the session's thread. It knows no other project: an answer or a file
that comes after another one was opened still belongs to this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from astrogui.errors import FileProblem
from astrogui.inference.jobs import Runner
from astrogui.records.source import Source
from astrogui.session import events
from astrogui.session.file_places import check_missing, relocate
from astrogui.session.intake import Batch, Intake
from astrogui.session.known_tasks import KnownTasks
from astrogui.session.loop import Loop
from astrogui.session.running import Jobs
from astrogui.session.view import ProjectView
from astrogui.store import items
from astrogui.store.project import Project
from astrogui.tasks.task import Task


class OpenProject:
    """``view`` may be read in any thread; all else belongs to the session's."""

    def __init__(
        self,
        project: Project,
        known: KnownTasks,
        loop: Loop,
        reader: Any,
        runner: Runner,
        ensure_runner: Callable[[], None],
        generation: int,
    ) -> None:
        """``generation`` counts the projects of a session: it keeps their jobs apart outside."""
        self.project = project
        self.view = ProjectView(project.path, known.all)
        self._known, self._publish = known, loop.publish
        self._ensure_runner = ensure_runner
        cards = known.cards
        self.jobs = Jobs(
            project, known.all, loop.publish, cards.search_path, generation, cards.digest
        )
        self.jobs.runner = runner
        self.intake = Intake(
            reader, loop.post_soon, loop.afterwards, self._store, self._refuse, self._known_sources
        )
        self.intake.tell = lambda done, total: loop.publish(events.FilesLookedAt(done, total))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read, queued or run."""
        return not self.intake.open_batches and not self.jobs.open_jobs

    def know(self, tasks: Sequence[Task]) -> None:
        """Answer and show these tasks from now on."""
        self.view.know(tasks)
        self.jobs.know(tasks)

    def begin(self, resume: bool) -> None:
        """Look for the files, tell that the project is open, and go on with its jobs."""
        check_missing(self.project)
        self._publish(events.ProjectOpened(str(self.project.path)))
        waiting = items.read_jobs(self.project.connection, "state IN ('queued','running')")
        if resume and waiting:
            self._ensure_runner()
            self.jobs.resume()

    def run(
        self, item_ids: Sequence[int], task: str | None, options: Mapping[str, str]
    ) -> list[int]:
        """Queue a task (None: those that come unasked) for items once more; ids of the jobs."""
        self._ensure_runner()
        made = [
            self.jobs.queue(
                item_id, sources, name, options, self._known.cards.digest(name), again=True
            )
            for item_id in item_ids
            for sources in [self.view.item(item_id).sources]
            for name in ([task] if task else self._known.unasked(sources))
        ]
        return [job_id for job_id in made if job_id is not None]

    def rerun(self, job_id: int) -> None:
        """Queue a job that has ended once more."""
        self._ensure_runner()
        self.jobs.rerun(job_id)

    def relocate(self, item_id: int, path: str) -> int:
        """``file_places.relocate`` of an item, and what it changed is told."""
        found = relocate(self.project, self.view.item(item_id), path)
        check_missing(self.project)
        self._publish(events.RowsChanged(tuple(self.view.row_ids()), ("file",)))
        return found

    def close(self) -> None:
        self.intake.close()
        self.view.close()
        self.project.close()
        self._publish(events.ProjectClosed(str(self.project.path)))

    def _store(self, sources: Sequence[Source], batch: Batch) -> int:
        with self.project.transaction() as connection:
            item_id = items.add_item(connection, self.project.path.parent, sources)
            folder = self.project.path.parent
            moved = () if batch.as_one else items.supersede(connection, folder, item_id, sources)
        for path in dict.fromkeys(source.path for source in sources):
            self._publish(events.FileAdded(path, (item_id,)))
        if moved:
            self._publish(events.RowsChanged(moved, ("file",)))
        self._queue_tasks(item_id, sources, batch)
        return item_id

    def _queue_tasks(self, item_id: int, sources: Sequence[Source], batch: Batch) -> None:
        fitting = [
            task
            for task in self._known.all
            if (
                task.comes_unasked(sources)
                if batch.tasks is None
                else task.name in batch.tasks and task.fits(sources)
            )
        ]
        for task in fitting:
            self._ensure_runner()
            self.jobs.queue(
                item_id, sources, task.name, batch.options_of(task),
                self._known.cards.digest(task.name), as_asked=batch.as_asked,
            )  # fmt: skip
        if not fitting and batch.tasks != ():
            asked = f"of {', '.join(batch.tasks)} " if batch.tasks else ""
            with self.project.transaction() as connection:
                row = items.add_row_without_answer(
                    connection, item_id, f"no analysis {asked}fits this {sources[0].kind}"
                )
            if row is not None:
                self._publish(events.RowsChanged((row,), ("words",)))

    def _refuse(self, problem: FileProblem, batch: Batch) -> int:
        del batch
        with self.project.transaction() as connection:
            item_id = items.add_refused(connection, self.project.path.parent, problem)
            items.add_problem(connection, problem)
            rows = tuple(items.rows_of(connection, item_id))
        self._publish(
            events.FileRefused(problem.path, problem.place, problem.cause, problem.advice)
        )
        self._publish(events.RowsChanged(rows, ("words",)))
        return item_id

    def _known_sources(self, kind: str) -> list[Source]:
        return [
            source
            for item in items.read_items(self.project.connection, self.project.path.parent)
            if item.kind == kind and item.state == "ok"
            for source in item.sources
        ]
