"""Regions on an image view: drawn, chosen, moved and reshaped by mouse and by keys."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from astrogui.science.region_places import ImageGrid, Unplaced, placed, region_of
from astrogui.science.region_statistics import RegionStatistics, statistics_of
from astrogui.science.regions import PixelShape, Region
from astrogui.viewers.image_canvas import PixelEvent
from astrogui.viewers.image_grid import grid_of, scale_at
from astrogui.viewers.image_surface import POINTER
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.region_handles import (
    Handle,
    distance_to,
    dragged,
    drawn,
    handles_of,
    moved,
    scaled,
    turned_by,
)
from astrogui.viewers.region_list import RegionList
from astrogui.viewers.regions_item import RegionsItem, colour_of

REACH = 7.0  # screen pixels within which a handle or an outline is meant
CLICK_SIZE = 18.0  # screen pixels: the radius of a shape that a click alone draws
SMALL = 70.0  # screen pixels: of a region smaller than this a click anywhere inside is meant
FEW = 40  # regions placed at once; more are placed in the pool
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


@dataclass(frozen=True, slots=True)
class Measured:
    """Statistics of one region on the image shown."""

    index: int
    shape: PixelShape
    statistics: RegionStatistics
    scale_arcsec: float | None
    unit: str


class RegionsTool(QObject):
    """Keeps a list of regions on an image view; the view lists what can be done as tools."""

    measured = Signal(object)  # Measured, or None
    edit_wanted = Signal()  # a region was double-clicked: whoever shows its properties, do
    placed_anew = Signal()  # the regions have their places on another image

    def __init__(self, view: ImageView) -> None:
        super().__init__(view)
        self._view, self._surface = view, view.overlay
        self.list = RegionList(self)
        self.colour = "green"
        self.grid = ImageGrid()
        self._places: dict[Region, PixelShape | str] = {}
        self._drag: _Drag | None = None
        self._took_press = False  # the click that ends it is ours too
        self._live: dict[int, PixelShape] = {}  # outlines of regions while they are dragged
        self._draft_start: tuple[float, float] | None = None
        self._corners: list[tuple[float, float]] = []
        self._placing = self._measuring = 0  # numbers of the latest requests
        self._item = RegionsItem()
        self._surface.add(self._item, z=20.0)
        for shape, *_ in DRAWN:
            self._surface.add_mode(shape)
        self._add_tools()
        self._listen()
        self._on_image(None)

    # What others ask --------------------------------------------------------------------------

    def place_of(self, index: int) -> PixelShape | str:
        """The outline of a region on the image shown, or why it has none."""
        return self._places.get(self.list.regions[index], "it is being placed")

    def draw(self, shape: str) -> None:
        """The left button draws this shape from now on."""
        self._view.set_mouse_mode(shape)
        words = next(words for name, _, _, words in DRAWN if name == shape)
        self._view.message.emit(f"Draw a {shape}: {words}. Esc ends drawing.")

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
        self._add(self._default_shape(shape, middle.x(), middle.y()))

    def remove(self) -> None:
        """Delete the selected regions, or the last corner of a polygon being drawn."""
        if self._corners:
            self._corners.pop()
            self._show_draft(None)
        else:
            self.list.remove_selected()

    def remove_all(self) -> None:
        self.list.clear()

    def undo(self) -> None:
        title = self.list.undo()
        self._view.message.emit(f"Undone: {title}" if title else "No region edit to undo.")

    def redo(self) -> None:
        title = self.list.redo()
        self._view.message.emit(f"Done again: {title}" if title else "No region edit to redo.")

    def change(self, edit: Callable[[Region], Region], title: str) -> None:
        """Change the selected regions as one step."""
        regions = self.list.regions
        self.list.put_many({i: edit(regions[i]) for i in self.list.selected}, title)

    def reshape(self, edit: Callable[[PixelShape], PixelShape], title: str) -> None:
        """Change the outlines of the selected regions as one step."""
        made = {}
        for index in self.list.selected:
            shape = self.place_of(index)
            if isinstance(shape, PixelShape):
                made[index] = self._region(edit(shape), self.list.regions[index])
        self.list.put_many(made, title)

    def centre_on_selected(self) -> None:
        """Bring the selected region into the middle."""
        if self.list.selected:
            shape = self.place_of(self.list.selected[-1])
            if isinstance(shape, PixelShape):
                x0, y0, x1, y1 = shape.bounds()
                self._view.centre_on((x0 + x1) / 2, (y0 + y1) / 2)

    # Building ---------------------------------------------------------------------------------

    def _add_tools(self) -> None:
        add, menu = self._view.add_tool, "&Regions"
        for shape, text, key, words in DRAWN:
            tip = f"Draw a {shape}: {words}"
            add(f"region_{shape}", text, partial(self.draw, shape), (key,), tip, menu)
        for name, text, slot, keys, tip in (
            ("draw", "&Draw in the middle", self.draw_in_the_middle, ("Return", "Enter"),
             "Put the shape into the middle of the view, or close the polygon"),
            ("next", "&Next region", partial(self.list.step_selection, 1), ("J",),
             "Select the next region"),
            ("previous", "P&revious region", partial(self.list.step_selection, -1), ("Shift+J",),
             "Select the region before"),
            ("remove", "Dele&te", self.remove, ("Del", "Backspace"),
             "Delete the selected regions"),
            ("undo", "&Undo region edit", self.undo, ("Shift+Z",), "Take the last edit back"),
            ("redo", "Redo region ed&it", self.redo, ("Shift+Y",), "Do the edit again"),
        ):  # fmt: skip
            add(f"region_{name}", text, slot, keys, tip, menu)
        for way, key, dx, dy in (("left", "Left", -1, 0), ("right", "Right", 1, 0),
                                 ("up", "Up", 0, 1), ("down", "Down", 0, -1)):  # fmt: skip
            slot = partial(self.reshape, partial(moved, dx=dx, dy=dy), "Move region")
            add(f"region_{way}", f"Move one pixel {way}", slot, (f"Shift+{key}",),
                f"Move the selected regions by a pixel, {way}", menu)  # fmt: skip
        turn = math.radians(5.0)
        for name, text, key, edit in (
            ("larger", "Lar&ger", "Alt+Up", partial(scaled, factor=1.05)),
            ("smaller", "S&maller", "Alt+Down", partial(scaled, factor=1 / 1.05)),
            ("turn_left", "Turn by &+5°", "Alt+Left", partial(turned_by, angle_rad=turn)),
            ("turn_right", "Turn by &−5°", "Alt+Right", partial(turned_by, angle_rad=-turn)),
        ):
            slot = partial(self.reshape, edit, text.replace("&", "") + " region")
            add(f"region_{name}", text, slot, (key,), f"Selected regions: {text}", menu)

    def _listen(self) -> None:
        surface = self._surface
        surface.pressed.connect(self._on_pressed)
        surface.moved.connect(self._on_moved)
        surface.released.connect(self._on_released)
        surface.clicked.connect(self._on_clicked)
        surface.double_clicked.connect(self._on_double_clicked)
        surface.mode_changed.connect(self._on_mode)
        surface.record_shown.connect(self._on_image)
        surface.sky_ready.connect(self._on_image)
        self.list.changed.connect(self._place)
        self.list.selection_changed.connect(self._show)
        self.list.selection_changed.connect(self._measure)

    # Places -----------------------------------------------------------------------------------

    def _on_image(self, _: Any) -> None:
        self.grid = grid_of(self._surface.image, self._surface.sky)
        self._places.clear()
        self._place()

    def _place(self) -> None:
        """Give every region its place on the image; many of them in the pool."""
        regions = self.list.regions
        missing = [region for region in regions if region not in self._places]
        self._placing += 1
        if len(missing) <= FEW:
            self._places.update(_placed_all(missing, self.grid))
        else:
            future = self._surface.compute(_placed_all, missing, self.grid)
            self._surface.after(future, partial(self._on_placed, self._placing))
        if len(self._places) > 4 * len(regions) + 1000:  # of regions long gone
            wanted = set(regions)
            self._places = {r: place for r, place in self._places.items() if r in wanted}
        self._show()
        self._measure()
        self.placed_anew.emit()

    def _on_placed(self, request: int, places: dict[Region, PixelShape | str]) -> None:
        if request == self._placing:
            self._places.update(places)
            self._show()
            self._measure()
            self.placed_anew.emit()

    def _show(self) -> None:
        pairs: list[tuple[Region, PixelShape]] = []
        chosen: list[int] = []
        for index, region in enumerate(self.list.regions):
            shape = self._live.get(index, self._places.get(region))
            if isinstance(shape, PixelShape):
                if index in self.list.selected:
                    chosen.append(len(pairs))
                pairs.append((region, shape))
        self._item.show_regions(pairs, chosen)

    def _region(self, shape: PixelShape, template: Region | None = None) -> Region:
        """The region of an outline: in the template's frame, else on the sky where there is one."""
        frames = [template.frame] if template is not None else []
        frames += [self.grid.sky_frame, "image"]
        for frame in filter(None, frames):
            try:
                return region_of(shape, self.grid, frame, template)
            except Unplaced:
                continue
        raise AssertionError("every outline has a place in image pixels")

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
        for index in reversed(self.list.selected):
            shape = self.place_of(index)
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
            self.list.toggle(hit)
            return True
        if hit not in self.list.selected:
            self.list.select([hit])
        shape = self.place_of(hit)
        assert isinstance(shape, PixelShape)
        self._drag = _Drag(hit, None, (event.x, event.y), shape)
        return True

    def _hit(self, x: float, y: float, reach: float) -> int | None:
        """The region meant by a press: a selected one it lies in, else by its outline."""
        best: tuple[float, int] | None = None
        for index in range(len(self.list.regions)):
            shape = self.place_of(index)
            if not isinstance(shape, PixelShape):
                continue
            x0, y0, x1, y1 = shape.bounds()
            if not (x0 - reach <= x <= x1 + reach and y0 - reach <= y <= y1 + reach):
                continue
            inside = bool(shape.contains(x, y))
            if inside and index in self.list.selected:
                return index
            is_small = max(x1 - x0, y1 - y0) < SMALL * reach / REACH
            away = 0.5 * reach if inside and is_small else distance_to(shape, x, y)
            if away <= reach and (best is None or away < best[0]):
                best = (away, index)
        return None if best is None else best[1]

    def _on_moved(self, event: PixelEvent) -> None:
        if self._drag is not None:
            self._live = self._dragged(event)
            self._show()
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
        shapes = {index: self.place_of(index) for index in self.list.selected}
        return {i: moved(s, dx, dy) for i, s in shapes.items() if isinstance(s, PixelShape)}

    def _on_released(self, event: PixelEvent) -> None:
        if self._drag is not None:
            drag, live = self._drag, self._live
            self._drag, self._live = None, {}
            regions = self.list.regions
            made = {i: self._region(shape, regions[i]) for i, shape in live.items()}
            self.list.put_many(made, "Reshape region" if drag.handle else "Move region")
            self._show()
        elif self._draft_start is not None:
            start, self._draft_start = self._draft_start, None
            self._show_draft(None)
            way = self._surface.screen_of(event.x, event.y) - self._surface.screen_of(*start)
            mode = self._surface.mode
            if mode != "point" and way.manhattanLength() >= 4:
                self._add(drawn(mode, start, (event.x, event.y)))
            else:
                self._add(self._default_shape(mode, *start))

    def _on_clicked(self, event: PixelEvent) -> None:
        if self._took_press:
            event.accept()
        elif self._surface.mode == POINTER and not event.accepted:
            shift = event.modifiers & Qt.KeyboardModifier.ShiftModifier
            if event.button == Qt.MouseButton.LeftButton and not shift:
                self.list.select([])

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
        import numpy as np

        corners = list(dict.fromkeys(self._corners))
        self._corners = []
        self._show_draft(None)
        if len(corners) < 3:
            self._view.message.emit("A polygon needs three corners or more.")
            return
        self._add(PixelShape(shape="polygon", points=np.array(corners, dtype=np.float64)))

    def _show_draft(
        self, shape: PixelShape | None, cursor: tuple[float, float] | None = None
    ) -> None:
        corners = [*self._corners, *([cursor] if cursor and self._corners else [])]
        self._item.show_draft(shape, corners, colour_of(_coloured(self.colour)))

    def _add(self, shape: PixelShape) -> None:
        region = replace(self._region(shape), inherited=self.list.inherited)
        if region.colour != self.colour:
            region = region.with_property("color", self.colour)
        self.list.add([region], f"Draw {shape.shape}")

    # Statistics -------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Have the pixels of the region selected last added up."""
        self._measuring += 1
        image = self._surface.image
        if image is None or image.is_colour or not self.list.selected:
            self.measured.emit(None)
            return
        index = self.list.selected[-1]
        shape = self.place_of(index)
        if not isinstance(shape, PixelShape):
            self.measured.emit(None)
            return
        holes = []
        for other, region in enumerate(self.list.regions):
            hole = self._places.get(region)
            if not region.include and other != index and isinstance(hole, PixelShape):
                holes.append(hole)
        future = self._surface.compute(statistics_of, image.section, image.shape, shape, holes)
        middle = shape.bounds()
        scale = scale_at(
            self._surface.sky, image, (middle[0] + middle[2]) / 2, (middle[1] + middle[3]) / 2
        )
        take = partial(self._on_measured, self._measuring, index, shape, scale, image.unit)
        self._surface.after(future, take, self._on_measure_failed)

    def _on_measured(
        self,
        request: int,
        index: int,
        shape: PixelShape,
        scale: float | None,
        unit: str,
        statistics: RegionStatistics,
    ) -> None:
        if request == self._measuring:
            self.measured.emit(Measured(index, shape, statistics, scale, unit))

    def _on_measure_failed(self, error: Exception) -> None:
        self.measured.emit(None)
        self._view.message.emit(str(error))


def _placed_all(regions: list[Region], grid: ImageGrid) -> dict[Region, PixelShape | str]:
    """The outline of each region, or why it has none; for a pool."""
    places: dict[Region, PixelShape | str] = {}
    for region in regions:
        try:
            places[region] = placed(region, grid)
        except Unplaced as reason:
            places[region] = str(reason)
    return places


def _coloured(colour: str) -> Region:
    return Region(shape="point", points=((1.0, 1.0),), properties=(("color", colour),))
