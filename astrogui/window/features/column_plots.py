"""Plots of any columns, linked with the table and the views by the rows selected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.column_table import ColumnTable
from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec
from astrogui.window.formatting import header_text
from astrogui.window.linked_points import (
    choose_enclosed,
    choose_point,
    chosen_points,
    colours_of,
    tool_buttons,
)
from astrogui.window.shown_columns import BOUNDS

if TYPE_CHECKING:
    from astrogui.viewers.scatter_view import Points, ScatterView
    from astrogui.window.workbench import Workbench

PAUSE_MS = 250
KINDS = ("Scatter", "Histogram", "Sky, Mollweide", "Sky, Aitoff")


class Feature(QObject):
    """The dock of the plots, made when it is first asked for."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.panel: PlotPanel | None = None
        actions = bench.window.actions_by_name
        menu = "&Catalogue"
        actions.add(
            (
                Spec("plot_scatter", menu, "&Plot two columns", ("Ctrl+Alt+P",),
                     "Points or density, with errors and colours", starts_group=True),
                Spec("plot_histogram", menu, "Histo&gram of the column", ("Ctrl+Alt+J",),
                     "How its values are distributed"),
                Spec("plot_sky", menu, "Sky &map", ("Ctrl+Alt+M",),
                     "Positions of the rows on the whole sky"),
            )
        )  # fmt: skip
        actions["plot_scatter"].triggered.connect(partial(self._on_asked, 0))
        actions["plot_histogram"].triggered.connect(partial(self._on_asked, 1))
        actions["plot_sky"].triggered.connect(partial(self._on_asked, 2))

    def show_columns(self, name: str, against: str | None) -> None:
        """A histogram of one column ("" against), or one against another (None: any)."""
        self._open().show_columns(name, against)

    def _on_asked(self, kind: int, _: bool = False) -> None:
        panel = self._open()
        panel.kind.setCurrentIndex(kind)
        name = self._bench.catalogue.current_column()
        if kind == 1 and name:
            panel.x_column.setCurrentText(name)
        panel.refresh_soon()

    def _open(self) -> PlotPanel:
        docks = self._bench.window.docks
        if self.panel is None:
            self.panel = PlotPanel(self._bench, self._bench.window)
            docks.add(DockSpec("plot", "Plot"), self.panel, "catalogue")
        docks["plot"].show()
        docks["plot"].raise_()
        return self.panel


