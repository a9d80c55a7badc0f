"""The list of judgements, walked by mouse and keyboard, and kept over a restart."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from astrogui.session.view import ProjectView
from astrogui.window.panels.history import DETAIL, STATE


def lines(bench):
    model = bench.history.model
    return [(model.index(i).data(), model.index(i).data(STATE)) for i in range(model.rowCount())]


def click(listed, line):
    listed.scrollTo(listed.model().index(line))
    place = listed.visualRect(listed.model().index(line)).center()
    QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=place)


def qualities(bench):
    view = bench.session.view
    return [view.row(row_id)["user_quality"] for row_id in view.row_ids()]


@pytest.fixture
def judged(open_bench, make_session, qtbot, tmp_path):
    """A window whose one row was judged 2, then 3, then 4."""
    bench = open_bench(make_session())
    path = tmp_path / "flat-1.fits"
    path.write_text("1")
    bench.commands.add([str(path)])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 1, timeout=20_000)
    bench.catalogue.table.selectRow(0)
    for quality in (2, 3, 4):
        bench.annotate.set_quality(quality)
        qtbot.waitUntil(lambda wanted=quality: qualities(bench) == [wanted])
    bench.window.docks["history"].show()
    bench.window.docks["history"].raise_()
    qtbot.waitUntil(lambda: bench.history.model.rowCount() == 4)
    return bench


def test_the_list_tells_step_author_time_and_change(judged, qtbot):
    assert lines(judged) == [
        ("Set quality of one row to “4”", "now"),
        ("Set quality of one row to “3”", "done"),
        ("Set quality of one row to “2”", "done"),
        ("Before the first judgement", "done"),
    ]
    detail = judged.history.model.index(0).data(DETAIL)
    assert detail.startswith("Vera, 20")
    assert detail.endswith(" UTC")
    qtbot.waitUntil(lambda: judged.history._detail.text().endswith("quality 3 → 4"))


def test_a_click_on_a_step_goes_there_and_back(judged, qtbot):
    click(judged.history.list, 2)
    qtbot.waitUntil(lambda: qualities(judged) == [2])
    qtbot.waitUntil(lambda: [state for _, state in lines(judged)][:3] == ["undone"] * 2 + ["now"])
    click(judged.history.list, 3)
    qtbot.waitUntil(lambda: qualities(judged) == [None])
    click(judged.history.list, 0)
    qtbot.waitUntil(lambda: qualities(judged) == [4])
    qtbot.waitUntil(lambda: lines(judged)[0][1] == "now")


def test_the_list_is_walked_by_keyboard(judged, qtbot):
    judged.history.list.setFocus()
    QTest.keyClick(judged.history.list, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: judged.history._detail.text().endswith("quality 2 → 3"))
    assert qualities(judged) == [4]  # looking is not going
    QTest.keyClick(judged.history.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: qualities(judged) == [3])


def test_steps_that_are_read_again_leave_the_one_that_is_looked_at(judged, qtbot):
    qtbot.waitUntil(lambda: judged.history._detail.text().endswith("quality 3 → 4"))
    qtbot.waitUntil(lambda: not judged.history.is_busy)
    judged.history.list.setFocus()
    QTest.keyClick(judged.history.list, Qt.Key.Key_Down)
    judged.history.refresh()
    qtbot.waitUntil(lambda: not judged.history.is_busy)
    assert judged.history.list.currentIndex().row() == 1
    qtbot.waitUntil(lambda: judged.history._detail.text().endswith("quality 2 → 3"))


def test_the_list_survives_a_restart_half_undone(judged, open_bench, make_session, qtbot):
    click(judged.history.list, 2)
    qtbot.waitUntil(lambda: lines(judged)[2][1] == "now")
    before = lines(judged)
    judged.close()
    judged.session.close()
    again = open_bench(make_session())
    qtbot.waitUntil(lambda: lines(again) == before)
    again.window.docks["history"].show()
    again.window.docks["history"].raise_()
    click(again.history.list, 0)
    qtbot.waitUntil(lambda: qualities(again) == [4])


def test_a_new_judgement_after_going_back_drops_what_was_undone(judged, qtbot):
    click(judged.history.list, 2)
    qtbot.waitUntil(lambda: qualities(judged) == [2])
    judged.annotate.set_quality(1)
    qtbot.waitUntil(lambda: qualities(judged) == [1])
    qtbot.waitUntil(lambda: len(lines(judged)) == 3)
    assert lines(judged)[0] == ("Set quality of one row to “1”", "now")


def test_the_history_is_read_in_the_pool(judged, qtbot, monkeypatch):
    readers = []
    for name in ("steps", "changes", "rows"):
        method = getattr(ProjectView, name)

        def read(self, *args, method=method):
            readers.append(threading.current_thread())
            return method(self, *args)

        monkeypatch.setattr(ProjectView, name, read)
    judged.history.refresh()
    judged.history.list.setCurrentIndex(judged.history.model.index(1))
    qtbot.waitUntil(lambda: len(readers) >= 3 and not judged.history.is_busy)
    assert threading.main_thread() not in readers


def test_what_is_asked_after_the_closing_is_dropped_in_silence(judged, qtbot):
    qtbot.waitUntil(lambda: not judged.history.is_busy)
    judged.close()
    judged.history.refresh()  # as by a pause that ends late
    assert judged.compute(len, ()).cancelled()
