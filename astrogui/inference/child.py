"""The child's side of a helper process: its connection, its standard output, its own end.

Imported before anything else in a helper process, so it imports little itself.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from typing import Any, NoReturn

PARENT_LOOK_S = 2.0


def begin() -> tuple[Connection, dict[str, Any]]:
    """The connection to the parent and what the parent said on standard input.

    Libraries write to descriptor 1 as they like, so it is sent to standard error first. The
    parent's address and key come in one line of JSON on standard input: neither the arguments nor
    the environment show them to other programs.
    """
    said = _heard()
    connection = _called(said)
    return connection, said


def begin_aside() -> tuple[Callable[[], Connection], dict[str, Any]]:
    """Like ``begin``, the connection being what the function returns once the parent answers.

    A parent that is busy with its own start answers late; until then the child can work.
    """
    said = _heard()
    made: list[Connection] = []
    calling = threading.Thread(target=lambda: made.append(_called(said)), daemon=True)
    calling.start()

    def connection() -> Connection:
        calling.join()
        if not made:  # the parent is gone, or another than it says
            leave(said, 3)
        return made[0]

    return connection, said


def _heard() -> dict[str, Any]:
    os.dup2(2, 1)
    said: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, args=(said,), daemon=True).start()
    return said


def _called(said: dict[str, Any]) -> Connection:
    address = said["address"]
    return Client(
        tuple(address) if isinstance(address, list) else address,
        authkey=bytes.fromhex(said["authkey"]),
    )


def leave(said: dict[str, Any], code: int = 0) -> NoReturn:
    """End this process at once, clearing the folders that a parent who died could not clear."""
    import shutil

    for folder in (said["folder"], *said.get("clears", ())):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(code)


def _end_with_parent(said: dict[str, Any]) -> None:
    """Leave when the parent is gone, whatever the main thread is doing.

    The closed connection tells so too; this is for a connection that some other process inherited.
    """
    while os.getppid() == said["parent"]:
        time.sleep(PARENT_LOOK_S)
    leave(said, 3)


class Watchdog:
    """Ends this process when nothing has been heard of it for ``seconds``, even in a C loop.

    The parent does so first; this is for a helper whose parent died while a library hangs and
    holds the interpreter. The stack goes to standard error, where the log is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed_at = -math.inf

    def arm(self) -> None:
        """Start the time anew, to a twentieth of it: each true start waits for a new thread."""
        import faulthandler

        now = time.monotonic()
        if now - self._armed_at > self._seconds / 20:
            self._armed_at = now
            faulthandler.dump_traceback_later(self._seconds, exit=True)

    def rest(self) -> None:
        """No limit while the process has nothing to do."""
        import faulthandler

        self._armed_at = -math.inf
        faulthandler.cancel_dump_traceback_later()
