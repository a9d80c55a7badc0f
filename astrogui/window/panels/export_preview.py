"""The first rows of an export: type, unit and UCD of each column, then values as written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QTableView, QWidget

from astrogui.records.catalogue import Catalogue

HEADS = ("type", "unit", "UCD")
SHOWN_ROWS = 30
WIDEST = 260  # pixels of a column
PADDING = 14
Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


@dataclass(frozen=True, slots=True)
class Preview:
    """Names of the columns, and of each its heads and first values in words."""

    names: tuple[str, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()

    @property
    def lines(self) -> int:
        return len(self.columns[0]) if self.columns else 0


def preview_of(sample: Catalogue) -> Preview:
    """The words of several hundred columns take a tenth of a second: made in the pool."""
    first = Catalogue(
        columns=sample.columns,
        values={name: values[:SHOWN_ROWS] for name, values in sample.values.items()},
        nulls={name: nulls[:SHOWN_ROWS] for name, nulls in sample.nulls.items()},
    )
    rows = first.rows()
    return Preview(
        tuple(column.name for column in sample.columns),
        tuple(
            (
                column.type, column.unit or "–", column.ucd or "–",
                *(written(row[column.name]) for row in rows),
            )
            for column in sample.columns
        ),
    )  # fmt: skip


class PreviewModel(QAbstractTableModel):
    """A preview for a table: cells are made when they are painted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown = Preview()
        self._italic = QFont()
        self._italic.setItalic(True)

    def show_preview(self, preview: Preview) -> None:
        self.beginResetModel()
        self._shown = preview
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._shown.lines

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown.names)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if role == Role.DisplayRole:
            return self._shown.columns[index.column()][index.row()]
        if role == Role.FontRole and index.row() < len(HEADS):
            return self._italic
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if role != Role.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return self._shown.names[section]
        return HEADS[section] if section < len(HEADS) else str(section - len(HEADS) + 1)

    def longest(self, column: int) -> Sequence[str]:
        """The words that want most room: the name, and the longest below it."""
        return self._shown.names[column], max(self._shown.columns[column], key=len)


class PreviewTable(QTableView):
    """Columns as wide as their longest words, up to a limit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = PreviewModel(self)
        self.setModel(self.cells)
        self.setWordWrap(False)
        self.setAccessibleName("First rows as they will be written")

    def show_preview(self, preview: Preview) -> None:
        """Show these words instead."""
        self.cells.show_preview(preview)
        metrics = self.fontMetrics()
        for place in range(len(preview.names)):
            widest = max(metrics.horizontalAdvance(text) for text in self.cells.longest(place))
            self.setColumnWidth(place, min(widest + PADDING, WIDEST))


def written(value: Any) -> str:
    """A cell with every digit that is written; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
