"""Two columns against each other: points, or their density where there are many.

However many points there are, what is drawn is a picture of the size of the screen, counted in the
pool; while the view moves, the last picture moves with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QTransform
from PySide6.QtWidgets import QWidget

from astrogui.viewers.colours import Theme, rgb_of_map
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.point_cloud import (
    Density,
    density_of,
    in_box,
    in_polygon,
    limits,
    logarithm,
)
from astrogui.viewers.select_box import SelectBox, how_of
from astrogui.viewers.viewer import Compute, Viewer

Array = NDArray[np.float64]
PAUSE_MS = 40  # after a move, before the picture is made anew
POINT = 6  # pixels across
MARGIN = 0.25  # of the view, drawn beyond each of its edges, for a move to show
TOOLS = ("pan", "box", "lasso")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Columns (n,) of numbers with NaN for null; errors are bounds, not widths."""

    x: Array
    y: Array
    z: Array | None = None  # towards the eye, in views that can turn the points
    x_title: str = ""
    y_title: str = ""
    x_bounds: tuple[Array, Array] | None = None
    y_bounds: tuple[Array, Array] | None = None
    third: Array | None = None  # colours the points
    third_title: str = ""
    classes: tuple[str, ...] = ()  # names of the third column's numbers 0, 1, …
    log_x: bool = False
    log_y: bool = False


