"""A thread that reads a million rows and the window take turns."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from astrogui.session.live_table import TableChange
from astrogui.window import quiet, table_follower
from astrogui.window.bridge import Bridge
from astrogui.window.table_follower import TableFollower


@pytest.fixture
def gate(qtbot, monkeypatch):
    monkeypatch.setattr(quiet, "LONGEST_S", 60.0)
    made = quiet.Quiet()
    yield made
    made.close()
    made.deleteLater()


def test_whoever_asks_waits_until_the_window_has_done_its_work(gate, qtbot):
    came = []

    def ask() -> None:
        gate.wait()
        came.append(is_at_work)

    def work() -> None:
        nonlocal is_at_work
        thread.start()
        thread.join(0.05)  # a thread that did not wait would be there by now
        is_at_work = False

    for _ in range(2):
        is_at_work, thread = True, threading.Thread(target=ask)
        QTimer.singleShot(0, work)
        qtbot.waitUntil(lambda: bool(came))
        thread.join()
        assert came == [False]
        came.clear()


def test_a_window_that_is_never_done_stops_nobody(gate, monkeypatch):
    monkeypatch.setattr(quiet, "LONGEST_S", 0.001)
    thread = threading.Thread(target=gate.wait)
    thread.start()
    thread.join()  # while the event loop does not turn


def test_a_window_that_goes_keeps_nobody_waiting(gate):
    thread = threading.Thread(target=gate.wait)
    thread.start()
    gate.close()
    thread.join()
    gate.wait()


class Live:
    """A table of which only changes are told."""

    def __init__(self) -> None:
        self.told, self.give_way = None, None

    def subscribe(self, told):
        self.told = told
        return lambda: None

    def change(self, count: int) -> None:
        none = np.zeros(0, np.int64)
        thread = threading.Thread(target=self.told, args=(TableChange(count, none, none),))
        thread.start()
        thread.join()


@pytest.fixture
def following(qtbot, fake):
    """A follower, its table, and the counts that were taken together."""
    live, taken = Live(), []
    bridge = Bridge(fake)
    session = SimpleNamespace(live_table=lambda: live)
    follower = TableFollower(
        session, bridge, lambda told: taken.append([change.count for change in told])
    )
    follower.begin()
    yield follower, live, taken
    follower.close()
    bridge.close()
    bridge.deleteLater()


@pytest.mark.parametrize("many", [3, 30_000])
def test_the_first_change_is_shown_at_once_and_those_just_after_together(
    many, following, qtbot, monkeypatch
):
    for name in ("BETWEEN_MS", "FEW_BETWEEN_MS"):
        monkeypatch.setattr(table_follower, name, 3_600_000)  # ended by hand
    follower, live, taken = following
    live.change(many)
    qtbot.waitUntil(lambda: taken == [[many]])
    for count in (many + 1, many + 2, many + 3):
        live.change(count)
        qtbot.waitUntil(lambda: not follower._is_taking)
        assert follower.is_behind
    follower._pause.start(0)
    qtbot.waitUntil(lambda: not follower.is_behind)
    assert taken == [[many], [many + 1, many + 2, many + 3]]


def test_the_table_waits_for_nobody_once_it_is_not_followed(following):
    follower, live, _ = following
    followed = live.give_way
    follower.close()
    assert live.give_way != followed
    live.give_way()
