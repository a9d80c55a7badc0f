"""Rows to be written, a stretch at a time, so that a million of them never lie in memory twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Protocol

from astrogui.records.catalogue import Catalogue, Column

STRETCH = 50_000  # rows


class Rows(Protocol):
    """A catalogue that is asked for stretches; ``len`` is the number of rows."""

    columns: tuple[Column, ...]
    meta: dict[str, str]

    def __len__(self) -> int: ...

    def stretch(self, first: int, end: int, names: Sequence[str] | None = None) -> Catalogue:
        """Rows ``first`` to ``end`` with these columns, all when None."""


class CatalogueRows:
    """A catalogue in memory as rows."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.columns, self.meta = catalogue.columns, dict(catalogue.meta)

    def __len__(self) -> int:
        return len(self._catalogue)

    def stretch(self, first: int, end: int, names: Sequence[str] | None = None) -> Catalogue:
        return cut(self._catalogue, first, end, names)


class Progress:
    """Tells how far an export has come; ``told`` returns False to stop it."""

    def __init__(self, told: object = None) -> None:
        self._told = told
        self._words, self._from, self._share = "", 0.0, 1.0

    def begin(self, words: str, start: float, share: float) -> None:
        """The next steps are ``share`` of the whole, from ``start``."""
        self._words, self._from, self._share = words, start, share
        self.step(0.0)

    def step(self, fraction: float) -> None:
        """Raises ``CancelledError`` where the export is to stop."""
        told = self._told
        if callable(told) and told(self._from + fraction * self._share, self._words) is False:
            raise CancelledError("the export was stopped")


def cut(
    catalogue: Catalogue, first: int, end: int, names: Sequence[str] | None = None
) -> Catalogue:
    """A stretch of a catalogue as one of its own."""
    wanted = None if names is None else set(names)
    columns = tuple(c for c in catalogue.columns if wanted is None or c.name in wanted)
    nulls = {
        c.name: catalogue.nulls[c.name][first:end] for c in columns if c.name in catalogue.nulls
    }
    return Catalogue(
        columns=columns,
        values={c.name: catalogue.values[c.name][first:end] for c in columns},
        nulls={name: null for name, null in nulls.items() if null.any()},
        meta=catalogue.meta,
    )


def whole(rows: Rows) -> Catalogue:
    """All rows at once, for formats that can be written in no other way."""
    return rows.stretch(0, len(rows))


def stretches(
    rows: Rows, progress: Progress | None = None, names: Sequence[str] | None = None
) -> Iterator[Catalogue]:
    """The rows from first to last; at least one stretch, which may be empty."""
    count = len(rows)
    for first in range(0, max(count, 1), STRETCH):
        if progress is not None:
            progress.step(first / max(count, 1))
        yield rows.stretch(first, min(first + STRETCH, count), names)
