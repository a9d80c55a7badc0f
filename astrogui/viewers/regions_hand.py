"""The hand on the regions of an image view: it draws, takes, drags and reshapes outlines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from astrogui.science.regions import PixelShape
from astrogui.viewers.image_canvas import PixelEvent
from astrogui.viewers.image_surface import POINTER, ImageSurface
from astrogui.viewers.region_handles import (
    Handle,
    distance_to,
    dragged,
    drawn,
    handles_of,
    moved,
)
from astrogui.viewers.region_list import RegionList

REACH = 7.0  # screen pixels within which a handle or an outline is meant
CLICK_SIZE = 18.0  # screen pixels: the radius of a shape that a click alone draws
SMALL = 70.0  # screen pixels: of a region smaller than this a click anywhere inside is meant
DRAWN = (
    ("circle", "&Circle", "Shift+C", "drag from the centre"),
    ("ellipse", "&Ellipse", "Shift+L", "drag from the centre to a corner of its box"),
    ("box", "&Box", "Shift+B", "drag from the centre to a corner"),
    ("annulus", "&Annulus", "Shift+A", "drag from the centre to the outer radius"),
    ("polygon", "&Polygon", "Shift+P", "click the corners; double click or Enter closes it"),
    ("line", "&Line", "Shift+N", "drag from end to end"),
    ("point", "P&oint", "Shift+T", "click"),
)


@dataclass(frozen=True, slots=True)
class _Drag:
    """A drag under way: of which region, by which handle (None: all of it), from where."""

    index: int
    handle: Handle | None
    start: tuple[float, float]
    shape: PixelShape


class RegionsHand(QObject):
    """Turns the mouse into outlines, in pixels of the image; what to do with them others know."""

    made = Signal(object)  # PixelShape of a new region
    reshaped = Signal(object, str)  # outlines by index of the region, title of the step
    live_changed = Signal()
    draft_changed = Signal(object, object)  # PixelShape or None, corners of a polygon
    edit_wanted = Signal()  # a region was double-clicked
    message = Signal(str)

    def __init__(
        self,
        surface: ImageSurface,
        regions: RegionList,
        place_of: Callable[[int], PixelShape | str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._surface, self._list, self._place_of = surface, regions, place_of
        self.live: dict[int, PixelShape] = {}  # outlines of regions while they are dragged
        self._drag: _Drag | None = None
        self._took_press = False  # the click that ends it is ours too
        self._draft_start: tuple[float, float] | None = None
        self._corners: list[tuple[float, float]] = []
        surface.pressed.connect(self._on_pressed)
        surface.moved.connect(self._on_moved)
        surface.released.connect(self._on_released)
        surface.clicked.connect(self._on_clicked)
        surface.double_clicked.connect(self._on_double_clicked)
        surface.mode_changed.connect(self._on_mode)

    def draw_in_the_middle(self) -> None:
        """Close the polygon; else put the chosen shape (a circle) into the middle of the view."""
        if self._corners:
            self._close_polygon()
            return
        if self._surface.image is None:
            return
        middle = self._surface.view_rect().center()
        mode = self._surface.mode
        shape = mode if mode in {name for name, *_ in DRAWN} else "circle"
        self.made.emit(self._default_shape(shape, middle.x(), middle.y()))

    def take_corner_back(self) -> bool:
        """Drop the last corner of a polygon being drawn; False where none is."""
        if not self._corners:
            return False
        self._corners.pop()
        self._show_draft(None)
        return True

    # The mouse --------------------------------------------------------------------------------

    def _on_pressed(self, event: PixelEvent) -> None:
        self._took_press = False
        if event.button != Qt.MouseButton.LeftButton or self._surface.image is None:
            return
        mode, place = self._surface.mode, (event.x, event.y)
        if mode not in {POINTER, *(name for name, *_ in DRAWN)}:
            return
        if not self._corners and self._begin_drag(event):
            self._took_press = True
            event.accept()
        elif mode == "polygon":
            self._add_corner(place)
        elif mode != POINTER:
            self._draft_start = place
            self._show_draft(None)

    def _begin_drag(self, event: PixelEvent) -> bool:
        """Take a handle of a selected region, a selected region, or an outline in reach."""
        reach = REACH * self._surface.pixels_per_screen_pixel()
        shift = bool(event.modifiers & Qt.KeyboardModifier.ShiftModifier)
        for index in reversed(self._list.selected):
            shape = self._place_of(index)
            if not isinstance(shape, PixelShape) or shift:
                continue
            for handle in handles_of(shape, reach / REACH):
                if math.hypot(handle.x - event.x, handle.y - event.y) <= reach:
                    self._drag = _Drag(index, handle, (event.x, event.y), shape)
                    return True
        if self._surface.mode != POINTER:
            return False
        hit = self._hit(event.x, event.y, reach)
        if hit is None:
            return False
        if shift:
            self._list.toggle(hit)
            return True
        if hit not in self._list.selected:
            self._list.select([hit])
        shape = self._place_of(hit)
        assert isinstance(shape, PixelShape)
        self._drag = _Drag(hit, None, (event.x, event.y), shape)
        return True

    def _hit(self, x: float, y: float, reach: float) -> int | None:
        """The region meant by a press: a selected one it lies in, else by its outline."""
        best: tuple[float, int] | None = None
        for index in range(len(self._list.regions)):
            shape = self._place_of(index)
            if not isinstance(shape, PixelShape):
                continue
            x0, y0, x1, y1 = shape.bounds()
            if not (x0 - reach <= x <= x1 + reach and y0 - reach <= y <= y1 + reach):
                continue
            inside = bool(shape.contains(x, y))
            if inside and index in self._list.selected:
                return index
            is_small = max(x1 - x0, y1 - y0) < SMALL * reach / REACH
            away = 0.5 * reach if inside and is_small else distance_to(shape, x, y)
            if away <= reach and (best is None or away < best[0]):
                best = (away, index)
        return None if best is None else best[1]

    def _on_moved(self, event: PixelEvent) -> None:
        if self._drag is not None:
            self.live = self._dragged(event)
            self.live_changed.emit()
        elif self._draft_start is not None:
            self._show_draft(drawn(self._surface.mode, self._draft_start, (event.x, event.y)))
        elif self._corners:
            self._show_draft(None, (event.x, event.y))

    def _dragged(self, event: PixelEvent) -> dict[int, PixelShape]:
        assert self._drag is not None
        drag = self._drag
        if drag.handle is not None:
            return {drag.index: dragged(drag.shape, drag.handle, event.x, event.y)}
        dx, dy = event.x - drag.start[0], event.y - drag.start[1]
        shapes = {index: self._place_of(index) for index in self._list.selected}
        return {i: moved(s, dx, dy) for i, s in shapes.items() if isinstance(s, PixelShape)}

    def _on_released(self, event: PixelEvent) -> None:
        if self._drag is not None:
            drag, live = self._drag, self.live
            self._drag, self.live = None, {}
            self.reshaped.emit(live, "Reshape region" if drag.handle else "Move region")
        elif self._draft_start is not None:
            start, self._draft_start = self._draft_start, None
            self._show_draft(None)
            way = self._surface.screen_of(event.x, event.y) - self._surface.screen_of(*start)
            mode = self._surface.mode
            if mode != "point" and way.manhattanLength() >= 4:
                self.made.emit(drawn(mode, start, (event.x, event.y)))
            else:
                self.made.emit(self._default_shape(mode, *start))

    def _on_clicked(self, event: PixelEvent) -> None:
        if self._took_press:
            event.accept()
        elif self._surface.mode == POINTER and not event.accepted:
            shift = event.modifiers & Qt.KeyboardModifier.ShiftModifier
            if event.button == Qt.MouseButton.LeftButton and not shift:
                self._list.select([])

    def _on_double_clicked(self, event: PixelEvent) -> None:
        if self._corners:
            self._close_polygon()
            event.accept()
        elif self._surface.mode == POINTER:
            reach = REACH * self._surface.pixels_per_screen_pixel()
            if self._hit(event.x, event.y, reach) is not None:
                event.accept()
                self.edit_wanted.emit()

    def _on_mode(self, _: str) -> None:
        self._draft_start, self._corners = None, []
        self._show_draft(None)

    # Drawing ----------------------------------------------------------------------------------

    def _default_shape(self, shape: str, x: float, y: float) -> PixelShape:
        size = CLICK_SIZE * self._surface.pixels_per_screen_pixel()
        if shape == "polygon":
            box = drawn("box", (x, y), (x + size, y + size))
            return PixelShape(shape="polygon", points=box.corners())
        return drawn(shape, (x, y), (x + size, y + 0.6 * size))

    def _add_corner(self, place: tuple[float, float]) -> None:
        near = REACH * self._surface.pixels_per_screen_pixel()
        if len(self._corners) >= 3 and math.dist(place, self._corners[0]) <= near:
            self._close_polygon()
            return
        self._corners.append(place)
        self._show_draft(None)

    def _close_polygon(self) -> None:
        corners = list(dict.fromkeys(self._corners))
        self._corners = []
        self._show_draft(None)
        if len(corners) < 3:
            self.message.emit("A polygon needs three corners or more.")
            return
        self.made.emit(PixelShape(shape="polygon", points=np.array(corners, dtype=np.float64)))

    def _show_draft(
        self, shape: PixelShape | None, cursor: tuple[float, float] | None = None
    ) -> None:
        corners = [*self._corners, *([cursor] if cursor and self._corners else [])]
        self.draft_changed.emit(shape, corners)
