"""Small pictures of rows: one observation loaded after the other, only pictures kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MOST_PICTURES = 600  # kept: 10 MB
MOST_RECORDS = 2  # kept while rows of them are wanted
AT_ONCE = 24  # pictures of one observation made in one go


class CutOuts(QObject):
    """Makes what is wanted, in its order; what was wanted before and is not any more is left."""

    made = Signal(object)  # the rows whose pictures are there now, a tuple

    def __init__(self, bench: Workbench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._pictures: OrderedDict[int, QImage] = OrderedDict()
        self._records: OrderedDict[int, Any] = OrderedDict()
        self._failed: set[int] = set()  # items that cannot be read
        self._wanted: list[tuple[int, int]] = []  # row and item
        self._loading: int | None = None
        bench.bridge.project_changed.connect(self.forget)

    def __len__(self) -> int:
        return len(self._pictures)

    @property
    def is_busy(self) -> bool:
        return self._loading is not None or bool(self._wanted)

    def picture(self, row_id: int) -> QImage | None:
        """The picture of a row, where it is there."""
        return self._pictures.get(row_id)

    def want(self, row_ids: Iterable[int]) -> None:
        """Make pictures of these rows, as far as there are none."""
        store = self._bench.model.store
        self._wanted = []
        for row_id in row_ids:
            item_id = store.item_of(row_id)
            if row_id not in self._pictures and item_id is not None and item_id not in self._failed:
                self._wanted.append((row_id, item_id))
        self._go_on()

    def forget(self) -> None:
        """Another project is open."""
        self._pictures.clear()
        self._records.clear()
        self._failed.clear()
        self._wanted, self._loading = [], None

    def _go_on(self) -> None:
        if self._loading is not None or not self._wanted:
            return
        item_id = self._loading = self._wanted[0][1]
        if item_id in self._records:
            self._records.move_to_end(item_id)
            self._draw(item_id, self._records[item_id])
            return
        try:
            future = self._bench.session.load(item_id)
        except KeyError:
            self._on_failed(item_id, "")
            return
        self._bench.bridge.after(
            future, partial(self._draw, item_id), partial(self._on_failed, item_id)
        )

    def _draw(self, item_id: int, record: Any) -> None:
        self._records[item_id] = record
        while len(self._records) > MOST_RECORDS:
            self._records.popitem(last=False)
        rows = [row_id for row_id, item in self._wanted if item == item_id][:AT_ONCE]
        store, cells = self._bench.model.store, []
        for row_id in rows:
            place = store.position(row_id)
            names = ("x_pixel", "y_pixel", "gps_found", "gps")
            cells.append({} if place is None else {name: store.cell(place, name) for name in names})
        theme = self._bench.results.view.theme
        future = self._bench.compute(_pictures, record, cells, theme)
        self._bench.bridge.after(
            future, partial(self._on_drawn, rows), partial(self._on_failed, item_id)
        )

    def _on_drawn(self, rows: list[int], images: list[QImage]) -> None:
        self._loading = None
        for row_id, image in zip(rows, images, strict=True):
            self._pictures[row_id] = image
        while len(self._pictures) > MOST_PICTURES:
            self._pictures.popitem(last=False)
        self._wanted = [pair for pair in self._wanted if pair[0] not in self._pictures]
        self.made.emit(tuple(rows))
        self._go_on()

    def _on_failed(self, item_id: int, words: str) -> None:
        """The observation has no picture; the Problems dock has said why."""
        del words
        self._loading = None
        self._failed.add(item_id)
        self._wanted = [pair for pair in self._wanted if pair[1] != item_id]
        self._go_on()


def _pictures(record: Any, cells: list[dict[str, Any]], theme: Any) -> list[QImage]:
    """Runs in the pool."""
    from astrogui.viewers.thumbnail import thumbnail

    return [thumbnail(record, row, theme) for row in cells]
