"""The program's icons: line drawings in the colour of the text."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap

from astrogui.window.resource import resource

SIZES = (16, 20, 24, 32, 48)


class Icons:
    """Icons by name in the colours of a palette, drawn when first asked for."""

    def __init__(self, palette: QPalette) -> None:
        self._palette = palette
        self._drawn: dict[str, QIcon] = {}

    def use(self, palette: QPalette) -> None:
        """Draw anew in other colours; the same ones stay as they are drawn."""
        if palette != self._palette:
            self._palette = palette
            self._drawn.clear()

    def __getitem__(self, name: str) -> QIcon:
        if name not in self._drawn:
            self._drawn[name] = self._draw(name)
        return self._drawn[name]

    def _draw(self, name: str) -> QIcon:
        lines = resource(f"icons/{name}.svg").read_text("utf-8")
        icon = QIcon()
        group = QPalette.ColorGroup
        for mode, colours in (
            (QIcon.Mode.Normal, group.Active),
            (QIcon.Mode.Disabled, group.Disabled),
        ):
            colour = self._palette.color(colours, QPalette.ColorRole.WindowText)
            for size in SIZES:
                icon.addPixmap(_pixmap(lines, colour, size), mode)
        colour = self._palette.color(QPalette.ColorRole.HighlightedText)
        icon.addPixmap(_pixmap(lines, colour, 20), QIcon.Mode.Selected)
        return icon


def application_icon() -> QIcon:
    """The program's own sign, in its own colours."""
    drawing = resource("icons/astrogui.svg").read_text("utf-8")
    icon = QIcon()
    for size in (16, 32, 64, 128):
        icon.addPixmap(_pixmap(drawing, QColor("black"), size))
    return icon


def _pixmap(drawing: str, colour: QColor, size: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(QByteArray(drawing.replace("currentColor", colour.name()).encode()))
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    return pixmap
