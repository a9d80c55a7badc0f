"""The cells of the catalogue as text."""

from __future__ import annotations

from astrogui.records.column_table import ColumnTable
from astrogui.viewers.unit_text import percent_text
from astrogui.window.formatting import file_names, plain, with_interval
from astrogui.window.shown_columns import PROBABILITY, Shown


def cell_text(store: ColumnTable, shown: Shown, position: int) -> str:
    """What a cell shows: a value, with its bounds where it has any. Its unit is in the head."""
    column = shown.column
    value = store.cell(position, column.name)
    if column.name.startswith(PROBABILITY) and isinstance(value, float):
        return percent_text(value)
    if shown.has_bounds and isinstance(value, float):
        low = store.cell(position, f"{column.name}_lo68")
        high = store.cell(position, f"{column.name}_hi68")
        return with_interval(value, low, high)
    if column.type == "bool" and value is not None:
        return "yes" if value else "no"
    if column.name == "file" and isinstance(value, str):
        return file_names(value.split(";"))
    return plain(value, column.format)


def cell_tip(store: ColumnTable, shown: Shown, position: int) -> str | None:
    """A cell in full, with its intervals; None where it is empty."""
    column = shown.column
    value = store.cell(position, column.name)
    if value is None:
        return None
    if not shown.has_bounds:
        return str(value) if column.type == "text" else plain(value)
    lines = [f"{column.description or column.name}: {value:.7g} {column.unit}".rstrip()]
    for level in ("68", "90"):
        low = store.cell(position, f"{column.name}_lo{level}")
        high = store.cell(position, f"{column.name}_hi{level}")
        if low is not None and high is not None:
            lines.append(f"{level} %: {low:.7g} to {high:.7g}")
    return "\n".join(lines)
