"""The ringing of a merger's remnant: a dock that fits it to the strain on display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astrogui.window.answer_dock import AnswerDock
from astrogui.window.docks import DockSpec

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.records.strain import Network
    from astrogui.viewers.ringdown_view import RingdownView
    from astrogui.window.workbench import Workbench


class Feature(AnswerDock):
    """Joins the strain that is read with the answer of its row."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench, DockSpec("ringdown", "Ringdown"))
        self.view: RingdownView | None = None
        self._network: Network | None = None
        bench.area.record_shown.connect(self._on_record)

    def make_view(self) -> RingdownView:
        from astrogui.viewers.ringdown_view import RingdownView

        self.view = RingdownView(self._bench.compute)
        self.view.setAccessibleName("Ringdown")
        return self.view

    def show_in(self, view: Any, row: dict[str, Any], posterior: Posterior | None) -> None:
        if self._network is None or row.get("item_id") != self._bench.selection.item_id:
            view.clear()
        else:
            view.show_merger(self._network, row, posterior)

    def _on_record(self, kind: str, record: Any) -> None:
        self._network = record if kind == "strain" else None
        self.renew()
