"""The image view: the bands of a field with controls, sky read-out, compass and source marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from PySide6.QtCore import QPointF, QRectF, Qt, Signal, SignalInstance
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QWidget

from astrogui.errors import AstroguiError
from astrogui.records.image import Field, Image
from astrogui.viewers.colours import Theme
from astrogui.viewers.image_canvas import PixelEvent
from astrogui.viewers.image_colours import Colours
from astrogui.viewers.image_composite import COMPOSITE, can_compose, composed
from astrogui.viewers.image_controls import ImageControls
from astrogui.viewers.image_item import TiledImageItem
from astrogui.viewers.image_loading import (
    Beginning,
    band_names,
    begun,
    first_band,
    one_pixel,
    pixel_at_hand,
    same_pixels,
    sky_of,
    strip,
    value_words,
)
from astrogui.viewers.image_marks import Mark, MarksItem, marks_of_rows, placed
from astrogui.viewers.image_overlay import ImageOverlay
from astrogui.viewers.image_tiles import Look, cuts_of
from astrogui.viewers.image_tools import ImageTools
from astrogui.viewers.sky import Sky
from astrogui.viewers.tiled_view import TiledView
from astrogui.viewers.unit_text import unit_text
from astrogui.viewers.viewer import Compute, show_notes

Below = TypeVar("Below", bound=QWidget)


class ImageView(TiledView):
    """Shows the bands of one field, one at a time or composed to colours."""

    mark_clicked = Signal(int)
    empty_words = "No image is shown. Choose an image in the list, or drop a FITS file here."
    menu_title = "&Image"

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._field: Field | None = None
        self._sample: Any = None
        self._sky: Sky | None = None
        self._place: tuple[float, float] | None = None  # under the mouse
        self._given_marks: tuple[Mark, ...] = ()
        self._drag_start = Colours()
        self._keep_view = False
        self._is_glimpse = False  # pixels are shown of a file that is still being recognised
        self._build()
        self.set_theme(self.theme)

    # What is shown --------------------------------------------------------------------------

    def show_record(self, record: Field) -> None:
        """Show a field's first band; marks of an earlier field go."""
        index = first_band(record)
        goes_on = self._is_glimpse and same_pixels(self._image, record.images[index])
        self._is_glimpse = False
        self._field = self.overlay.field = record
        self._keep_view = False
        self.set_marks([])
        composite = [COMPOSITE] if can_compose(record) else []
        self.controls.set_bands(band_names(record) + composite)
        if goes_on:
            self._go_on(record.images[index], index)
        else:
            self._show_band(index)

    def show_glimpse(self, begun: Future[Beginning | None]) -> None:
        """Show pixels of which nothing else is known yet; None, or a failure, shows nothing."""
        self.ask("glimpse", self._on_glimpse, begun.result)

    @property
    def plates_moved(self) -> SignalInstance:
        """Compass, scale bar or legend stand elsewhere than before."""
        return self._overlay.plates_moved

    @property
    def item(self) -> TiledImageItem:
        """What paints the pixels."""
        return self._item

    def show_image(self, image: Image, *, keep_place: bool = True, keep_cuts: bool = False) -> None:
        """Show one more image (a composite, a difference) in the place of the present band."""
        self.forget()
        self._sky = self.overlay.sky = self._sample = None
        self._keep_view = keep_place and self._image is not None
        self._begin(image, keep_cuts)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Ellipses over the image, one a row."""
        self._given_marks = tuple(marks)
        self._place_marks()
        classes = sorted({m.colour for m in marks if m.colour and not m.colour.startswith("#")})
        self._overlay.legend = tuple(classes)
        self._overlay.refresh()

    def show_answers(self, answers: list[tuple[dict[str, Any], Any]]) -> None:
        """Marks from rows with a place, coloured by their class."""
        self.set_marks(marks_of_rows([row for row, _ in answers]))

    def select(self, row_id: int | None) -> None:
        """Highlight a mark, and bring it into view when it lies outside."""
        self._marks.select(row_id)
        place = self._marks.place_of(row_id)
        if place is not None and not self._box.image_rect().contains(QPointF(*place)):
            self.centre_on(*place)

    def clear(self) -> None:
        self._field = self._image = self._sky = self._sample = None
        self._is_glimpse = False
        self.overlay.field = self.overlay.image = self.overlay.sky = None
        self._item.clear()
        self.set_marks([])
        super().clear()
        self.overlay.record_shown.emit(None)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._graphics.setBackground(theme.panel)
        self._overlay.theme = theme
        self._on_map(self.controls.map.currentText(), self.controls.inverse.isChecked())
        self._overlay.refresh()
        self.overlay.theme_changed.emit(theme)

    # What lies there -------------------------------------------------------------------------

    def read_out(self, x: float, y: float) -> str:
        """The words for a 0-based place: FITS pixel, value with unit, sky position."""
        parts = [f"pixel {x + 1:.1f}, {y + 1:.1f}"]
        if self._image is None:
            return ""
        column, row = math.floor(x + 0.5), math.floor(y + 0.5)
        ny, nx = self._image.shape
        if 0 <= column < nx and 0 <= row < ny:
            parts.append(self._value_text(column, row))
        if self._sky is not None:
            parts.append(self.tool_box.words_for(self._sky, x, y))
        elif self._image.wcs_header or self._is_glimpse:
            parts.append("sky position: preparing")
        else:
            parts.append("no sky coordinates in the file")
        return "     ".join(part for part in parts if part)

    # Building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self.controls = ImageControls(self)
        controls = self.controls
        controls.band_chosen.connect(self._on_band)
        controls.stretch_chosen.connect(self._on_stretch)
        controls.cuts_chosen.connect(self._on_cut_choice)
        controls.limits_typed.connect(self._on_limits)
        controls.map_chosen.connect(self._on_map)
        controls.fit_wanted.connect(self.fit)
        controls.one_to_one_wanted.connect(self.one_to_one)

        self._marks = MarksItem()
        controls.marks_wanted.connect(self._marks.setVisible)
        self.overlay.add(self._marks, z=10)
        self._overlay = ImageOverlay(self._box)
        self._box.contrast_dragged.connect(self._on_contrast_dragged)
        self.overlay.cursor_moved.connect(self._on_cursor_moved)
        self._graphics.clicked_free.connect(self._on_clicked)

        self._notes = strip("Remarks of the reader")
        self._readout = strip("Read-out")
        self._readout.setText("Move over the image for pixel, value and sky position.")
        self._body.addWidget(controls)
        self._body.addWidget(self._notes)
        self._body.addWidget(self._graphics, 1)
        self._body.addWidget(self._readout)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tool_box = ImageTools(self)

    # The way of the pixels ------------------------------------------------------------------

    def _show_band(self, index: int) -> None:
        assert self._field is not None
        self.forget()
        self._sky = self.overlay.sky = self._sample = None
        self.controls.choose_band(index)
        if index >= len(self._field.images):
            self.ask("composite", self._on_composite, composed, self._field)
            return
        self._begin(self._field.images[index])

    def _begin(self, image: Image, keep_cuts: bool = False) -> None:
        kind, percentage = ("manual", 0.0) if keep_cuts else self.controls.cut_choice()
        look = Look(self.look.low, self.look.high, self.controls.stretch.currentText())
        self.ask("first", self._on_first, begun, image, kind, percentage, look)
        show_notes(self._notes, image.notes)

    def _on_glimpse(self, begun: Beginning | None) -> None:
        if begun is None or self._field is not None:
            return
        self._is_glimpse = True
        self._on_first(begun)

    def _go_on(self, image: Image, index: int) -> None:
        """The record of the pixels that are on the screen already."""
        self.controls.choose_band(index)
        self._image = self.overlay.image = image
        show_notes(self._notes, image.notes)
        self._overlay.pixel_scale_arcsec = image.pixel_scale_arcsec
        self._want_sky(image)
        self.overlay.record_shown.emit(image)

    def _on_composite(self, image: Image) -> None:
        self._begin(image)

    def _on_first(self, begun: Beginning) -> None:
        image, look = begun.image, begun.look
        self._sample = begun.base.values
        self.controls.set_enabled_for(not image.is_colour)
        self.controls.set_limits(look.low, look.high)
        self.show_pixels(begun, self._keep_view)
        self._keep_view = True
        self._overlay.pixel_scale_arcsec = image.pixel_scale_arcsec
        self._overlay.directions = None
        self._overlay.refresh()
        self._want_sky(image)

    def _want_sky(self, image: Image) -> None:
        if image.wcs_header:
            self.ask("sky", self._on_sky, sky_of, image)

    def _on_sky(self, sky: Sky | None) -> None:
        self._sky = self.overlay.sky = sky
        self._place_marks()
        self._on_range()
        self.write_read_out()
        self.overlay.sky_ready.emit(sky)

    def _place_marks(self) -> None:
        scale = self._image.pixel_scale_arcsec if self._image is not None else None
        places = placed(self._given_marks, self._sky, scale)
        self._marks.set_marks(self._given_marks, places)

    def _use(self, look: Look) -> None:
        self.set_look(look)
        self.controls.set_limits(self.look.low, self.look.high)
        self.overlay.look_changed.emit()

    def use_cuts(self, low: float, high: float) -> None:
        """Cuts set by hand, in the image's unit."""
        self.controls.show_manual()
        self._use(Look(low, high, self.look.stretch))

    def on_counted(self, counted: tuple[Any, Any]) -> None:
        self.tool_box.show_counts(counted)

    @property
    def unit_words(self) -> str:
        """The unit of the pixels, as it is written."""
        return unit_text(self._image.unit) if self._image is not None else ""

    def add_below(self, widget: Below) -> Below:
        """Put a widget between the image and its read-out."""
        self._body.insertWidget(self._body.indexOf(self._readout), widget)
        return widget

    def add_above(self, widget: Below) -> Below:
        """Put a widget between the controls and the image."""
        self._body.insertWidget(self._body.indexOf(self._graphics), widget)
        return widget

    def turn(self, transform: QTransform) -> None:
        """Show the image turned; its coordinates stay."""
        self._overlay.turn = transform
        self._box.turn(transform)

    def show_compass(self, wanted: bool) -> None:
        self._overlay.shows_compass = wanted
        self._overlay.refresh()

    def plates(self) -> list[QRectF]:
        """Where compass, scale bar, legend and insets stand, in screen pixels."""
        insets = self.tool_box.insets
        shown = [inset.place() for inset in (insets.panner, insets.magnifier) if inset.is_seen]
        return [*self._overlay.plates, *shown]

    def on_failed(self, key: str, error: BaseException) -> None:
        if key == "glimpse":
            return  # the ordinary way will say what is wrong
        if key == "sky":  # pixels are still worth looking at
            self._readout.setText(f"The sky coordinates cannot be used: {error}")
        elif key.startswith("value"):
            self._readout.setText(str(error))
        elif key == "composite":
            self.message.emit(f"The colour composite failed: {error}")
            self._show_band(0)
        else:
            super().on_failed(key, error)
            if not isinstance(error, AstroguiError):
                self._image = None

    # Slots ----------------------------------------------------------------------------------

    def _on_band(self, index: int) -> None:
        if self._field is not None and index >= 0:
            self._show_band(index)

    def _on_stretch(self, stretch: str) -> None:
        self._use(Look(self.look.low, self.look.high, stretch))

    def _on_cut_choice(self, kind: str, percentage: float) -> None:
        if self._image is not None and self._sample is not None and not self._image.is_colour:
            self.ask("cuts", self._on_cuts, cuts_of, self._image, self._sample, kind, percentage)

    def _on_cuts(self, cuts: tuple[float, float]) -> None:
        self._use(Look(*cuts, self.look.stretch))

    def _on_limits(self, low: float, high: float) -> None:
        # The fields are rounded: a field left as it was written is no new cut.
        if (f"{low:.4g}", f"{high:.4g}") == (f"{self.look.low:.4g}", f"{self.look.high:.4g}"):
            return
        self.use_cuts(low, high)

    def _on_contrast_dragged(self, across: float, down: float, starts: bool) -> None:
        if starts:
            self._drag_start = self._item.colours
        self._item.set_colours(self._drag_start.dragged(across, down))
        self.overlay.colours_changed.emit()

    def reset_contrast(self) -> None:
        """The colour map over the whole range between the cuts again."""
        self._item.set_colours(replace(self._item.colours, contrast=1.0, bias=0.5))
        self.overlay.colours_changed.emit()

    def _on_map(self, name: str, inverse: bool) -> None:
        self._item.set_colours(
            replace(self._item.colours, name=name, inverse=inverse, no_data=self.theme.no_data)
        )
        self.overlay.colours_changed.emit()

    def _on_range(self, *_: object) -> None:
        if self._sky is not None:
            centre = self._box.image_rect().center()
            self._overlay.directions = self._sky.directions(centre.x(), centre.y())
        self._overlay.refresh()
        super()._on_range()

    def _on_cursor_moved(self, x: float, y: float) -> None:
        self._place = (x, y)
        self.write_read_out()

    def _on_clicked(self, event: PixelEvent) -> None:
        if event.button != Qt.MouseButton.LeftButton or not self._marks.isVisible():
            return
        reach = 4.0 * self.pixels_per_screen_pixel()
        mark = self._marks.nearest(event.x, event.y, reach)
        if mark is not None:
            self._marks.select(mark.row_id)
            self.mark_clicked.emit(mark.row_id)
            self.place_clicked.emit(mark.row_id)

    # Words ----------------------------------------------------------------------------------

    def write_read_out(self) -> None:
        if self._place is not None and self._image is not None:
            self._readout.setText(self.read_out(*self._place))

    def _value_text(self, column: int, row: int) -> str:
        assert self._image is not None
        if self._image.band == COMPOSITE:
            return ""  # brightness on the screen is no measurement
        value = self._item.value_at(column, row)
        if value is None:
            value = pixel_at_hand(self._image, column, row)
        if value is None:
            self.ask("value", self._on_value, one_pixel, self._image, column, row)
            return "value: reading"
        return value_words(value, self._image.unit)

    def _on_value(self, result: tuple[int, int, float]) -> None:
        column, row, value = result
        if self._image is None or self._place is None:
            return
        if (math.floor(self._place[0] + 0.5), math.floor(self._place[1] + 0.5)) == (column, row):
            words = value_words(value, self._image.unit)
            self._readout.setText(self._readout.text().replace("value: reading", words))
