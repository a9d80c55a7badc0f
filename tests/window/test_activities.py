"""What takes long is said, with the time left and a way to stop it."""

from __future__ import annotations

import re
from concurrent.futures import Future
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from astrogui.session import events
from astrogui.window import activities
from astrogui.window.activities import Activities, ActivityBar
from astrogui.window.progress import ProgressBar
from astrogui.window.time_left import TimeLeft, words


def test_the_time_left_follows_from_the_pace():
    left = TimeLeft()
    assert left.seconds(0.0, 100) is None
    for second in range(11):
        left.feed(float(second), 2.0 * second)
    assert left.seconds(10.0, 100) == pytest.approx(40.0)


def test_the_pace_is_that_of_the_last_minute():
    left = TimeLeft()
    for second in range(200):
        left.feed(float(second), 100.0 * min(second, 50) + 1.0 * max(second - 50, 0))
    assert left.seconds(199.0, left._seen[-1][1] + 60) == pytest.approx(60.0)


def test_no_time_is_said_before_something_was_seen_and_after_a_new_beginning():
    left = TimeLeft()
    left.feed(0.0, 0)
    left.feed(1.0, 1)
    assert left.seconds(1.0, 9) is None  # too short to say
    left.feed(5.0, 5)
    assert left.seconds(5.0, 10) == pytest.approx(5.0)
    left.feed(6.0, 0)
    assert left.seconds(6.0, 9) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "a few seconds left"), (32, "about 30 s left"), (58, "about 1 min left"),
     (150, "about 2 min left"), (5400, "about 1.5 h left"), (90000, "about 25 h left")],
)  # fmt: skip
def test_a_time_is_said_no_more_exactly_than_it_is_known(seconds, said):
    assert words(seconds) == said


@pytest.fixture
def bar(qtbot, monkeypatch):
    monkeypatch.setattr(activities, "SHOWN_AFTER_S", 0.0)
    bar = ActivityBar()
    qtbot.addWidget(bar)
    return bar


def test_a_future_is_spoken_of_until_it_is_done_or_cancelled(bar, qtbot):
    keeper = Activities(bar, bar)
    for end in (lambda f: f.set_result(1), lambda f: f.set_exception(OSError()), Future.cancel):
        future = Future()
        keeper.watch("Writing out.fits", future)
        qtbot.waitUntil(bar.isVisible)
        assert "Writing out.fits" in bar.words.text()
        assert not bar.cancel.isVisible()
        end(future)
        qtbot.waitUntil(lambda: not bar.isVisible())
        assert not keeper._timer.isActive()


def test_how_much_is_done_is_shown_and_can_be_stopped(bar, qtbot):
    stopped = []
    keeper = Activities(bar, bar)
    keeper.begin("jobs", "Analysing", lambda: stopped.append(1))
    keeper.begin("files", "Reading files")
    keeper.advance("jobs", 12.4, 200)
    assert "Analysing, 12 of 200" in bar.words.text()
    assert "and 1 more" in bar.words.text()
    assert (bar.bar.value(), bar.bar.maximum()) == (12, 200)
    bar.cancel.click()
    assert stopped == [1]
    keeper.end("jobs")
    assert "Reading files" in bar.words.text()
    keeper.end("files")
    assert not bar.isVisible()


def test_what_is_short_is_not_spoken_of(qtbot):
    bar = ActivityBar()
    qtbot.addWidget(bar)
    keeper = Activities(bar, bar)
    keeper.begin("files", "Reading files")
    keeper.advance("files", 1, 3)
    assert not bar.isVisible()
    keeper.end("files")


def test_reading_files_is_shown_with_cancel(bench, fake, qtbot, monkeypatch):
    monkeypatch.setattr(activities, "SHOWN_AFTER_S", 0.0)
    fake.say(events.FilesLookedAt(100, 500))
    bar = bench.window.activity_bar
    qtbot.waitUntil(lambda: "100 of 500" in bar.words.text())
    bar.cancel.click()
    assert fake.calls[-1] == ("cancel_adding",)
    fake.say(events.FilesLookedAt(500, 500))
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_a_new_value_of_a_bar_does_not_paint_the_window_at_once(qtbot):
    painted = []

    class Neighbour(QWidget):
        def paintEvent(self, event):
            del event
            painted.append(1)

    top = QWidget()
    row = QHBoxLayout(top)
    bar, neighbour = ProgressBar(), Neighbour()
    neighbour.setMinimumSize(40, 40)
    row.addWidget(bar)
    row.addWidget(neighbour)
    qtbot.addWidget(top)
    top.show()
    qtbot.waitUntil(lambda: bool(painted))
    QApplication.processEvents()
    painted.clear()
    neighbour.update()
    bar.setRange(0, 500)
    bar.setValue(250)
    assert not painted
    qtbot.waitUntil(lambda: bool(painted))
    assert bar.value() == 250
    assert bar.updatesEnabled()


def test_every_progress_bar_of_the_window_waits_for_its_frame():
    room = Path(activities.__file__).parent
    using = [
        path.relative_to(room).as_posix()
        for path in room.rglob("*.py")
        if re.search(r"\bQProgressBar\b", path.read_text(encoding="utf-8"))
    ]
    assert using == ["progress.py"]
