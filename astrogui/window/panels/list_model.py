"""A small table model over a list of values, refreshed as a whole without losing the selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from astrogui.window.panels.tables import Cell

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class ListModel(QAbstractTableModel):
    """Values as lines; ``cells`` gives a value's texts, ``tip`` what a line's tooltip says.

    ``key`` names a value, so that a refresh tells rows that changed from rows that came or went.
    """

    def __init__(
        self,
        heads: Sequence[str],
        key: Callable[[Any], int],
        cells: Callable[[Any], Sequence[str]],
        tip: Callable[[Any], str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._heads, self._key, self._cells = tuple(heads), key, cells
        self._tip = tip
        self._values: list[Any] = []
        self._rows: dict[int, int] = {}  # line by key

    def show_values(self, values: Sequence[Any]) -> None:
        """Show these: cells change in place where the keys are the same, new ones are appended."""
        before = list(self._rows)
        after = [self._key(value) for value in values]
        self._rows = {key: row for row, key in enumerate(after)}
        if after[: len(before)] == before:
            self._grow_to(values, len(before))
        else:
            self.beginResetModel()
            self._values = list(values)
            self.endResetModel()

    def _grow_to(self, values: Sequence[Any], known: int) -> None:
        changed = [i for i in range(known) if values[i] != self._values[i]]
        self._values[:known] = values[:known]
        if changed:
            last = self.columnCount() - 1
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], last))
        if len(values) > known:
            self.beginInsertRows(QModelIndex(), known, len(values) - 1)
            self._values.extend(values[known:])
            self.endInsertRows()

    def say_changed(self, row: int) -> None:
        """The cells of a line are to be asked for again."""
        self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    @property
    def values(self) -> list[Any]:
        """Every value, from top to bottom; not to be changed."""
        return self._values

    def value(self, row: int) -> Any:
        return self._values[row]

    def row_of(self, key: int) -> int | None:
        return self._rows.get(key)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  (Qt's signature)
        return 0 if parent.isValid() else len(self._values)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._heads)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        # Qt's own asks for the counts of rows and columns, by two calls a cell.
        if parent.isValid() or not (
            0 <= row < len(self._values) and 0 <= column < len(self._heads)
        ):
            return QModelIndex()
        return self.createIndex(row, column)

    def shown_cell(self, row: int, column: int) -> Cell:
        """What the table paints."""
        return Cell(self._cells(self._values[row])[column])

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if role == Role.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._heads[section]
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        value = self._values[index.row()]
        if role == Role.DisplayRole:
            return self._cells(value)[index.column()]
        if role == Role.ToolTipRole and self._tip is not None:
            return self._tip(value)
        if role == Role.UserRole:
            return value
        return None
