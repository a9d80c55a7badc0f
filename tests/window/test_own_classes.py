"""The dock in which the analyst teaches classes, driven by its buttons."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from astrogui.errors import UsageProblem
from astrogui.session import own_models
from astrogui.session.own_models import Labels

POINT = {"kind": "point", "of": 3, "loss": 0.9, "left_out_loss": 1.0, "left_out_right": 0.5}


class _Training:
    """A training that does what the test says."""

    def __init__(self, told):
        self.told, self.is_cancelled = told, False

    def cancel(self):
        self.is_cancelled = True
        self.told({"kind": "cancelled"})


@pytest.fixture
def dock(filled, qtbot, monkeypatch):
    """The panel, with labels that suffice, and the trainings that it started."""
    feature = filled.features["own_classes"]
    started, taken = [], []

    def train_own(title, told):
        future: Future = Future()
        started.append((title, _Training(told)))
        future.set_result(started[-1][1])
        return future

    def take_up(name):
        future: Future = Future()
        taken.append(name)
        future.set_result(None)
        return future

    labels = Labels(({},) * 5, {"ring": 3, "spiral": 2}, "galaxy")
    monkeypatch.setattr(own_models, "labels_of", lambda view: labels)
    monkeypatch.setattr(filled.session, "train_own", train_own, raising=False)
    monkeypatch.setattr(filled.session, "take_up", take_up, raising=False)
    filled.window.actions_by_name["own_classes"].trigger()
    qtbot.waitUntil(lambda: feature.panel is not None and feature.panel.train.isEnabled())
    return feature, started, taken


def _click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_labels_are_counted_by_class(dock):
    feature, _, _ = dock
    assert feature.panel.labels.text() == "Labels: ring 3, spiral 2."


def test_a_training_is_watched_and_its_model_taken_up(dock, qtbot):
    feature, started, taken = dock
    feature.panel.title.setText("Rings")
    _click(feature.panel.train)
    qtbot.waitUntil(lambda: feature.training is not None)
    assert started[0][0] == "Rings"
    assert not feature.panel.train.isEnabled()
    told = started[0][1].told
    told({**POINT, "step": 1, "stage": "dense layers"})
    told({**POINT, "step": 2, "stage": "all layers", "left_out_right": 0.8})
    qtbot.waitUntil(lambda: len(feature.panel.curve.points) == 2)
    assert "80 % of the labels left out" in feature.panel.words.text()
    assert feature.panel.curve._share.getData()[1].tolist() == [50, 80]
    assert len(feature.panel.curve._stages) == 2  # a line in each plot
    told({"kind": "done", "folder": "/models/own_rings"})
    qtbot.waitUntil(lambda: taken == ["own_rings"])
    qtbot.waitUntil(lambda: "own_rings is among the analyses" in feature.panel.words.text())
    assert feature.training is None
    assert feature.panel.train.isEnabled()


def test_a_training_is_stopped_by_its_button(dock, qtbot):
    feature, started, taken = dock
    _click(feature.panel.train)
    qtbot.waitUntil(lambda: feature.panel.cancel.isEnabled() and feature.training is not None)
    _click(feature.panel.cancel)
    qtbot.waitUntil(lambda: feature.panel.words.text() == "Stopped; nothing was kept.")
    assert started[0][1].is_cancelled
    assert taken == []


def test_why_it_cannot_begin_is_said(dock, qtbot, monkeypatch):
    feature, _, _ = dock

    def refuse(title, told):
        future: Future = Future()
        future.set_exception(UsageProblem("Give two classes."))
        return future

    monkeypatch.setattr(feature._bench.session, "train_own", refuse)
    _click(feature.panel.train)
    qtbot.waitUntil(lambda: "Give two classes" in feature.panel.words.text())
    assert feature.training is None


def test_the_next_row_to_label_is_shown(dock, qtbot, monkeypatch):
    feature, _, _ = dock
    rows = feature._bench.session.view.rows()
    monkeypatch.setattr(own_models, "next_to_label", lambda given: [rows[1]["row_id"]])
    _click(feature.panel.next_row)
    qtbot.waitUntil(lambda: feature._bench.selection.row_id == rows[1]["row_id"])
    assert "1 row waits for a class" in feature.panel.words.text()
    monkeypatch.setattr(own_models, "next_to_label", lambda given: [])
    _click(feature.panel.next_row)
    qtbot.waitUntil(lambda: "Run a model of your own" in feature.panel.words.text())
