"""Why: what the current answer rests on, found by hiding one stretch of the data after another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec
from astrogui.window.lazy_dock import LazyDock
from astrogui.window.theme_follower import ThemeFollower

if TYPE_CHECKING:
    from astrogui.records.sensitivity import Sensitivity
    from astrogui.viewers.sensitivity_view import SensitivityView
    from astrogui.window.workbench import Workbench

SPECS = (
    Spec("why", "&Results", "Wh&y this answer", ("Ctrl+F5",),
         "Show which stretches of the spectrum the answer rests on"),
)  # fmt: skip
MARGIN = 4.0  # lengths of a clicked stretch that the spectrum shows to either side


class Feature(QObject):
    """A dock that follows the current row while it is open; the worker does the computing."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.view: SensitivityView | None = None
        self._asked: tuple[int, str] | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["why"].triggered.connect(self.ask)
        bench.results.view.head.addAction(actions["why"])
        self.dock = LazyDock(bench, DockSpec("why", "Why"), "results", self._make)
        bench.answer.changed.connect(self._on_answer_changed)

    def ask(self, _: bool = False) -> None:
        """Compute what the current answer rests on, and show it."""
        self.dock.show()
        self._ask()

    def _make(self) -> QWidget:
        from astrogui.viewers.sensitivity_view import SensitivityView

        self.view = SensitivityView()
        self.view.setAccessibleName("What the answer rests on")
        ThemeFollower(self.view, self._bench.results.view)
        self.view.stretch_clicked.connect(self._on_stretch_clicked)
        return self.view

    def _ask(self) -> None:
        row_id, task = self._bench.selection.row_id, self._bench.answer.task
        view = self.view
        if view is None:
            return
        if row_id is None or task is None:
            view.clear()
            return
        self._asked = (row_id, task)
        view.show_words("Hiding one stretch of the spectrum after another …")
        future = self._bench.session.explain(row_id, task)
        asked = self._asked
        self._bench.bridge.after(future, partial(self._on_come, asked), partial(self._fail, asked))

    def _on_come(self, asked: tuple[int, str], sensitivity: Sensitivity) -> None:
        if asked == self._asked and self.view is not None:
            shown: Any = self._bench.area.views.get("spectrum")
            z = getattr(shown, "redshift", None)
            self.view.show_sensitivity(sensitivity, () if z is None else shown.lines, z or 0.0)

    def _fail(self, asked: tuple[int, str], words: str) -> None:
        if asked == self._asked and self.view is not None:
            self.view.show_words(words)

    def _on_answer_changed(self, row: dict[str, Any] | None, posterior: object) -> None:
        """Another answer: what is shown belongs to the one before."""
        del row, posterior
        here = (self._bench.selection.row_id, self._bench.answer.task)
        if self._asked is None or here == self._asked or self.view is None:
            return
        self._asked = None
        self.view.clear()

    def _on_stretch_clicked(self, low: float, high: float) -> None:
        shown: Any = self._bench.area.current
        if hasattr(shown, "show_wavelengths"):
            wide = high - low
            shown.show_wavelengths(low - MARGIN * wide, high + MARGIN * wide)