class PlotPanel(QWidget):
    """Chooses columns, asks the pool for them, and passes selections both ways."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from astrogui.viewers.histogram_view import HistogramView
        from astrogui.viewers.scatter_view import ScatterView
        from astrogui.viewers.sky_plot import SkyPlot

        self._bench, self._model = bench, bench.model
        self._asked = 0
        self._places: NDArray[np.int64] = np.zeros(0, np.int64)
        self._shown: tuple[Any, ...] = ()
        self._is_telling = False
        self.scatter = ScatterView(bench.compute, self)
        self.histogram = HistogramView(bench.compute, self)
        self.sky = SkyPlot(bench.compute, self)
        self.pages = QStackedWidget(self)
        for view in (self.scatter, self.histogram, self.sky):
            self.pages.addWidget(view)
            view.chosen.connect(self._on_chosen)
        self.scatter.pointed.connect(self._on_pointed)
        self.sky.pointed.connect(self._on_pointed)
        body = QVBoxLayout(self)
        body.setContentsMargins(4, 4, 4, 4)
        body.addLayout(self._build_controls())
        body.addWidget(self.pages, 1)
        self.words = QLabel(self)
        self.words.setAccessibleName("What the plot shows")
        self.words.setWordWrap(True)
        body.addWidget(self.words)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._ask)
        self._model.columns_changed.connect(self._fill_columns)
        self._model.rows_read.connect(self._on_changed)
        self._model.arranged_anew.connect(self._on_changed)
        bench.selection.rows_changed.connect(self._show_selected)
        self._fill_columns()
        self._take_theme()

    def _build_controls(self) -> QVBoxLayout:
        self.kind, self.x_column, self.y_column, self.colour = (QComboBox(self) for _ in range(4))
        self.kind.addItems(KINDS)
        for box, name in (
            (self.kind, "Kind of plot"), (self.x_column, "Column of x"),
            (self.y_column, "Column of y"), (self.colour, "Column that colours"),
        ):  # fmt: skip
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(9)
            box.currentIndexChanged.connect(self.refresh_soon)
        self.log_x, self.log_y = QCheckBox("log x", self), QCheckBox("log y", self)
        self.errors = QCheckBox("errors", self)
        self.errors.setToolTip("Bars to the bounds of the 68 % interval")
        self.errors.setChecked(True)
        for check in (self.log_x, self.log_y, self.errors):
            check.toggled.connect(self.refresh_soon)
        first, second = QHBoxLayout(), QHBoxLayout()
        self._labels = {}
        for name, text, box in (
            ("x", "x", self.x_column), ("y", "y", self.y_column), ("colour", "colour", self.colour),
        ):  # fmt: skip
            self._labels[name] = QLabel(text, self)
            first.addWidget(self._labels[name])
            first.addWidget(box, 1)
        second.addWidget(self.kind)
        for check in (self.log_x, self.log_y, self.errors):
            second.addWidget(check)
        second.addStretch()
        self.tools = tool_buttons(self, self._on_tool)
        for button in self.tools.values():
            second.addWidget(button)
        whole = QToolButton(self)
        whole.setText("All")
        whole.setToolTip("The range of all points")
        whole.clicked.connect(self._show_whole)
        second.addWidget(whole)
        self.tools["pan"].setChecked(True)
        both = QVBoxLayout()
        both.addLayout(first)
        both.addLayout(second)
        return both

    # -- what is asked for -----------------------------------------------------------------

    def show_columns(self, name: str, against: str | None) -> None:
        self.x_column.setCurrentText(name)
        self.kind.setCurrentIndex(1 if against == "" else 0)
        if against:
            self.y_column.setCurrentText(against)
        self.refresh_soon()

    def refresh_soon(self, _: object = None) -> None:
        self._later.start()

    def _fill_columns(self) -> None:
        numbers = [c.name for c in self._model.store.columns if c.type != "text"]
        values = [name for name in numbers if not name.endswith(BOUNDS)]
        texts = [c.name for c in self._model.store.columns if c.type == "text"]
        preferred = [n for n in ("z", "mag_r", "flux_r", "snr", "ra", "dec") if n in values]
        filled = [n for n in values if self._model.store.has_values(n)]
        for box, names, first in (
            (self.x_column, values + [n for n in numbers if n not in values], preferred[:1]),
            (self.y_column, values + [n for n in numbers if n not in values], preferred[1:2]),
            (self.colour, ["", *values, *texts], [""]),
        ):
            kept = box.currentText()
            box.blockSignals(True)
            box.clear()
            box.addItems(names)
            wanted = kept if kept in names else (first or filled or names)[0] if names else ""
            box.setCurrentText(wanted)
            box.blockSignals(False)
        if self.colour.count():
            self.colour.setItemText(0, "")
        self.refresh_soon()

    def _on_changed(self, _: object = None) -> None:
        if self.isVisible() and not self._later.isActive():
            self._later.start()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh_soon()

    def _ask(self) -> None:
        if not self._model.total:
            return
        kind = self.kind.currentIndex()
        names = (
            self.x_column.currentText(),
            self.y_column.currentText(),
            self.colour.currentText(),
        )
        if kind >= 2:
            names = ("ra", "dec", names[2])
        for name, is_used in (("x", kind < 2), ("y", kind == 0), ("colour", kind != 1)):
            self._labels[name].setEnabled(is_used)
        self.x_column.setEnabled(kind < 2)
        self.y_column.setEnabled(kind == 0)
        self.colour.setEnabled(kind != 1)
        self.errors.setEnabled(kind == 0)
        self.log_x.setEnabled(kind < 2)
        self.log_y.setEnabled(kind < 2)
        self._asked += 1
        options = (self.log_x.isChecked(), self.log_y.isChecked(), self.errors.isChecked())
        future = self._bench.compute(
            _points, self._model.store, self._model.positions(), names, options, self._asked
        )
        self._bench.bridge.after(future, partial(self._on_points, kind))

    def _on_points(self, kind: int, found: tuple[Any, ...]) -> None:
        places, points, names, asked = found
        if asked != self._asked:
            return
        what = (kind, names, points.log_x, points.log_y) if points is not None else ()
        keeps = what == self._shown
        self._shown, self._places = what, places
        self._take_theme()
        if points is None:
            self.pages.setCurrentWidget(self.scatter)
            self.scatter.show_words("These columns have no numbers to plot.")
            return
        if kind == 1:
            self.pages.setCurrentWidget(self.histogram)
            self.histogram.show_values(points.x, points.x_title, points.log_x, points.log_y)
        else:
            view = self._scattered()
            self.pages.setCurrentWidget(view)
            if kind >= 2:
                self.sky.set_map(KINDS[kind].rpartition(" ")[2])
            view.show_points(points, keeps_range=keeps)
        self._say(points)
        self._show_selected()

    def _scattered(self) -> ScatterView:
        return self.sky if self.kind.currentIndex() >= 2 else self.scatter

    def _say(self, points: Points) -> None:
        """How many rows are plotted, and what the colours mean."""
        known = int(np.count_nonzero(np.isfinite(points.x) & np.isfinite(points.y)))
        words = f"{known:,} of {points.x.size:,} rows have both values"
        if self.kind.currentIndex() == 1:
            known = int(np.count_nonzero(np.isfinite(points.x)))
            words = f"{known:,} of {points.x.size:,} rows have a value"
        if self.kind.currentIndex() != 1:
            words += f".   {self._scattered().legend()}"
        self.words.setText(words)

    # -- both ways -------------------------------------------------------------------------

    def _on_chosen(self, mask: NDArray[np.bool_], how: str) -> None:
        """Points that were enclosed are rows that are selected."""
        choose_enclosed(self._bench, self._places, mask, how)

    def _on_pointed(self, place: int) -> None:
        choose_point(self._bench, self._places, place)

    def _show_selected(self, _: object = None) -> None:
        """Rows selected anywhere light up here."""
        if not self.isVisible() or not self._shown:
            return
        view = self.histogram if self.kind.currentIndex() == 1 else self._scattered()
        view.show_selected(chosen_points(self._bench, self._places))

    # -- looks -----------------------------------------------------------------------------

    def _on_tool(self, name: str, is_on: bool) -> None:
        if is_on:
            for view in (self.scatter, self.histogram, self.sky):
                view.set_tool(name)

    def _show_whole(self) -> None:
        view = self.histogram if self.kind.currentIndex() == 1 else self._scattered()
        view.show_all()

    def _take_theme(self) -> None:
        theme = self._bench.results.view.theme
        for view in (self.scatter, self.histogram, self.sky):
            if view.theme is not theme:
                view.set_theme(theme)


def _points(
    store: ColumnTable,
    places: NDArray[np.int64],
    names: tuple[str, str, str],
    options: tuple[bool, bool, bool],
    asked: int,
) -> tuple[NDArray[np.int64], Points | None, tuple[str, str, str], int]:
    """Columns of the rows on screen. Runs in the pool."""
    from astrogui.viewers.scatter_view import Points

    x_name, y_name, third_name = names
    columns = {column.name: column for column in store.columns}
    if any(name not in columns or store.is_text(name) for name in (x_name, y_name)):
        return places, None, names, asked

    def numbers(name: str) -> NDArray[np.float64]:
        return np.take(store.numbers(name), places)

    def bounds(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        low, high = f"{name}_lo68", f"{name}_hi68"
        if not options[2] or low not in columns or high not in columns:
            return None
        return numbers(low), numbers(high)

    third, classes, third_title = colours_of(store, third_name, places)
    titles = [header_text(name, columns[name].unit) for name in (x_name, y_name)]
    points = Points(
        x=numbers(x_name), y=numbers(y_name), x_title=titles[0], y_title=titles[1],
        x_bounds=bounds(x_name), y_bounds=bounds(y_name), third=third, classes=classes,
        third_title=third_title,
        log_x=options[0], log_y=options[1],
    )  # fmt: skip
    return places, points, names, asked
