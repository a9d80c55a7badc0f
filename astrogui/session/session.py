"""The session: adds, runs, annotates, undoes, exports; the window and the command line call it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrogui.inference.jobs import Runner
from astrogui.records import judgement
from astrogui.records.inside import Inside
from astrogui.records.sensitivity import Sensitivity
from astrogui.session import events, exporting
from astrogui.session.comparison import Verdict
from astrogui.session.exports import Exports
from astrogui.session.grading import Grading
from astrogui.session.helpers import make_reader, make_worker, unnamed_project
from astrogui.session.judgements import Judgements
from astrogui.session.known_tasks import KnownTasks
from astrogui.session.loop import Loop
from astrogui.session.open_project import OpenProject
from astrogui.session.own_models import labels_of, start_training
from astrogui.session.readable import Readable
from astrogui.session.settings import Settings, load_settings, model_search_path
from astrogui.session.table_keeper import TableKeeper
from astrogui.session.worker import Worker
from astrogui.store.project import Project
from astrogui.tasks import TASKS
from astrogui.tasks.task import Task

if TYPE_CHECKING:
    from astrogui.inference.training_process import TrainingProcess
    from astrogui.session.export_process import ExportProcess


class Session(Readable):
    """One project, its files, answers and judgements. Public methods return at once.

    Raises ``ProjectProblem`` when the project cannot be opened. ``project`` None makes an unnamed
    project in the analyst's data folder. Events reach subscribers in the session's own thread.
    ``has_window``: its processes give way to this one where processors are short.
    """

    def __init__(
        self,
        project: str | Path | None = None,
        *,
        models: str | None = None,
        runner: Runner | None = None,
        reader: Any = None,
        exporter: ExportProcess | None = None,
        settings: Settings | None = None,
        tasks: Sequence[Task] = TASKS,
        resume: bool = True,
        has_window: bool = False,
    ) -> None:
        self._settings = settings or load_settings()
        opened = Project(project or unnamed_project())  # raises before anything is started
        self.models = model_search_path(models or self.settings.models)
        self._known = KnownTasks(tasks, self.models)
        self._loop = Loop()
        self._runner = runner or make_worker(self.settings, has_window)
        self._reader = reader or make_reader(has_window=has_window)
        self._exports = Exports(self._loop, self._known.all, exporter)
        self._judgements = Judgements(lambda: self._open, lambda: self.author, self._loop.publish)
        self.grading = Grading(
            self._loop, self._exports.pool, lambda: self._open.project, lambda: self.author,
            self._known.all, self._judgements.changed,
        )  # fmt: skip
        self._worker = Worker(self._runner, self._known, self._loop, lambda: self._open)
        self._generation = 0
        self._open = self._made_open(opened)
        self._loop.together = self._gathered
        self._tables = TableKeeper(lambda: self.path, self._known.all)
        self._loop.subscribe(self._tables.hear)
        self._loop.post(lambda: self._begin(resume))

    # --- the project ---------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        """Use other settings from now on; another author sees the own judgements."""
        is_other = settings.signed != self._settings.signed
        self._settings = settings
        if is_other:
            self._loop.post(self.grading.sign)

    @property
    def author(self) -> str:
        """The name that judgements are signed with."""
        return self._settings.signed

    def open_project(self, path: str | Path) -> Future[None]:
        """Leave this project for another (or a new one at ``path``)."""

        def change() -> None:
            other = self._made_open(Project(path))  # raises before anything is closed
            self._worker.cancel_verify()
            left, self._open = self._open, other  # first, so that nobody reads a closed view
            left.jobs.cancel()
            self._tables.close()
            left.close()
            self._begin(resume=True)

        return self._loop.post(change)

    def _gathered(self) -> AbstractContextManager[None]:
        return self._open.project.gathered()

    def _made_open(self, project: Project) -> OpenProject:
        self._generation += 1
        try:
            return OpenProject(
                project, self._known, self._loop, self._reader, self._runner,
                self._worker.ensure, self._generation,
            )  # fmt: skip
        except BaseException:
            project.close()
            raise

    def _begin(self, resume: bool) -> None:
        self.grading.sign()
        self._open.begin(resume)
        self._judgements.tell_history()

    def cancel_exports(self) -> None:
        """Before ``close``: what is being exported stops instead of being waited for."""
        self._exports.cancel()

    def close(self) -> None:
        """Stop the workers and close the project; what was shown is in it."""
        self._runner.close()
        self._reader.close()
        self._exports.close()
        self._tables.close()
        self._worker.close()
        self._loop.post(self._close_project)
        self._loop.close()

    def _close_project(self) -> None:
        self._open.close()

    # --- models --------------------------------------------------------------------------------

    def train_own(
        self, title: str, told: Callable[[dict[str, Any]], None]
    ) -> Future[TrainingProcess]:
        """Learn the analyst's own classes from the labelled rows of images, in a child process.

        ``told`` hears how it goes, in a thread of its own; see `TrainingProcess`. The future
        raises ``UsageProblem`` where there are too few labels.
        """
        return self._exports.pool.submit(
            lambda: start_training(labels_of(self.view), title, self._known.cards, told)
        )

    def take_up(self, name: str) -> Future[None]:
        """Use a model of the analyst's own that was made while the session runs."""

        def know() -> None:
            self._known.take_up(name)
            for part in (self._open, self._tables, self._exports, self.grading):
                part.know(self._known.all)
            self._loop.publish(events.ProjectOpened(str(self.path)))

        return self._loop.post(know)

    # --- files and jobs ------------------------------------------------------------------------

    def add(
        self,
        paths: Iterable[str | os.PathLike[str]],
        tasks: Sequence[str] | None = None,
        options: Mapping[str, str] | None = None,
        as_one: bool = False,
        as_asked: bool = False,
    ) -> Future[list[int]]:
        """Add files and folders; the future holds the ids of their items.

        ``tasks`` None runs every task that accepts the file, () none, names those that are named
        and accept it. Companions (bands of a field, detectors of a time) are found by content;
        ``as_one`` takes the given files as one observation instead. An option of the name
        ``TASK.NAME`` is for that task alone, also where another starts it. Rows answered before
        with these options and since with others are answered anew; ``as_asked`` holds that for
        tasks that are given none, whose rows otherwise stay. Raises ``UsageProblem`` at once for a
        task that does not exist.
        """
        self._known.check(tasks or ())
        future: Future[list[int]] = Future()
        # A batch that queues no job is the last thing that an idle future may wait for.
        future.add_done_callback(lambda _: self._loop.post(self._worker.check_idle))
        wanted = list(paths)
        self._loop.post(
            lambda: self._open.intake.begin(
                wanted, tasks, dict(options or {}), future, as_one, as_asked
            )
        )
        return future

    def run(
        self,
        item_ids: Sequence[int],
        task: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Future[list[int]]:
        """Run a task on items once more, whatever was answered before; ids of the jobs.

        ``task`` None runs on each item those that answer such files without being asked.
        """
        return self._loop.post(lambda: self._open.run(item_ids, task, options or {}))

    def rerun(self, job_id: int) -> Future[None]:
        return self._loop.post(lambda: self._open.rerun(job_id))

    def cancel_adding(self) -> Future[None]:
        """Take in no more of the files that were given; what has come in stays."""
        return self._loop.post(self._open.intake.cancel)

    def cancel(self, job_id: int) -> Future[None]:
        return self._loop.post(lambda: self._open.jobs.cancel(job_id))

    def cancel_all(self) -> Future[None]:
        return self._loop.post(self._open.jobs.cancel)

    def relocate(self, item_id: int, path: str | os.PathLike[str]) -> Future[int]:
        """Say where a missing file is now; files beside it are found too. How many were found."""
        return self._loop.post(lambda: self._open.relocate(item_id, os.fspath(path)))

    # --- judgements ----------------------------------------------------------------------------

    def annotate(
        self,
        row_ids: Sequence[int],
        values: Mapping[str, str | int | float | None],
        initiator: Any = None,
    ) -> Future[None]:
        """Judge rows; None takes a judgement away.

        The judgements are ``user_class``, ``user_z`` (a redshift found by hand), ``user_quality``
        (0 to 4, or 6 for a star), ``user_tags`` (words joined by commas) and ``user_comment``.
        The future raises ``UsageProblem`` for a value that is none of these.
        """

        def judge() -> None:
            self.grading.write(list(row_ids), judgement.normalised(values), initiator)

        return self._loop.post(judge)

    def undo(self) -> Future[None]:
        return self._loop.post(self._judgements.undo)

    def redo(self) -> Future[None]:
        return self._loop.post(self._judgements.redo)

    def go_to(self, step_id: int) -> Future[None]:
        """Undo or redo up to a step of ``view.steps()``, 0 for before the first, as one command."""
        return self._loop.post(lambda: self._judgements.go_to(step_id))

    # --- verification --------------------------------------------------------------------------

    def verify(
        self, row_ids: Sequence[int] | None = None, tolerance: float | None = None
    ) -> Future[tuple[Verdict, ...]]:
        """Compute rows (None: all) again from their provenance and compare; nothing is overwritten.

        ``tolerance`` is relative; None takes that of each model's card. ``RowVerified`` events tell
        how far it is.
        """
        return self._worker.verify(row_ids, tolerance)

    def cancel_verify(self) -> Future[None]:
        return self._loop.post(self._worker.cancel_verify)

    def explain(self, row_id: int, task: str | None = None) -> Future[Sensitivity]:
        """What the newest answer of a row (of one task, or of any) rests on; nothing is stored.

        The future raises ``UsageProblem`` where the analysis cannot tell, else what kept it back.
        """
        return self._worker.explain(row_id, task)

    def look_inside(self, row_id: int, task: str | None = None) -> Future[Inside]:
        """What the network sees of a row's object: its input, its maps, what its answer rests on.

        Nothing is stored. The future raises ``UsageProblem`` where there is no network of pictures.
        """
        return self._worker.explain(row_id, task, looks=True)

    def save_inside(self, inside: Inside, path: str | os.PathLike[str]) -> Future[None]:
        """Write a look into a network: .fits holds all maps with their units, .png a picture.

        The future raises ``ExportProblem`` or ``DiskFull``.
        """
        from astrogui.export import inside as files

        return self._exports.pool.submit(files.write, inside, os.fspath(path))

    # --- export --------------------------------------------------------------------------------

    def export(
        self,
        path: str | os.PathLike[str],
        row_ids: exporting.RowIds | None = None,
        posteriors: str | os.PathLike[str] | None = None,
        columns: Sequence[str] | None = None,
        progress: Callable[[float, str], bool | None] | None = None,
    ) -> Future[int]:
        """Write the catalogue (and posteriors to HDF5); the future holds the number of rows.

        ``row_ids`` and ``columns`` are written in the order given, None for all. ``progress`` is
        called with the share done (0 to 1) and what is being done, in a thread of the session;
        where it returns False the export stops, leaving what was there before. The future raises
        ``UsageProblem`` for a column that is not there, ``ExportProblem``, ``DiskFull``, or
        ``CancelledError`` where it was stopped.
        """
        return self._exports.begin(
            self.path, os.fspath(path), row_ids, posteriors,
            exporting.meta_of(self.path, self.author), columns, self._tables.present, progress,
        )  # fmt: skip

    def export_merger(self, path: str | os.PathLike[str], row_ids: Sequence[int]) -> Future[int]:
        """Mergers for other programs: .json (bilby), .h5 (PESummary) or .fits (a sky map).

        The future holds how many were written; it raises ``ExportProblem`` or ``DiskFull``.
        """
        from astrogui.session import merger_files

        return self._exports.pool.submit(
            merger_files.write,
            self.path, self._known.all, self._known.cards, os.fspath(path), list(row_ids),
        )  # fmt: skip

    def import_judgements(self, path: str | os.PathLike[str]) -> Future[int]:
        """Take over the judgements of an export for the rows that are here too; how many rows."""
        return self._loop.post(lambda: self._judgements.take_over(path))

    # --- the worker ----------------------------------------------------------------------------

    def start_worker(self) -> Future[None]:
        """Start the worker ahead of the first job."""
        return self._loop.post(self._worker.ensure)

    def idle(self) -> Future[None]:
        """A future that is done once nothing is being read, queued or run."""
        return self._worker.idle()
