"""The order of the rows on screen: what a filter leaves, sorted by several columns.

Everything here works on whole columns and is safe in any thread.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.column_table import ColumnTable
from astrogui.records.text_column import TextColumn, text_column
from astrogui.session.filter_values import Rows
from astrogui.session.filtering import Filter

RowStore = ColumnTable
Positions = NDArray[np.int64]
PIECE = 65_536  # rows placed at once: between two pieces other threads run
FEW_SOUGHT = 8  # rows looked for among all by comparing
FEW_TIES = 8  # at most this share of equal values is put right after a sort that is not stable


@dataclass(frozen=True, slots=True)
class SortKey:
    name: str
    falling: bool = False


def arranged(
    store: ColumnTable, count: int, keys: Sequence[SortKey], condition: Filter | None
) -> Positions:
    """Positions below ``count`` that satisfy the filter, in the order of the keys."""
    if condition is None:
        return sorted_by(store, None, count, keys)
    mask = condition.mask(rows_of(store, condition, slice(0, count)))
    return sorted_by(store, np.flatnonzero(mask), count, keys)


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """The rows on screen: where in the store each line's row stands, and the other way round."""

    order: Positions  # (lines,)
    lines: NDArray[np.int32] | None = None  # (rows,) as of ``lines_of_positions``, where made

    def __len__(self) -> int:
        return len(self.order)

    def line_of(self, position: int) -> int | None:
        """The line of the row at this position; None where it is not on screen."""
        if position < len(self.order) and self.order[position] == position:
            return position
        if self.lines is not None:
            line = int(self.lines[position]) if position < len(self.lines) else -1
            return None if line < 0 else line
        found = np.flatnonzero(self.order == position)
        return int(found[0]) if found.size else None

    def lines_of(self, positions: Positions) -> NDArray[np.int64]:
        """The lines of the rows at these positions (negative: no row), rising."""
        if self.lines is not None:
            known = positions[(positions >= 0) & (positions < len(self.lines))]
            lines = np.take(self.lines, known).astype(np.int64)
            return np.sort(lines[lines >= 0])
        if not positions.size or not self.order.size:
            return np.zeros(0, np.int64)
        if positions.size <= FEW_SOUGHT:
            return np.flatnonzero(np.isin(self.order, positions))
        mask = np.zeros(1 + max(int(self.order.max()), int(positions.max())), bool)
        mask[positions[positions >= 0]] = True
        return np.flatnonzero(np.take(mask, self.order))

    def is_same(self, other: Arrangement) -> bool:
        """Whether two orders are equal; most differ at their ends, which are looked at first."""
        ends = slice(None, None, max(len(self.order) - 1, 1))
        is_like = np.array_equal(self.order[ends], other.order[ends])
        return is_like and np.array_equal(self.order, other.order)


@dataclass(slots=True)
class SortedRows:
    """All rows in one order, kept so that another filter needs no other sort."""

    key: object = None
    order: Positions | None = None
    store: Callable[[], ColumnTable | None] = lambda: None  # a number may be another's again


def arranged_with(
    kept: SortedRows,
    age: int,
    store: ColumnTable,
    count: int,
    keys: tuple[SortKey, ...],
    condition: Filter | None,
) -> Positions:
    """``arranged``, with the sort of the last time where it is the same and the rows are too."""
    if not keys:
        return arranged(store, count, keys, condition)
    key = (age, count, keys)
    is_kept = kept.key == key and kept.store() is store
    if not is_kept or kept.order is None:
        if condition is not None and not is_kept:
            mask = condition.mask(rows_of(store, condition, slice(0, count)))
            places = np.flatnonzero(mask)
            if places.size * 4 < count:  # few are left: they are sorted sooner than all
                return sorted_by(store, places, count, keys)
        kept.order = sorted_by(store, None, count, keys)
        kept.key, kept.store = key, weakref.ref(store)
    if condition is None:
        return kept.order
    mask = condition.mask(rows_of(store, condition, slice(0, count)))
    return np.compress(np.take(mask, kept.order), kept.order)


