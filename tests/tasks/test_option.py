"""Options of analyses: what they may be, in words, and what is refused."""

from __future__ import annotations

import pytest

from astrogui.errors import UsageProblem
from astrogui.tasks import TASKS
from astrogui.tasks.option import ABOVE_ZERO, ANY_NUMBER, YES_OR_NO, Option

SHARE = Option(name="share", description="of all", default="0.5", between=(0.0, 1.0))
WIDTH = Option(name="width", description="on the sky", default="9", unit="arcsec",
               between=ABOVE_ZERO, words=("counted",))  # fmt: skip
TIME = Option(name="time", description="when", default="any", between=ANY_NUMBER)
EVERY = Option(name="every", description="all", default="no", words=YES_OR_NO)
LISTED = [(task.name, option) for task in TASKS for option in task.options]


def test_what_an_option_may_be_is_said_in_words():
    assert SHARE.values == "a number between 0 and 1"
    assert WIDTH.values == "a number in arcsec above 0 or the word counted"
    assert TIME.values == "a number"
    assert EVERY.values == "yes or no"
    assert SHARE.described == "of all; a number between 0 and 1; without it 0.5"


@pytest.mark.parametrize(
    ("option", "text"),
    [(SHARE, "0"), (SHARE, "1"), (SHARE, "nan"), (SHARE, "many"), (SHARE, ""), (WIDTH, "-1"),
     (WIDTH, "inf"), (WIDTH, "Counted"), (TIME, "nan"), (TIME, "-inf"), (EVERY, "1")],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_with_what_it_may_be(option, text):
    with pytest.raises(UsageProblem) as refused:
        option.check(text)
    assert f"{option.name} is {option.values}, got {text!r}" in str(refused.value)


def test_a_number_or_a_word_is_taken_and_nothing_is_nothing():
    assert (WIDTH.number({"width": "2e1"}), WIDTH.word({"width": "2e1"})) == (20.0, "")
    assert (WIDTH.number({"width": "counted"}), WIDTH.word({"width": "counted"})) == (
        None, "counted",
    )  # fmt: skip
    assert (WIDTH.number({}), WIDTH.word({"width": ""})) == (None, "")
    with pytest.raises(UsageProblem):
        WIDTH.number({"width": "wide"})


def test_yes_is_anything_but_no_so_that_older_answers_come_out_again():
    assert [EVERY.is_on({"every": text}) for text in ("yes", "1", "true", "no", "")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert not EVERY.is_on({})


def test_an_option_without_any_value_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="nothing"):
        Option(name="nothing", description="does nothing", default="none")


@pytest.mark.parametrize(("task", "option"), LISTED, ids=lambda value: getattr(value, "name", ""))
def test_every_listed_option_says_what_it_does_and_what_holds_without_it(task, option):
    del task
    assert option.name.isidentifier()
    assert option.description
    assert option.default
    if option.default in option.words or option.default.replace(".", "").isdigit():
        option.check(option.default)
