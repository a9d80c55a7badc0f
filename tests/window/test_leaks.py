"""Nothing stays behind: dialogues, windows, threads."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog
from turns import deliver_deletions

from astrogui.errors import UsageProblem
from astrogui.window.directory import entries
from astrogui.window.help_pages import Page
from astrogui.window.main_window import MainWindow
from astrogui.window.workbench import Workbench


def test_dialogues_opened_thirty_times_leave_no_widget(bench):
    def open_and_close():
        for name in ("help_keys", "about", "export", "open_files", "preferences"):
            bench.window.actions_by_name[name].trigger()
            for dialog in bench.window.findChildren(Page) + bench.window.findChildren(QFileDialog):
                dialog.close()
            for widget in QApplication.topLevelWidgets():
                if widget is not bench.window and widget.isVisible():
                    widget.close()
        deliver_deletions()

    open_and_close()
    before = len(QApplication.allWidgets())
    for _ in range(30):
        open_and_close()
    assert len(QApplication.allWidgets()) <= before


def test_choosing_files_again_and_again_makes_no_new_widgets(filled, qtbot):
    before = len(QApplication.allWidgets())
    for number in range(20):
        filled.catalogue.table.selectRow(number % 5)
        qtbot.waitUntil(lambda: not filled.area.is_busy)
    deliver_deletions()
    assert len(QApplication.allWidgets()) == before


def test_every_kind_of_view_can_be_filled_again_and_again(bench, qtbot):
    bench.commands.add(["/data/a.fits", "/data/image.fits", "/data/x.hdf5", "/data/y.hdf5"])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 4)
    for number in range(12):
        bench.catalogue.table.selectRow(number % 4)
        qtbot.waitUntil(lambda: not bench.area.is_busy)
        assert bench.area.current.shows_content


def test_a_closed_window_is_freed_with_its_threads(qtbot, theme):
    def born_and_gone():
        session = FakeSession()
        window = MainWindow()
        bench = Workbench(window, session, theme)
        for step in bench.steps():
            step()
        window.show()
        bench.commands.add(["/data/a.fits"])
        qtbot.waitUntil(lambda: bench.model.rowCount() == 1 and not bench.area.is_busy)
        bench.close()
        session.close()
        window.close()
        window.deleteLater()
        return weakref.ref(window)

    threads = threading.active_count()
    gone = born_and_gone()
    deliver_deletions()
    gc.collect()
    assert gone() is None
    qtbot.waitUntil(lambda: threading.active_count() <= threads)


def active_timers(bench):
    return sorted(
        timer.parent().metaObject().className()
        for timer in bench.window.findChildren(QTimer)
        if timer.isActive() and timer.parent() is not None
    )


def open_files():
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def soon_over(bench):
    """The timers that wait for a short while, once."""
    timers = bench.window.findChildren(QTimer)
    return [t for t in timers if t.isActive() and t.isSingleShot() and t.interval() < 1000]


def wait_until_told(bench, fake):
    """What was asked of any thread has been done, and what came of it has been told here."""
    for _ in range(2):  # what was told may have asked for more
        QApplication.processEvents()
        for pool, threads in ((fake._thread, 1), (bench._pool, 2)):
            # Where all its threads meet, none is at work any more on what came before.
            meeting = threading.Barrier(threads)
            met = [pool.submit(meeting.wait) for _ in range(threads)]
            for future in met:
                future.result(timeout=60)
    QApplication.processEvents()


def no_origin(*_):
    raise UsageProblem("the session of the test knows no origins")


def test_every_action_that_asks_something_leaves_nothing_behind(filled, fake, qtbot, monkeypatch):
    """Those with three dots, and the pages of Help, whichever part of the window brings them."""
    monkeypatch.setattr(type(fake), "origin", no_origin, raising=False)
    pages = {"guide", "help_keys", "help_news", "help_formats", "about", "command_list"}
    asking = [
        entry
        for entry in entries(filled)
        if entry.action.text().endswith("…") or entry.name.partition(".")[2] in pages
    ]
    assert len(asking) > 12

    def round_trip():
        for entry in asking:
            before = set(QApplication.topLevelWidgets())
            closer = QTimer(interval=30)  # a dialogue may run an event loop of its own
            closer.timeout.connect(lambda before=before: close_new(before))
            closer.start()
            # In a later turn, so that such a loop runs within the wait.
            QTimer.singleShot(0, entry.action, entry.action.trigger)
            for _ in range(2):  # some open only after a read in the pool
                wait_until_told(filled, fake)
                close_new(before)
                deliver_deletions()
            closer.stop()
        qtbot.waitUntil(lambda: not filled.area.is_busy and not soon_over(filled))
        wait_until_told(filled, fake)
        deliver_deletions()

    def close_new(before):
        for widget in QApplication.topLevelWidgets():
            if widget not in before and widget.isVisible() and widget.isWindow():
                widget.close()

    round_trip()
    round_trip()
    gc.collect()
    widgets, threads, files = len(QApplication.allWidgets()), threading.active_count(), open_files()
    timers = active_timers(filled)
    round_trip()
    gc.collect()
    assert len(QApplication.allWidgets()) <= widgets
    assert threading.active_count() <= threads
    assert open_files() <= files
    assert active_timers(filled) == timers


@pytest.mark.parametrize("kind", ["image", "spectrum", "strain"])
def test_a_view_that_is_closed_is_freed(kind, qtbot, qapp):
    from concurrent.futures import ThreadPoolExecutor

    from fake_session import record_of

    from astrogui.viewers import view_class

    pool = ThreadPoolExecutor(1)

    def born_and_gone():
        view = view_class(kind)(pool.submit)
        view.show()
        view.show_record(record_of(kind))
        qtbot.waitUntil(lambda: not view.awaits(), timeout=20_000)
        view.clear()
        view.close()
        view.deleteLater()
        return weakref.ref(view)

    gone = born_and_gone()
    deliver_deletions()
    gc.collect()
    pool.shutdown()
    assert gone() is None
