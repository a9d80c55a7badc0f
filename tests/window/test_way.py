"""Threads that work for the window go behind it where processors are short."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
import threading

import pytest

from astrogui.window.way import ATTRIBUTES, BEHIND, ONE_PAINTER, SLICE_NS, go_first

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


GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}  # number of sched_getattr(2), by machine


def slice_ns():
    """How long the thread that calls asks to run at a time, 0 where the kernel does not say."""
    buffer = ctypes.create_string_buffer(struct.calcsize(ATTRIBUTES))
    number = GET_ATTRIBUTES[platform.machine()]
    assert ctypes.CDLL(None).syscall(number, 0, buffer, len(buffer), 0) == 0
    return struct.unpack(ATTRIBUTES, buffer.raw)[5]


@pytest.mark.skipif(platform.machine() not in GET_ATTRIBUTES, reason="no number for the call")
def test_the_window_asks_for_short_turns_and_what_it_starts_does_not():
    told = []

    def window():
        before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        told.append(go_first())
        told.append(slice_ns())
        told.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before)
        child = threading.Thread(target=lambda: told.append(slice_ns()))
        child.start()
        child.join()

    thread = threading.Thread(target=window)  # the test's own thread stays as it is
    thread.start()
    thread.join()
    may, own, is_as_nice, others = told
    assert may
    assert is_as_nice
    if own == 0:
        pytest.skip("the kernel knows no such wish")
    assert own == SLICE_NS
    assert others != SLICE_NS


PAINTING = """
import os
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtCore import QRectF
from astrogui.window.way import paint_alone
{before}
application = QGuiApplication([])
picture = QImage(800, 800, QImage.Format.Format_RGB32)
tile = QImage(512, 512, QImage.Format.Format_RGB32)
tile.fill(0)
painter = QPainter(picture)
painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
painter.drawImage(QRectF(0.3, 0.2, 700, 700), tile)
painter.end()
tasks = "/proc/self/task"
print(sum("pooled" in open(f"{{tasks}}/{{task}}/comm").read() for task in os.listdir(tasks)))
"""


@pytest.mark.parametrize("before", ["paint_alone()", ""])
def test_qt_paints_in_the_thread_of_the_window_alone(before):
    environment = {name: said for name, said in os.environ.items() if name != ONE_PAINTER}
    done = subprocess.run(
        [sys.executable, "-c", PAINTING.format(before=before)],
        env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    helpers = int(done.stdout)
    if before:
        assert helpers == 0
    elif (os.cpu_count() or 1) > 1:
        assert helpers > 0  # else there is no need for it any more
