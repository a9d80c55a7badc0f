"""The first image of the command line, on screen before session and panels are there.

The reader process is started before Qt is imported. It says where the pixels of a plain FITS image
lie; they are read and rendered in a pool while the view's modules are imported. Everything else
about the file comes the ordinary way, and the view goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from astrogui.window.main_window import MainWindow

if TYPE_CHECKING:
    from astrogui.viewers.colours import Theme
    from astrogui.viewers.image_view import ImageView

POOL_THREADS = 2


class EarlyImage(QObject):
    """Shows the first file, where it is a plain image, and hands view, pool and reader on."""

    shown = Signal()  # pixels are on the screen

    def __init__(self, window: MainWindow, paths: Sequence[str], process: Any) -> None:
        """``process``: the reader process; ``paths``: () where a project has files already."""
        super().__init__(window)
        self._window, self._process = window, process
        self._path = paths[0] if paths else ""
        self.pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="view")
        self.reader: Any = None  # the session's, once it is there
        self.view: ImageView | None = None
        self._first: Future[Any] | None = None

    def load(self) -> None:
        """Import what is needed and ask for the pixels; runs in a thread of the start."""
        from astrogui.session.helpers import make_reader

        self.reader = make_reader(self._process)
        if not self._path:
            return
        self._first = self.pool.submit(_first_look, self.reader.glimpse(self._path))
        import astrogui.viewers.image_view  # noqa: F401

    def show(self, theme: Theme) -> None:
        """Make the view, which appears once there are pixels for it."""
        if self._first is None:
            return
        from astrogui.viewers.image_view import ImageView

        self.view = ImageView(self.pool.submit, self._window.pages)
        self.view.set_theme(theme)
        self._window.pages.addWidget(self.view)
        self.view.overlay.record_shown.connect(self._on_record_shown)
        self.view.show_glimpse(self._first)

    @property
    def is_on_screen(self) -> bool:
        return self.view is not None and self._window.pages.currentWidget() is self.view

    def close(self) -> None:
        """End the reader process, unless a session has it."""
        if self.reader is not None:
            self.reader.close()
        elif self._process is not None:
            self._process.end()

    def _on_record_shown(self, image: object) -> None:
        assert self.view is not None
        self.view.overlay.record_shown.disconnect(self._on_record_shown)
        if image is not None:
            self._window.pages.setCurrentWidget(self.view)
            self.shown.emit()


def _first_look(glimpse: Future[Any]) -> Any:
    """The first look at a glimpse, as ``image_loading.begun`` gives it; None without an image."""
    from astrogui.viewers.image_loading import begun_by_default

    image = glimpse.result()
    return None if image is None else begun_by_default(image)
