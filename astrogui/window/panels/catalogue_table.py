"""The table of the catalogue: frozen columns at its left, and selections of any size and shape.

Qt keeps a selection as ranges, which a thousand scattered rows turn into minutes of work. So a
selection that came from elsewhere, or that a sort tore apart, is kept as one truth value a row and
painted from it; Qt's own selection remains the way in which mouse and keys choose rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QKeyEvent, QMouseEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.panels.tables import PlainEditor, prepare_table

PICTURE = "object_id"  # the column in whose cells thumbnails stand
Picture = Callable[[int], QPixmap | None]


class CatalogueTable(QTableView):
    """Rows of the catalogue; ``head_clicked`` and ``head_menu`` name a section."""

    head_clicked = Signal(int, bool)  # section, with Shift: as a further sort key
    head_menu = Signal(int, QPoint)  # section (-1: none), where on the screen
    toggled = Signal(int)  # a line added to or taken from a selection by Ctrl
    scrolled = Signal()

    def __init__(self, model: CatalogueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.chosen_rows: NDArray[np.bool_] | None = None  # by position in the store
        self.picture: Picture | None = None
        self.frozen = _Frozen(self)
        _prepare(self, model, self)
        self._prepare_heads(self)
        self.setSelectionModel(self.selectionModel())
        _prepare(self.frozen, model, self)
        self._prepare_heads(self.frozen)
        self.frozen.setSelectionModel(self.selectionModel())
        self.frozen.attach()
        heads = self.horizontalHeader()
        heads.sectionResized.connect(self._on_resized)
        heads.geometriesChanged.connect(self.place_frozen)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.frozen.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        model.visible_lines = self.visible_lines

    def _prepare_heads(self, view: QTableView) -> None:
        heads = view.horizontalHeader()
        heads.setSectionsClickable(True)
        heads.setSectionsMovable(view is self)
        heads.setSortIndicatorShown(True)
        heads.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        heads.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        heads.sectionClicked.connect(self._on_head_clicked)
        heads.customContextMenuRequested.connect(
            self._on_head_menu if view is self else self._on_frozen_menu
        )

    # -- frozen columns --------------------------------------------------------------------

    def freeze(self, sections: list[int]) -> None:
        """Keep these columns, which stand leftmost, in sight."""
        self.frozen.is_arranging = True
        for section in range(self._model.columnCount()):
            is_frozen = section in sections and not self.isColumnHidden(section)
            self.frozen.setColumnHidden(section, not is_frozen)
            if is_frozen:
                self.frozen.setColumnWidth(section, self.columnWidth(section))
        heads = self.frozen.horizontalHeader()
        for place, section in enumerate(sections):
            heads.moveSection(heads.visualIndex(section), place)
        self.frozen.is_used = bool(sections)
        self.frozen.is_arranging = False
        self.place_frozen()

    def place_frozen(self) -> None:
        frozen = self.frozen
        frozen.setVisible(frozen.is_used)
        if not frozen.is_used:
            return
        width = sum(
            frozen.columnWidth(section)
            for section in range(self._model.columnCount())
            if not frozen.isColumnHidden(section)
        )
        height = self.viewport().height() + self.horizontalHeader().height()
        frame = self.frameWidth()
        frozen.horizontalHeader().setFixedHeight(self.horizontalHeader().height())
        left = frame + self.verticalHeader().width() * self.verticalHeader().isVisible()
        frozen.setGeometry(left, frame, min(width, self.viewport().width()), height)
        frozen.verticalScrollBar().setValue(self.verticalScrollBar().value())
        frozen.raise_()

    def show_sort(self, section: int, order: Qt.SortOrder) -> None:
        """The arrow in both heads."""
        for view in (self, self.frozen):
            view.horizontalHeader().setSortIndicator(section, order)

    def set_row_height(self, height: int) -> None:
        for view in (self, self.frozen):
            view.verticalHeader().setDefaultSectionSize(height)
        self.place_frozen()

    # -- selection -------------------------------------------------------------------------

    def show_mask(self, mask: NDArray[np.bool_] | None) -> None:
        """Paint these rows as selected, by position; None leaves it to Qt."""
        self.chosen_rows = mask
        self.viewport().update()
        self.frozen.viewport().update()

    def is_masked(self, line: int) -> bool:
        order = self._model.positions()
        if self.chosen_rows is None or not 0 <= line < len(order):
            return False
        place = int(order[line])
        return place < len(self.chosen_rows) and bool(self.chosen_rows[place])

    def visible_lines(self) -> range:
        """The lines on screen."""
        first = self.rowAt(0)
        last = self.rowAt(self.viewport().height() - 1)
        count = self._model.rowCount()
        if first < 0:
            return range(0)
        return range(first, count if last < 0 else last + 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ctrl on a row of a masked selection turns that row."""
        is_turn = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if self.chosen_rows is not None and is_turn and event.button() == Qt.MouseButton.LeftButton:
            index = self.indexAt(event.position().toPoint())
            if index.isValid():
                self.toggled.emit(index.row())
                event.accept()
                return
        super().mousePressEvent(event)

    # -- Qt --------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_frozen()

    def updateGeometries(self) -> None:
        super().updateGeometries()
        self.place_frozen()

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """A cell below the frozen columns is brought out from under them."""
        super().scrollTo(index, hint)
        if not self.frozen.is_used or not self.frozen.isColumnHidden(index.column()):
            return
        hidden_by = self.frozen.width() - self.visualRect(index).left()
        if hidden_by > 0:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - hidden_by)

    def _on_scrolled(self, value: int) -> None:
        self.frozen.verticalScrollBar().setValue(value)
        self.scrolled.emit()

    def _on_resized(self, section: int, before: int, width: int) -> None:
        del before
        if width and self.frozen.is_used and not self.frozen.isColumnHidden(section):
            self.frozen.setColumnWidth(section, width)
            self.place_frozen()

    def _on_head_clicked(self, section: int) -> None:
        from PySide6.QtWidgets import QApplication

        shift = QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier
        self.head_clicked.emit(section, bool(shift))

    def _on_head_menu(self, place: QPoint) -> None:
        heads = self.horizontalHeader()
        self.head_menu.emit(heads.logicalIndexAt(place), heads.mapToGlobal(place))

    def _on_frozen_menu(self, place: QPoint) -> None:
        heads = self.frozen.horizontalHeader()
        self.head_menu.emit(heads.logicalIndexAt(place), heads.mapToGlobal(place))


