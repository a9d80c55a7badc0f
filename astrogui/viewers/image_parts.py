"""The chooser of a file's extensions and of the planes of a cube, over an image."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QWidget,
)

from astrogui.records.image import Image
from astrogui.records.source import FilePart
from astrogui.viewers.image_player import PlanePlayer

SHORTEST_PART = 12  # characters of an extension that are seen in a narrow view
_PLANE = re.compile(r"(.*), plane (\d+)")


class PartChooser(QWidget):
    """One row: extension, and plane where there are several; hidden where there is no choice."""

    part_wanted = Signal(str)  # as in ``file.fits[part]``

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[FilePart, ...] = ()  # those that can be shown
        self.part = QComboBox()
        self.part.setAccessibleName("Extension")
        self.part.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.part.setMinimumWidth(self.part.fontMetrics().averageCharWidth() * SHORTEST_PART)
        self.part.setToolTip("Image of the file that is shown (E: next)")
        self.part.activated.connect(self._on_part)
        self.plane = QSpinBox()
        self.plane.setAccessibleName("Plane")
        self.plane.setToolTip("Plane of the cube (Page Up, Page Down, Home, End)")
        self.plane.setKeyboardTracking(False)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Plane")
        self.slider.setToolTip("Plane of the cube")
        self.slider.setMinimumWidth(40)
        self.planes = QLabel()
        self.player = PlanePlayer()
        self.player.plane_wanted.connect(self.plane.setValue)
        self.plane.valueChanged.connect(self._on_plane)
        self.slider.valueChanged.connect(self.plane.setValue)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        self._part_words, self._plane_words = QLabel("Extension"), QLabel("Plane")
        row.addWidget(self._part_words)
        row.addWidget(self.part)
        row.addWidget(self._plane_words)
        row.addWidget(self.plane)
        row.addWidget(self.planes)
        row.addWidget(self.slider, 1)
        row.addWidget(self.player)
        row.addStretch(0)
        self.setVisible(False)

    def set_parts(self, parts: Sequence[FilePart], image: Image) -> None:
        """The parts of a file and the image of it that is on screen."""
        self._parts = tuple(part for part in parts if part.part)
        self.player.stop()
        self.part.clear()
        self.part.addItems([f"{part.title}: {part.words}" for part in self._parts])
        self.follow(image)
        many = len(self._parts) > 1
        self._part_words.setVisible(many)
        self.part.setVisible(many)
        self.setVisible(many or any(part.planes > 1 for part in self._parts))

    def follow(self, image: Image) -> None:
        """The image of the same file that is on screen now."""
        match = _PLANE.fullmatch(image.provenance.part)
        title, plane = (match[1], int(match[2])) if match else (image.provenance.part, 1)
        titles = [part.title for part in self._parts]
        if title in titles:
            self.part.setCurrentIndex(titles.index(title))
        self._set_planes(plane)

    def step_part(self, step: int) -> None:
        """The next (+1) or previous (-1) extension; from the last to the first."""
        if len(self._parts) > 1:
            self.part.setCurrentIndex((self.part.currentIndex() + step) % len(self._parts))
            self._on_part()

    def step_plane(self, step: int) -> None:
        self.plane.setValue(self.plane.value() + step)

    def to_plane(self, plane: int) -> None:
        """The first (1) or the last (-1) plane, or any between."""
        self.plane.setValue(self.plane.maximum() if plane < 0 else plane)

    @property
    def wanted(self) -> str:
        """The part chosen, "" where there is none."""
        if not self._parts:
            return ""
        part = self._parts[max(self.part.currentIndex(), 0)]
        return f"{part.part} plane {self.plane.value()}" if part.planes > 1 else part.part

    def _set_planes(self, plane: int) -> None:
        """Show which plane it is, without asking for it."""
        count = self._parts[max(self.part.currentIndex(), 0)].planes if self._parts else 1
        for control in (self.plane, self.slider):
            control.blockSignals(True)
            control.setRange(1, count)
            control.setValue(plane)
            control.blockSignals(False)
        self.planes.setText(f"of {count}")
        self.player.set_plane(plane, count)
        for widget in (self._plane_words, self.plane, self.planes, self.slider, self.player):
            widget.setVisible(count > 1)

    def _on_part(self) -> None:
        self.player.stop()
        self._set_planes(1)
        self.part_wanted.emit(self.wanted)

    def _on_plane(self, plane: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(plane)
        self.slider.blockSignals(False)
        self.player.plane = plane
        self.part_wanted.emit(self.wanted)
