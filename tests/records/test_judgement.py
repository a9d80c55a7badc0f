"""What an analyst enters, as it is kept."""

from __future__ import annotations

import pytest

from astrogui.errors import UsageProblem
from astrogui.records.judgement import FIELDS, cells, normalised, tags


def test_tags_are_lower_case_words_each_once_in_order():
    assert tags(" Odd lines,BAL ;bal,, merger") == ("bal", "merger", "odd-lines")
    assert normalised({"user_tags": "b, A"}) == {"user_tags": "a,b"}
    assert normalised({"user_tags": " , "}) == {"user_tags": None}


@pytest.mark.parametrize(
    ("entered", "kept"), [(0, 0), ("4", 4), (6, 6), (3.0, 3), ("", None), (None, None)]
)
def test_a_grade_is_kept_as_a_whole_number(entered, kept):
    assert cells(normalised({"user_quality": entered}))["user_quality"] == kept


@pytest.mark.parametrize("entered", [5, 7, -1, "good", 2.5, float("nan")])
def test_what_is_no_grade_is_refused_with_the_grades(entered):
    with pytest.raises(UsageProblem, match="0, 1, 2, 3, 4, 6"):
        normalised({"user_quality": entered})


def test_a_redshift_comes_back_to_the_last_digit():
    z = 0.1 + 0.2
    assert cells(normalised({"user_z": z}))["user_z"] == z
    assert cells(normalised({"user_z": "\u22120.001"}))["user_z"] == -0.001
    assert normalised({"user_z": -0.0}) == {"user_z": "0.0"}


@pytest.mark.parametrize("entered", ["about one", "-1", "inf", "nan"])
def test_what_is_no_redshift_is_refused(entered):
    with pytest.raises(UsageProblem, match="no redshift"):
        normalised({"user_z": entered})


def test_an_unknown_judgement_is_refused_with_the_names_there_are():
    with pytest.raises(UsageProblem, match="user_tags"):
        normalised({"user_mood": "good"})


def test_every_field_is_a_cell():
    assert tuple(cells({})) == FIELDS
    assert set(cells({}).values()) == {None}
