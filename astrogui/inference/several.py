"""Spectra spread over several worker processes, reported as if there were one.

What is done with a spectrum runs in one thread, and keeps one processor busy. A batch without a
window therefore gets a worker a processor. Jobs are reported in the order in which they were
submitted: the rows come in the same order however the workers take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from astrogui.inference.jobs import (
    Job,
    JobAdvanced,
    JobBroke,
    JobDone,
    JobStopped,
    Report,
    Runner,
    RunnerLost,
    RunnerNotice,
    RunnerReady,
)

AT_HAND = 16  # jobs that each worker has, so that it never waits for the next
AHEAD = 128  # jobs from the oldest that has not ended: what they answer is kept meanwhile
MANY_WAITING = 48  # from so many on a further worker has begun before they would be done
SPREAD = "spectrum"  # the kind of observation that is small, and comes by the hundred


@dataclass(slots=True, eq=False)
class _Open:
    """A job that some worker has, and what was reported of it before its turn."""

    runner: int
    kept: list[Report] = field(default_factory=list)
    has_ended: bool = False


class SeveralRunners:
    """A runner made of others; each further one is started when the ones before are busy.

    Only spectra are spread, and only where the first worker answers on a processor: large images
    and accelerators have no room for two. Reports come from the threads of all, one at a time.
    """

    def __init__(self, runners: Sequence[Runner], many_waiting: int = MANY_WAITING) -> None:
        """``many_waiting`` jobs are reason enough to start a further one."""
        self._runners, self._many_waiting = tuple(runners), many_waiting
        self._report: Callable[[Report], None] | None = None
        self._lock = threading.RLock()  # a runner may report while it is being asked
        self._queue: dict[int, Job] = {}  # in the order of submission
        self._open: dict[int, _Open] = {}  # in the order in which jobs were handed out
        self._started = 0
        self._ready = {0}  # what the first has waits for its start: there is no other
        self._may_spread = False
        self._noticed: dict[str, int] = {}  # words: the runner that said them first

    def start(self, report: Callable[[Report], None]) -> None:
        """Start the first worker; returns at once, one ``RunnerReady`` follows."""
        self._report = report
        with self._lock:
            self._start_next()

    def submit(self, job: Job) -> None:
        """Queue a job; every job ends in JobDone, JobBroke, JobStopped or RunnerLost."""
        with self._lock:
            self._queue[job.job_id] = job
            self._hand_out()

    def cancel(self, job_id: int) -> None:
        """Stop a job: one that waits at once, one that runs within two seconds."""
        with self._lock:
            if self._queue.pop(job_id, None) is not None:
                self._tell(JobStopped(job_id))
            elif job_id in self._open:
                self._runners[self._open[job_id].runner].cancel(job_id)

    def close(self) -> None:
        """End all workers; nothing is reported any more."""
        with self._lock:
            self._report = None
            self._queue.clear()
        for runner in self._runners:  # without the lock, which a last report waits for
            runner.close()

    def _start_next(self) -> None:
        number = self._started
        self._started += 1
        self._runners[number].start(lambda report: self._take(number, report))

    def _hand_out(self) -> None:
        """Give jobs to the workers, the oldest first, as far as they have room for them."""
        while self._queue and len(self._open) < AHEAD:
            job = next(iter(self._queue.values()))
            number = self._place_for(job)
            if number is None:
                return
            del self._queue[job.job_id]
            self._open[job.job_id] = _Open(number)
            self._runners[number].submit(job)

    def _place_for(self, job: Job) -> int | None:
        """The worker that has least to do; None where the job is to wait."""
        busy = [0] * len(self._runners)
        for one in self._open.values():
            busy[one.runner] += not one.has_ended
        if any(source.kind != SPREAD for source in job.sources):
            return 0 if busy[0] < AT_HAND else None
        number = min(sorted(self._ready), key=busy.__getitem__)
        if busy[number] < AT_HAND:
            return number
        is_worth_it = self._may_spread and len(self._queue) >= self._many_waiting
        if is_worth_it and len(self._ready) == self._started < len(self._runners):
            self._start_next()  # it is given jobs when it is ready for them
        return None

    def _take(self, number: int, report: Report) -> None:
        """Pass on what a runner reports, in the turn of its job."""
        with self._lock:
            job_id = getattr(report, "job_id", None)
            if job_id is None:
                self._take_general(number, report)
            elif job_id in self._open:
                self._keep_or_tell(job_id, report)
                if _ends(report):
                    self._hand_out()

    def _take_general(self, number: int, report: Report) -> None:
        """What concerns no job is said once, whichever runner says it."""
        if isinstance(report, RunnerReady):
            self._ready.add(number)
            if number == 0:
                self._may_spread = report.device == "CPU"
                self._tell(report)
            self._hand_out()
            return
        if isinstance(report, RunnerNotice) and (
            self._noticed.setdefault(report.words, number) != number
        ):
            return
        self._tell(report)

    def _keep_or_tell(self, job_id: int, report: Report) -> None:
        """Reports of the oldest job go on at once, then those that waited for its end."""
        job = self._open[job_id]
        job.has_ended = _ends(report)
        if job_id != next(iter(self._open)):
            if not isinstance(report, JobAdvanced):
                job.kept.append(report)
            return
        self._tell(report)
        while job.has_ended:
            del self._open[job_id]
            if not self._open:
                return
            job_id, job = next(iter(self._open.items()))
            for waited in job.kept:
                self._tell(waited)
            job.kept.clear()

    def _tell(self, report: Report) -> None:
        if self._report is not None:
            self._report(report)


def _ends(report: Report) -> bool:
    return isinstance(report, JobDone | JobBroke | JobStopped | RunnerLost)
