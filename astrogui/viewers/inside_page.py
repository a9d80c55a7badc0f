"""One object as a network sees it: an input plane, the map of what counts, a layer's channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from astrogui.records.inside import FeatureMaps, Inside
from astrogui.viewers.colours import LIGHT, Theme, rgb_of_map
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage

ACROSS, ROWS = 4, 2  # channels of a layer on screen
FOR, AGAINST = (255, 70, 40), (60, 150, 255)
STEPS = 256  # of the bar of colours
FAINTEST = 0.6  # power of the share of the strongest pixel by which colour covers the picture

Array = NDArray[np.floating[Any]]


class InsidePage(QWidget):
    """The picture, the map over it with its bar of colours, and the strongest channels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inside: Inside | None = None
        self.title = QLabel(self)
        self.title.setWordWrap(True)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._page = PlotPage()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self._page, 1)
        above = self._page.addLayout(row=0, col=0)
        below = self._page.addLayout(row=1, col=0)
        self._page.ci.layout.setRowStretchFactor(0, 4)
        self._page.ci.layout.setRowStretchFactor(1, 5)
        self.picture, self.map, self.bar = Plot(), Plot(), Plot()
        for column, plot in enumerate((self.picture, self.map, self.bar)):
            above.addItem(plot, row=0, col=column)
        above.layout.setColumnStretchFactor(0, 5)
        above.layout.setColumnStretchFactor(1, 5)
        self._images = [_image_in(plot) for plot in (self.picture, self.map, self.bar)]
        self._prepare_axes()
        self._labels: list[pg.LabelItem] = []
        self._boxes: list[pg.ViewBox] = []
        self.channels: list[pg.ImageItem] = []
        for row in range(ROWS):
            for column in range(ACROSS):
                self._add_channel(below, row, column)

    def _prepare_axes(self) -> None:
        for plot in (self.picture, self.map):
            plot.setAspectLocked(True)
            plot.setMouseEnabled(False, False)
            plot.set_titles(bottom="column (pixel)", left="row (pixel)")
        self.bar.setMouseEnabled(False, False)
        self.bar.getAxis("bottom").setStyle(showValues=False, tickLength=0)
        self.bar.hideAxis("left")
        self.bar.showAxis("right")
        self.bar.setFixedWidth(96)

    def _add_channel(self, where: Any, row: int, column: int) -> None:
        label = pg.LabelItem("", size="8pt")
        box = pg.ViewBox(enableMenu=False, lockAspect=True, enableMouse=False)
        where.addItem(label, row=2 * row, col=column)
        where.addItem(box, row=2 * row + 1, col=column)
        image = pg.ImageItem(axisOrder="row-major")
        box.addItem(image)
        self._labels.append(label)
        self._boxes.append(box)
        self.channels.append(image)

    # -- what is shown ---------------------------------------------------------------------

    def show_inside(
        self, inside: Inside, words: str, plane: int, way: str, is_over: bool, theme: Theme
    ) -> None:
        """``plane`` -1 for all of them; ``way`` "gradients" or "occlusion"."""
        self.inside = inside
        self.title.setText(words)
        values = values_of(inside, plane, way)
        most = max(float(np.abs(values).max()), 1e-12)
        light = light_of(inside, plane)
        ny, nx = values.shape
        shown = light if light.ndim == 3 else np.repeat(light[..., None], 3, axis=2)
        self._images[0].setImage((255 * shown).astype(np.uint8), levels=(0, 255))
        ground = light.mean(axis=2) if light.ndim == 3 else light
        ground = ground if is_over else np.full_like(ground, 1.0 if not theme.is_dark else 0.0)
        self._images[1].setImage(covered(ground, values / most), levels=(0, 255))
        for plot, image in zip((self.picture, self.map), self._images, strict=False):
            image.setRect(QRectF(-0.5, -0.5, nx, ny))
            plot.setRange(xRange=(-0.5, nx - 0.5), yRange=(-0.5, ny - 0.5), padding=0.01)
        self._show_bar(most, way, is_over, theme)

    def _show_bar(self, most: float, way: str, is_over: bool, theme: Theme) -> None:
        ground = np.full((STEPS, 1), 0.5 if is_over else (0.0 if theme.is_dark else 1.0))
        share = np.linspace(-1, 1, STEPS)[:, None]
        self._images[2].setImage(covered(ground, share), levels=(0, 255))
        self._images[2].setRect(QRectF(0, -most, 1, 2 * most))
        self.bar.setRange(xRange=(0, 1), yRange=(-most, most), padding=0)
        self.bar.set_titles(
            right="brought (nat)" if way == "gradients" else "lost when hidden (nat)"
        )

    def show_layer(self, layer: FeatureMaps | None, theme: Theme) -> None:
        """The strongest channels of a layer, each from its own darkest to its brightest."""
        table = rgb_of_map("viridis", 256)
        count = 0 if layer is None else len(layer.maps)
        for k, (label, box, image) in enumerate(
            zip(self._labels, self._boxes, self.channels, strict=True)
        ):
            is_there = layer is not None and k < count
            box.setVisible(is_there)
            if layer is None or not is_there:
                label.setText("")
                continue
            values = layer.maps[k]
            low, high = float(values.min()), float(values.max())
            steps = 255 * (values - low) / max(high - low, 1e-12)
            image.setImage(table[steps.astype(np.uint8)], levels=(0, 255))
            ny, nx = values.shape
            box.setRange(xRange=(0, nx), yRange=(0, ny), padding=0.02)
            label.setText(
                f"channel {layer.channel[k]}<br>{low:.2g} to {high:.2g}".replace("-", "−"),
                color=theme.text,
                size="8pt",
            )

    def set_theme(self, theme: Theme = LIGHT) -> None:
        self._page.setBackground(QColor(theme.ground))
        for plot in (self.picture, self.map, self.bar):
            plot.set_theme(theme)
        for label in self._labels:
            label.setText(label.text, color=theme.text, size="8pt")
        self.bar.getViewBox().setBorder(pen(QColor(theme.muted)))


