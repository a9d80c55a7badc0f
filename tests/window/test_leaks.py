"""Nothing stays behind: dialogues, windows, threads."""

from __future__ import annotations

import gc
import threading
import weakref

from fake_session import FakeSession
from PySide6.QtWidgets import QApplication, QFileDialog
from turns import deliver_deletions

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
