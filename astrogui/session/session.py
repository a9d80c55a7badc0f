"""The session: adds, runs, annotates, undoes, exports; the window and the command line call it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astrogui
from astrogui.errors import ModelMissing, UsageProblem
from astrogui.inference.jobs import Report, Runner
from astrogui.records import judgement
from astrogui.records.catalogue import Catalogue
from astrogui.records.inside import Inside
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import Posterior
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.source import FilePart, Source
from astrogui.session import cards, events, exporting
from astrogui.session.comparison import Verdict
from astrogui.session.explaining import Explainer
from astrogui.session.exports import Exports
from astrogui.session.grading import Grading
from astrogui.session.helpers import make_reader, make_worker, unnamed_project
from astrogui.session.judgements import Judgements
from astrogui.session.live_table import LiveTable
from astrogui.session.loading import load_part, load_when_known
from astrogui.session.loop import Loop
from astrogui.session.open_project import OpenProject
from astrogui.session.origin import Origin, origin_of
from astrogui.session.own_models import labels_of, own_tasks, start_training
from astrogui.session.settings import Settings, load_settings, model_search_path, shipped
from astrogui.session.table_keeper import TableKeeper
from astrogui.session.verify import Verifier
from astrogui.session.view import ProjectView
from astrogui.store.project import Project, now
from astrogui.tasks import TASKS
from astrogui.tasks.task import Task

if TYPE_CHECKING:
    from astrogui.inference.training_process import TrainingProcess
    from astrogui.session.export_process import ExportProcess


class Session:
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
        self._tasks = (*tasks, *own_tasks(self.models))
        self._cards = cards.Cards(self.models)
        self._loop = Loop()
        self._runner = runner or make_worker(self.settings, has_window)
        self._runner_started = False
        self._reader = reader or make_reader(has_window=has_window)
        self._exports = Exports(self._loop, self._tasks, exporter)
        self._waiting_for_idle: list[Future[None]] = []
        self._judgements = Judgements(lambda: self._open, lambda: self.author, self._loop.publish)
        self.grading = Grading(
            self._loop, self._exports.pool, lambda: self._open.project, lambda: self.author,
            self._tasks, self._judgements.changed,
        )  # fmt: skip
        self._verifier = Verifier(
            self._tasks, self._cards, self._runner, self._loop.post, self._loop.publish
        )
        self._explainer = Explainer(
            self._task_named, self._cards, self._runner, self._loop.publish
        )  # fmt: skip
        self._generation = 0
        self._open = self._made_open(opened)
        self._tables = TableKeeper(lambda: self.path, self._tasks)
        self._loop.subscribe(self._tables.hear)
        self._loop.post(lambda: self._begin(resume))

    # --- the project ---------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The project file."""
        return self._open.project.path

    @property
    def view(self) -> ProjectView:
        """The project as it may be read without waiting."""
        return self._open.view

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
            self._verifier.cancel()
            left, self._open = self._open, other  # first, so that nobody reads a closed view
            left.jobs.cancel()
            self._tables.close()
            left.close()
            self._begin(resume=True)

        return self._loop.post(change)

    def _made_open(self, project: Project) -> OpenProject:
        self._generation += 1
        try:
            return OpenProject(
                project, self._tasks, self._cards, self._loop, self._reader, self._runner,
                self._ensure_runner, self._generation,
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
        self._verifier.close()
        self._loop.post(self._explainer.close)
        self._loop.post(self._close_project)
        self._loop.close()

    # --- events and reading --------------------------------------------------------------------

    def subscribe(self, callback: Callable[[events.Event], None]) -> Callable[[], None]:
        """Hear every event, in the session's thread; returns how to stop."""
        return self._loop.subscribe(callback)

    def live_table(self) -> LiveTable:
        """The catalogue as columns that follow the project; begun when first asked for."""
        return self._tables.table()

    def tasks(self) -> tuple[Task, ...]:
        return self._tasks

    def card(self, task: str) -> ModelCard | None:
        """The card of the model that answers ``task``; None where there is no model."""
        return self._cards.card(task)

    def train_own(
        self, title: str, told: Callable[[dict[str, Any]], None]
    ) -> Future[TrainingProcess]:
        """Learn the analyst's own classes from the labelled rows of images, in a child process.

        ``told`` hears how it goes, in a thread of its own; see `TrainingProcess`. The future
        raises ``UsageProblem`` where there are too few labels.
        """
        return self._exports.pool.submit(
            lambda: start_training(labels_of(self.view), title, self._cards, told)
        )

    def take_up(self, name: str) -> Future[None]:
        """Use a model of the analyst's own that was made while the session runs."""

        def know() -> None:
            found = [task for task in own_tasks(self.models) if task.name == name]
            if not found:
                raise ModelMissing(f"There is no model {name} in {self.models}.")
            self._cards.forget(name)
            self._tasks = (*(task for task in self._tasks if task.name != name), *found)
            for part in (self._open, self._tables, self._exports, self.grading):
                part.know(self._tasks)
            self._loop.publish(events.ProjectOpened(str(self.path)))

        return self._loop.post(know)

    def demo_files(self) -> list[Path]:
        """The bundled samples: simulated by this project, and saying so in their headers."""
        return sorted(p for p in (shipped("resources") / "samples").iterdir() if p.is_file())

    def load(self, item_id: int) -> Future[Any]:
        """The record of an item for display: ``Spectrum``, ``Field`` or ``Network``."""
        sources = self._loop.post(lambda: self.view.item(item_id).sources)
        return load_when_known(self._reader, sources)

    def parts(self, path: str) -> Future[tuple[FilePart, ...]]:
        """The HDUs of a FITS file; () of a file of another kind."""
        return self._reader.parts(path)

    def header(self, path: str, index: int) -> Future[str]:
        """The cards of a FITS header as they are written, one a line."""
        return self._reader.header(path, index)

    def load_part(self, path: str, part: str) -> Future[Any]:
        """The record of one extension or plane of a file, for display."""
        return load_part(self._reader, path, part)

    def posterior(self, row_id: int, task: str | None = None) -> Future[Posterior | None]:
        """The newest posterior of a row, of one task or of any."""
        return self._loop.post(lambda: self.view.posterior(row_id, task))

    def answer_posterior(self, answer_id: int) -> Future[Posterior | None]:
        """The posterior of one answer of ``view.answers``, however old."""
        return self._loop.post(lambda: self.view.answer_posterior(answer_id))

    def origin(self, row_id: int, column: str = "", task: str = "") -> Origin:
        """Where a cell (or a task's answer, or the whole row) comes from; see ``Origin.text``."""
        return origin_of(self.view, self._cards, row_id, column, task)

    def idle(self) -> Future[None]:
        """A future that is done once nothing is being read, queued or run."""
        future: Future[None] = Future()

        def wait() -> None:
            self._waiting_for_idle.append(future)
            self._check_idle()

        self._loop.post(wait)
        return future

    # --- files and jobs ------------------------------------------------------------------------

    def add(
        self,
        paths: Iterable[str | os.PathLike[str]],
        tasks: Sequence[str] | None = None,
        options: Mapping[str, str] | None = None,
        as_one: bool = False,
    ) -> Future[list[int]]:
        """Add files and folders; the future holds the ids of their items.

        ``tasks`` None runs every task that accepts the file, () none, names those that are named
        and accept it. Companions (bands of a field, detectors of a time) are found by content;
        ``as_one`` takes the given files as one observation instead. Raises ``UsageProblem`` at
        once for a task that does not exist.
        """
        known = {task.name for task in self._tasks}
        if unknown := set(tasks or ()) - known:
            raise UsageProblem(
                f"There is no task {', '.join(sorted(unknown))}. "
                f"The tasks are: {', '.join(sorted(known))}."
            )
        future: Future[list[int]] = Future()
        # A batch that queues no job is the last thing that an idle future may wait for.
        future.add_done_callback(lambda _: self._loop.post(self._check_idle))
        wanted = list(paths)
        self._loop.post(
            lambda: self._open.intake.begin(wanted, tasks, dict(options or {}), future, as_one)
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

        def queue() -> list[int]:
            self._ensure_runner()
            made = [
                self._open.jobs.queue(
                    item_id, sources, name, options or {}, self._cards.digest(name), again=True
                )
                for item_id in item_ids
                for sources in [self.view.item(item_id).sources]
                for name in ([task] if task else self._unasked(sources))
            ]
            return [job_id for job_id in made if job_id is not None]

        return self._loop.post(queue)

    def rerun(self, job_id: int) -> Future[None]:
        def again() -> None:
            self._ensure_runner()
            self._open.jobs.rerun(job_id)

        return self._loop.post(again)

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
        return self._verifier.start(self.view, row_ids, tolerance, self._ensure_runner)

    def cancel_verify(self) -> Future[None]:
        return self._loop.post(self._verifier.cancel)

    def explain(self, row_id: int, task: str | None = None) -> Future[Sensitivity]:
        """What the newest answer of a row (of one task, or of any) rests on; nothing is stored.

        The future raises ``UsageProblem`` where the analysis cannot tell, else what kept it back.
        """
        future: Future[Sensitivity] = Future()

        def ask() -> None:
            self._ensure_runner()
            self._explainer.start(self.view, row_id, task, future)

        self._loop.post(ask)
        return future

    def look_inside(self, row_id: int, task: str | None = None) -> Future[Inside]:
        """What the network sees of a row's object: its input, its maps, what its answer rests on.

        Nothing is stored. The future raises ``UsageProblem`` where there is no network of pictures.
        """
        future: Future[Inside] = Future()

        def ask() -> None:
            self._ensure_runner()
            self._explainer.start(self.view, row_id, task, future, looks=True)

        self._loop.post(ask)
        return future

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
        meta = {
            "application": f"AstroGUI {astrogui.__version__}",
            "project": self.path.name,
            "created": now(),
            "author": self.author,
        }

        return self._exports.begin(
            self.path, os.fspath(path), row_ids, posteriors, meta, columns,
            self._tables.present, progress,
        )  # fmt: skip

    def export_merger(self, path: str | os.PathLike[str], row_ids: Sequence[int]) -> Future[int]:
        """Mergers for other programs: .json (bilby), .h5 (PESummary) or .fits (a sky map).

        The future holds how many were written; it raises ``ExportProblem`` or ``DiskFull``.
        """
        from astrogui.session import merger_files

        return self._exports.pool.submit(
            merger_files.write, self.path, self._tasks, self._cards, os.fspath(path), list(row_ids)
        )

    def read_table(self, path: str | os.PathLike[str]) -> Future[Catalogue]:
        """The columns of an analyst's own table of sources, parsed in the reader process.

        FITS, VOTable, ECSV, CSV or TSV; the future raises ``FileProblem``.
        """
        return self._reader.table(os.fspath(path))

    def read_catalogue(self, path: str | os.PathLike[str]) -> Catalogue:
        """The rows of an export of ours, as they were written."""
        return exporting.read(os.fspath(path))

    def import_judgements(self, path: str | os.PathLike[str]) -> Future[int]:
        """Take over the judgements of an export for the rows that are here too; how many rows."""

        return self._loop.post(lambda: self._judgements.take_over(path))

    # --- in the session's thread ---------------------------------------------------------------

    def _task_named(self, name: str) -> Task | None:
        return next((task for task in self._tasks if task.name == name), None)

    def _unasked(self, sources: Sequence[Source]) -> list[str]:
        return [task.name for task in self._tasks if task.comes_unasked(sources)]

    def _close_project(self) -> None:
        self._open.close()

    def _ensure_runner(self) -> None:
        if not self._runner_started:
            self._runner_started = True
            self._runner.start(self._take_later)

    def start_worker(self) -> Future[None]:
        """Start the worker ahead of the first job."""
        return self._loop.post(self._ensure_runner)

    def _take_later(self, report: Report) -> None:
        self._loop.post(lambda: self._take(report))

    def _take(self, report: Report) -> None:
        if not (self._verifier.take(report) or self._explainer.take(report)):
            self._open.jobs.take(report)
        self._check_idle()

    def _check_idle(self) -> None:
        if not self._open.is_idle:
            return
        waiting, self._waiting_for_idle = self._waiting_for_idle, []
        for future in waiting:
            future.set_result(None)
