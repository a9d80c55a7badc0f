"""The graphics item of an image: tiles of pixels at the scale of the screen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.viewers.image_colours import Colours
from astrogui.viewers.image_marks import Mark
from astrogui.viewers.image_tiles import (
    FirstLook,
    Look,
    Tile,
    extent,
    factor_for,
    needed_factors,
    tiles_in_view,
)

KEPT_TILES = 24  # or a few more than the view needs
# Qt paints from this format six times as fast, scaled, as from indices into a colour table.
READY = QImage.Format.Format_ARGB32_Premultiplied
MOST_READY = 16  # tiles kept in it from frame to frame, a megabyte each; others are made anew
__all__ = ["KEPT_TILES", "Mark", "TiledImageItem"]


@dataclass(slots=True, eq=False)
class _Painted:
    """A tile in memory: its values, its rendering, and the look it was rendered with."""

    values: NDArray[np.float32]
    index: NDArray[np.uint8]
    look: Look


class TiledImageItem(pg.GraphicsObject):
    """Paints a first look at once and sharper tiles as they come; row 0 is at the bottom."""

    def __init__(self) -> None:
        super().__init__()
        # Not "shape": Qt asks every graphics item for a method of that name.
        self.pixel_shape: tuple[int, int] = (1, 1)
        self.look = Look()
        self.colours = Colours()
        self._base: tuple[FirstLook, NDArray[np.uint8]] | None = None
        self._tiles: OrderedDict[Tile, _Painted] = OrderedDict()
        self._ready: dict[Tile | None, QImage] = {}  # None: the first look

    def set_image(
        self, shape: tuple[int, int], base: FirstLook, index: NDArray[np.uint8], look: Look
    ) -> None:
        """A new image, of which the first look is there, and is rendered with ``look``."""
        self.prepareGeometryChange()
        self.pixel_shape, self.look = shape, look
        self._tiles.clear()
        self._ready.clear()
        self._base = (base, index)
        self.informViewBoundsChanged()
        self.update()

    def clear(self) -> None:
        self._base = None
        self._tiles.clear()
        self._ready.clear()
        self.update()

    def add_tile(
        self, tile: Tile, values: NDArray[np.float32], index: NDArray[np.uint8], look: Look
    ) -> None:
        """Keep a tile; the one unused for longest goes when there are too many."""
        self._tiles[tile] = _Painted(values, index, look)
        self._tiles.move_to_end(tile)
        self._ready.pop(tile, None)
        most = max(KEPT_TILES, len(self._wanted()) + 4)
        while len(self._tiles) > most:
            self._tiles.popitem(last=False)
        self.update()

    def restyle(
        self, renderings: Sequence[tuple[Tile | None, NDArray[np.uint8]]], look: Look
    ) -> None:
        """Take over new renderings of tiles that are still kept (None: the first look)."""
        for tile, index in renderings:
            self._ready.pop(tile, None)
            if tile is None and self._base is not None:
                self._base = (self._base[0], index)
            elif tile is not None and tile in self._tiles:
                self._tiles[tile].index, self._tiles[tile].look = index, look
        self.update()

    def set_colours(self, colours: Colours) -> None:
        self.colours = colours
        self._ready.clear()
        self.update()

    @property
    def sample(self) -> NDArray[np.float32]:
        """The values of the first look; none without an image."""
        return self._base[0].values if self._base else np.empty((0, 0), np.float32)

    def thumbnail(self) -> QImage | None:
        """The whole image as its first look has it."""
        return self._image(None, self._base[1]) if self._base is not None else None

    def values_in_view(self) -> list[tuple[Tile | None, NDArray[np.float32]]]:
        """What must be rendered anew when the look changes."""
        kept: list[tuple[Tile | None, NDArray[np.float32]]] = []
        if self._base is not None:
            kept.append((None, self._base[0].values))
        kept += [(t, self._tiles[t].values) for t in self._wanted() if t in self._tiles]
        return kept

    def missing(self) -> list[Tile]:
        """Tiles in view that are absent or rendered with another look, the middle first."""
        if self._base is None:
            return []
        if self._base[0].factor == 1:  # the first look is the whole image already
            return []
        return [
            tile
            for tile in self._wanted()
            if tile not in self._tiles or self._tiles[tile].look != self.look
        ]

    def value_at(self, x: int, y: int) -> float | tuple[float, ...] | None:
        """The pixel's value where it is in memory at full scale, else None."""
        if self._base is not None and self._base[0].factor == 1:
            values, row, column = self._base[0].values, y, x
        else:
            tile = Tile(1, y // 512, x // 512)
            if tile not in self._tiles:
                return None
            values, row, column = self._tiles[tile].values, y % 512, x % 512
        if not (0 <= row < values.shape[0] and 0 <= column < values.shape[1]):
            return None
        value = values[row, column]
        return tuple(float(v) for v in value) if np.ndim(value) else float(value)

    def _wanted(self) -> list[Tile]:
        view = self.getViewBox()
        if view is None:
            return []
        rect = view.image_rect()
        factor = factor_for(view.pixels_per_screen_pixel(), self.pixel_shape)
        corners = (rect.left(), rect.top(), rect.right(), rect.bottom())
        return tiles_in_view(self.pixel_shape, factor, corners)

    def boundingRect(self) -> QRectF:
        ny, nx = self.pixel_shape
        return QRectF(-0.5, -0.5, nx, ny)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        if self._base is None:
            return
        view = self.getViewBox()
        per_screen = view.pixels_per_screen_pixel() if view else 1.0
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, per_screen > 1.0)
        wanted = self._wanted()
        look, index = self._base
        if not wanted or look.factor == 1:
            painter.setClipRect(self.boundingRect())
            painter.drawImage(self._base_rect(look, index), self._image(None, index))
            return
        shown = {self._draw(painter, tile) for tile in wanted}
        for tile in wanted:
            if tile in self._tiles:
                self._tiles.move_to_end(tile)
        for unused in self._ready.keys() - shown - {None}:
            del self._ready[unused]

    def _draw(self, painter: QPainter, tile: Tile) -> Tile | None:
        """A tile, or its part of the next coarser one there is: each place is painted once.

        Returns the one that it was painted from, None for the first look.
        """
        target = self._rect(tile)
        shown: Tile | None = tile
        while shown is not None and shown not in self._tiles:
            shown = self._parent(shown)
        if shown is None:
            assert self._base is not None
            look, index = self._base
            whole = self._base_rect(look, index)
        else:
            whole, index = self._rect(shown), self._tiles[shown].index
        # What serves several tiles is kept in any case.
        image = self._image(shown, index, keep=shown != tile)
        if shown == tile:
            painter.drawImage(target, image)
            return shown
        across, up = index.shape[1] / whole.width(), index.shape[0] / whole.height()
        part = QRectF(
            (target.left() - whole.left()) * across,
            (target.top() - whole.top()) * up,
            target.width() * across,
            target.height() * up,
        )
        painter.drawImage(target, image, part)
        return shown

    def _image(self, tile: Tile | None, index: NDArray[np.uint8], keep: bool = True) -> QImage:
        """A tile in the format that is painted fastest; kept while there is room."""
        image = self._ready.get(tile)
        if image is None:
            image = self.as_image(index).convertToFormat(READY)
            if keep or len(self._ready) < MOST_READY:
                self._ready[tile] = image
        return image

    def _parent(self, tile: Tile) -> Tile | None:
        """The tile of the next coarser scale that holds this one; None above the coarsest."""
        factor = 2 * tile.factor
        known = needed_factors(self.pixel_shape)
        return Tile(factor, tile.row // 2, tile.column // 2) if factor <= known[-1] else None

    def _base_rect(self, look: FirstLook, index: NDArray[np.uint8]) -> QRectF:
        if look.factor == 1 and index.shape[:2] == self.pixel_shape:
            return self.boundingRect()
        blocks_y, blocks_x = index.shape[:2]
        return QRectF(-0.5, -0.5, blocks_x * look.factor, blocks_y * look.factor)

    def _rect(self, tile: Tile) -> QRectF:
        y0, y1, x0, x1 = extent(self.pixel_shape, tile)
        return QRectF(x0 - 0.5, y0 - 0.5, x1 - x0, y1 - y0)

    def as_image(self, index: NDArray[np.uint8]) -> QImage:
        """Rendered pixels in the colours of the item."""
        height, width = index.shape[:2]
        if index.ndim == 3:
            return QImage(index.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        image = QImage(index.data, width, height, width, QImage.Format.Format_Indexed8)
        image.setColorTable(self.colours.table())
        return image
