"""What lies behind an image on screen: the header of its file, its extensions and planes."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from astrogui.records.image import Field, Image
from astrogui.records.source import FilePart
from astrogui.viewers.image_parts import PartChooser
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.viewer import Viewer

if TYPE_CHECKING:
    from astrogui.viewers.header_dialog import HeaderDialog
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Asks the session for headers and parts of the file whose image is shown."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._view: ImageView | None = None
        self.chooser: PartChooser | None = None
        self.dialog: HeaderDialog | None = None
        self._path = ""
        self._parts: tuple[FilePart, ...] = ()
        self._is_loading = False
        self._wanted = ""
        for kind, view in bench.area.views.items():
            self._on_view_made(kind, view)
        bench.area.view_made.connect(self._on_view_made)

    # The view ---------------------------------------------------------------------------------

    def _on_view_made(self, kind: str, view: Viewer) -> None:
        if not isinstance(view, ImageView):
            return
        self._view = view
        self.chooser = view.add_above(PartChooser())
        self.chooser.part_wanted.connect(self._on_part_wanted)
        self.chooser.player.watch(view.canvas, lambda: view.is_sharp)
        view.overlay.record_shown.connect(self._on_record_shown)
        add, menu = view.add_tool, "&File"
        add(
            "header",
            "FITS &header…",
            self.show_header,
            ("Ctrl+H",),
            "Every card, with search",
            menu,
        )
        for name, text, slot, keys, tip in (
            ("next_part", "&Next extension", self._next_part, "E", "Of the same file"),
            ("previous_part", "&Previous extension", self._previous_part, "Shift+E", "Of the file"),
            ("next_plane", "Next plan&e", self._next_plane, "PgUp", "Of a cube"),
            ("previous_plane", "Pre&vious plane", self._previous_plane, "PgDown", "Of a cube"),
            ("first_plane", "&First plane", self._first_plane, "Home", "Of a cube"),
            ("last_plane", "L&ast plane", self._last_plane, "End", "Of a cube"),
            ("play_planes", "Play p&lanes or pause", self._play_planes, "Shift+PgUp", "Of a cube"),
        ):
            action = add(name, text, slot, (keys,), tip, menu)
            if "Pg" in keys or keys in {"Home", "End"}:  # lists and tables use these keys too
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        if view.image is not None:
            self._on_record_shown(view.image)

    def _on_record_shown(self, image: Image | None) -> None:
        path = image.provenance.path if image is not None else ""
        if image is None or not path:  # cleared, or still a glimpse
            return
        assert self.chooser is not None
        if path == self._path:
            self.chooser.follow(image)
            self.chooser.player.came()
            return
        self._path, self._parts = path, ()
        self.chooser.set_parts((), image)
        self._bench.bridge.after(self._bench.session.parts(path), partial(self._on_parts, path))

    def _on_parts(self, path: str, parts: tuple[FilePart, ...]) -> None:
        view, chooser = self._view, self.chooser
        if path != self._path or view is None or view.image is None or chooser is None:
            return
        self._parts = parts
        chooser.set_parts(parts, view.image)
        if self.dialog is not None and self.dialog.isVisible():
            self._fill_dialog()

    # Extensions and planes ----------------------------------------------------------------------

    def _next_part(self) -> None:
        self._step_part(+1)

    def _previous_part(self) -> None:
        self._step_part(-1)

    def _step_part(self, step: int) -> None:
        if self.chooser is not None:
            self.chooser.step_part(step)

    def _next_plane(self) -> None:
        self._step_plane(+1)

    def _previous_plane(self) -> None:
        self._step_plane(-1)

    def _step_plane(self, step: int) -> None:
        if self.chooser is not None:
            self.chooser.step_plane(step)

    def _first_plane(self) -> None:
        if self.chooser is not None:
            self.chooser.to_plane(1)

    def _last_plane(self) -> None:
        if self.chooser is not None:
            self.chooser.to_plane(-1)

    def _play_planes(self) -> None:
        if self.chooser is not None:
            self.chooser.player.toggle()

    def _on_part_wanted(self, part: str) -> None:
        """Load a part; while one is on its way the newest wish waits."""
        self._wanted = part
        if not self._is_loading and part:
            self._load()

    def _load(self) -> None:
        part, self._wanted, self._is_loading = self._wanted, "", True
        path = self._path
        self._bench.bridge.after(
            self._bench.session.load_part(path, part),
            partial(self._on_loaded, path),
            self._on_load_failed,
        )

    def _on_loaded(self, path: str, record: Any) -> None:
        self._is_loading = False
        image = record.images[0] if isinstance(record, Field) else record
        if self._view is not None and path == self._path and isinstance(image, Image):
            shown = self._view.image
            same_shape = shown is not None and shown.shape == image.shape
            player = self.chooser.player if self.chooser is not None else None
            is_film = player is not None and player.is_playing
            # Cuts that change from plane to plane would flicker.
            self._view.show_image(image, keep_place=same_shape, keep_cuts=is_film)
        if self._wanted:
            self._load()

    def _on_load_failed(self, words: str) -> None:
        self._is_loading = False
        if self.chooser is not None:
            self.chooser.player.stop()
        self._bench.window.notice.show_notice(words)
        if self._wanted:
            self._load()

    # The header -----------------------------------------------------------------------------------

    def show_header(self) -> None:
        """Open the dialog at the HDU whose image is shown."""
        from astrogui.viewers.header_dialog import HeaderDialog

        if self.dialog is None:
            self.dialog = HeaderDialog(self._bench.window)
            self.dialog.header_wanted.connect(self._on_header_wanted)
        self._fill_dialog()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        self.dialog.search.setFocus()

    def _fill_dialog(self) -> None:
        assert self.dialog is not None
        if not self._parts:
            self.dialog.show_words("The file shown has no FITS header.")
            return
        shown = self._view.image.provenance.part if self._view and self._view.image else ""
        titles = [part.title for part in self._parts]
        title = shown.partition(", plane ")[0]
        index = titles.index(title) if title in titles else 0
        words = [f"{part.title}: {part.words}" for part in self._parts]
        self.dialog.show_parts(os.path.basename(self._path), words, index)

    def _on_header_wanted(self, index: int) -> None:
        if index >= 0 and self._path:
            self._bench.bridge.after(
                self._bench.session.header(self._path, index),
                partial(self._on_header, self._path, index),
                self._on_header_failed,
            )

    def _on_header(self, path: str, index: int, text: str) -> None:
        dialog = self.dialog
        if dialog is not None and path == self._path and dialog.part.currentIndex() == index:
            dialog.show_cards(text)

    def _on_header_failed(self, words: str) -> None:
        if self.dialog is not None:
            self.dialog.show_words(words)
