"""Light measured by a click on an image: aperture, sky, radial profile, growth; or along a line."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astrogui.records.image import Image
from astrogui.science.aperture import ApertureFlux, Apertures, centroid, photometry
from astrogui.science.profiles import (
    Growth,
    ProfileFit,
    curve_of_growth,
    fitted_profile,
    line_profile,
    pixels_by_distance,
)
from astrogui.viewers.image_canvas import PixelEvent
from astrogui.viewers.image_grid import scale_at
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.over_image import OverImage

APERTURE_MODE, LINE_MODE = "photometry", "line profile"
LARGEST_RADIUS = 500.0  # pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceMeasure:
    """What a click measured. Places are 0-based pixels of the image it was made on."""

    flux: ApertureFlux
    apertures: Apertures
    is_centred: bool  # False: the place is that of the click
    distance: NDArray[np.float64]  # pixels, of the single pixels about the source
    value: NDArray[np.float64]
    fits: tuple[ProfileFit, ...]
    growth: Growth
    unit: str
    band: str
    name: str  # of the file
    longitude_deg: float = math.nan
    latitude_deg: float = math.nan
    frame: str = ""
    scale_arcsec: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineMeasure:
    """The brightness along a line between 0-based places."""

    start: tuple[float, float]
    end: tuple[float, float]
    distance: NDArray[np.float64]  # pixels
    value: NDArray[np.float64]
    width: float
    unit: str
    scale_arcsec: float | None = None


@dataclass(slots=True)
class MeasureSettings:
    """What the analyst chose; radii and widths in pixels."""

    apertures: Apertures = field(default_factory=Apertures)
    centre: bool = True
    line_width: float = 1.0


def measure_source(
    image: Image, x: float, y: float, apertures: Apertures, centre: bool
) -> SourceMeasure:
    """Measure the source at a 0-based place; for a pool. Raises ``FileProblem``."""
    reach = math.ceil(max(apertures.sky_outer, apertures.radius, 12.0) + apertures.radius + 3)
    x0, y0 = max(math.floor(x) - reach, 0), max(math.floor(y) - reach, 0)
    pixels = image.section(y0, math.floor(y) + reach + 1, x0, math.floor(x) + reach + 1)
    at_x, at_y = x - x0, y - y0
    found = None
    if centre and pixels.size:
        fwhm = max(2.0, 0.8 * apertures.radius)
        found = centroid(pixels, at_x, at_y, fwhm, max(3.0, apertures.radius))
    if found is not None:
        at_x, at_y = found
    flux = photometry(
        pixels, at_x, at_y, apertures,
        gain=image.gain, zero_point_ab=image.zero_point_ab, saturation=image.saturation,
    )  # fmt: skip
    extent = max(apertures.sky_inner, apertures.radius, 4.0)
    distance, value = pixels_by_distance(pixels, at_x, at_y, extent)
    fits = [fitted_profile(distance, value, shape) for shape in ("Gaussian", "Moffat")]
    level = flux.sky.level if math.isfinite(flux.sky.level) else 0.0
    return SourceMeasure(
        flux=replace(flux, x=at_x + x0, y=at_y + y0),
        apertures=apertures,
        is_centred=found is not None,
        distance=distance,
        value=value,
        fits=tuple(fit for fit in fits if fit is not None),
        growth=curve_of_growth(pixels, at_x, at_y, level, max(apertures.sky_outer, 4.0)),
        unit=image.unit,
        band=image.band,
        name=image.provenance.path,
    )


def measure_line(
    image: Image, start: tuple[float, float], end: tuple[float, float], width: float
) -> LineMeasure:
    """The brightness along a line; for a pool. Raises ``FileProblem``, ``ValueError``."""
    distance, value = line_profile(image.section, image.shape, start, end, width)
    return LineMeasure(
        start=start, end=end, distance=distance, value=value, width=width, unit=image.unit
    )


class PhotometryTool(QObject):
    """Measures where the analyst clicks or drags; keeps no results."""

    source_measured = Signal(object)  # SourceMeasure
    line_measured = Signal(object)  # LineMeasure

    def __init__(self, view: ImageView) -> None:
        super().__init__(view)
        self._view, self._surface = view, view.overlay
        self.settings = MeasureSettings()
        self._last: tuple[float, float] | None = None  # where the last source was clicked
        self._line: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._start: tuple[float, float] | None = None
        self._number = 0
        self._item = MeasureItem()
        self._surface.add(self._item, z=22.0)
        self._surface.add_mode(APERTURE_MODE)
        self._surface.add_mode(LINE_MODE)
        self._add_tools()
        self._surface.pressed.connect(self._on_pressed)
        self._surface.moved.connect(self._on_moved)
        self._surface.released.connect(self._on_released)
        self._surface.record_shown.connect(self._on_image)

    def measure(self, x: float, y: float) -> None:
        """Measure the source at a 0-based place."""
        image = self._usable_image()
        if image is None:
            return
        self._last = (x, y)
        self._number += 1
        settings = self.settings
        future = self._surface.compute(
            measure_source, image, x, y, settings.apertures, settings.centre
        )
        self._surface.after(future, partial(self._on_source, self._number), self._on_failed)

    def measure_along(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Measure the brightness along a line between 0-based places."""
        image = self._usable_image()
        if image is None or start == end:
            return
        self._line = (start, end)
        self._item.show_line((start, end))
        self._number += 1
        future = self._surface.compute(measure_line, image, start, end, self.settings.line_width)
        self._surface.after(future, partial(self._on_line, self._number), self._on_failed)

    def measure_again(self) -> None:
        """With other settings: the source, or the line, that was measured last."""
        if self._line is not None:
            self.measure_along(*self._line)
        elif self._last is not None:
            self.measure(*self._last)

    def measure_in_the_middle(self) -> None:
        """The source nearest to the middle of the view."""
        middle = self._surface.view_rect().center()
        self._line = None
        self.measure(middle.x(), middle.y())

    def line_in_the_middle(self) -> None:
        """A level line through the middle of the view."""
        rect = self._surface.view_rect()
        y = rect.center().y()
        self.measure_along((rect.left(), y), (rect.right(), y))

    def clear(self) -> None:
        """Take the circles and the line off the image."""
        self._last = self._line = self._start = None
        self._item.clear()

    def _add_tools(self) -> None:
        add, menu = self._view.add_tool, "&Measure"
        for name, text, slot, keys, tip in (
            ("measure_source", "&Aperture photometry", partial(self._choose, APERTURE_MODE),
             ("Q",), "Click a source: flux, magnitude, radial profile, curve of growth"),
            ("measure_line", "&Line profile", partial(self._choose, LINE_MODE),
             ("W",), "Drag a line: the brightness along it"),
            ("measure_middle", "Measure in the &middle", self.measure_in_the_middle,
             ("Shift+Q",), "The source nearest to the middle of the view"),
            ("measure_middle_line", "Level line through the mi&ddle", self.line_in_the_middle,
             ("Alt+W",), "The brightness along a level line through the middle of the view"),
            ("measure_clear", "&Clear", self.clear, ("Alt+Q",),
             "Take the circles and the line off the image"),
        ):  # fmt: skip
            add(name, text, slot, keys, tip, menu)

    def _choose(self, mode: str) -> None:
        self._view.set_mouse_mode(mode)
        words = "Click a source" if mode == APERTURE_MODE else "Drag along a line"
        self._view.message.emit(f"{words} to measure it. Esc ends measuring.")

    def _usable_image(self) -> Image | None:
        image = self._surface.image
        if image is not None and image.is_colour:
            self._view.message.emit("A colour picture has no fluxes: choose a single band.")
            return None
        return image

    # Slots ------------------------------------------------------------------------------------

    def _on_pressed(self, event: PixelEvent) -> None:
        if event.button != Qt.MouseButton.LeftButton:
            return
        if self._surface.mode == APERTURE_MODE:
            self._line = None
            self.measure(event.x, event.y)
        elif self._surface.mode == LINE_MODE:
            self._start = (event.x, event.y)

    def _on_moved(self, event: PixelEvent) -> None:
        if self._start is not None:
            self._item.show_line((self._start, (event.x, event.y)))

    def _on_released(self, event: PixelEvent) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            self.measure_along(start, (event.x, event.y))

    def _on_image(self, _: object) -> None:
        self._number += 1  # what is under way is of another image
        self._start = None

    def _on_source(self, number: int, measure: SourceMeasure) -> None:
        if number != self._number:
            return
        sky, image = self._surface.sky, self._surface.image
        flux = measure.flux
        position = sky.position(flux.x, flux.y) if sky is not None else None
        measure = replace(
            measure,
            longitude_deg=position[0] if position else math.nan,
            latitude_deg=position[1] if position else math.nan,
            frame=sky.sky_frame if sky is not None else "",
            scale_arcsec=scale_at(sky, image, flux.x, flux.y),
        )
        self._item.show_apertures(flux.x, flux.y, measure.apertures)
        self.source_measured.emit(measure)

    def _on_line(self, number: int, measure: LineMeasure) -> None:
        if number != self._number:
            return
        middle = [(a + b) / 2 for a, b in zip(measure.start, measure.end, strict=True)]
        scale = scale_at(self._surface.sky, self._surface.image, *middle)
        self.line_measured.emit(replace(measure, scale_arcsec=scale))

    def _on_failed(self, error: Exception) -> None:
        self._view.message.emit(str(error))


