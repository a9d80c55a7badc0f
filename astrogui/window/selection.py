"""What the analyst has chosen: an observation, its current row, and the rows selected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """One choice shared by files, catalogue, viewer, plots, results and annotation."""

    item_changed = Signal(object)  # item id or None
    row_changed = Signal(object)  # current row id or None
    rows_changed = Signal(object)  # row ids selected, an array

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._item_id: int | None = None
        self._row_id: int | None = None
        self._row_ids: tuple[int, ...] | None = ()
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)

    @property
    def item_id(self) -> int | None:
        return self._item_id

    @property
    def row_id(self) -> int | None:
        return self._row_id

    @property
    def row_ids(self) -> tuple[int, ...]:
        """The rows selected, for what works on each; of a million it takes a while."""
        if self._row_ids is None:
            self._row_ids = tuple(self._ids.tolist())
        return self._row_ids

    @property
    def ids(self) -> NDArray[np.int64]:
        """The rows selected as an array, for what works on very many. Not to be written to."""
        return self._ids

    def has_any(self, row_ids: Sequence[int]) -> bool:
        """Whether one of these rows is selected."""
        return bool(np.isin(np.asarray(row_ids, np.int64), self._ids).any())

    def choose_rows(
        self,
        row_ids: Sequence[int] | NDArray[np.int64],
        current: int | None,
        item_id: int | None,
    ) -> None:
        """Select rows; ``current`` is the one whose data and answer are shown."""
        self._set_item(item_id if item_id is not None else self._item_id)
        ids = np.array(row_ids, np.int64)
        ids.flags.writeable = False
        if not np.array_equal(ids, self._ids):
            self._ids, self._row_ids = ids, None
            self.rows_changed.emit(ids)
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
