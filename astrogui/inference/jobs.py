"""A job, what a runner reports about it, and what a runner is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from astrogui.errors import AstroguiError
from astrogui.records.inside import Inside
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import AnswerProvenance, Place
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One observation to answer: small values only, no arrays travel."""

    job_id: int
    task: str
    sources: tuple[Source, ...]  # one spectrum, the bands of a field, the detectors of a network
    options: tuple[tuple[str, str], ...] = ()
    seed: int = 0
    models_dir: str = ""  # folders joined by os.pathsep; the first that holds the task wins
    refine: bool = True
    explain: bool = False  # say what the answer rests on instead of answering
    look: Place | None = None  # look into the network at this object instead of answering


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """A place with its posterior and how it was computed."""

    place: Place
    posterior: Posterior
    provenance: AnswerProvenance
    refined: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Something a runner has to say."""


@dataclass(frozen=True, slots=True)
class RunnerReady(Report):
    backend: str
    device: str


@dataclass(frozen=True, slots=True)
class JobBegan(Report):
    job_id: int


@dataclass(frozen=True, slots=True)
class JobAdvanced(Report):
    job_id: int
    fraction: float
    words: str


@dataclass(frozen=True, slots=True)
class JobAnswered(Report):
    job_id: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class JobExplained(Report):
    """What the answer of a job rests on."""

    job_id: int
    sensitivity: Sensitivity


@dataclass(frozen=True, slots=True)
class JobLooked(Report):
    """What the network of a job sees of one object."""

    job_id: int
    inside: Inside


@dataclass(frozen=True, slots=True)
class JobDone(Report):
    job_id: int


@dataclass(frozen=True, slots=True)
class JobBroke(Report):
    """The job ended without (all of) its answers: a fault of the world, or a bug with its trace."""

    job_id: int
    error: AstroguiError | None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class JobStopped(Report):
    """The job was cancelled."""

    job_id: int


@dataclass(frozen=True, slots=True)
class RunnerLost(Report):
    """The worker died and is being replaced; ``job_id`` was running and can be run again."""

    words: str
    job_id: int | None


@dataclass(frozen=True, slots=True)
class RunnerNotice(Report):
    words: str


class Runner(Protocol):
    """Runs jobs one after another somewhere else, and reports from a thread of its own."""

    def start(self, report: Callable[[Report], None]) -> None: ...

    def submit(self, job: Job) -> None: ...

    def cancel(self, job_id: int) -> None: ...

    def close(self) -> None: ...
