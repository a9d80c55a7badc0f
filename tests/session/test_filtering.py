"""Filter expressions: worked out like NumPy, refused with the place of the mistake."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astrogui.records.catalogue import Column
from astrogui.records.text_column import Words, text_column
from astrogui.session.column_facts import facts_of
from astrogui.session.filter_completion import completions
from astrogui.session.filter_tokens import FilterProblem
from astrogui.session.filter_values import Rows
from astrogui.session.filtering import parse

COLUMNS = (
    Column(name="z"),
    Column(name="class", type="text"),
    Column(name="distance", unit="Mpc"),
    Column(name="confident", type="bool"),
    Column(name="ra", unit="deg"),
    Column(name="dec", unit="deg"),
    Column(name="odd name"),
)
CELLS = {
    "z": np.array([0.1, 0.6, np.nan, 2.0]),
    "class": text_column(["QSO", "QSO", "", "STAR"]),
    "distance": np.array([10.0, 500.0, 2000.0, np.nan]),
    "confident": np.array([1.0, 0.0, np.nan, 1.0]),
    "ra": np.array([10.0, 10.001, 359.9999, 200.0]),
    "dec": np.array([0.0, 0.0, 0.0, 10.0]),
    "odd name": np.arange(4.0),
}
ROWS = Rows(CELLS, {column.name: column for column in COLUMNS}, 4)


def chosen(text: str) -> list[int]:
    return np.flatnonzero(parse(text, COLUMNS).mask(ROWS)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('z > 0.5 & class == "QSO"', [1]),
        ("z > 0.5 | confident", [0, 1, 3]),
        ("z > 0.5 and not confident", [1]),
        ("!(z > 0.5)", [0, 2]),
        ("~confident", [1, 2]),
        ('class in ("QSO", "STAR")', [0, 1, 3]),
        ('class not in ("QSO")', [2, 3]),
        ("z is null", [2]),
        ('z is not null & class matches "^Q"', [0, 1]),
        ('class ~ "T.R"', [3]),
        ('class !~ "^Q"', [3]),
        ('class != "QSO"', [3]),
        ("z != 0.6", [0, 3]),
        ("0.05 < z <= 0.6", [0, 1]),
        ("abs(z - 0.5) < 0.2", [1]),
        ("log10(z) > 0", [3]),
        ("-z < -1", [3]),
        ("2 ** 2 * z == 8", [3]),
        ("z * 2 > 1 & (class = 'QSO' or class = 'STAR')", [1, 3]),
        ("`odd name` >= 2", [2, 3]),
        ("confident == true", [0, 3]),
        ('class >= "R"', [3]),
        ('class == ""', []),
    ],
)
def test_an_expression_chooses_the_rows_that_it_says(text, rows):
    assert chosen(text) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("distance > 1 Gpc", [2]),
        ("1 Gpc < distance", [2]),
        ("distance < 100000 kpc", [0]),
        ("distance / 1 Gpc > 0.1", [1, 2]),
        ("z > 50 %", [1, 3]),
        ("cone(0, 0, 30 arcsec)", [2]),
        ("cone(10 deg, 0, 4 arcsec)", [0, 1]),
        ("ra < 36600 arcsec", [0, 1]),
    ],
)
def test_units_behind_numbers_are_understood(text, rows):
    assert chosen(text) == rows


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("z >", (3, 4), "missing at the end"),
        ("zz > 1", (0, 2), "no column zz. Perhaps z?"),
        ("z > 0.1 & clas == 3", (10, 14), "Perhaps class"),
        ('z > "a"', (0, 7), "cannot be compared"),
        ("distance > 1 arcsec", (0, 19), "units that do not fit"),
        ("z", (0, 1), "Compare z with something"),
        ("class == QSO", (9, 12), 'in quotes: "QSO"'),
        ("(z > 1", (6, 7), "bracket"),
        ("z > 1)", (5, 6), "not expected"),
        ('class ~ "("', (8, 11), "pattern"),
        ("sin(z) > 0", (0, 3), "no function sin"),
        ('"abc', (0, 4), "closing quote"),
        ("z $ 1", (2, 3), "means nothing"),
        ("(" * 100 + "z", (61, 62), "Too many brackets"),
        ("class + 1 > 2", (0, 9), "is no number"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, place, words):
    with pytest.raises(FilterProblem) as told:
        parse(text, COLUMNS)
    assert (told.value.start, told.value.end) == place
    assert words in str(told.value)


@pytest.mark.parametrize("text", ["__import__('os')", "z.__class__ > 1", "z; 1", "lambda: 1"])
def test_nothing_of_an_expression_runs_as_a_program(text):
    with pytest.raises(FilterProblem):
        parse(text, COLUMNS)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_a_problem(text):
    start, shape = 0, (4,)
    try:
        shape = parse(text, COLUMNS).mask(ROWS).shape
    except FilterProblem as problem:
        start = problem.start
    assert 0 <= start <= len(text) + 1
    assert shape == (4,)


@given(
    st.lists(st.one_of(st.none(), st.floats(-10, 10)), max_size=30),
    st.floats(-10, 10), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
)  # fmt: skip
def test_comparisons_agree_with_python_and_null_satisfies_none(numbers, limit, sign):
    array = np.array([np.nan if n is None else n for n in numbers], float)
    rows = Rows({"z": array}, {"z": COLUMNS[0]}, len(array))
    found = parse(f"z {sign} {limit!r}", COLUMNS).mask(rows)
    compare = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__,
               "==": float.__eq__, "!=": float.__ne__}[sign]  # fmt: skip
    assert found.tolist() == [n is not None and compare(float(n), limit) for n in numbers]


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("cl", ["class"]),
        ('class == "Q', ['"QSO"']),
        ("class == ", ['"QSO"', '"STAR"']),
        ('class in ("QSO", ', ['"QSO"', '"STAR"']),
        ("z > 1 & dis", ["distance"]),
        ("odd", ["`odd name`"]),
    ],
)
def test_completion_offers_columns_and_their_values(text, offers):
    start, found = completions(text, len(text), COLUMNS, lambda name: ["QSO", "STAR"])
    assert found[: len(offers)] == offers
    assert start <= len(text)


@given(st.lists(st.text(max_size=5), max_size=40), st.data())
def test_words_keep_their_order_through_packing_and_adding(texts, data):
    words = Words()
    codes = words.encode(texts)
    blob, ends, became = words.packed(np.ones(len(words), bool))
    again = Words(blob, ends)
    assert [again[int(code)] for code in became[codes]] == texts
    more = data.draw(st.lists(st.text(max_size=5), max_size=10))
    again.encode(more)
    ranks = again.ranks()
    by_rank = [again[int(code)] for code in np.argsort(ranks)]
    assert by_rank[1:] == sorted(by_rank[1:], key=lambda text: (text.casefold(), text))


def test_statistics_agree_with_numpy_and_count_nulls():
    values = np.array([3.0, np.nan, 1.0, 2.0, 2.0])
    facts = facts_of(values)
    known = values[~np.isnan(values)]
    assert (facts.rows, facts.nulls, facts.distinct) == (5, 1, 3)
    assert (facts.least, facts.most) == (1.0, 3.0)
    assert facts.mean == pytest.approx(known.mean())
    assert facts.deviation == pytest.approx(known.std(ddof=1))
    assert facts.quantiles[3] == np.median(known)


def test_statistics_of_text_count_each_value():
    facts = facts_of(text_column(["QSO", "", "STAR", "QSO"]))
    assert (facts.nulls, facts.distinct, facts.counts) == (1, 2, [("QSO", 2), ("STAR", 1)])


def test_statistics_of_nothing_are_empty():
    facts = facts_of(np.array([np.nan]))
    assert facts.values == 0
    assert np.isnan(facts.mean)
