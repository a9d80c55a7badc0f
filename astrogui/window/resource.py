"""The program's own pictures and texts."""

from __future__ import annotations

from pathlib import Path

from astrogui.session.settings import shipped


def resource(name: str) -> Path:
    """The file ``resources/<name>`` of a checkout or an installation."""
    return shipped("resources") / name
