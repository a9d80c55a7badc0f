"""Who goes first where processors are short: the window's thread, before all that work for it."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import threading
from weakref import WeakSet

# How long a thread of the pool may keep the window from painting. Qt lets go of the interpreter at
# nearly every call: with Python's 5 ms a frame of twenty drawing calls would wait a tenth of a
# second to have it back from one that computes.
SWITCH_S = 0.0001
BEHIND = 4  # a little: what they compute is waited for, and they hold the interpreter at times

# Linux 6.12 and later let a thread say how long it wants to run at a time, and one that asks for
# less than the one that runs goes before it the moment it has something to do. Without it the
# window waits at every turn until a program in the background has had its 3 ms.
SLICE_NS = 100_000  # the shortest there is
SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}  # number of sched_setattr(2), by machine
# struct sched_attr: size, policy, flags, niceness, priority, runtime, deadline, period.
ATTRIBUTES = "IIQiIQQQ"
RESET_ON_FORK = 1  # flag: what this thread starts, threads or programs, asks for nothing


# Told to Qt by its environment; it looks when it paints for the first time.
ONE_PAINTER = "QT_NO_GUI_THREADPOOL"


def paint_alone() -> None:
    """Let Qt fill and convert pixels in the window's thread alone; to be called before it starts.

    Else it deals everything above some ninety rows of pixels out to threads, and waits at each
    call until they have woken up: a table's paint slept 150 times for 0.15 ms while nobody
    worked, and beside busy programs the threads are themselves kept waiting.
    """
    os.environ.setdefault(ONE_PAINTER, "1")


def go_first() -> bool:
    """Ask for short turns of the processor, soon, for the thread that calls; whether it may.

    Programs in the background that compute without a pause hold up its frames less: of a zoom
    beside two of them the slowest hundredth took about 31 ms where they took 43. Elsewhere than
    on Linux, and where the kernel is too old, nothing changes.
    """
    number = SET_ATTRIBUTES.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    size = struct.calcsize(ATTRIBUTES)
    niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    wanted = struct.pack(
        ATTRIBUTES, size, os.SCHED_OTHER, RESET_ON_FORK, niceness, 0, SLICE_NS, 0, 0
    )
    return ctypes.CDLL(None).syscall(number, 0, wanted, 0) == 0


class GiveWay:
    """Sets the threads of this process behind the window's, each when it is first seen.

    Threads that share the processors equally with the window's keep a paint of 30 ms waiting for as
    long again. Linux alone gives each thread a priority of its own; elsewhere nothing is done.
    """

    def __init__(self) -> None:
        self._seen: WeakSet[threading.Thread] = WeakSet()

    def look(self, *_: object) -> None:
        """Ask the threads that have begun since the last look to give way."""
        if sys.platform != "linux":
            return
        for thread in threading.enumerate():
            if thread in self._seen or thread is threading.main_thread():
                continue
            if thread.native_id is not None and _set_behind(thread.native_id):
                self._seen.add(thread)


def _set_behind(thread_id: int) -> bool:
    own = os.getpriority(os.PRIO_PROCESS, threading.main_thread().native_id or 0)
    try:
        if os.getpriority(os.PRIO_PROCESS, thread_id) < own + BEHIND:
            os.setpriority(os.PRIO_PROCESS, thread_id, own + BEHIND)
    except OSError:  # it has ended meanwhile
        return False
    return True
