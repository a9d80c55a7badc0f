"""Where the columns of the catalogue stand: which are shown, how wide, which stay at the left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal

from astrogui.records.judgement import FIELDS as EDITABLE
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.panels.catalogue_layout import CatalogueLayout
from astrogui.window.panels.catalogue_table import CatalogueTable
from astrogui.window.panels.column_dialog import ColumnChoice
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


class ColumnPlaces(QObject):
    """Keeps a layout and the table in step: columns go by name, whatever sections they are."""

    changed = Signal()  # by hand: the layout is to be kept

    def __init__(
        self,
        model: CatalogueModel,
        table: CatalogueTable,
        layout: CatalogueLayout,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._model, self._table = model, table
        self._is_arranging = False
        self.take(layout)
        heads = table.horizontalHeader()
        heads.sectionResized.connect(self._on_section_resized)
        heads.sectionMoved.connect(self._on_section_moved)

    def take(self, layout: CatalogueLayout) -> None:
        """Go by this layout, from the next ``lay_out`` on."""
        self.layout = layout
        self._was_arranged_by_hand = bool(layout.order)

    # -- what is shown ---------------------------------------------------------------------

    def shown_sections(self) -> list[int]:
        """Sections on screen, from left to right."""
        return [s for s in self._across() if not self._table.isColumnHidden(s)]

    def shown_names(self) -> list[str]:
        return [self._model.shown_column(section).name for section in self.shown_sections()]

    def choices(self) -> list[ColumnChoice]:
        """Every column from left to right, for a dialogue."""
        shown = set(self.shown_names())
        found = []
        for section in self._across():
            column = self._model.shown_column(section)
            title = str(self._model.headerData(section, Qt.Orientation.Horizontal))
            found.append(ColumnChoice(column.name, title, column.description, column.name in shown))
        return found

    def _across(self) -> list[int]:
        """All sections from left to right, hidden ones too."""
        heads = self._table.horizontalHeader()
        return [heads.logicalIndex(place) for place in range(self._model.columnCount())]

    # -- changed by hand -------------------------------------------------------------------

    def hide(self, name: str) -> None:
        layout = self.layout
        layout.hidden = [*(n for n in layout.hidden if n != name), name]
        layout.shown = [n for n in layout.shown if n != name]
        layout.frozen = [n for n in layout.frozen if n != name]
        self._show()
        self.changed.emit()

    def freeze_up_to(self, name: str) -> None:
        """Keep the columns up to this one at the left; "" lets all go."""
        names = self.shown_names()
        end = names.index(name) + 1 if name in names else 0
        self.layout.frozen = names[:end]
        self._show()
        self.changed.emit()

    def choose(self, shown: Sequence[str], names: Sequence[str], frozen: int) -> None:
        """Show these, in the order of all ``names``, the first ``frozen`` of them at the left."""
        layout = self.layout
        layout.order = list(names)
        layout.shown = list(shown)
        layout.hidden = [name for name in names if name not in shown]
        layout.frozen = list(shown[:frozen])
        self._was_arranged_by_hand = True
        self._arrange()
        self._show()
        self.changed.emit()

    # -- laid out --------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Widths, places and what is shown, after other columns have come."""
        self._is_arranging = True
        for section in range(self._model.columnCount()):
            self._table.setColumnWidth(section, self._width(section))
        self._is_arranging = False
        if not self._was_arranged_by_hand or self.layout.order:
            self._arrange()
        self._show()

    def show_those_that_came(self) -> None:
        """Columns that have got their first value."""
        for section in range(self._model.columnCount()):
            name = self._model.shown_column(section).name
            is_out = self._table.isColumnHidden(section) and name not in self.layout.hidden
            if is_out and self._model.store.has_values(name):
                self._show()
                return

    def _arrange(self) -> None:
        """Places of the analyst, new columns behind their like; at first by their rank."""
        heads = self._table.horizontalHeader()
        known = {name: place for place, name in enumerate(self.layout.order)}
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

    def _show(self) -> None:
        """Columns without a value are out of the way until they have one, or are asked for."""
        layout = self.layout
        frozen = []
        for section in range(self._model.columnCount()):
            name = self._model.shown_column(section).name
            is_kept = name in layout.shown or name in ALWAYS or self._model.store.has_values(name)
            is_shown = is_kept and name not in layout.hidden
            if self._table.isColumnHidden(section) == is_shown:
                self._table.setColumnHidden(section, not is_shown)
                if is_shown:
                    self._table.setColumnWidth(section, self._width(section))
        for name in layout.frozen:
            found = self._model.section_of(name)
            if found is not None and not self._table.isColumnHidden(found):
                frozen.append(found)
        heads = self._table.horizontalHeader()
        self._is_arranging = True
        for place, section in enumerate(frozen):
            heads.moveSection(heads.visualIndex(section), place)
        self._is_arranging = False
        self._table.freeze(frozen)

    def _on_section_resized(self, section: int, before: int, width: int) -> None:
        del before
        if width and not self._is_arranging and section < self._model.columnCount():
            self.layout.widths[self._model.shown_column(section).name] = width
            self.changed.emit()

    def _on_section_moved(self, *_: int) -> None:
        if self._is_arranging:
            return
        self._was_arranged_by_hand = True
        self.layout.order = [self._model.shown_column(s).name for s in self._across()]
        if self.layout.frozen:
            names = self.shown_names()
            self.layout.frozen = names[: len(self.layout.frozen)]
            self._show()
        self.changed.emit()

    def _width(self, section: int) -> int:
        name = self._model.shown_column(section).name
        if name in self.layout.widths:
            return self.layout.widths[name]
        if name in WIDTHS:
            return WIDTHS[name]
        is_probability = name.startswith(PROBABILITY)
        wide = self._model.has_bounds(section) and not is_probability
        wanted = WIDE_WITH_BOUNDS if wide else NARROW
        head = str(self._model.headerData(section, Qt.Orientation.Horizontal))
        return max(wanted, self._table.fontMetrics().horizontalAdvance(head) + 28)
