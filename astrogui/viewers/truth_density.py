"""True against predicted redshift as a figure of several panels: how many fall where.

``python -m astrogui.viewers.truth_density TABLE.json FIGURE.png`` draws the panels of a table made
by ``astrogui.training.euclid_table``. Counts are shown on a logarithmic scale.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPen

from astrogui.viewers.colours import LIGHT, Theme, rgb_of_map

PANEL = 250  # logical pixels of a panel's side
LEFT, TOP, BETWEEN_X, BETWEEN_Y, RIGHT, BOTTOM = 74, 64, 34, 66, 104, 62
SCALE = 2.0  # pixels of the picture to a logical one
TICKS = (1.0, 1.2, 1.4, 1.6, 1.8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityPanel:
    """One classifier: counts (true, predicted) over equal bins of the range, and words above."""

    title: str
    words: str
    counts: NDArray[np.int64]


def draw(
    panels: Sequence[DensityPanel],
    columns: int,
    limits: tuple[float, float] = (1.0, 1.8),
    theme: Theme = LIGHT,
) -> QImage:
    """The panels row by row, one scale of colours for all; needs a running Qt application."""
    columns = max(1, min(columns, len(panels)))
    rows = -(-len(panels) // columns)
    width = LEFT + columns * (PANEL + BETWEEN_X) - BETWEEN_X + RIGHT
    height = TOP + rows * (PANEL + BETWEEN_Y) - BETWEEN_Y + BOTTOM
    image = QImage(round(width * SCALE), round(height * SCALE), QImage.Format.Format_RGB32)
    image.fill(QColor(theme.ground))
    most = max((int(panel.counts.max()) for panel in panels), default=1)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.scale(SCALE, SCALE)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        place = QRectF(
            LEFT + column * (PANEL + BETWEEN_X), TOP + row * (PANEL + BETWEEN_Y), PANEL, PANEL
        )
        last = number + columns >= len(panels)
        _panel(painter, panel, place, limits, most, theme, column == 0, last)
    _scale(painter, QRectF(width - RIGHT + 30, TOP, 14, PANEL), most, theme)
    painter.end()
    return image


def _panel(
    painter: QPainter,
    panel: DensityPanel,
    place: QRectF,
    limits: tuple[float, float],
    most: int,
    theme: Theme,
    is_first: bool,
    is_last: bool,
) -> None:
    painter.drawImage(place, _picture(panel.counts, most, theme))
    painter.setPen(QPen(theme.colour("muted"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place)
    _font(painter, 12, bold=True)
    painter.setPen(theme.colour("text"))
    above = QRectF(place.left(), place.top() - 40, place.width() + BETWEEN_X, 18)
    painter.drawText(above, Qt.AlignmentFlag.AlignLeft, panel.title)
    _font(painter, 11)
    painter.setPen(theme.colour("muted"))
    painter.drawText(above.translated(0, 18), Qt.AlignmentFlag.AlignLeft, panel.words)
    low, high = limits
    for value in TICKS:
        share = (value - low) / (high - low)
        x, y = place.left() + share * place.width(), place.bottom() - share * place.height()
        painter.drawLine(QPointF(x, place.bottom()), QPointF(x, place.bottom() + 4))
        painter.drawLine(QPointF(place.left() - 4, y), QPointF(place.left(), y))
        if is_last:
            box = QRectF(x - 20, place.bottom() + 6, 40, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"{value:.1f}")
        if is_first:
            box = QRectF(place.left() - 44, y - 8, 36, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, f"{value:.1f}")
    if is_last:
        box = QRectF(place.left(), place.bottom() + 24, place.width(), 18)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, "true redshift")
    if is_first:
        painter.save()
        painter.translate(place.left() - 58, place.center().y())
        painter.rotate(-90)
        box = QRectF(-PANEL / 2, -9, PANEL, 18)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, "predicted redshift")
        painter.restore()


def _picture(counts: NDArray[np.int64], most: int, theme: Theme) -> QImage:
    """Log counts as colours, predicted upwards; empty bins have the ground's colour."""
    table = rgb_of_map("viridis", 256)[::-1]  # few bright, many dark: on light ground
    share = np.log1p(counts.T[::-1]) / np.log1p(max(most, 1))
    pixels = table[np.clip(np.round(share * 255), 0, 255).astype(int)]
    ground = QColor(theme.ground)
    pixels[counts.T[::-1] == 0] = (ground.red(), ground.green(), ground.blue())
    pixels = np.ascontiguousarray(pixels, np.uint8)
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _scale(painter: QPainter, place: QRectF, most: int, theme: Theme) -> None:
    """The bar of colours with its counts."""
    table = rgb_of_map("viridis", 256)[::-1]
    column = np.ascontiguousarray(table[::-1][:, None], np.uint8)
    picture = QImage(column.tobytes(), 1, 256, 3, QImage.Format.Format_RGB888).copy()
    painter.drawImage(place, picture)
    painter.setPen(QPen(theme.colour("muted"), 1))
    painter.drawRect(place)
    _font(painter, 11)
    values = [value for value in (1, 3, 10, 30, 100, 300, 1000, 3000) if value < 0.8 * most]
    for value in [*values, most]:
        y = place.bottom() - np.log1p(value) / np.log1p(most) * place.height()
        painter.drawLine(QPointF(place.right(), y), QPointF(place.right() + 4, y))
        box = QRectF(place.right() + 7, y - 8, 50, 16)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"{value}")
    box = QRectF(place.left() - 14, place.top() - 40, 90, 34)
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft, "spectra\nin a bin")


def _font(painter: QPainter, pixels: int, bold: bool = False) -> None:
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    font.setBold(bold)
    painter.setFont(font)


def panels_of(table: Sequence[dict]) -> list[DensityPanel]:
    """The panels of a table's rows; rows that were not run have none."""
    return [
        DensityPanel(
            title=row["method"],
            words=f"{thousands(row['examples'])}, {'noisy' if row['noisy'] else 'clean'}: "
            f"exact class {100 * row['exact']:.1f} %",
            counts=np.array(row["density"], np.int64),
        )
        for row in table
        if row.get("density")
    ]


def thousands(count: int) -> str:
    """40000 as "40k", 4000000 as "4M"."""
    if count >= 1_000_000 and count % 1_000_000 == 0:
        return f"{count // 1_000_000}M"
    return f"{count // 1000}k" if count >= 1000 and count % 1000 == 0 else str(count)


def main(arguments: Sequence[str]) -> int:
    """Draw the figure of a table file; 2 where the arguments are not two paths."""
    if len(arguments) != 2:
        print("usage: python -m astrogui.viewers.truth_density TABLE.json FIGURE.png")
        return 2
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication([])
    table = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    image = draw(panels_of(table["rows"]), int(table.get("columns", 4)))
    del application
    if not image.save(arguments[1]):
        print(f"{arguments[1]}: the figure could not be written.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
