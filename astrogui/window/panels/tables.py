"""How every table of the window looks and behaves."""

from __future__ import annotations

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


class PlainEditor(QStyledItemDelegate):
    """Edits in place; its editors leave dropped files to the window."""

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setAcceptDrops(False)
        return editor


class NameDelegate(QStyledItemDelegate):
    """Shortens file names in their middle: what tells them apart stands at both ends."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


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
