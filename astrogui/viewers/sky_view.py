"""Where on the sky: the probability of an answer in the Mollweide projection, with its areas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem, QLabel, QToolBar, QWidget

from astrogui.records.posterior import Posterior
from astrogui.records.sky_draws import sky_draws
from astrogui.science import healpix
from astrogui.science.sky_map import (
    Projected,
    SkyMap,
    from_mollweide,
    mollweide,
    project,
    sky_map,
)
from astrogui.viewers.colours import Theme
from astrogui.viewers.corner_view import OF_MERGERS, ContourItem
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.sky import degrees_text, hours_text
from astrogui.viewers.viewer import Compute, Viewer

SHARES = (0.5, 0.9)
# Degrees between two lines by how much of the map's height is on screen.
STEPS = ((1.0, 45, 30), (0.45, 30, 15), (0.2, 15, 10), (0.08, 15, 5), (0.0, 5, 2))
LABEL_SHARE = (0.09, 0.055)  # of the picture's width and height that a label takes
HALF_THE_MAP = 2.0  # in the map's unit: it is 4 wide
MIDDLE_OF_MAP = math.pi  # 12 h: as sky maps of mergers are printed
# From no probability to the most: the ground, then warm colours that end dark on light ground and
# light on dark ground.
WARM = {False: ("#fdd49e", "#ef6548", "#7f0000"), True: ("#6b2416", "#e2653a", "#ffe3a8")}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A map with what is drawn of it, computed in the pool."""

    found: SkyMap
    shares: NDArray[np.float32]  # of each pixel
    drawn: Projected
    areas_deg2: dict[float, float]
    colours: NDArray[np.uint8]  # (rows, columns, 4), clear outside the sky


def picture_of(
    posterior: Posterior, known: Picture | None, is_turned: bool, theme: Theme
) -> Picture | None:
    """The map of an answer's draws; of ``known`` only the projection anew. None without places.

    ``is_turned`` puts the most probable place in the middle.
    """
    draws = sky_draws(posterior)
    if draws is None:
        return None
    found = sky_map(*draws) if known is None else known.found
    drawn = project(found, SHARES, middle=found.peak()[0] if is_turned else MIDDLE_OF_MAP)
    values = np.nan_to_num(drawn.values)
    place = np.round(values * (255 / max(float(values.max()), 1e-300))).astype(np.uint8)
    return Picture(
        found,
        found.shares() if known is None else known.shares,
        drawn,
        {share: found.area_deg2(share) for share in SHARES},
        _colours(theme)[place],
    )


