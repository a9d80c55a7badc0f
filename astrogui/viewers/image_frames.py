"""Several images side by side, or one after another, locked by the sky or by pixels.

What is moved, zoomed or turned in one pane moves in all; the mouse of one is a cross in the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.image import Field, Image
from astrogui.viewers.colours import LIGHT, MAPS, Theme
from astrogui.viewers.image_controls import CUT_CHOICES, STRETCH_CHOICES
from astrogui.viewers.image_lock import CrossItem, carried_place, turned_like
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.viewer import Compute

MOST_PANES = 4
LOCKS = (("sky", "Sky"), ("pixels", "Pixels"), ("", "Not locked"))


@dataclass(slots=True, eq=False)
class Pane:
    """One image with its name above it."""

    name: str
    view: ImageView
    title: QLabel
    holder: QWidget
    cross: CrossItem


class FramesPanel(QWidget):
    """Up to four images, tiled or blinked."""

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compute = compute
        self._theme: Theme = LIGHT
        self.panes: list[Pane] = []
        self._is_following = False
        self._front = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.next_pane)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(3)
        layout.addLayout(self._controls())
        self._words = QLabel("Show an image of several bands to see them side by side.", self)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        layout.addWidget(self._words, 1)
        self._grid = QGridLayout()
        self._grid.setSpacing(3)
        layout.addLayout(self._grid, 1)
        for keys, slot in (("Space", self.toggle_blink), ("Tab", self.next_pane)):
            shortcut = QShortcut(QKeySequence(keys), self, slot)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # What is shown ------------------------------------------------------------------------------

    def show_field(self, field: Field) -> None:
        """The bands of a field, four at most, each in a pane."""
        images = [image for image in field.images if not image.is_colour][:MOST_PANES]
        names = [image.band or f"image {i + 1}" for i, image in enumerate(images)]
        self.show_images(list(zip(names, images, strict=True)))

    def show_images(self, images: Sequence[tuple[str, Image]]) -> None:
        """Named images, each in a pane."""
        self.clear()
        for name, image in images[:MOST_PANES]:
            self._add_pane(name, image)
        self._words.setVisible(not self.panes)
        self._arrange()

    def add_image(self, name: str, image: Image) -> bool:
        """One more pane; False where all are taken."""
        if len(self.panes) >= MOST_PANES:
            return False
        self._add_pane(name, image)
        self._words.hide()
        self._arrange()
        return True

    def clear(self) -> None:
        for pane in self.panes:
            pane.view.clear()
            self._grid.removeWidget(pane.holder)
            pane.holder.hide()
            pane.holder.deleteLater()
        self.panes, self._front = [], 0
        self._words.show()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for pane in self.panes:
            pane.view.set_theme(theme)

    # Blinking -----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, + and - zoom, F fits: the pane that has the focus, else the first."""
        if not self.panes:
            super().keyPressEvent(event)
            return
        pane = next((pane for pane in self.panes if pane.view.hasFocus()), self.panes[0])
        pane.view.setFocus()
        key, view = event.key(), pane.view
        ways = {Qt.Key.Key_Left: (-0.1, 0.0), Qt.Key.Key_Right: (0.1, 0.0),
                Qt.Key.Key_Up: (0.0, 0.1), Qt.Key.Key_Down: (0.0, -0.1)}  # fmt: skip
        zooms = {Qt.Key.Key_Plus: 1.5, Qt.Key.Key_Equal: 1.5, Qt.Key.Key_Minus: 1 / 1.5}
        if key in ways:
            view.pan(*ways[Qt.Key(key)])
        elif key in zooms:
            view.zoom(zooms[Qt.Key(key)])
        elif key == Qt.Key.Key_F:
            view.fit()
        else:
            super().keyPressEvent(event)

    def toggle_blink(self) -> None:
        self.blink.setChecked(not self.blink.isChecked())

    def next_pane(self) -> None:
        """While blinking the next pane, else the next one gets the focus."""
        if not self.panes:
            return
        self._front = (self._front + 1) % len(self.panes)
        if self.blink.isChecked():
            self._show_panes()
        else:
            self.panes[self._front].view.setFocus()

    @property
    def front(self) -> str:
        """The name of the pane in front."""
        return self.panes[self._front].name if self.panes else ""

    # Building -----------------------------------------------------------------------------------

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.lock = QComboBox(self)
        for value, text in LOCKS:
            self.lock.addItem(text, value)
        self.lock.currentIndexChanged.connect(self._on_lock)
        self.stretch, self.cuts, self.map = QComboBox(self), QComboBox(self), QComboBox(self)
        self.stretch.addItems(list(STRETCH_CHOICES))
        self.stretch.setCurrentText("asinh")
        self.cuts.addItems([name for name, kind, _ in CUT_CHOICES if kind != "manual"])
        self.cuts.setCurrentText("99.5 %")
        self.map.addItems(list(MAPS))
        for box in (self.stretch, self.cuts, self.map):
            box.activated.connect(self._on_look)
        self.same = QCheckBox("Same &values", self)
        self.same.setToolTip("Give every pane the cuts of the pane that was changed last")
        self.same.clicked.connect(self._on_same)
        self.blink = QCheckBox("B&link every", self)
        self.blink.setToolTip("One pane after another in one place (Space); Tab: the next one")
        self.blink.toggled.connect(self._on_blink)
        self.interval = QDoubleSpinBox(self)
        self.interval.setRange(0.1, 10.0)
        self.interval.setSingleStep(0.1)
        self.interval.setDecimals(1)
        self.interval.setValue(0.5)
        self.interval.setSuffix(" s")
        self.interval.setAccessibleName("Seconds between frames")
        self.interval.valueChanged.connect(self._on_interval)
        for name, box in (("Lock", self.lock), ("Stretch", self.stretch), ("Cuts", self.cuts),
                          ("Colours", self.map)):  # fmt: skip
            label = QLabel(name, self)
            label.setBuddy(box)
            box.setAccessibleName(name)
            row.addWidget(label)
            row.addWidget(box)
        row.addWidget(self.same)
        row.addWidget(self.blink)
        row.addWidget(self.interval)
        row.addStretch(1)
        return row

    def _add_pane(self, name: str, image: Image) -> None:
        holder = QWidget(self)
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        title = QLabel(name, holder)
        title.setTextFormat(Qt.TextFormat.PlainText)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view = ImageView(self._compute, holder)
        view.controls.hide()
        for action in view.tools.values():
            # Their keys belong to the image view of the window; two with one key would be dead.
            action.setShortcuts([])
        view.tools["overview"].setChecked(False)
        for strip in view.findChildren(QLabel):
            strip.setVisible(strip.accessibleName() != "Read-out")  # the title has the value
        view.set_theme(self._theme)
        layout.addWidget(title)
        layout.addWidget(view, 1)
        pane = Pane(name, view, title, holder, CrossItem())
        view.overlay.add(pane.cross, z=90.0)
        surface = view.overlay
        surface.range_changed.connect(partial(self._on_range, pane))
        surface.cursor_moved.connect(partial(self._on_cursor, pane))
        surface.cursor_left.connect(self._on_cursor_left)
        surface.sky_ready.connect(partial(self._on_ready, pane))
        surface.look_changed.connect(partial(self._on_look_changed, pane))
        self.panes.append(pane)
        view.controls.stretch.setCurrentText(self.stretch.currentText())
        view.controls.map.setCurrentText(self.map.currentText())
        view.controls.cuts.setCurrentText(self.cuts.currentText())
        view.show_record(Field(images=(image,)))

    def _arrange(self) -> None:
        for number, pane in enumerate(self.panes):
            self._grid.removeWidget(pane.holder)
            if self.blink.isChecked():
                self._grid.addWidget(pane.holder, 0, 0)
            else:
                self._grid.addWidget(pane.holder, number // 2, number % 2)
        self._show_panes()

    def _show_panes(self) -> None:
        for number, pane in enumerate(self.panes):
            pane.holder.setVisible(not self.blink.isChecked() or number == self._front)

    # Following ----------------------------------------------------------------------------------

    def _on_ready(self, pane: Pane, _: Any) -> None:
        """A pane has its sky: from now on it can follow the first one."""
        if pane is not self.panes[0]:
            self._follow(self.panes[0], pane)

    def _on_range(self, pane: Pane) -> None:
        if self._is_following or not self._leads(pane):
            return
        self._is_following = True
        try:
            for other in self.panes:
                if other is not pane:
                    self._follow_now(pane, other)
        finally:
            self._is_following = False

    def _leads(self, pane: Pane) -> bool:
        """A pane that is resized, or gets its image, moves no other; one under the hand does."""
        return pane in self.panes and (pane.view.underMouse() or pane.view.hasFocus())

    def _follow(self, leader: Pane, pane: Pane) -> None:
        self._is_following = True
        try:
            self._follow_now(leader, pane)
        finally:
            self._is_following = False

    def _follow_now(self, leader: Pane, pane: Pane) -> None:
        """Show in a pane the place, scale and orientation of another."""
        lock = self.lock.currentData()
        here, there = leader.view.overlay, pane.view.overlay
        if not lock or here.image is None or there.image is None:
            return
        middle = here.view_rect().center()
        x, y = middle.x(), middle.y()
        place = carried_place(here, there, x, y) if lock == "sky" else (x, y)
        east = carried_place(here, there, x + 1, y) if lock == "sky" else (x + 1, y)
        north = carried_place(here, there, x, y + 1) if lock == "sky" else (x, y + 1)
        if place is None or east is None or north is None:
            return
        step = np.array([np.subtract(east, place), np.subtract(north, place)]).T
        scale = math.sqrt(abs(float(np.linalg.det(step))))
        if not scale > 0:
            return
        pane.view.turn(turned_like(here.box.frame.transform(), step / scale))
        pixels = here.pixels_per_screen_pixel() * scale
        box = there.box
        where = box.frame.transform().map(*place)
        width, height = pixels * box.width(), pixels * box.height()
        rect = QRectF(where[0] - width / 2, where[1] - height / 2, width, height)
        box.setRange(rect, padding=0)

    def _on_cursor(self, pane: Pane, x: float, y: float) -> None:
        lock = self.lock.currentData()
        for other in self.panes:
            here, there = pane.view.overlay, other.view.overlay
            place: tuple[float, float] | None = (x, y)
            if other is not pane and lock == "sky":
                place = carried_place(here, there, x, y)
            if other is not pane and not lock:
                place = None
            other.cross.put(None if other is pane else place)
            words = other.view.read_out(*place) if place is not None else ""
            other.title.setText(f"{other.name}     {_value_of(words)}")

    def _on_cursor_left(self) -> None:
        for pane in self.panes:
            pane.cross.put(None)
            pane.title.setText(pane.name)

    # Slots --------------------------------------------------------------------------------------

    def _on_lock(self, *_: Any) -> None:
        for pane in self.panes[1:]:
            self._follow(self.panes[0], pane)

    def _on_look(self, *_: Any) -> None:
        for pane in self.panes:
            controls = pane.view.controls
            controls.stretch.setCurrentText(self.stretch.currentText())
            controls.map.setCurrentText(self.map.currentText())
            if controls.cuts.currentText() != self.cuts.currentText():
                controls.cuts.setCurrentText(self.cuts.currentText())
                controls.cuts.activated.emit(controls.cuts.currentIndex())

    def _on_look_changed(self, pane: Pane, *_: Any) -> None:
        if self.same.isChecked() and not self._is_following and pane.view.underMouse():
            self._give_look(pane)

    def _on_same(self) -> None:
        if self.same.isChecked() and self.panes:
            self._give_look(self.panes[self._front])

    def _give_look(self, pane: Pane) -> None:
        self._is_following = True
        try:
            for other in self.panes:
                if other is not pane:
                    look = pane.view.look
                    other.view.controls.limits_typed.emit(look.low, look.high)
        finally:
            self._is_following = False

    def _on_blink(self, wanted: bool) -> None:
        self._arrange()
        if wanted:
            self._timer.start(round(1000 * self.interval.value()))
        else:
            self._timer.stop()

    def _on_interval(self, seconds: float) -> None:
        if self._timer.isActive():
            self._timer.start(round(1000 * seconds))


def _value_of(words: str) -> str:
    """The pixel's value among the words of a read-out."""
    return next((part for part in words.split("     ") if part.startswith("value")), "")
