"""Three bands as one colour picture whose black, stretch, softening and balance are chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.image import Field, Image
from astrogui.science.lupton import LuptonScale, lupton_rgb
from astrogui.viewers.image_composite import COMPOSITE, aligned, can_compose, chosen_bands
from astrogui.viewers.image_surface import ImageSurface
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.unit_text import unit_text

STEPS = 200  # of a slider
# (name, least, largest, at first, logarithmic, tool tip)
SLIDERS = (
    ("Black", -5.0, 20.0, -1.0, False, "What is black: the sky of each band and so many times its "
     "noise"),
    ("Stretch", 1.0, 1000.0, 8.0, True, "What is shown linearly, in times the noise; brighter "
     "light is compressed"),
    ("Q", 0.1, 30.0, 8.0, True, "How strongly what is brighter than the stretch is compressed"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Red, green and blue on the pixels of the green band, with sky and noise of each."""

    images: tuple[Image, Image, Image]
    pixels: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    sky: tuple[float, float, float]
    noise: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class RgbSettings:
    """``black`` and ``stretch`` in times the noise; ``balance`` multiplies red, green, blue."""

    black: float = -1.0
    stretch: float = 8.0
    softening: float = 8.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)


def planes_of(images: tuple[Image, Image, Image]) -> Planes:
    """The bands aligned, in their fluxes' common scale where zero points are known; for a pool."""
    green = images[1]
    zero_points = [image.zero_point_ab for image in images]
    pixels, sky, noise = [], [], []
    for image, zero_point in zip(images, zero_points, strict=True):
        plane = aligned(image, green)
        if zero_point is not None and zero_points[1] is not None:
            plane = plane * np.float32(10.0 ** (0.4 * (zero_points[1] - zero_point)))
        sample = plane[::3, ::3]
        middle, below = np.nanpercentile(sample[np.isfinite(sample)], [50.0, 15.87])
        pixels.append(plane)
        sky.append(float(middle))
        noise.append(max(float(middle - below), 1e-30))
    return Planes(images, (pixels[0], pixels[1], pixels[2]), (sky[0], sky[1], sky[2]),
                  (noise[0], noise[1], noise[2]))  # fmt: skip


def rgb_image(planes: Planes, settings: RgbSettings) -> Image:
    """The colour picture; for a pool."""
    unit = float(np.mean(planes.noise))
    red, green, blue = (
        (plane - np.float32(sky)) * np.float32(gain)
        for plane, sky, gain in zip(planes.pixels, planes.sky, settings.balance, strict=True)
    )
    minimum = tuple(
        settings.black * noise * gain
        for noise, gain in zip(planes.noise, settings.balance, strict=True)
    )
    scale = LuptonScale(
        (minimum[0], minimum[1], minimum[2]), settings.stretch * unit, settings.softening
    )
    names = ", ".join(image.band or "?" for image in planes.images)
    return replace(
        planes.images[1],
        pixels=lupton_rgb(red, green, blue, scale),
        plane=None,
        unit="",
        band=COMPOSITE,
        notes=(f"Red, green and blue are the bands {names} (Lupton et al. 2004).",),
    )


