"""Where a merger was: a dock with the sky map of the current answer, and files for others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QWidget

from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec
from astrogui.window.lazy_dock import LazyDock

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


class Feature(QObject):
    """Follows the current answer while the dock is open."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.view: SkyView | None = None
        self._answer: tuple[dict[str, Any] | None, Posterior | None] = (None, None)
        self._is_stale = False
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["save_samples"].triggered.connect(self.ask_for_samples)
        actions["save_sky_map"].triggered.connect(self.ask_for_sky_map)
        self.dock = LazyDock(bench, DockSpec("sky", "Sky map"), "results", self._make)
        bench.window.docks["sky"].visibilityChanged.connect(self._show)
        bench.answer.changed.connect(self._on_answer)

    @property
    def panel_views(self) -> dict[str, SkyView]:
        """The view, once there is one, whose tools the keyboard map lists."""
        return {} if self.view is None else {"sky": self.view}

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

    def _make(self) -> QWidget:
        from astrogui.viewers.sky_view import SkyView

        self.view = SkyView(self._bench.compute)
        self.view.setAccessibleName("Sky map")
        self.view.save_wanted.connect(self.ask_for_sky_map)
        self.view.installEventFilter(self)
        self._take_theme()
        return self.view

    def _on_answer(self, row: dict[str, Any] | None, posterior: Posterior | None) -> None:
        self._answer, self._is_stale = (row, posterior), True
        if self.view is not None and self.view.isVisible():
            self._show(True)

    def _show(self, is_visible: bool) -> None:
        """A map is made once somebody looks: it takes a second or two of the pool."""
        if is_visible and self._is_stale and self.view is not None:
            self._is_stale = False
            row, posterior = self._answer
            if row is None:
                self.view.clear()
            else:
                self.view.show_answer(row, posterior)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Light or dark was chosen: the map follows once everything else has."""
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._take_theme)
        return super().eventFilter(watched, event)

    def _take_theme(self) -> None:
        theme = self._bench.results.view.theme
        if self.view is not None and self.view.theme is not theme:
            self.view.set_theme(theme)
