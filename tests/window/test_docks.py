"""Each dock shows what the session has and makes the call its controls promise."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from fake_session import posterior_of
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QTableView

from astrogui.session import events


def button(panel, text):
    found = [b for b in panel.findChildren(QPushButton) if b.text() == text]
    assert len(found) == 1, text
    return found[0]


def table(panel):
    return panel.findChild(QTableView)


def cells(panel):
    model = table(panel).model()
    return [
        [model.data(model.index(r, c)) for c in range(model.columnCount())]
        for r in range(model.rowCount())
    ]


# Files


def test_the_first_file_is_shown_with_its_row_and_answer(filled):
    assert filled.selection.item_id == 1
    assert filled.selection.row_id == 1
    assert filled.window.pages.currentWidget() is filled.area.view("spectrum")


def test_choosing_a_file_shows_the_view_of_its_kind(bench, fake, qtbot):
    bench.commands.add(["/data/a.fits", "/data/image.fits", "/data/x.hdf5"])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 3)
    # The list of files is read in the pool.
    qtbot.waitUntil(lambda: table(bench.files).model().rowCount() == 3)
    for row, kind in ((1, "image"), (2, "strain"), (0, "spectrum")):
        table(bench.files).selectRow(row)
        view = bench.area.view(kind)
        qtbot.waitUntil(lambda view=view: bench.window.pages.currentWidget() is view)
        assert bench.selection.row_id == row + 1


def test_files_say_their_kind_by_an_icon_and_their_origin_in_the_tip(filled):
    model = table(filled.files).model()
    index = model.index(0, 0)
    assert not model.data(index, Qt.ItemDataRole.DecorationRole).isNull()
    assert "/data/s1.fits" in model.data(index, Qt.ItemDataRole.ToolTipRole)


def test_a_missing_file_can_be_located(filled, fake, qtbot, tmp_path):
    fake.items[2] = SimpleNamespace(**{**vars(fake.items[2]), "state": "missing"})
    filled.files.refresh()
    locate = button(filled.files, "Locate…")
    assert not locate.isVisible()
    table(filled.files).selectRow(1)
    qtbot.waitUntil(locate.isVisible)
    qtbot.mouseClick(locate, Qt.MouseButton.LeftButton)
    dialog = filled.files.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "here.fits"))
    assert ("relocate", 2, str(tmp_path / "here.fits")) in fake.calls
    dialog.close()


# Jobs


@pytest.fixture
def jobs(filled, fake, qtbot):
    """Job 2 runs, job 3 waits."""
    for number, state in ((2, "running"), (3, "queued")):
        fake.jobs[number] = SimpleNamespace(**{**vars(fake.jobs[number]), "state": state})
    fake.say(events.JobStarted(2)).result(60)
    qtbot.waitUntil(lambda: [line[0] for line in cells(filled.jobs)][1:2] == ["running"])
    return filled


def test_a_running_job_shows_its_progress(jobs, fake, qtbot):
    fake.say(events.JobProgressed(2, 0.42, "network")).result(60)
    qtbot.waitUntil(lambda: cells(jobs.jobs)[1][1] == "42 %")
    assert cells(jobs.jobs)[1][-1] == "network"
    table(jobs.jobs).viewport().repaint()
    assert jobs.window.docks["jobs"].windowTitle() == "Jobs (2)"
    assert "2 jobs to do" in jobs.window.counts.text()


def test_cancel_without_a_selection_stops_the_job_that_runs(jobs, fake):
    jobs.window.actions_by_name["cancel"].trigger()
    assert ("cancel", 2) in fake.calls


def test_a_queued_job_can_be_cancelled_and_a_done_one_run_again(jobs, fake, qtbot):
    jobs.window.docks["jobs"].raise_()
    table(jobs.jobs).selectRow(2)
    assert not button(jobs.jobs, "Run again").isEnabled()
    qtbot.mouseClick(button(jobs.jobs, "Cancel"), Qt.MouseButton.LeftButton)
    assert ("cancel", 3) in fake.calls
    table(jobs.jobs).selectRow(0)
    assert not button(jobs.jobs, "Cancel").isEnabled()
    qtbot.mouseClick(button(jobs.jobs, "Run again"), Qt.MouseButton.LeftButton)
    assert ("rerun", 1) in fake.calls


def test_cancel_all_empties_the_queue(jobs, fake):
    jobs.window.actions_by_name["cancel_all"].trigger()
    assert ("cancel_all",) in fake.calls


# Problems


def test_a_bad_file_is_a_line_with_place_cause_and_next_step(filled, fake, qtbot):
    filled.commands.add(["/data/broken.bad", "/data/s9.fits"])
    qtbot.waitUntil(lambda: bool(cells(filled.problems)))
    assert cells(filled.problems) == [
        ["broken.bad", "byte 0", "the file is empty", "Fetch it again."]
    ]
    assert filled.window.docks["problems"].windowTitle() == "Problems (1)"
    qtbot.waitUntil(lambda: filled.model.rowCount() == 6)


def test_problems_are_copied_as_text(filled, fake, qtbot):
    filled.commands.add(["/data/broken.bad"])
    qtbot.waitUntil(lambda: bool(cells(filled.problems)))
    filled.problems.copy_selected()
    words = "/data/broken.bad (byte 0): the file is empty. Fetch it again."
    assert QGuiApplication.clipboard().text() == words


def test_the_notice_of_a_refused_file_leads_to_the_problems(filled, fake, qtbot):
    filled.commands.add(["/data/broken.bad"])
    qtbot.waitUntil(filled.window.notice.isVisible)
    assert "broken.bad: the file is empty" in filled.window.notice.words
    qtbot.mouseClick(button(filled.window.notice, "Show problems"), Qt.MouseButton.LeftButton)
    assert not filled.window.notice.isVisible()
    assert not filled.problems.visibleRegion().isEmpty()


# Annotate


def test_the_keys_one_to_four_judge_the_selected_rows(filled, fake, qtbot):
    filled.catalogue.table.selectAll()
    filled.window.activateWindow()
    filled.catalogue.table.setFocus()
    qtbot.keyClick(filled.catalogue.table, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: fake.rows[5]["user_quality"] == 3)
    assert fake.calls[-1] == ("annotate", (1, 2, 3, 4, 5), {"user_quality": 3})
    qtbot.waitUntil(lambda: button(filled.annotate, "3").isChecked())
    qtbot.keyClick(filled.catalogue.table, Qt.Key.Key_0)
    qtbot.waitUntil(lambda: fake.rows[5]["user_quality"] is None)


def test_digits_typed_into_a_comment_stay_in_the_comment(filled, fake, qtbot):
    edit = filled.annotate._texts["user_comment"]
    edit.setFocus()
    qtbot.keyClicks(edit, "z near 3")
    assert edit.text() == "z near 3"
    assert not [call for call in fake.calls if call[0] == "annotate"]
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert fake.calls[-1] == ("annotate", (1,), {"user_comment": "z near 3"})


def test_the_key_six_says_that_it_is_a_star(filled, fake, qtbot):
    filled.window.activateWindow()
    filled.catalogue.table.setFocus()
    qtbot.keyClick(filled.catalogue.table, Qt.Key.Key_6)
    qtbot.waitUntil(lambda: fake.rows[1]["user_quality"] == 6)
    qtbot.waitUntil(lambda: button(filled.annotate, "6").isChecked())


def test_a_redshift_and_tags_are_typed_and_a_wrong_one_is_said(filled, fake, qtbot):
    redshift = filled.annotate._texts["user_z"]
    qtbot.keyClicks(redshift, "about one")
    qtbot.keyClick(redshift, Qt.Key.Key_Return)
    assert "no redshift" in filled.annotate._fault.text()
    assert not [call for call in fake.calls if call[0] == "annotate"]
    redshift.clear()
    qtbot.keyClicks(redshift, "0.7321")
    qtbot.keyClick(redshift, Qt.Key.Key_Return)
    assert fake.calls[-1] == ("annotate", (1,), {"user_z": 0.7321})
    assert filled.annotate._fault.isHidden()
    words = filled.annotate._texts["user_tags"]
    qtbot.keyClicks(words, "Odd lines, BAL")
    qtbot.keyClick(words, Qt.Key.Key_Return)
    assert fake.calls[-1] == ("annotate", (1,), {"user_tags": "bal,odd-lines"})


def test_a_class_can_be_typed_or_chosen(filled, fake, qtbot):
    edit = filled.annotate._class_edit
    edit.clear()
    qtbot.keyClicks(edit, "BAL")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: fake.rows[1]["user_class"] == "BAL")
    box = filled.annotate._class
    qtbot.waitUntil(lambda: box.findText("BAL") >= 0)


def test_rows_that_differ_show_no_common_value(filled, fake, qtbot):
    fake.annotate((1,), {"user_quality": 2}).result(60)
    filled.catalogue.table.selectAll()
    qtbot.waitUntil(lambda: filled.model.store.cell(0, "user_quality") == 2)
    assert not any(b.isChecked() for b in filled.annotate._qualities.buttons())


def test_without_a_selection_there_is_nothing_to_judge(filled):
    filled.selection.clear()
    assert not filled.annotate.isEnabled()


# History


def test_undo_and_redo_go_through_the_menu_and_are_named(filled, fake, qtbot):
    actions = filled.window.actions_by_name
    assert not actions["undo"].isEnabled()
    filled.annotate.set_quality(4)
    qtbot.waitUntil(actions["undo"].isEnabled)
    assert "Set user_quality" in actions["undo"].text()
    actions["undo"].trigger()
    qtbot.waitUntil(actions["redo"].isEnabled)
    assert fake.rows[1]["user_quality"] is None
    assert not actions["undo"].isEnabled()
    actions["redo"].trigger()
    qtbot.waitUntil(lambda: fake.rows[1]["user_quality"] == 4)


# Results


def test_the_results_follow_the_row(filled, qtbot):
    qtbot.waitUntil(lambda: filled.results.view.shows_content)
    filled.catalogue.table.selectRow(3)
    qtbot.waitUntil(lambda: not filled.answer.is_waiting)
    assert filled.answer.task == "redshift"


@pytest.fixture
def asked(filled, fake, monkeypatch):
    """The futures of the posteriors that were asked for, in order."""
    futures = []

    def posterior(row_id, task):
        futures.append(Future())
        return futures[-1]

    monkeypatch.setattr(fake, "posterior", posterior)
    return futures


def test_an_answer_asked_for_again_is_shown_once(filled, asked, qtbot):
    heard = []
    filled.answer.changed.connect(lambda row, posterior: heard.append(posterior))
    for count in (1, 2):
        filled.answer.refresh()
        qtbot.waitUntil(lambda count=count: len(asked) == count)
    asked[1].set_result(posterior_of(0.7))
    asked[0].set_result(posterior_of(0.2))
    qtbot.waitUntil(lambda: not filled.answer.is_waiting)
    QApplication.processEvents()
    assert [posterior.value("z") for posterior in heard] == [0.7]


def test_an_answer_asked_for_twice_in_a_turn_is_read_once(filled, asked, qtbot):
    for _ in range(3):
        filled.answer.refresh()
    qtbot.waitUntil(lambda: len(asked) == 1)
    asked[0].set_result(posterior_of(0.7))
    qtbot.waitUntil(lambda: not filled.answer.is_waiting)
    qtbot.wait(50)
    assert len(asked) == 1


def test_the_current_answer_is_read_in_the_pool(filled, fake, qtbot, monkeypatch):
    readers = []
    for name in ("row", "answers"):
        method = getattr(fake.view, name)

        def read(row_id, method=method):
            readers.append(threading.current_thread())
            return method(row_id)

        monkeypatch.setattr(fake.view, name, read, raising=False)
    filled.catalogue.table.selectRow(3)
    qtbot.waitUntil(lambda: len(readers) >= 2 and not filled.answer.is_waiting)
    assert filled.answer.task == "redshift"
    assert threading.main_thread() not in readers


def test_a_row_without_an_answer_says_why(filled, fake, qtbot):
    fake.rows[2]["flags"] = "refused: the file is empty"
    fake.view.answers = lambda row_id: []
    heard = []
    filled.answer.changed.connect(lambda row, posterior: heard.append((row, posterior)))
    filled.catalogue.table.selectRow(1)
    qtbot.waitUntil(lambda: not filled.answer.is_waiting)
    assert heard[-1][1] is None
    qtbot.waitUntil(lambda: not filled.results.is_busy)
    assert not filled.results.view.shows_content
    assert "the file is empty" in filled.results.view._words.text()


def test_choosing_a_file_reads_nothing_of_the_project_in_the_windows_thread(
    filled, fake, qtbot, monkeypatch
):
    readers = []
    for name in ("item", "row_ids", "row", "rows", "answers", "steps"):
        method = getattr(fake.view, name)

        def read(*args, method=method):
            readers.append(threading.current_thread())
            return method(*args)

        monkeypatch.setattr(fake.view, name, read, raising=False)
    table(filled.files).selectRow(3)
    qtbot.waitUntil(lambda: filled.selection.item_id == 4 and not filled.area.is_busy)
    assert len(readers) >= 3
    assert threading.main_thread() not in readers
