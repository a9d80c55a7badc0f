"""A view of a dock in the light or dark of the results beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer

from astrogui.viewers.viewer import Viewer


class ThemeFollower(QObject):
    """Gives ``view`` the theme of another, now and whenever another is chosen."""

    def __init__(self, view: Viewer, leader: Viewer) -> None:
        super().__init__(view)
        self._view, self._leader = view, leader
        view.installEventFilter(self)
        self.take_theme()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Light or dark was chosen: the view follows once everything else has."""
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self.take_theme)
        return super().eventFilter(watched, event)

    def take_theme(self) -> None:
        """Look as the leader does."""
        if self._view.theme is not self._leader.theme:
            self._view.set_theme(self._leader.theme)
