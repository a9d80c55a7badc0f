"""What Qt asks of the catalogue: which rows stand where, and what a cell shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from astrogui.records.catalogue import Column
from astrogui.records.column_table import ColumnTable
from astrogui.records.judgement import FIELDS as EDITABLE
from astrogui.window.catalogue_cells import cell_text, cell_tip
from astrogui.window.formatting import header_text, plain
from astrogui.window.panels.tables import Cell
from astrogui.window.row_store import Arrangement, Positions, SortKey
from astrogui.window.shown_columns import Shown

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

_ANSWERED = frozenset(
    int(role)
    for role in (Role.DisplayRole, Role.ToolTipRole, Role.EditRole, Role.TextAlignmentRole)
)
_CELL = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren


class CatalogueFace(QAbstractTableModel):
    """Columns and an arrangement of their rows, as a table model that never changes by itself."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = ColumnTable()
        self._shown: tuple[Shown, ...] = ()
        self._rows = Arrangement(np.zeros(0, np.int64))
        self.sort_keys: tuple[SortKey, ...] = ()

    def row_id(self, row: int) -> int:
        return self.store.row_id(int(self._rows.order[row]))

    def row_ids(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) row ids of these lines."""
        return self.store.row_ids(np.take(self._rows.order, rows))

    def positions(self) -> Positions:
        """(lines,) where in the store each line's row stands. Not to be written to."""
        return self._rows.order

    def filtered_ids(self) -> NDArray[np.int64]:
        """Row ids on screen, in their order."""
        return self.store.row_ids(self._rows.order)

    def row_of(self, row_id: int) -> int | None:
        """The line on screen of a row; None where it is not read, or filtered out."""
        position = self.store.position(row_id)
        if position is None:
            return None
        return self._rows.line_of(position)

    def lines_of(self, positions: Positions) -> NDArray[np.int64]:
        """The lines on screen of the rows at these positions, rising."""
        return self._rows.lines_of(positions)

    def shown_column(self, section: int) -> Column:
        return self._shown[section].column

    def has_bounds(self, section: int) -> bool:
        return self._shown[section].has_bounds

    def section_of(self, name: str) -> int | None:
        names = [shown.column.name for shown in self._shown]
        return names.index(name) if name in names else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  (Qt's signature)
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        # Qt's own asks for the counts of rows and columns, by two calls a cell.
        if parent.isValid() or not (0 <= row < len(self._rows) and 0 <= column < len(self._shown)):
            return QModelIndex()
        return self.createIndex(row, column)

    def shown_cell(self, row: int, column: int) -> Cell:
        """What the table paints."""
        shown = self._shown[column]
        text = cell_text(self.store, shown, int(self._rows.order[row]))
        return Cell(text, is_number=shown.column.type != "text")

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return section + 1 if role == Role.DisplayRole else None
        if not 0 <= section < len(self._shown):
            return None
        column = self._shown[section].column
        if role == Role.DisplayRole:
            return header_text(column.name, column.unit) + self._sort_text(column.name)
        if role == Role.ToolTipRole:
            words = column.description or column.name
            return f"{words} [{column.unit}]" if column.unit else words
        return None

    def _sort_text(self, name: str) -> str:
        """Which of several sort keys a column is, and its direction; the header marks a first."""
        names = [key.name for key in self.sort_keys]
        if name not in names or len(names) < 2:
            return ""
        place = names.index(name)
        return f" {'↓' if self.sort_keys[place].falling else '↑'}{place + 1}"

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        # A table asks for nine roles a cell while it paints: most end here.
        if role not in _ANSWERED or not index.isValid():
            return None
        shown = self._shown[index.column()]
        position = int(self._rows.order[index.row()])
        if role == Role.DisplayRole:
            return cell_text(self.store, shown, position)
        if role == Role.ToolTipRole:
            return cell_tip(self.store, shown, position)
        if role == Role.EditRole:
            value = self.store.cell(position, shown.column.name)
            return "" if value is None else plain(value)
        if role == Role.TextAlignmentRole and shown.column.type != "text":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        is_editable = self._shown[index.column()].column.name in EDITABLE
        return _CELL | Qt.ItemFlag.ItemIsEditable if is_editable else _CELL
