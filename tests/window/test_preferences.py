"""Preferences: everything that can be set is there, is found, and is used."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication

from astrogui.session.settings import Settings, load_settings, save_settings
from astrogui.window.preferences import ENTRIES, Preferences


@pytest.fixture
def dialog(bench, qtbot):
    made = Preferences(Settings(), bench.features["keys"].map, bench.window)
    made.show()
    yield made
    made.close()


def test_every_setting_can_be_set_here():
    assert {entry.name for entry in ENTRIES} == {field.name for field in fields(Settings)}


def test_search_finds_settings_and_keys(dialog):
    dialog.search.setText("dark desktop")
    shown = [name for name, editor in dialog.editors.items() if editor.isVisible()]
    assert shown == ["theme"]
    dialog.search.setText("export sel")
    assert dialog.tabs.currentIndex() == 1
    assert dialog.keys._found.rowCount() == 1
    dialog.search.setText("unheard of")
    assert "unheard of" in dialog._none.text()
    assert dialog._none.isVisible()
    dialog.search.clear()
    assert not dialog._none.isVisible()
    assert dialog.keys._found.rowCount() > 50


def test_what_was_set_is_handed_over_whole(qtbot):
    dialog = Preferences(Settings())
    qtbot.addWidget(dialog)
    taken = []
    dialog.changed.connect(taken.append)
    dialog.editors["author"].setText(" V. Rubin ")
    dialog.editors["text_points"].setValue(3)
    dialog.editors["job_timeout_s"].setValue(60)
    dialog._on_accepted()
    wanted = replace(Settings(), author="V. Rubin", text_points=3, job_timeout_s=60.0)
    assert taken == [wanted]


def test_keys_are_changed_in_the_table_and_refused_where_taken(dialog, bench):
    keys, action = dialog.keys, bench.window.actions_by_name["export"]
    keys.choose("window.export")
    keys.edit.setKeySequence(QKeySequence("Ctrl+O"))
    keys.give.click()
    assert "taken by “Open files”" in keys.words.text()
    assert action.shortcut().toString() == "Ctrl+E"
    keys.edit.setKeySequence(QKeySequence("F9"))
    keys.give.click()
    assert action.shortcut().toString() == "F9"
    assert "F9" in action.toolTip()
    assert keys.chosen.name == "window.export"
    keys.reset.click()
    assert action.shortcut().toString() == "Ctrl+E"
    keys.edit.clear()
    keys.give.click()
    assert action.shortcuts() == []
    keys.reset_all.click()
    assert action.shortcut().toString() == "Ctrl+E"


def test_text_grows_and_shrinks_with_the_rows_of_tables(bench, fake, qtbot):
    table = bench.catalogue.table
    before, height = QApplication.font().pointSizeF(), table.verticalHeader().defaultSectionSize()
    for _ in range(4):
        bench.window.actions_by_name["text_larger"].trigger()
    assert QApplication.font().pointSizeF() == before + 4
    qtbot.waitUntil(lambda: table.verticalHeader().defaultSectionSize() > height)
    for _ in range(4):
        bench.window.actions_by_name["text_smaller"].trigger()
    assert QApplication.font().pointSizeF() == before
    assert fake.settings.text_points == 0


def test_every_setting_is_kept_in_its_file(tmp_path):
    """A switch was once written in a way that made the whole file unreadable."""
    changed = {
        "author": 'V. "Rubin"', "theme": "dark", "text_points": -2, "models": "a:b",
        "job_timeout_s": 60.5, "samp_web": True,
    }  # fmt: skip
    assert changed.keys() == {field.name for field in fields(Settings)}
    for wanted in (Settings(**changed), Settings()):
        save_settings(wanted, tmp_path / "settings.toml")
        assert load_settings(tmp_path / "settings.toml") == wanted
