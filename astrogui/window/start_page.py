"""What is seen first: where to drop a file, and three samples to try."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

STEPS = (
    ("1", "Drop", "a survey image, a spectrum or a strain file, or a whole folder of them"),
    ("2", "Look", "the answer appears beside the data, with its interval and its doubts"),
    ("3", "Judge", "press 1 to 4 for the quality of a row, C for a comment; Ctrl+Z takes it back"),
    ("4", "Export", "one table with units, intervals and provenance: FITS, VOTable, CSV"),
)


CURVE_HEIGHT = 50


class StartPage(QWidget):
    """Drop here, open, or try the samples."""

    open_files = Signal()
    open_folder = Signal()
    open_samples = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = self._title = QLabel("Drop images, spectra or strain here", self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.9)
        title.setFont(font)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(48, 40, 48, 40)
        column.addStretch(3)
        column.addSpacing(CURVE_HEIGHT + 30)
        column.addWidget(title)
        column.addSpacing(8)
        column.addLayout(self._buttons())
        column.addSpacing(18)
        for number, word, words in STEPS:
            column.addLayout(self._step(number, word, words))
        column.addStretch(4)
        hint = QLabel("FITS · compressed FITS · HDF5 · GWF · ASCII and CSV · PNG and JPEG", self)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setEnabled(False)
        column.addWidget(hint)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch()
        for text, signal in (
            ("Open files…", self.open_files),
            ("Open folder…", self.open_folder),
            ("Try the three samples", self.open_samples),
        ):
            button = QPushButton(text, self)
            button.setMinimumHeight(34)
            button.clicked.connect(signal)
            row.addWidget(button)
        row.addStretch()
        return row

    def _step(self, number: str, word: str, words: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        label = QLabel(f"<b>{number}&nbsp; {word}</b>&nbsp; {words}", self)
        label.setWordWrap(True)
        label.setMinimumWidth(420)
        row.addWidget(label, 4)
        row.addStretch(1)
        return row

    def paintEvent(self, event: QPaintEvent) -> None:
        """A dashed frame and a faint interval curve, so that the place to drop is plain."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self.palette().color(self.foregroundRole()))
        colour.setAlphaF(0.30)
        painter.setPen(QPen(colour, 1.6, Qt.PenStyle.DashLine))
        frame = QRectF(self.rect()).adjusted(16, 16, -16, -16)
        painter.drawRoundedRect(frame, 14, 14)
        self._paint_curve(painter, frame)

    def _paint_curve(self, painter: QPainter, frame: QRectF) -> None:
        accent = QColor(self.palette().color(self.palette().ColorRole.Highlight))
        accent.setAlphaF(0.55)
        painter.setPen(QPen(accent, 2.0))
        left, base, width = frame.center().x() - 130, self._title.geometry().top() - 30.0, 260.0
        heights = [2.7182818 ** -((i / 64 - 0.5) ** 2 / 0.018) for i in range(65)]
        points = [
            QPointF(left + width * i / 64, base - CURVE_HEIGHT * h) for i, h in enumerate(heights)
        ]
        if base - CURVE_HEIGHT < frame.top() + 8:
            return  # no room for it
        painter.drawPolyline(points)
        painter.setPen(QPen(accent, 5.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left + 95, base + 8), QPointF(left + 165, base + 8))
