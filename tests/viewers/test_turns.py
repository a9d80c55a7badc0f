"""Work of the window's thread: one piece a turn of the event loop, in the order asked for."""

from __future__ import annotations

import pytest
import shiboken6
from PySide6.QtCore import QAbstractEventDispatcher, QEventLoop, QObject, QTimer

from astrogui.viewers.turns import Turns, turns


@pytest.fixture
def owner(qapp):
    return QObject()


@pytest.fixture
def loop_turns(qapp):
    """How often the event loop has gone round, as a list with one number."""
    count = [0]
    dispatcher = QAbstractEventDispatcher.instance()

    def on_awake() -> None:
        count[0] += 1

    dispatcher.awake.connect(on_awake)
    yield count
    dispatcher.awake.disconnect(on_awake)


def test_each_has_a_turn_of_its_own_in_order(qtbot, owner, loop_turns):
    done = []
    for name in "abc":
        turns().ask(owner, lambda name=name: done.append((name, loop_turns[0])))
    assert not done, "nothing is done while it is asked for"
    qtbot.waitUntil(lambda: len(done) == 3)
    names, when = zip(*done, strict=True)
    assert names == ("a", "b", "c")
    assert len(set(when)) == 3


def test_who_had_nothing_to_do_gives_the_turn_to_the_next(qtbot, owner, loop_turns):
    done = []

    def nothing() -> bool:
        done.append(loop_turns[0])
        return False

    turns().ask(owner, nothing)
    turns().ask(owner, lambda: done.append(loop_turns[0]))
    qtbot.waitUntil(lambda: len(done) == 2)
    assert done[0] == done[1]


def test_nothing_is_called_for_an_object_that_is_gone(qtbot, owner):
    done = []
    gone = QObject()
    turns().ask(gone, lambda: done.append("gone"))
    turns().ask(owner, lambda: done.append("there"))
    shiboken6.delete(gone)
    qtbot.waitUntil(lambda: bool(done))
    assert done == ["there"]


def test_work_asked_for_within_a_turn_has_the_next(qtbot, owner):
    done = []

    def first() -> None:
        turns().ask(owner, lambda: done.append("second"))
        done.append("first")

    turns().ask(owner, first)
    qtbot.waitUntil(lambda: len(done) == 2)
    assert done == ["first", "second"]


def test_others_have_their_turns_while_one_waits_in_a_dialogue(qtbot, owner):
    done = []

    def dialogue() -> None:
        inner = QEventLoop()
        turns().ask(owner, inner.quit)
        QTimer.singleShot(5000, inner.quit)
        inner.exec()
        done.append("answered")

    turns().ask(owner, dialogue)
    turns().ask(owner, lambda: done.append("beside"))
    qtbot.waitUntil(lambda: len(done) == 2, timeout=4000)
    assert done == ["beside", "answered"]


def test_one_that_fails_keeps_nobody_from_a_turn(qtbot, owner):
    done = []

    def fails() -> None:
        raise ValueError("a fault")

    turns().ask(owner, fails)
    turns().ask(owner, lambda: done.append("next"))
    with qtbot.captureExceptions() as exceptions:
        qtbot.waitUntil(lambda: bool(done))
    assert [str(value) for _, value, _ in exceptions] == ["a fault"]


def test_there_is_one_for_the_program(qapp):
    assert turns() is turns()
    assert isinstance(turns(), Turns)
