"""The command list: a few letters find everything, Enter runs it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from astrogui.window.command_list import CommandList
from astrogui.window.fuzzy import best, score


def test_whole_words_come_before_beginnings_before_letters():
    lines = ["File: Save figure", "View: Fit the figure", "File: Figurines", "Edit: File in gurus"]
    assert best("figure", lines) == [0, 1, 2]
    assert best("figur", lines) == [2, 0, 1, 3]
    assert best("sfig", lines) == [0]


@pytest.mark.parametrize(
    ("query", "text"),
    [("export sel", "File: Export selected rows"), ("exsel", "File: Export selected rows"),
     ("ROWS export", "File: Export selected rows"), ("lay strain", "View: Layout for strain")],
)  # fmt: skip
def test_words_answer_in_any_order_and_case(query, text):
    assert score(query, text) > 0


@pytest.mark.parametrize("query", ["xyz", "export zebra", "worse", "q"])
def test_words_that_are_not_there_do_not_answer(query):
    assert score(query, "File: Export selected rows") == 0


def test_without_letters_everything_is_listed_in_its_order():
    assert best(" ", ["b", "a"]) == [0, 1]


@pytest.fixture
def open_list(filled, qtbot):
    def open_it() -> CommandList:
        filled.window.actions_by_name["command_list"].trigger()
        found = filled.window.findChild(CommandList)
        qtbot.waitUntil(found.isVisible)
        return found

    return open_it


def test_everything_of_the_menus_and_the_view_is_in_the_list(filled, open_list):
    listed = {choice.text for choice in open_list()._choices}
    for spec in filled.window.actions_by_name.specs:
        if spec.name not in {"command_list", "undo", "redo"}:
            assert spec.text.replace("&", "").removesuffix("…") in listed
    for tool in filled.area.current.tools.values():
        assert tool.text().replace("&", "").removesuffix("…") in listed
    assert {"Redshift", "Files", "History", "Layout for strain"} <= listed


def test_letters_and_enter_run_an_action(filled, open_list, qtbot):
    found = open_list()
    QTest.keyClicks(found.edit, "dark the")
    assert found.shown[0].text == "Dark theme"
    assert found.shown[0].keys == "Ctrl+Alt+D"
    QTest.keyClick(found.edit, Qt.Key.Key_Return)
    assert filled.theme.choice == "dark"
    filled.window.actions_by_name["theme_light"].trigger()


def test_the_arrows_choose_and_escape_leaves(filled, open_list, fake):
    found = open_list()
    QTest.keyClicks(found.edit, "quality")
    first = found.shown[1].text
    QTest.keyClick(found.edit, Qt.Key.Key_Down)
    assert found.list.currentItem().text().endswith(first)
    calls = len(fake.calls)
    QTest.keyClick(found.edit, Qt.Key.Key_Escape)
    assert not found.isVisible()
    assert len(fake.calls) == calls


def test_what_cannot_be_run_now_says_why_and_stays(filled, open_list):
    found = open_list()
    QTest.keyClicks(found.edit, "undo")
    assert "nothing" in found.shown[0].obstacle
    QTest.keyClick(found.edit, Qt.Key.Key_Return)
    assert found.isVisible()
    found.close()


def test_a_recent_file_is_found_by_its_name(filled, open_list, qtbot):
    qtbot.waitUntil(lambda: len(filled.features["recent"].paths("files")) == 5)
    found = open_list()
    QTest.keyClicks(found.edit, "s3.fits")
    assert found.shown[0].group == "Open recent file"
    found.close()


def test_words_that_find_nothing_are_answered(open_list):
    found = open_list()
    QTest.keyClicks(found.edit, "qqqq")
    assert found.shown == []
    assert "qqqq" in found._words.text()
    QTest.keyClick(found.edit, Qt.Key.Key_Return)
    found.close()
