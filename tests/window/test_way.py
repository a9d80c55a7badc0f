"""Threads that work for the window go behind it where processors are short."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from astrogui.window.way import BEHIND

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no own priority")


def nice(thread):
    return os.getpriority(os.PRIO_PROCESS, thread.native_id)


@pytest.fixture
def thread():
    """One that works until the test ends."""
    done = threading.Event()
    made = threading.Thread(target=done.wait)
    made.start()
    yield made
    done.set()
    made.join()


def test_with_the_next_news_a_thread_is_behind_the_window(bench, thread, qtbot):
    before = nice(threading.main_thread())
    assert nice(thread) == before
    bench.commands.add(["/data/s1.fits"])
    qtbot.waitUntil(lambda: nice(thread) == before + BEHIND)
    assert nice(threading.main_thread()) == before


def test_one_that_is_further_behind_stays_there(bench, thread, qtbot):
    wanted = nice(threading.main_thread()) + BEHIND + 2
    os.setpriority(os.PRIO_PROCESS, thread.native_id, wanted)
    bench.commands.add(["/data/s1.fits"])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 1)
    assert nice(thread) == wanted
