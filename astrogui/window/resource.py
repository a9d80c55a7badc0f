"""Where the program's own pictures and texts lie."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str) -> Path:
    """The file ``resources/<name>``, beside the package or where an installation put it.

    Raises ``FileNotFoundError`` naming every folder looked at.
    """
    folders = (
        PACKAGE / "resources",
        PACKAGE.parent / "resources",
        Path(sys.prefix) / "share" / "astrogui" / "resources",
    )
    for folder in folders:
        path = folder / name
        if path.exists():
            return path
    raise FileNotFoundError(f"no {name} in {', '.join(map(str, folders))}")


def text(name: str) -> str:
    """The words of ``resources/text/<name>``."""
    return resource(f"text/{name}").read_text("utf-8")
