"""The log: one file that stays small, where bugs and the helper processes' words go."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from astrogui.session.settings import log_path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up(path: Path | None = None) -> Path | None:
    """Send the application's log to its file; None where that cannot be written."""
    path = path or log_path()
    logger = logging.getLogger("astrogui")
    if any(isinstance(handler, RotatingFileHandler) for handler in logger.handlers):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=2, delay=True)
    except OSError:  # a home that cannot be written: errors still reach the terminal
        return None
    handler.setFormatter(logging.Formatter(FORMAT))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return path
