"""Files and folders dropped anywhere on the window, its floating docks and its text widgets."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget


class FileDrop(QObject):
    """Watches widgets for dropped files; children let their drops through to them."""

    dropped = Signal(list)  # of paths, as strings

    def watch(self, widget: QWidget) -> None:
        """Take drops on ``widget``, a top-level window or a dock that may float."""
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in {QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop}:
            assert isinstance(event, QDropEvent)
            return self._take(event, is_drop=kind == QEvent.Type.Drop)
        return super().eventFilter(watched, event)

    def _take(self, event: QDropEvent, *, is_drop: bool) -> bool:
        paths = local_paths(event.mimeData())
        if not paths:
            event.ignore()
            return True
        event.acceptProposedAction()
        if is_drop:
            self.dropped.emit(paths)
        return True


def local_paths(mime: QMimeData) -> list[str]:
    """The local files and folders among what is dragged."""
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile() and url.toLocalFile()]


def let_drops_through(widget: QWidget) -> None:
    """Make ``widget`` and all below it leave drops to the window (text and plots take them)."""
    for child in (widget, *widget.findChildren(QWidget)):
        if child.acceptDrops():
            child.setAcceptDrops(False)
