"""Strain as it comes: a record played at a chosen speed, or one that grows and is followed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from astrogui.records.strain import Network, Strain

SPEEDS = (1, 2, 4, 8, 16, 32, 64)
FRAME_MS = 33
KEPT_S = 256.0  # of a growing record that stays on display


class StrainPlayer(QObject):
    """A place that moves through a record: the right end of what the view shows.

    Times are GPS seconds. While it follows a growing record it stays at the newest.
    """

    moved = Signal(float)
    changed = Signal()  # playing, speed, length or source

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.low = self.high = self.place = 0.0
        self.speed = 1
        self.source = ""  # what is followed, in words
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_frame)

    @property
    def is_playing(self) -> bool:
        return self._timer.isActive()

    def set_range(self, low_gps: float, high_gps: float, place: float | None = None) -> None:
        """What there is; the place stays inside."""
        self.low, self.high = low_gps, high_gps
        self.place = min(max(self.place if place is None else place, low_gps), high_gps)
        self.changed.emit()

    def set_speed(self, speed: int) -> None:
        """One of ``SPEEDS`` times the speed of the detector; raises ``ValueError`` for others."""
        if speed not in SPEEDS:
            raise ValueError(f"a speed is one of {SPEEDS}, got {speed}")
        self.speed = speed
        self.changed.emit()

    def faster(self) -> None:
        self.set_speed(SPEEDS[min(SPEEDS.index(self.speed) + 1, len(SPEEDS) - 1)])

    def slower(self) -> None:
        self.set_speed(SPEEDS[max(SPEEDS.index(self.speed) - 1, 0)])

    def toggle(self) -> None:
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Go on from the place; from the beginning where it stands at the end."""
        if not self.high > self.low:
            return
        if self.place >= self.high and not self.source:
            self.place = self.low
        self._clock.start()
        self._timer.start()
        self.changed.emit()

    def pause(self) -> None:
        self._timer.stop()
        self.changed.emit()

    def go(self, gps: float) -> None:
        """Jump to a time inside the record."""
        self.place = min(max(gps, self.low), self.high)
        self.moved.emit(self.place)

    def newest(self) -> None:
        self.go(self.high)

    def advance(self, elapsed_s: float) -> None:
        """Move by so much time on the clock."""
        self.go(self.place + self.speed * elapsed_s)
        if self.place >= self.high and not self.source:
            self.pause()

    def _on_frame(self) -> None:
        self.advance(self._clock.restart() / 1e3)


def joined(older: Network, newer: Network, longest_s: float = KEPT_S) -> Network:
    """A network with what came after it, at most ``longest_s`` of each detector, gaps NaN.

    A detector that is in one of them only is kept. Where a sample is in both, the newer counts.
    Raises ``ValueError`` where a detector's sample rate has changed.
    """
    later = {strain.detector: strain for strain in newer.strains}
    strains = [
        _joined(strain, later.pop(strain.detector), longest_s)
        if strain.detector in later
        else strain
        for strain in older.strains
    ]
    return Network(strains=(*strains, *later.values())[:3])


def _joined(older: Strain, newer: Strain, longest_s: float) -> Strain:
    rate = older.sample_rate_hz
    if newer.sample_rate_hz != rate:
        raise ValueError(
            f"{older.detector} came at {rate:g} Hz and goes on at {newer.sample_rate_hz:g} Hz"
        )
    end = max(older.gps_end, newer.gps_end)
    start = max(min(older.gps_start, newer.gps_start), end - longest_s)
    # Whole samples of the older grid, whole seconds for the quality.
    start = older.gps_start + math.ceil(start - older.gps_start)
    samples = np.full(round((end - start) * rate), np.nan)
    seconds = math.ceil(end - start)
    quality = np.zeros(seconds, np.uint32)
    injections = np.zeros(seconds, np.uint32)
    for part in (older, newer):
        _paste(samples, part.samples, round((part.gps_start - start) * rate))
        for kept, values in ((quality, part.quality), (injections, part.injections)):
            if values is not None:
                _paste(kept, values, round(part.gps_start - start))
    known = older.quality is not None and newer.quality is not None
    told = older.injections is not None and newer.injections is not None
    return replace(
        newer,
        samples=samples,
        gps_start=start,
        quality=quality if known else None,
        injections=injections if told else None,
    )


def _paste(whole: np.ndarray, part: np.ndarray, first: int) -> None:
    low, high = max(first, 0), min(first + part.size, whole.size)
    if high > low:
        whole[low:high] = part[low - first : high - first]
