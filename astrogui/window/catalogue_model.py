"""The catalogue as a table model: rows arrive while a batch runs, the order and selection stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from astrogui.errors import UsageProblem
from astrogui.records.catalogue import Column
from astrogui.records.judgement import FIELDS, cells, normalised
from astrogui.viewers.unit_text import percent_text
from astrogui.window.bridge import Bridge
from astrogui.window.formatting import file_names, header_text, plain, with_interval
from astrogui.window.row_store import RowStore, sorted_positions

if TYPE_CHECKING:
    from astrogui.session.session import Session

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

EDITABLE = FIELDS
BOUNDS = ("_lo68", "_hi68", "_lo90", "_hi90")
HIDDEN = ("model_sha256",)
PROBABILITY = "prob_"  # columns that begin so are shown in per cent
_ANSWERED = frozenset(
    int(role)
    for role in (Role.DisplayRole, Role.ToolTipRole, Role.EditRole, Role.TextAlignmentRole)
)
READ_STEP = 40  # rows read at once
STEP_BUDGET_S = 0.008  # then the event loop has its turn
SORT_AT_ONCE = 20_000  # rows; more are sorted in the pool


@dataclass(frozen=True, slots=True)
class Shown:
    """A column on screen: of the export, with the bounds that belong to it folded in."""

    column: Column
    has_bounds: bool


class CatalogueModel(QAbstractTableModel):
    """The rows of the session's project, sorted by an index array.

    Rows are read in small steps, each within a few milliseconds, as the events name them.
    """

    rows_read = Signal(object)  # row ids whose cells are new

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Callable[..., Future[Any]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.store = RowStore()
        self._session = session
        self._bridge = bridge
        self._compute = compute
        self._shown: tuple[Shown, ...] = ()
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sorted_by: tuple[str, bool] | None = None
        self._sorting: tuple[str, bool] | None = None  # in the pool
        self._wanted: dict[int, None] = {}
        self._is_reading = False
        bridge.rows_changed.connect(self._on_rows_changed)
        bridge.project_changed.connect(self.reload)
        self.reload()

    # -- reading ---------------------------------------------------------------------------

    def reload(self) -> None:
        """Begin again with every row of the project."""
        self.beginResetModel()
        self.store.clear()
        self._order = np.zeros(0, np.int64)
        self._take_columns(self._session.view.columns())
        self.endResetModel()
        self._wanted = dict.fromkeys(self._session.view.row_ids())
        self._go_on()

    @property
    def is_reading(self) -> bool:
        return self._is_reading

    def _on_rows_changed(self, row_ids: tuple[int, ...], fields: object, initiator: object) -> None:
        del fields, initiator
        self._wanted.update(dict.fromkeys(row_ids))
        self._go_on()

    def _go_on(self) -> None:
        if self._wanted and not self._is_reading:
            self._is_reading = True
            QTimer.singleShot(0, self, self._read_some)

    def _read_some(self) -> None:
        """Read wanted rows for a few milliseconds, then leave the rest to the next turn."""
        self._is_reading = False
        columns = self._session.view.columns()
        if columns != self.store.columns:
            self._change_columns(columns)
        read: list[dict[str, Any]] = []
        began = perf_counter()
        while self._wanted and perf_counter() - began < STEP_BUDGET_S:
            ids = [row_id for row_id, _ in zip(self._wanted, range(READ_STEP), strict=False)]
            for row_id in ids:
                del self._wanted[row_id]
            read += self._session.view.rows(ids)
        self._put(read)
        self.rows_read.emit(tuple(row["row_id"] for row in read))
        self._go_on()

    def _put(self, rows: list[dict[str, Any]]) -> None:
        before = len(self.store)
        fresh = sum(self.store.position(int(row["row_id"])) is None for row in rows)
        if fresh:
            self.beginInsertRows(QModelIndex(), before, before + fresh - 1)
        known, _ = self.store.put(rows)
        if fresh:
            self._order = np.concatenate(
                [self._order, np.arange(before, before + fresh, dtype=np.int64)]
            )
            self.endInsertRows()
        if known:
            self._say_changed(known)
        if self._sorted_by is not None and rows:
            self._sort_again()

    def _say_changed(self, positions: list[int]) -> None:
        rows = np.flatnonzero(np.isin(self._order, positions))
        if rows.size:
            first, last = int(rows.min()), int(rows.max())
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._shown) - 1))

    def _change_columns(self, columns: Sequence[Column]) -> None:
        """New columns came with a task's first answer: the view keeps its selection by row id."""
        self.beginResetModel()
        self._take_columns(columns)
        self.endResetModel()
        # Cells of the new columns are read again, few rows having been there before them.
        self._wanted.update(dict.fromkeys(self.store.row_ids(self._order).tolist()))

    def _take_columns(self, columns: Sequence[Column]) -> None:
        self.store.set_columns(columns)
        names = {column.name for column in columns}
        self._shown = tuple(
            Shown(column, f"{column.name}_lo68" in names)
            for column in columns
            if not column.name.endswith(BOUNDS) and not column.name.startswith(HIDDEN)
        )

    # -- places ----------------------------------------------------------------------------

    def row_id(self, row: int) -> int:
        return self.store.row_id(int(self._order[row]))

    def row_ids(self, rows: Sequence[int]) -> tuple[int, ...]:
        chosen = self._order[np.asarray(rows, np.int64)]
        return tuple(self.store.row_ids(chosen).tolist())

    def row_of(self, row_id: int) -> int | None:
        """The line on screen of a row; None where it is not read yet."""
        position = self.store.position(row_id)
        if position is None:
            return None
        found = np.flatnonzero(self._order == position)
        return int(found[0]) if found.size else None

    def shown_column(self, section: int) -> Column:
        return self._shown[section].column

    def has_bounds(self, section: int) -> bool:
        return self._shown[section].has_bounds

    def section_of(self, name: str) -> int | None:
        names = [shown.column.name for shown in self._shown]
        return names.index(name) if name in names else None

    # -- what Qt asks ----------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  (Qt's signature)
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return section + 1 if role == Role.DisplayRole else None
        if not 0 <= section < len(self._shown):
            return None
        column = self._shown[section].column
        if role == Role.DisplayRole:
            return header_text(column.name, column.unit)
        if role == Role.ToolTipRole:
            return column.description or column.name
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        # A table asks for nine roles a cell while it paints: most end here.
        if role not in _ANSWERED or not index.isValid():
            return None
        shown = self._shown[index.column()]
        position = int(self._order[index.row()])
        if role == Role.DisplayRole:
            return self._text(shown, position)
        if role == Role.ToolTipRole:
            return self._tip(shown, position)
        if role == Role.EditRole:
            value = self.store.cell(position, shown.column.name)
            return "" if value is None else plain(value)
        if role == Role.TextAlignmentRole and shown.column.type != "text":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        kinds = super().flags(index)
        if index.isValid() and self._shown[index.column()].column.name in EDITABLE:
            kinds |= Qt.ItemFlag.ItemIsEditable
        return kinds

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        name = self._shown[index.column()].column.name
        if role != Role.EditRole or name not in EDITABLE:
            return False
        text = str(value).strip()
        if text == (self.data(index, Role.EditRole) or ""):
            return False
        try:
            judgement = cells(normalised({name: text}))[name]
        except UsageProblem:
            return False
        future = self._session.annotate([self.row_id(index.row())], {name: judgement})
        self._bridge.after(future, _ignore)
        return True

    def _text(self, shown: Shown, position: int) -> str:
        column = shown.column
        value = self.store.cell(position, column.name)
        if column.name.startswith(PROBABILITY) and isinstance(value, float):
            return percent_text(value)
        if shown.has_bounds and isinstance(value, float):
            low = self.store.cell(position, f"{column.name}_lo68")
            high = self.store.cell(position, f"{column.name}_hi68")
            return with_interval(value, low, high)
        if column.type == "bool" and value is not None:
            return "yes" if value else "no"
        if column.name == "file" and isinstance(value, str):
            return file_names(value.split(";"))
        return plain(value, column.format)

    def _tip(self, shown: Shown, position: int) -> str | None:
        column = shown.column
        value = self.store.cell(position, column.name)
        if value is None:
            return None
        if not shown.has_bounds:
            return str(value) if column.type == "text" else plain(value)
        lines = [f"{column.description or column.name}: {value:.7g} {column.unit}".rstrip()]
        for level in ("68", "90"):
            low = self.store.cell(position, f"{column.name}_lo{level}")
            high = self.store.cell(position, f"{column.name}_hi{level}")
            if low is not None and high is not None:
                lines.append(f"{level} %: {low:.7g} to {high:.7g}")
        return "\n".join(lines)

    # -- order -----------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self._shown):
            falling = order == Qt.SortOrder.DescendingOrder
            self._sorted_by = (self._shown[column].column.name, falling)
        else:
            self._sorted_by = None
        self._sort_again()

    def _sort_again(self) -> None:
        if self._sorted_by is None:
            self._take_order(np.arange(len(self.store), dtype=np.int64))
            return
        name, falling = self._sorted_by
        if not self.store.has(name):
            return
        values = self.store.array(name).copy()
        if values.size * (10 if values.dtype == object else 1) <= SORT_AT_ONCE:
            self._take_order(sorted_positions(values, falling=falling))
        elif self._sorting is None:
            self._sorting = self._sorted_by
            future = self._compute(sorted_positions, values, falling=falling)
            self._bridge.after(future, self._on_sorted)

    def _on_sorted(self, order: NDArray[np.int64]) -> None:
        """An order from the pool; rows that came meanwhile follow at its end and sort again."""
        asked, self._sorting = self._sorting, None
        count = len(self.store)
        if asked == self._sorted_by and order.size <= count:
            rest = np.arange(order.size, count, dtype=np.int64)
            self._take_order(np.concatenate([order, rest]))
        if asked != self._sorted_by or order.size != count:
            self._sort_again()

    def _take_order(self, order: NDArray[np.int64]) -> None:
        if np.array_equal(order, self._order):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        line_of = np.empty(len(order), np.int64)
        line_of[order] = np.arange(len(order))
        after = [
            self.index(int(line_of[self._order[index.row()]]), index.column()) for index in before
        ]
        self._order = order
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()


def _ignore(result: object) -> None:
    """The change comes back as an event."""
    del result
