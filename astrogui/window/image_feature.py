"""A part of the window that belongs to the image view, which is made when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from astrogui.viewers.image_view import ImageView
from astrogui.viewers.viewer import Viewer

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class ImageFeature(QObject):
    """Its ``attach`` is called once, with the image view."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._is_attached = False

    def begin(self) -> None:
        """Attach to the view that is there, else to the one that will be made."""
        view = self._bench.area.views.get("image")
        if view is not None:
            self._on_view_made("image", view)
        else:
            self._bench.area.view_made.connect(self._on_view_made)

    def attach(self, view: ImageView) -> None:
        """Give the view its tools."""
        raise NotImplementedError

    def _on_view_made(self, kind: str, view: Viewer) -> None:
        if kind == "image" and not self._is_attached:
            assert isinstance(view, ImageView)
            self._is_attached = True
            self.attach(view)
