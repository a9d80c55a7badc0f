"""Jobs in the project: queued, answered row by row, lost with their worker, run again."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from astrogui.errors import AstroguiError, FileProblem, Unreadable
from astrogui.inference import jobs as reports
from astrogui.inference.jobs import Job, Runner
from astrogui.records.source import Source
from astrogui.session import events
from astrogui.store import answers, items
from astrogui.store.items import JobInfo
from astrogui.store.project import Project, now
from astrogui.tasks.row import answer_values
from astrogui.tasks.task import Task

log = logging.getLogger(__name__)
ATTEMPTS = 2
MOST_JOBS = 10**9  # of one project; the runner knows a job by its project's share of the numbers
LOST_WORDS = "the worker died while it ran"


class Jobs:
    """Keeps the jobs table and the runner in step; every method runs in the session's thread."""

    def __init__(
        self,
        project: Project,
        tasks: Sequence[Task],
        publish: Callable[[events.Event], None],
        models: str,
        generation: int = 0,
        digest: Callable[[str], str] = lambda task: "",
    ) -> None:
        """``generation`` counts the projects of a session: it keeps their jobs apart outside.

        ``digest`` tells the model of a task apart from others; "" where there is none.
        """
        self._digest = digest
        self._first = generation * MOST_JOBS
        self._project, self._publish, self._models = project, publish, models
        self._tasks = {task.name: task for task in tasks}
        self._attempts: dict[int, int] = {}
        self._items: dict[int, int] = {}  # job: item, of the jobs that are open
        self._taken: dict[int, set[int]] = {}  # job: the rows that its places have become
        self.runner: Runner | None = None

    def know(self, tasks: Sequence[Task]) -> None:
        """Take answers of these tasks from now on."""
        self._tasks = {task.name: task for task in tasks}

    @property
    def open_jobs(self) -> int:
        """How many jobs are queued or running."""
        return len(self._items)

    def queue(
        self,
        item_id: int,
        sources: Sequence[Source],
        task: str,
        options: Mapping[str, str],
        model: str,
        *,
        again: bool = False,
        as_asked: bool = False,
        is_follow_up: bool = False,
    ) -> int | None:
        """Queue a job; None where the same model has answered the same question already.

        Where options are asked for (``as_asked``: or none of them), and rows have since been
        answered with others, it is asked again: the newest answer is the one that is shown.
        ``is_follow_up``: another analysis asks, and no caller.
        """
        options_text = items.options_text(options)
        if not again and self._is_answered(item_id, task, options, model, as_asked):
            return None
        with self._project.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO jobs (item_id, task, options, seed, model, state, created) "
                "VALUES (?, ?, ?, ?, ?, 'queued', ?)",
                (item_id, task, options_text, seed_of(sources, task), model, now()),
            )
            job_id = int(cursor.lastrowid or 0)
            if is_follow_up:
                items.note_follow_up(connection, job_id)
        self._publish(events.JobQueued(job_id, task, (item_id,)))
        self._submit(job_id, item_id, sources, task, options)
        return job_id

    def _is_answered(
        self, item_id: int, task: str, options: Mapping[str, str], model: str, as_asked: bool
    ) -> bool:
        """Whether the same model has answered the question and its rows show it, or soon will."""
        connection = self._project.connection
        found = connection.execute(
            "SELECT DISTINCT state FROM jobs WHERE item_id = ? AND task = ? AND options = ? "
            "AND model = ? AND state IN ('done', 'queued', 'running')",
            (item_id, task, items.options_text(options), model),
        ).fetchall()
        if found != [("done",)]:
            return bool(found)
        is_asked = as_asked or bool(options)
        return not (is_asked and answers.outdone(connection, item_id, task, options))

    def resume(self) -> int:
        """Queue again what was queued or running when the project was closed; how many."""
        connection = self._project.connection
        waiting = items.read_jobs(connection, "state IN ('queued', 'running')")
        by_id = {item.item_id: item for item in self._all_items()}
        for job in waiting:
            item = by_id.get(job.item_id)
            if item is None or job.task not in self._tasks:
                self._set_state(job.job_id, "cancelled", "the observation or the task is gone")
                continue
            self._set_state(job.job_id, "queued")
            self._publish(events.JobQueued(job.job_id, job.task, (job.item_id,)))
            self._submit(job.job_id, job.item_id, item.sources, job.task, job.options)
        return len(waiting)

    def rerun(self, job_id: int) -> None:
        """Run a finished, failed or cancelled job once more."""
        job = self._job(job_id)
        if job is None or job_id in self._items:
            return
        item = next(item for item in self._all_items() if item.item_id == job.item_id)
        self._attempts.pop(job_id, None)
        self._set_state(job_id, "queued")
        self._publish(events.JobQueued(job_id, job.task, (job.item_id,)))
        self._submit(job_id, job.item_id, item.sources, job.task, job.options)

    def cancel(self, job_id: int | None = None) -> None:
        """Stop a job, or all of them; what was answered stays."""
        for number in list(self._items) if job_id is None else [job_id]:
            if self.runner is not None and number in self._items:
                self.runner.cancel(self._first + number)

    def take(self, report: reports.Report) -> None:
        """Act on what the runner reports; what concerns another project's jobs is left alone.

        Where it cannot be written down, on a full disk for one, the job is stopped and said to
        be: it is run again when the project is opened next.
        """
        number = getattr(report, "job_id", None)
        if number is not None and not self._is_ours(number):
            return
        try:
            if number is not None:
                report = replace(report, job_id=number - self._first)  # type: ignore[call-arg]
            self._act_on(report)
        except AstroguiError as error:
            self._lose(number, error)

    def lose(self, report: reports.Report, error: Exception) -> None:
        """A report that was taken could not be written down after all, nor any beside it."""
        number = getattr(report, "job_id", None)
        if number is None or self._is_ours(number):
            self._lose(number, error)

    def _is_ours(self, number: int) -> bool:
        return self._first <= number < self._first + MOST_JOBS

    def _lose(self, number: int | None, error: Exception) -> None:
        log.warning("a report of the worker is lost: %s", error)
        self._publish(events.Noticed(str(error)))
        if number is not None and self._items.pop(number - self._first, None) is not None:
            assert self.runner is not None
            self.runner.cancel(number)

    def _act_on(self, report: reports.Report) -> None:
        if isinstance(report, reports.RunnerReady):
            self._publish(events.WorkerReady(report.backend, report.device))
        elif isinstance(report, reports.RunnerNotice):
            self._publish(events.Noticed(report.words))
        elif isinstance(report, reports.RunnerLost):
            self._lost(report)
        elif isinstance(report, reports.JobBegan):
            self._began(report.job_id)
            self._publish(events.JobStarted(report.job_id))
        elif isinstance(report, reports.JobAdvanced):
            self._publish(events.JobProgressed(report.job_id, report.fraction, report.words))
        elif isinstance(report, reports.JobAnswered):
            self._answered(report)
        elif isinstance(report, reports.JobDone):
            self._done(report.job_id)
        elif isinstance(report, reports.JobBroke):
            self._broke(report)
        elif isinstance(report, reports.JobStopped):
            self._stopped(report.job_id)

    def _submit(
        self,
        job_id: int,
        item_id: int,
        sources: Sequence[Source],
        task: str,
        options: Mapping[str, str],
    ) -> None:
        self._items[job_id] = item_id
        self._taken.pop(job_id, None)
        self._attempts[job_id] = self._attempts.get(job_id, 0) + 1
        assert self.runner is not None
        self.runner.submit(
            Job(
                job_id=self._first + job_id,
                task=task,
                sources=tuple(sources),
                options=tuple(sorted(options.items())),
                seed=seed_of(sources, task),
                models_dir=self._models,
            )
        )

    def _began(self, job_id: int) -> None:
        """A job begins, perhaps anew after a death: its places are the same objects again."""
        self._taken.pop(job_id, None)
        with self._project.transaction(on_disk=False) as connection:
            connection.execute(
                "UPDATE jobs SET state = 'running', words = '', answered = 0 WHERE job_id = ?",
                (job_id,),
            )

    def _answered(self, report: reports.JobAnswered) -> None:
        item_id = self._items.get(report.job_id)
        if item_id is None:
            return
        changed: list[int] = []
        # On disk with the end of the job: until then it is one that is run again after a loss of
        # power, and waiting for the disk at each answer takes longer than finding it.
        with self._project.transaction(on_disk=False) as connection:
            for answer in report.answers:
                task = self._tasks[answer.provenance.task]
                # A refined answer is of a place that has its row already.
                taken = None if answer.refined else self._taken.setdefault(report.job_id, set())
                row_id = items.find_row(
                    connection, item_id, answer.place, task.match_tolerance_arcsec, taken
                )
                cells = answer_values(task, answer.place, answer.posterior)
                answers.add_answer(
                    connection, row_id, task.name, cells, answer.posterior, answer.provenance,
                    answer.refined,
                )  # fmt: skip
                changed.append(row_id)
            connection.execute(
                "UPDATE jobs SET answered = answered + ? WHERE job_id = ?",
                (sum(not answer.refined for answer in report.answers), report.job_id),
            )
        self._publish(events.RowsChanged(tuple(changed), ("answers",)))
        for answer in report.answers:
            self._follow(item_id, answer)

    def _follow(self, item_id: int, answer: reports.Answer) -> None:
        """Queue the analysis that an answer gives reason for, where there is a model for it."""
        by = self._tasks[answer.provenance.task]
        wanted = by.follow_up(answer.place, answer.posterior) if by.follow_up is not None else None
        if wanted is None or wanted.task not in self._tasks:
            return
        if digest := self._digest(wanted.task):
            item = next(item for item in self._all_items() if item.item_id == item_id)
            options = by.handed_on(wanted.task, dict(answer.provenance.options))
            options.update(wanted.options)
            self.queue(item_id, item.sources, wanted.task, options, digest, is_follow_up=True)

    def _stopped(self, job_id: int) -> None:
        if job_id in self._items:
            self._set_state(job_id, "cancelled", "cancelled")
            del self._items[job_id]
            self._publish(events.JobCancelled(job_id))

    def _done(self, job_id: int) -> None:
        item_id = self._items.pop(job_id, None)
        if item_id is None:
            return
        with self._project.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'done', fraction = 1, words = '' WHERE job_id = ?",
                (job_id,),
            )
            rows = connection.execute(
                "SELECT answered FROM jobs WHERE job_id = ?", (job_id,)
            ).fetchone()[0]
            empty = None
            if rows == 0:
                empty = items.add_row_without_answer(connection, item_id, "nothing found to answer")
        if empty is not None:
            self._publish(events.RowsChanged((empty,), ("words",)))
        self._publish(events.JobFinished(job_id, rows))

    def _broke(self, report: reports.JobBroke) -> None:
        item_id = self._items.pop(report.job_id, None)
        if item_id is None:
            return
        if report.error is None:
            log.error("job %s failed by a bug:\n%s", report.job_id, report.trace)
        with self._project.transaction() as connection:
            problem = self._problem_of(connection, report, item_id)
            row_id = items.add_row_without_answer(connection, item_id, items.refusal_words(problem))
            items.add_problem(connection, problem)
            connection.execute(
                "UPDATE jobs SET state = 'failed', words = ? WHERE job_id = ?",
                (problem.cause, report.job_id),
            )
        if row_id is not None:
            self._publish(events.RowsChanged((row_id,), ("words",)))
        self._publish(
            events.JobFailed(
                report.job_id, problem.path, problem.cause, problem.advice, report.error is None
            )
        )

    def _problem_of(self, connection: Any, report: reports.JobBroke, item_id: int) -> FileProblem:
        if isinstance(report.error, FileProblem):
            return report.error
        item = next(item for item in self._all_items() if item.item_id == item_id)
        path = ";".join(item.paths)
        if isinstance(report.error, AstroguiError):
            return Unreadable(path, "", str(report.error).rstrip("."), "Run the job again.")
        last = report.trace.strip().splitlines()[-1] if report.trace.strip() else "no trace"
        return Unreadable(
            path, "", f"an internal error stopped the analysis ({last})", "Report it with the log."
        )

    def _lost(self, report: reports.RunnerLost) -> None:
        self._publish(events.WorkerLost(report.words, report.job_id))
        job_id = report.job_id
        if job_id is None or job_id not in self._items:
            return
        if self._attempts.get(job_id, 0) < ATTEMPTS:
            self._set_state(job_id, "queued", f"{LOST_WORDS}; it runs again")
            job, item_id = self._job(job_id), self._items[job_id]
            item = next(item for item in self._all_items() if item.item_id == item_id)
            assert job is not None
            self._submit(job_id, item_id, item.sources, job.task, job.options)
            return
        self._broke(reports.JobBroke(job_id, AstroguiError(f"{LOST_WORDS}, {ATTEMPTS} times"), ""))

    def _set_state(self, job_id: int, state: str, words: str = "") -> None:
        with self._project.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, words = ? WHERE job_id = ?", (state, words, job_id)
            )

    def _job(self, job_id: int) -> JobInfo | None:
        found = items.read_jobs(self._project.connection, f"job_id = {int(job_id)}")
        return found[0] if found else None

    def _all_items(self) -> list[items.Item]:
        return items.read_items(self._project.connection, self._project.path.parent)


def seed_of(sources: Sequence[Source], task: str) -> int:
    """A seed that depends on the content and the task only: the same file, the same draws."""
    return zlib.crc32((task + items.content_key(sources)).encode())
