"""Colours of three bands: the panel that chooses them, beside the results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from astrogui.viewers.image_view import ImageView
from astrogui.window.docks import DockSpec
from astrogui.window.image_feature import ImageFeature
from astrogui.window.lazy_dock import LazyDock

if TYPE_CHECKING:
    from astrogui.viewers.image_rgb import RgbPanel
    from astrogui.window.workbench import Workbench


class Feature(ImageFeature):
    """Gives the image view its colour panel."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.dock: LazyDock | None = None
        self.begin()

    def compose(self) -> None:
        """Show the panel and make colours of the field on the screen."""
        assert self.dock is not None
        self.dock.show()
        panel: Any = self.dock.panel
        panel.compose()

    def attach(self, view: ImageView) -> None:
        view.add_tool("colour_panel", "Colours of three &bands…", self.compose, ("Shift+G",),
                      "Choose the bands, black, stretch, Q and balance of the colours")  # fmt: skip
        self.dock = LazyDock(
            self._bench, DockSpec("colour", "Colour"), "results", partial(self._make_panel, view)
        )

    def _make_panel(self, view: ImageView) -> RgbPanel:
        from astrogui.viewers.image_rgb import RgbPanel

        return RgbPanel(view, self._bench.window)
