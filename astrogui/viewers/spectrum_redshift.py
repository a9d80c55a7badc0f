"""The redshift at which lines are drawn: the network's, one of its other peaks, or by hand."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.viewers.redshift_panel import Alternative
from astrogui.viewers.unit_text import percent_text

STEP_KM_S, FINE_STEP_KM_S = 50.0, 5.0
LOWEST, HIGHEST = -0.02, 20.0


class ShownRedshift(QObject):
    """The redshift in use and where it comes from."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.peaks: tuple[Alternative, ...] = ()  # the answer first
        self.peak = 0  # the peak in use, -1 for a redshift by hand
        self.judged: float | None = None  # the row's redshift by hand
        self.line_names: tuple[str, ...] = ()  # that gave the redshift by hand
        self._answer: float | None = None
        self._value: float | None = None

    @property
    def answer(self) -> float | None:
        """The network's redshift."""
        return self._answer

    @property
    def value(self) -> float | None:
        """The redshift in use; None where there is neither an answer nor one by hand."""
        return self._value

    @property
    def by_hand(self) -> bool:
        return self._value is not None and self.peak < 0

    def begin(
        self, answer: float | None, peaks: tuple[Alternative, ...], judged: float | None
    ) -> None:
        """A new answer: a redshift that the analyst has accepted stands, else the network's."""
        same = self.by_hand and answer == self._answer and judged == self.judged
        self._answer, self.judged = answer, judged
        self.peaks = peaks if answer is not None else ()
        if not same:
            self._value, self.peak = (answer, 0) if judged is None else (judged, -1)
            self.line_names = ()
        self.changed.emit()

    def forget(self) -> None:
        self.peak, self.line_names = 0, ()
        self._answer = self._value = self.judged = None
        self.peaks = ()
        self.changed.emit()

    def set_by_hand(self, redshift: float, line_names: tuple[str, ...] = ()) -> None:
        """Use a redshift, held between ``LOWEST`` and ``HIGHEST``."""
        self._value = min(max(redshift, LOWEST), HIGHEST)
        self.peak, self.line_names = -1, line_names
        self.changed.emit()

    def reset(self) -> None:
        """Back to the network's redshift."""
        self._value, self.peak, self.line_names = self._answer, 0, ()
        self.changed.emit()

    def step(self, km_s: float) -> None:
        """Move by a velocity; from z = 0 where there is none yet."""
        stretch = 1.0 + (self._value or 0.0)
        self.set_by_hand(stretch * (1.0 + km_s / SPEED_OF_LIGHT_KM_S) - 1.0, self.line_names)

    def next_peak(self, by: int = 1) -> bool:
        """Use the next peak of the answer; False where it has one only."""
        if len(self.peaks) < 2 and not (self.peaks and self.by_hand):
            return False
        if self.by_hand:  # the first step leads back to the best peak, or to the last
            self.use_peak(0 if by > 0 else len(self.peaks) - 1)
        else:
            self.use_peak((self.peak + by) % len(self.peaks))
        return True

    def use_peak(self, index: int) -> None:
        """Use one of ``peaks``; raises ``IndexError`` where there is none such."""
        self._value, self.peak, self.line_names = self.peaks[index].z, index, ()
        self.changed.emit()

    @property
    def offset_km_s(self) -> float:
        """Velocity from the network's redshift to the one in use, NaN without both."""
        if self._value is None or self._answer is None:
            return math.nan
        return SPEED_OF_LIGHT_KM_S * (self._value - self._answer) / (1.0 + self._answer)

    def words(self) -> str:
        """What is in use, with its distance from the answer."""
        if self._value is None:
            return "no redshift: type one, or click two features"
        text = f"lines at z = {self._value:.5f}"
        if self.by_hand:
            text += " by hand"
            if self.judged is not None and abs(self.judged - self._value) < 1e-7:
                text += ", accepted"
        elif self.peak > 0:
            peak = self.peaks[self.peak]
            text += f", peak {self.peak + 1} of {len(self.peaks)}: {peak.cls}"
            text += f" {percent_text(peak.probability)}"
        else:
            return text + " of the answer"
        if self._answer is None:
            return text
        return f"{text} · Δz {self._value - self._answer:+.5f}, {_velocity(self.offset_km_s)}"


def _velocity(km_s: float) -> str:
    if abs(km_s) >= 20_000:
        return "far from the answer"
    return f"Δv {km_s:+,.0f} km/s from the answer".replace("-", "−")
