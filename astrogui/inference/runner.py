"""The runner without a process: the same semantics in a thread, for tests and scripts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from astrogui import readers, tasks
from astrogui.inference import backends
from astrogui.inference.analysis import Analyst
from astrogui.inference.jobs import Job, JobStopped, Report, RunnerReady
from astrogui.inference.model_folder import LoadedModel
from astrogui.records.source import Source
from astrogui.tasks.task import Task


class InlineRunner:
    """Runs jobs one after another in a thread of this process; reports come from that thread.

    A job that runs can only be stopped where it looks for it, for there is no process to replace.
    """

    def __init__(
        self,
        *,
        task_named: Callable[[str], Task] = tasks.task_by_name,
        read: Callable[[Source], Any] = readers.read,
        backend_for: Callable[
            [LoadedModel, Callable[[str], None]], backends.Backend
        ] = backends.guarded,
    ) -> None:
        self._task_named = task_named
        self._read = read
        self._backend_for = backend_for
        self._jobs: deque[Job] = deque()
        self._running: set[int] = set()
        self._stopped: set[int] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._report: Callable[[Report], None] | None = None
        self._thread: threading.Thread | None = None

    def start(self, report: Callable[[Report], None]) -> None:
        """Start the thread; ``RunnerReady`` follows."""
        self._report = report
        self._thread = threading.Thread(target=self._run, name="inline runner", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    def cancel(self, job_id: int) -> None:
        """Withdraw a waiting job at once; ask a running one to stop."""
        with self._changed:
            waiting = [job for job in self._jobs if job.job_id == job_id]
            for job in waiting:
                self._jobs.remove(job)
            if job_id in self._running:
                self._stopped.add(job_id)
        if waiting:
            self._tell(JobStopped(job_id))

    def close(self) -> None:
        """End the thread once the running job has stopped."""
        with self._changed:
            self._closing = True
            self._jobs.clear()
            self._stopped |= self._running
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _tell(self, what: Report) -> None:
        if self._report is not None and not self._closing:
            self._report(what)

    def _run(self) -> None:
        self._tell(RunnerReady(*backends.expected()))
        analyst = Analyst(
            self._tell,
            self._stopped.__contains__,
            task_named=self._task_named,
            read=self._read,
            backend_for=self._backend_for,
        )
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or bool(self._jobs))
                if self._closing:
                    return
                job = self._jobs.popleft()
                self._running = {job.job_id}
            analyst.run([job])
            with self._changed:
                self._stopped -= self._running
                self._running = set()
