"""Events and futures reach the window's thread merged, in order, and never a dead widget."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread

from astrogui.errors import UsageProblem
from astrogui.session import events
from astrogui.window.bridge import Bridge


@pytest.fixture
def bridge(qtbot, fake):
    made = Bridge(fake)
    yield made
    made.close()


def test_a_thousand_row_events_become_one_signal_in_the_windows_thread(bridge, fake, qtbot):
    heard = []

    def hear(ids, names, initiator):
        heard.append((ids, names, initiator, threading.current_thread()))

    bridge.rows_changed.connect(hear)
    for number in range(1000):
        last = fake.say(events.RowsChanged((number % 7,), ("z",)))
    last.result(60)
    qtbot.waitUntil(lambda: bool(heard))
    assert len(heard) == 1
    assert heard[0][0] == tuple(range(7))
    assert heard[0][3] is threading.main_thread()


def test_events_that_come_just_after_others_are_told_together(bridge, fake, qtbot):
    """Two hundred files came one by one, and their list was painted two hundred times."""
    bridge._gathering.setInterval(3_600_000)  # ended below, whatever the machine is at
    heard = []
    bridge.files_changed.connect(heard.append)
    fake.say(events.FileAdded("1.fits", (1,)))
    qtbot.waitUntil(lambda: bool(heard))
    for number in range(2, 9):
        fake.say(events.FileAdded(f"{number}.fits", (number,))).result(60)
        QCoreApplication.processEvents()
    assert heard == [(1,)]
    bridge._gathering.setInterval(0)
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard[1] == tuple(range(2, 9))


def test_a_future_waits_for_no_others_and_what_came_before_it_is_told_first(bridge, fake, qtbot):
    bridge._gathering.setInterval(3_600_000)
    heard = []
    bridge.files_changed.connect(heard.append)
    fake.say(events.FileAdded("1.fits", (1,)))
    qtbot.waitUntil(lambda: bool(heard))
    fake.say(events.FileAdded("2.fits", (2,))).result(60)
    future: Future[str] = Future()
    bridge.after(future, heard.append)
    future.set_result("read")
    qtbot.waitUntil(lambda: "read" in heard)
    assert heard == [(1,), (2,), "read"]


def test_rows_keep_their_initiators_apart(bridge, fake, qtbot):
    heard = {}
    bridge.rows_changed.connect(lambda ids, names, who: heard.setdefault(who, ids))
    fake.say(events.RowsChanged((1,), ("user_class",), "dock"))
    fake.say(events.RowsChanged((2,), ("z",))).result(60)
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard == {"dock": (1,), None: (2,)}


def test_progress_is_told_by_its_newest_value(bridge, fake, qtbot):
    heard = []
    bridge.job_progressed.connect(heard.append)
    for step in range(10):
        last = fake.say(events.JobProgressed(4, step / 10, f"step {step}"))
    last.result(60)
    qtbot.waitUntil(lambda: bool(heard))
    assert heard[-1] == {4: (0.9, "step 9")}


def test_a_future_is_received_in_the_windows_thread(bridge, qtbot):
    received = []
    future: Future[int] = Future()
    bridge.after(future, lambda value: received.append((value, QThread.currentThread())))
    threading.Thread(target=future.set_result, args=(7,)).start()
    qtbot.waitUntil(lambda: bool(received))
    assert received == [(7, bridge.thread())]


def test_a_fault_of_the_world_is_said_in_its_own_words(bridge, qtbot):
    future: Future[int] = Future()
    future.set_exception(UsageProblem("There is no task x."))
    with qtbot.waitSignal(bridge.noticed) as noticed:
        bridge.after(future, pytest.fail)
    assert noticed.args == ["There is no task x."]


def test_a_bug_is_logged_and_said_without_stopping_the_window(bridge, qtbot, caplog):
    future: Future[int] = Future()
    future.set_exception(KeyError("x"))
    with qtbot.waitSignal(bridge.noticed) as noticed:
        bridge.after(future, pytest.fail)
    assert "KeyError" in noticed.args[0]
    assert "a session call failed" in caplog.text


class Receiver(QObject):
    def __init__(self):
        super().__init__()
        self.got = []

    def take(self, value):
        self.got.append(value)


def test_a_widget_that_is_gone_receives_nothing(bridge, qtbot):
    import shiboken6

    receiver = Receiver()
    future: Future[int] = Future()
    bridge.after(future, receiver.take)
    shiboken6.delete(receiver)
    future.set_result(1)
    after: list[int] = []
    sentinel: Future[int] = Future()
    bridge.after(sentinel, after.append)
    sentinel.set_result(2)
    qtbot.waitUntil(lambda: after == [2])
    assert receiver.got == []


def test_a_closed_bridge_delivers_nothing(bridge, fake, qtbot):
    heard = []
    bridge.noticed.connect(heard.append)
    fake.say(events.Noticed("early")).result(60)
    bridge.close()
    fake.say(events.Noticed("late")).result(60)
    qtbot.wait(50)
    assert heard == []


def test_nothing_is_emitted_while_the_bridge_is_closed_and_destroyed(fake, qtbot):
    bridge = Bridge(fake)
    is_safe = []
    bridge._woken.connect(
        lambda: is_safe.append(bridge._lock.locked()), Qt.ConnectionType.DirectConnection
    )
    future = Future()
    bridge.after(future, print)
    thread = threading.Thread(target=future.set_result, args=(None,))
    thread.start()
    thread.join()
    assert is_safe == [True]  # ``close`` waits for it
    bridge.close()
    other = Future()
    bridge.after(other, print)
    other.set_result(None)
    assert is_safe == [True]
    bridge.deleteLater()
