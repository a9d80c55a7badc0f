"""The catalogue's columns: growth, nulls, order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astrogui.records.catalogue import Column
from astrogui.records.column_table import ColumnTable
from astrogui.window import row_store
from astrogui.window.row_store import (
    Arrangement,
    RowStore,
    SortedRows,
    SortKey,
    arranged_with,
    lines_of_positions,
    sorted_positions,
)

COLUMNS = (Column(name="z"), Column(name="class", type="text"), Column(name="n", type="int"))


def row(row_id, **cells):
    return {"row_id": row_id, "item_id": 1, **cells}


@pytest.fixture
def store():
    made = RowStore()
    made.set_columns(COLUMNS)
    return made


def test_rows_are_appended_and_then_changed_in_place(store):
    assert store.put([row(7, z=0.1), row(9, z=0.2)]) == ([], 2)
    assert store.put([row(9, z=0.3), row(11)]) == ([1], 1)
    assert [store.cell(place, "z") for place in range(3)] == [0.1, 0.3, None]
    assert store.position(11) == 2
    assert store.item_of(9) == 1


def test_a_thousand_rows_outgrow_the_first_arrays(store):
    store.put(row(i, z=float(i)) for i in range(1000))
    assert len(store) == 1000
    assert np.array_equal(store.array("z"), np.arange(1000.0))
    assert store.row_id(999) == 999


def test_a_new_column_is_null_until_its_rows_come_again(store):
    store.put([row(1, z=0.1)])
    store.set_columns((*COLUMNS, Column(name="mass")))
    assert store.cell(0, "mass") is None
    store.put([row(1, z=0.1, mass=30.0)])
    assert store.cell(0, "mass") == 30.0


def test_a_column_has_values_once_a_row_has_one(store):
    store.put([row(1), row(2)])
    assert not store.has_values("z")
    assert not store.has_values("class")
    store.put([row(2, z=0.0), row(3, **{"class": "QSO"})])
    assert store.has_values("z")
    assert store.has_values("class")
    store.clear()
    assert not store.has_values("z")


def test_nulls_come_last_whichever_way_is_sorted(store):
    store.put([row(1, z=None), row(2, z=0.5), row(3, z=0.1)])
    assert sorted_positions(store.array("z"), falling=False).tolist() == [2, 1, 0]
    assert sorted_positions(store.array("z"), falling=True).tolist() == [1, 2, 0]


@given(st.lists(st.sampled_from(["", "b", "A", "c", "Ab"]), max_size=30), st.booleans())
def test_texts_sort_without_case_and_equal_rows_keep_their_order(words, falling):
    values = np.array(words, dtype=object)
    order = sorted_positions(values, falling=falling)
    there = [w.lower() for w in words if w]
    expected = sorted(range(len(there)), key=lambda i: there[i], reverse=False)
    if falling:
        expected = sorted(range(len(there)), key=lambda i: there[i], reverse=True)
    places = [i for i, w in enumerate(words) if w]
    blank = [i for i, w in enumerate(words) if not w]
    assert order.tolist() == [places[i] for i in expected] + blank


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), max_size=40), st.booleans())
def test_numbers_sort_as_pythons_stable_sort_does(numbers, falling):
    values = np.array([np.nan if x is None else x for x in numbers], float)
    order = sorted_positions(values, falling=falling).tolist()
    there = [i for i, x in enumerate(numbers) if x is not None]
    expected = sorted(there, key=lambda i: numbers[i], reverse=falling)
    assert order == expected + [i for i, x in enumerate(numbers) if x is None]


def test_an_order_kept_of_one_table_is_not_taken_for_another(monkeypatch):
    monkeypatch.setattr(row_store, "id", lambda _: 1, raising=False)  # as of a table that went
    kept, keys = SortedRows(), (SortKey("z"),)
    for values in ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0]):
        table = ColumnTable()
        table.set_columns([Column(name="z")])
        table.put_columns(np.arange(3), {"z": values})
        found = arranged_with(kept, 0, table, 3, keys, None)
        assert found.tolist() == np.argsort(values).tolist()


@given(st.permutations(range(12)), st.integers(0, 12), st.lists(st.integers(-2, 15), max_size=11))
def test_lines_are_found_alike_with_and_without_their_table(rows, count, positions):
    order, sought = np.array(rows[:count], np.int64), np.array(positions, np.int64)
    expected = sorted({line for line, row in enumerate(order.tolist()) if row in positions})
    for kept in (None, lines_of_positions(order, 12)):
        shown = Arrangement(order, kept)
        assert sorted(set(shown.lines_of(sought).tolist())) == expected
        for row in range(12):
            line = rows.index(row)
            assert shown.line_of(row) == (line if line < count else None)
        assert shown.line_of(99) is None


def test_the_table_of_lines_is_made_in_pieces(monkeypatch):
    monkeypatch.setattr(row_store, "PIECE", 3)
    order = np.array([7, 2, 5, 0, 1, 6, 4], np.int64)
    assert lines_of_positions(order, 9).tolist() == [3, 4, 1, -1, 6, 2, 5, 0, -1]


def test_orders_are_the_same_only_where_every_row_is():
    one = Arrangement(np.array([0, 1, 2, 3]))
    assert one.is_same(Arrangement(np.array([0, 1, 2, 3])))
    assert not one.is_same(Arrangement(np.array([0, 2, 1, 3])))
    assert not one.is_same(Arrangement(np.array([0, 1, 2])))
    assert Arrangement(np.zeros(0)).is_same(Arrangement(np.zeros(0)))
