"""Frames: the bands of a field, or several observations, side by side or blinked."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrogui.records.image import Field
from astrogui.viewers.image_view import ImageView
from astrogui.window.docks import DockSpec
from astrogui.window.image_feature import ImageFeature
from astrogui.window.lazy_dock import LazyDock

if TYPE_CHECKING:
    from astrogui.viewers.image_frames import FramesPanel
    from astrogui.window.workbench import Workbench


class Feature(ImageFeature):
    """Gives the window its frames."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.dock: LazyDock | None = None
        self.begin()

    def show_bands(self) -> None:
        """The bands of the image on the screen, side by side."""
        field = self._field()
        if field is None:
            self._bench.window.notice.show_notice("Show an image first.")
            return
        self._panel().show_field(field)
        self._show()

    def blink(self) -> None:
        """Blink the frames, those of the image on the screen where there are none yet."""
        panel = self._panel()
        if not panel.panes:
            self.show_bands()
        if panel.panes:
            panel.toggle_blink()
            self._show()

    def add_shown(self) -> None:
        """The image on the screen as one more frame."""
        view = self._bench.area.view("image")
        assert isinstance(view, ImageView)
        image = view.overlay.image
        if image is None:
            self._bench.window.notice.show_notice("Show an image first.")
            return
        name = " ".join(filter(None, (Path(image.provenance.path).name, image.band))) or "image"
        if self._panel().add_image(name, image):
            self._show()
        else:
            self._bench.window.notice.show_notice("All four frames are taken: clear them first.")

    def clear(self) -> None:
        """Empty all frames."""
        self._panel().clear()

    def attach(self, view: ImageView) -> None:
        menu = "&Frames"
        view.blockSignals(True)  # its menu is made once for all tools
        for name, text, slot, key, tip in (
            ("frames_bands", "&Bands side by side", self.show_bands, "Shift+M",
             "Up to four bands in panes that move together"),
            ("frames_add", "&Add this image", self.add_shown, "Alt+J",
             "The image on the screen as one more frame"),
            ("frames_blink", "B&link", self.blink, "Shift+K",
             "One frame after another in one place"),
            ("frames_clear", "&Clear frames", self.clear, "Alt+K", "Empty all frames"),
        ):  # fmt: skip
            view.add_tool(name, text, slot, (key,), tip, menu)
        view.blockSignals(False)
        view.tools_changed.emit()
        self.dock = LazyDock(
            self._bench, DockSpec("frames", "Frames"), "viewer", partial(self._make_panel, view)
        )

    def _make_panel(self, view: ImageView) -> FramesPanel:
        from astrogui.viewers.image_frames import FramesPanel

        panel = FramesPanel(self._bench.compute, self._bench.window)
        panel.set_theme(view.theme)
        view.overlay.theme_changed.connect(panel.set_theme)
        return panel

    def _panel(self) -> Any:
        assert self.dock is not None
        return self.dock.panel

    def _show(self) -> None:
        assert self.dock is not None
        self.dock.show()

    def _field(self) -> Field | None:
        view = self._bench.area.view("image")
        return view.overlay.field if isinstance(view, ImageView) else None
