"""Spectral lines at a redshift, all of them moved by the mouse as one comb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal

from astrogui.science.line_lists import strength
from astrogui.science.lines import Line
from astrogui.viewers.plot import Marker, MarkersItem

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

    def set_lines(self, lines: Sequence[Line], redshift: float) -> None:
        self.lines, self.redshift = tuple(lines), redshift
        stretch = 1.0 + redshift
        self.set_markers(
            [
                Marker(
                    line.wavelength_angstrom * stretch,
                    line.name,
                    _COLOURS[line.kind],
                    strength(line.name),
                )
                for line in lines
            ]
        )

    def line_at(self, scene: QPointF) -> Line | None:
        """The line whose name or mark lies under a point, the nearest of several."""
        for name, box in zip(self.labelled, self.boxes, strict=True):
            if box.contains(scene):
                return next((line for line in self.lines if line.name == name), None)
        view = self.getViewBox()
        if view is None or not self.lines:
            return None
        stretch = 1.0 + self.redshift
        apart = [
            abs(view.scene_x(line.wavelength_angstrom * stretch) - scene.x()) for line in self.lines
        ]
        nearest = min(range(len(apart)), key=apart.__getitem__)
        return self.lines[nearest] if apart[nearest] <= GRIP else None

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
