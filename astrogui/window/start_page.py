"""What is seen first: where to drop a file, samples to try, and what was worked on last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

STEPS = (
    ("1", "Drop", "a survey image, a spectrum or a strain file, or a whole folder of them"),
    ("2", "Look", "the answer appears beside the data, with its interval and its doubts"),
    ("3", "Judge", "press 1 to 4 for the quality of a row, C for a comment; Ctrl+Z takes it back"),
    ("4", "Export", "one table with units, intervals and provenance: FITS, VOTable, CSV"),
)
SAMPLES = (
    ("Image", "image", "A simulated field in three bands: stars and galaxies"),
    ("Spectrum", "spectrum", "A simulated quasar: class and redshift"),
    ("Strain", "strain", "A simulated merger of two black holes in two detectors"),
    ("All three", "", "All samples at once"),
)
CURVE_HEIGHT = 50
MOST_RECENT = 3  # of projects, and of files
TITLE_SCALE = 1.9


class StartPage(QScrollArea):
    """Drop here, open, try the samples, or go on with recent work."""

    open_files = Signal()
    open_folder = Signal()
    open_samples = Signal(str)  # the kind of sample, "" for all
    recent_chosen = Signal(str, str)  # "files" or "projects", and the path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._sheet = _Sheet(self)
        self.setWidget(self._sheet)
        self._buttons: dict[str, list[QWidget]] = {}  # of recent work: a head, then buttons
        self._recent = QGridLayout()
        self._recent.setColumnStretch(0, 1)
        self._recent.setColumnStretch(3, 1)
        self._recent.setVerticalSpacing(1)
        self._title = QLabel("Drop images, spectra or strain here", self._sheet)
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title.setWordWrap(True)
        self._formats = QLabel(
            "FITS · compressed FITS · HDF5 · GWF · ASCII and CSV · PNG and JPEG", self._sheet
        )
        self._formats.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._formats.setWordWrap(True)
        self._lay_out()
        self._fit_title()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self._sheet)
        column.setContentsMargins(40, 32, 40, 32)
        column.addStretch(3)
        column.addSpacing(CURVE_HEIGHT + 24)
        column.addWidget(self._title)
        column.addSpacing(8)
        column.addLayout(self._open_buttons())
        column.addSpacing(6)
        column.addLayout(self._sample_buttons())
        column.addSpacing(14)
        column.addLayout(self._steps())
        column.addSpacing(10)
        column.addLayout(self._recent)
        column.addStretch(4)
        column.addWidget(self._formats)

    @property
    def title_top(self) -> int:
        return self._title.geometry().top()

    def _open_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch()
        for text, signal in (("Open files…", self.open_files), ("Open folder…", self.open_folder)):
            button = QPushButton(text, self._sheet)
            button.setMinimumHeight(34)
            button.clicked.connect(signal)
            row.addWidget(button)
        row.addStretch()
        return row

    def _sample_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(QLabel("Try a sample:", self._sheet))
        for text, kind, words in SAMPLES:
            button = QPushButton(text, self._sheet)
            button.setToolTip(words)
            button.setAccessibleName(f"Open the sample: {text}")
            button.clicked.connect(partial(self._on_sample, kind))
            row.addWidget(button)
        row.addStretch()
        return row

    def _on_sample(self, kind: str, _: bool = False) -> None:
        self.open_samples.emit(kind)

    def _steps(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(3, 1)
        for line, (number, word, words) in enumerate(STEPS):
            head = QLabel(f"<b>{number}&nbsp; {word}</b>", self._sheet)
            head.setAlignment(Qt.AlignmentFlag.AlignTop)
            text = QLabel(words, self._sheet)
            text.setWordWrap(True)
            text.setMinimumWidth(260)
            grid.addWidget(head, line, 1)
            grid.addWidget(text, line, 2)
        grid.setColumnStretch(2, 8)
        return grid

    # -- recent work -----------------------------------------------------------------------

    def show_recent(self, recent: Sequence[tuple[str, str, bool]]) -> None:
        """List kind, path and whether it is there; a missing one is grey and says so.

        The buttons are made once: the list changes while hundreds of files arrive.
        """
        if not self._buttons:
            self._make_recent()
        for kind, (head, *buttons) in self._buttons.items():
            known = [(path, is_there) for k, path, is_there in recent if k == kind]
            head.setVisible(bool(known))
            for number, button in enumerate(buttons):
                button.setVisible(number < len(known))
                if number < len(known):
                    _say(button, *known[number])

    def _make_recent(self) -> None:
        row = 0
        for kind, words in (("projects", "Recent projects"), ("files", "Recent files")):
            head = QLabel(words, self._sheet)
            self._recent.addWidget(head, row, 1)
            self._buttons[kind] = [head]
            for number in range(1, MOST_RECENT + 1):
                button = QPushButton(self._sheet)
                button.setAccessibleName(f"{words}, number {number}")  # until it has a path
                button.setFlat(True)
                button.setStyleSheet("text-align: left; padding: 2px 6px;")
                button.clicked.connect(partial(self._on_recent, kind, button))
                self._recent.addWidget(button, row, 2)
                self._buttons[kind].append(button)
                row += 1

    def _on_recent(self, kind: str, button: QPushButton, _: bool = False) -> None:
        self.recent_chosen.emit(kind, button.property("path"))

    # -- looks -----------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_title()

    def _fit_title(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(max(font.pointSizeF(), 1.0) * TITLE_SCALE)
        self._title.setFont(font)


def _say(button: QWidget, path: str, is_there: bool) -> None:
    """Write a path on a button, unless it is there already."""
    assert isinstance(button, QPushButton)
    page = button.parentWidget()
    was_there = page is not None and button.isEnabledTo(page)  # the page may be off itself
    if (button.property("path"), was_there) == (path, is_there):
        return
    name = path.rpartition("/")[2] or path
    button.setProperty("path", path)
    button.setText((name if is_there else f"{name} (not found)").replace("&", "&&"))
    button.setEnabled(is_there)
    button.setToolTip(path if is_there else f"{path} is not found")
    button.setAccessibleName(f"Open {path}" if is_there else f"{path} is not found")


class _Sheet(QWidget):
    """The page itself: a dashed frame and a faint interval curve, so that it is plain to drop."""

    def __init__(self, page: StartPage) -> None:
        super().__init__(page)
        self._page = page

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self.palette().color(self.foregroundRole()))
        colour.setAlphaF(0.30)
        painter.setPen(QPen(colour, 1.6, Qt.PenStyle.DashLine))
        frame = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        painter.drawRoundedRect(frame, 14, 14)
        self._paint_curve(painter, frame)

    def _paint_curve(self, painter: QPainter, frame: QRectF) -> None:
        accent = QColor(self.palette().color(self.palette().ColorRole.Highlight))
        accent.setAlphaF(0.55)
        painter.setPen(QPen(accent, 2.0))
        left, base, width = frame.center().x() - 130, self._page.title_top - 30.0, 260.0
        heights = [2.7182818 ** -((i / 64 - 0.5) ** 2 / 0.018) for i in range(65)]
        points = [
            QPointF(left + width * i / 64, base - CURVE_HEIGHT * h) for i, h in enumerate(heights)
        ]
        if base - CURVE_HEIGHT < frame.top() + 8:
            return  # no room for it
        painter.drawPolyline(points)
        painter.setPen(QPen(accent, 5.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left + 95, base + 8), QPointF(left + 165, base + 8))
