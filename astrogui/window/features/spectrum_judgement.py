"""A redshift accepted in the spectrum view becomes the row's redshift by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Writes what the analyst accepts as the judgement ``user_z`` of the current row."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        view = bench.area.views.get("spectrum")
        if view is not None:
            self._attach("spectrum", view)
        bench.area.view_made.connect(self._attach)

    def _attach(self, kind: str, view: Any) -> None:
        if kind == "spectrum":
            view.redshift_judged.connect(self._on_judged)

    def _on_judged(self, redshift: float, line_names: tuple[str, ...]) -> None:
        """Undo takes it back; the answer of the network stays what it was."""
        bench = self._bench
        row_id = bench.selection.row_id
        if row_id is None:
            bench.window.notice.show_notice(
                "This spectrum has no row yet, so its redshift cannot be kept: run its analysis."
            )
            return
        future = bench.session.annotate((row_id,), {"user_z": round(redshift, 6)})
        names = ", ".join(line_names[:4])
        words = f"z = {redshift:.5f} kept by hand" + (f" ({names})" if names else "")
        bench.bridge.after(future, lambda _: bench.area.message.emit(words), self._on_failed)

    def _on_failed(self, words: str) -> None:
        self._bench.window.notice.show_notice(words)
