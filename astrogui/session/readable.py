"""What a session shows of its project, analyses and files, without changing any of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from astrogui.records.catalogue import Catalogue
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import Posterior
from astrogui.records.source import FilePart
from astrogui.session import events, exporting
from astrogui.session.known_tasks import KnownTasks
from astrogui.session.live_table import LiveTable
from astrogui.session.loading import load_part, load_when_known
from astrogui.session.loop import Loop
from astrogui.session.open_project import OpenProject
from astrogui.session.origin import Origin, origin_of
from astrogui.session.settings import shipped
from astrogui.session.table_keeper import TableKeeper
from astrogui.session.view import ProjectView
from astrogui.tasks.task import Task


class Readable:
    """The part of `Session` that reads; it owns nothing, and `Session` sets what it needs."""

    _open: OpenProject
    _known: KnownTasks
    _loop: Loop
    _reader: Any
    _tables: TableKeeper

    # --- the project and its analyses ----------------------------------------------------------

    @property
    def path(self) -> Path:
        """The project file."""
        return self._open.project.path

    @property
    def view(self) -> ProjectView:
        """The project as it may be read without waiting."""
        return self._open.view

    def subscribe(self, callback: Callable[[events.Event], None]) -> Callable[[], None]:
        """Hear every event, in the session's thread; returns how to stop."""
        return self._loop.subscribe(callback)

    def live_table(self) -> LiveTable:
        """The catalogue as columns that follow the project; begun when first asked for."""
        return self._tables.table()

    def tasks(self, names: Sequence[str] | None = None) -> tuple[Task, ...]:
        """The analyses, or those named; raises ``UsageProblem`` where one does not exist."""
        return self._known.those(names)

    def card(self, task: str) -> ModelCard | None:
        """The card of the model that answers ``task``; None where there is no model."""
        return self._known.cards.card(task)

    # --- answers and files ---------------------------------------------------------------------

    def demo_files(self) -> list[Path]:
        """The bundled samples: simulated by this project, and saying so in their headers."""
        return sorted(p for p in (shipped("resources") / "samples").iterdir() if p.is_file())

    def load(self, item_id: int) -> Future[Any]:
        """The record of an item for display: ``Spectrum``, ``Field`` or ``Network``."""
        sources = self._loop.post(lambda: self.view.item(item_id).sources)
        return load_when_known(self._reader, sources)

    def parts(self, path: str) -> Future[tuple[FilePart, ...]]:
        """The HDUs of a FITS file; () of a file of another kind."""
        return self._reader.parts(path)

    def header(self, path: str, index: int) -> Future[str]:
        """The cards of a FITS header as they are written, one a line."""
        return self._reader.header(path, index)

    def load_part(self, path: str, part: str) -> Future[Any]:
        """The record of one extension or plane of a file, for display."""
        return load_part(self._reader, path, part)

    def posterior(self, row_id: int, task: str | None = None) -> Future[Posterior | None]:
        """The newest posterior of a row, of one task or of any."""
        return self._loop.post(lambda: self.view.posterior(row_id, task))

    def answer_posterior(self, answer_id: int) -> Future[Posterior | None]:
        """The posterior of one answer of ``view.answers``, however old."""
        return self._loop.post(lambda: self.view.answer_posterior(answer_id))

    def origin(self, row_id: int, column: str = "", task: str = "") -> Origin:
        """Where a cell (or a task's answer, or the whole row) comes from; see ``Origin.text``."""
        return origin_of(self.view, self._known.cards, row_id, column, task)

    def read_table(self, path: str | os.PathLike[str]) -> Future[Catalogue]:
        """The columns of an analyst's own table of sources, parsed in the reader process.

        FITS, VOTable, ECSV, CSV or TSV; the future raises ``FileProblem``.
        """
        return self._reader.table(os.fspath(path))

    def read_catalogue(self, path: str | os.PathLike[str]) -> Catalogue:
        """The rows of an export of ours, as they were written."""
        return exporting.read(os.fspath(path))
