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