class MeasureItem(OverImage):
    """The aperture, the ring of its sky, or the line of a profile, over the image."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._circles: tuple[float, float, Apertures] | None = None
        self._line: tuple[tuple[float, float], tuple[float, float]] | None = None

    def show_apertures(self, x: float, y: float, apertures: Apertures) -> None:
        self._circles, self._line = (x, y, apertures), None
        self.update()

    def show_line(self, line: tuple[tuple[float, float], tuple[float, float]]) -> None:
        self._circles, self._line = None, line
        self.update()

    def clear(self) -> None:
        self._circles = self._line = None
        self.update()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        del option, widget
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (_pen("#000000", 3.2, 0.45), _pen("#ffe04a", 1.6)):
            painter.setPen(pen)
            if self._line is not None:
                (x0, y0), (x1, y1) = self._line
                painter.drawLine(QLineF(x0, y0, x1, y1))
            if self._circles is not None:
                x, y, apertures = self._circles
                painter.drawEllipse(QPointF(x, y), apertures.radius, apertures.radius)
        if self._circles is not None:
            x, y, apertures = self._circles
            for radius in (apertures.sky_inner, apertures.sky_outer):
                for pen in (_pen("#000000", 2.6, 0.45), _pen("#7fd4ff", 1.2, dashed=True)):
                    painter.setPen(pen)
                    painter.drawEllipse(QPointF(x, y), radius, radius)


def _pen(colour: str, width: float, alpha: float = 1.0, dashed: bool = False) -> QPen:
    made = QColor(colour)
    made.setAlphaF(alpha)
    pen = QPen(made, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    pen.setCosmetic(True)
    return pen
