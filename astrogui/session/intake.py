"""Taking files in: walk, recognise, group companions, store items, queue their analyses."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from astrogui.errors import AstroguiError, FileProblem, Unreadable
from astrogui.readers.grouping import group_sources
from astrogui.records.source import Source
from astrogui.tasks.task import Task

log = logging.getLogger(__name__)
READING_OPTIONS = ("columns", "air", "detector")
GROUPED_KINDS = ("image", "strain")
ASKED_AT_ONCE = 24


class Recogniser(Protocol):
    def recognise(
        self, path: str, options: dict[str, str] | None = None
    ) -> Future[tuple[Source, ...]]: ...


@dataclass(kw_only=True, eq=False)
class Batch:
    """One ``add``: what was asked for, and what has come back so far."""

    tasks: tuple[str, ...] | None
    as_one: bool
    reading: dict[str, str]
    running: dict[str, str]
    future: Future[list[int]]
    as_asked: bool = False  # rows answered with other options since are answered anew
    files: deque[str] = field(default_factory=deque)  # not yet asked for
    asked: int = 0  # of the reader process, and not yet answered
    total: int = 0
    groupable: list[Source] = field(default_factory=list)
    item_ids: list[int] = field(default_factory=list)

    def options_of(self, task: Task) -> dict[str, str]:
        """What one task is run with: options for all, for it alone, and those that it hands on."""
        own = f"{task.name}."
        given = {n: t for n, t in self.running.items() if "." not in n or n in task.hands_on}
        named = {n.removeprefix(own): t for n, t in self.running.items() if n.startswith(own)}
        return given | named


class Intake:
    """Recognises files through the reader process; calls back in the session's thread."""

    def __init__(
        self,
        reader: Recogniser,
        post: Callable[[Callable[[], None], Callable[[Exception], None]], object],
        afterwards: Callable[[Callable[[], None]], object],
        store: Callable[[Sequence[Source], Batch], int],
        refuse: Callable[[FileProblem, Batch], int],
        known: Callable[[str], list[Source]],
    ) -> None:
        """``post`` runs a command in the session's thread, or calls what it is given as well where
        that could not be written; ``afterwards`` does something once it is.

        ``store`` keeps an observation, ``refuse`` a problem; ``known`` lists a kind's sources.

        ``known`` serves companions that come later: the second detector of a time, another band.
        """
        self._reader, self._post, self._afterwards = reader, post, afterwards
        self._store, self._refuse, self._known = store, refuse, known
        self._batches: list[Batch] = []
        # Hears how many files of all that were given have been looked at.
        self.tell: Callable[[int, int], None] = lambda done, total: None

    @property
    def open_batches(self) -> int:
        return len(self._batches)

    def begin(
        self,
        paths: Iterable[str | os.PathLike[str]],
        tasks: Sequence[str] | None,
        options: Mapping[str, str],
        future: Future[list[int]],
        as_one: bool = False,
        as_asked: bool = False,
    ) -> None:
        """Ask for every file; ``future`` gets the ids of the items once all have answered."""
        batch = Batch(
            as_one=as_one,
            as_asked=as_asked,
            tasks=None if tasks is None else tuple(tasks),
            reading={k: v for k, v in options.items() if k in READING_OPTIONS},
            running={k: v for k, v in options.items() if k not in READING_OPTIONS},
            future=future,
        )
        batch.files.extend(walk(paths))
        batch.total = len(batch.files)
        self._batches.append(batch)
        if not batch.files:
            self._finish(batch)
        self._ask_on(batch)

    def cancel(self) -> None:
        """Look at no more files; those that were asked for still come in."""
        for batch in list(self._batches):
            batch.total -= len(batch.files)
            batch.files.clear()
            if not batch.asked:
                self._finish(batch)

    def close(self) -> None:
        """Take nothing more in; whoever waits gets what has come so far."""
        left, self._batches = self._batches, []
        for batch in left:
            batch.files.clear()
            batch.future.set_result(batch.item_ids)

    def _ask_on(self, batch: Batch) -> None:
        """Keep the reader process busy with a few files, so that the rest can be cancelled."""
        while batch.files and batch.asked < ASKED_AT_ONCE:
            path = batch.files.popleft()
            batch.asked += 1
            asked = self._reader.recognise(path, dict(batch.reading))
            asked.add_done_callback(partial(self._answered_later, batch, path))

    def _answered_later(self, batch: Batch, path: str, done: Future[tuple[Source, ...]]) -> None:
        self._post(partial(self._answered, batch, path, done), partial(self._give_up, batch))

    def _answered(self, batch: Batch, path: str, done: Future[tuple[Source, ...]]) -> None:
        batch.asked -= 1
        if batch not in self._batches:
            return  # the project was left, or could not be written
        try:
            self._take(batch, path, done)
        except Exception as error:
            self._give_up(batch, error)
            return
        self._tell()
        self._ask_on(batch)
        if not batch.asked:
            self._finish(batch)

    def _take(self, batch: Batch, path: str, done: Future[tuple[Source, ...]]) -> None:
        """Keep the sources of a file, or its refusal; raises where nothing can be written."""
        try:
            for source in done.result():
                if source.kind in GROUPED_KINDS:
                    batch.groupable.append(source)
                else:
                    batch.item_ids.append(self._store([source], batch))
        except FileProblem as problem:
            batch.item_ids.append(self._refuse(problem, batch))
        except AstroguiError as error:
            batch.item_ids.append(self._refuse(as_problem(path, error), batch))
        except Exception:
            log.exception("recognising %s failed", path)
            batch.item_ids.append(self._refuse(internal_problem(path), batch))

    def _give_up(self, batch: Batch, error: Exception) -> None:
        """Whoever waits for a batch learns why no more of it comes in."""
        if batch in self._batches:
            self._batches.remove(batch)
        batch.files.clear()
        if not batch.future.done():
            batch.future.set_exception(error)

    def _tell(self) -> None:
        total = sum(batch.total for batch in self._batches)
        self.tell(total - sum(len(b.files) + b.asked for b in self._batches), total)

    def _finish(self, batch: Batch) -> None:
        try:
            for group in self._groups(batch):
                batch.item_ids.append(self._store(group, batch))
        except Exception as error:
            self._give_up(batch, error)
            return
        self._batches.remove(batch)
        self._afterwards(lambda: batch.future.set_result(batch.item_ids))

    def _groups(self, batch: Batch) -> list[tuple[Source, ...]]:
        """New sources with their companions, among them those that came earlier."""
        new = batch.groupable
        fresh = {source.key for source in new}
        groups: list[tuple[Source, ...]] = []
        for kind in GROUPED_KINDS:
            mine = [source for source in new if source.kind == kind]
            if not mine:
                continue
            if batch.as_one:
                groups.append(tuple(mine))
                continue
            earlier = [source for source in self._known(kind) if source.key not in fresh]
            groups += [
                group
                for group in group_sources([*earlier, *mine])
                if any(source.key in fresh for source in group)
            ]
        return groups


def walk(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """The files under the given files and folders, sorted within each folder, hidden ones left."""
    files: list[str] = []
    for path in [os.fspath(path) for path in paths]:
        if not os.path.isdir(path):
            files.append(path)
            continue
        for folder, names, found in os.walk(path):
            names[:] = sorted(name for name in names if not name.startswith("."))
            files += [os.path.join(folder, n) for n in sorted(found) if not n.startswith(".")]
    return list(dict.fromkeys(files))


def as_problem(path: str, error: AstroguiError) -> FileProblem:
    return Unreadable(path, "", str(error).rstrip("."), "Try again.")


def internal_problem(path: str) -> FileProblem:
    """A bug of ours, as the analyst sees it; the log has the trace."""
    return Unreadable(
        path, "", "an internal error stopped its reading", "The log has the details; report them."
    )
