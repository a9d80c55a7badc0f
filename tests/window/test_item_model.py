"""The list of files: lines that Qt keeps, changed in place, and read in lots while many come."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPixmap

from astrogui.window.panels import files
from astrogui.window.panels.item_model import ItemModel


def icon_of(colour):
    picture = QPixmap(16, 16)
    picture.fill(colour)
    return QIcon(picture)


@pytest.fixture
def model(qapp):
    colours = [Qt.GlobalColor.black]
    made = ItemModel(
        "File",
        lambda value: value[0],
        lambda value: value[1],
        lambda value: f"tip of {value[1]}",
        lambda value: icon_of(colours[0]),
    )
    made.colours = colours
    return made


def lines(model):
    return [model.item(row).text() for row in range(model.rowCount())]


def test_values_become_lines_with_tip_and_icon(model):
    model.show_values([(7, "a"), (9, "b")])
    assert lines(model) == ["a", "b"]
    assert model.item(1).toolTip() == "tip of b"
    assert not model.item(0).icon().isNull()
    assert not model.item(0).isEditable()
    assert (model.row_of(9), model.row_of(8)) == (1, None)
    assert model.value(1) == (9, "b")
    assert model.headerData(0, Qt.Orientation.Horizontal) == "File"


def test_a_refresh_changes_lines_in_place_and_adds_at_the_end(model):
    model.show_values([(7, "a"), (9, "b")])
    kept = model.item(0)
    model.show_values([(7, "a"), (9, "changed"), (3, "c")])
    assert lines(model) == ["a", "changed", "c"]
    assert model.item(0) is kept
    model.show_also([(3, "C"), (4, "d"), (4, "D")])
    assert lines(model) == ["a", "changed", "C", "D"]
    assert model.value(3) == (4, "D")


def test_other_values_take_the_place_of_all(model):
    model.show_values([(7, "a"), (9, "b"), (3, "c")])
    model.show_values([(9, "b"), (7, "a")])
    assert lines(model) == ["b", "a"]
    assert (model.row_of(9), model.row_of(7), model.row_of(3)) == (0, 1, None)
    model.show_values([])
    assert model.rowCount() == 0


def test_many_new_lines_are_told_at_once(model, qtbot):
    told = []
    model.rowsInserted.connect(lambda _, first, last: told.append((first, last)))
    model.show_also([(number, str(number)) for number in range(300)])
    assert told == [(0, 299)]


def test_icons_take_other_colours_when_told(model):
    model.show_values([(7, "a")])
    model.colours[0] = Qt.GlobalColor.red
    model.renew_icons()
    assert model.item(0).icon().pixmap(16, 16).toImage().pixelColor(8, 8).name() == "#ff0000"


def test_files_that_come_one_after_the_other_are_read_in_lots(bench, qtbot, monkeypatch):
    qtbot.waitUntil(lambda: not bench.files._reading.is_under_way)
    asked = []
    monkeypatch.setattr(bench.files._reading, "ask", lambda: asked.append(1))
    for number in range(30):
        bench.bridge.files_changed.emit((number,))
    assert len(asked) == 1
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=20 * files.PAUSE_MS)
    assert list(bench.files._wanted) == list(range(30))
