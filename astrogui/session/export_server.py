"""The exporter process: writes one catalogue, so that the window's process need not.

Packing a million rows into a file holds the interpreter and takes memory. The process begins with
the columns kept beside the project and reads for itself whatever came since.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from astrogui.inference import child

if TYPE_CHECKING:
    from astrogui.tasks.task import Task

TELL_S = 0.1  # progress is told no more often


def serve(tasks: Sequence[Task] | None = None) -> NoReturn:
    """Take one order, carry it out, say what became of it, and end.

    The tasks are the application's unless a test gives its own.
    """
    connection, said = child.begin()
    from astrogui.inference.messages import receive, send

    try:
        order = receive(connection, Path(said["folder"]))
        send(connection, _perform(connection, order, tasks))
        connection.recv_bytes()  # until the parent has read it, and closes
    except (EOFError, OSError):
        pass
    child.leave(said)


def _perform(
    connection: Connection, order: dict[str, Any], tasks: Sequence[Task] | None
) -> tuple[str, Any]:
    """Outcome and value: the number of rows, a fault of the world, or a traceback."""
    import traceback

    from astrogui.errors import AstroguiError

    try:
        return "done", _write(connection, order, tasks)
    except AstroguiError as error:
        return "problem", error
    except Exception:
        return "bug", traceback.format_exc()


def _write(connection: Connection, order: dict[str, Any], tasks: Sequence[Task] | None) -> int:
    from astrogui.inference.messages import send
    from astrogui.session import exporting
    from astrogui.tasks import TASKS

    last_s, last_words = 0.0, ""

    def tell(fraction: float, words: str) -> None:
        nonlocal last_s, last_words
        now = time.monotonic()
        if words != last_words or now - last_s >= TELL_S:
            last_s, last_words = now, words
            send(connection, ("progress", (fraction, words)))

    known = {task.name: task for task in (TASKS if tasks is None else tasks)}
    folder, beside = order["within"]
    return exporting.write(
        Path(order["project"]),
        [known[name] for name in order["tasks"]],
        order["path"],
        order["row_ids"],
        order["posteriors"],
        order["meta"],
        order["columns"],
        told=tell,
        extra=[exporting.ExtraColumn(*parts) for parts in order["extra"]],
        within=(Path(folder), None if beside is None else Path(beside)),
    )
