"""Objects placed by what a network sees in them, with their pictures where there is room."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.science import tsne
from astrogui.science.embedding import embedded, nearest, principal_axes
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import ViewItem, pen
from astrogui.viewers.scatter_view import Points, ScatterView
from astrogui.viewers.viewer import Compute

__all__ = ["EmbeddingView", "nearest", "neighbour_places", "principal_places"]

Array = NDArray[np.float64]
PICTURE = 44  # pixels a side on the screen
FRAME = 2.0


class EmbeddingView(ScatterView):
    """A scatter plot whose points may carry pictures: one for each cell of the screen."""

    pictures_wanted = Signal(object)  # the places of points whose pictures would be shown

    empty_words = "No objects with a network's features yet."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        self._thumbnails = ThumbnailsItem()
        self.shows_pictures = False
        super().__init__(compute, parent)
        self._thumbnails.setZValue(20)
        self.plot.addItem(self._thumbnails, ignoreBounds=True)
        self.plot.setAspectLocked(False)

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

    def show_all(self) -> None:
        """The range of all points, with room for the pictures of those at the edges."""
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
    """Places (n, 2) along the two principal components, and their shares of the variance."""
    mean, axes, share = principal_axes(features)
    return np.asarray(embedded(features, mean, axes), np.float64), np.asarray(share, np.float64)


def neighbour_places(
    features: NDArray[np.float32], seed: int, go_on: Callable[[float], None]
) -> Array:
    """Places (n, 2) by t-SNE, of as many as it can draw, chosen at random; the others are NaN."""
    count = len(features)
    chosen = np.arange(count)
    if count > tsne.MOST_OBJECTS:
        drawn = np.random.default_rng(seed).choice(count, tsne.MOST_OBJECTS, replace=False)
        chosen = np.sort(drawn)
    places = np.full((count, 2), np.nan)
    places[chosen] = tsne.tsne(features[chosen], seed=seed, go_on=go_on)
    return places
