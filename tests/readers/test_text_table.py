"""The start of a text read by its short way, against the long way of one line after another."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astrogui.readers import text_table
from astrogui.readers.text_table import numbers_of, parse_start

CELLS = st.one_of(
    st.floats().map(repr),
    st.integers(-99, 99).map(str),
    st.sampled_from(["--", "nan", "1D3", "1_0", "wave", "# c", "1,2", "|1|", "a=b", "", " "]),
)
LINES = st.tuples(st.lists(CELLS, max_size=4), st.sampled_from([" ", "  ", ",", "\t", " | "]))
TEXTS = st.lists(LINES.map(lambda line: line[1].join(line[0])), max_size=8).map("\n".join)


@given(TEXTS)
def test_the_short_way_reads_what_the_long_one_does(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_table, "_plain_numbers", lambda line: None)
        expected = parse_start(text)
    assert repr(parse_start(text)) == repr(expected)  # NaN by its name


def test_a_row_of_missing_values_alone_is_none():
    assert numbers_of("nan -- null") is None
    assert numbers_of("") is None
    first, second = numbers_of("nan 2") or ()
    assert math.isnan(first)
    assert second == 2
