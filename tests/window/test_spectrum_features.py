"""The spectrum view in the whole window: redshifts kept, other spectra laid over."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


@pytest.fixture
def bench(open_bench, fake, qtbot):
    made = open_bench(fake)
    fake.add(["/data/a.spec", "/data/b.spec", "/data/c.spec"]).result(timeout=60)
    qtbot.waitUntil(lambda: made.selection.row_id is not None, timeout=10_000)
    view = made.area.view("spectrum")
    qtbot.waitUntil(lambda: view.redshift is not None, timeout=10_000)
    return made


def test_an_accepted_redshift_becomes_the_judgement_of_the_row(bench, fake, qtbot):
    view = bench.area.view("spectrum")
    row_id = bench.selection.row_id
    answer = view.redshift
    view.shown_redshift.set_by_hand(0.34567)
    view.tools["accept_z"].trigger()
    qtbot.waitUntil(lambda: fake.rows[row_id].get("user_z") is not None, timeout=10_000)
    assert float(fake.rows[row_id]["user_z"]) == pytest.approx(0.34567)
    qtbot.waitUntil(lambda: "z by hand = 0.34567" in view._labels.title.text(), timeout=10_000)
    assert view.redshift == answer  # the network's answer stays what it was
    fake.undo().result(timeout=60)
    qtbot.waitUntil(lambda: "z by hand" not in view._labels.title.text(), timeout=10_000)


def test_a_redshift_without_a_row_is_said_not_lost_silently(bench, qtbot):
    view = bench.area.view("spectrum")
    bench.selection.choose_item(bench.selection.item_id, None)
    view.shown_redshift.set_by_hand(0.2)
    view.tools["accept_z"].trigger()
    qtbot.waitUntil(lambda: "has no row yet" in bench.window.notice.words, timeout=5000)


def test_selected_rows_are_laid_over(bench, fake, qtbot):
    view = bench.area.view("spectrum")
    here = bench.selection.item_id
    rows = list(fake.rows)
    bench.selection.choose_rows(rows, bench.selection.row_id, here)
    view.tools["overlay"].trigger()
    qtbot.waitUntil(lambda: len(view.overlays) == 2, timeout=10_000)
    assert len(view.plots.overlays) == 2
    view.tools["no_overlays"].trigger()
    assert not view.plots.overlays


def test_the_list_of_spectra_is_read_in_the_pool(bench, fake, qtbot, monkeypatch):
    readers = []
    items = fake.view.items
    monkeypatch.setattr(
        type(fake.view), "items", lambda view: readers.append(threading.current_thread()) or items()
    )
    bench.selection.choose_rows((bench.selection.row_id,), bench.selection.row_id, None)
    bench.area.view("spectrum").tools["overlay"].trigger()
    feature = bench.features["spectrum_overlays"]
    qtbot.waitUntil(lambda: feature.dialog is not None, timeout=10_000)
    feature.dialog.reject()
    assert threading.main_thread() not in readers


def test_spectra_are_chosen_from_a_list_that_can_be_searched(bench, fake, qtbot):
    feature = bench.features["spectrum_overlays"]
    view = bench.area.view("spectrum")
    bench.selection.choose_rows((bench.selection.row_id,), bench.selection.row_id, None)
    view.tools["overlay"].trigger()
    qtbot.waitUntil(lambda: feature.dialog is not None, timeout=10_000)
    dialog = feature.dialog
    assert dialog.list.count() == 2
    name = dialog.list.item(1).text()
    QTest.keyClicks(dialog.search, name)
    shown = [i for i in range(2) if not dialog.list.item(i).isHidden()]
    assert 1 in shown
    dialog.list.item(1).setSelected(True)
    with qtbot.waitSignal(dialog.accepted):
        QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(view.overlays) == 1, timeout=10_000)
    assert feature.dialog is None
