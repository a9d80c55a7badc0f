"""The tool bar over an image: band, stretch, cuts, colour map, zoom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QDoubleValidator
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QToolBar, QWidget

from astrogui.viewers.colours import MAPS

CUT_CHOICES: tuple[tuple[str, str, float], ...] = (
    ("zscale", "zscale", 0.0),
    ("99.9 %", "percentile", 99.9),
    ("99.5 %", "percentile", 99.5),
    ("98 %", "percentile", 98.0),
    ("95 %", "percentile", 95.0),
    ("min–max", "minmax", 0.0),
    ("manual", "manual", 0.0),
)
STRETCH_CHOICES = ("linear", "log", "asinh", "sqrt", "square", "power", "sinh", "histogram")


class ImageControls(QToolBar):
    """Choices of how an image is shown; says what was chosen and knows no pixels."""

    band_chosen = Signal(int)
    stretch_chosen = Signal(str)
    cuts_chosen = Signal(str, float)
    limits_typed = Signal(float, float)
    map_chosen = Signal(str, bool)
    fit_wanted = Signal()
    one_to_one_wanted = Signal()
    marks_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMovable(False)
        self.band = self._choice("Band", "Band or colour composite ([ and ])", ())
        self.band.currentIndexChanged.connect(self.band_chosen)
        self._band_action = self.actions()[-1]
        self.stretch = self._choice(
            "Stretch", "How values become brightness (S: next)", STRETCH_CHOICES
        )
        self.stretch.setCurrentText("asinh")
        self.stretch.currentTextChanged.connect(self.stretch_chosen)
        names = [name for name, _, _ in CUT_CHOICES]
        self.cuts = self._choice("Cuts", "Which values are black and white (X: next)", names)
        self.cuts.setCurrentText("99.5 %")
        self.cuts.activated.connect(self._on_cuts)
        self.low = self._limit("Lower cut", "Value shown as black, in the image's unit")
        self.high = self._limit("Upper cut", "Value shown as white, in the image's unit")
        self.map = self._choice("Colour map", "Colours of a single band (Y: next)", MAPS)
        self.map.currentTextChanged.connect(self._on_map)
        self.inverse = self._toggle("Inverse", "Dark sources on bright sky (I)", False)
        self.inverse.toggled.connect(self._on_map)
        self.marks = self._toggle("Marks", "Show the marks of sources (M)", True)
        self.marks.toggled.connect(self.marks_wanted)
        self.addSeparator()
        self._button("Fit", "Show the whole image (F)", self.fit_wanted.emit)
        self._button("1:1", "One image pixel on one screen pixel (Z)", self.one_to_one_wanted.emit)

    def set_bands(self, names: Sequence[str]) -> None:
        """The entries of the band chooser, which is hidden when there is no choice."""
        self.band.blockSignals(True)
        self.band.clear()
        self.band.addItems(list(names))
        self.band.blockSignals(False)
        self._band_action.setVisible(len(names) > 1)

    def choose_band(self, index: int) -> None:
        """Show a band as chosen, without saying so."""
        self.band.blockSignals(True)
        self.band.setCurrentIndex(index)
        self.band.blockSignals(False)

    def set_limits(self, low: float, high: float) -> None:
        """Write the cuts in use."""
        digits = 4 if high == low else max(4, 2 + math.ceil(math.log10(_ratio(low, high))))
        self.low.setText(f"{low:.{min(digits, 9)}g}")
        self.high.setText(f"{high:.{min(digits, 9)}g}")
        for field in (self.low, self.high):
            field.setCursorPosition(0)

    def set_enabled_for(self, single_band: bool) -> None:
        """A colour picture is shown as it is: no stretch, no cuts, no map."""
        for widget in (self.stretch, self.cuts, self.low, self.high, self.map):
            widget.setEnabled(single_band)
        self.inverse.setEnabled(single_band)

    def cut_choice(self) -> tuple[str, float]:
        _, kind, percentage = CUT_CHOICES[self.cuts.currentIndex()]
        return kind, percentage

    def show_manual(self) -> None:
        self.cuts.setCurrentIndex(len(CUT_CHOICES) - 1)

    def next_stretch(self) -> None:
        self.stretch.setCurrentIndex((self.stretch.currentIndex() + 1) % self.stretch.count())

    def next_cuts(self) -> None:
        # "manual" is chosen by typing or dragging, not by going round.
        self.cuts.setCurrentIndex((self.cuts.currentIndex() + 1) % (self.cuts.count() - 1))
        self._on_cuts()

    def next_map(self) -> None:
        self.map.setCurrentIndex((self.map.currentIndex() + 1) % self.map.count())

    def step_band(self, step: int) -> None:
        if self.band.count():
            self.band.setCurrentIndex((self.band.currentIndex() + step) % self.band.count())

    def _choice(self, name: str, tip: str, entries: Sequence[str]) -> QComboBox:
        label = QLabel(f" {name} ")
        box = QComboBox()
        box.addItems(list(entries))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.setToolTip(tip)
        box.setAccessibleName(name)
        label.setBuddy(box)
        # Label and box in one tool-bar action, so that they move to the extension together.
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(2, 0, 4, 0)
        layout.setSpacing(2)
        layout.addWidget(label)
        layout.addWidget(box)
        self.addWidget(holder)
        return box

    def _limit(self, name: str, tip: str) -> QLineEdit:
        field = QLineEdit()
        field.setValidator(QDoubleValidator(field))
        field.setToolTip(tip)
        field.setAccessibleName(name)
        field.setFixedWidth(field.fontMetrics().horizontalAdvance("−0.00000e-00") + 8)
        field.editingFinished.connect(self._on_limit)
        self.addWidget(field)
        return field

    def _toggle(self, name: str, tip: str, on: bool) -> QAction:
        action = QAction(name, self)
        action.setCheckable(True)
        action.setChecked(on)
        action.setToolTip(tip)
        self.addAction(action)
        return action

    def _button(self, name: str, tip: str, slot: Callable[..., object]) -> None:
        action = QAction(name, self)
        action.setToolTip(tip)
        action.triggered.connect(slot)
        self.addAction(action)

    def _on_cuts(self) -> None:
        kind, percentage = self.cut_choice()
        if kind != "manual":
            self.cuts_chosen.emit(kind, percentage)

    def _on_limit(self) -> None:
        low, high = _number(self.low.text()), _number(self.high.text())
        if math.isfinite(low) and math.isfinite(high) and high > low:
            self.limits_typed.emit(low, high)

    def _on_map(self) -> None:
        self.map_chosen.emit(self.map.currentText(), self.inverse.isChecked())


def _ratio(low: float, high: float) -> float:
    return max(abs(low), abs(high)) / (high - low) if high > low else 1.0


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        return math.nan
