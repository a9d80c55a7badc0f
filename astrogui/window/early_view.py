"""The first file of the command line, on screen before session and panels are there.

The reader process is started before Qt is imported, and asked for a glimpse of the file before the
view's modules are: where the pixels of a plain FITS image lie, or the extremes of a strain series.
Everything else about the file comes the ordinary way, and the view goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from astrogui.window.main_window import MainWindow

if TYPE_CHECKING:
    from astrogui.viewers.colours import Theme

POOL_THREADS = 2
# Which view's modules are imported is decided before the content is known. Another kind of content
# is shown the ordinary way.
STRAIN_ENDINGS = {".hdf5", ".h5", ".hdf"}


class EarlyView(QObject):
    """Shows the first file, an image or strain, and hands view, pool and reader on."""

    shown = Signal()  # the file is on the screen

    def __init__(self, window: MainWindow, paths: Sequence[str], process: Any) -> None:
        """``process``: the reader process; ``paths``: () where a project has files already."""
        super().__init__(window)
        self._window, self._process = window, process
        self._path = paths[0] if paths else ""
        self.kind = "strain" if PurePath(self._path).suffix in STRAIN_ENDINGS else "image"
        self.pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="view")
        self.reader: Any = None  # the session's, once it is there
        self.view: Any = None  # of class ``Viewer``
        self._asked: Future[None] | None = None
        self._first: Future[Any] | None = None

    def ask(self) -> None:
        """Ask the reader for its glimpse, in a thread; no Qt is imported there."""
        self._asked = self.pool.submit(self._ask)

    def _ask(self) -> None:
        from astrogui.session.helpers import make_reader

        self.reader = make_reader(self._process, has_window=True)
        if self._path:
            self._first = self.reader.glimpse(self._path)

    def load(self) -> None:
        """Import what the view needs; runs in a thread of the start."""
        if self._asked is None:
            self.ask()
        assert self._asked is not None
        self._asked.result()
        if self._first is None:
            return
        if self.kind == "image":
            self._first = self.pool.submit(_first_pixels, self._first)
        import_module(f"astrogui.viewers.{self.kind}_view")

    def show(self, theme: Theme) -> None:
        """Make the view, which appears once there is something in it."""
        if self._first is None:
            return
        from astrogui.viewers import view_class

        self.view = view_class(self.kind)(self.pool.submit, self._window.pages)
        self.view.set_theme(theme)
        self._window.pages.addWidget(self.view)
        if self.kind == "image":
            self.view.overlay.record_shown.connect(self._on_record_shown)
        else:
            self.view.outline_shown.connect(self._on_outline_shown)
        self.view.show_glimpse(self._first)

    @property
    def is_on_screen(self) -> bool:
        return self.view is not None and self._window.pages.currentWidget() is self.view

    def make_plot(self) -> None:
        """One of the plots that will be wanted, in ten milliseconds."""
        if self.view is not None and self.kind == "strain":
            self.view.make_plot()

    @property
    def is_being_drawn(self) -> bool:
        """Whether the file is there and on its way to the screen: all else can wait for it."""
        if self.view is None or self._first is None or not self._first.done():
            return False
        return bool(self.view.awaits("glimpse")) or getattr(self.view, "is_drawing", False)

    def close(self) -> None:
        """End the reader process, unless a session has it."""
        if self._asked is not None:
            self._asked.exception()
        if self.reader is not None:
            self.reader.close()
        elif self._process is not None:
            self._process.end()

    def _on_record_shown(self, image: object) -> None:
        self.view.overlay.record_shown.disconnect(self._on_record_shown)
        if image is not None:
            self._come_up()

    def _on_outline_shown(self) -> None:
        self.view.outline_shown.disconnect(self._on_outline_shown)
        self._come_up()

    def _come_up(self) -> None:
        self._window.pages.setCurrentWidget(self.view)
        self.shown.emit()


def _first_pixels(glimpse: Future[Any]) -> Any:
    """The first look at a glimpse, as ``image_loading.begun`` gives it; None without an image."""
    from astrogui.records.image import Image
    from astrogui.viewers.image_loading import begun_by_default

    image = glimpse.result()
    return begun_by_default(image) if isinstance(image, Image) else None
