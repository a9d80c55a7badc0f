"""The one object that drives the path of a file, for the window and for the command line.

``Session`` stays thin: a public method posts a command to the session's thread and returns a
future; the work belongs to the room that the command names.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Session"]


def __getattr__(name: str) -> Any:
    """``from astrogui.session import Session``, loaded when it is asked for."""
    if name == "Session":
        from astrogui.session.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
