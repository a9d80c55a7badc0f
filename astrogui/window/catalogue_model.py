"""The catalogue as a table model over columns: an array of positions says what stands where.

The columns are filled by the session's table thread; the model learns how far they have come and
which cells are new. Filter and order are arrays of positions, found in the pool when there are many
rows, so neither a filter nor a sort ever stops the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from astrogui.errors import UsageProblem
from astrogui.records.column_table import ColumnTable
from astrogui.records.judgement import FIELDS as EDITABLE
from astrogui.records.judgement import cells, normalised
from astrogui.session.filter_tokens import FilterProblem
from astrogui.session.filtering import Filter, parse
from astrogui.window.arranging import AT_ONCE, Arranger, Asked
from astrogui.window.bridge import Bridge
from astrogui.window.catalogue_face import CatalogueFace
from astrogui.window.row_store import Arrangement, Positions, SortKey, arranged, rows_of
from astrogui.window.shown_columns import shown_columns
from astrogui.window.table_follower import TableFollower

if TYPE_CHECKING:
    from astrogui.session.live_table import LiveTable, TableChange
    from astrogui.session.session import Session

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

MOST_TOLD = 20_000  # rows named in ``rows_read``
MOST_FOLLOWED = 50_000  # rows on screen of which each new cell is told to Qt


class CatalogueModel(CatalogueFace):
    """The rows of the session's project: filtered, sorted, and in step with it."""

    rows_read = Signal(object)  # row ids whose cells are new; () for very many
    columns_changed = Signal()  # after a reset: other columns, or another project
    arranged_anew = Signal()  # filter or order
    filter_changed = Signal(str)  # its text, "" for none

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Callable[..., Future[Any]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._bridge = session, bridge
        self._count = 0  # rows known here; the store may have more already
        self._identity: Positions = np.zeros(0, np.int64)  # 0, 1, 2 …, as far as ``_counted``
        self._counted = 0
        self.condition: Filter | None = None
        self._wanted_filter = ""  # kept from another time, until its columns are there
        self.visible_lines: Callable[[], range] = lambda: range(0)
        self._is_whole = False
        self._follower = TableFollower(session, bridge, self._take_told)
        self._arranger = Arranger(
            compute, bridge, self._asked, self._take_order, self._on_not_arranged
        )
        bridge.project_changed.connect(self.reload)
        self.reload()

    # -- following the table ---------------------------------------------------------------

    def reload(self) -> None:
        """Begin again with the project that the session has now."""
        if self._follower.begin():
            self._is_whole = False

    @property
    def live(self) -> LiveTable:
        """The session's table: what is asked of it runs in its thread."""
        return self._follower.live

    @property
    def is_reading(self) -> bool:
        """Whether rows or their order are on their way."""
        return not self._is_whole or self._follower.is_behind or self._arranger.is_busy

    @property
    def project(self) -> Path:
        """The file whose rows these are."""
        return self._session.path

    @property
    def total(self) -> int:
        """How many rows there are, filtered out ones too."""
        return self._count

    def close(self) -> None:
        """Hear nothing more."""
        self._follower.close()

    def _take_told(self, told: Sequence[TableChange]) -> None:
        self._is_whole |= any(change.is_whole for change in told)
        if any(change.is_new for change in told) or self._live_store() is not self.store:
            self._begin_anew()
            self._say_read(self.store.row_ids())
            return
        changed = np.concatenate([change.positions for change in told])
        fresh = np.concatenate([change.fresh for change in told])
        first, self._count = self._count, max(self._count, told[-1].count)
        self._take_fresh(first, changed)
        if changed.size or fresh.size:
            ids = np.concatenate([self.store.row_ids(changed), fresh])
            self._say_read(ids)

    def _live_store(self) -> ColumnTable:
        return self.live.table

    def _say_read(self, ids: NDArray[np.int64]) -> None:
        self.rows_read.emit(tuple(ids.tolist()) if ids.size <= MOST_TOLD else ())

    def _begin_anew(self) -> None:
        """Other columns, or all rows at once."""
        store = self._live_store()
        self.beginResetModel()
        self.store = store
        self._count = len(store)
        self._shown = shown_columns(store.columns)
        self._keep_condition()
        asked = self._asked()
        is_later = not asked.is_plain and asked.rows > AT_ONCE
        order = np.zeros(0, np.int64)
        if asked.is_plain:
            order = self._first(self._count)
        elif not is_later:
            order = arranged(*asked)
        self._rows = Arrangement(order)
        self.endResetModel()
        self.columns_changed.emit()
        if is_later:
            self._arranger.arrange()

    def _keep_condition(self) -> None:
        """A filter of columns that went is no filter any more; a kept one waits for its columns."""
        text = self.condition.text if self.condition is not None else self._wanted_filter
        if not text:
            return
        try:
            self.condition = parse(text, self.store.columns)
        except FilterProblem:
            if self.condition is not None:
                self.condition = None
                self.filter_changed.emit("")
            return
        if self._wanted_filter:
            self._wanted_filter = ""
            self.filter_changed.emit(text)

    def _take_fresh(self, first: int, changed: Positions) -> None:
        """Rows came behind ``first``; those at ``changed`` have new cells."""
        self._arranger.forget()
        count = self._count
        if not self.sort_keys:
            new = np.arange(first, count, dtype=np.int64)
            if self.condition is not None and new.size:
                rows = rows_of(self.store, self.condition, new)
                new = new[self.condition.mask(rows)]
            if new.size:
                lines = len(self._rows)
                self.beginInsertRows(QModelIndex(), lines, lines + new.size - 1)
                self._rows = Arrangement(
                    self._first(count)
                    if self.condition is None
                    else np.concatenate([self._rows.order, new])
                )
                self.endInsertRows()
        if changed.size:
            self._say_changed(changed)
        if self.sort_keys or (self.condition is not None and changed.size):
            self._arranger.arrange()

    def _first(self, count: int) -> Positions:
        """Positions 0 .. count-1, a view on one array while rows are read one after the other."""
        if count > self._identity.size:
            # Pages that are not written to cost nothing, and all at once would cost a pause.
            grown = np.empty(max(4096, 4 * count), np.int64)
            grown[: self._counted] = self._identity[: self._counted]
            self._identity = grown
        if count > self._counted:
            self._identity[self._counted : count] = np.arange(self._counted, count)
            self._counted = count
        return self._identity[:count]

    def _say_changed(self, changed: Positions) -> None:
        lines = range(len(self._rows))
        if len(lines) > MOST_FOLLOWED:
            lines = self.visible_lines()
        if not lines:
            return
        shown = self._rows.order[lines.start : lines.stop]
        rows = lines.start + np.flatnonzero(np.isin(shown, changed))
        if rows.size:
            first, last = int(rows.min()), int(rows.max())
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._shown) - 1))

    # -- places ----------------------------------------------------------------------------

    # -- what the analyst writes in a cell ---------------------------------------------------

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

    # -- filter and order ------------------------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show the rows that satisfy ``text``, "" for all; raises ``FilterProblem``."""
        text = text.strip()
        condition = parse(text, self.store.columns) if text else None
        if (condition and condition.text) == (self.condition and self.condition.text):
            return
        self.condition, self._wanted_filter = condition, ""
        self.filter_changed.emit(text)
        self._arranger.arrange()

    def begin_with(self, keys: tuple[SortKey, ...], text: str) -> None:
        """The order and filter that were kept for a project; unusable ones are left off."""
        self.sort_keys = keys
        self._wanted_filter = text
        self.condition = None
        self._keep_condition()
        self._arranger.arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt's way: by one column, or by none for -1."""
        if 0 <= column < len(self._shown):
            falling = order == Qt.SortOrder.DescendingOrder
            self.sort_by((SortKey(self._shown[column].column.name, falling),))
        else:
            self.sort_by(())

    def sort_by(self, keys: Sequence[SortKey]) -> None:
        """By the first key, equal rows by the next."""
        self.sort_keys = tuple(keys)
        if self._shown:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._shown) - 1)
        self._arranger.arrange()

    def _asked(self) -> Asked:
        return Asked(self.store, self._count, self.sort_keys, self.condition)

    def _on_not_arranged(self, words: str) -> None:
        """A filter that fails on real cells is taken off, else the order, and it is said."""
        if self.condition is None:
            self.sort_keys = ()  # or it would be tried for ever
        self.condition = None
        self.filter_changed.emit("")
        self._bridge.noticed.emit(words)
        self._arranger.arrange()

    def _take_order(self, found: Arrangement) -> None:
        """Show these positions: rows that go or come stand at the end for a moment of no paint."""
        if found.is_same(self._rows):
            return
        old, before, after = self._rows.order, len(self._rows), len(found)
        if after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            self._rows = Arrangement(old[:after])
            self.endRemoveRows()
        elif after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self._rows = found
            self.endInsertRows()
        self.layoutAboutToBeChanged.emit()
        now = self.persistentIndexList()
        self._rows = found
        wanted = [int(old[i.row()]) if i.row() < before else -1 for i in now]
        # ``np.unique`` would load the masked arrays first, which takes 20 ms.
        sought = np.array(sorted(set(wanted)), np.int64)
        line_of = {int(found.order[line]): int(line) for line in found.lines_of(sought)}
        moved = [
            self.index(line_of[position], index.column()) if position in line_of else QModelIndex()
            for index, position in zip(now, wanted, strict=True)
        ]
        self.changePersistentIndexList(now, moved)
        self.layoutChanged.emit()
        self.arranged_anew.emit()


def _ignore(result: object) -> None:
    """The change comes back as an event."""
    del result
