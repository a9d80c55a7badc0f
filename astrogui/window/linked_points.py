"""Points that stand for rows: enclosed points select rows, rows selected light up points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QToolButton, QWidget

from astrogui.records.column_table import ColumnTable
from astrogui.window.formatting import header_text

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MOST_CLASSES = 12
TOOLS = (
    ("pan", "Move", "Drag moves, the wheel zooms"),
    ("box", "Box", "Drag a box to select rows; Shift adds, Ctrl takes away"),
    ("lasso", "Lasso", "Draw round points to select rows; Shift adds, Ctrl takes away"),
)

Places = NDArray[np.int64]


def choose_enclosed(bench: Workbench, places: Places, mask: NDArray[np.bool_], how: str) -> None:
    """Select the rows at those places (n,) of the table whose points (n,) were enclosed.

    ``how`` is "replace", "add" or "remove". A mask of other points is not acted upon.
    """
    if mask.size != places.size:
        return
    store = bench.model.store
    ids = store.row_ids(places[mask])
    before = bench.selection.ids
    if how == "add":
        ids = np.union1d(before, ids)
    elif how == "remove":
        ids = before[~np.isin(before, ids)]
    current = int(ids[0]) if ids.size else None
    bench.selection.choose_rows(ids, current, None if current is None else store.item_of(current))


def choose_point(bench: Workbench, places: Places, place: int) -> None:
    """Select the one row whose point was clicked."""
    row_id = bench.model.store.row_id(int(places[place]))
    bench.selection.choose_rows((row_id,), row_id, bench.model.store.item_of(row_id))


def chosen_points(bench: Workbench, places: Places) -> NDArray[np.bool_]:
    """Which of the points (n,) stand for rows that are selected."""
    store = bench.model.store
    chosen = np.zeros(len(store), bool)
    found = store.positions(bench.selection.ids)
    chosen[found[found >= 0]] = True
    return np.asarray(np.take(chosen, places))


def colours_of(
    store: ColumnTable, name: str, places: Places
) -> tuple[NDArray[np.float64] | None, tuple[str, ...], str]:
    """What a column colours points by: numbers (n,), the names of classes, the column's title."""
    column = next((one for one in store.columns if one.name == name), None)
    if column is None:
        return None, (), ""
    title = header_text(name, column.unit)
    if store.is_text(name):
        return (*_classes(store, name, places), title)
    return np.take(store.numbers(name), places), (), title


def _classes(
    store: ColumnTable, name: str, places: Places
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Texts as numbers 0, 1, … of the commonest ones; the rest and null are NaN."""
    column = store.text(name).take(places)
    common = [text for text, _ in column.counts()[:MOST_CLASSES]]
    number = np.full(len(column.words), np.nan)
    for place, text in enumerate(common):
        code = column.words.code(text)
        if code is not None:
            number[code] = place
    return np.take(number, column.codes), tuple(common)


def tool_buttons(
    parent: QWidget,
    choose: Callable[[str, bool], None],
    further: tuple[tuple[str, str, str], ...] = (),
) -> dict[str, QToolButton]:
    """A button for each thing that a drag can do; ``choose`` gets its name and whether it is on.

    ``further`` ones, each with name, text and tip, come after those of every plot.
    """
    buttons: dict[str, QToolButton] = {}
    for name, text, tip in (*TOOLS, *further):
        button = QToolButton(parent)
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setAutoExclusive(True)
        button.toggled.connect(partial(choose, name))
        buttons[name] = button
    return buttons
