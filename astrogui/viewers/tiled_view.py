"""A view of one image's pixels: tiles from a pool, pan and zoom, stretch and cuts.

A large image is never loaded whole: a sparse first look is painted at once, then tiles at the
scale of the screen come from a pool, few at a time.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QWidget

from astrogui.records.image import Image
from astrogui.viewers.image_canvas import ImageBox, ImageCanvas
from astrogui.viewers.image_item import TiledImageItem
from astrogui.viewers.image_loading import Beginning
from astrogui.viewers.image_surface import ImageSurface
from astrogui.viewers.image_tiles import (
    Levels,
    Look,
    kept_factors,
    kept_levels,
    loaded_tile,
    restyled,
)
from astrogui.viewers.viewer import Compute, Viewer

TILES_IN_FLIGHT = 4
# While the view moves every tile under way costs its frames: each is some dozen steps of Python,
# between which the window's thread has to win the interpreter back.
TILES_IN_MOTION = 1
MOTION_S = 0.08  # so long after a frame the next may still come


class TiledView(Viewer):
    """Paints an image that it is given with its first look; knows neither bands nor sky."""

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._image: Image | None = None
        self._levels: Levels = {}
        self._awaited_factors: tuple[int, ...] = ()
        self._restyle_again = False
        self._moved_at = -MOTION_S
        self._box = ImageBox()
        self._graphics = ImageCanvas(self._box, self)
        self._item = TiledImageItem()
        self._item.setParentItem(self._box.frame)
        self.overlay = ImageSurface(self, self._graphics, self._box, self._compute)
        self._box.sigRangeChanged.connect(self._on_range)
        self._box.sigResized.connect(self._on_range)

    @property
    def image(self) -> Image | None:
        """The image on the screen."""
        return self._image

    @property
    def canvas(self) -> QWidget:
        """The widget on which the pixels are painted."""
        return self._graphics.viewport()

    @property
    def is_sharp(self) -> bool:
        """Whether all pixels in view are there at the scale of the screen."""
        return not (self.awaits("first") or self.awaits("levels") or self.awaits("tile:"))

    @property
    def look(self) -> Look:
        return self._item.look

    def show_pixels(self, begun: Beginning, keep_place: bool) -> None:
        """Paint an image, whose first look is there, and go on with what is sharper."""
        image = begun.image
        for unwanted in ("tile:", "restyle", "levels"):  # of the image before
            self.forget(unwanted)
        self._image = self.overlay.image = image
        self._restyle_again = False
        self._levels = {}
        self._item.set_image(image.shape, begun.base, begun.index, begun.look)
        self._awaited_factors = () if image.is_colour else kept_factors(image.shape)
        if self._awaited_factors:
            self.ask("levels", self._on_levels, kept_levels, image)
        self.show_content()
        self._set_zoom_limits(image.shape)
        if not keep_place:
            self.fit()
        self._want_tiles()
        self.overlay.record_shown.emit(image)

    def fit(self) -> None:
        """The whole image in the view."""
        self._box.setRange(self._item.mapRectToParent(self._item.boundingRect()), padding=0.02)

    def one_to_one(self) -> None:
        """One image pixel on one screen pixel, about the present centre."""
        centre = self._box.viewRect().center()
        width, height = self._box.width(), self._box.height()
        rect = QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
        self._box.setRange(rect, padding=0)

    def zoom(self, factor: float) -> None:
        """Closer (factor > 1) or farther, about the centre."""
        self._box.scaleBy((1 / factor, 1 / factor))

    def centre_on(self, x: float, y: float) -> None:
        self._box.centre_on(QPointF(x, y))

    def pan(self, across: float, up: float) -> None:
        """By fractions of the view."""
        rect = self._box.viewRect()
        self._box.translateBy(x=across * rect.width(), y=up * rect.height())

    def pixels_per_screen_pixel(self) -> float:
        return self.overlay.pixels_per_screen_pixel()

    def set_mouse_mode(self, name: str) -> None:
        """What the left button is for: "pointer", or a mode added to ``overlay``."""
        self.overlay.set_mode(name)

    def set_look(self, look: Look) -> None:
        """Other cuts or another stretch; the pixels on the screen are rendered anew."""
        if self._image is None or self._image.is_colour or look == self.look:
            return
        self._item.look = look
        self._want_restyle()

    def _on_range(self, *_: object) -> None:
        self._moved_at = time.monotonic()
        self._want_tiles()
        self.overlay.range_changed.emit()

    def _on_levels(self, levels: Levels) -> None:
        self._levels = levels
        self._want_tiles()

    def _want_tiles(self) -> None:
        """Ask for the tiles in view that are missing, few at once."""
        if self._image is None or not self.shows_content:
            return
        moves = time.monotonic() - self._moved_at < MOTION_S
        free = (TILES_IN_MOTION if moves else TILES_IN_FLIGHT) - self.awaits("tile:")
        for tile in self._item.missing():
            if free <= 0:
                break
            if tile.factor in self._awaited_factors and tile.factor not in self._levels:
                break  # the overview, on its way, has them all; reading for them would be dear
            key = f"tile:{tile.factor}:{tile.row}:{tile.column}"
            if key in self._numbers:
                continue
            self.ask(key, self._on_tile, loaded_tile, self._image, self._levels, tile, self.look)
            free -= 1

    def _on_tile(self, loaded: tuple[Any, Any, Any, Look]) -> None:
        self._item.add_tile(*loaded)
        self._want_tiles()

    def _want_restyle(self) -> None:
        # While one rendering is under way the next waits for it: a drag shows every step that
        # the machine can keep up with, instead of none until the hand rests.
        if self.awaits("restyle"):
            self._restyle_again = True
            return
        self._restyle_again = False
        tiles = self._item.values_in_view()
        self.ask("restyle", self._on_restyled, restyled, tiles, self._item.sample, self.look)

    def _on_restyled(self, result: tuple[Any, Look]) -> None:
        renderings, look = result
        if replace(look, levels=()) == self.look:
            self._item.look = look  # with what the stretch needed
        self._item.restyle(renderings, look)
        if self._restyle_again:
            self._want_restyle()
        else:
            self._want_tiles()

    def _set_zoom_limits(self, shape: tuple[int, int]) -> None:
        longest = float(max(shape))
        self._box.setLimits(
            xMin=-8 * longest,
            xMax=9 * longest,
            yMin=-8 * longest,
            yMax=9 * longest,
            minXRange=4.0,
            minYRange=4.0,
        )