class RgbPanel(QWidget):
    """Chooses the bands and how they become colours; the picture is shown in the image view."""

    def __init__(self, view: ImageView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._surface: ImageSurface = view.overlay
        self._field: Field | None = None
        self._planes: Planes | None = None
        self._is_busy = self._is_stale = self._is_filling = False
        self._number = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        layout.addWidget(self._words)
        form = QFormLayout()
        self.bands: list[QComboBox] = []
        self.gains: list[QDoubleSpinBox] = []
        for name in ("Red", "Green", "Blue"):
            form.addRow(name, self._band(name))
        self.sliders: dict[str, QSlider] = {}
        self._values: dict[str, QLabel] = {}
        for name, _, _, _, _, tip in SLIDERS:
            form.addRow(name, self._slider(name, tip))
        layout.addLayout(form)
        self.make = QPushButton("&Make colours", self)
        self.make.setToolTip("Of three bands of the image on the screen")
        self.make.clicked.connect(self.compose)
        reset = QPushButton("Rese&t", self)
        reset.setToolTip("Black, stretch, Q and balance as at first")
        reset.clicked.connect(self.reset)
        row = QHBoxLayout()
        row.addWidget(self.make)
        row.addWidget(reset)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(1)
        self.reset()
        self._words.setText("Three bands of the image on the screen become one picture.")
        self._controls = (*self.bands, *self.gains, *self.sliders.values(), reset)
        for control in self._controls:  # until there are bands
            control.setEnabled(False)

    def compose(self) -> None:
        """Make colours of the field on the screen."""
        field = self._surface.field
        if field is None or not can_compose(field):
            self._words.setText(
                "Three bands of one field are needed, each of at most 16 million pixels."
            )
            return
        if field is not self._field:
            self._use_field(field)
        else:
            self._on_settings()

    def reset(self) -> None:
        """Black, stretch, Q and balance as at first."""
        self._is_filling = True
        for name, low, high, first, is_log, _ in SLIDERS:
            self.sliders[name].setValue(_step_of(first, low, high, is_log))
        for gain in self.gains:
            gain.setValue(1.0)
        self._is_filling = False
        self._on_settings()

    @property
    def settings(self) -> RgbSettings:
        values = {
            name: _value_of(self.sliders[name].value(), low, high, is_log)
            for name, low, high, _, is_log, _ in SLIDERS
        }
        red, green, blue = (gain.value() for gain in self.gains)
        return RgbSettings(values["Black"], values["Stretch"], values["Q"], (red, green, blue))

    # Building -----------------------------------------------------------------------------------

    def _band(self, colour: str) -> QHBoxLayout:
        row = QHBoxLayout()
        box, gain = QComboBox(self), QDoubleSpinBox(self)
        box.setAccessibleName(f"Band shown {colour.lower()}")
        box.activated.connect(self._on_bands)
        gain.setRange(0.05, 20.0)
        gain.setSingleStep(0.1)
        gain.setPrefix("× ")
        gain.setAccessibleName(f"Balance of {colour.lower()}")
        gain.setToolTip("The band is multiplied by this")
        gain.setValue(1.0)
        gain.valueChanged.connect(self._on_settings)
        self.bands.append(box)
        self.gains.append(gain)
        row.addWidget(box, 1)
        row.addWidget(gain)
        return row

    def _slider(self, name: str, tip: str) -> QHBoxLayout:
        row = QHBoxLayout()
        slider, value = QSlider(Qt.Orientation.Horizontal, self), QLabel(self)
        slider.setRange(0, STEPS)
        slider.setToolTip(tip)
        slider.setAccessibleName(name)
        slider.valueChanged.connect(self._on_settings)
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance("1000 × noise "))
        self.sliders[name], self._values[name] = slider, value
        row.addWidget(slider, 1)
        row.addWidget(value)
        return row

    def _use_field(self, field: Field) -> None:
        self._field = field
        for control in self._controls:
            control.setEnabled(True)
        names = [image.band or f"image {i + 1}" for i, image in enumerate(field.images)]
        first: Sequence[Image] = chosen_bands(field)
        for box, image in zip(self.bands, first, strict=True):
            box.clear()
            box.addItems(names)
            box.setCurrentIndex(next(i for i, one in enumerate(field.images) if one is image))
        self._on_bands()

    # Slots --------------------------------------------------------------------------------------

    def _on_bands(self, *_: Any) -> None:
        if self._field is None:
            return
        red, green, blue = (self._field.images[box.currentIndex()] for box in self.bands)
        self._planes, self._is_busy = None, False
        self._number += 1
        self._words.setText("Aligning the bands …")
        future = self._surface.compute(planes_of, (red, green, blue))
        self._surface.after(future, partial(self._on_planes, self._number), self._on_failed)

    def _on_planes(self, number: int, planes: Planes) -> None:
        if number == self._number:
            self._planes = planes
            self._on_settings()

    def _on_settings(self, *_: Any) -> None:
        settings = self.settings
        for name, value in (("Black", settings.black), ("Stretch", settings.stretch)):
            self._values[name].setText(f"{value:.3g} × noise".replace("-", "−"))
        self._values["Q"].setText(f"{settings.softening:.3g}")
        if self._is_filling or self._planes is None:
            return
        if self._is_busy:  # the picture under way is finished first: a drag shows its steps
            self._is_stale = True
            return
        self._is_busy, self._is_stale = True, False
        unit = unit_text(self._planes.images[1].unit)
        noise = float(np.mean(self._planes.noise))
        self._words.setText(f"The noise of a pixel is {noise:.3g} {unit}.".replace(" .", "."))
        future = self._surface.compute(rgb_image, self._planes, settings)
        self._surface.after(future, partial(self._on_image, self._number), self._on_failed)

    def _on_image(self, number: int, image: Image) -> None:
        if number != self._number:
            return
        self._is_busy = False
        if self._surface.field is self._field:
            self._view.show_image(image)
        if self._is_stale:
            self._on_settings()

    def _on_failed(self, error: Exception) -> None:
        self._is_busy = False
        self._words.setText(f"The colours failed: {error}")


def _value_of(step: int, low: float, high: float, is_log: bool) -> float:
    share = step / STEPS
    return low * (high / low) ** share if is_log else low + share * (high - low)


def _step_of(value: float, low: float, high: float, is_log: bool) -> int:
    share = math.log(value / low) / math.log(high / low) if is_log else (value - low) / (high - low)
    return round(STEPS * share)
