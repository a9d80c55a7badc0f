"""Class probabilities as bars, each with the spread among equally good networks."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from astrogui.records.posterior import Posterior
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.unit_text import percent_text

LEVEL = 0.9
_ROW = 30
_AXIS = 24
_GAP = 14
_LEAST_BAR = 60  # pixels of 100 %


class ClassBars(QWidget):
    """One bar a class from 0 to 100 %, the most probable first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self.bars: tuple[tuple[str, float, float, float], ...] = ()
        """Class, probability, and the ends of the 90 % interval (NaN where there is none)."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Class probabilities")

    def show_posterior(self, posterior: Posterior) -> None:
        rows = []
        for cls in posterior.classes:
            low, high = posterior.probability_interval(cls, LEVEL)
            rows.append((cls, posterior.probability(cls), low, high))
        self.bars = tuple(sorted(rows, key=lambda row: -row[1] if math.isfinite(row[1]) else 1))
        words = [f"{cls} {self.words(p, low, high)}" for cls, p, low, high in self.bars]
        self.setAccessibleDescription("; ".join(words))
        self.setToolTip("\n".join(words))
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    @staticmethod
    def words(probability: float, low: float, high: float) -> str:
        """ "98.2 %  (96.0 % to 99.1 %, 90 % of the networks)"."""
        text = percent_text(probability)
        if math.isfinite(low) and math.isfinite(high):
            text += f"  ({percent_text(low)} to {percent_text(high)})"
        return text

    def labels(self) -> list[str]:
        """What stands beside the bars; in little room the brackets alone say the interval."""
        metrics = self.fontMetrics()
        names = max(metrics.horizontalAdvance(cls) for cls, *_ in self.bars)
        texts = [self.words(p, low, high) for _, p, low, high in self.bars]
        whole = names + max(map(metrics.horizontalAdvance, texts)) + 2 * _GAP + _LEAST_BAR
        return texts if whole <= self.width() else [percent_text(p) for _, p, *_ in self.bars]

    def sizeHint(self) -> QSize:
        return QSize(360, _ROW * len(self.bars) + _AXIS)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, _ROW * len(self.bars) + _AXIS)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        if not self.bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        left = max(metrics.horizontalAdvance(cls) for cls, *_ in self.bars) + _GAP
        texts = self.labels()
        right = max(metrics.horizontalAdvance(text) for text in texts) + _GAP
        width = max(self.width() - left - right, _LEAST_BAR)
        self._axis(painter, left, width)
        for i, (cls, probability, low, high) in enumerate(self.bars):
            self._bar(painter, i, cls, (probability, low, high), left, width)
            painter.setPen(QColor(self._theme.text))
            area = QRectF(left + width + 10, i * _ROW, right, _ROW)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, texts[i])
        painter.end()

    def _bar(
        self,
        painter: QPainter,
        i: int,
        cls: str,
        shares: tuple[float, float, float],
        left: float,
        width: float,
    ) -> None:
        probability, low, high = (share if math.isfinite(share) else math.nan for share in shares)
        top = i * _ROW
        painter.setPen(QColor(self._theme.text))
        name = QRectF(0, top, left - 8, _ROW)
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, cls)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(cls, 0.75))
        if math.isfinite(probability):
            painter.drawRect(QRectF(left, top + 6, probability * width, _ROW - 12))
        if math.isfinite(low) and math.isfinite(high):
            painter.setPen(QPen(QColor(self._theme.text), 1.8))
            y = top + _ROW / 2
            painter.drawLine(QLineF(left + low * width, y, left + high * width, y))
            for end in (low, high):
                x = left + end * width
                painter.drawLine(QLineF(x, y - 5, x, y + 5))

    def _axis(self, painter: QPainter, left: float, width: float) -> None:
        bottom = _ROW * len(self.bars)
        painter.setPen(QPen(QColor(self._theme.line), 1))
        painter.drawLine(QLineF(left, 0, left, bottom))
        painter.drawLine(QLineF(left, bottom, left + width, bottom))
        for share in (0.0, 0.5, 1.0) if width > 130 else (0.0, 1.0):
            x = left + share * width
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.drawLine(QLineF(x, bottom, x, bottom + 4))
            painter.setPen(QColor(self._theme.muted))
            text = f"{100 * share:.0f} %"
            box = QRectF(x - 30, bottom + 4, 60, _AXIS - 4)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, text)