class _Frozen(QTableView):
    """The same rows, only some columns, over the left of the table."""

    def __init__(self, table: CatalogueTable) -> None:
        super().__init__(table)
        self._table = table
        self.is_used = self.is_arranging = False
        self.hide()

    def attach(self) -> None:
        """Look like a part of the table."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setHorizontalScrollBarPolicy(off)
        self.setVerticalScrollBarPolicy(off)
        self.setVerticalScrollMode(self._table.verticalScrollMode())
        self.setAccessibleName("Frozen columns")
        # A line that tells where the frozen columns end.
        self.setStyleSheet("QTableView { border: none; border-right: 1px solid palette(mid); }")
        heads = self.horizontalHeader()
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        heads.sectionResized.connect(self._on_resized)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._table.setFocus()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._table.keyPressEvent(event)

    def _on_resized(self, section: int, before: int, width: int) -> None:
        del before
        if self.is_arranging:
            return
        if width and self._table.columnWidth(section) != width:
            self._table.setColumnWidth(section, width)


class CellDelegate(PlainEditor):
    """Paints masked selections, shortens file names in their middle, and shows thumbnails."""

    def __init__(self, view: QTableView, table: CatalogueTable, model: CatalogueModel) -> None:
        super().__init__(view)
        self._table, self._model = table, model

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if self._table.chosen_rows is not None and self._table.is_masked(index.row()):
            option.state |= QStyle.StateFlag.State_Selected
        name = self._model.shown_column(index.column()).name
        if name == "file":
            option.textElideMode = Qt.TextElideMode.ElideMiddle
        if name == PICTURE and self._table.picture is not None:
            self._show_picture(option, index.row())

    def _show_picture(self, option: QStyleOptionViewItem, line: int) -> None:
        assert self._table.picture is not None
        picture = self._table.picture(self._model.row_id(line))
        side = max(option.rect.height() - 4, 8)
        option.decorationSize = QSize(side, side)
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
        if picture is not None:
            option.icon = QIcon(picture)


def _prepare(view: QTableView, model: CatalogueModel, table: CatalogueTable) -> None:
    prepare_table(view, model, "Catalogue")
    view.setEditTriggers(
        QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
    )
    view.setItemDelegate(CellDelegate(view, table, model))
    view.setIconSize(QSize(64, 64))
