"""Where a merger was: a dock with the sky map of the current answer, and files for others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from astrogui.window.actions import Spec
from astrogui.window.answer_dock import AnswerDock
from astrogui.window.docks import DockSpec

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.viewers.sky_view import SkyView
    from astrogui.window.workbench import Workbench

MENU = "&Results"
SPECS = (
    Spec("save_samples", MENU, "Save &merger samples…", ("Ctrl+Alt+B",),
         "The selected mergers' draws as bilby and PESummary read them", starts_group=True),
    Spec("save_sky_map", MENU, "Save s&ky map…", ("Ctrl+Alt+Q",),
         "The place on the sky in HEALPix pixels, as FITS"),
)  # fmt: skip
SAMPLES = "bilby result (*.json);;PESummary (*.h5)"
SKY_MAP = "Sky map (*.fits)"


class Feature(AnswerDock):
    """The dock, and the actions that write files."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench, DockSpec("sky", "Sky map"))
        self.view: SkyView | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["save_samples"].triggered.connect(self.ask_for_samples)
        actions["save_sky_map"].triggered.connect(self.ask_for_sky_map)

    def ask_for_samples(self, _: bool = False) -> None:
        """Ask for the file of the selected mergers' draws."""
        self._ask_for("Save merger samples", SAMPLES, "json", self._chosen())

    def ask_for_sky_map(self, _: bool = False) -> None:
        """Ask for the file of the current merger's map."""
        row_id = self._bench.selection.row_id
        self._ask_for("Save the sky map", SKY_MAP, "fits", () if row_id is None else (row_id,))

    def save(self, row_ids: tuple[int, ...], path: str) -> None:
        """Have the file written; what became of it is said in the notice bar."""
        future = self._bench.session.export_merger(path, row_ids)
        say = self._bench.window.notice.show_notice
        self._bench.bridge.after(future, partial(self._on_written, path), say)

    def _on_written(self, path: str, count: int) -> None:
        mergers = "1 merger" if count == 1 else f"{count} mergers"
        self._bench.window.notice.show_notice(f"{mergers} written to {path}")

    def _chosen(self) -> tuple[int, ...]:
        selection = self._bench.selection
        if selection.row_ids:
            return tuple(selection.row_ids)
        return () if selection.row_id is None else (selection.row_id,)

    def _ask_for(self, title: str, kinds: str, suffix: str, row_ids: tuple[int, ...]) -> None:
        if not row_ids:
            self._bench.window.notice.show_notice("Choose the row of a merger first.")
            return
        dialog = QFileDialog(self._bench.window, title, "", kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.fileSelected.connect(partial(self.save, row_ids))
        dialog.open()

    def make_view(self) -> SkyView:
        from astrogui.viewers.sky_view import SkyView

        view = SkyView(self._bench.compute)
        view.setAccessibleName("Sky map")
        view.save_wanted.connect(self.ask_for_sky_map)
        self.view = view
        return view

    def show_in(self, view: Any, row: dict[str, Any], posterior: Posterior | None) -> None:
        view.show_answer(row, posterior)
