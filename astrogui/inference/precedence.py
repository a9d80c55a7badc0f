"""Who goes first where processors are short: a window, then what is waited for, then the rest."""

from __future__ import annotations

import os
from typing import Any

NICENESS = {"reader": 9, "worker": 19}  # somebody waits for what is read
GIVES_WAY = "gives_way"  # what a parent with a window says to the processes it starts


def step_back(said: dict[str, Any], name: str) -> None:
    """Let the parent's window go first, if the parent says that it has one.

    A process without a window competes with other programs as an equal: beside another job of the
    same terminal a nice one would hardly get on.
    """
    if said.get(GIVES_WAY) and hasattr(os, "nice"):
        os.nice(NICENESS[name])
