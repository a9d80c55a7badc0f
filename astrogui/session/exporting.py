"""Export and import of the catalogue."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import astrogui
from astrogui.errors import Unreadable, UsageProblem
from astrogui.records.catalogue import Catalogue, Column
from astrogui.records.column_table import ColumnTable
from astrogui.records.judgement import FIELDS
from astrogui.session import column_cache
from astrogui.session.grader_columns import with_graders
from astrogui.session.live_table import LiveTable
from astrogui.session.table_reader import TableReader
from astrogui.session.view import ProjectView
from astrogui.store.project import now
from astrogui.tasks.task import Task

Told = Callable[[float, str], bool | None]
RowIds = Sequence[int] | NDArray[np.int64]
Within = tuple[Path | None, Path | None]
MANY_ROWS = 20_000  # fewer are read sooner than the columns beside the project are looked at


@dataclass(frozen=True, slots=True, eq=False)
class ExtraColumn:
    """A column of the window's table that is not the project's: a match, a measure."""

    column: Column
    row_ids: NDArray[np.int64]  # (n,)
    cells: NDArray[Any]  # (n,) numbers with NaN for null, or where in ``words`` each text is
    words: Sequence[str] | None = None

    def texts(self) -> Any:
        """(n,) what ``ColumnTable.put_extra`` takes."""
        if self.words is None:
            return self.cells
        return np.array([*self.words], object)[self.cells].tolist()


def write(
    project: Path,
    tasks: Sequence[Task],
    path: str,
    row_ids: RowIds | None,
    posteriors: str | os.PathLike[str] | None,
    meta: Mapping[str, str],
    columns: Sequence[str] | None = None,
    live: LiveTable | None = None,
    told: Told | None = None,
    extra: Sequence[ExtraColumn] = (),
    within: Within = (None, None),
) -> int:
    """Export the catalogue and, where asked for, the posteriors; the number of rows.

    ``live`` is the table that the window shows, whose rows need not be read again; without it
    ``extra`` are the columns that only the window knows. ``within`` are the folders where the
    unfinished files lie, None for beside ``path`` and ``posteriors``.
    """
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import export_rows
    from astrogui.export.rows import CatalogueRows, Progress, Rows, cut

    progress = Progress(told)
    wanted = None if row_ids is None else np.asarray(row_ids, np.int64)
    view = ProjectView(project, tasks)
    try:
        progress.begin("reading", 0.0, 0.0)
        found = TableRows(view, live, wanted, columns, dict(meta), extra)
        rows: Rows = found
        grades = view.grades(None if wanted is None else wanted.tolist())
        if len({name for by_author in grades.values() for name in by_author}) > 1:
            ids = found.row_ids.tolist()
            catalogue = with_graders(rows.stretch(0, len(rows)), ids, grades)
            rows = CatalogueRows(cut(catalogue, 0, len(catalogue), columns))
        export_rows(rows, path, EXPORTERS, progress, within[0])
        if posteriors is not None:
            from astrogui.export.posteriors import export_posteriors

            progress.begin("writing the posteriors", 0.95, 0.05)
            entries = _entries(view, wanted, progress)
            export_posteriors(entries, os.fspath(posteriors), within[1])
    finally:
        view.close()
    return len(rows)


class TableRows:
    """Rows of the project for an exporter, taken from columns a stretch at a time."""

    def __init__(
        self,
        view: ProjectView,
        live: LiveTable | None,
        row_ids: NDArray[np.int64] | None,
        columns: Sequence[str] | None,
        meta: dict[str, str],
        extra: Sequence[ExtraColumn] = (),
    ) -> None:
        """``row_ids`` and ``columns`` in the order in which they are written, None for all.

        Raises ``UsageProblem`` for a column that is not there.
        """
        self.meta = meta
        self._live = live
        if live is None:
            self._table = _read_table(view, row_ids)
            for one in extra:
                self._table.put_extra(one.column, one.row_ids, one.texts())
        else:
            self._table = live.call(_itself, in_step=True).result()
        if row_ids is None:  # in the order of the observations
            by_item = (self._table.row_ids(), self._table.numbers("item_id"))
            self._places = np.lexsort(by_item).astype(np.int64)
        else:
            places = self._table.positions(row_ids)
            self._places = places[places >= 0]
        self.row_ids = self._table.row_ids(self._places)
        known = {column.name: column for column in self._table.columns}
        if unknown := [name for name in columns or () if name not in known]:
            raise UsageProblem(
                f"There is no column {', '.join(unknown)}. The columns are: {', '.join(known)}."
            )
        self.columns = tuple(known[name] for name in (known if columns is None else columns))

    def __len__(self) -> int:
        return len(self._places)

    def stretch(self, first: int, end: int, names: Sequence[str] | None = None) -> Catalogue:
        places = self._places[first:end]
        wanted = [column.name for column in self.columns] if names is None else list(names)

        def take(_: object = None) -> Catalogue:
            return self._table.catalogue(places, wanted, self.meta)

        # In the table's thread no row changes between two of its columns.
        return take() if self._live is None else self._live.call(take).result()


def _itself(table: ColumnTable) -> ColumnTable:
    return table


def extra_columns(table: ColumnTable, names: Sequence[str] | None) -> list[ExtraColumn]:
    """Those of these columns (None: of all) that ``put_extra`` made."""
    own = {column.name for column in table.project_columns}
    wanted = [column for column in table.columns if column.name not in own]
    row_ids, found = table.row_ids().copy(), []
    for column in wanted:
        if names is not None and column.name not in names:
            continue
        cells, words = table.raw(column.name)
        texts = None if words is None else list(words)
        found.append(ExtraColumn(column, row_ids, cells.copy(), texts))
    return found


def _read_table(view: ProjectView, row_ids: NDArray[np.int64] | None) -> ColumnTable:
    """The rows as columns, read here and now; of many rows only those that are not kept."""
    reader = TableReader(view.path, view.tasks)
    try:
        if row_ids is not None and row_ids.size < MANY_ROWS:
            table, ids = ColumnTable(), np.unique(row_ids)
            table.set_columns(reader.columns())
        else:
            table, ids = column_cache.begin(column_cache.cache_folder(view.path), reader)
            ids = ids if row_ids is None else np.intersect1d(ids, row_ids)
        for some, cells in reader.read(ids):
            table.put_columns(some, cells)
    finally:
        reader.close()
    return table


def known_ending(path: str) -> str:
    """The format of a file name; raises ``ExportProblem`` naming the endings there are."""
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import exporter_for

    return exporter_for(path, EXPORTERS).name


def written_size(catalogue: Catalogue, path: Path) -> int:
    """How many bytes a catalogue is as the file ``path``, written there to see."""
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import exporter_for

    exporter = exporter_for(path, EXPORTERS)
    exporter.write(catalogue, path)
    return sum(made.stat().st_size for made in (path, *exporter.companions(path)))


def meta_of(project: Path, author: str) -> dict[str, str]:
    """What an export says of itself: by what it was written, from which project, when, for whom."""
    return {
        "application": f"AstroGUI {astrogui.__version__}",
        "project": project.name,
        "created": now(),
        "author": author,
    }


def read(path: str) -> Catalogue:
    """The rows of an export of ours. Raises ``ExportProblem`` or ``Unreadable``."""
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import exporter_for

    exporter = exporter_for(path, EXPORTERS)
    try:
        return exporter.read(Path(path))
    except Exception as error:  # thirteen kinds of exception come out of damaged tables
        raise Unreadable(
            path, "", f"this is no export of ours ({error})", "Give the exported file."
        ) from error


def judgements_for(
    catalogue: Catalogue, rows: Sequence[Mapping[str, Any]]
) -> dict[int, dict[str, str | None]]:
    """Judgements of imported rows by the row they belong to: same file name and same object."""
    here = {identity(row): int(row["row_id"]) for row in rows}
    wanted: dict[int, dict[str, str | None]] = {}
    for row in catalogue.rows():
        row_id = here.get(identity(row))
        if row_id is None:
            continue
        values = {name: row.get(name) for name in FIELDS}
        judged = {name: str(value) for name, value in values.items() if value not in {None, ""}}
        if judged:
            wanted[row_id] = dict(judged)
    return wanted


def _entries(view: ProjectView, row_ids: NDArray[np.int64] | None, progress: Any) -> Iterator[Any]:
    from astrogui.export.posteriors import PosteriorEntry

    wanted = view.row_ids() if row_ids is None else row_ids.tolist()
    for place, row_id in enumerate(wanted):
        progress.step(place / max(len(wanted), 1))
        found = view.rows([row_id])
        if not found:
            continue
        row = found[0]
        for task in filter(None, str(row.get("task") or "").split(",")):
            posterior = view.posterior(row["row_id"], task)
            if posterior is None:
                continue
            attributes: dict[str, str | float | int] = {
                "file": str(row["file"]),
                "object_id": str(row["object_id"]),
                "task": task,
                "row": int(row["row_id"]),
            }
            for name in ("ra", "dec"):
                if row.get(name) is not None:
                    attributes[name] = float(row[name])
            yield PosteriorEntry(
                name=f"row_{row['row_id']}_{task}", attributes=attributes, posterior=posterior
            )


def identity(row: Mapping[str, Any]) -> tuple[str, str]:
    """What an object is known by in every project: its files' names and its own."""
    names = ";".join(os.path.basename(part) for part in str(row.get("file") or "").split(";"))
    return names, str(row.get("object_id") or "")
