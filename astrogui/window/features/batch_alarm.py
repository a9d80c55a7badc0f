"""Says in the notice bar when the answers of a batch crowd where a pipeline fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MOST_ROWS = 50_000  # of one batch that are judged


class Feature(QObject):
    """Judges the rows answered since the session last came to rest; an alarm is told once."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._waiting = False
        self._batch: dict[int, None] = {}
        self._told: set[str] = set()
        bench.bridge.rows_changed.connect(self._on_rows_changed)
        bench.bridge.project_changed.connect(self._forget)

    def _forget(self) -> None:
        self._batch.clear()
        self._told.clear()

    def _on_rows_changed(self, row_ids: Any, fields: Any, initiator: Any) -> None:
        """Rows that were answered; judgements of the analyst come with an initiator."""
        del fields
        if initiator is not None or len(self._batch) >= MOST_ROWS:
            return
        self._batch.update(dict.fromkeys(row_ids))
        if not self._waiting:
            self._waiting = True
            self._bench.bridge.after(self._bench.session.idle(), self._on_idle, self._on_failed)

    def _on_idle(self, _: Any) -> None:
        batch = tuple(self._batch)[:MOST_ROWS]
        self._batch.clear()
        future = self._bench.compute(_alarms, self._bench.session.view, batch)
        self._bench.bridge.after(future, self._tell, self._on_failed)

    def _tell(self, alarms: list[str]) -> None:
        self._waiting = False
        for words in alarms:
            if words not in self._told:
                self._told.add(words)
                self._bench.window.notice.show_notice(words[:1].upper() + words[1:] + ".")

    def _on_failed(self, _: str) -> None:
        self._waiting = False


def _alarms(view: Any, row_ids: tuple[int, ...]) -> list[str]:
    from astrogui.session.batches import batch_notices

    return batch_notices(view, row_ids)
