"""The jobs that a supervisor holds: those that wait, those its worker has, and who is to blame.

A worker that dies tells nobody what it was doing. The job that was begun last is the suspect; each
job that had begun runs alone from then on, and one that took the worker down twice is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from astrogui.errors import Damaged
from astrogui.inference.jobs import Job

STRIKES = 2  # a job that has taken the worker down so often is refused


@dataclass(slots=True)
class Sent:
    """A job that the worker has."""

    job: Job
    begun: bool = False
    stop_by: float | None = None  # when the worker is replaced if it has not stopped


class HeldJobs:
    """``waiting`` and ``sent`` by number, in the order of submission. Of one thread alone."""

    def __init__(self) -> None:
        self.waiting: dict[int, Job] = {}
        self.sent: dict[int, Sent] = {}
        self._strikes: Counter[Hashable] = Counter()
        self._singly: set[int] = set()

    def is_refused(self, job: Job) -> bool:
        """Whether it has taken the worker down too often."""
        return self._strikes[_identity(job)] >= STRIKES

    def next_to_send(self, most: int) -> Job | None:
        """The job to hand to a worker that holds ``most`` at a time, which has it from now on."""
        if not self.waiting or len(self.sent) >= most:
            return None
        job = next(iter(self.waiting.values()))
        if self.sent and (self._is_single(job) or self._has_single()):
            return None
        del self.waiting[job.job_id]
        self.sent[job.job_id] = Sent(job)
        return job

    def suspect(self) -> Sent | None:
        """The job that was at work: the one begun last."""
        begun = [sent for sent in self.sent.values() if sent.begun]
        return begun[-1] if begun else None

    def strike(self, sent: Sent) -> None:
        """Blame a job that the worker had, and has no more."""
        del self.sent[sent.job.job_id]
        self._strikes[_identity(sent.job)] += 1

    def ended(self, sent: Sent) -> None:
        """A job came to its end: nothing is held against it."""
        del self.sent[sent.job.job_id]
        self._singly.discard(sent.job.job_id)
        self._strikes.pop(_identity(sent.job), None)

    def overdue(self, now: float) -> list[Sent]:
        """Those that should have stopped by now."""
        return [s for s in self.sent.values() if s.stop_by is not None and now >= s.stop_by]

    def take_back(self) -> list[Sent]:
        """What a worker had that is no more waits again, first; those that were to stop."""
        for sent in self.sent.values():
            if sent.begun:  # one of these may be the culprit: each runs alone now
                self._singly.add(sent.job.job_id)
        back = {i: sent.job for i, sent in self.sent.items() if sent.stop_by is None}
        stopped = [sent for sent in self.sent.values() if sent.stop_by is not None]
        self.sent.clear()
        self.waiting = back | self.waiting
        return stopped

    def _is_single(self, job: Job) -> bool:
        """Whether a job must have the worker to itself, having been there when one died."""
        return job.job_id in self._singly or self._strikes[_identity(job)] > 0

    def _has_single(self) -> bool:
        return any(self._is_single(sent.job) for sent in self.sent.values())


def refused(job: Job) -> Damaged:
    """What is said of a job that is not run again."""
    source = job.sources[0]
    return Damaged(
        source.path,
        source.part,
        f"it has ended the analysis process twice during {job.task} and is not analysed again",
        "The file is probably damaged: fetch it again or check the program that wrote it.",
    )


def _identity(job: Job) -> Hashable:
    """What makes it the same job when it is submitted again."""
    return (job.task, tuple(source.key for source in job.sources))
