"""What an exporter is, and the one way in which an export reaches its name."""

from __future__ import annotations

import contextlib
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from astrogui.errors import DiskFull, ExportProblem
from astrogui.export.rows import CatalogueRows, Progress, Rows, cut, whole
from astrogui.records.catalogue import Catalogue, Column

NO_SPACE = 28  # errno.ENOSPC
PART = 50_000  # rows compared at once


class Exporter(ABC):
    """One catalogue format. ``write`` and ``read`` may raise whatever their library raises."""

    name: str
    suffixes: tuple[str, ...]

    @abstractmethod
    def write(self, catalogue: Catalogue, path: Path) -> None:
        """Write a new file at ``path``."""

    @abstractmethod
    def read(self, path: Path) -> Catalogue:
        """The catalogue of a file that ``write`` made: the same rows, columns and meta."""

    def write_rows(self, rows: Rows, path: Path, progress: Progress) -> None:
        """Write very many rows; formats that can do so a stretch at a time do."""
        progress.step(0.0)
        self.write(whole(rows), path)

    def read_stretches(self, path: Path) -> Iterator[Catalogue]:
        """What was written, in stretches of any length."""
        yield self.read(path)

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Further files that belong to the one at ``path``."""
        del path
        return ()


def exporter_for(path: str | Path, exporters: Sequence[Exporter]) -> Exporter:
    """The exporter of a file name; raises ``ExportProblem`` naming the endings there are."""
    name = str(path).lower()
    for exporter in exporters:
        if name.endswith(exporter.suffixes):
            return exporter
    endings = ", ".join(suffix for exporter in exporters for suffix in exporter.suffixes)
    raise ExportProblem(f"{path}: no catalogue format ends so. The endings are {endings}.")


def export(catalogue: Catalogue, path: str | Path, exporters: Sequence[Exporter]) -> None:
    """``export_rows`` of a catalogue in memory."""
    export_rows(CatalogueRows(catalogue), path, exporters)


def export_rows(
    rows: Rows,
    path: str | Path,
    exporters: Sequence[Exporter],
    progress: Progress | None = None,
    within: Path | None = None,
) -> None:
    """Write, read again, compare, then rename; an existing file stays until all is well.

    ``within`` is where the unfinished file lies, None for beside ``path``. Raises
    ``ExportProblem``, ``DiskFull``, or ``CancelledError`` where ``progress`` says so.
    """
    exporter = exporter_for(path, exporters)
    target = Path(path)
    progress = progress or Progress()

    def write_and_check(temporary: Path) -> None:
        progress.begin("writing", 0.0, 0.6)
        exporter.write_rows(rows, temporary, progress)
        progress.begin("reading again", 0.6, 0.4)
        difference = _difference(rows, exporter.read_stretches(temporary), progress)
        if difference:
            raise ExportProblem(f"{target}: read back, the file differs: {difference}.")

    write_safely(target, write_and_check, exporter.companions, within)


def _difference(rows: Rows, read: Iterator[Catalogue], progress: Progress) -> str:
    """Where what was read differs from the rows, in words; "" when nowhere."""
    count, first = len(rows), 0
    for part in read:
        for start in range(0, max(len(part), 1), PART):
            some = cut(part, start, start + PART)
            end = min(first + len(some), count)
            difference = first_difference(rows.stretch(first, end), some)
            if difference:
                return difference if first == 0 else f"after row {first}: {difference}"
            first += len(some)
            progress.step(first / max(count, 1))
    return "" if first == count else f"{count} rows became {first}"


def write_safely(
    target: Path,
    write: Callable[[Path], None],
    companions: Callable[[Path], tuple[Path, ...]] = lambda path: (),
    within: Path | None = None,
) -> None:
    """Let ``write`` fill a temporary name beside the target, then rename it over the target."""
    with _failing_in_words(target), _temporary_folder(within or _folder_of(target)) as folder:
        temporary = folder / target.name
        write(temporary)
        for made in (temporary, *companions(temporary)):
            with open(made, "rb") as file:
                os.fsync(file.fileno())
        for made, final in zip(
            (*companions(temporary), temporary), (*companions(target), target), strict=True
        ):
            os.replace(made, final)


@contextlib.contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """A folder beside the target where another process may work; it goes with all that is in it.

    Raises ``ExportProblem`` or ``DiskFull`` where none can be made.
    """
    with contextlib.ExitStack() as open_folders:
        with _failing_in_words(target):
            folder = open_folders.enter_context(_temporary_folder(_folder_of(target)))
        yield folder


def _folder_of(target: Path) -> Path:
    return target.absolute().parent


@contextlib.contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=parent, prefix=".export-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def _failing_in_words(target: Path) -> Iterator[None]:
    """What the system refuses, as a problem of the target's."""
    try:
        yield
    except OSError as error:
        if error.errno == NO_SPACE:
            raise DiskFull(f"{target}: the disk is full; the old file is untouched.") from error
        with contextlib.suppress(AttributeError):
            reason = error.strerror or str(error)
        raise ExportProblem(
            f"{target}: cannot be written ({reason}). Choose another folder."
        ) from (error)


def first_difference(wrote: Catalogue, read: Catalogue) -> str:
    """Where two catalogues differ, in words; "" when they are equal.

    Text is compared without trailing blanks, which FITS cannot keep.
    """
    if len(wrote) != len(read):
        return f"{len(wrote)} rows became {len(read)}"
    for column in wrote.columns:
        try:
            other = read.column(column.name)
        except KeyError:
            return f"column {column.name} is missing"
        if (column.type, column.unit) != (other.type, other.unit):
            return f"column {column.name} became {other.type} [{other.unit}]"
        row = _first_unequal_row(column, wrote, read)
        if row is not None:
            return (
                f"column {column.name}, row {row + 1}: {wrote.values[column.name][row]!r} "
                f"became {read.values[column.name][row]!r}"
            )
    return ""


def _first_unequal_row(column: Column, wrote: Catalogue, read: Catalogue) -> int | None:
    a, b = wrote.values[column.name], read.values[column.name]
    if column.type == "float":
        unequal = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    elif column.type == "text":
        unequal = np.asarray(a != b, bool)
        for row in np.flatnonzero(unequal):
            unequal[row] = str(a[row]).rstrip() != str(b[row]).rstrip()
    else:
        none = np.zeros(len(wrote), bool)
        null_a = wrote.nulls.get(column.name, none)
        null_b = read.nulls.get(column.name, none)
        unequal = (null_a != null_b) | (~null_a & (a != b))
    rows = np.flatnonzero(unequal)
    return int(rows[0]) if rows.size else None
