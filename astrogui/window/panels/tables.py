"""How every table of the window looks and behaves."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, Qt
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

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index):  # type: ignore[no-untyped-def]
        editor = super().createEditor(parent, option, index)
        if editor is not None:
            editor.setAcceptDrops(False)
        return editor


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
    view.viewport().setAcceptDrops(False)
    view.setItemDelegate(PlainEditor(view))
    rows = view.verticalHeader()
    rows.setVisible(False)
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(view.fontMetrics().height() + 8)
    heads = view.horizontalHeader()
    heads.setHighlightSections(False)
    heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def selected_rows(view: QTableView) -> list[int]:
    """The lines selected, from top to bottom."""
    return sorted(index.row() for index in view.selectionModel().selectedRows())
