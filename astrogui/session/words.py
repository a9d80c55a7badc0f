"""A row of the catalogue in words, for terminals and the clipboard."""

from __future__ import annotations

from typing import Any

LARGE = 1e7


def row_line(row: dict[str, Any]) -> str:
    """A row of the catalogue in words, every interval with its level."""
    cells = [str(row.get("file") or ""), str(row.get("object_id") or "")]
    for name, value in row.items():
        if f"{name}_lo68" in row and isinstance(value, float) and not name.startswith("prob_"):
            low, high = row[f"{name}_lo68"], row[f"{name}_hi68"]
            if low is not None and high is not None:
                cells.append(f"{name}={_text(value)} [{_text(low)}, {_text(high)}] 68%")
    if row.get("search_statistic") is not None:
        rate = row.get("far_per_hour")
        words = "" if rate is None else f", {rate:.3g} false alarms an hour"
        cells.append(f"statistic={row['search_statistic']:.2f} ({row.get('search_kind')}{words})")
    if row.get("class"):
        probability = row.get(f"prob_{str(row['class']).lower()}")
        cells.append(f"{row['class']}" + (f" p={probability:.3f}" if probability else ""))
    flags = [str(row[name]) for name in row if name.startswith("flags") and row[name]]
    if flags:
        cells.append("! " + "; ".join(dict.fromkeys(flags)))
    return "  ".join(cell for cell in cells if cell)


def _text(value: float) -> str:
    """Five digits; of a time in GPS seconds, its milliseconds."""
    return f"{value:.3f}" if abs(value) >= LARGE else f"{value:.5g}"
