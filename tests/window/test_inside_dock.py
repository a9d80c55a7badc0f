"""The dock that looks into a network, driven as the analyst drives it."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from astrogui.errors import UsageProblem
from astrogui.viewers.colours import DARK
from astrogui.viewers.inside_page import values_of


@pytest.fixture
def looked(filled, qtbot, monkeypatch):
    """A window whose first row's network is looked into."""
    told = filled.session.tasks()
    task = SimpleNamespace(**{**vars(told[0]), "insight": object()})
    monkeypatch.setattr(filled.session, "tasks", lambda: (task,))
    filled.catalogue.table.selectRow(0)
    qtbot.waitUntil(lambda: not filled.answer.is_waiting and filled.answer.task is not None)
    filled.window.actions_by_name["inside"].trigger()
    feature = filled.features["inside"]
    qtbot.waitUntil(lambda: feature.view is not None and feature.view.inside is not None)
    return filled


def test_the_dock_shows_the_answer_the_maps_and_the_strongest_channels(looked, qtbot):
    view = looked.features["inside"].view
    page = view.pages[0]
    row = looked.selection.row_id
    assert f"Row {row}" in page.title.text()
    assert "nat" in page.title.text()
    assert page.channels[0].image.shape == (6, 6, 3)
    assert "nat" in page.bar.getAxis("right").labelText
    assert "channel 2" in page._labels[0].text
    assert page._labels[3].text == ""
    assert "A note." in view.notes.text()
    looked.choose_theme("dark")
    qtbot.waitUntil(lambda: view.theme is DARK)


def test_another_layer_and_another_map_are_chosen_by_hand(looked):
    view = looked.features["inside"].view
    page = view.pages[0]
    QTest.keyClick(view.layer, Qt.Key.Key_Down)
    assert "deep" in view.layer.currentText()
    assert "channel 11" in page._labels[0].text
    before = page._images[1].image.copy()
    QTest.keyClick(view.way, Qt.Key.Key_Down)
    assert "Occlusion" in page.title.text()
    assert "lost when hidden" in page.bar.getAxis("right").labelText
    assert not np.array_equal(before, page._images[1].image)
    QTest.keyClick(view.plane, Qt.Key.Key_Down)
    assert view.plane.currentText() == "r"
    total = values_of(view.inside, -1, "gradients")
    parts = [values_of(view.inside, plane, "gradients") for plane in (0, 1)]
    np.testing.assert_allclose(total, parts[0] + parts[1])


def test_an_object_is_kept_beside_the_next_and_maps_are_saved(looked, qtbot, tmp_path):
    feature = looked.features["inside"]
    view = feature.view
    first = looked.selection.row_id
    view.tools["keep_inside"].trigger()
    looked.catalogue.table.selectRow(1)
    qtbot.waitUntil(lambda: view.inside is not None and view.inside.value != first)
    assert [page.inside.value for page in view.pages] == [looked.selection.row_id, first]
    assert not view.pages[1].isHidden()
    view.tools["keep_inside"].trigger()
    assert view.pages[1].isHidden()
    feature.save(str(tmp_path / "maps.fits"))
    assert ("save_inside", "galaxy", str(tmp_path / "maps.fits")) in looked.session.calls
    feature.save(str(tmp_path / "maps.png"))
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")


def test_rows_walked_through_are_not_all_asked_for_and_faults_are_told(looked, qtbot, monkeypatch):
    table, view = looked.catalogue.table, looked.features["inside"].view
    before = len([call for call in looked.session.calls if call[0] == "look_inside"])
    for line in (1, 2, 3, 4):
        table.selectRow(line)
    last = looked.selection.row_id
    qtbot.waitUntil(lambda: view.inside is not None and view.inside.value == last)
    asked = [call for call in looked.session.calls if call[0] == "look_inside"]
    assert len(asked) == before + 1

    def refuse(row_id, task=None):
        future: Future = Future()
        future.set_exception(UsageProblem("The model that gave this answer is not here."))
        return future

    monkeypatch.setattr(looked.session, "look_inside", refuse)
    table.selectRow(2)
    qtbot.waitUntil(lambda: "is not here" in view._words.text())


def test_an_analysis_without_a_network_of_pictures_is_not_asked(filled, qtbot):
    filled.catalogue.table.selectRow(0)
    qtbot.waitUntil(lambda: not filled.answer.is_waiting and filled.answer.task is not None)
    filled.window.actions_by_name["inside"].trigger()
    feature = filled.features["inside"]
    qtbot.waitUntil(lambda: feature.view is not None)
    assert not feature.view.shows_content
    assert not [call for call in filled.session.calls if call[0] == "look_inside"]
