"""Thumbnails in the table: made for the rows in sight, one observation after the other."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage, QPixmap

from astrogui.window.actions import Spec

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MOST_PICTURES = 600  # kept: 10 MB
MOST_RECORDS = 2  # kept while rows of them are in sight
PAUSE_MS = 120  # after a scroll
HEIGHT = 52  # of a row with a picture, pixels


class Feature(QObject):
    """Loads the observations of visible rows through the session, and keeps small pictures only."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._table = bench, bench.catalogue.table
        self._pictures: OrderedDict[int, QPixmap] = OrderedDict()
        self._records: OrderedDict[int, Any] = OrderedDict()
        self._failed: set[int] = set()  # items that cannot be read
        self._wanted: list[tuple[int, int]] = []  # row and item, in the order of the table
        self._loading: int | None = None
        self._plain_height = self._table.verticalHeader().defaultSectionSize()
        self.is_on = False
        actions = bench.window.actions_by_name
        actions.add(
            (
                Spec("thumbnails", "&Catalogue", "Th&umbnails", ("Ctrl+T",),
                     "Cut-outs, small spectra and strain maps beside the rows",
                     is_checkable=True, starts_group=True),
            )
        )  # fmt: skip
        self._action = actions["thumbnails"]
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._look)
        self._action.toggled.connect(self.switch)
        self._table.scrolled.connect(self._on_moved)
        bench.model.arranged_anew.connect(self._on_moved)
        bench.model.columns_changed.connect(self._on_moved)
        bench.bridge.project_changed.connect(self._forget)
        if bench.catalogue.layout_kept.pictures:
            self._action.setChecked(True)

    @property
    def pictures(self) -> int:
        """How many are kept."""
        return len(self._pictures)

    @property
    def is_busy(self) -> bool:
        return self._loading is not None or self._later.isActive() or bool(self._wanted)

    def switch(self, is_on: bool) -> None:
        """Show pictures, or not."""
        self.is_on = is_on
        self._table.picture = self._picture if is_on else None
        self._table.set_row_height(HEIGHT if is_on else self._plain_height)
        kept = self._bench.catalogue.layout_kept
        if kept.pictures != is_on:
            kept.pictures = is_on
            self._bench.catalogue.keep_layout()
        self._on_moved()

    def _picture(self, row_id: int) -> QPixmap | None:
        """What a cell paints; a picture that is not there yet is asked for."""
        found = self._pictures.get(row_id)
        if found is None and not self._later.isActive():
            self._later.start()
        return found

    def _forget(self) -> None:
        self._pictures.clear()
        self._records.clear()
        self._failed.clear()
        self._wanted, self._loading = [], None

    def _on_moved(self) -> None:
        if self.is_on:
            self._later.start()

    def _look(self) -> None:
        """Which of the rows in sight have no picture yet."""
        if not self.is_on:
            return
        model = self._bench.model
        self._wanted = []
        for line in self._table.visible_lines():
            if line >= model.rowCount():
                break
            row_id = model.row_id(line)
            item_id = model.store.item_of(row_id)
            if row_id not in self._pictures and item_id is not None and item_id not in self._failed:
                self._wanted.append((row_id, item_id))
        self._go_on()

    def _go_on(self) -> None:
        if self._loading is not None or not self._wanted:
            return
        row_id, item_id = self._wanted.pop(0)
        self._loading = item_id
        if item_id in self._records:
            self._records.move_to_end(item_id)
            self._draw(row_id, item_id, self._records[item_id])
            return
        try:
            future = self._bench.session.load(item_id)
        except KeyError:
            self._on_failed(item_id, "")
            return
        self._bench.bridge.after(
            future, partial(self._draw, row_id, item_id), partial(self._on_failed, item_id)
        )

    def _draw(self, row_id: int, item_id: int, record: Any) -> None:
        from astrogui.viewers.thumbnail import thumbnail

        self._records[item_id] = record
        while len(self._records) > MOST_RECORDS:
            self._records.popitem(last=False)
        store = self._bench.model.store
        place = store.position(row_id)
        names = ("x_pixel", "y_pixel", "gps_found", "gps")
        row = {} if place is None else {name: store.cell(place, name) for name in names}
        theme = self._bench.results.view.theme
        future = self._bench.compute(thumbnail, record, row, theme)
        self._bench.bridge.after(
            future, partial(self._on_drawn, row_id), partial(self._on_failed, item_id)
        )

    def _on_drawn(self, row_id: int, image: QImage) -> None:
        self._loading = None
        self._pictures[row_id] = QPixmap.fromImage(image)
        while len(self._pictures) > MOST_PICTURES:
            self._pictures.popitem(last=False)
        self._table.viewport().update()
        self._table.frozen.viewport().update()
        self._go_on()

    def _on_failed(self, item_id: int, words: str) -> None:
        """The observation has no picture; the Problems dock has said why."""
        del words
        self._loading = None
        self._failed.add(item_id)
        self._wanted = [pair for pair in self._wanted if pair[1] != item_id]
        self._go_on()