class SkyView(Viewer):
    """The sky map of one answer; the mouse reads places, the wheel comes closer."""

    save_wanted = Signal()
    empty_words = "No answer is shown. Choose the row of a merger: its sky map comes here."
    menu_title = "Sk&y map"

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self.picture: Picture | None = None
        self._posterior: Posterior | None = None
        self._labels: list[pg.TextItem] = []
        self._is_closer_wanted = False  # once the turned map is there
        self._grid_later = QTimer(self)  # once for all that asks for it, in a turn of its own
        self._grid_later.setSingleShot(True)
        self._grid_later.timeout.connect(self._draw_grid)
        self._build()
        self.set_theme(self.theme)

    def show_answer(self, row: dict[str, Any], posterior: Posterior | None) -> None:
        """Have the map of an answer made; words where it has no places."""
        del row
        self.forget()
        self.picture, self._posterior = None, posterior
        if posterior is None or OF_MERGERS not in posterior.draw_names:
            self.clear()
        elif sky_draws(posterior) is None:
            self.show_words(
                "This answer has no place on the sky. The network alone gives masses and spins; "
                "the place comes with the draws that the likelihood has weighted."
            )
        else:
            self.show_words("Making the sky map …")
            self._ask(None)

    def show_record(self, record: Any) -> None:
        """A posterior alone."""
        self.show_answer({}, record)

    def clear(self) -> None:
        self.picture = self._posterior = None
        super().clear()

    def words_at(self, x: float, y: float) -> str:
        """The place under a point of the map, and the area that reaches it; "" outside the sky."""
        if self.picture is None:
            return ""
        ra, dec = from_mollweide(np.array([x]), np.array([y]), self.picture.drawn.middle)
        if not np.isfinite(ra[0]):
            return ""
        found = self.picture.found
        share = 100 * float(self.picture.shares[healpix.pixels_at(found.nside, ra, dec)[0]])
        place = self._place_text(math.degrees(ra[0]), math.degrees(dec[0]))
        return f"{place}  ·  on the edge of the {share:.{1 if share > 99 else 0}f} % area"

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._page.setBackground(QColor(theme.panel))
        self.plot.getViewBox().setBackgroundColor(QColor(theme.panel))
        self._sky.setBrush(QColor(theme.ground))
        self._sky.setPen(pen(theme.colour("muted"), 1.2))
        self._grid.setPen(pen(theme.colour("line", 0.75), 0.8))
        self._contours.set_theme(theme)
        self._peak.setSymbolPen(pen(theme.colour("accent"), 1.0))
        self._draw_grid()
        self._ask(self.picture)  # its colours are made in the pool

    # Building ----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.title, self.readout = QLabel(), QLabel(" ")
        self.title.setWordWrap(True)
        self.title.setAccessibleName("Areas and the most probable place")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.readout.setAccessibleName("Place under the mouse")
        self._page, self.plot = PlotPage(), Plot()
        self._page.setAccessibleName("Sky map")
        self._page.addItem(self.plot)
        self.plot.getViewBox().setAspectLocked(True)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).hide()
        self._sky, self._grid = QGraphicsPathItem(_outline()), QGraphicsPathItem()
        self._image = pg.ImageItem(axisOrder="row-major")
        self._contours = ContourItem()
        self._contours.is_filled = False
        self._peak = pg.PlotDataItem(symbol=_cross(), symbolSize=11, pen=None)
        for item, height in ((self._sky, -30), (self._image, -20), (self._grid, -10),
                             (self._contours, 5), (self._peak, 8)):  # fmt: skip
            item.setZValue(height)
            self.plot.addItem(item, ignoreBounds=True)
        add = self.add_tool
        add("sky_hours", "Right ascension in &hours", self._on_way, ("Ctrl+Alt+W",),
            "Write right ascension in hours, else in degrees", checked=True)  # fmt: skip
        add("sky_turned", "&Centre on the place", self._on_turned, ("Ctrl+Alt+Z",),
            "Put the most probable place in the middle, else 12 h", checked=False)  # fmt: skip
        add("sky_closer", "C&loser", self.show_region, ("Ctrl+Alt+X",), "Only the 90 % area")
        add("sky_all", "&Whole sky", self.show_all, ("Ctrl+Alt+A",), "The whole sky again")
        add("sky_save", "&Save as FITS…", self.ask_to_save, ("Ctrl+Alt+Shift+F",),
            "Probability in HEALPix pixels, as programs of the field read it")  # fmt: skip
        bar = QToolBar(self)
        bar.setAccessibleName("Sky map tools")
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        for tool, short in zip(
            self.tools.values(), ("Hours", "Centre", "90 %", "All", "FITS…"), strict=True
        ):
            tool.setIconText(short)
            bar.addAction(tool)
        for widget in (bar, self.title):
            self._body.addWidget(widget)
        self._body.addWidget(self._page, 1)
        self._body.addWidget(self.readout)
        self._page.scene().sigMouseMoved.connect(self._on_mouse)
        self.plot.getViewBox().sigRangeChanged.connect(self._want_grid)
        self.show_all()

    # What the tools do -------------------------------------------------------------------------

    def show_all(self) -> None:
        """The whole sky."""
        self.plot.getViewBox().setRange(xRange=(-2.12, 2.12), yRange=(-1.06, 1.06), padding=0)

    def ask_to_save(self) -> None:
        """Have whoever shows the view ask for a file."""
        self.save_wanted.emit()

    def show_region(self) -> None:
        """The part of the map that holds 90 %; turned first where the map's edge cuts it."""
        if self.picture is None:
            return
        corners = np.vstack(self.picture.drawn.contours[0.9])
        (left, low), (right, high) = corners.min(axis=0), corners.max(axis=0)
        turned = self.tools["sky_turned"]
        if right - left > HALF_THE_MAP and not turned.isChecked():
            self._is_closer_wanted = True
            turned.setChecked(True)
            return
        rect = QRectF(QPointF(left, low), QPointF(right, high))
        self.plot.getViewBox().setRange(rect, padding=0.08)

    def _on_way(self, *_: object) -> None:
        self._draw_grid()
        self._write_title()

    def _on_turned(self, *_: object) -> None:
        self._ask(self.picture)

    def _ask(self, known: Picture | None) -> None:
        if self._posterior is not None:
            is_turned = self.tools["sky_turned"].isChecked()
            self.ask(
                "sky", self._on_picture, picture_of, self._posterior, known, is_turned, self.theme
            )

    def _on_picture(self, picture: Picture | None) -> None:
        if picture is None:
            return
        self.picture = picture
        self._image.setImage(picture.colours, autoLevels=False, levels=None)
        self._image.setRect(QRectF(-2, -1, 4, 2))
        self._contours.set_contours(picture.drawn.contours)
        longitude, latitude = map(np.array, picture.found.peak())
        x, y = mollweide(longitude, latitude, picture.drawn.middle)
        self._peak.setData([float(x)], [float(y)])
        self._want_grid()
        self._write_title()
        self.show_content()
        if self._is_closer_wanted:
            self._is_closer_wanted = False
            self.show_region()

    def on_failed(self, key: str, error: BaseException) -> None:
        if isinstance(error, ValueError):
            self.show_words(f"No sky map: {error}.")
        else:
            super().on_failed(key, error)

    # Drawing -----------------------------------------------------------------------------------

    def awaits(self, prefix: str = "") -> int:
        """Lines and labels that are still to be drawn are under way too."""
        return super().awaits(prefix) + int(self._grid_later.isActive() and not prefix)

    def _want_grid(self, *_: object) -> None:
        self._grid_later.start(0)

    def _draw_grid(self) -> None:
        """Lines as close as the part of the sky on screen wants, each with its label."""
        if self.picture is None:
            return
        for label in self._labels:
            self.plot.removeItem(label)
        self._labels = []
        path, seen = QPainterPath(), self.plot.getViewBox().viewRect()
        inner = seen.adjusted(0.03 * seen.width(), 0.05 * seen.height(), -0.03 * seen.width(),
                              -0.05 * seen.height())  # fmt: skip
        across, along = next(s[1:] for s in STEPS if seen.height() >= 2 * s[0] or not s[0])
        middle = self.picture.drawn.middle
        up, edge = np.radians(np.linspace(-90, 90, 181)), middle - math.pi
        in_hours = self.tools["sky_hours"].isChecked()
        round_it = edge + np.linspace(1e-6, 2 * np.pi - 1e-6, 361)
        for parallel in range(-90 + along, 90, along):
            line = mollweide(round_it, np.full(round_it.size, math.radians(parallel)), middle)
            _add_line(path, *line)
            if parallel:
                text = f"{'+' if parallel > 0 else chr(0x2212)}{abs(parallel)}°"
                place = _place_on(line[::-1], inner, -1)
                is_outside = place is not None and place[0] < float(line[0].min()) + 0.02
                self._add_label(text, place, (1.0 if is_outside else 0.0, 0.5), not is_outside)
        for meridian in range(0, 360, across):
            line = mollweide(np.full(up.size, math.radians(meridian)), up, middle)
            _add_line(path, *line)
            if abs(math.remainder(math.radians(meridian) - edge, 2 * math.pi)) > 0.05:
                label = hours_label(meridian) if in_hours else f"{meridian}°"
                self._add_label(label, _place_on(line, inner, 1), (0.5, 0.0))
        self._grid.setPath(path)

    def _add_label(
        self,
        text: str,
        place: tuple[float, float] | None,
        anchor: tuple[float, float],
        is_on_sky: bool = True,
    ) -> None:
        if place is None or not self._is_free(place):
            return
        ground = self.theme.colour(self.theme.ground, 0.6) if is_on_sky else None  # over lines
        label = pg.TextItem(text, color=self.theme.colour("text"), anchor=anchor, fill=ground)
        label.setPos(*place)
        label.setZValue(2)
        self.plot.addItem(label, ignoreBounds=True)
        self._labels.append(label)

    def _is_free(self, place: tuple[float, float]) -> bool:
        """Whether no label stands near: meridians meet at the poles."""
        seen = self.plot.getViewBox().viewRect()
        wide, high = LABEL_SHARE[0] * seen.width(), LABEL_SHARE[1] * seen.height()
        taken = (label.pos() for label in self._labels)
        return not any(abs(p.x() - place[0]) < wide and abs(p.y() - place[1]) < high for p in taken)

    def _write_title(self) -> None:
        if self.picture is None:
            return
        found = self.picture.found
        areas = ", ".join(
            f"{100 * share:.0f} % within {_area_text(area)}"
            for share, area in self.picture.areas_deg2.items()
        )
        ra, dec = (math.degrees(value) for value in found.peak())
        self.title.setText(
            f"{areas}  ·  most probable at {self._place_text(ra, dec)} (ICRS)  ·  from "
            f"{found.places:,} places ({found.effective:,.0f} effective), HEALPix {found.nside}"
        )

    def _place_text(self, ra: float, dec: float) -> str:
        if self.tools["sky_hours"].isChecked():
            words = hours_text(ra, 0).rpartition(":")[0], degrees_text(dec, 0).rpartition(":")[0]
        else:
            words = f"{ra:.1f}°", f"{dec:+.1f}°".replace("-", "−")
        return f"RA {words[0]}, Dec {words[1]}"

    def _on_mouse(self, place: QPointF) -> None:
        at = self.plot.getViewBox().mapSceneToView(place)
        self.readout.setText(self.words_at(at.x(), at.y()) or " ")


