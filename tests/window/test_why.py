"""The dock that says what an answer rests on, driven as the analyst drives it."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from astrogui.errors import UsageProblem
from astrogui.viewers.colours import DARK


@pytest.fixture
def asked(filled, qtbot):
    """A window whose first row has been asked why."""
    bench = filled
    bench.catalogue.table.selectRow(0)
    qtbot.waitUntil(lambda: not bench.answer.is_waiting and bench.answer.task is not None)
    bench.window.actions_by_name["why"].trigger()
    feature = bench.features["why"]
    qtbot.waitUntil(lambda: feature.view is not None and feature.view.sensitivity is not None)
    return bench


def click_at(view, x):
    """A real click on the plot at this wavelength, half way up."""
    box = view.plot.getViewBox()
    (_, _), (low, high) = box.viewRange()
    scene = box.mapViewToScene(QPointF(x, (low + high) / 2))
    page = view._page
    QTest.mouseClick(page.viewport(), Qt.MouseButton.LeftButton, pos=page.mapFromScene(scene))


def test_the_bars_are_the_losses_with_their_units(asked):
    view = asked.features["why"].view
    assert np.allclose(view._for.getOriginalDataset()[1], [2.0, 0.0])
    assert np.allclose(view._against.getOriginalDataset()[1], [0.0, -0.5])
    assert "Å" in view.plot.getAxis("bottom").labelText
    assert "nat" in view.plot.getAxis("left").labelText
    assert "4000–5000 Å" in view.title.text()


def test_a_click_on_a_bar_zooms_the_spectrum_there(asked, qtbot):
    view = asked.features["why"].view
    view.resize(600, 400)
    view.show()
    asked.features["why"].dock.show()
    qtbot.waitExposed(view)
    with qtbot.waitSignal(view.stretch_clicked, timeout=3000) as clicked:
        click_at(view, 4500.0)
    assert clicked.args == [4000.0, 5000.0]


def test_another_row_takes_the_explanation_away(asked, qtbot):
    view = asked.features["why"].view
    asked.catalogue.table.selectRow(1)
    qtbot.waitUntil(lambda: view.sensitivity is None)
    assert not view.shows_content


def test_what_cannot_be_explained_is_said_in_words(asked, qtbot, monkeypatch):
    def refuse(row_id, task=None):
        future: Future = Future()
        future.set_exception(UsageProblem("This analysis cannot say what its answers rest on."))
        return future

    monkeypatch.setattr(asked.session, "explain", refuse)
    asked.window.actions_by_name["why"].trigger()
    view = asked.features["why"].view
    qtbot.waitUntil(lambda: "cannot say" in view._words.text())
    assert not view.shows_content


def test_it_follows_the_theme(asked, qtbot):
    view = asked.features["why"].view
    asked.choose_theme("dark")
    qtbot.waitUntil(lambda: view.theme is DARK)
