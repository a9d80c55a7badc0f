"""Line measurements by dragging a range: regions in the plot and a table of what came out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.science.line_measurement import Floats, LineMeasurement, Span, Value, side_bands
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.spectrum_items import Curve
from astrogui.viewers.unit_text import number_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a measurement was made at: redshift, the nearest line, and the unit of its flux."""

    redshift: float | None
    line_name: str
    line_angstrom: float
    flux_unit: str
    continuum_unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    measurement: LineMeasurement
    context: Context


class MeasureRegions:
    """The window and two side bands, each moved and widened by its edges."""

    def __init__(self, plot: Plot, changed: object) -> None:
        self._plot = plot
        self._changed = changed
        self.window = pg.LinearRegionItem(movable=True)
        self.bands = (pg.LinearRegionItem(movable=True), pg.LinearRegionItem(movable=True))
        self.curves = (Curve(), Curve())  # the continuum of the direct way, the Gaussian
        for curve in self.curves:
            curve.setZValue(25)
            plot.addItem(curve, ignoreBounds=True)
        self._quiet = False
        for item in (self.window, *self.bands):
            item.setZValue(-10)
            item.setVisible(False)
            plot.addItem(item, ignoreBounds=True)
            item.sigRegionChangeFinished.connect(self._on_changed)

    @property
    def spans(self) -> tuple[Span, tuple[Span, ...]]:
        low, high = self.window.getRegion()
        bands = tuple((float(a), float(b)) for a, b in (x.getRegion() for x in self.bands))
        return (float(low), float(high)), bands

    @property
    def shown(self) -> bool:
        return bool(self.window.isVisible())

    def show(self, window: Span, bands: tuple[Span, ...] | None = None) -> None:
        """Put the window where it was dragged, and the bands to either side of it."""
        self._quiet = True
        self.window.setRegion(window)
        for item, span in zip(self.bands, bands or side_bands(window), strict=True):
            item.setRegion(span)
        for item in (self.window, *self.bands):
            item.setVisible(True)
        self._quiet = False

    def hide(self) -> None:
        for item in (self.window, *self.bands):
            item.setVisible(False)
        self.draw([])

    def draw(self, lines: Sequence[tuple[Floats, Floats]]) -> None:
        """What was fitted, as wavelengths and flux in the units of the axis; () for none."""
        for number, curve in enumerate(self.curves):
            curve.setData(*(lines[number] if number < len(lines) else ([], [])))

    def set_theme(self, theme: Theme) -> None:
        for item, name in ((self.window, "good"), *((band, "muted") for band in self.bands)):
            colour = theme.colour(name)
            item.setBrush(_faint(colour, 0.16))
            item.setHoverBrush(_faint(colour, 0.28))
            for curve in self.curves:
                curve.setPen(pen(theme.colour("good"), 1.8))
            for line in item.lines:
                line.setPen(pen(_faint(colour, 0.8), 1.2))
                line.setHoverPen(pen(colour, 2.0))

    def _on_changed(self, _: object = None) -> None:
        if not self._quiet and self.shown:
            self._changed()  # type: ignore[operator]


