"""The runner of the window: one worker process, kept alive by one thread."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from astrogui.errors import AstroguiError, JobTimedOut, WorkerDied
from astrogui.inference.held_jobs import HeldJobs, refused
from astrogui.inference.jobs import (
    Job,
    JobAdvanced,
    JobAnswered,
    JobBegan,
    JobBroke,
    JobDone,
    JobExplained,
    JobLooked,
    JobStopped,
    Report,
    RunnerLost,
    RunnerNotice,
    RunnerReady,
)
from astrogui.inference.messages import receive, send
from astrogui.inference.precedence import GIVES_WAY
from astrogui.inference.process import HelperProcess, own_command
from astrogui.inference.reader_start import FEW_THREADS

LOG = logging.getLogger(__name__)
PIPELINE = 8  # jobs the worker holds, so that it never waits for the next
STOP_S = 2.0  # a running job may take this long to stop
LONGEST_PAUSE_S = 30.0
MOST_FAILED_STARTS = 5
CALM_S = 30.0  # a worker that lived longer is no reason for a pause
LOOK_S = 60.0  # how long to sleep when nothing is due
# The C library of Linux gives freed arrays back at once, and fetching the same pages anew for the
# next spectrum takes a quarter of a worker's time: it keeps 64 MB, of arrays up to 4 MB.
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(4 << 20)}


class SupervisedRunner:
    """Runs jobs in a worker process; reports come from the supervisor thread.

    A worker that dies is started again, at once at first, then after growing pauses. The job that
    was running is reported lost (``RunnerLost``) and can be submitted again; the jobs that waited
    go on. A job that took the worker down twice ends as a ``FileProblem``.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        job_timeout_s: float = 300.0,
        start_timeout_s: float = 60.0,
        log: str | None = None,
        gives_way: bool = False,
        is_further: bool = False,
    ) -> None:
        """``gives_way`` is for a parent with a window, which comes before the worker.

        ``is_further`` is for a worker beside others, which keeps to one thread.
        """
        self._command = list(command or own_command("worker"))
        self._gives_way = gives_way
        self._environment = KEPT_MEMORY | FEW_THREADS if is_further else KEPT_MEMORY
        self._job_timeout_s = job_timeout_s
        self._start_timeout_s = start_timeout_s
        self._log = log
        self._report_to: Callable[[Report], None] | None = None
        self._thread: threading.Thread | None = None
        # Shared with other threads: orders, and the pipe that wakes the supervisor.
        self._orders: deque[tuple[str, Any]] = deque()
        self._wake_out, self._wake_in = Pipe(duplex=False)
        self._waking = threading.Lock()
        self._woken = False
        # The supervisor thread's own:
        self._jobs = HeldJobs()
        self._process: HelperProcess | None = None
        self._connection: Connection | None = None
        self._heard = 0.0
        self._start_by = 0.0
        self._start_at = 0.0
        self._failed_starts = 0  # in a row
        self._deaths = 0  # in quick succession, without a job done in between
        self._ready_at = 0.0
        self._closing = False
        # ``start`` and ``close`` may be called by two threads at once, in either order.
        self._turning = threading.Lock()
        self._is_closed = False

    def start(self, report: Callable[[Report], None]) -> None:
        """Start the worker; returns at once, ``RunnerReady`` follows. Nothing after ``close``."""
        with self._turning:
            if self._thread is not None:
                raise RuntimeError("the runner has been started")
            if self._is_closed:
                return
            self._report_to = report
            thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
            thread.start()
            self._thread = thread

    def submit(self, job: Job) -> None:
        """Queue a job; every job ends in JobDone, JobBroke, JobStopped or RunnerLost."""
        self._order("submit", job)

    def cancel(self, job_id: int) -> None:
        """Stop a job: one that waits at once, one that runs within two seconds."""
        self._order("cancel", job_id)

    def close(self) -> None:
        """End worker and thread; nothing is reported any more."""
        self._order("close", None)
        with self._turning:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            thread.join()
        with self._waking:
            self._closing = True
            self._wake_in.close()
            self._wake_out.close()

    @property
    def pid(self) -> int | None:
        """The worker now running, if there is one."""
        process = self._process
        return process.pid if process is not None else None

    def _order(self, what: str, value: Any) -> None:
        with self._waking:
            if self._closing:
                return
            self._orders.append((what, value))
            if not self._woken:  # one call wakes it, however many orders lie there
                self._woken = True
                self._wake_in.send_bytes(b"!")

    # What follows runs in the supervisor thread.

    def _run(self) -> None:
        try:
            while not self._closing:
                self._obey()
                self._keep_worker()
                self._hand_out()
                self._listen()
                self._look_at_clock()
        finally:
            self._drop_worker()

    def _tell(self, what: Report) -> None:
        assert self._report_to is not None
        if self._closing:
            return
        try:
            self._report_to(what)
        except Exception:  # the listener's bug must not end the supervision
            LOG.exception("the listener failed on %r", what)

    def _obey(self) -> None:
        """Carry out what other threads have ordered."""
        with self._waking:
            if self._woken:
                self._wake_out.recv_bytes()
            self._woken = False
        while self._orders:
            what, value = self._orders.popleft()
            if what == "submit":
                self._accept(value)
            elif what == "cancel":
                self._stop(value)
            else:
                self._closing = True

    def _accept(self, job: Job) -> None:
        if self._jobs.is_refused(job):
            self._tell(JobBroke(job.job_id, refused(job)))
        else:
            self._jobs.waiting[job.job_id] = job

    def _stop(self, job_id: int) -> None:
        if self._jobs.waiting.pop(job_id, None) is not None:
            self._tell(JobStopped(job_id))
            return
        sent = self._jobs.sent.get(job_id)
        if sent is not None and sent.stop_by is None:
            sent.stop_by = time.monotonic() + STOP_S
            self._send(("stop", job_id))

    def _keep_worker(self) -> None:
        """Start a worker when there is none and the pause is over; meet one that has called."""
        if self._closing or self._connection is not None:
            return
        if self._process is None:
            if time.monotonic() < self._start_at:
                return
            try:
                self._process = HelperProcess(
                    self._command,
                    log=self._log,
                    said={"timeout_s": self._job_timeout_s, GIVES_WAY: self._gives_way},
                    environment=self._environment,
                )
            except OSError as error:
                self._lost(f"it could not be started ({error})")
                return
            self._start_by = time.monotonic() + self._start_timeout_s
        try:
            self._connection = self._process.meet(
                self._start_by - time.monotonic(), also=[self._wake_out]
            )
        except WorkerDied as error:
            self._lost(str(error))
            return
        if self._connection is None and time.monotonic() >= self._start_by:
            self._lost(f"it did not start within {self._start_timeout_s:.0f} s")

    def _hand_out(self) -> None:
        """Send waiting jobs as far as the pipeline reaches."""
        while self._connection is not None:
            was_idle = not self._jobs.sent
            job = self._jobs.next_to_send(PIPELINE)
            if job is None:
                return
            if was_idle:
                self._heard = time.monotonic()
            self._send(("job", job))

    def _send(self, message: tuple[str, Any]) -> None:
        if self._connection is None:
            return
        with contextlib.suppress(OSError):  # its end shows when we listen next
            send(self._connection, message)

    def _listen(self) -> None:
        """Wait until an order, a report or a deadline is there; take in the reports."""
        if self._closing or (self._connection is None and self._process is not None):
            return  # a worker that is starting is waited for in ``meet``
        heard = [self._wake_out] if self._connection is None else [self._wake_out, self._connection]
        ready = wait(heard, timeout=max(0.0, self._next_deadline() - time.monotonic()))
        is_there = self._connection in ready
        try:
            while self._connection is not None and (is_there or self._connection.poll()):
                is_there = False
                self._take_in(receive(self._connection))
        except (EOFError, OSError):
            assert self._process is not None
            self._lost(self._process.last_words())
        except ValueError as error:
            self._lost(f"it sent a broken message ({error})")

    def _take_in(self, report: Report) -> None:
        """Pass a report on, keeping track of the job that it concerns."""
        self._heard = time.monotonic()
        if isinstance(report, RunnerReady | RunnerNotice):
            if isinstance(report, RunnerReady):
                self._failed_starts, self._ready_at = 0, self._heard
            self._tell(report)
            return
        assert isinstance(
            report,
            JobBegan
            | JobAdvanced
            | JobAnswered
            | JobExplained
            | JobLooked
            | JobDone
            | JobBroke
            | JobStopped,
        )
        sent = self._jobs.sent.get(report.job_id)
        if sent is None:
            return
        if isinstance(report, JobBegan):
            sent.begun = True
        elif isinstance(report, JobDone | JobBroke | JobStopped):
            self._jobs.ended(sent)
            self._deaths = 0
        self._tell(report)

    def _next_deadline(self) -> float:
        sent = self._jobs.sent
        due = [one.stop_by for one in sent.values() if one.stop_by is not None]
        if sent:
            due.append(self._heard + self._job_timeout_s)
        if self._process is None:
            due.append(self._start_at)
        return min([time.monotonic() + LOOK_S, *due])

    def _look_at_clock(self) -> None:
        """Replace a worker that does not stop, or makes no progress."""
        now = time.monotonic()
        overdue = self._jobs.overdue(now)
        if overdue and self._connection is not None:
            for sent in overdue:
                del self._jobs.sent[sent.job.job_id]
                self._tell(JobStopped(sent.job.job_id))
            self._replace("A job did not stop when asked to; the worker is replaced.", None)
        elif self._jobs.sent and now >= self._heard + self._job_timeout_s:
            self._timed_out()

    def _timed_out(self) -> None:
        suspect = self._jobs.suspect() or next(iter(self._jobs.sent.values()))
        self._jobs.strike(suspect)
        error: AstroguiError = JobTimedOut(
            f"{suspect.job.sources[0].path}: no progress for {self._job_timeout_s:.0f} s in "
            f"{suspect.job.task}. Run it again, or give the job more time in the settings."
        )
        self._tell(JobBroke(suspect.job.job_id, error))
        self._replace("A job made no progress; the worker is replaced.", None)

    def _lost(self, how: str) -> None:
        """The worker is gone by itself: find whose fault it may be, and start another."""
        now = time.monotonic()
        self._failed_starts += 1
        calm = self._failed_starts == 1 and now - self._ready_at > CALM_S
        self._deaths = 1 if calm else self._deaths + 1
        suspect = self._jobs.suspect()
        lost: int | None = None
        if suspect is not None:
            job_id = suspect.job.job_id
            if suspect.stop_by is not None:
                del self._jobs.sent[job_id]
                self._tell(JobStopped(job_id))
            else:
                self._jobs.strike(suspect)
                if self._jobs.is_refused(suspect.job):
                    self._tell(JobBroke(job_id, refused(suspect.job)))
                else:
                    lost = job_id
        self._replace(f"The analysis process ended ({how}); it is being started again.", lost)
        if self._failed_starts >= MOST_FAILED_STARTS and self._jobs.waiting:
            self._give_up(how)

    def _replace(self, words: str, lost: int | None) -> None:
        """End the worker, take back what it had, and have another started."""
        for sent in self._jobs.take_back():
            self._tell(JobStopped(sent.job.job_id))
        self._drop_worker()
        pause = 0.0 if self._deaths <= 1 else min(0.5 * 2 ** (self._deaths - 2), LONGEST_PAUSE_S)
        self._start_at = time.monotonic() + pause
        self._tell(RunnerLost(words, lost))

    def _give_up(self, how: str) -> None:
        """Break what waits: a worker that never starts will not answer it."""
        words = f"The analysis process cannot be started ({how}). See the log, then run again."
        for job_id in self._jobs.waiting:
            self._tell(JobBroke(job_id, WorkerDied(words)))
        self._jobs.waiting.clear()

    def _drop_worker(self) -> None:
        process, self._process, self._connection = self._process, None, None
        if process is not None:
            process.end()
