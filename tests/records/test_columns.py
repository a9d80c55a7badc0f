"""Columns of very many rows: what is looked at and packed in pieces is the same as at once."""

from __future__ import annotations

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
