"""Every action can be reached by a key; keys are changed, kept, refused where taken."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from astrogui.window.directory import Entry, entries
from astrogui.window.key_map import KeyMap


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def actions_below(menu: QMenu):
    for action in menu.actions():
        if action.menu() is not None:
            yield from actions_below(action.menu())
        elif not action.isSeparator():
            yield action


def test_every_action_of_every_menu_has_a_key(filled):
    """Lists that the analyst's own work fills are left out: recent files, by number in the menu."""
    recent = set(filled.features["recent"].menus.values())
    bare = [
        f"{menu.title()}: {action.text()}"
        for top in filled.window.menuBar().actions()
        for menu in [top.menu()]
        for action in actions_below(menu)
        if not action.shortcuts() and action.parent() not in recent
    ]
    assert bare == []


def test_no_key_is_had_by_two_actions_that_can_be_on_screen_together(filled):
    keys = filled.features["keys"].map
    filled.area.view("image")
    filled.area.view("strain")
    taken = [
        f"{entry.name}: {sequence.toString()} is {keeper.name}'s"
        for entry in keys.entries
        for sequence in entry.action.shortcuts()
        if (keeper := keys.keeper_of(entry.name, sequence)) is not None
    ]
    assert taken == []


def test_every_action_says_its_first_key_in_its_tip(filled):
    for entry in entries(filled):
        if entry.action.shortcuts():
            assert entry.keys.split(", ")[0] in entry.action.toolTip(), entry.name


def make(keys="Ctrl+E", scope="", name="x"):
    action = QAction(f"&Do {name}…")
    action.setShortcuts([QKeySequence(keys)] if keys else [])
    return Entry(f"{scope or 'window'}.{name}", "Menu", action, scope)


def test_keys_that_are_taken_are_refused_in_words(qapp):
    keys, first, second = KeyMap(None), make(name="first"), make("Ctrl+R", name="second")
    keys.take([first, second])
    words = keys.set_keys("window.second", [QKeySequence("Ctrl+E")])
    assert "Ctrl+E is taken by “Do first” (Menu)" in words
    assert second.keys == "Ctrl+R"
    assert keys.set_keys("window.second", [QKeySequence("Ctrl+E, F")]) != ""  # begins alike
    assert keys.set_keys("window.first", [QKeySequence("Ctrl+J")]) == ""
    assert keys.set_keys("window.second", [QKeySequence("Ctrl+E")]) == ""
    assert keys.reset("window.first") != ""


def test_two_kinds_of_view_may_share_a_key_but_not_with_the_window(qapp):
    keys = KeyMap(None)
    keys.take([make("Z", "image"), make("", "strain"), make("", name="y")])
    assert keys.set_keys("strain.x", [QKeySequence("Z")]) == ""
    assert keys.set_keys("window.y", [QKeySequence("Z")]) != ""


def test_keys_of_the_analyst_are_kept_and_given_again(qapp, settings):
    keys, entry = KeyMap(settings), make()
    keys.take([entry])
    keys.set_keys("window.x", [QKeySequence("Ctrl+,"), QKeySequence("F7")])
    again, same = KeyMap(settings), make()
    again.take([same])
    assert same.keys == "Ctrl+,, F7"
    assert again.is_own("window.x")
    again.set_keys("window.x", [])
    third, bare = KeyMap(settings), make()
    third.take([bare])
    assert bare.keys == ""
    third.reset_all()
    assert bare.keys == "Ctrl+E"
    assert not KeyMap(settings).is_own("window.x")


def test_a_changed_key_works_and_the_old_one_no_more(filled, qtbot):
    keys = filled.features["keys"].map
    assert keys.set_keys("window.next_row", [QKeySequence("F8")]) == ""
    filled.catalogue.table.selectRow(0)
    filled.catalogue.table.setFocus()
    QTest.keyClick(filled.window, Qt.Key.Key_F8)
    assert filled.selection.row_id == 2
    QTest.keyClick(filled.window, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert filled.selection.row_id == 2


def test_a_panel_is_brought_by_its_key_and_closed_by_it_again(filled, qtbot):
    docks = filled.window.docks
    action = filled.window.actions_by_name["panel_problems"]
    assert action.shortcut().toString() == "Alt+7"
    action.trigger()
    assert docks["problems"].isVisible()
    assert docks["problems"].isAncestorOf(filled.window.focusWidget())
    action.trigger()
    assert docks["problems"].isHidden()
    assert not action.isChecked()
    action.trigger()
    assert docks["problems"].isVisible()
    assert action.isChecked()


def test_enter_in_a_field_is_the_fields_whatever_the_view_does_with_it(filled, fake, qtbot):
    """A view on screen that has Enter as a key once took it from the comment."""
    pressed = []
    filled.area.current.add_tool("enter", "Do", lambda: pressed.append(1), keys=("Return", "Down"))
    filled.catalogue.table.selectRow(0)
    filled.window.activateWindow()
    filled.catalogue.edit_comment()
    comment = filled.window.focusWidget()
    QTest.keyClicks(comment, "seen")
    QTest.keyClick(comment, Qt.Key.Key_Return)
    assert not pressed
    qtbot.waitUntil(lambda: fake.rows[1]["user_comment"] == "seen")
    filled.area.current.setFocus()
    filled.catalogue.table.setFocus()
    QTest.keyClick(filled.catalogue.table, Qt.Key.Key_Down)
    assert not pressed
    assert filled.selection.row_id == 2
