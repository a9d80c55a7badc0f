"""Rows of controls below the strain view's tool bar, each shown while it is of use."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QWidget,
)

from astrogui.viewers.strain_live import SPEEDS, StrainPlayer

BANDS = {"35–350 Hz (heavy mergers)": (35.0, 350.0), "30–800 Hz (light mergers)": (30.0, 800.0),
         "20–100 Hz": (20.0, 100.0), "100–500 Hz": (100.0, 500.0)}  # fmt: skip
DETECTORS = 3


class _Row(QWidget):
    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(2, 0, 2, 0)
        self._line.setSpacing(6)

    def _number(self, name: str, low: float, high: float, unit: str, digits: int) -> QDoubleSpinBox:
        box = QDoubleSpinBox(self)
        box.setAccessibleName(name)
        box.setToolTip(f"{name} in {unit}")
        box.setRange(low, high)
        box.setDecimals(digits)
        box.setSuffix(f" {unit}")
        box.setKeyboardTracking(False)
        return box


class BandRow(_Row):
    """Which frequencies the band-passed series keeps, and of which series."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Band", parent)
        self._low = self._number("Lower end of the band", 10, 900, "Hz", 0)
        self._high = self._number("Upper end of the band", 15, 2000, "Hz", 0)
        self._presets = QComboBox(self)
        self._presets.setAccessibleName("Usual bands")
        self._presets.setToolTip("Usual bands")
        self._presets.addItem("Usual bands…")
        self._presets.addItems(list(BANDS))
        self._of = QComboBox(self)
        self._of.setAccessibleName("Series that is band-passed")
        self._of.setToolTip("Series that is band-passed")
        self._of.addItems(["whitened strain", "strain above 13 Hz"])
        for widget in (
            QLabel("Band", self), self._low, QLabel("to", self), self._high,
            QLabel("of the", self), self._of, self._presets,
        ):  # fmt: skip
            self._line.addWidget(widget)
        self._line.addStretch(1)
        self.set_band(35.0, 350.0)
        self._low.valueChanged.connect(self._on_changed)
        self._high.valueChanged.connect(self._on_changed)
        self._of.currentIndexChanged.connect(self._on_changed)
        self._presets.textActivated.connect(self._on_preset)

    @property
    def band_hz(self) -> tuple[float, float]:
        return self._low.value(), self._high.value()

    @property
    def of_whitened(self) -> bool:
        return self._of.currentIndex() == 0

    @property
    def words(self) -> str:
        """ "whitened, 35-350 Hz"."""
        low, high = self.band_hz
        return f"{'whitened' if self.of_whitened else 'strain'}, {low:g}–{high:g} Hz"

    def set_band(self, low_hz: float, high_hz: float) -> None:
        with QSignalBlocker(self._low), QSignalBlocker(self._high):
            self._low.setValue(low_hz)
            self._high.setValue(high_hz)
        self._on_changed()

    def _on_preset(self, name: str) -> None:
        if name in BANDS:
            self.set_band(*BANDS[name])
        self._presets.setCurrentIndex(0)

    def _on_changed(self) -> None:
        low, high = self.band_hz
        if high < low + 5:  # a band has some width
            with QSignalBlocker(self._high):
                self._high.setValue(low + 5)
        self.changed.emit()


class CompareRow(_Row):
    """How much later, and whether upside down, each detector but the first is shown."""

    changed = Signal(int, float, bool)  # slot, seconds, inverted
    find_wanted = Signal()
    reset_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Comparison of detectors", parent)
        self._names = [QLabel(self) for _ in range(DETECTORS)]
        self._shifts = [
            self._number(f"Shift of detector {i + 1}", -500, 500, "ms", 2) for i in range(DETECTORS)
        ]
        self._flips = [QCheckBox("inverted", self) for _ in range(DETECTORS)]
        for slot in range(DETECTORS):
            self._flips[slot].setAccessibleName(f"Detector {slot + 1} inverted")
            self._shifts[slot].setSingleStep(0.1)
            for control in (self._shifts[slot], self._flips[slot]):
                control.setProperty("slot", slot)
            self._shifts[slot].valueChanged.connect(self._on_control)
            self._flips[slot].toggled.connect(self._on_control)
            for widget in (self._names[slot], self._shifts[slot], self._flips[slot]):
                self._line.addWidget(widget)
        find, reset = QPushButton("Find", self), QPushButton("Reset", self)
        find.setToolTip("Shift and sign that agree best with the first detector on the screen")
        reset.setToolTip("Show every detector as it was recorded")
        find.clicked.connect(self.find_wanted)
        reset.clicked.connect(self.reset_wanted)
        self._line.addWidget(find)
        self._line.addWidget(reset)
        self._line.addStretch(1)

    def set_detectors(self, names: Sequence[str]) -> None:
        for slot in range(DETECTORS):
            there = 0 < slot < len(names)
            for widget in (self._names[slot], self._shifts[slot], self._flips[slot]):
                widget.setVisible(there)
            if there:
                self._names[slot].setText(f"{names[slot]} later by")
            self.show_alignment(slot, 0.0, False)

    def show_alignment(self, slot: int, shift_s: float, flip: bool) -> None:
        with QSignalBlocker(self._shifts[slot]), QSignalBlocker(self._flips[slot]):
            self._shifts[slot].setValue(1e3 * shift_s)
            self._flips[slot].setChecked(flip)

    def _on_control(self) -> None:
        """One of the controls of a detector was changed."""
        slot = self.sender().property("slot")
        shift, flip = self._shifts[slot].value() / 1e3, self._flips[slot].isChecked()
        self.changed.emit(slot, shift, flip)


class LiveRow(_Row):
    """Play, pause, speed and place of a record that is played or followed."""

    newest = Signal()

    def __init__(self, player: StrainPlayer, parent: QWidget | None = None) -> None:
        super().__init__("Playing", parent)
        self._player = player
        self._play = QPushButton("Play", self)
        self._play.clicked.connect(player.toggle)
        self._speed = QComboBox(self)
        self._speed.setAccessibleName("Speed of playing")
        self._speed.setToolTip("Speed of playing")
        self._speed.addItems([f"{speed}×" for speed in SPEEDS])
        self._speed.activated.connect(self._on_speed)
        self._place = QSlider(Qt.Orientation.Horizontal, self)
        self._place.setAccessibleName("Place in the record")
        self._place.setToolTip("Place in the record")
        self._place.setRange(0, 1000)
        self._place.sliderMoved.connect(self._on_moved)
        newest = QPushButton("Newest", self)
        newest.clicked.connect(self.newest)
        self._words = QLabel(self)
        for widget in (self._play, self._speed):
            self._line.addWidget(widget)
        self._line.addWidget(self._place, 1)
        self._line.addWidget(newest)
        self._line.addWidget(self._words)
        player.changed.connect(self._on_changed)
        player.moved.connect(self._on_changed)
        self._on_changed()

    def _on_speed(self, index: int) -> None:
        self._player.set_speed(SPEEDS[index])

    def _on_moved(self, value: int) -> None:
        low, high = self._player.low, self._player.high
        self._player.go(low + (high - low) * value / 1000)

    def _on_changed(self) -> None:
        player = self._player
        self._play.setText("Pause" if player.is_playing else "Play")
        self._speed.setCurrentIndex(SPEEDS.index(player.speed))
        length = player.high - player.low
        if length > 0 and not self._place.isSliderDown():
            self._place.setValue(round(1000 * (player.place - player.low) / length))
        at = player.place - player.low
        followed = f"  ·  {player.source}" if player.source else ""
        self._words.setText(f"{at:.1f} of {length:.6g} s{followed}")
