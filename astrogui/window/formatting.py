"""Cells and heads of the tables as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from astrogui.viewers.unit_text import interval_text, unit_text

MINUS = "\u2212"


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """ "0.1234 +0.0012 −0.0010" from absolute bounds; without them the value alone."""
    if value is None or not math.isfinite(value):
        return ""
    if low is None or high is None:
        return plain(value)
    return interval_text(value, low, high)


def plain(value: Any, style: str = "") -> str:
    """A cell without an interval: printf-like ``style``, else five figures."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if style:
        text = style % value
    elif float(value).is_integer() and abs(value) < 1e9:
        text = f"{int(value)}"
    else:
        text = f"{value:.5g}"
    return text.replace("-", MINUS)


def header_text(name: str, unit: str) -> str:
    """A column's head: its name with the unit in brackets."""
    return f"{name} [{unit_text(unit)}]" if unit else name


def file_names(paths: Sequence[str]) -> str:
    """ "frame-g.fits +4": the first file's name and how many more there are."""
    names = [path.rpartition("/")[2] for path in paths]
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else ""


def bytes_text(count: int) -> str:
    """A file's size for people."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
