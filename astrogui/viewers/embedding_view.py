"""Objects placed by what a network sees in them, with their pictures where there is room."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.science.embedding import (
    MOST_DRAWN,
    embedded,
    nearest,
    neighbours_drawn,
    principal_axes,
)
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import ViewItem, pen
from astrogui.viewers.scatter_view import TOOLS, Points, ScatterView
from astrogui.viewers.turned_points import TripodItem, TurnedPoints
from astrogui.viewers.viewer import Compute

__all__ = ["EmbeddingView", "nearest", "neighbour_places", "principal_places"]

Array = NDArray[np.float64]
PICTURE = 44  # pixels a side on the screen
FRAME = 2.0
PER_PIXEL = np.radians(0.4)  # of a drag
STEP = np.radians(10.0)  # of an arrow key
ARROWS = {
    Qt.Key.Key_Left: (-STEP, 0.0), Qt.Key.Key_Right: (STEP, 0.0),
    Qt.Key.Key_Up: (0.0, STEP), Qt.Key.Key_Down: (0.0, -STEP),
}  # fmt: skip
FAINTEST = 0.3  # of the points furthest from the eye


class EmbeddingView(ScatterView):
    """A scatter plot whose points may carry pictures: one for each cell of the screen.

    Points with a third coordinate are turned by a drag or by the arrow keys.
    """

    drags = (*TOOLS, "turn")
    pictures_wanted = Signal(object)  # the places of points whose pictures would be shown

    empty_words = "No objects with a network's features yet."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        self._thumbnails, self._tripod = ThumbnailsItem(), TripodItem()
        self.shows_pictures = False
        self.solid: TurnedPoints | None = None  # in three dimensions
        super().__init__(compute, parent)
        self._thumbnails.setZValue(20)
        self.plot.addItem(self._thumbnails, ignoreBounds=True)
        self.plot.addItem(self._tripod, ignoreBounds=True)
        self._ticks = int(self.plot.getAxis("left").style["tickLength"])
        self._box.turned.connect(self._on_turned)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it would take the arrow keys

    @property
    def pictured(self) -> tuple[int, ...]:
        """The places of points that carry a picture."""
        return tuple(self._thumbnails.images)

    def show_pictures(self, is_on: bool) -> None:
        """Draw pictures at points, or points alone."""
        self.shows_pictures = is_on
        self._thumbnails.setVisible(is_on)
        if is_on:
            self.pictures_wanted.emit(self.spread())

    def set_pictures(self, images: Mapping[int, QImage]) -> None:
        """The pictures there are, by the place of the point."""
        if self.points is None:
            return
        colours = self._colours(np.array(list(images), np.int64)) if images else []
        self._thumbnails.set_images(
            {
                place: (
                    float(self._x[place]),
                    float(self._y[place]),
                    image.flipped(Qt.Orientation.Vertical),
                    colour,
                )
                for (place, image), colour in zip(images.items(), colours, strict=True)
                if place < self._x.size
            }
        )

    def show_points(self, points: Points, keeps_range: bool = False) -> None:
        self._thumbnails.set_images({})
        super().show_points(points, keeps_range)

    def turn(self, across: float, up: float) -> None:
        """Turn the points by angles in radians, to the right and up as one looks at them."""
        if self.solid is None:
            return
        self.solid.turn(across, up)
        self._x, self._y = self.solid.x, self.solid.y
        self._thumbnails.set_images({})  # until the points stand still
        self._tripod.set_axes(self.solid.rotation)
        if not self._later.isActive():  # or a long turn would show nothing before its end
            self._later.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = ARROWS.get(Qt.Key(event.key()))
        if step is None or self.solid is None:
            super().keyPressEvent(event)
            return
        self.turn(*step)

    def _on_turned(self, right: float, down: float) -> None:
        self.turn(PER_PIXEL * right, -PER_PIXEL * down)

    def _placed(self, points: Points) -> tuple[Array, Array]:
        if points.z is None:
            self.solid = None
        else:
            before = self.solid.rotation if self.solid is not None else None
            self.solid = TurnedPoints(np.stack([points.x, points.y, points.z], axis=1), before)
        self._tripod.set_axes(None if self.solid is None else self.solid.rotation)
        self.plot.setAspectLocked(self.solid is not None)
        if self.solid is None:
            return super()._placed(points)
        return self.solid.x, self.solid.y

    def _show_axes(self, points: Points) -> None:
        super()._show_axes(points)
        for side in ("bottom", "left"):  # what is turned has no numbers of its own
            axis = self.plot.getAxis(side)
            axis.setStyle(showValues=points.z is None, tickLength=self._ticks * (points.z is None))

    def _show_each(self, places: NDArray[np.int64]) -> None:
        if self.solid is not None:  # the nearest are drawn last
            places = places[np.argsort(self.solid.depth[places], kind="stable")]
        super()._show_each(places)

    def _colours(self, places: NDArray[np.int64]) -> list[QColor]:
        made = super()._colours(places)
        if self.solid is None:
            return made
        near = self.solid.nearness(places)
        faded = [QColor(colour) for colour in made]
        for colour, share in zip(faded, near, strict=True):
            colour.setAlphaF(colour.alphaF() * (FAINTEST + (1 - FAINTEST) * float(share)))
        return faded

    def show_all(self) -> None:
        """The range of all points, with room for the pictures of those at the edges."""
        if self.solid is not None:  # whichever way they are turned
            reach = (-self.solid.radius, self.solid.radius)
            self._box.setRange(xRange=reach, yRange=reach, padding=0.02, disableAutoRange=True)
            return
        super().show_all()
        if self._box.width() > 4 * PICTURE and self._box.height() > 4 * PICTURE:
            share = [PICTURE / (2 * side) for side in (self._box.width(), self._box.height())]
            for axis, (low, high) in enumerate(self._box.viewRange()):
                room = share[axis] / (1 - 2 * share[axis]) * (high - low)
                self._box.setRange(
                    **{"yRange" if axis else "xRange": (low - room, high + room)},
                    padding=0, disableAutoRange=True,
                )  # fmt: skip

    def spread(self) -> NDArray[np.int64]:
        """Points that can carry a picture without covering another, those selected first."""
        if self.points is None or self._box.width() < 2:
            return np.zeros(0, np.int64)
        (left, right), (bottom, top) = self._box.viewRange()
        across = max(self._box.width() / (PICTURE + 2 * FRAME), 1.0)
        up = max(self._box.height() / (PICTURE + 2 * FRAME), 1.0)
        seen = np.flatnonzero(
            (self._x >= left) & (self._x <= right) & (self._y >= bottom) & (self._y <= top)
        )
        column = (self._x[seen] - left) / (right - left) * across
        row = (self._y[seen] - bottom) / (top - bottom) * up
        cell = np.floor(column).astype(int) + 10_000 * np.floor(row).astype(int)
        middle = np.hypot(column - np.floor(column) - 0.5, row - np.floor(row) - 0.5)
        if self._selected is not None:
            middle -= self._selected[seen]
        order = np.argsort(middle, kind="stable")
        _, first = np.unique(cell[order], return_index=True)
        chosen: list[int] = []
        taken: list[tuple[float, float]] = []
        for k in order[np.sort(first)]:
            here = (float(column[k]), float(row[k]))
            if all(abs(here[0] - x) >= 1 or abs(here[1] - y) >= 1 for x, y in taken):
                taken.append(here)
                chosen.append(int(seen[k]))
        return np.array(chosen, np.int64)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._tripod.set_colour(theme.colour("muted"))
        self._thumbnails.update()

    def _render(self) -> None:
        super()._render()
        if self.shows_pictures:
            self.pictures_wanted.emit(self.spread())


class ThumbnailsItem(ViewItem):
    """Pictures of one size on the screen, each framed in the colour of its point."""

    def __init__(self) -> None:
        super().__init__()
        self.images: dict[int, tuple[float, float, QImage, object]] = {}

    def set_images(self, images: dict[int, tuple[float, float, QImage, object]]) -> None:
        self.prepareGeometryChange()
        self.images = images
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        box = self.getViewBox()
        if box is None:
            return
        across, up = box.viewPixelSize()
        wide, high = PICTURE * across, PICTURE * up
        for x, y, image, colour in self.images.values():
            where = QRectF(x - wide / 2, y - high / 2, wide, high)
            painter.drawImage(where, image)
            painter.setPen(pen(colour, FRAME))  # type: ignore[arg-type]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(where)


def principal_places(features: NDArray[np.float32]) -> tuple[Array, Array]:
    """Places (n, 3) along the three principal components, and their shares (3,) of the variance.

    Of fewer features than three the rest is 0.
    """
    count = min(3, features.shape[1])
    mean, axes, share = principal_axes(features, count)
    places, shares = np.zeros((len(features), 3)), np.zeros(3)
    places[:, :count], shares[:count] = embedded(features, mean, axes), share
    return places, shares


def neighbour_places(
    features: NDArray[np.float32], dimensions: int, seed: int, go_on: Callable[[float], None]
) -> Array:
    """Places (n, 3) by t-SNE in so many dimensions, the rest 0, of as many as it can draw.

    Where these are not all, they are chosen at random and the others are NaN.
    """
    count, most = len(features), MOST_DRAWN[dimensions]
    chosen = np.arange(count)
    if count > most:
        drawn = np.random.default_rng(seed).choice(count, most, replace=False)
        chosen = np.sort(drawn)
    places = np.full((count, 3), np.nan)
    places[chosen] = 0.0
    places[chosen, :dimensions] = neighbours_drawn(
        features[chosen], dimensions, seed=seed, go_on=go_on
    )
    return places
