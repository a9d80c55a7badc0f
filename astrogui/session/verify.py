"""Rows computed again from their provenance and compared; what is stored is never touched.

Each answer names file hashes, model hash, seed, options and method. Those that share them are one
job, run by the same worker as any other, with an id below zero, which no project uses.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

from astrogui.errors import AstroguiError
from astrogui.inference import jobs as reports
from astrogui.inference.jobs import Job
from astrogui.session import events
from astrogui.session.cards import Cards
from astrogui.session.comparison import Verdict
from astrogui.session.recomputed import Part, compared, file_trouble
from astrogui.session.running import seed_of
from astrogui.session.view import ProjectView
from astrogui.store.answers import AnswerInfo
from astrogui.tasks.task import Task

log = logging.getLogger(__name__)
AHEAD = 16  # jobs handed to the runner before the first is done
ATTEMPTS = 2


class Verification:
    """One run over some rows; its methods are called in the session's thread."""

    def __init__(
        self,
        view: ProjectView,
        task_named: Callable[[str], Task | None],
        cards: Cards,
        runner: Any,
        post: Callable[[Callable[[], Any]], Future[Any]],
        publish: Callable[[events.Event], None],
        pool: ThreadPoolExecutor,
        done: Future[tuple[Verdict, ...]],
    ) -> None:
        self.done = done
        self._view, self._cards, self._runner = view, cards, runner
        self._task_named = task_named
        self._post, self._publish, self._pool = post, publish, pool
        self._waiting: deque[Part] = deque()
        self._flying: dict[int, Part] = {}
        self._verdicts: list[Verdict] = []
        self._total = 0
        self._hashes: dict[str, str] = {}
        self._is_cancelled = False

    def begin(self, row_ids: Sequence[int], tolerance: float | None, first_job: int) -> int:
        """Plan and start; returns the next free job id (they count downwards)."""
        parts: dict[tuple[Any, ...], Part] = {}
        for row_id in row_ids:
            for info in self._newest(row_id):
                self._total += 1
                key, why = self._key(row_id, info)
                if why:
                    self._tell(info, why)
                    continue
                item_id, task, _, _, model, _ = key
                if key not in parts:
                    folder = self._cards.folder_of_weights(task, model)
                    known = self._task_named(task)
                    assert folder is not None
                    assert known is not None
                    card = self._cards.card_in(folder)
                    parts[key] = Part(
                        job_id=first_job - len(parts),
                        item=self._view.item(item_id),
                        task=known,
                        answers=[],
                        models_dir=str(folder.parent),
                        tolerance=card.tolerance_relative if tolerance is None else tolerance,
                    )
                parts[key].answers.append(info)
        self._waiting.extend(parts.values())
        self._go_on()
        return first_job - len(parts)

    def cancel(self) -> None:
        """Stop; what was verified so far is kept in the result."""
        self._is_cancelled = True
        for part in self._waiting:
            self._end(part, "cancelled before it was computed", "cancelled")
        self._waiting.clear()
        for job_id in list(self._flying):
            self._runner.cancel(job_id)
        self._go_on()

    def take(self, report: reports.Report) -> bool:
        """Act on a report of one of this run's jobs; whether it was one."""
        part = self._flying.get(getattr(report, "job_id", None) or 0)
        if part is None:
            return False
        if isinstance(report, reports.JobAnswered):
            part.found += report.answers
        elif isinstance(report, reports.JobDone):
            self._compare_later(part)
        elif isinstance(report, reports.JobBroke):
            words = str(report.error or report.trace.strip().rpartition("\n")[2]).rstrip(".")
            self._end(part, f"computing it failed: {words}")
        elif isinstance(report, reports.JobStopped):
            self._end(part, "stopped before it was computed", "cancelled")
        elif isinstance(report, reports.RunnerLost):
            self._publish(events.WorkerLost(report.words, None))
            if part.attempts < ATTEMPTS:
                self._submit(part)
            else:
                self._end(part, f"the worker died while computing it, {ATTEMPTS} times")
        self._go_on()
        return True

    # --- planning --------------------------------------------------------------------------------

    def _newest(self, row_id: int) -> list[AnswerInfo]:
        """The newest answer of each task; a verdict at once for a row without any."""
        newest = {info.task: info for info in self._view.answers(row_id)}
        if not newest:
            self._total += 1
            self._verdict(row_id, 0, "", "impossible", "it has no answer")
        return list(newest.values())

    def _key(self, row_id: int, info: AnswerInfo) -> tuple[tuple[Any, ...], str]:
        """What answers of one job share, or why this one cannot be computed again."""
        origin = info.provenance
        task = self._task_named(info.task)
        if task is None:
            return (), f"there is no analysis {info.task} in this version of the application"
        if task.preparation_version != origin.preparation:
            return (), (
                f"it was prepared by version {origin.preparation or '?'} of the analysis, and "
                f"this application prepares by version {task.preparation_version}"
            )
        if self._cards.folder_of_weights(info.task, origin.model_sha256) is None:
            return (), self._model_words(info)
        try:
            item = self._view.item_of(row_id)
        except KeyError:
            return (), "its observation has been taken over by another"
        if seed_of(item.sources, task.name) != origin.seed:
            return (), (
                "the recorded seed does not belong to these files: companions have joined the "
                "observation since, or the record was altered; run the analysis again"
            )
        key = (
            item.item_id, info.task, origin.seed, origin.options, origin.model_sha256, info.refined,
        )  # fmt: skip
        return key, ""

    def _model_words(self, info: AnswerInfo) -> str:
        origin, here = info.provenance, self._cards.card(info.task)
        wanted = f"the model {origin.model} (SHA-256 {origin.model_sha256[:12]}…) is not here"
        if here is None:
            return f"{wanted}: no folder of models holds {info.task}"
        found = here.identity[:12]
        return f"{wanted}: the one that is here has SHA-256 {found}…"

    # --- computing -------------------------------------------------------------------------------

    def _go_on(self) -> None:
        while self._waiting and len(self._flying) < AHEAD:
            part = self._waiting.popleft()
            self._flying[part.job_id] = part
            checked = self._pool.submit(file_trouble, part.item, self._hashes)
            checked.add_done_callback(self._later(part))
        if not self._waiting and not self._flying and not self.done.done():
            self._publish(events.VerifyFinished(len(self._verdicts), self._is_cancelled))
            self.done.set_result(tuple(self._verdicts))

    def _later(self, part: Part) -> Callable[[Future[str]], None]:
        return lambda checked: _forget(self._post(lambda: self._on_checked(part, checked)))

    def _on_checked(self, part: Part, checked: Future[str]) -> None:
        if part.job_id not in self._flying:
            return
        try:
            trouble = checked.result()
        except (OSError, CancelledError) as error:
            trouble = f"the file could not be read: {error}"
        if trouble:
            self._end(part, trouble)
        elif self._is_cancelled:
            self._end(part, "stopped before it was computed", "cancelled")
        else:
            self._submit(part)
        self._go_on()

    def _submit(self, part: Part) -> None:
        part.attempts += 1
        part.found.clear()
        origin = part.answers[0].provenance
        self._runner.submit(
            Job(
                job_id=part.job_id,
                task=part.task.name,
                sources=part.item.sources,
                options=origin.options,
                seed=origin.seed,
                models_dir=part.models_dir,
                refine=part.answers[0].refined,
            )
        )

    # --- comparing -------------------------------------------------------------------------------

    def _compare_later(self, part: Part) -> None:
        """In the pool: hundreds of posteriors of one image would keep the session waiting."""
        done = self._pool.submit(compared, self._view, part)
        done.add_done_callback(
            lambda future: _forget(self._post(lambda: self._on_compared(part, future)))
        )

    def _on_compared(self, part: Part, done: Future[list[Verdict]]) -> None:
        if part.job_id not in self._flying:
            return
        try:
            verdicts = done.result()
        except CancelledError:
            self._end(part, "stopped before it was compared", "cancelled")
        except Exception as error:  # the view was closed, or it is a bug: the others go on
            log.exception("comparing job %s failed", part.job_id)
            self._end(part, f"comparing it failed: {error}")
        else:
            del self._flying[part.job_id]
            for verdict in verdicts:
                self._say(verdict)
        self._go_on()

    def _end(self, part: Part, words: str, state: str = "impossible") -> None:
        self._flying.pop(part.job_id, None)
        for info in part.answers:
            self._tell(info, words, state)

    def _tell(self, info: AnswerInfo, words: str, state: str = "impossible") -> None:
        self._verdict(info.row_id, info.answer_id, info.task, state, words)

    def _verdict(self, row_id: int, answer_id: int, task: str, state: Any, words: str) -> None:
        if state == "impossible":
            words = f"cannot be verified: {words}"
        self._say(Verdict(row_id=row_id, answer_id=answer_id, task=task, state=state, words=words))

    def _say(self, verdict: Verdict) -> None:
        self._verdicts.append(verdict)
        self._publish(
            events.RowVerified(
                verdict.row_id, verdict.task, verdict.state, verdict.words,
                len(self._verdicts), self._total,
            )
        )  # fmt: skip


