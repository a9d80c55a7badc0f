"""The header dialog: thousands of cards at once, found, stepped through and copied."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from astrogui.viewers.header_dialog import HeaderDialog


@pytest.fixture
def dialog(qtbot):
    made = HeaderDialog()
    qtbot.addWidget(made)
    made.show_parts("a.fits", ["HDU 0: no data", "HDU 1 (SCI): an array"], 1)
    cards = [f"KEY{number:05d}= {number:20d} / number {number}" for number in range(13_000)]
    made.show_cards("\n".join([*cards, "END"]))
    made.show()
    return made


def test_the_header_chosen_is_asked_for(qtbot):
    dialog = HeaderDialog()
    qtbot.addWidget(dialog)
    wanted = []
    dialog.header_wanted.connect(wanted.append)
    dialog.show_parts("a.fits", ["HDU 0", "HDU 1"], 1)
    dialog.part.setCurrentIndex(0)
    assert wanted == [1, 0]
    assert "a.fits" in dialog.windowTitle()


def test_the_name_of_an_extension_is_read_in_full(dialog, qtbot):
    dialog.show_parts("a.fits", ["HDU 1 (COMPRESSED_IMAGE): 600 x 800 pixels, float32"], 0)
    qtbot.waitUntil(lambda: dialog.part.width() >= dialog.part.sizeHint().width())


def test_it_is_not_in_the_way_of_the_window(dialog):
    assert not dialog.isModal()
    assert dialog.count.text() == "13000 cards"


def test_a_search_steps_through_its_hits_both_ways(dialog):
    QTest.keyClicks(dialog.search, "number 1299")
    assert dialog.count.text() == "1 of 11"
    assert dialog.cards.currentIndex().row() == 1299
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    assert dialog.cards.currentIndex().row() == 12990
    QTest.keyClick(dialog, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(dialog, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert dialog.count.text() == "11 of 11"
    assert dialog.cards.currentIndex().row() == 12999
    QTest.keyClick(dialog, Qt.Key.Key_F3)
    assert dialog.cards.currentIndex().row() == 1299


def test_case_does_not_matter_and_absence_is_said(dialog):
    dialog.search.setText("key00007")
    assert dialog.cards.currentIndex().row() == 7
    dialog.search.setText("no such card")
    assert dialog.count.text() == "not found"


def test_selected_cards_are_copied_else_all(dialog):
    dialog.copy()
    assert QGuiApplication.clipboard().text().count("\n") == 13_000
    dialog.search.setText("KEY00042")
    QTest.keyClick(dialog.cards, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("KEY00042=")
    assert "\n" not in QGuiApplication.clipboard().text()