class MeasureTable(QWidget):
    """Two lines a measurement: sums over the window, and a Gaussian fit."""

    removed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("Remarks on the measurement")
        self.table = QTableWidget(0, 0, self)
        self.table.setAccessibleName("Line measurements")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().setVisible(False)
        self.table.setAcceptDrops(False)
        self._copy = _button("&Copy", "Copy the table with its units as text with tabs", self.copy)
        self._save = _button("&Save…", "Save the table with its units as CSV", self.ask_path)
        self._clear = _button("Cl&ear", "Take all measurements away", self.clear)
        buttons = QHBoxLayout()
        buttons.addWidget(self.words, 1)
        for button in (self._copy, self._save, self._clear):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.table)
        layout.addLayout(buttons)
        self.table.setMaximumHeight(96)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)

    def show_pair(self, found: list[LineMeasurement], context: Context, replaces: bool) -> None:
        """Add the two ways of one measurement, or put them in place of the last."""
        if replaces:
            del self.entries[-2:]
        self.entries += [Entry(measurement=one, context=context) for one in found]
        self._fill()
        self.words.setText(_remarks(found))

    def clear(self) -> None:
        self.entries = []
        self._fill()
        self.words.clear()
        self.removed.emit()

    def rows(self) -> list[list[str]]:
        """The table's words, the titles first."""
        unit = self.entries[-1].context if self.entries else None
        titles = _titles(unit.flux_unit if unit else "", unit.continuum_unit if unit else "")
        return [titles, *(_cells(entry) for entry in self.entries)]

    def as_csv(self) -> str:
        """All numbers unrounded, each with its error in a column of its own."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_CSV_TITLES)
        for entry in self.entries:
            writer.writerow(_csv_cells(entry))
        return stream.getvalue()

    def copy(self) -> None:
        text = "\n".join("\t".join(row) for row in self.rows())
        QGuiApplication.clipboard().setText(text + "\n")

    def save(self, path: str | Path) -> None:
        """Write ``as_csv``; raises ``OSError``."""
        Path(path).write_text(self.as_csv(), encoding="utf-8")

    def ask_path(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        path, _ = QFileDialog.getSaveFileName(
            self, "Save line measurements", "lines.csv", "Tables (*.csv)"
        )
        if not path:
            return
        try:
            self.save(path)
        except OSError as error:
            self.words.setText(f"{path} could not be written: {error.strerror}")
        else:
            self.words.setText(f"Saved as {path}")

    def _fill(self) -> None:
        titles, *rows = self.rows()
        self.table.setColumnCount(len(titles))
        self.table.setHorizontalHeaderLabels(titles)
        self.table.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(self.entries[i].measurement.words)
                self.table.setItem(i, j, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.scrollToBottom()


_CSV_TITLES = [
    "line", "method", "z", "flux", "flux_error", "flux_unit", "centroid_vacuum_angstrom",
    "centroid_error_angstrom", "fwhm_angstrom", "fwhm_error_angstrom", "fwhm_km_s",
    "fwhm_error_km_s", "ew_observed_angstrom", "ew_observed_error_angstrom", "ew_rest_angstrom",
    "ew_rest_error_angstrom", "continuum", "continuum_error", "continuum_unit", "window_from",
    "window_to", "bands_angstrom", "masked_samples", "chi_square", "degrees_of_freedom", "remarks",
]  # fmt: skip


def _titles(flux_unit: str, continuum_unit: str) -> list[str]:
    return [
        "line",
        "method",
        f"flux ({flux_unit})",
        "centroid (Å, vacuum)",
        "z of the line",
        "FWHM (Å)",
        "FWHM (km/s)",
        "EW observed (Å)",
        "EW rest (Å)",
        f"continuum ({continuum_unit})" if continuum_unit else "continuum",
        "χ²/dof",
    ]


def _cells(entry: Entry) -> list[str]:
    one, context = entry.measurement, entry.context
    z = one.centroid.value / context.line_angstrom - 1 if context.line_name else math.nan
    own = Value(value=z, error=one.centroid.error / context.line_angstrom)
    rest = (
        Value(value=math.nan, error=math.nan)
        if context.redshift is None
        else one.rest_equivalent_width(context.redshift)
    )
    fit = f"{one.chi_square:.1f}/{one.freedom}" if one.freedom else "–"
    return [
        context.line_name or "–",
        one.method,
        *(
            _with_error(value)
            for value in (
                one.flux, one.centroid, own, one.fwhm, one.fwhm_km_s, one.equivalent_width, rest,
                one.continuum,
            )
        ),
        fit,
    ]  # fmt: skip


def _csv_cells(entry: Entry) -> list[str]:
    one, context = entry.measurement, entry.context
    nothing = Value(value=math.nan, error=math.nan)
    rest = nothing if context.redshift is None else one.rest_equivalent_width(context.redshift)
    z = "" if context.redshift is None else repr(context.redshift)
    numbers = [
        [repr(number) for number in (value.value, value.error)]
        for value in (one.flux, one.centroid, one.fwhm, one.fwhm_km_s, one.equivalent_width, rest,
                      one.continuum)
    ]  # fmt: skip
    bands = "; ".join(f"{low:.2f} to {high:.2f}" for low, high in one.bands)
    return [
        context.line_name, one.method, z, *numbers[0], context.flux_unit,
        *(text for pair in numbers[1:6] for text in pair), *numbers[6], context.continuum_unit,
        f"{one.window[0]:.3f}", f"{one.window[1]:.3f}", bands, str(one.masked),
        "" if math.isnan(one.chi_square) else f"{one.chi_square:.3f}",
        str(one.freedom) if one.freedom else "", one.words,
    ]  # fmt: skip


def _with_error(value: Value) -> str:
    if not math.isfinite(value.value):
        return "–"
    if not math.isfinite(value.error) or value.error <= 0:
        return number_text(value.value)
    return f"{number_text(value.value, value.error)} ± {_short(value.error)}"


def _short(error: float) -> str:
    digits = max(1 - math.floor(math.log10(error)), 0)
    return f"{error:.{min(digits, 12)}f}"


def _remarks(found: list[LineMeasurement]) -> str:
    said = [f"{one.method}: {one.words}" for one in found if one.words]
    return " · ".join(said) or "EW is positive in absorption. Drag the edges to adjust."


def _button(text: str, tip: str, slot: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda _=False: slot())  # type: ignore[operator]
    return button


def _faint(colour: QColor, alpha: float) -> QColor:
    made = QColor(colour)
    made.setAlphaF(alpha)
    return made
