"""Playing the planes of a cube: the next one when the last is on the screen, never earlier."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QToolButton, QWidget

PLANES_PER_S = (0.2, 30.0, 5.0)  # slowest, fastest, at first
LOOK_MS = 10  # between two looks whether the rest of a large plane has come


class PlanePlayer(QWidget):
    """Play or pause, how fast, whether to begin again; asks for one plane after another.

    Whoever loads the planes says ``came`` when one is handed to the view: the next is asked for
    once it was painted and its time has passed. So a slow disk makes the film slower, and nothing
    piles up; out of sight nothing is painted, and the film waits.
    """

    plane_wanted = Signal(int)  # 1 for the first
    playing = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane, self.count = 1, 1
        self.play = QToolButton()
        self.play.setCheckable(True)
        self.play.setAccessibleName("Play the planes")
        self.play.toggled.connect(self._on_toggled)
        self.speed = QDoubleSpinBox()
        self.speed.setAccessibleName("Planes a second")
        self.speed.setToolTip("As fast as this, or as the planes can be read and painted")
        self.speed.setRange(*PLANES_PER_S[:2])
        self.speed.setValue(PLANES_PER_S[2])
        self.speed.setDecimals(1)
        self.speed.setSuffix(" planes/s")
        self.loop = QCheckBox("Loop")
        self.loop.setToolTip("After the last plane begin again with the first")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.play, self.speed, self.loop):
            row.addWidget(widget)
        self._canvas: QObject | None = None
        self._is_sharp: Callable[[], bool] = lambda: True
        self._awaits_paint = False
        self._since = QElapsedTimer()  # since the last plane was asked for
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setTimerType(Qt.TimerType.PreciseTimer)
        self._next.timeout.connect(self._on_due)
        self._write()

    def watch(self, canvas: QObject, is_sharp: Callable[[], bool]) -> None:
        """The widget on which planes are painted, and whether all of one is there to paint."""
        self._canvas, self._is_sharp = canvas, is_sharp
        canvas.installEventFilter(self)

    @property
    def is_playing(self) -> bool:
        return self.play.isChecked()

    def set_plane(self, plane: int, count: int) -> None:
        """The plane on the screen, of so many; a film of one plane ends."""
        self.plane, self.count = plane, count
        if count < 2:
            self.stop()

    def toggle(self) -> None:
        """Play from this plane, from the first where it is the last; or pause."""
        self.play.setChecked(not self.is_playing and self.count > 1)

    def stop(self) -> None:
        self.play.setChecked(False)

    def came(self) -> None:
        """The plane asked for was handed to the view, which will paint it."""
        self._awaits_paint = self.is_playing

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._awaits_paint and event.type() == QEvent.Type.Paint and watched is self._canvas:
            self._awaits_paint = False
            due_ms = 1e3 / self.speed.value() - self._since.elapsed()
            self._next.start(max(round(due_ms), 0))  # a turn later: then it is painted
        return super().eventFilter(watched, event)

    def _on_toggled(self, is_playing: bool) -> None:
        self._awaits_paint = False
        self._write()
        self.playing.emit(is_playing)
        if is_playing:
            self._ask(from_start=self.plane >= self.count)
        else:
            self._next.stop()

    def _on_due(self) -> None:
        if self._is_sharp():
            self._ask()
        else:
            self._next.start(LOOK_MS)

    def _ask(self, from_start: bool = False) -> None:
        if self.plane >= self.count and not (from_start or self.loop.isChecked()):
            self.stop()
            return
        self._since.start()
        self.plane_wanted.emit(1 if self.plane >= self.count else self.plane + 1)

    def _write(self) -> None:
        self.play.setText("Pause" if self.is_playing else "Play")
        self.play.setToolTip("One plane after another (Shift+Page Up)")
