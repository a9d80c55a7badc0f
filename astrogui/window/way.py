"""Who goes first where processors are short: the window's thread, before all that work for it."""

from __future__ import annotations

import os
import sys
import threading
from weakref import WeakSet

BEHIND = 4  # a little: what they compute is waited for, and they hold the interpreter at times


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
