"""Where the uncertainty comes from: noise of the data against disagreement of the networks."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from astrogui.records.posterior import Posterior
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.unit_text import number_text, unit_text

_BAR = 9
_GAP = 7


class SpreadBars(QWidget):
    """One bar a quantity: its variance, shared between aleatoric and epistemic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self.bars: tuple[tuple[str, float, str], ...] = ()
        """Title, epistemic share of the variance, and the two standard deviations in words."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Where the uncertainty comes from")

    def show_posterior(self, posterior: Posterior) -> None:
        """Quantities without both spreads are left out."""
        rows = []
        if posterior.aleatoric is not None and posterior.epistemic is not None:
            for i, parameter in enumerate(posterior.parameters):
                noise, networks = float(posterior.aleatoric[i]), float(posterior.epistemic[i])
                total = noise**2 + networks**2
                if not (math.isfinite(total) and total > 0):
                    continue
                unit = unit_text(parameter.unit)
                scale = math.sqrt(total)
                words = (
                    f"data {number_text(noise, scale)}, networks {number_text(networks, scale)}"
                    f"{' ' * bool(unit)}{unit}  ({100 * networks**2 / total:.0f} %)"
                )
                rows.append((parameter.title or parameter.name, networks**2 / total, words))
        self.bars = tuple(rows)
        self.setAccessibleDescription("; ".join(f"{name}: {words}" for name, _, words in rows))
        self.setToolTip(
            "Standard deviations from the data's noise (aleatoric) and from the disagreement of\n"
            "equally good networks (epistemic); their squares add up. In brackets: the networks'\n"
            "share of the variance. More data lowers the first, more training the second."
        )
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def _row_height(self) -> int:
        return 2 * self.fontMetrics().height() + _BAR + _GAP

    def sizeHint(self) -> QSize:
        legend = self.fontMetrics().height() + _GAP
        return QSize(360, self._row_height() * len(self.bars) + legend if self.bars else 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        if not self.bars:
            return
        painter = QPainter(self)
        height = self.fontMetrics().height()
        self._legend(painter, height)
        for i, (name, share, words) in enumerate(self.bars):
            top = height + _GAP + i * self._row_height()
            painter.setPen(QColor(self._theme.text))
            self._line(painter, top, height, name)
            painter.setPen(Qt.PenStyle.NoPen)
            split = self.width() * (1 - share)
            painter.setBrush(self._theme.colour(self._theme.series[0], 0.8))
            painter.drawRect(QRectF(0, top + height, split, _BAR))
            painter.setBrush(self._theme.colour(self._theme.series[1], 0.9))
            painter.drawRect(QRectF(split, top + height, self.width() - split, _BAR))
            painter.setPen(QColor(self._theme.muted))
            self._line(painter, top + height + _BAR, height, words)
        painter.end()

    def _legend(self, painter: QPainter, height: int) -> None:
        x = 0.0
        for name, colour in (
            ("noise of the data", self._theme.series[0]),
            ("networks disagree", self._theme.series[1]),
        ):
            painter.fillRect(QRectF(x, height * 0.25, 10, height * 0.5), QColor(colour))
            painter.setPen(QColor(self._theme.muted))
            width = painter.fontMetrics().horizontalAdvance(name)
            painter.drawText(QRectF(x + 14, 0, width + 4, height), 0, name)
            x += width + 34

    def _line(self, painter: QPainter, top: float, height: float, words: str) -> None:
        text = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, top, self.width(), height), 0, text)
