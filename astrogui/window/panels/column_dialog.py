"""Which columns the catalogue shows, in which order, and which stay at the left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

NAME = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    name: str
    title: str
    words: str
    is_shown: bool


class ColumnDialog(QDialog):
    """``chosen`` carries the names shown, in their order, all names, and how many are frozen."""

    chosen = Signal(object, object, int)

    def __init__(
        self, columns: Sequence[ColumnChoice], frozen: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Columns of the catalogue")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Find a column")
        self.search.setAcceptDrops(False)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find a column")
        self.list = QListWidget(self)
        self.list.setAccessibleName("Columns, in their order")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        for column in columns:
            self._add(column)
        self.frozen = QSpinBox(self)
        self.frozen.setRange(0, 8)
        self.frozen.setValue(frozen)
        self.frozen.setAccessibleName("Columns that stay at the left")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        side = QVBoxLayout()
        for text, slot in (
            ("&Up", self._up), ("&Down", self._down), ("To the &top", self._to_top),
            ("&Show", self._show_chosen), ("&Hide", self._hide_chosen), ("Show &all", self._all),
        ):  # fmt: skip
            button = QPushButton(text, self)
            button.setAutoDefault(False)
            button.clicked.connect(slot)
            side.addWidget(button)
        side.addStretch()
        middle = QHBoxLayout()
        middle.addWidget(self.list, 1)
        middle.addLayout(side)
        frozen_line = QHBoxLayout()
        label = QLabel("&Frozen: the first", self)
        label.setBuddy(self.frozen)
        frozen_line.addWidget(label)
        frozen_line.addWidget(self.frozen)
        frozen_line.addWidget(QLabel("columns stay at the left", self))
        frozen_line.addStretch()
        body = QVBoxLayout(self)
        body.addWidget(self.search)
        body.addLayout(middle, 1)
        body.addLayout(frozen_line)
        body.addWidget(buttons)
        self.search.textChanged.connect(self._on_search)
        self.resize(520, 560)

    def _add(self, column: ColumnChoice) -> None:
        item = QListWidgetItem(column.title, self.list)
        item.setData(NAME, column.name)
        item.setToolTip(column.words)
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsUserCheckable
            | Qt.ItemFlag.ItemIsDragEnabled
        )
        item.setCheckState(_state(column.is_shown))

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _on_search(self, text: str) -> None:
        for item in self._items():
            words = f"{item.text()} {item.toolTip()}".casefold()
            item.setHidden(text.casefold() not in words)

    def _move(self, by: int) -> None:
        rows = sorted(self.list.row(item) for item in self.list.selectedItems())
        if not rows or rows[0] + by < 0 or rows[-1] + by >= self.list.count():
            return
        for row in rows if by < 0 else reversed(rows):
            item = self.list.takeItem(row)
            self.list.insertItem(row + by, item)
            item.setSelected(True)
            self.list.setCurrentItem(item)
        for row in rows:
            self.list.item(row + by).setSelected(True)

    def _up(self) -> None:
        self._move(-1)

    def _down(self) -> None:
        self._move(1)

    def _to_top(self) -> None:
        rows = sorted(self.list.row(item) for item in self.list.selectedItems())
        for place, row in enumerate(rows):
            self.list.insertItem(place, self.list.takeItem(row))
        self.list.setCurrentRow(0)

    def _check(self, is_shown: bool) -> None:
        for item in self.list.selectedItems():
            item.setCheckState(_state(is_shown))

    def _show_chosen(self) -> None:
        self._check(True)

    def _hide_chosen(self) -> None:
        self._check(False)

    def _all(self) -> None:
        for item in self._items():
            item.setCheckState(_state(True))

    def _on_accepted(self) -> None:
        items = self._items()
        names = [str(item.data(NAME)) for item in items]
        shown = [str(i.data(NAME)) for i in items if i.checkState() == Qt.CheckState.Checked]
        self.chosen.emit(shown, names, self.frozen.value())
        self.accept()


def _state(is_on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked
