"""What takes longer than a second: said in the status bar, with time left and a way to stop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from astrogui.viewers.courier import courier
from astrogui.window.progress import ProgressBar
from astrogui.window.time_left import TimeLeft, words

SHOWN_AFTER_S = 1.0
TICK_MS = 500
PAUSE_S = 0.1  # between two looks of the bar, however fast the work goes
BAR_WIDTH = 110


@dataclass(eq=False)
class Activity:
    """One thing under way; ``total`` 0 where nobody knows how much there is to do."""

    title: str
    stop: Callable[[], object] | None
    began_s: float
    done: float = 0.0
    total: float = 0.0
    left: TimeLeft = field(default_factory=TimeLeft)

    def line(self, now_s: float) -> str:
        parts = [self.title]
        if self.total:
            parts.append(f"{int(self.done)} of {int(self.total)}")
        seconds = self.left.seconds(now_s, self.total) if self.total else None
        parts.append(words(seconds) if seconds is not None else f"{now_s - self.began_s:.0f} s")
        return ", ".join(parts)


class ActivityBar(QWidget):
    """Words, a bar and a button; empty and hidden while nothing takes long."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel(self)
        self.bar = ProgressBar(self)
        self.bar.setMaximumWidth(BAR_WIDTH)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setAccessibleName("Cancel what is under way")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        for widget in (self.words, self.bar, self.cancel):
            row.addWidget(widget)
        self.hide()


class Activities(QObject):
    """Keeps the bar in step with everything that was begun and has not ended."""

    def __init__(self, bar: ActivityBar, parent: QObject) -> None:
        super().__init__(parent)
        self._bar = bar
        self._open: dict[object, Activity] = {}
        self._shown_s = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._show)
        bar.cancel.clicked.connect(self._on_cancel)

    @property
    def shown(self) -> Activity | None:
        """The one that the bar speaks of: the longest under way."""
        return next(iter(self._open.values()), None)

    def watch(
        self, title: str, future: Future[Any], stop: Callable[[], object] | None = None
    ) -> None:
        """Speak of ``title`` until ``future`` is done."""
        self.begin(future, title, stop)
        courier().bring(future, self.end)

    def begin(self, key: object, title: str, stop: Callable[[], object] | None = None) -> Activity:
        """Speak of ``title`` until ``end`` is called with ``key``."""
        if key not in self._open:
            self._open[key] = Activity(title, stop, time.monotonic())
            self._timer.start()
        return self._open[key]

    def advance(self, key: object, done: float, total: float) -> None:
        """So much of it is done."""
        activity = self._open.get(key)
        if activity is not None:
            activity.done, activity.total = done, total
            now_s = time.monotonic()
            activity.left.feed(now_s, done)
            if now_s - self._shown_s > PAUSE_S:
                self._show()

    def end(self, key: object) -> None:
        """It is over, however it ended."""
        if self._open.pop(key, None) is not None:
            self._show()
        if not self._open:
            self._timer.stop()

    def _show(self) -> None:
        now_s, activity = time.monotonic(), self.shown
        self._shown_s = now_s
        if activity is None or now_s - activity.began_s < SHOWN_AFTER_S:
            self._bar.hide()
            return
        others = len(self._open) - 1
        line = activity.line(now_s)
        self._bar.words.setText(f"{line} (and {others} more)" if others else line)
        self._bar.words.setToolTip("\n".join(a.line(now_s) for a in self._open.values()))
        self._bar.bar.setRange(0, int(activity.total) if activity.total else 0)
        self._bar.bar.setValue(int(activity.done))
        self._bar.cancel.setVisible(activity.stop is not None)
        self._bar.show()

    def _on_cancel(self) -> None:
        activity = self.shown
        if activity is not None and activity.stop is not None:
            activity.stop()
