"""Columns of very many rows: what is looked at and packed in pieces is the same as at once."""

from __future__ import annotations

import threading
import time
import weakref

import numpy as np
import pytest

from astrogui.records import column_table, text_column
from astrogui.records.catalogue import Column
from astrogui.records.column_table import ColumnTable
from astrogui.records.text_column import Words, key


@pytest.mark.parametrize("place", [0, 7, 8, 19])
@pytest.mark.parametrize(("kind", "value"), [("float", 1.5), ("text", "QSO")])
def test_one_value_anywhere_makes_a_column_one_with_values(place, kind, value, monkeypatch):
    monkeypatch.setattr(column_table, "PIECE", 8)
    table = ColumnTable()
    table.set_columns([Column(name="there", type=kind), Column(name="empty", type=kind)])
    cells = [None] * 20
    cells[place] = value
    table.put_columns(np.arange(20), {"there": cells, "empty": [None] * 20})
    assert table.has_values("there")
    assert not table.has_values("empty")


@pytest.mark.parametrize("count", [3, 10, 11, 40])
def test_words_are_sorted_and_packed_in_pieces_as_they_are_at_once(count, monkeypatch):
    monkeypatch.setattr(text_column, "MANY_WORDS", 10)
    random = np.random.default_rng(3)
    texts = [f"{'αBcß'[number % 4]} {number}" for number in random.permutation(count)]
    words = Words()
    codes = words.encode(texts)
    ranks = words.ranks()
    assert [texts[i] for i in np.argsort(ranks[codes])] == sorted(texts, key=key)
    used = np.ones(len(words), bool)
    used[codes[1]] = False
    blob, ends, became = words.packed(used)
    again = Words(blob, ends)
    assert len(again) == count
    assert [again[code] for code in range(1, len(again))] == sorted([texts[0], *texts[2:]], key=key)
    assert [again[int(became[code])] for code in codes] == [texts[0], "", *texts[2:]]


@pytest.mark.parametrize("letter", ["B", "β"])
def test_between_pieces_of_words_others_may_go_first(letter, monkeypatch):
    monkeypatch.setattr(text_column, "MANY_WORDS", 10)
    words = Words()
    words.encode([f"{letter} {number}" for number in range(39)])
    pauses = []
    words.packed(np.ones(len(words), bool), lambda: pauses.append(None))
    assert len(pauses) == 3 * 4  # to look for the longest, to lay them side by side, to pack


def test_no_pause_is_made_while_somebody_else_waits_for_the_order(monkeypatch):
    monkeypatch.setattr(text_column, "MANY_WORDS", 10)
    words = Words()
    words.encode([f"B {number}" for number in range(39)])
    pauses, other = [], threading.Thread(target=words.ranks)

    def pause():
        pauses.append(None)
        other.start()
        while len(words._seekers) < 2:
            time.sleep(0)

    words.ranks(pause)
    other.join()
    assert len(pauses) == 1


def test_capitals_are_folded_in_words_of_any_script(monkeypatch):
    monkeypatch.setattr(text_column, "MANY_WORDS", 4)
    random = np.random.default_rng(5)
    texts = [f"{''.join(random.choice(list('aAzZ[`@{é'), 3))}{n}" for n in range(40)]
    words = Words()
    codes = words.encode(texts)
    order = np.argsort(words.ranks()[codes])
    assert [texts[place] for place in order] == sorted(texts, key=key)


@pytest.mark.parametrize("kind", ["float", "text"])
def test_a_column_without_values_takes_no_memory_until_it_has_one(kind):
    table = ColumnTable()
    table.set_columns([Column(name="late", type=kind)])
    table.put_columns(np.arange(6000), {"late": [None] * 6000})
    table.put_columns(np.arange(6000, 12_000), {})
    assert table.raw("late")[0].strides == (0,)
    null = table.cell(3, "late")
    table.put_columns(np.array([7000]), {"late": ["7.5"]})
    assert table.cell(7000, "late") == ("7.5" if kind == "text" else 7.5)
    assert [table.cell(place, "late") for place in (0, 6999, 7001, 11_999)] == [null] * 4
    table.put_columns(np.arange(12_000, 40_000), {})
    assert np.count_nonzero([table.cell(n, "late") is not None for n in range(40_000)]) == 1


def test_a_column_of_the_analysts_stays_null_for_rows_that_come_later():
    table = ColumnTable()
    table.put_columns(np.arange(3), {})
    table.put_extra(Column(name="mine"), np.array([1]), np.array([2.5]))
    table.put_extra(Column(name="none"), np.array([], np.int64), np.array([]))
    table.put_columns(np.arange(3, 9000), {})
    for name, there in (("mine", [1]), ("none", [])):
        assert [n for n in range(9000) if table.cell(n, name) is not None] == there


def test_cells_of_any_kind_become_words():
    words = Words()
    codes = words.encode(["a", None, "", 3, ("b",), "a", True])
    assert [words[int(code)] for code in codes] == ["a", "", "", "3", "('b',)", "a", "True"]
    assert words.encode([["b"], "3"]).tolist() == [len(words) - 1, codes[3]]


