"""The worker's end of the conversation: jobs wait here, and can be withdrawn, while one runs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import NoReturn

from astrogui.inference.jobs import Job, JobStopped, Report
from astrogui.inference.messages import receive, send


class Inbox:
    """Receives in a thread of its own, so that a stop is heard while a job runs.

    When the other side is gone the whole process ends: nobody would hear its answers.
    """

    def __init__(self, connection: Connection, leave: Callable[[], NoReturn]) -> None:
        self._connection = connection
        self._leave = leave
        self._jobs: deque[Job] = deque()
        self._stopped: set[int] = set()
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        threading.Thread(target=self._receive, name="inbox", daemon=True).start()

    def batch(self, together: Callable[[Job, Job], bool], most: int = 8) -> Iterator[Job]:
        """Wait for a job; then it, and up to ``most`` in all that follow and may run together.

        A job is taken when it is asked for, not before: until then it can be withdrawn.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self._jobs))
            first = self._jobs.popleft()
        yield first
        for _ in range(most - 1):
            with self._changed:
                if not self._jobs or not together(first, self._jobs[0]):
                    return
                job = self._jobs.popleft()
            yield job

    def is_stopped(self, job_id: int) -> bool:
        """Whether the running job has been asked to stop."""
        return job_id in self._stopped

    def report(self, what: Report) -> None:
        """Tell the supervisor; ends the process when it is gone."""
        try:
            with self._sending:
                send(self._connection, what)
        except OSError:
            self._leave()

    def _receive(self) -> None:
        while True:
            try:
                order, value = receive(self._connection)
            except (EOFError, OSError):
                self._leave()
            if order == "job":
                self._add(value)
            elif order == "stop":
                self._stop(value)

    def _add(self, job: Job) -> None:
        with self._changed:
            self._stopped.discard(job.job_id)  # an earlier attempt's
            self._jobs.append(job)
            self._changed.notify_all()

    def _stop(self, job_id: int) -> None:
        with self._changed:
            waiting = [job for job in self._jobs if job.job_id == job_id]
            for job in waiting:
                self._jobs.remove(job)
            if not waiting:
                self._stopped.add(job_id)
        if waiting:
            self.report(JobStopped(job_id))
