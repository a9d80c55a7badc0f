"""Thumbnails in the table: made for the rows in sight, one observation after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QPixmap

from astrogui.window.actions import Spec
from astrogui.window.cut_outs import CutOuts

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

PAUSE_MS = 120  # after a scroll
HEIGHT = 52  # of a row with a picture, pixels


class Feature(QObject):
    """Loads the observations of visible rows through the session, and keeps small pictures only."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._table = bench, bench.catalogue.table
        self._made = CutOuts(bench, self)
        self._made.made.connect(self._on_made)
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
        if bench.catalogue.layout_kept.pictures:
            self._action.setChecked(True)

    @property
    def pictures(self) -> int:
        """How many are kept."""
        return len(self._made)

    @property
    def is_busy(self) -> bool:
        return self._later.isActive() or self._made.is_busy

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
        found = self._made.picture(row_id)
        if found is None:
            if not self._later.isActive():
                self._later.start()
            return None
        return QPixmap.fromImage(found)

    def _on_moved(self) -> None:
        if self.is_on:
            self._later.start()

    def _look(self) -> None:
        """Which of the rows in sight have no picture yet."""
        if not self.is_on:
            return
        model, lines = self._bench.model, self._table.visible_lines()
        self._made.want(model.row_id(line) for line in lines if line < model.rowCount())

    def _on_made(self, _: object) -> None:
        self._table.viewport().update()
        self._table.frozen.viewport().update()
