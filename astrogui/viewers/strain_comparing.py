"""Comparing detectors: shift and sign of each, found or set by hand, and one behind the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject

from astrogui.science.coincidence import Alignment
from astrogui.science.detector_response import DETECTORS, light_travel_s
from astrogui.viewers.strain_products import alignment

if TYPE_CHECKING:
    from astrogui.viewers.strain_view import StrainView

SLACK_S = 0.0005  # beyond the light-travel time, for noise and sampling
UNKNOWN_LIMIT_S = 0.05  # for detectors whose site is not known
LONGEST_S = 8.0  # of the screen that is compared, about its middle


class StrainComparing(QObject):
    """Finds and applies alignments; the panels draw them."""

    def __init__(self, view: StrainView) -> None:
        super().__init__(view)
        view.compare_row.changed.connect(self._on_changed)
        view.compare_row.find_wanted.connect(self.align)
        view.compare_row.reset_wanted.connect(self.reset)

    @property
    def _view(self) -> StrainView:
        """The view, which is not held: it could not be freed."""
        return cast("StrainView", self.parent())

    def align(self) -> None:
        """Ask for the alignment of each detector with the first, over the screen's middle."""
        panels = self._view.panels
        first = panels[0].series_of("whitened") if panels else None
        if first is None or len(panels) < 2:
            self._view.message.emit("Two detectors with whitened strain are needed to align them.")
            return
        low, high = self._view.span_gps
        middle, half = 0.5 * (low + high), min(0.5 * (high - low), 0.5 * LONGEST_S)
        merger = self._view.answer.gps
        if merger is not None and low <= merger <= high:
            middle, half = merger - 0.1, min(half, 0.2)
        for panel in panels[1:]:
            other = panel.series_of("whitened")
            if other is not None:
                limit = limit_s(panels[0].detector, panel.detector)
                self._view.ask(
                    f"align:{panel.slot}", self._view.on_alignment, _numbered, panel.slot,
                    first, other, middle - half, middle + half, limit,
                )  # fmt: skip

    def apply(self, slot: int, found: Alignment | str) -> None:
        """Show what was found, and say it."""
        panel = self._view.panels[slot]
        if isinstance(found, str):
            self._view.message.emit(f"{panel.name} cannot be aligned: {found}.")
            return
        self._view.compare_row.show_alignment(slot, found.shift_s, found.flip)
        self._on_changed(slot, found.shift_s, found.flip)
        first = self._view.panels[0].name
        sign = "inverted, " if found.flip else ""
        self._view.message.emit(
            f"{panel.name}: {sign}{1e3 * found.shift_s:+.2f} ms to lie on {first} (correlation "
            f"{abs(found.correlation):.2f} in 35–350 Hz; light travels "
            f"{1e3 * (limit_s(first, panel.name) - SLACK_S):.1f} ms between them)"
        )

    def reset(self) -> None:
        """Show every detector as it was recorded."""
        for panel in self._view.panels:
            self._view.compare_row.show_alignment(panel.slot, 0.0, False)
            self._on_changed(panel.slot, 0.0, False)

    def _on_changed(self, slot: int, shift_s: float, flip: bool) -> None:
        if slot < len(self._view.panels):
            self._view.panels[slot].set_alignment(shift_s, flip)
            self._view.redraw()


def limit_s(one: str, other: str) -> float:
    """The longest shift that a wave can have between two detectors."""
    if one in DETECTORS and other in DETECTORS:
        return light_travel_s(one, other) + SLACK_S
    return UNKNOWN_LIMIT_S


def _numbered(slot: int, *args: Any) -> tuple[int, Alignment | str]:
    return slot, alignment(*args)
