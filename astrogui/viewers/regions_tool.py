"""Regions on an image view: drawn, chosen, moved and reshaped by mouse and by keys."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from astrogui.science.region_places import ImageGrid, Unplaced, placed, region_of
from astrogui.science.regions import PixelShape, Region
from astrogui.viewers.image_grid import grid_of
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.region_handles import (
    moved,
    scaled,
    turned_by,
)
from astrogui.viewers.region_list import RegionList
from astrogui.viewers.region_measure import RegionMeasure
from astrogui.viewers.regions_hand import DRAWN, RegionsHand
from astrogui.viewers.regions_item import RegionsItem, colour_of

FEW = 40  # regions placed at once; more are placed in the pool


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
        self._placing = 0  # number of the latest request
        self._item = RegionsItem()
        self._surface.add(self._item, z=20.0)
        for shape, *_ in DRAWN:
            self._surface.add_mode(shape)
        self._hand = RegionsHand(self._surface, self.list, self.place_of, self)
        self._measure = RegionMeasure(self._surface, self.list, self.place_of, self)
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
        self._hand.draw_in_the_middle()

    def remove(self) -> None:
        """Delete the selected regions, or the last corner of a polygon being drawn."""
        if not self._hand.take_corner_back():
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
        surface.record_shown.connect(self._on_image)
        surface.sky_ready.connect(self._on_image)
        self.list.changed.connect(self._place)
        self.list.selection_changed.connect(self._show)
        self.list.selection_changed.connect(self._measure.begin)
        self._measure.measured.connect(self.measured)
        self._measure.failed.connect(self._view.message)
        hand = self._hand
        hand.made.connect(self._add)
        hand.reshaped.connect(self._on_reshaped)
        hand.live_changed.connect(self._show)
        hand.draft_changed.connect(self._show_draft)
        hand.edit_wanted.connect(self.edit_wanted)
        hand.message.connect(self._view.message)

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
        self._measure.begin()
        self.placed_anew.emit()

    def _on_placed(self, request: int, places: dict[Region, PixelShape | str]) -> None:
        if request == self._placing:
            self._places.update(places)
            self._show()
            self._measure.begin()
            self.placed_anew.emit()

    def _show(self) -> None:
        pairs: list[tuple[Region, PixelShape]] = []
        chosen: list[int] = []
        for index, region in enumerate(self.list.regions):
            shape = self._hand.live.get(index, self._places.get(region))
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

    # What the hand made -----------------------------------------------------------------------

    def _add(self, shape: PixelShape) -> None:
        region = replace(self._region(shape), inherited=self.list.inherited)
        if region.colour != self.colour:
            region = region.with_property("color", self.colour)
        self.list.add([region], f"Draw {shape.shape}")

    def _on_reshaped(self, shapes: dict[int, PixelShape], title: str) -> None:
        regions = self.list.regions
        made = {index: self._region(shape, regions[index]) for index, shape in shapes.items()}
        self.list.put_many(made, title)
        self._show()

    def _show_draft(self, shape: PixelShape | None, corners: list[tuple[float, float]]) -> None:
        self._item.show_draft(shape, corners, colour_of(_coloured(self.colour)))


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
