"""The rows selected, shown in the catalogue's table and chosen there: the same rows everywhere.

Few rows are Qt's own selection; many are a mask by position, which the table paints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QObject,
    Signal,
)

from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.panels.catalogue_table import CatalogueTable
from astrogui.window.selection import Selection

MOST_RANGES = 300  # of a selection that Qt keeps
MOST_KEPT = 2_000  # rows of it: for each column's head Qt asks every selected row at every paint


class TableSelection(QObject):
    """Keeps a table and the shared selection in step, by row, through every sort and filter."""

    changed = Signal()  # what is selected, or which of it is on screen

    def __init__(self, model: CatalogueModel, selection: Selection, table: CatalogueTable) -> None:
        super().__init__(table)
        self._model, self._selection, self._table = model, selection, table
        self._is_restoring = self._is_choosing = False
        chooser = table.selectionModel()
        chooser.selectionChanged.connect(self._on_table_selection)
        chooser.currentRowChanged.connect(self._on_table_selection)
        table.toggled.connect(self._on_toggled)
        selection.row_changed.connect(self.show_row)
        selection.rows_changed.connect(self._on_rows_chosen)
        model.arranged_anew.connect(self.restore)

    def selected_lines(self) -> NDArray[np.int64]:
        """Lines on screen that are selected, rising."""
        places = self._model.store.positions(self._selection.ids)
        return self._model.lines_of(places)

    def _few_selected_lines(self) -> NDArray[np.int64] | None:
        """``selected_lines`` where Qt can keep them, None where they are too many for it."""
        if self._selection.ids.size <= MOST_KEPT:
            return self.selected_lines()
        on_screen = np.take(self._selected(), self._model.positions())
        return np.flatnonzero(on_screen) if np.count_nonzero(on_screen) <= MOST_KEPT else None

    def _selected(self) -> NDArray[np.bool_]:
        """(n,) whether the row at each position of the store is selected."""
        mask = np.zeros(len(self._model.store), bool)
        places = self._model.store.positions(self._selection.ids)
        if places.size and places.min() < 0:
            places = places[places >= 0]
        mask[places] = True
        return mask

    def select_all(self) -> None:
        """Every row that the filter leaves."""
        self._choose_ids(self._model.filtered_ids())

    def invert(self) -> None:
        shown = self._model.filtered_ids()
        self._choose_ids(shown[~np.isin(shown, self._selection.ids)])

    def _choose_ids(self, ids: NDArray[np.int64]) -> None:
        current = self._selection.row_id
        if current is None or not (ids == current).any():
            current = int(ids[0]) if ids.size else None
        item = None if current is None else self._model.store.item_of(current)
        self._selection.choose_rows(ids, current, item)

    def _on_table_selection(self, *_: QModelIndex | QItemSelection) -> None:
        if self._is_restoring:
            return
        ranges = self._table.selectionModel().selection()
        # Qt's ranges do not overlap.
        parts = sorted((part.top(), part.bottom()) for part in ranges.toList())
        lines = [np.arange(top, bottom + 1) for top, bottom in parts]
        rows = np.concatenate(lines) if lines else np.zeros(0, np.int64)
        ids = self._model.row_ids(rows)
        current = self._table.currentIndex()
        row_id = self._model.row_id(current.row()) if current.isValid() and ids.size else None
        if row_id is not None and not (rows == current.row()).any():
            row_id = int(ids[0])
        item_id = None if row_id is None else self._model.store.item_of(row_id)
        self._table.show_mask(None)
        self._is_choosing = True
        self._selection.choose_rows(ids, row_id, item_id)
        self._is_choosing = False
        if rows.size > MOST_KEPT:
            self.restore()
        self.changed.emit()

    def _on_toggled(self, line: int) -> None:
        """Ctrl and click on a row of a large selection."""
        row_id = self._model.row_id(line)
        ids = self._selection.ids
        is_in = bool(np.isin(row_id, ids))
        self._choose_ids(ids[ids != row_id] if is_in else np.append(ids, row_id))

    def _on_rows_chosen(self, _: object) -> None:
        """Somebody else selected rows: a plot, a match, an image."""
        if not self._is_choosing:
            self.restore()
        self.changed.emit()

    def show_row(self, row_id: int | None) -> None:
        """Somebody else chose a row: show it here."""
        if self._is_choosing or row_id is None:
            return
        row = self._model.row_of(row_id)
        if row is None:
            return
        self._is_restoring = True
        self._table.selectionModel().setCurrentIndex(
            self._model.index(row, max(self._table.currentIndex().column(), 0)),
            QItemSelectionModel.SelectionFlag.NoUpdate,
        )
        self._is_restoring = False
        if not np.isin(row_id, self._selection.ids):
            return
        self.restore()
        self._table.scrollTo(self._model.index(row, max(self._table.currentIndex().column(), 0)))

    def restore(self) -> None:
        """Show what is selected: as Qt's ranges where they are few, else as a mask."""
        lines = self._few_selected_lines()
        breaks = None if lines is None else np.flatnonzero(np.diff(lines) > 1)
        self._is_restoring = True
        chooser = self._table.selectionModel()
        if lines is not None and breaks is not None and len(breaks) < MOST_RANGES:
            starts = lines[np.r_[0, breaks + 1]] if lines.size else lines
            ends = lines[np.r_[breaks, lines.size - 1]] if lines.size else lines
            last = self._model.columnCount() - 1
            wanted = QItemSelection()
            for first, end in zip(starts.tolist(), ends.tolist(), strict=True):
                wanted.append(_range(self._model, first, end, last))
            chooser.select(wanted, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self._table.show_mask(None)
        else:
            chooser.clearSelection()
            self._table.show_mask(self._selected())
        row_id = self._selection.row_id
        row = None if row_id is None else self._model.row_of(row_id)
        if row is not None and self._table.currentIndex().row() != row:
            chooser.setCurrentIndex(
                self._model.index(row, max(self._table.currentIndex().column(), 0)),
                QItemSelectionModel.SelectionFlag.NoUpdate,
            )
        self._is_restoring = False
        self.changed.emit()


def _range(model: CatalogueModel, first: int, end: int, last: int) -> QItemSelectionRange:
    return QItemSelectionRange(model.index(first, 0), model.index(end, last))