def test_a_million_words_are_freed_in_pieces_in_a_thread_of_their_own(monkeypatch):
    freed = []
    free = text_column.free_in_pieces

    def observed(added, books):
        freed.append((threading.current_thread(), len(added)))
        free(added, books)

    monkeypatch.setattr(text_column, "free_in_pieces", observed)
    monkeypatch.setattr(text_column, "FEW_WORDS", 20_000)
    monkeypatch.setattr(text_column, "FIRST_CODES", 10_000)
    words = text_column.Words()
    words.encode([f"object {number}" for number in range(30_000)])
    added, books = words._added, (words._codes, *words._books)
    del words
    for thread in threading.enumerate():
        if thread.name == "free":
            thread.join()
    assert [count for _, count in freed] == [30_000]
    assert freed[0][0] is not threading.current_thread()
    assert not added
    assert not any(books)


@pytest.mark.parametrize(("few", "where"), [(2, "free"), (3, "MainThread")])
def test_the_columns_of_many_rows_are_freed_one_by_one_in_a_thread_of_their_own(
    few, where, monkeypatch
):
    monkeypatch.setattr(column_table, "FEW_ROWS", few)
    table = ColumnTable()
    table.set_columns([Column(name=name) for name in "abc"])
    table.put([{"row_id": number, "a": 1.0, "b": 2.0, "c": 3.0} for number in range(3)])
    freed: list[str] = []
    for name in "abc":
        array = table.numbers(name).base
        weakref.finalize(array, lambda: freed.append(threading.current_thread().name))
    del array, table
    deadline = time.monotonic() + 30
    while len(freed) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert freed == [where] * 3


def test_no_dictionary_of_words_grows_so_large_that_its_growing_stops_the_other_threads():
    words = Words()
    count = 200_000
    codes = words.encode(texts := [f"object {number}" for number in range(count)])
    assert codes.tolist() == list(range(1, count + 1))
    assert max(map(len, (words._codes, *words._books))) <= text_column.FIRST_CODES
    assert words.encode(texts[::1000]).tolist() == codes[::1000].tolist()
    assert [words.code(text) for text in ("object 7", "object 199999", "none")] == [8, count, None]


@pytest.mark.parametrize("added", [0, 3, 25])
def test_words_are_gone_through_in_pieces_as_they_are_asked_for_one_by_one(added, monkeypatch):
    monkeypatch.setattr(text_column, "MANY_WORDS", 10)
    monkeypatch.setattr(text_column, "FIRST_CODES", 4)
    first = Words()
    first.encode([f"mapped ß {number}" for number in range(17)])
    words = Words(*first.packed(np.ones(len(first), bool))[:2])
    words.encode([f"added {number}" for number in range(added)])
    one_by_one = [words[code] for code in range(len(words))]
    assert len(one_by_one) == 18 + added
    assert list(words) == words.texts().tolist() == one_by_one
    assert [words.code(text) for text in one_by_one] == list(range(18 + added))
    assert list(Words()) == [""]


def test_few_words_are_freed_at_once(monkeypatch):
    monkeypatch.setattr(text_column, "free_in_pieces", pytest.fail)
    words = text_column.Words()
    words.encode(["a", "b"])
    gone = weakref.ref(words)
    del words
    assert gone() is None


def test_two_who_want_the_order_of_words_at_once_find_it_once(monkeypatch):
    """Both threads went through a million words, and the window waited for both."""
    words = Words()
    words.encode([f"name {number}" for number in range(50)])
    begun, may_end = threading.Event(), threading.Event()
    order, found = text_column._order, []

    def slow(texts, count, pause):
        begun.set()
        assert may_end.wait(20)
        found.append(count)
        return order(texts, count, pause)

    monkeypatch.setattr(text_column, "_order", slow)
    got = []
    threads = [threading.Thread(target=lambda: got.append(words.ranks())) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    may_end.set()
    for thread in threads:
        thread.join(20)
    assert found == [50]
    assert got[0] is got[1]


def test_room_made_before_rows_come_is_used_for_them(monkeypatch):
    monkeypatch.setattr(column_table, "FIRST_CAPACITY", 4)
    table = ColumnTable()
    table.set_columns([Column(name="z"), Column(name="class", type="text")])
    table.put_columns(np.arange(3), {"z": [1.0, None, 3.0], "class": ["QSO", None, "STAR"]})
    table.reserve(100)
    numbers, codes = table.raw("z")[0].base, table.raw("class")[0].base
    for first in range(3, 100, 10):
        ids = np.arange(first, min(first + 10, 100))
        table.put_columns(ids, {"z": ids / 2, "class": ["GALAXY"] * ids.size})
    assert table.raw("z")[0].base is numbers
    assert table.raw("class")[0].base is codes
    assert table.numbers("z").tolist()[:5] == pytest.approx(
        [1.0, np.nan, 3.0, 1.5, 2.0], nan_ok=True
    )
    assert [table.cell(place, "class") for place in (0, 1, 99)] == ["QSO", None, "GALAXY"]
    assert table.row_ids().tolist() == list(range(100))
    table.put_columns(np.arange(100, 500), {"z": np.ones(400)})
    assert len(table) == 500
