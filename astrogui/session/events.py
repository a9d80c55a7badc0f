"""What has happened, as frozen values carrying ids and words, never arrays or widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class ProjectOpened(Event):
    path: str


@dataclass(frozen=True, slots=True)
class ProjectClosed(Event):
    path: str


@dataclass(frozen=True, slots=True)
class FileAdded(Event):
    """A file was recognised; its items (observations) are in the project."""

    path: str
    item_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileRefused(Event):
    """A file cannot be used; the four parts of the problem in words."""

    path: str
    place: str
    cause: str
    advice: str


@dataclass(frozen=True, slots=True)
class FilesLookedAt(Event):
    """``done`` of the ``total`` files that were given have been recognised or refused."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class JobQueued(Event):
    job_id: int
    task: str
    item_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JobStarted(Event):
    job_id: int


@dataclass(frozen=True, slots=True)
class JobProgressed(Event):
    job_id: int
    fraction: float  # 0..1
    words: str


@dataclass(frozen=True, slots=True)
class JobFinished(Event):
    job_id: int
    rows: int


@dataclass(frozen=True, slots=True)
class JobFailed(Event):
    """The job ended without an answer; it can be run again."""

    job_id: int
    path: str
    cause: str
    advice: str
    is_bug: bool


@dataclass(frozen=True, slots=True)
class JobCancelled(Event):
    job_id: int


@dataclass(frozen=True, slots=True)
class WorkerReady(Event):
    backend: str
    device: str


@dataclass(frozen=True, slots=True)
class WorkerLost(Event):
    """The worker ended; it is being started again. ``job_id`` is the job that was lost."""

    words: str
    job_id: int | None


@dataclass(frozen=True, slots=True)
class Noticed(Event):
    """Something the analyst should know that is no fault: a fallback, a halved batch."""

    words: str


@dataclass(frozen=True, slots=True)
class RowsChanged(Event):
    row_ids: tuple[int, ...]
    fields: tuple[str, ...]
    initiator: Any = None


@dataclass(frozen=True, slots=True)
class HistoryChanged(Event):
    undo_title: str
    redo_title: str


@dataclass(frozen=True, slots=True)
class ExportFinished(Event):
    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class ExportFailed(Event):
    path: str
    cause: str


@dataclass(frozen=True, slots=True)
class RowVerified(Event):
    """An answer was computed again and compared; ``done`` of ``total`` are so far."""

    row_id: int
    task: str
    state: str  # identical, within, differs, impossible, cancelled
    words: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class VerifyFinished(Event):
    rows: int
    was_cancelled: bool
