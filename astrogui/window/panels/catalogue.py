"""The catalogue table: every object with its answer, filtered, sorted, judged in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QSettings,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.panels.catalogue_layout import CatalogueLayout, load_layout, save_layout
from astrogui.window.panels.catalogue_table import CatalogueTable
from astrogui.window.panels.column_dialog import ColumnDialog
from astrogui.window.panels.column_places import ColumnPlaces
from astrogui.window.panels.filter_bar import FilterBar
from astrogui.window.panels.table_selection import TableSelection
from astrogui.window.row_store import SortKey
from astrogui.window.selection import Selection

KEEP_MS = 600
MOST_COPIED = 50_000  # rows on the clipboard


class CataloguePanel(QWidget):
    """Rows come while a batch runs; what is selected stays selected, by row."""

    counted = Signal(int)
    head_menu_asked = Signal(str, object)  # a column's name, "" for none, and where

    def __init__(
        self, model: CatalogueModel, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._selection = model, selection
        self._settings: QSettings | None = getattr(parent, "settings", None)
        self._project = model.project
        self.filter = FilterBar(lambda: model.store.columns, self._values_of, self)
        self.table = CatalogueTable(model, self)
        layout = load_layout(self._settings, self._project)
        self._places = ColumnPlaces(model, self.table, layout, self)
        self.table.head_clicked.connect(self._on_head_clicked)
        self.table.head_menu.connect(self._on_head_menu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.filter)
        column.addWidget(self.table, 1)
        self._lines = column
        self._keep_later = QTimer(self)
        self._keep_later.setSingleShot(True)
        self._keep_later.setInterval(KEEP_MS)
        self._keep_later.timeout.connect(self.keep_layout)
        self._chosen = TableSelection(model, selection, self.table)
        self._chosen.changed.connect(self._show_counts)
        self._places.changed.connect(self._keep_soon)
        model.columns_changed.connect(self._on_columns_changed)
        model.rows_read.connect(self._on_rows_read)
        model.filter_changed.connect(self._on_filter_changed)
        self.filter.applied.connect(self._on_filter_applied)
        self.filter.kept_changed.connect(self._on_filters_kept)
        self._take_layout()
        self._on_columns_changed()

    # -- moving about ----------------------------------------------------------------------

    def add_below(self, widget: QWidget) -> None:
        """One more line below the table."""
        self._lines.addWidget(widget)

    def step(self, lines: int) -> None:
        """Go to a neighbouring row."""
        count = self._model.rowCount()
        if count:
            row = self.table.currentIndex().row() + lines
            self.table.selectRow(min(max(row, 0), count - 1))

    def copy_rows(self) -> None:
        """The selected rows as lines of text with tabs, the heads first, as they are shown."""
        sections = self.shown_sections()
        horizontal = Qt.Orientation.Horizontal
        lines = ["\t".join(str(self._model.headerData(c, horizontal)) for c in sections)]
        for row in self.selected_lines()[:MOST_COPIED].tolist():
            cells = [self._model.data(self._model.index(row, c)) for c in sections]
            lines.append("\t".join("" if cell is None else str(cell) for cell in cells))
        QGuiApplication.clipboard().setText("\n".join(lines))

    def copy_cell(self) -> None:
        """The current cell's value in full."""
        index = self.table.currentIndex()
        if index.isValid():
            text = self._model.data(index, Qt.ItemDataRole.EditRole)
            QGuiApplication.clipboard().setText(str(text or "").replace("\u2212", "-"))

    def edit_comment(self) -> None:
        """Begin to write the current row's comment in place."""
        self.edit_in_place("user_comment")

    def edit_in_place(self, name: str) -> None:
        section = self._model.section_of(name)
        current = self.table.currentIndex()
        if section is not None and current.isValid():
            self.table.setFocus()
            index = self._model.index(current.row(), section)
            self.table.scrollTo(index)
            self.table.edit(index)

    def find_text(self, text: str, backwards: bool = False) -> bool:
        """Go to the next row that holds ``text`` in a text column; False where none does."""
        wanted = text.casefold()
        store, order = self._model.store, self._model.positions()
        if not wanted or not len(order):
            return False
        found = np.zeros(len(order), bool)
        for column in store.columns:
            if column.type == "text":
                cells = store.text(column.name)
                used = np.flatnonzero(np.bincount(cells.codes, minlength=len(cells.words)))
                hits = np.zeros(len(cells.words), bool)
                hits[[c for c in used.tolist() if wanted in cells.words[c].casefold()]] = True
                found |= hits[np.take(cells.codes, order)]
        lines = np.flatnonzero(found)
        if not lines.size:
            return False
        current = self.table.currentIndex().row()
        if backwards:
            before = lines[lines < current]
            line = before[-1] if before.size else lines[-1]
        else:
            after = lines[lines > current]
            line = after[0] if after.size else lines[0]
        self.table.selectRow(int(line))
        self.table.scrollTo(self._model.index(int(line), self._current_section()))
        return True

    def _current_section(self) -> int:
        return max(self.table.currentIndex().column(), 0)

    def current_column(self) -> str:
        """The column of the current cell."""
        section = self.table.currentIndex().column()
        return "" if section < 0 else self._model.shown_column(section).name

    # -- selection -------------------------------------------------------------------------

    def selected_lines(self) -> NDArray[np.int64]:
        """Lines on screen that are selected, rising."""
        return self._chosen.selected_lines()

    def select_all(self) -> None:
        """Every row that the filter leaves."""
        self._chosen.select_all()

    def invert_selection(self) -> None:
        """Those of them that are not selected now."""
        self._chosen.invert()

    # -- filter and order ------------------------------------------------------------------

    def _on_filter_applied(self, text: str) -> None:
        self._model.set_filter(text)

    def _on_filter_changed(self, text: str) -> None:
        self.filter.show_text(text)
        self.layout_kept.filter = text
        self._keep_soon()

    def _on_filters_kept(self, kept: dict[str, str]) -> None:
        self.layout_kept.filters = dict(kept)
        self._keep_soon()

    def _values_of(self, name: str) -> list[str]:
        """The commonest texts of a column, for completion."""
        if not self._model.store.has(name):
            return []
        column = self._model.store.text(name)
        if len(column.words) > 5000:
            column = column.take(slice(0, 20_000))
        return [text for text, _ in column.counts()[:400]]

    def sort_by_current(self, falling: bool, further: bool = False) -> None:
        """Sort by the column of the current cell."""
        name = self.current_column()
        if name:
            self._sort(name, falling, further)

    def sort_by(self, keys: Sequence[SortKey]) -> None:
        self._model.sort_by(tuple(keys))
        self.layout_kept.sort = [(key.name, key.falling) for key in keys]
        self._show_sort()
        self._keep_soon()

    def _on_head_clicked(self, section: int, further: bool) -> None:
        """Rising, falling, then as before."""
        name = self._model.shown_column(section).name
        known = {key.name: key.falling for key in self._model.sort_keys}
        if name not in known:
            self._sort(name, False, further)
        elif not known[name]:
            self._sort(name, True, further)
        else:
            self.sort_by([key for key in self._model.sort_keys if further and key.name != name])

    def _sort(self, name: str, falling: bool, further: bool) -> None:
        kept = [key for key in self._model.sort_keys if key.name != name] if further else []
        keys = list(self._model.sort_keys)
        if further and any(key.name == name for key in keys):
            self.sort_by([SortKey(name, falling) if k.name == name else k for k in keys])
        else:
            self.sort_by([*kept, SortKey(name, falling)])

    def _show_sort(self) -> None:
        keys = self._model.sort_keys
        section = self._model.section_of(keys[0].name) if keys else None
        order = Qt.SortOrder.AscendingOrder
        if keys and keys[0].falling:
            order = Qt.SortOrder.DescendingOrder
        self.table.show_sort(-1 if section is None else section, order)

    # -- columns ---------------------------------------------------------------------------

    @property
    def layout_kept(self) -> CatalogueLayout:
        """The arrangement of this project, as it is kept."""
        return self._places.layout

    def shown_sections(self) -> list[int]:
        """Sections on screen, from left to right."""
        return self._places.shown_sections()

    def shown_names(self) -> list[str]:
        return self._places.shown_names()

    def hide_column(self, name: str) -> None:
        self._places.hide(name)

    def freeze_up_to(self, name: str) -> None:
        """Keep the columns up to this one at the left; "" lets all go."""
        self._places.freeze_up_to(name)

    def ask_for_columns(self) -> None:
        """A dialogue beside the table."""
        dialog = ColumnDialog(self._places.choices(), len(self.layout_kept.frozen), self)
        dialog.chosen.connect(self._places.choose)
        dialog.open()

    def reset_columns(self) -> None:
        """All as it is at first."""
        kept = self.layout_kept
        self._places.take(
            CatalogueLayout(filters=kept.filters, filter=kept.filter, pictures=kept.pictures)
        )
        self.sort_by(())
        self._on_columns_changed()
        self._keep_soon()

    def _on_head_menu(self, section: int, place: object) -> None:
        name = "" if section < 0 else self._model.shown_column(section).name
        self.head_menu_asked.emit(name, place)

    def _on_columns_changed(self) -> None:
        """Other columns: widths and places by name, and the selection again by row id."""
        if self._model.project != self._project:
            self.keep_layout()
            self._project = self._model.project
            self._places.take(load_layout(self._settings, self._project))
            self._take_layout()
        self._places.lay_out()
        self._show_sort()
        self._chosen.restore()
        self.counted.emit(self._model.total)

    def _take_layout(self) -> None:
        layout = self.layout_kept
        self.filter.kept = dict(layout.filters)
        self._model.begin_with(
            tuple(SortKey(name, falling) for name, falling in layout.sort), layout.filter
        )

    # -- keeping ---------------------------------------------------------------------------

    def _keep_soon(self) -> None:
        self._keep_later.start()

    def keep_layout(self) -> None:
        """Write the arrangement down for this project."""
        self._keep_later.stop()
        save_layout(self._settings, self._project, self.layout_kept)

    def _show_counts(self) -> None:
        self.filter.show_counts(self._model.rowCount(), self._model.total, self._selection.ids.size)

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        self.counted.emit(self._model.total)
        self._places.show_those_that_came()
        self._show_counts()
        if self._selection.row_id in row_ids:
            self._chosen.show_row(self._selection.row_id)