class Verifier:
    """The verifications of a session, which has at most a few under way."""

    def __init__(
        self,
        task_named: Callable[[str], Task | None],
        cards: Cards,
        runner: Any,
        post: Callable[[Callable[[], Any]], Future[Any]],
        publish: Callable[[events.Event], None],
    ) -> None:
        self._made_of = (task_named, cards, runner, post, publish)
        self._post = post
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="verify")
        self._runs: list[Verification] = []
        self._next_job = -1

    def start(
        self,
        view: ProjectView,
        row_ids: Sequence[int] | None,
        tolerance: float | None,
        ensure_runner: Callable[[], None],
    ) -> Future[tuple[Verdict, ...]]:
        """Begin in the session's thread, soon; the verdicts, or why it could not begin."""
        done: Future[tuple[Verdict, ...]] = Future()

        def begin() -> None:
            ensure_runner()
            self._begin(view, row_ids, tolerance, done)

        def failed(begun: Future[None]) -> None:
            if begun.cancelled():
                done.cancel()
            elif (error := begun.exception()) is not None:
                done.set_exception(error)

        self._post(begin).add_done_callback(failed)
        return done

    def _begin(
        self,
        view: ProjectView,
        row_ids: Sequence[int] | None,
        tolerance: float | None,
        done: Future[tuple[Verdict, ...]],
    ) -> None:
        """In the session's thread; ``done`` gets the verdicts."""
        run = Verification(view, *self._made_of, self._pool, done)
        self._runs.append(run)
        wanted = view.row_ids() if row_ids is None else list(row_ids)
        self._next_job = run.begin(wanted, tolerance, self._next_job)

    def take(self, report: reports.Report) -> bool:
        """Hand a report to the run that it is for; whether it was for one."""
        taken = any(run.take(report) for run in self._runs)
        self._runs = [run for run in self._runs if not run.done.done()]
        return taken

    def cancel(self) -> None:
        for run in self._runs:
            run.cancel()

    def close(self) -> None:
        """Whoever waits for verdicts learns that none will come."""
        for run in self._runs:
            run.done.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _forget(future: Future[Any]) -> None:
    """A fault in the session's thread is a bug: it must not vanish in a future nobody reads."""
    future.add_done_callback(_raise_bug)


def _raise_bug(future: Future[Any]) -> None:
    if future.cancelled():
        return  # the session has ended
    error = future.exception()
    if error is not None and not isinstance(error, AstroguiError):
        log.error("verifying failed", exc_info=error)
