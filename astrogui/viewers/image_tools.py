"""The tools of the image view: zoom, colours, orientation, grid, insets, each with its key."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from astrogui.viewers.colours import MAPS, Theme
from astrogui.viewers.image_histogram import CutsHistogram, histogram
from astrogui.viewers.image_insets import Insets
from astrogui.viewers.image_orientation import Orientation, north_up
from astrogui.viewers.image_sky_grid import SkyGrid
from astrogui.viewers.image_surface import POINTER

if TYPE_CHECKING:
    from astrogui.viewers.image_view import ImageView
    from astrogui.viewers.sky import Sky

ZOOM_STEP = 1.5


class ImageTools(QObject):
    """What an image view can do beyond showing its pixels."""

    def __init__(self, view: ImageView) -> None:
        super().__init__(view)
        self._view = view
        surface = view.overlay
        self.grid = SkyGrid(surface.box)
        self.insets = Insets(surface, view.item)
        self.histogram: CutsHistogram | None = None  # made when first asked for
        self.orientation = Orientation()
        self.keeps_north_up = False
        self.frame = "icrs"  # of read-out and grid, where the image's own can be turned to it
        surface.range_changed.connect(self._refresh_grid)
        surface.sky_ready.connect(self._on_sky)
        surface.record_shown.connect(self._on_record)
        surface.theme_changed.connect(self._on_theme)
        surface.look_changed.connect(self._on_look)
        # Queued: they move while they are painted.
        view.plates_moved.connect(self._refresh_grid, Qt.ConnectionType.QueuedConnection)
        self._add_zoom()
        self._add_colours()
        self._add_orientation()
        self._add_sky()

    # Zoom -----------------------------------------------------------------------------------

    def _add_zoom(self) -> None:
        view, add = self._view, self._view.add_tool
        add("pointer", "&Pointer", self._point, ("Esc",), "Leave the present mouse tool")
        menu = "&Zoom"
        add("fit", "Zoom to &fit", view.fit, ("F",), "Show the whole image", menu)
        add("one_to_one", "&1:1", view.one_to_one, ("Z",), "One image pixel a screen pixel", menu)
        add("larger", "&Larger: 1:2, 1:1, 2:1…", self._larger, (".",), "To the next ratio", menu)
        add(
            "smaller",
            "&Smaller: 2:1, 1:1, 1:2…",
            self._smaller,
            (",",),
            "To the ratio before",
            menu,
        )
        add("zoom_in", "Zoom &in", self._closer, ("+", "="), "Closer by half", menu)
        add("zoom_out", "Zoom &out", self._farther, ("-",), "Farther by half", menu)
        for name, slot in (
            ("left", self._left), ("right", self._right), ("up", self._up), ("down", self._down),
        ):  # fmt: skip
            action = add(
                f"move_{name}", f"Move {name}", slot, (name.capitalize(),), "By a tenth of it", menu
            )
            # Lists and tables of the window use the arrows too.
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _left(self) -> None:
        self._view.pan(-0.1, 0.0)

    def _right(self) -> None:
        self._view.pan(0.1, 0.0)

    def _up(self) -> None:
        self._view.pan(0.0, 0.1)

    def _down(self) -> None:
        self._view.pan(0.0, -0.1)

    def _point(self) -> None:
        self._view.set_mouse_mode(POINTER)

    def _closer(self) -> None:
        self._view.zoom(ZOOM_STEP)

    def _farther(self) -> None:
        self._view.zoom(1.0 / ZOOM_STEP)

    def _larger(self) -> None:
        self._to_ratio(+1)

    def _smaller(self) -> None:
        self._to_ratio(-1)

    def _to_ratio(self, step: int) -> None:
        """The next power of two of screen pixels for an image pixel."""
        present = -math.log2(self._view.pixels_per_screen_pixel())
        wanted = math.floor(present + 1e-6) + 1 if step > 0 else math.ceil(present - 1e-6) - 1
        self._view.zoom(2.0 ** (wanted - present))

    # Colours --------------------------------------------------------------------------------

    def _add_colours(self) -> None:
        controls, add = self._view.controls, self._view.add_tool
        menu = "&Colours"
        add("next_stretch", "Next &stretch", controls.next_stretch, ("S",),
            "Linear, log, asinh, sqrt, square, power, sinh, histogram", menu)  # fmt: skip
        add("next_cuts", "Next c&uts", controls.next_cuts, ("X",),
            "zscale, percentiles, least and greatest", menu)  # fmt: skip
        add("next_map", "Next colour &map", controls.next_map, ("Y",), ", ".join(MAPS), menu)
        add(
            "inverse", "&Inverse", controls.inverse.toggle, ("I",), "Dark sources, bright sky", menu
        )
        add("reset_contrast", "&Reset contrast and bias", self._view.reset_contrast, ("Shift+D",),
            "Undo what dragging with the right button did", menu)  # fmt: skip
        add("histogram", "&Histogram", self._on_histogram, ("D",),
            "Values of the pixels, with the cuts to drag", menu, checked=False)  # fmt: skip
        add("marks", "Marks of &sources", controls.marks.toggle, ("M",), "Show or hide them")
        add("previous_band", "&Previous band", self._previous_band, ("[",), "Bands and composite")
        add("next_band", "&Next band", self._next_band, ("]",), "Bands and composite")

    def _previous_band(self) -> None:
        self._view.controls.step_band(-1)

    def _next_band(self) -> None:
        self._view.controls.step_band(1)

    def _on_histogram(self, wanted: bool) -> None:
        if self.histogram is None:
            self.histogram = self._view.add_below(CutsHistogram())
            self.histogram.set_theme(self._view.theme)
            self.histogram.cuts_dragged.connect(self._view.use_cuts)
        self.histogram.setVisible(wanted)
        self._count()

    def _count(self) -> None:
        """Have the histogram of the first look counted, where it is seen."""
        view = self._view
        if self.histogram is None or not view.tools["histogram"].isChecked():
            return
        sample = view.item.sample
        if sample.ndim == 2 and sample.size:
            view.ask("histogram", view.on_counted, histogram, sample, view.look.low, view.look.high)
            self.histogram.set_cuts(view.look.low, view.look.high)

    def show_counts(self, counted: tuple[Any, Any]) -> None:
        if self.histogram is not None and self._view.image is not None:
            self.histogram.show_counts(*counted, self._view.unit_words)

    def _on_look(self) -> None:
        if self.histogram is not None:
            self.histogram.set_cuts(self._view.look.low, self._view.look.high)

    # Orientation ----------------------------------------------------------------------------

    def _add_orientation(self) -> None:
        add, menu = self._view.add_tool, "&Orientation"
        add("north_up", "&North up, east left", self.set_north_up, ("O",),
            "By the sky coordinates; kept for other images", menu, checked=False)  # fmt: skip
        add("as_stored", "As &stored", self._as_stored, ("Shift+O",), "First row below", menu)
        add("turn_left", "Turn &left", self._turn_left, ("R",), "By 90° anticlockwise", menu)
        add("turn_right", "Turn &right", self._turn_right, ("Shift+R",), "By 90° clockwise", menu)
        add("flip", "&Flip", self._flip, ("H",), "Left and right changed", menu)

    def set_north_up(self, wanted: bool) -> None:
        self.keeps_north_up = wanted
        if wanted:
            self._turn_north()
        else:
            self.orient(Orientation())

    def orient(self, orientation: Orientation) -> None:
        """Show the image that way; the place in the middle stays."""
        self.orientation = orientation
        self._view.turn(orientation.transform())

    def _turn_north(self) -> None:
        sky = self._view.overlay.sky
        if sky is None:
            if self._view.image is not None and not self._view.image.wcs_header:
                self._view.message.emit("North is not known: the file has no sky coordinates.")
            return
        centre = self._view.overlay.view_rect().center()
        directions = sky.directions(centre.x(), centre.y())
        if directions is not None:
            self.orient(north_up(directions))

    def _as_stored(self) -> None:
        self._by_hand(Orientation())

    def _turn_left(self) -> None:
        self._by_hand(self.orientation.turned(90.0))

    def _turn_right(self) -> None:
        self._by_hand(self.orientation.turned(-90.0))

    def _flip(self) -> None:
        self._by_hand(self.orientation.flipped())

    def _by_hand(self, orientation: Orientation) -> None:
        action = self._view.tools["north_up"]
        action.blockSignals(True)
        action.setChecked(False)
        action.blockSignals(False)
        self.keeps_north_up = False
        self.orient(orientation)

    # Sky and insets ---------------------------------------------------------------------------

    def _add_sky(self) -> None:
        add = self._view.add_tool
        menu = "S&ky"
        add("grid", "&Grid", self.set_grid, ("G",), "Lines of the sky coordinates", menu, False)
        add("grid_degrees", "Grid in &degrees", self._on_degrees, ("L",),
            "Instead of hours, minutes, seconds", menu, False)  # fmt: skip
        add("galactic", "&Galactic coordinates", self._on_galactic, ("U",),
            "Of read-out and grid, instead of equatorial ones", menu, False)  # fmt: skip
        add("compass", "&Compass and scale bar", self._on_compass, ("K",), "", menu, True)
        add("overview", "&Overview", self._on_overview, ("V",),
            "The whole image with the part in view; drag in it", "", True)  # fmt: skip
        add("magnifier", "Ma&gnifier", self._on_magnifier, ("A",),
            "The pixels under the mouse", "", False)  # fmt: skip

    def set_grid(self, wanted: bool) -> None:
        self.grid.setVisible(wanted)
        self._refresh_grid()
        sky = self._view.overlay.sky
        image = self._view.image
        if wanted and sky is None and image is not None and not image.wcs_header:
            self._view.message.emit("No grid: the file has no sky coordinates.")

    def _on_degrees(self, wanted: bool) -> None:
        self.grid.in_degrees = wanted
        self._refresh_grid()

    def _on_galactic(self, wanted: bool) -> None:
        self.frame = "galactic" if wanted else "icrs"
        self.grid.frame = self.frame if wanted else self._equatorial_frame()
        self._refresh_grid()
        self._view.write_read_out()

    def _equatorial_frame(self) -> str:
        """The image's own frame where it is equatorial, else ICRS."""
        sky = self._view.overlay.sky
        return "" if sky is not None and sky.equatorial else "icrs"

    def words_for(self, sky: Sky, x: float, y: float) -> str:
        """The sky position of a pixel in the frame chosen."""
        position = sky.position(x, y)
        if position is None:
            return "outside the projection"
        if self.frame == "galactic":
            return sky.text(*position, "galactic" if sky.sky_frame else "")
        return sky.text(*position)

    def _on_compass(self, wanted: bool) -> None:
        self._view.show_compass(wanted)

    def _on_overview(self, wanted: bool) -> None:
        self.insets.panner.setVisible(wanted)
        self._refresh_grid()

    def _on_magnifier(self, wanted: bool) -> None:
        self.insets.magnifier.setVisible(wanted)
        self._refresh_grid()

    def _refresh_grid(self) -> None:
        if not self.grid.isVisible():
            return
        self.grid.kept_free = self._view.plates()
        self.grid.refresh()

    def _on_sky(self, sky: Sky | None) -> None:
        self.grid.sky = sky
        if self.frame != "galactic":
            self.grid.frame = ""
        if self.keeps_north_up:
            self._turn_north()
        self._refresh_grid()

    def _on_record(self, image: object) -> None:
        self.grid.sky = self._view.overlay.sky
        self._refresh_grid()
        if image is not None:
            self._count()

    def _on_theme(self, theme: Theme) -> None:
        self.grid.theme = theme
        self._refresh_grid()
        if self.histogram is not None:
            self.histogram.set_theme(theme)
