"""Finding the order of the rows on screen: of few at once, of many in the pool, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from astrogui.records.column_table import ColumnTable
from astrogui.session.filtering import Filter
from astrogui.window.bridge import Bridge
from astrogui.window.row_store import (
    Arrangement,
    SortedRows,
    SortKey,
    arranged,
    arranged_with,
    lines_of_positions,
)

AT_ONCE = 20_000  # cells to compare; more are arranged in the pool


class Asked(NamedTuple):
    """Which rows are wanted, and in which order."""

    store: ColumnTable
    rows: int  # that are known: of the store's, the first so many
    keys: tuple[SortKey, ...]
    condition: Filter | None

    @property
    def is_plain(self) -> bool:
        """Whether the rows stand as they came, all of them."""
        return self.condition is None and not self.keys

    @property
    def is_long(self) -> bool:
        """Whether finding the order would keep the window waiting."""
        return self.rows * (len(self.keys) + (self.condition is not None)) > AT_ONCE

    def is_like(self, other: Asked) -> bool:
        """Whether it is the same question, however many rows there are by now."""
        same = (self.keys, self.condition) == (other.keys, other.condition)
        return same and self.store is other.store


class Arranger:
    """Answers what the model asks; an answer to a question that nobody asks any more is dropped."""

    def __init__(
        self,
        compute: Callable[..., Future[Any]],
        bridge: Bridge,
        asked: Callable[[], Asked],
        take: Callable[[Arrangement], None],
        fail: Callable[[str], None],
    ) -> None:
        """``asked`` says what is wanted now; ``take`` gets the order, ``fail`` why none is."""
        self._compute, self._bridge = compute, bridge
        self._asked, self._take, self._fail = asked, take, fail
        self._running: Asked | None = None
        self._sorted = SortedRows()
        self._age = 0  # counts the changes of cells, which make a kept order old
        self._is_stale = False

    @property
    def is_busy(self) -> bool:
        return self._running is not None

    def forget(self) -> None:
        """Cells are new: an order that was kept is old."""
        self._age += 1

    def arrange(self) -> None:
        """Find the order anew."""
        asked = self._asked()
        if not asked.is_long:
            self._running = None
            self._take(Arrangement(arranged(*asked)))
            return
        if self._running is not None:
            self._is_stale = True
            return
        self._is_stale = False
        self._running = asked
        future = self._compute(_found, self._sorted, self._age, asked)
        self._bridge.after(
            future, partial(self._on_arranged, asked), partial(self._on_not_arranged, asked)
        )

    def _on_arranged(self, asked: Asked, found: Arrangement) -> None:
        if self._running is not asked:
            return
        self._running = None
        wanted = self._asked()
        if asked.is_like(wanted):
            self._take(found)
        if self._is_stale or not asked.is_like(wanted) or asked.rows != wanted.rows:
            self.arrange()

    def _on_not_arranged(self, asked: Asked, words: str) -> None:
        if self._running is asked:
            self._running = None
            self._fail(words)


def _found(kept: SortedRows, age: int, asked: Asked) -> Arrangement:
    """The order, and what the window would else go through all rows for; runs in the pool."""
    order = arranged_with(kept, age, *asked)
    return Arrangement(order, lines_of_positions(order, asked.rows))
