"""Own classes from end to end: labelled in the catalogue, taught from the dock, answered."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import Future

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

pytest.importorskip("keras")

from PIL import Image as Pillow

from astrogui import readers
from astrogui.inference.runner import InlineRunner
from astrogui.networks.builder import build
from astrogui.science.vote_tree import QUESTIONS
from astrogui.session import own_models
from astrogui.session.session import Session
from astrogui.session.settings import Settings, data_folder
from astrogui.training import morphology_card, own_model
from astrogui.training.package import write_model_folder
from astrogui.window.run_dialog import RunDialog

CONFIG = {
    "size": 64,
    "widths": [4],
    "features": 4,
    "questions": [len(question.answers) for question in QUESTIONS],
    "members": 1,
}
TINY = {"variants": 1, "head_rounds": 3, "most_steps": 4, "units": [], "batch": 8}
COLOURS = ("blue", "red")
LIMIT_MS = 60_000


class _Here:
    """The training in a thread of this process, in its smallest form."""

    def __init__(self, job, told, errors=None):
        del errors
        job = own_model.job_from_json(json.dumps({**json.loads(job), "settings": TINY}))

        def work():
            told({"kind": "done", "folder": str(own_model.train_own(job, told))})

        threading.Thread(target=work, daemon=True).start()

    def cancel(self):
        pass


class _Reader:
    """Reads pictures without a process."""

    def recognise(self, path, options=None):
        del options
        return _done(tuple(readers.recognise(path)))

    def read(self, source):
        return _done(readers.read(source))

    def parts(self, path):
        del path
        return _done(())

    def close(self):
        pass


def _done(value):
    future: Future = Future()
    future.set_result(value)
    return future


def _draw(path, blue, rng):
    column, row = np.meshgrid(np.arange(64) - 31.5, np.arange(64) - 31.5)
    light = np.exp(-np.hypot(column, row / 0.6) / 8)[..., None]
    light = light * ([60, 120, 240] if blue else [240, 120, 40]) + rng.normal(0, 3, (64, 64, 3))
    Pillow.fromarray(np.clip(light, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(2)
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        _draw(path, number % 2, rng)
    return [str(path) for path in paths]


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A session that knows no analysis, beside a tiny network of galaxies' shapes."""
    monkeypatch.setattr(own_models, "TrainingProcess", _Here)
    monkeypatch.setattr(own_model, "can_export", lambda: False)
    card = morphology_card.draft(CONFIG, 1, {}, {"calibration": {}, "novelty": {}}, None, 0)
    write_model_folder(
        tmp_path / "models" / "morphology", card=card, model=build("morphology:ensemble", CONFIG),
        golden_inputs={"picture": np.zeros((1, 64, 64, 3), np.float32)}, export_onnx=False,
    )  # fmt: skip
    made = Session(
        tmp_path / "p.astrogui",
        models=os.pathsep.join([str(tmp_path / "models"), str(data_folder() / "models")]),
        runner=InlineRunner(),
        reader=_Reader(),
        settings=Settings(author="Vera"),
        tasks=(),
    )
    yield made
    made.close()


def _label(bench, qtbot, row, words):
    bench.catalogue.table.selectRow(row)
    qtbot.waitUntil(lambda: bench.annotate.isEnabled() and bench.selection.ids.size == 1)
    edit = bench.annotate._class_edit
    edit.selectAll()
    QTest.keyClicks(edit, words)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: words in [*_cells(bench, "user_class"), *[""] * 6][row])


def _cells(bench, name):
    """The texts of a column; none where no row has it yet."""
    section = bench.model.section_of(name)
    if section is None:
        return []
    rows = range(bench.model.rowCount())
    return [bench.model.data(bench.model.index(row, section)) or "" for row in rows]


def test_labels_in_the_catalogue_become_a_model_whose_answers_are_rows(
    open_bench, session, pictures, qtbot
):
    bench = open_bench(session)
    bench.commands.add(pictures)
    qtbot.waitUntil(
        lambda: bench.model.rowCount() == 6 and not bench.area.is_busy, timeout=LIMIT_MS
    )
    for row in range(4):
        name = _cells(bench, "file")[row]
        _label(bench, qtbot, row, "blue" if int(name.split(".")[0]) % 2 else "red")
    feature = bench.features["own_classes"]
    bench.window.actions_by_name["own_classes"].trigger()
    qtbot.waitUntil(lambda: feature.panel is not None and feature.panel.train.isEnabled())
    feature.panel.title.setText("Colours")
    QTest.mouseClick(feature.panel.train, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "own_colours is among" in feature.panel.words.text(), timeout=LIMIT_MS)
    assert len(feature.panel.curve.points) == 3
    bench.catalogue.table.selectRow(5)
    qtbot.waitUntil(lambda: not bench.area.is_busy)
    bench.window.actions_by_name["run_with"].trigger()
    qtbot.waitUntil(lambda: bench.window.findChild(RunDialog) is not None)
    dialog = bench.window.findChild(RunDialog)
    dialog._task.setCurrentText("Colours")
    assert dialog._task.currentData() == "own_colours"
    dialog._on_accepted()
    qtbot.waitUntil(lambda: any(_cells(bench, "prob_blue")), timeout=LIMIT_MS)
    (answered,) = [row for row, text in enumerate(_cells(bench, "prob_blue")) if text]
    percent = [float(_cells(bench, f"prob_{name}")[answered].split()[0]) for name in COLOURS]
    assert min(percent) >= 0
    assert sum(percent) == pytest.approx(100, abs=0.11)
    assert _cells(bench, "label_gain")[answered]
