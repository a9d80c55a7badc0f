"""Help: the user guide, opened at the page of what the analyst is working with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDockWidget

from astrogui.window.actions import Spec
from astrogui.window.guide_pages import GuidePage, read_pages
from astrogui.window.resource import resource

if TYPE_CHECKING:
    from astrogui.window.guide_window import GuideWindow
    from astrogui.window.workbench import Workbench


# The page of a panel or a kind of view that is not named like it.
PAGES = {
    "start": "first_steps", "image": "images", "spectrum": "spectra", "regions": "image_tools",
    "measure": "image_tools", "own_catalogues": "image_tools", "frames": "image_tools",
    "colour": "image_tools", "why": "results", "sky": "black_holes", "ringdown": "black_holes",
    "files": "window", "annotate": "grading", "history": "grading", "jobs": "window",
    "problems": "window", "own_classes": "morphology",
    "inside": "network", "embedding": "network",
}  # fmt: skip


class Feature(QObject):
    """Reads the guide when it is asked for, not before."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.window: GuideWindow | None = None
        self._wanted = ""
        bench.window.actions_by_name.add(
            (Spec("guide", "&Help", "User &guide", ("F1",), "How everything here is used"),)
        )
        bench.window.actions_by_name["guide"].triggered.connect(self.open_here)

    def open_here(self) -> None:
        """Open the guide at the page of the panel or view that has the focus."""
        self.open(self._page_of_focus())

    def open(self, page: str = "index") -> None:
        """Open the guide at a page."""
        if self.window is not None:
            self.window.open_page(page)
            self.window.raise_()
            self.window.activateWindow()
            return
        self._wanted = page
        future = self._bench.compute(read_pages, resource("guide"))
        self._bench.bridge.after(future, self._on_read)

    def _on_read(self, pages: tuple[GuidePage, ...]) -> None:
        from astrogui.window.guide_window import GuideWindow

        if self.window is None:
            self.window = GuideWindow(pages, self._bench.window)
            self.window.destroyed.connect(self._on_closed)
            self.window.show()
        self.window.open_page(self._wanted)

    def _on_closed(self) -> None:
        self.window = None

    def _page_of_focus(self) -> str:
        """The name of the dock that has the focus; in the viewer, the kind of view."""
        widget = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, QDockWidget):
            widget = widget.parentWidget()
        name = "index" if widget is None else widget.objectName()
        if name == "viewer":
            current = self._bench.area.current
            views = self._bench.area.views
            name = next((kind for kind, view in views.items() if view is current), "start")
        return PAGES.get(name, name)
