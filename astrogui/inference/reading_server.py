"""The reader process: recognises and reads files, so that a file can harm no other process.

It is small, knows no network, answers one request at a time, and is expendable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from astrogui.inference import child, precedence

DEFAULT_MEMORY_BYTES = 4 << 30
ORPHAN_GRACE_S = 20.0  # the parent kills a hanging reader long before


def serve(
    recognise: Callable[[str, dict[str, str]], Any] | None = None,
    read: Callable[[Any], Any] | None = None,
    glimpse: Callable[[str], Any] | None = None,
) -> NoReturn:
    """Answer requests until the parent closes the connection, which ends the process.

    The functions are those of ``readers`` unless a test gives its own.
    """
    called, said = child.begin_aside()
    first = said.get("first")
    if not first:  # nobody waits for a file: the window's own start goes first
        called()
    from pathlib import Path

    from astrogui import readers
    from astrogui.inference.messages import receive, send
    from astrogui.readers import fits_contents
    from astrogui.readers import glimpse as glimpses

    glimpse = glimpse or glimpses.glimpse
    operations: dict[str, Callable[..., Any]] = {
        "recognise": recognise or readers.recognise,
        "read": read or readers.read,
        "table": _read_table,
        "glimpse": glimpse,
        "parts": fits_contents.parts,
        "header": fits_contents.header_text,
    }
    folder = Path(said["folder"])
    watchdog = child.Watchdog(float(said["timeout_s"]) + ORPHAN_GRACE_S)
    limit_memory(int(said["memory_bytes"]))
    ahead = None
    if first:
        watchdog.arm()
        ahead = ("glimpse", (first,)), _perform(glimpse, (first,))
        watchdog.rest()
    connection = called()
    while True:
        try:
            number, operation, arguments = receive(connection, folder)
        except (EOFError, OSError):
            child.leave(said)
        watchdog.arm()
        if ahead is not None and ahead[0] == (operation, arguments):
            outcome, value = ahead[1]
        else:
            outcome, value = _perform(operations[operation], arguments)
        ahead = None  # files change
        if number == 1:  # a window that opens has nothing to show before this answer
            precedence.step_back(said, "reader")
        try:
            _reply(lambda w: send(connection, w, folder), number, outcome, value, arguments)
        except (BrokenPipeError, ConnectionResetError):
            child.leave(said)
        watchdog.rest()


def _read_table(path: str) -> Any:
    """An analyst's own table of sources; what parses it is loaded when the first one comes."""
    from astrogui.readers.sky_table import read_sky_table

    return read_sky_table(path)


def limit_memory(above_bytes: int) -> None:
    """Let the process grow by ``above_bytes`` over its present address space, where possible.

    A header that asks for more then meets MemoryError, not the system's out-of-memory killer.
    """
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
    except (ImportError, OSError):  # not on this system
        return
    limit = pages * resource.getpagesize() + above_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _perform(operation: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """Outcome and value: a fault of the world or a traceback where there is no result."""
    import traceback

    from astrogui.errors import AstroguiError

    try:
        return "done", operation(*arguments)
    except AstroguiError as error:
        return "problem", error
    except MemoryError:
        return "problem", _too_large(arguments)
    except Exception:
        return "bug", traceback.format_exc()


def _reply(
    send: Callable[[Any], None], number: int, outcome: str, value: Any, arguments: tuple[Any, ...]
) -> None:
    """Send the outcome; a record that cannot be sent is told as such."""
    import traceback

    try:
        send((number, outcome, value))
    except MemoryError:
        send((number, "problem", _too_large(arguments)))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception:
        send((number, "bug", traceback.format_exc()))


def _too_large(arguments: tuple[Any, ...]) -> Any:
    from astrogui.errors import TooLarge

    path = str(getattr(arguments[0], "path", arguments[0]))
    return TooLarge(
        path,
        "",
        "it asks for more memory than the reader is allowed",
        "Check that the sizes in its header are true, or cut out the part you need.",
    )