def lines_of_positions(order: Positions, count: int) -> NDArray[np.int32]:
    """(count,) the line on which each position stands, -1 where it is filtered out."""
    lines = np.full(count, -1, np.int32)
    for first in range(0, len(order), PIECE):
        places = order[first : first + PIECE]
        lines[places] = np.arange(first, first + len(places), dtype=np.int32)
    return lines


def sorted_by(
    store: ColumnTable, places: Positions | None, count: int, keys: Sequence[SortKey]
) -> Positions:
    """Positions (None: all below ``count``) by the first key, equal rows by the next.

    Nulls stand last, ties as they were.
    """
    for key in reversed(keys):
        if store.has(key.name):
            values = sort_values(store, key)[:count]
            # ``take`` lets other threads run meanwhile, which indexing does not.
            order = stable_order(values if places is None else np.take(values, places))
            places = order if places is None else np.take(places, order)
    return np.arange(count, dtype=np.int64) if places is None else places


def stable_order(values: NDArray[Any]) -> Positions:
    """(n,) places that sort ``values``, equal ones and NaN in the order in which they came.

    The fastest sort is not stable; where few values are equal, those are put right afterwards.
    """
    if values.dtype.itemsize <= 2:
        return np.argsort(values, kind="stable").astype(np.int64)
    order = np.argsort(values)
    ranked = np.take(values, order)
    same = ranked[1:] == ranked[:-1]
    if ranked.dtype.kind == "f":
        missing = np.isnan(ranked)  # they stand last, and are equal here
        same |= missing[1:] & missing[:-1]
    ties = int(np.count_nonzero(same))
    if ties * FEW_TIES > values.size:
        return np.argsort(values, kind="stable").astype(np.int64)
    if ties:
        among = np.zeros(values.size, bool)
        among[1:] |= same
        among[:-1] |= same
        group = np.cumsum(np.concatenate([[True], ~same]))
        tied = np.flatnonzero(among)
        places = np.take(order, tied)
        order[tied] = np.take(places, np.lexsort((places, np.take(group, tied))))
    return order.astype(np.int64, copy=False)


def sort_values(store: ColumnTable, key: SortKey) -> NDArray[Any]:
    """(n,) numbers that rise as the key wants its rows."""
    if not store.is_text(key.name):
        numbers = store.numbers(key.name)
        return -numbers if key.falling else numbers
    column = store.text(key.name)
    ranks = column.words.ranks()
    last = len(ranks)
    ranks = last - ranks if key.falling else ranks.copy()
    ranks[0] = last + 1  # null
    # Sixteen bits are sorted by counting, ten times as fast.
    small = ranks.astype(np.uint16) if last < 65_000 else ranks
    return np.take(small, column.codes)


def rows_of(store: ColumnTable, condition: Filter, places: Positions | slice) -> Rows:
    """What a filter looks at, for these positions."""
    return columns_of(store, condition.names, places)


def columns_of(store: ColumnTable, names: Sequence[str] | frozenset[str], places: Any) -> Rows:
    """Columns of a table cut to these positions, as the filter language takes them."""
    columns = {column.name: column for column in store.columns}
    arrays: Mapping[str, Any] = {
        name: store.text(name).take(places) if store.is_text(name) else store.numbers(name)[places]
        for name in names
        if store.has(name)
    }
    count = len(places) if not isinstance(places, slice) else places.stop - places.start
    return Rows(arrays, columns, count)


def sorted_positions(values: NDArray[Any] | TextColumn, *, falling: bool) -> Positions:
    """Positions that sort ``values`` (n,), stable, nulls (NaN or "") last."""
    if not isinstance(values, TextColumn) and values.dtype == object:
        values = text_column(values)
    if isinstance(values, TextColumn):
        ranks = values.ranks().astype(np.float64)
        ranks[ranks == 0] = np.nan
        values = ranks
    return stable_order(-values if falling else values)
