"""What the analyst has chosen: an observation, its current row, and the rows selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """One choice shared by files, catalogue, viewer, results and annotation."""

    item_changed = Signal(object)  # item id or None
    row_changed = Signal(object)  # current row id or None
    rows_changed = Signal(object)  # row ids selected

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._item_id: int | None = None
        self._row_id: int | None = None
        self._row_ids: tuple[int, ...] = ()

    @property
    def item_id(self) -> int | None:
        return self._item_id

    @property
    def row_id(self) -> int | None:
        return self._row_id

    @property
    def row_ids(self) -> tuple[int, ...]:
        return self._row_ids

    def choose_rows(self, row_ids: Sequence[int], current: int | None, item_id: int | None) -> None:
        """Select rows; ``current`` is the one whose data and answer are shown."""
        self._set_item(item_id if item_id is not None else self._item_id)
        if tuple(row_ids) != self._row_ids:
            self._row_ids = tuple(row_ids)
            self.rows_changed.emit(self._row_ids)
        if current != self._row_id:
            self._row_id = current
            self.row_changed.emit(current)

    def choose_item(self, item_id: int | None, row_id: int | None) -> None:
        """Show an observation, with one of its rows where it has any."""
        self.choose_rows(() if row_id is None else (row_id,), row_id, item_id)
        if item_id is None:
            self._set_item(None)

    def clear(self) -> None:
        self.choose_item(None, None)

    def _set_item(self, item_id: int | None) -> None:
        if item_id != self._item_id:
            self._item_id = item_id
            self.item_changed.emit(item_id)