def _image_in(plot: Plot) -> pg.ImageItem:
    image = pg.ImageItem(axisOrder="row-major")
    plot.addItem(image)
    return image


def values_of(inside: Inside, plane: int, way: str) -> NDArray[np.float32]:
    """The map (ny, nx): integrated gradients of one plane or summed over all, or occlusion."""
    if way == "occlusion" or not inside.has_gradients:
        return inside.occlusion
    found = inside.gradients.sum(axis=0) if plane < 0 else inside.gradients[plane]
    return np.asarray(found, np.float32)


def light_of(inside: Inside, plane: int) -> Array:
    """The picture in colour (ny, nx, 3), or a plane or the planes' mean (ny, nx), from 0 to 1."""
    if inside.is_colour and plane < 0:
        return np.sqrt(np.clip(np.moveaxis(inside.planes, 0, -1), 0, 1))
    values = inside.planes.mean(axis=0) if plane < 0 else inside.planes[plane]
    if inside.is_colour:
        return np.sqrt(np.clip(values, 0, 1))
    low, high = np.percentile(values, (1, 99.8))
    return np.asarray(np.clip((values - low) / max(float(high - low), 1e-12), 0, 1))


def covered(light: Array, share: Array) -> NDArray[np.uint8]:
    """Light (ny, nx) covered by colour (ny, nx, 3) the more, the larger the share from -1 to 1."""
    cover = (np.abs(share).clip(0, 1) ** FAINTEST)[..., None]
    colour = np.where(share[..., None] >= 0, np.array(FOR, float), np.array(AGAINST, float))
    return np.asarray(255 * light[..., None] * (1 - cover) + colour * cover).astype(np.uint8)
