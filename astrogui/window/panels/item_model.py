"""A list whose lines Qt keeps itself: to paint them it asks nothing of Python.

While hundreds of files arrive, threads compute in Python all the time, and each question of a
table that is painted would wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon, QStandardItem, QStandardItemModel


class ItemModel(QStandardItemModel):
    """Values as lines of one column; ``key`` names a value.

    A refresh tells lines that changed from lines that came or went, as ``ListModel`` does.
    """

    def __init__(
        self,
        head: str,
        key: Callable[[Any], int],
        text: Callable[[Any], str],
        tip: Callable[[Any], str],
        icon: Callable[[Any], QIcon],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(0, 1, parent)
        self.setHorizontalHeaderLabels([head])
        self._key, self._text, self._tip, self._icon = key, text, tip, icon
        self._values: list[Any] = []
        self._rows: dict[int, int] = {}  # line by key

    def show_values(self, values: Sequence[Any]) -> None:
        """Show these and no others: lines change in place where the keys are the same."""
        before = list(self._rows)
        if [self._key(value) for value in values[: len(before)]] != before:
            self.removeRows(0, self.rowCount())
            self._values.clear()
            self._rows.clear()
        self.show_also(values)

    def show_also(self, values: Sequence[Any]) -> None:
        """Show these too, or in place of those with their keys."""
        fresh: dict[int, Any] = {}
        for value in values:
            row = self.row_of(self._key(value))
            if row is None:
                fresh[self._key(value)] = value
            elif value != self._values[row]:
                self._values[row] = value
                self._fill(self.item(row), value)
        if not fresh:
            return
        first = len(self._values)
        self._values.extend(fresh.values())
        self._rows.update((key, first + number) for number, key in enumerate(fresh))
        items = [self._fill(QStandardItem(), value) for value in fresh.values()]
        self.invisibleRootItem().appendRows(items)

    def renew_icons(self) -> None:
        """The icons are to be asked for again: their colours are others."""
        for row, value in enumerate(self._values):
            self.item(row).setIcon(self._icon(value))

    def value(self, row: int) -> Any:
        return self._values[row]

    def row_of(self, key: int) -> int | None:
        return self._rows.get(key)

    def _fill(self, item: QStandardItem, value: Any) -> QStandardItem:
        item.setText(self._text(value))
        item.setToolTip(self._tip(value))
        item.setIcon(self._icon(value))
        item.setEditable(False)
        return item
