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

from astrogui.records.judgement import FIELDS as EDITABLE
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.panels.catalogue_layout import CatalogueLayout, load_layout, save_layout
from astrogui.window.panels.catalogue_table import CatalogueTable
from astrogui.window.panels.column_dialog import ColumnChoice, ColumnDialog
from astrogui.window.panels.filter_bar import FilterBar
from astrogui.window.panels.table_selection import TableSelection
from astrogui.window.row_store import SortKey
from astrogui.window.selection import Selection
from astrogui.window.shown_columns import FIRST, PROBABILITY, rank, shown_columns

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
ALWAYS = (*FIRST, *EDITABLE)
WIDE_WITH_BOUNDS = 196
NARROW = 92
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
        self.layout_kept = load_layout(self._settings, self._project)
        self._is_arranging = self._was_arranged_by_hand = False
        self.filter = FilterBar(lambda: model.store.columns, self._values_of, self)
        self.table = CatalogueTable(model, self)
        heads = self.table.horizontalHeader()
        heads.sectionResized.connect(self._on_section_resized)
        heads.sectionMoved.connect(self._on_section_moved)
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

    def shown_sections(self) -> list[int]:
        """Sections on screen, from left to right."""
        heads = self.table.horizontalHeader()
        across = [heads.logicalIndex(place) for place in range(self._model.columnCount())]
        return [section for section in across if not self.table.isColumnHidden(section)]

    def shown_names(self) -> list[str]:
        return [self._model.shown_column(section).name for section in self.shown_sections()]

    def hide_column(self, name: str) -> None:
        layout = self.layout_kept
        layout.hidden = [*(n for n in layout.hidden if n != name), name]
        layout.shown = [n for n in layout.shown if n != name]
        layout.frozen = [n for n in layout.frozen if n != name]
        self._show_columns()
        self._keep_soon()

    def freeze_up_to(self, name: str) -> None:
        """Keep the columns up to this one at the left; "" lets all go."""
        names = self.shown_names()
        end = names.index(name) + 1 if name in names else 0
        self.layout_kept.frozen = names[:end]
        self._show_columns()
        self._keep_soon()

    def ask_for_columns(self) -> None:
        """A dialogue beside the table."""
        heads = self.table.horizontalHeader()
        shown = set(self.shown_names())
        choices = []
        for place in range(self._model.columnCount()):
            section = heads.logicalIndex(place)
            column = self._model.shown_column(section)
            title = str(self._model.headerData(section, Qt.Orientation.Horizontal))
            choices.append(
                ColumnChoice(column.name, title, column.description, column.name in shown)
            )
        dialog = ColumnDialog(choices, len(self.layout_kept.frozen), self)
        dialog.chosen.connect(self._on_columns_chosen)
        dialog.open()

    def _on_columns_chosen(self, shown: list[str], names: list[str], frozen: int) -> None:
        layout = self.layout_kept
        layout.order = list(names)
        layout.shown = list(shown)
        layout.hidden = [name for name in names if name not in shown]
        layout.frozen = list(shown[:frozen])
        self._was_arranged_by_hand = True
        self._arrange()
        self._show_columns()
        self._keep_soon()

    def reset_columns(self) -> None:
        """All as it is at first."""
        kept = self.layout_kept
        self.layout_kept = CatalogueLayout(
            filters=kept.filters, filter=kept.filter, pictures=kept.pictures
        )
        self._was_arranged_by_hand = False
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
            self.layout_kept = load_layout(self._settings, self._project)
            self._take_layout()
        self._is_arranging = True
        for section in range(self._model.columnCount()):
            self.table.setColumnWidth(section, self._width(section))
        self._is_arranging = False
        if not self._was_arranged_by_hand or self.layout_kept.order:
            self._arrange()
        self._show_columns()
        self._show_sort()
        self._chosen.restore()
        self.counted.emit(self._model.total)

    def _take_layout(self) -> None:
        layout = self.layout_kept
        self.filter.kept = dict(layout.filters)
        self._was_arranged_by_hand = bool(layout.order)
        self._model.begin_with(
            tuple(SortKey(name, falling) for name, falling in layout.sort), layout.filter
        )

    def _arrange(self) -> None:
        """Places of the analyst, new columns behind their like; at first by their rank."""
        heads = self.table.horizontalHeader()
        known = {name: place for place, name in enumerate(self.layout_kept.order)}
        shown = shown_columns(self._model.store.columns)

        def place_of(section: int) -> tuple[float, int]:
            name = self._model.shown_column(section).name
            if name in known:
                return known[name], section
            if known:
                return len(known), section
            return rank(shown[section]), section

        self._is_arranging = True
        for place, section in enumerate(sorted(range(self._model.columnCount()), key=place_of)):
            heads.moveSection(heads.visualIndex(section), place)
        self._is_arranging = False

    def _show_columns(self) -> None:
        """Columns without a value are out of the way until they have one, or are asked for."""
        layout = self.layout_kept
        frozen = []
        for section in range(self._model.columnCount()):
            name = self._model.shown_column(section).name
            is_kept = name in layout.shown or name in ALWAYS or self._model.store.has_values(name)
            is_shown = is_kept and name not in layout.hidden
            if self.table.isColumnHidden(section) == is_shown:
                self.table.setColumnHidden(section, not is_shown)
                if is_shown:
                    self.table.setColumnWidth(section, self._width(section))
        for name in layout.frozen:
            found = self._model.section_of(name)
            if found is not None and not self.table.isColumnHidden(found):
                frozen.append(found)
        heads = self.table.horizontalHeader()
        self._is_arranging = True
        for place, section in enumerate(frozen):
            heads.moveSection(heads.visualIndex(section), place)
        self._is_arranging = False
        self.table.freeze(frozen)

    def _on_section_resized(self, section: int, before: int, width: int) -> None:
        del before
        if width and not self._is_arranging and section < self._model.columnCount():
            self.layout_kept.widths[self._model.shown_column(section).name] = width
            self._keep_soon()

    def _on_section_moved(self, *_: int) -> None:
        if self._is_arranging:
            return
        self._was_arranged_by_hand = True
        heads = self.table.horizontalHeader()
        across = [heads.logicalIndex(place) for place in range(self._model.columnCount())]
        self.layout_kept.order = [self._model.shown_column(s).name for s in across]
        if self.layout_kept.frozen:
            names = self.shown_names()
            self.layout_kept.frozen = names[: len(self.layout_kept.frozen)]
            self._show_columns()
        self._keep_soon()

    def _width(self, section: int) -> int:
        name = self._model.shown_column(section).name
        if name in self.layout_kept.widths:
            return self.layout_kept.widths[name]
        if name in WIDTHS:
            return WIDTHS[name]
        is_probability = name.startswith(PROBABILITY)
        wide = self._model.has_bounds(section) and not is_probability
        wanted = WIDE_WITH_BOUNDS if wide else NARROW
        head = str(self._model.headerData(section, Qt.Orientation.Horizontal))
        return max(wanted, self.table.fontMetrics().horizontalAdvance(head) + 28)

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
        self._show_columns_that_came()
        self._show_counts()
        if self._selection.row_id in row_ids:
            self._chosen.show_row(self._selection.row_id)

    def _show_columns_that_came(self) -> None:
        for section in range(self._model.columnCount()):
            name = self._model.shown_column(section).name
            is_out = self.table.isColumnHidden(section) and name not in self.layout_kept.hidden
            if is_out and self._model.store.has_values(name):
                self._show_columns()
                return