class ScatterView(Viewer):
    """``chosen`` carries which points (n,) the analyst enclosed, and how they are to be joined."""

    chosen = Signal(object, str)  # mask (n,), "replace" | "add" | "remove"
    pointed = Signal(int)  # the place of a point that was clicked

    drags: tuple[str, ...] = TOOLS
    empty_words = "Choose two columns to plot."
    menu_title = ""

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self.points: Points | None = None
        self._x: Array = np.zeros(0)
        self._y: Array = np.zeros(0)
        self._selected: NDArray[np.bool_] | None = None
        self.density: Density | None = None
        self._box = SelectBox()
        self.plot = Plot(view=self._box)
        self._canvas = PlotPage()
        self._canvas.addItem(self.plot)
        self._body.addWidget(self._canvas)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setZValue(-10)
        self.plot.addItem(self._image, ignoreBounds=True)
        self._errors = pg.ErrorBarItem(beam=0)
        self._errors.setZValue(-5)
        self.plot.addItem(self._errors, ignoreBounds=True)
        self._scatter = pg.ScatterPlotItem(size=POINT, pxMode=True)
        self.plot.addItem(self._scatter, ignoreBounds=True)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._render)
        self._box.sigRangeChanged.connect(self._on_moved)
        self._box.sigResized.connect(self._on_moved)
        self._box.drawn.connect(self._on_drawn)
        self._box.clicked.connect(self._on_clicked)
        self.set_theme(self.theme)

    # -- what is shown ---------------------------------------------------------------------

    def show_points(self, points: Points, keeps_range: bool = False) -> None:
        """Plot these; ``keeps_range`` where only rows were added or taken away."""
        self.points = points
        self._selected = None
        self._x, self._y = self._placed(points)
        self._show_axes(points)
        self.show_content()
        if not keeps_range:
            self.show_all()
        self._later.start()

    def show_selected(self, mask: NDArray[np.bool_] | None) -> None:
        """Light up these points (n,)."""
        self._selected = mask
        self._later.start()

    def show_all(self) -> None:
        """The range of all points."""
        self._box.setRange(
            xRange=limits(self._x), yRange=limits(self._y), padding=0, disableAutoRange=True
        )

    def set_tool(self, tool: str) -> None:
        """What a drag does: one of ``drags``."""
        if tool not in self.drags:
            raise ValueError(f"a tool is one of {', '.join(self.drags)}, got {tool!r}")
        self._box.tool = tool
        shape = Qt.CursorShape.OpenHandCursor if tool == "pan" else Qt.CursorShape.CrossCursor
        self._canvas.setCursor(shape)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._canvas.setBackground(QColor(theme.ground))
        self.plot.set_theme(theme)
        self._box.set_pen(pen(theme.colour("accent"), 1.5, Qt.PenStyle.DashLine))
        if self.points is not None:
            self._later.start()

    def clear(self) -> None:
        self.points = self.density = None
        super().clear()

    def _placed(self, points: Points) -> tuple[Array, Array]:
        """Where the points stand on the axes."""
        x = logarithm(points.x) if points.log_x else points.x
        y = logarithm(points.y) if points.log_y else points.y
        assert x is not None
        assert y is not None
        return x, y

    def _show_axes(self, points: Points) -> None:
        self.plot.getAxis("bottom").setLogMode(points.log_x)
        self.plot.getAxis("left").setLogMode(points.log_y)
        self.plot.set_titles(bottom=points.x_title, left=points.y_title)

    # -- drawing ---------------------------------------------------------------------------

    def _on_moved(self, *_: object) -> None:
        if self.points is not None:
            self._later.start()  # once the view stands still; the last picture moves with it

    def _render(self) -> None:
        if self.points is None or self._box.width() < 2:
            return
        (left, right), (bottom, top) = self._box.viewRange()
        size = (max(int(self._box.width() / 2), 8), max(int(self._box.height() / 2), 8))
        across, up = MARGIN * (right - left), MARGIN * (top - bottom)
        view = (left - across, right + across, bottom - up, top + up)
        size = (int(size[0] * (1 + 2 * MARGIN)), int(size[1] * (1 + 2 * MARGIN)))
        third = self.points.third
        self.ask(
            "density", self._on_density, density_of, self._x, self._y, third, self._selected,
            view, size, len(self.points.classes),
        )  # fmt: skip

    def _on_density(self, density: Density) -> None:
        if self.points is None:
            return
        self.density = density
        if density.places is not None:
            self._image.clear()
            self._show_each(density.places)
            return
        self._scatter.clear()
        self._errors.setData(x=np.zeros(0), y=np.zeros(0))
        left, right, bottom, top = density.view
        picture = self._picture(density)
        self._image.setImage(picture, autoLevels=False, levels=(0, 255))
        ny, nx = picture.shape[:2]
        place = QTransform.fromTranslate(left, bottom)
        place.scale((right - left) / nx, (top - bottom) / ny)
        self._image.setTransform(place)

    def _picture(self, density: Density) -> NDArray[np.uint8]:
        """(ny, nx, 4) colours: by the third column's mean, else by how many there are."""
        assert density.counts is not None
        assert self.points is not None
        table = rgb_of_map("viridis", 256)
        if not self.theme.is_dark:
            table = table[::-1]
        counts = density.counts
        there = counts > 0
        if density.means is not None:
            low, high = self._third_limits()
            scaled = (np.nan_to_num(density.means, nan=low) - low) / max(high - low, 1e-300)
        else:
            scaled = np.log1p(counts) / max(float(np.log1p(counts.max())), 1e-300)
            scaled = 0.12 + 0.88 * scaled
        picture = np.zeros((*counts.shape, 4), np.uint8)
        picture[..., :3] = table[np.clip(scaled * 255, 0, 255).astype(np.uint8)]
        picture[..., 3] = np.where(there, 255, 0)
        if density.commonest is not None:
            colours = [self._class_colour(name) for name in (*self.points.classes, "")]
            rgb = np.array([(c.red(), c.green(), c.blue()) for c in colours], np.uint8)
            picture[..., :3] = rgb[density.commonest]
        if density.chosen is not None:
            colour = self._chosen_colour()
            picture[density.chosen > 0] = (colour.red(), colour.green(), colour.blue(), 255)
        return picture

    def _class_colour(self, name: str) -> QColor:
        return self.theme.colour(name) if name else self.theme.colour("muted")

    def legend(self) -> str:
        """What the colours mean, as rich text for a line below the plot."""
        if self.points is None:
            return ""
        lit = self._chosen_colour().name()
        words = f"<span style='color:{lit}'>■</span> selected"
        if self.points.classes:
            names = " ".join(
                f"<span style='color:{self._class_colour(name).name()}'>■</span> {name}"
                for name in self.points.classes
            )
            return f"{self.points.third_title}: {names}; {words}"
        if self.points.third is None:
            return f"Where there are many, colour is their density; {words}"
        low, high = self._third_limits()
        ends = [rgb_of_map("viridis", 256)[i] for i in (0, 128, 255)]
        if not self.theme.is_dark:
            ends.reverse()
        marks = "".join(f"<span style='color:rgb({r},{g},{b})'>■</span>" for r, g, b in ends)
        return f"{self.points.third_title}: {low:.4g} {marks} {high:.4g}; {words}"

    def _chosen_colour(self) -> QColor:
        return QColor("#ff3b30") if not self.theme.is_dark else QColor("#ff6b5e")

    def _third_limits(self) -> tuple[float, float]:
        assert self.points is not None
        third = self.points.third
        known = np.zeros(0) if third is None else third[np.isfinite(third)]
        if not known.size:
            return 0.0, 1.0
        step = max(known.size // 100_000, 1)
        low, high = np.quantile(known[::step], (0.02, 0.98))
        return float(low), float(high if high > low else low + 1)

    def _show_each(self, places: NDArray[np.int64]) -> None:
        assert self.points is not None
        x, y = self._x[places], self._y[places]
        colours = self._colours(places)
        self._scatter.setData(
            x=x, y=y, brush=colours, pen=None, data=places, symbol="o", size=POINT
        )
        self._show_errors(places, x, y)

    def _colours(self, places: NDArray[np.int64]) -> list[QColor]:
        assert self.points is not None
        plain = self.theme.colour("accent", 0.75)
        third = self.points.third
        if third is None:
            made = [plain] * places.size
        elif self.points.classes:
            names = self.points.classes
            by_class = [self._class_colour(name) for name in names]
            made = [
                by_class[int(value)] if np.isfinite(value) else self.theme.colour("muted", 0.6)
                for value in third[places]
            ]
        else:
            low, high = self._third_limits()
            table = rgb_of_map("viridis", 256)[:: 1 if self.theme.is_dark else -1]
            steps = np.clip(255 * (third[places] - low) / (high - low), 0, 255)
            muted = self.theme.colour("muted", 0.6)
            made = [
                QColor(*(int(c) for c in table[int(s)])) if np.isfinite(s) else muted for s in steps
            ]
        if self._selected is not None:
            lit = self._chosen_colour()
            made = [
                lit if is_lit else c for c, is_lit in zip(made, self._selected[places], strict=True)
            ]
        return made

    def _show_errors(self, places: NDArray[np.int64], x: Array, y: Array) -> None:
        assert self.points is not None
        parts: dict[str, Array] = {}
        for axis, values, bounds, is_log in (
            ("x", x, self.points.x_bounds, self.points.log_x),
            ("y", y, self.points.y_bounds, self.points.log_y),
        ):
            if bounds is None:
                continue
            low, high = bounds[0][places], bounds[1][places]
            if is_log:
                low, high = logarithm(low), logarithm(high)  # type: ignore[assignment]
            before, behind = ("left", "right") if axis == "x" else ("bottom", "top")
            parts[before] = np.nan_to_num(np.maximum(values - low, 0))
            parts[behind] = np.nan_to_num(np.maximum(high - values, 0))
        if not parts or places.size > 1000:
            self._errors.setData(x=np.zeros(0), y=np.zeros(0))
            return
        self._errors.setData(
            x=x, y=y, pen=pen(self.theme.colour("muted", 0.7), 1.0),
            **{"left": None, "right": None, "top": None, "bottom": None, **parts},
        )  # fmt: skip

    # -- choosing --------------------------------------------------------------------------

    def _on_drawn(self, corners: Array, modifiers: Any) -> None:
        if self.points is None:
            return
        how = how_of(modifiers)
        if self._box.tool == "box":
            self.ask(
                "chosen", self._on_enclosed, _boxed, self._x, self._y, corners[0], corners[2], how
            )
        elif len(corners) > 2:
            self.ask("chosen", self._on_enclosed, _lassoed, self._x, self._y, corners, how)

    def _on_enclosed(self, found: tuple[NDArray[np.bool_], str]) -> None:
        self.chosen.emit(*found)

    def _on_clicked(self, place: QPointF, modifiers: Any) -> None:
        """The nearest point within a few pixels."""
        del modifiers
        if self.points is None or not self._x.size:
            return
        pixel = self._box.viewPixelSize()
        dx, dy = (self._x - place.x()) / pixel[0], (self._y - place.y()) / pixel[1]
        distance = np.where(np.isnan(dx + dy), np.inf, dx * dx + dy * dy)
        nearest = int(np.argmin(distance))
        if distance[nearest] <= (1.5 * POINT) ** 2:
            self.pointed.emit(nearest)


def _boxed(x: Array, y: Array, first: Any, last: Any, how: str) -> tuple[NDArray[np.bool_], str]:
    return in_box(x, y, tuple(first), tuple(last)), how


def _lassoed(x: Array, y: Array, corners: Array, how: str) -> tuple[NDArray[np.bool_], str]:
    return in_polygon(x, y, corners), how
