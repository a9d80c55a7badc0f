"""A picture of the window once its work is done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from astrogui.viewers.turns import turns

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

LOOK_MS = 40  # between two looks at whether the views are painted; ends with the picture
QUIET_LOOKS = 6  # looks in a row that must find nothing under way
SIGNAL_COLUMNS = ("snr", "snr_r", "flux_auto_r", "flux_r", "flux")


class Screenshot(QObject):
    """Waits until the session is idle and the views are painted, then saves the window."""

    taken = Signal(bool)  # whether the file was written

    def __init__(self, bench: Workbench, path: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench, self._path = bench, path
        self._quiet = 0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def begin(self) -> None:
        self._bench.bridge.after(self._bench.session.idle(), self._on_idle, self._on_idle)

    def _on_idle(self, _: object) -> None:
        self._timer.start()

    def _look(self) -> None:
        """Two stages: first all rows are read and one is chosen, then everything is painted."""
        bench = self._bench
        is_busy = (
            bench.model.is_reading or bench.area.is_busy or bench.results.is_busy or turns().is_busy
        )
        self._quiet = 0 if is_busy else self._quiet + 1
        if self._quiet == QUIET_LOOKS:
            row_id = telling_row(bench)
            if row_id is not None and row_id != bench.selection.row_id:
                self._quiet = 0
                bench.selection.choose_rows((row_id,), row_id, bench.selection.item_id)
                return
            self._timer.stop()
            QTimer.singleShot(0, self, self._take)

    def _take(self) -> None:
        self._bench.window.repaint()
        is_saved = self._bench.window.grab().save(self._path, "PNG")
        self.taken.emit(is_saved)


def telling_row(bench: Workbench) -> int | None:
    """Of the observation shown, the row with the most signal among those without doubts."""
    store, item_id = bench.model.store, bench.selection.item_id
    if item_id is None:
        return None
    places = [int(place) for place in store.positions_of_item(item_id)]
    if not places:
        return None
    doubts = [c.name for c in store.columns if c.name.startswith("flags")]
    clear = [p for p in places if not any(store.cell(p, name) for name in doubts)]
    column = next((name for name in SIGNAL_COLUMNS if store.has(name)), None)

    def signal(place: int) -> float:
        value = store.cell(place, column) if column else None
        return -math.inf if value is None else float(value)

    return store.row_id(max(clear or places, key=signal))
