"""What a command line asks of the session: which analyses, with which options."""

from __future__ import annotations

from argparse import Namespace


def analysis_options(options: Namespace) -> dict[str, str]:
    """Reading and task options of a command line, as the session takes them."""
    words: dict[str, str] = {}
    if getattr(options, "gps", None) is not None:
        words["gps"] = repr(options.gps)
    for name in ("columns", "detector", "waveform"):
        if getattr(options, name, None):
            words[name] = getattr(options, name)
    if getattr(options, "air", False):
        words["air"] = "true"
    return words


def task_names(options: Namespace) -> tuple[str, ...] | None:
    """The analyses asked for by name; None for all that fit."""
    given = getattr(options, "task", None)
    return tuple(name.strip() for name in given.split(",") if name.strip()) if given else None
