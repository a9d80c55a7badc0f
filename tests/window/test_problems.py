"""Problems: copied, reported with what a maintainer asks for, tried again."""

from __future__ import annotations

import platform
from types import SimpleNamespace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

import astrogui
from astrogui.window.bug_report import LOG_LINES, bug_report, tail
from astrogui.window.features.problem_help import failed_jobs


@pytest.fixture
def troubled(bench, qtbot):
    bench.commands.add([f"/data/{name}.bad" for name in ("a", "b", "c")])
    qtbot.waitUntil(lambda: bench.problems._model.rowCount() == 3)
    return bench


def press(panel, text):
    (button,) = [b for b in panel.findChildren(QPushButton) if b.text() == text]
    button.click()


def copied():
    return QGuiApplication.clipboard().text()


def test_all_are_copied_or_those_selected(troubled):
    press(troubled.problems, "Copy all")
    assert len(copied().splitlines()) == 3
    troubled.problems._table.selectRow(1)
    press(troubled.problems, "Copy")
    assert copied() == "/data/b.bad (byte 0): the file is empty. Fetch it again."


def test_a_bug_report_has_versions_machine_and_log(troubled, qtbot):
    troubled.problems._table.selectRow(2)
    QGuiApplication.clipboard().clear()
    press(troubled.problems, "Copy as bug report")
    qtbot.waitUntil(lambda: "### Versions" in copied())
    report = copied()
    assert "/data/c.bad" in report
    assert "/data/a.bad" not in report
    assert f"AstroGUI {astrogui.__version__}" in report
    assert f"Python {platform.python_version()}" in report
    assert "Worker: " in report
    assert "clipboard" in troubled.window.notice.words


def test_the_report_holds_the_end_of_the_log_and_not_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    log = tmp_path / "log"
    log.write_text("".join(f"line {n} of {tmp_path}/x\n" for n in range(5000)))
    report = bug_report(["one thing"], "Worker: none", log)
    assert "line 4999 of ~/x" in report
    assert f"line {4999 - LOG_LINES} " not in report
    assert str(tmp_path) not in report
    assert "No such file" in tail(tmp_path / "none")
    empty = tmp_path / "empty"
    empty.touch()
    assert "empty" in tail(empty)


def test_the_files_of_selected_problems_are_tried_again(troubled, fake, qtbot):
    troubled.problems._table.selectRow(0)
    press(troubled.problems, "Try again")
    qtbot.waitUntil(lambda: fake.calls[-1] == ("add", ("/data/a.bad",), {}))


def test_where_the_file_was_read_its_failed_analysis_is_run_again(filled, fake, qtbot):
    fake.jobs[2].state = "failed"
    filled.problems.retry_wanted.emit(["/data/s2.fits", "/data/s3.fits"])
    qtbot.waitUntil(lambda: ("rerun", 2) in fake.calls)
    assert fake.calls[-1] == ("add", ("/data/s3.fits",), {})


def test_failed_jobs_are_found_by_every_file_of_their_item():
    view = SimpleNamespace(
        jobs=lambda: [SimpleNamespace(job_id=7, item_id=1, state="failed"),
                      SimpleNamespace(job_id=8, item_id=2, state="done")],
        items=lambda: [SimpleNamespace(item_id=1, paths=("h1", "l1")),
                       SimpleNamespace(item_id=2, paths=("s",))],
    )  # fmt: skip
    assert failed_jobs(view, ["l1", "s"]) == {"l1": [7]}


def test_without_problems_there_is_nothing_to_copy(bench):
    buttons = bench.problems.findChildren(QPushButton)
    assert not any(b.isEnabled() for b in buttons if b.isVisibleTo(bench.problems))
