"""The worker as the session meets it: started when needed, its reports given to whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from astrogui.inference.jobs import Report, Runner
from astrogui.session.comparison import Verdict
from astrogui.session.explaining import Explainer
from astrogui.session.known_tasks import KnownTasks
from astrogui.session.loop import Loop
from astrogui.session.open_project import OpenProject
from astrogui.session.verify import Verifier


class Worker:
    """Jobs of the project, verifications and explanations share one runner.

    ``ensure``, ``check_idle`` and ``cancel_verify`` belong to the session's thread.
    """

    def __init__(
        self, runner: Runner, known: KnownTasks, loop: Loop, project: Callable[[], OpenProject]
    ) -> None:
        """``project`` is the one that is open at the time."""
        self._runner, self._loop, self._project = runner, loop, project
        self._is_started = False
        self._waiting_for_idle: list[Future[None]] = []
        self._verifier = Verifier(known.named, known.cards, runner, loop.post, loop.publish)
        self._explainer = Explainer(known.named, known.cards, runner, loop.publish)

    def ensure(self) -> None:
        """Start the worker unless that was done."""
        if not self._is_started:
            self._is_started = True
            self._runner.start(self.take_later)

    def take_later(self, report: Report) -> None:
        """Take a report soon, in the session's thread, and those that come with it."""
        self._loop.post_soon(partial(self._take, report), partial(self._lose, report))

    def verify(
        self, row_ids: Sequence[int] | None, tolerance: float | None
    ) -> Future[tuple[Verdict, ...]]:
        return self._verifier.start(self._project().view, row_ids, tolerance, self.ensure)

    def cancel_verify(self) -> None:
        self._verifier.cancel()

    def explain(self, row_id: int, task: str | None, looks: bool = False) -> Future[Any]:
        """What the answer rests on; with ``looks`` what the network sees. See ``Explainer``."""
        future: Future[Any] = Future()

        def ask() -> None:
            self.ensure()
            self._explainer.start(self._project().view, row_id, task, future, looks)

        self._loop.post(ask)
        return future

    def idle(self) -> Future[None]:
        """A future that is done once nothing is being read, queued or run."""
        future: Future[None] = Future()

        def wait() -> None:
            self._waiting_for_idle.append(future)
            self.check_idle()

        self._loop.post(wait)
        return future

    def check_idle(self) -> None:
        """Tell those who wait for it that nothing is left to be done, if so."""
        if not self._project().is_idle:
            return
        waiting, self._waiting_for_idle = self._waiting_for_idle, []
        for future in waiting:
            future.set_result(None)

    def close(self) -> None:
        """After the runner: whoever still waits is told."""
        self._verifier.close()
        self._loop.post(self._explainer.close)

    def _take(self, report: Report) -> None:
        if not (self._verifier.take(report) or self._explainer.take(report)):
            self._project().jobs.take(report)
        self._loop.afterwards(self.check_idle)

    def _lose(self, report: Report, error: Exception) -> None:
        self._project().jobs.lose(report, error)
        self.check_idle()
