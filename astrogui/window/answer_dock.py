"""A dock whose view shows something of the current answer, made when it is first looked at."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from astrogui.viewers.viewer import Viewer
from astrogui.window.docks import DockSpec
from astrogui.window.lazy_dock import LazyDock
from astrogui.window.theme_follower import ThemeFollower

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.window.workbench import Workbench


class AnswerDock(QObject):
    """Follows the current answer while the dock is open, in the colours of the results.

    What the view computes takes a second or so of the pool: nothing is asked of it while nobody
    looks.
    """

    def __init__(self, bench: Workbench, spec: DockSpec) -> None:
        super().__init__(bench)
        self._bench, self._name = bench, spec.name
        self._view: Viewer | None = None
        self._answer: tuple[dict[str, Any] | None, Posterior | None] = (None, None)
        self._is_stale = False
        self.dock = LazyDock(bench, spec, "results", self._build)
        bench.window.docks[spec.name].visibilityChanged.connect(self._on_seen)
        bench.answer.changed.connect(self.take_answer)

    @abstractmethod
    def make_view(self) -> Viewer:
        """The view, when it is first wanted."""

    @abstractmethod
    def show_in(self, view: Viewer, row: dict[str, Any], posterior: Posterior | None) -> None:
        """Have the view show an answer."""

    @property
    def panel_views(self) -> dict[str, Viewer]:
        """The view, once there is one, whose tools the keyboard map lists."""
        return {} if self._view is None else {self._name: self._view}

    def take_answer(self, row: dict[str, Any] | None, posterior: Posterior | None) -> None:
        """Another answer is the current one."""
        self._answer = (row, posterior)
        self.renew()

    def renew(self) -> None:
        """What is shown is no longer true."""
        self._is_stale = True
        if self._view is not None and self._view.isVisible():
            self._on_seen(True)

    def _build(self) -> QWidget:
        self._view = self.make_view()
        ThemeFollower(self._view, self._bench.results.view)
        return self._view

    def _on_seen(self, is_visible: bool) -> None:
        if not is_visible or not self._is_stale or self._view is None:
            return
        self._is_stale = False
        row, posterior = self._answer
        if row is None:
            self._view.clear()
        else:
            self.show_in(self._view, row, posterior)
