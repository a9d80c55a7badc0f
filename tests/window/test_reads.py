"""The window's thread never reads the project's file: a busy disk would stop it."""

from __future__ import annotations

import threading
import traceback

import pytest
from small_session import files

from astrogui.window.run_dialog import RunDialog


class Watched:
    """A lock that says where the window's thread took it, which it needs for any read."""

    def __init__(self, lock) -> None:
        self._lock, self.taken = lock, []

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            frames = traceback.extract_stack()[:-2]
            self.taken.append([f for f in frames if "/window/" in f.filename][-1:])
        return self._lock.__enter__()

    def __exit__(self, *about):
        return self._lock.__exit__(*about)


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def taken(session):
    """Where the project was read in the window's thread."""
    watched = session.view._lock = Watched(session.view._lock)
    return watched.taken


@pytest.fixture
def bench(session, taken, open_bench, qtbot, tmp_path):
    bench = open_bench(session)
    bench.commands.add(files(tmp_path, "flat-1.fits", "flat-2.fits", "flat-3.fits"))
    qtbot.waitUntil(lambda: bench.model.rowCount() == 3 and bench.status._jobs == 0, timeout=20_000)
    return bench


def trigger(bench, name) -> None:
    bench.window.actions_by_name[name].trigger()


def settle(bench, qtbot) -> None:
    qtbot.waitUntil(lambda: not (bench.answer.is_waiting or bench.area.is_busy))


def test_a_window_is_built_and_filled_without_a_read(bench, taken, qtbot):
    settle(bench, qtbot)
    assert not taken


def test_to_go_through_rows_and_to_grade_them_reads_nothing(bench, taken, qtbot):
    feature = bench.features["grading"]
    feature.show()
    for name in ("grading_blind", "next_row", "quality_3", "undo", "grading_unblind"):
        trigger(bench, name)
        settle(bench, qtbot)
    qtbot.waitUntil(lambda: not feature._grades.is_under_way)
    assert not taken


def test_an_analysis_is_asked_for_and_run_again_without_a_read(bench, taken, qtbot):
    settle(bench, qtbot)
    bench.answer.tasks = ()  # so that the kind of the file has to be known
    rows = bench.model.rowCount()
    trigger(bench, "run_again")
    qtbot.waitUntil(lambda: bench.status._jobs == 0 and bench.model.rowCount() == rows)
    trigger(bench, "run_with")
    qtbot.waitUntil(lambda: bench.window.findChild(RunDialog) is not None)
    bench.window.findChild(RunDialog).reject()
    assert not taken


def test_a_value_is_traced_without_a_read(bench, taken, qtbot):
    settle(bench, qtbot)
    feature = bench.features["provenance"]
    feature._on_parameter("level")
    qtbot.waitUntil(lambda: getattr(feature, "dialog", None) is not None)
    feature.dialog.close()
    assert not taken


def test_spectra_are_laid_over_one_another_without_a_read(bench, taken, qtbot):
    settle(bench, qtbot)
    feature = bench.features["spectrum_overlays"]
    others = [bench.model.store.item_of(bench.model.row_id(line)) for line in (1, 2)]
    feature.lay_over(others)
    qtbot.waitUntil(lambda: set(feature._loaded) == set(others))
    assert all(overlay.name for overlay in feature._loaded.values())
    assert not taken


def test_the_watch_sees_a_read(session, taken):
    session.view.items()
    assert len(taken) == 1
