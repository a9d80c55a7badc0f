"""How every table of the window looks and behaves."""

from __future__ import annotations

from typing import NamedTuple, Protocol, cast, runtime_checkable

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

LINE_SEPARATOR = "\u2028"  # as Qt begins a line within a cell


class Cell(NamedTuple):
    """What a cell shows."""

    text: str
    is_number: bool = False  # it stands at the right


@runtime_checkable
class ShowsCells(Protocol):
    """A model that says at once what a cell shows.

    Qt asks a model for eight roles a cell while it paints, and each question has to wait for the
    interpreter where other threads compute: a table of a screen's height asks two thousand.
    """

    def shown_cell(self, row: int, column: int) -> Cell: ...


class PlainEditor(QStyledItemDelegate):
    """Edits in place; its editors leave dropped files to the window."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        model = view.model()
        self._cells = model if isinstance(model, ShowsCells) else None

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if self._cells is None:
            super().initStyleOption(option, index)
            return
        cell = self._cells.shown_cell(index.row(), index.column())
        option.index = cast(QModelIndex, index)
        option.text = cell.text.replace("\n", LINE_SEPARATOR)
        if cell.is_number:
            option.displayAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setAcceptDrops(False)
        return editor


class RowHeight(QObject):
    """Keeps the rows of a table as high as its text asks for."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view = view
        view.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        self._view.verticalHeader().setDefaultSectionSize(self._view.fontMetrics().height() + 8)


def prepare_table(view: QTableView, model: QAbstractItemModel, name: str) -> None:
    """Rows of one height, whole rows selected, no drops taken, a name for screen readers."""
    view.setModel(model)
    view.setAccessibleName(name)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setAlternatingRowColors(True)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTextElideMode(Qt.TextElideMode.ElideRight)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setAcceptDrops(False)
    view.setTabKeyNavigation(False)  # Tab leads on to the next control; arrows move in the table
    view.viewport().setAcceptDrops(False)
    view.setItemDelegate(PlainEditor(view))
    rows = view.verticalHeader()
    rows.setVisible(False)
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    RowHeight(view)
    heads = view.horizontalHeader()
    heads.setHighlightSections(False)
    heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def selected_rows(view: QTableView) -> list[int]:
    """The lines selected, from top to bottom; by ranges, since all of many may be."""
    rows: set[int] = set()
    for chosen in view.selectionModel().selection().toList():
        rows.update(range(chosen.top(), chosen.bottom() + 1))
    return sorted(rows)
