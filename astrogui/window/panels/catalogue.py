"""The catalogue table: every object with its answer, judged in place."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QTableView, QVBoxLayout, QWidget

from astrogui.window.catalogue_model import EDITABLE, CatalogueModel
from astrogui.window.panels.tables import NameDelegate, prepare_table, selected_rows
from astrogui.window.selection import Selection
from astrogui.window.shown_columns import PROBABILITY

WIDTHS = {
    "file": 170,
    "object_id": 130,
    "class": 72,
    "flags": 160,
    "user_class": 80,
    "user_z": 80,
    "user_quality": 88,
    "user_tags": 100,
    "user_comment": 150,
    "task": 90,
}
ALWAYS = ("file", "object_id", *EDITABLE)
WIDE_WITH_BOUNDS = 168
NARROW = 92


class CataloguePanel(QWidget):
    """Rows come while a batch runs; what is selected stays selected, by row."""

    counted = Signal(int)

    def __init__(
        self, model: CatalogueModel, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._selection = model, selection
        self._is_restoring = False
        self._widths: dict[str, int] = {}  # by name: columns come and go with the tasks
        self._is_arranging = self._was_arranged_by_hand = False
        self.table = QTableView(self)
        prepare_table(self.table, model, "Catalogue")
        self.table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self._names = NameDelegate(self.table)
        heads = self.table.horizontalHeader()
        heads.setSectionsMovable(True)
        heads.sectionResized.connect(self._on_section_resized)
        heads.sectionMoved.connect(self._on_section_moved)
        heads.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        heads.setSortIndicatorClearable(True)
        self.table.setSortingEnabled(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.table.selectionModel().selectionChanged.connect(self._on_table_selection)
        self.table.selectionModel().currentRowChanged.connect(self._on_table_selection)
        selection.row_changed.connect(self._on_row_chosen)
        model.columns_changed.connect(self._on_model_reset)
        model.rows_read.connect(self._on_rows_read)
        self._on_model_reset()

    def step(self, lines: int) -> None:
        """Go to a neighbouring row."""
        count = self._model.rowCount()
        if count:
            row = self.table.currentIndex().row() + lines
            self.table.selectRow(min(max(row, 0), count - 1))

    def copy_rows(self) -> None:
        """The selected rows as lines of text with tabs, with the heads first."""
        across = range(self._model.columnCount())
        horizontal = Qt.Orientation.Horizontal
        lines = ["\t".join(str(self._model.headerData(c, horizontal)) for c in across)]
        for row in selected_rows(self.table):
            cells = [self._model.data(self._model.index(row, c)) for c in across]
            lines.append("\t".join("" if cell is None else str(cell) for cell in cells))
        QGuiApplication.clipboard().setText("\n".join(lines))

    def edit_comment(self) -> None:
        """Begin to write the current row's comment in place."""
        section = self._model.section_of("user_comment")
        current = self.table.currentIndex()
        if section is not None and current.isValid():
            self.table.setFocus()
            index = self._model.index(current.row(), section)
            self.table.scrollTo(index)
            self.table.edit(index)

    def _on_table_selection(self, *_: QModelIndex | QItemSelection) -> None:
        if self._is_restoring:
            return
        ids = self._model.row_ids(selected_rows(self.table))
        current = self.table.currentIndex()
        row_id = self._model.row_id(current.row()) if current.isValid() and ids else None
        if row_id not in ids:
            row_id = ids[0] if ids else None
        item_id = None if row_id is None else self._model.store.item_of(row_id)
        self._selection.choose_rows(ids, row_id, item_id)

    def _on_row_chosen(self, row_id: int | None) -> None:
        """Somebody else chose a row: show it here."""
        row = None if row_id is None else self._model.row_of(row_id)
        if row is None or row in selected_rows(self.table):
            return
        self._is_restoring = True
        self.table.selectRow(row)
        self._is_restoring = False
        self.table.scrollTo(self._model.index(row, 0))

    def _on_model_reset(self) -> None:
        """Columns changed: widths by name, and the selection again by row id."""
        self._is_arranging = True
        for section in range(self._model.columnCount()):
            self.table.setColumnWidth(section, self._width(section))
        if not self._was_arranged_by_hand:
            self._arrange()
        self._is_arranging = False
        place = self._model.section_of("file")
        if place is not None:
            self.table.setItemDelegateForColumn(place, self._names)
        self._hide_empty()
        self._restore_selection()
        self.counted.emit(self._model.rowCount())

    def _arrange(self) -> None:
        """Object, answers, judgements, doubts, the rest: what is read first stands left."""
        heads = self.table.horizontalHeader()
        sections = range(self._model.columnCount())
        wanted = sorted(sections, key=lambda section: (self._rank(section), section))
        for place, section in enumerate(wanted):
            heads.moveSection(heads.visualIndex(section), place)

    def _hide_empty(self) -> None:
        """Columns in which no row has a value yet are out of the way until one has."""
        for section in range(self._model.columnCount()):
            name = self._model.shown_column(section).name
            is_kept = name in ALWAYS or self._model.store.has_values(name)
            if self.table.isColumnHidden(section) == is_kept:
                self.table.setColumnHidden(section, not is_kept)

    def _rank(self, section: int) -> int:
        name = self._model.shown_column(section).name
        if name in {"file", "object_id"}:
            return 0
        if name.startswith(PROBABILITY):
            return 4
        if name == "class" or self._model.has_bounds(section):
            return 1
        if name in EDITABLE:
            return 2
        return 3 if name.startswith("flags") else 5

    def _on_section_resized(self, section: int, before: int, width: int) -> None:
        del before
        if width and not self._is_arranging:
            self._widths[self._model.shown_column(section).name] = width

    def _on_section_moved(self, *_: int) -> None:
        self._was_arranged_by_hand |= not self._is_arranging

    def _width(self, section: int) -> int:
        name = self._model.shown_column(section).name
        if name in self._widths:
            return self._widths[name]
        if name in WIDTHS:
            return WIDTHS[name]
        is_probability = name.startswith(PROBABILITY)
        wide = self._model.has_bounds(section) and not is_probability
        wanted = WIDE_WITH_BOUNDS if wide else NARROW
        head = str(self._model.headerData(section, Qt.Orientation.Horizontal))
        return max(wanted, self.table.fontMetrics().horizontalAdvance(head) + 28)

    def _restore_selection(self) -> None:
        found = [self._model.row_of(row_id) for row_id in self._selection.row_ids]
        rows = [row for row in found if row is not None]
        if not rows:
            return
        chosen = QItemSelection()
        last = self._model.columnCount() - 1
        for row in rows:
            chosen.select(self._model.index(row, 0), self._model.index(row, last))
        self._is_restoring = True
        self.table.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.table.selectionModel().setCurrentIndex(
            self._model.index(rows[0], 0), QItemSelectionModel.SelectionFlag.NoUpdate
        )
        self._is_restoring = False

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        self.counted.emit(self._model.rowCount())
        self._hide_empty()
        if self._selection.row_id in row_ids:
            self._on_row_chosen(self._selection.row_id)
