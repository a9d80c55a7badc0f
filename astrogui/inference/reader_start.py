"""Starts the reader process with nothing but the standard library, before Qt and NumPy are there.

The process then imports what it needs while the window does the same: a file of the command line
is recognised by the time there is a window to show it, and its glimpse taken.
"""

from __future__ import annotations

from astrogui.inference.precedence import GIVES_WAY
from astrogui.inference.process import HelperProcess, own_command
from astrogui.inference.reading_server import DEFAULT_MEMORY_BYTES

FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # parsing has no use for them
TIMEOUT_S = 10.0


def start_reader(log: str | None = None, first: str | None = None) -> HelperProcess | None:
    """A window's reader process for ``ReaderProcess(process=…)``; None where none starts now.

    It takes the glimpse of the file ``first`` before it is asked for it.
    """
    said = {
        "timeout_s": TIMEOUT_S,
        "memory_bytes": DEFAULT_MEMORY_BYTES,
        "first": first,
        GIVES_WAY: True,
    }
    try:
        return HelperProcess(own_command("reader"), log=log, said=said, environment=FEW_THREADS)
    except OSError:
        return None
