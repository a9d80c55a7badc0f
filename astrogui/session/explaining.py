"""What the answer of a row rests on, and what the network sees; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from astrogui.errors import AstroguiError, JobCancelled, UsageProblem, WorkerDied
from astrogui.inference import jobs as reports
from astrogui.inference.jobs import Job
from astrogui.session import events
from astrogui.session.cards import Cards
from astrogui.session.running import MOST_JOBS, seed_of
from astrogui.session.view import ProjectView
from astrogui.store.answers import AnswerInfo
from astrogui.tasks.task import Task


class Explainer:
    """Explanations under way; its methods are called in the session's thread.

    Their job numbers lie below those of verifications, which lie below zero.
    """

    def __init__(
        self,
        task_named: Callable[[str], Task | None],
        cards: Cards,
        runner: Any,
        publish: Callable[[events.Event], None],
    ) -> None:
        self._task_named = task_named
        self._cards, self._runner, self._publish = cards, runner, publish
        self._waiting: dict[int, Future[Any]] = {}
        self._next_job = -MOST_JOBS

    def start(
        self,
        view: ProjectView,
        row_id: int,
        task: str | None,
        future: Future[Any],
        looks: bool = False,
    ) -> None:
        """Ask for the newest answer of a row; ``future`` gets what it rests on, or why not.

        With ``looks`` it gets a look into the network at the row's object.
        """
        try:
            job = self._looking(view, row_id, task) if looks else self._job(view, row_id, task)
        except (AstroguiError, KeyError) as error:
            future.set_exception(error)
            return
        self._next_job -= 1
        self._waiting[job.job_id] = future
        self._runner.submit(job)

    def take(self, report: reports.Report) -> bool:
        """Act on a report of one of these jobs; whether it was one."""
        future = self._waiting.get(getattr(report, "job_id", None) or 0)
        if future is None:
            return False
        if isinstance(report, reports.JobExplained):
            self._end(report.job_id).set_result(report.sensitivity)
        elif isinstance(report, reports.JobLooked):
            self._end(report.job_id).set_result(report.inside)
        elif isinstance(report, reports.JobBroke):
            last = report.trace.strip().rpartition("\n")[2]
            error = report.error or AstroguiError(f"An internal error stopped it ({last}).")
            self._end(report.job_id).set_exception(error)
        elif isinstance(report, reports.JobStopped):
            self._end(report.job_id).set_exception(JobCancelled("The job was stopped."))
        elif isinstance(report, reports.RunnerLost):
            assert report.job_id is not None
            self._publish(events.WorkerLost(report.words, None))
            self._end(report.job_id).set_exception(WorkerDied(report.words))
        return True

    def close(self) -> None:
        """Whoever waits learns that nothing will come."""
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()

    def _end(self, job_id: int) -> Future[Any]:
        return self._waiting.pop(job_id)

    def _job(self, view: ProjectView, row_id: int, task: str | None) -> Job:
        known, info = self._answer(view, row_id, task, "explained")
        if known is None or known.explain is None:
            title = known.title if known is not None else info.task
            raise UsageProblem(f"{title}: this analysis cannot say what its answers rest on.")
        return replace(self._same_job(view, row_id, info), explain=True)

    def _looking(self, view: ProjectView, row_id: int, task: str | None) -> Job:
        known, info = self._answer(view, row_id, task, "looked into")
        if known is None or known.insight is None:
            title = known.title if known is not None else info.task
            raise UsageProblem(f"{title}: there is no network of pictures to look into.")
        return replace(self._same_job(view, row_id, info), look=view.place(row_id))

    def _answer(
        self, view: ProjectView, row_id: int, task: str | None, what: str
    ) -> tuple[Task | None, AnswerInfo]:
        infos = [info for info in view.answers(row_id) if task in (None, info.task)]
        if not infos:
            raise UsageProblem(f"Row {row_id} has no answer that could be {what}.")
        return self._task_named(infos[-1].task), infos[-1]

    def _same_job(self, view: ProjectView, row_id: int, info: AnswerInfo) -> Job:
        """The job that gave an answer, to be asked something else."""
        folder = self._cards.folder_of_weights(info.task, info.provenance.model_sha256)
        if folder is None:
            raise UsageProblem(
                f"The model {info.provenance.model} that gave this answer is not here; run the "
                "analysis again first."
            )
        item = view.item_of(row_id)
        return Job(
            job_id=self._next_job,
            task=info.task,
            sources=item.sources,
            options=info.provenance.options,
            seed=seed_of(item.sources, info.task),
            models_dir=str(folder.parent),
        )
