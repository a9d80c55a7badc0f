"""Filling a table whose columns are as wide as their contents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QHeaderView, QTableWidget


@contextmanager
def filled(table: QTableWidget) -> Iterator[None]:
    """The columns are fitted once, after the last cell.

    Qt fits all of them again at every cell: a hundred cells took a tenth of a second.
    """
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    try:
        yield
    finally:
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