def _colours(theme: Theme) -> NDArray[np.uint8]:
    """(256, 4) from clear, where the ground shows, to the strongest."""
    stops = [QColor(theme.ground), *map(QColor, WARM[theme.is_dark])]
    at, where = np.linspace(0, 1, 256), (0.0, 0.12, 0.5, 1.0)
    channels = [
        np.interp(at, where, [getattr(stop, name)() for stop in stops])
        for name in ("red", "green", "blue")
    ]
    cover = np.interp(at, (0.0, 0.004, 0.03), (0.0, 0.0, 255.0))
    return np.round(np.stack([*channels, cover], axis=1)).astype(np.uint8)


def _cross() -> QPainterPath:
    """Two thin lines, open in the middle, so that what is marked can be seen."""
    path = QPainterPath()
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path.moveTo(0.15 * x, 0.15 * y)
        path.lineTo(0.5 * x, 0.5 * y)
    return path


def _outline() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), 2, 1)
    return path


def hours_label(meridian: int) -> str:
    """ "21 h", "1 h 20 m"."""
    hours, minutes = divmod(meridian * 4, 60)
    return f"{hours} h {minutes} m" if minutes else f"{hours} h"


def _place_on(line: tuple[Any, Any], seen: QRectF, way: int) -> tuple[float, float] | None:
    """Where a line is labelled; None where it is not on screen.

    ``way`` 1: a meridian (x, y), as near the equator as is seen, where meridians are far apart;
    -1: a parallel (y, x), at the point farthest left.
    """
    first, second = line
    x, y = (first, second) if way > 0 else (second, first)
    inside = np.flatnonzero((x >= seen.left()) & (x <= seen.right())
                            & (y >= seen.top()) & (y <= seen.bottom()))  # fmt: skip
    if not inside.size:
        return None
    if way > 0:
        at = int(inside[np.argmin(np.abs(inside - y.size // 2))])
    else:
        at = int(inside[np.argmin(x[inside])])
    return float(x[at]), float(y[at])


def _add_line(path: QPainterPath, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    path.moveTo(float(x[0]), float(y[0]))
    for one, other in zip(x[1:], y[1:], strict=True):
        path.lineTo(float(one), float(other))


def _area_text(area_deg2: float) -> str:
    """ "182 deg²", "3,240 deg²", "0.62 deg²"."""
    return f"{area_deg2:,.0f} deg²" if area_deg2 >= 10 else f"{area_deg2:.2g} deg²"
