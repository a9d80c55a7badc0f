"""Spectral lines at a redshift, all of them moved by the mouse as one comb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal

from astrogui.science.line_lists import strength
from astrogui.science.lines import Line
from astrogui.viewers.plot import Marker, MarkersItem

WIDE_ANGSTROM = 2500.0  # of rest wavelengths on screen, from which weak lines are left out
GRIP = 5.0  # pixels from a line within which it is taken hold of
_COLOURS = {"nebular": "accent", "broad": "accent", "stellar": "warning"}


class LineComb(MarkersItem):
    """Dragging a line changes the redshift; clicking its name asks to see it closely."""

    moved = Signal(float)  # the redshift that the mouse gives
    name_clicked = Signal(object)  # a Line

    def __init__(self) -> None:
        super().__init__(rows=4)
        self.lines: tuple[Line, ...] = ()
        self.redshift = 0.0
        self.can_move = True
        self._held: Line | None = None
        self._least = 1

    def set_lines(self, lines: Sequence[Line], redshift: float) -> None:
        self.lines, self.redshift = tuple(lines), redshift
        self._mark()

    def viewRangeChanged(self, *arguments: object) -> None:
        """Weak lines come and go with the zoom."""
        super().viewRangeChanged(*arguments)
        if self._least != self._least_strength():
            self._mark()

    def _least_strength(self) -> int:
        view = self.getViewBox()
        if view is None:
            return 1
        return 2 if view.viewRect().width() > WIDE_ANGSTROM * (1.0 + self.redshift) else 1

    def _mark(self) -> None:
        stretch, self._least = 1.0 + self.redshift, self._least_strength()
        self.set_markers(
            [
                Marker(
                    line.wavelength_angstrom * stretch,
                    line.name,
                    _COLOURS[line.kind],
                    strength(line.name),
                )
                for line in self.lines
                if strength(line.name) >= self._least
            ]
        )

    def line_at(self, scene: QPointF) -> Line | None:
        """The line whose name or mark lies under a point, the nearest of several."""
        named = self.name_at(scene)
        if named is not None:
            return named
        view = self.getViewBox()
        shown = [line for line in self.lines if strength(line.name) >= self._least]
        if view is None or not shown:
            return None
        stretch = 1.0 + self.redshift
        apart = [abs(view.scene_x(x.wavelength_angstrom * stretch) - scene.x()) for x in shown]
        nearest = min(range(len(apart)), key=apart.__getitem__)
        return shown[nearest] if apart[nearest] <= GRIP else None

    def name_at(self, scene: QPointF) -> Line | None:
        """The line whose name lies under a point."""
        for name, box in zip(self.labelled, self.boxes, strict=True):
            if box.contains(scene):
                return next((line for line in self.lines if line.name == name), None)
        return None

    def hoverEvent(self, ev: Any) -> None:
        if ev.isExit() or not self.can_move or self.line_at(ev.scenePos()) is None:
            self.unsetCursor()
            return
        if ev.acceptDrags(Qt.MouseButton.LeftButton):
            self.setCursor(Qt.CursorShape.SizeHorCursor)

    def mouseDragEvent(self, ev: Any) -> None:
        if ev.isStart():
            plain = ev.button() == Qt.MouseButton.LeftButton and not (
                ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
            )
            may = plain and self.can_move and self.isVisible()
            self._held = self.line_at(ev.buttonDownScenePos()) if may else None
        if self._held is None:
            ev.ignore()
            return
        ev.accept()
        view = self.getViewBox()
        grip = view.scene_x(self._held.wavelength_angstrom * (1.0 + self.redshift))
        begin = ev.buttonDownScenePos().x() if ev.isStart() else ev.lastScenePos().x()
        at = view.mapSceneToView(QPointF(grip + ev.scenePos().x() - begin, 0.0)).x()
        self.moved.emit(at / self._held.wavelength_angstrom - 1.0)
        if ev.isFinish():
            self._held = None

    def mouseClickEvent(self, ev: Any) -> None:
        line = self.name_at(ev.scenePos()) if ev.button() == Qt.MouseButton.LeftButton else None
        if line is None:
            ev.ignore()
            return
        ev.accept()
        self.name_clicked.emit(line)
