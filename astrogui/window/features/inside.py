"""What the network sees: feature maps and attributions of the selected source, in a dock."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer

from astrogui.window.actions import Spec
from astrogui.window.answer_dock import AnswerDock
from astrogui.window.docks import DockSpec
from astrogui.window.path_dialog import SaveDialog

if TYPE_CHECKING:
    from astrogui.records.inside import Inside
    from astrogui.records.posterior import Posterior
    from astrogui.viewers.inside_view import InsideView
    from astrogui.window.workbench import Workbench

SPECS = (
    Spec("inside", "&Results", "&What the network sees", ("Ctrl+Shift+F7",),
         "Show the input, the feature maps and what the answer rests on, of a source of an image"),
)  # fmt: skip
FILTERS = "FITS, all maps (*.fits);;PNG, what is shown (*.png)"
PAUSE_MS = 300  # while rows are walked through, nothing is asked


class Feature(AnswerDock):
    """Asks the worker about one row at a time; the last one chosen meanwhile comes next."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench, DockSpec("inside", "Network"))
        self.view: InsideView | None = None
        self._wanted: tuple[int, str] | None = None
        self._asked: tuple[int, str] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._ask)
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["inside"].triggered.connect(self._on_asked)

    @property
    def is_busy(self) -> bool:
        """Whether a look is under way or about to be."""
        return self._asked is not None or self._later.isActive()

    def make_view(self) -> InsideView:
        from astrogui.viewers.inside_view import InsideView

        self.view = InsideView()
        self.view.setAccessibleName("What the network sees")
        self.view.save_wanted.connect(self._choose_path)
        return self.view

    def show_in(self, view: Any, row: dict[str, Any], posterior: Posterior | None) -> None:
        del posterior
        task = self._bench.answer.task
        known = {one.name for one in self._bench.session.tasks() if one.insight is not None}
        if task not in known:
            self._wanted = None
            view.clear()
            return
        self._wanted = (int(row["row_id"]), task)
        view.show_words("Looking into the network …\nThe first look loads it with its gradients.")
        self._later.start()

    def save(self, path: str) -> None:
        """Write .fits with all maps, or .png as it is on screen."""
        view = self.view
        if view is None or view.inside is None:
            return
        if Path(path).suffix.lower() == ".png":
            try:
                view.save_figure(path)
            except OSError as error:
                self._tell(f"{path}: {error}")
            else:
                self._tell(f"Saved {path}.")
            return
        future = self._bench.session.save_inside(view.inside, path)
        self._bench.bridge.after(future, partial(self._on_saved, path), self._tell)

    def _on_asked(self, _: bool = False) -> None:
        self.dock.show()

    def _ask(self) -> None:
        if self._asked is not None or self._wanted is None:
            return
        self._asked = asked = self._wanted
        future = self._bench.session.look_inside(*asked)
        self._bench.bridge.after(
            future, partial(self._on_come, asked), partial(self._on_failed, asked)
        )

    def _on_come(self, asked: tuple[int, str], inside: Inside) -> None:
        if self._is_answer_to(asked) and self.view is not None:
            self.view.show_inside(inside, f"Row {asked[0]}")

    def _on_failed(self, asked: tuple[int, str], words: str) -> None:
        if self._is_answer_to(asked) and self.view is not None:
            self.view.show_words(words)

    def _is_answer_to(self, asked: tuple[int, str]) -> bool:
        """Whether what came is still wanted; else the one that is wanted now is asked for."""
        self._asked = None
        if asked != self._wanted:
            self._ask()
            return False
        return True

    def _choose_path(self) -> None:
        if self.view is None or self.view.inside is None:
            self._tell("There are no maps to save: choose a source of an image first.")
            return
        dialog = SaveDialog(self._bench.window, "Save maps", FILTERS, "fits")
        dialog.fileSelected.connect(self.save)
        dialog.open()

    def _on_saved(self, path: str, _: object) -> None:
        self._tell(f"Saved {path}.")

    def _tell(self, words: str) -> None:
        self._bench.window.notice.show_notice(words)
