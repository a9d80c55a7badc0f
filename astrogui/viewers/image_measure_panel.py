"""What was measured on an image: a plot, the numbers in words, and a table of all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.catalogue import Catalogue, Column
from astrogui.science.aperture import Apertures
from astrogui.viewers.colours import Theme
from astrogui.viewers.image_photometry import (
    LARGEST_RADIUS,
    LineMeasure,
    PhotometryTool,
    SourceMeasure,
)
from astrogui.viewers.image_profiles import GROWTH, RADIAL, ProfilePlot, fwhm_words
from astrogui.viewers.sky import degrees_text, hours_text
from astrogui.viewers.unit_text import unit_text


def _fit(measure: SourceMeasure, shape: str) -> float:
    return next((fit.fwhm for fit in measure.fits if fit.shape == shape), math.nan)


# What is kept of each measure: the column, and how it is told.
HINT = "Press Q and click a source for its flux and profile; press W and drag a line."
COLUMNS: tuple[tuple[Column, Callable[[SourceMeasure], Any]], ...] = (
    (Column(name="ra", unit="deg", ucd="pos.eq.ra", description="right ascension"),
     lambda m: m.longitude_deg if m.frame in {"icrs", "fk5"} else math.nan),
    (Column(name="dec", unit="deg", ucd="pos.eq.dec", description="declination"),
     lambda m: m.latitude_deg if m.frame in {"icrs", "fk5"} else math.nan),
    (Column(name="x", unit="pix", description="column, counted from 1"), lambda m: m.flux.x + 1),
    (Column(name="y", unit="pix", description="row, counted from 1"), lambda m: m.flux.y + 1),
    (Column(name="flux", description="aperture less sky, in flux_unit"), lambda m: m.flux.flux),
    (Column(name="flux_err", description="standard error of flux"), lambda m: m.flux.error),
    (Column(name="flux_unit", type="text", description="unit of flux"), lambda m: m.unit),
    (Column(name="mag", unit="mag", description="magnitude, see mag_system"),
     lambda m: m.flux.magnitude),
    (Column(name="mag_err", unit="mag", description="standard error of mag"),
     lambda m: m.flux.magnitude_error),
    (Column(name="mag_system", type="text", description="AB, or instrumental: -2.5 log10 flux"),
     lambda m: "AB" if m.flux.is_calibrated else "instrumental"),
    (Column(name="error_from", type="text", description="what flux_err holds"),
     lambda m: "Poisson and sky" if m.flux.has_poisson else "sky only"),
    (Column(name="fwhm_moffat", unit="pix", description="FWHM of the Moffat fit"),
     lambda m: _fit(m, "Moffat")),
    (Column(name="fwhm_gaussian", unit="pix", description="FWHM of the Gaussian fit"),
     lambda m: _fit(m, "Gaussian")),
    (Column(name="radius", unit="pix", description="radius of the aperture"),
     lambda m: m.apertures.radius),
    (Column(name="sky_inner", unit="pix", description="inner radius of the sky's ring"),
     lambda m: m.apertures.sky_inner),
    (Column(name="sky_outer", unit="pix", description="outer radius of the sky's ring"),
     lambda m: m.apertures.sky_outer),
    (Column(name="sky", description="sky a pixel, in flux_unit"), lambda m: m.flux.sky.level),
    (Column(name="sky_sd", description="scatter of the sky a pixel"),
     lambda m: m.flux.sky.deviation),
    (Column(name="band", type="text", description="band of the image"), lambda m: m.band),
    (Column(name="file", type="text", description="file of the image"), lambda m: m.name),
    (Column(name="remarks", type="text", description="what to know of the number"),
     lambda m: "; ".join(_remarks(m))),
)  # fmt: skip


class MeasuresModel(QAbstractTableModel):
    """One row a measured source, the newest last."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.measures: list[SourceMeasure] = []

    def add(self, measure: SourceMeasure) -> None:
        row = len(self.measures)
        self.beginInsertRows(QModelIndex(), row, row)
        self.measures.append(measure)
        self.endInsertRows()

    def clear(self) -> None:
        self.beginResetModel()
        self.measures.clear()
        self.endResetModel()

    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.measures)

    def columnCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        column = COLUMNS[section][0]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{column.name} ({unit_text(column.unit)})" if column.unit else column.name
        return column.description if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Any, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.text(index.row(), index.column())

    def text(self, row: int, column: int) -> str:
        spec, tell = COLUMNS[column]
        value = tell(self.measures[row])
        if isinstance(value, str):
            return value
        if not math.isfinite(value):
            return ""
        return f"{value:.7f}" if spec.unit == "deg" else f"{value:.6g}"

    def catalogue(self) -> Catalogue:
        """Everything measured, with units and meanings, to be written."""
        values = {}
        for column, tell in COLUMNS:
            told = [tell(measure) for measure in self.measures]
            values[column.name] = np.array(told, object if column.type == "text" else np.float64)
        return Catalogue(
            columns=tuple(column for column, _ in COLUMNS),
            values=values,
            meta={"content": "aperture photometry by hand"},
        )


class MeasurePanel(QWidget):
    """Radii to choose, the plot of the last measure, its numbers, and the table."""

    save_wanted = Signal(object)  # a Catalogue

    def __init__(self, tool: PhotometryTool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tool = tool
        self._last: SourceMeasure | LineMeasure | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(self._settings())
        self.plot = ProfilePlot(self)
        self.hint = QLabel(HINT, self)
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget(self)  # axes of nothing would say zero to one
        self.pages.setMinimumHeight(140)
        for page in (self.hint, self.plot):
            self.pages.addWidget(page)
        layout.addWidget(self.pages, 3)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setAccessibleName("What was measured")
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.words)
        self.model = MeasuresModel(self)
        self.table = QTableView(self)
        self.table.setAccessibleName("Measured sources")
        self.table.setModel(self.model)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.table.setMinimumHeight(self.fontMetrics().height() * 5)
        layout.addWidget(self.table, 2)
        layout.addLayout(self._buttons())
        copy = QShortcut(QKeySequence.StandardKey.Copy, self.table, self.copy)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        tool.source_measured.connect(self._on_source)
        tool.line_measured.connect(self._on_line)

    def set_theme(self, theme: Theme) -> None:
        self.plot.set_theme(theme)

    def copy(self) -> None:
        """The table, or its selected rows, as text with tabs."""
        chosen = [index.row() for index in self.table.selectionModel().selectedRows()]
        rows = sorted(chosen) or range(self.model.rowCount())
        columns = range(self.model.columnCount())
        lines = ["\t".join(column.name for column, _ in COLUMNS)]
        lines += ["\t".join(self.model.text(row, column) for column in columns) for row in rows]
        QApplication.clipboard().setText("\n".join(lines))

    # Building -----------------------------------------------------------------------------------

    def _settings(self) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(2)
        apertures = self._tool.settings.apertures
        first, second = QHBoxLayout(), QHBoxLayout()
        self.radius = self._spin(first, "&Aperture", apertures.radius, "Radius of the aperture")
        self.inner = self._spin(first, "&Sky", apertures.sky_inner, "Inner radius of the ring")
        self.outer = self._spin(first, "&to", apertures.sky_outer, "Outer radius of the ring")
        first.addStretch(1)
        self.kind = QComboBox(self)
        self.kind.addItems([RADIAL, GROWTH])
        self.kind.setAccessibleName("What is plotted of a source")
        self.kind.activated.connect(self._draw)
        second.addWidget(self.kind)
        self.centre = QCheckBox("&Centre", self)
        self.centre.setChecked(True)
        self.centre.setToolTip("Move to the centre of the source before measuring")
        self.centre.clicked.connect(self._on_settings)
        second.addWidget(self.centre)
        self.line_width = self._spin(
            second, "&Line width", 1.0, "A line's values are means across it"
        )
        second.addStretch(1)
        rows.addLayout(first)
        rows.addLayout(second)
        return rows

    def _spin(self, row: QHBoxLayout, name: str, value: float, tip: str) -> QDoubleSpinBox:
        label = QLabel(name, self)
        spin = QDoubleSpinBox(self)
        spin.setRange(0.5, LARGEST_RADIUS)
        spin.setDecimals(1)
        spin.setSingleStep(0.5)
        spin.setSuffix(" px")
        spin.setKeyboardTracking(False)
        spin.setValue(value)
        spin.setToolTip(f"{tip}, in pixels")
        spin.setAccessibleName(tip)
        spin.valueChanged.connect(self._on_settings)
        label.setBuddy(spin)
        row.addWidget(label)
        row.addWidget(spin)
        return spin

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, tip, slot in (
            ("C&opy", "The table, or its selected rows, as text with tabs", self.copy),
            ("Sa&ve…", "Write the table as ECSV, CSV, FITS, VOTable or Parquet", self._on_save),
            ("Clea&r", "Empty the table", self._on_clear),
        ):
            button = QPushButton(text, self)
            button.setToolTip(tip)
            button.clicked.connect(slot)
            row.addWidget(button)
        row.addStretch(1)
        return row

    # Slots --------------------------------------------------------------------------------------

    def _on_settings(self, *_: Any) -> None:
        settings = self._tool.settings
        inner, outer = self.inner.value(), self.outer.value()
        if outer <= inner:  # the ring keeps a width, whichever radius was moved
            outer = inner + 0.5
            self.outer.blockSignals(True)
            self.outer.setValue(outer)
            self.outer.blockSignals(False)
            inner = min(inner, self.outer.value() - 0.5)
        settings.apertures = Apertures(
            radius=self.radius.value(), sky_inner=inner, sky_outer=max(outer, inner + 0.5)
        )
        settings.centre = self.centre.isChecked()
        settings.line_width = self.line_width.value()
        if self._last is not None:
            self._tool.measure_again()

    def _on_source(self, measure: SourceMeasure) -> None:
        self._last = measure
        self.model.add(measure)
        self.table.scrollToBottom()
        self.words.setText(source_words(measure))
        self._draw()

    def _on_line(self, measure: LineMeasure) -> None:
        self._last = measure
        self.words.setText(line_words(measure))
        self._draw()

    def _draw(self, *_: Any) -> None:
        if self._last is not None:
            self.pages.setCurrentWidget(self.plot)
            self.plot.draw(self._last, self.kind.currentText())

    def _on_save(self) -> None:
        self.save_wanted.emit(self.model.catalogue())

    def _on_clear(self) -> None:
        self.model.clear()
        self._tool.clear()


def source_words(measure: SourceMeasure) -> str:
    """A measured source in words, every number with its unit and what its error holds."""
    flux, unit = measure.flux, unit_text(measure.unit) or "counts (no unit in the file)"
    lines = [f"Pixel {flux.x + 1:.2f}, {flux.y + 1:.2f}" + _sky_words(measure)]
    if math.isfinite(flux.flux):
        holds = "photons and sky" if flux.has_poisson else "sky only: the file names no gain"
        lines.append(f"Flux {flux.flux:.6g} ± {flux.error:.2g} {unit}  (error of {holds})")
    if math.isfinite(flux.magnitude):
        system = "AB magnitude" if flux.is_calibrated else "Instrumental magnitude"
        lines.append(f"{system} {flux.magnitude:.3f} ± {flux.magnitude_error:.3f}")
    elif math.isfinite(flux.flux):
        lines.append("No magnitude: the flux is not positive")
    if math.isfinite(flux.sky.level):
        lines.append(
            f"Sky {flux.sky.level:.4g} ± {flux.sky.deviation:.2g} {unit} a pixel, "
            f"from {flux.sky.pixels} pixels"
        )
    for fit in measure.fits:
        beta = f", β {fit.beta:.1f}" if fit.shape == "Moffat" else ""
        lines.append(
            f"{fit.shape} FWHM {fwhm_words(fit.fwhm, measure)} ± {fit.fwhm_error:.2f} px{beta}"
        )
    lines += _remarks(measure)
    return "\n".join(lines).replace("-", "−")


def _sky_words(measure: SourceMeasure) -> str:
    if not math.isfinite(measure.longitude_deg):
        return ""
    longitude, latitude = measure.longitude_deg, measure.latitude_deg
    if measure.frame in {"icrs", "fk5"}:
        return f"   RA {hours_text(longitude)}  Dec {degrees_text(latitude)}"
    return f"   {longitude:.6f}° {latitude:+.6f}°"


def _remarks(measure: SourceMeasure) -> list[str]:
    words = list(measure.flux.remarks)
    if not measure.is_centred:
        words.append("measured at the place of the click")
    return words


def line_words(measure: LineMeasure) -> str:
    """A line's length, and the least and largest value on it."""
    length = float(measure.distance[-1])
    words = f"Line of {length:.1f} px"
    if measure.scale_arcsec:
        words += f" = {length * measure.scale_arcsec:.2f}″"
    good = measure.value[np.isfinite(measure.value)]
    if not good.size:
        return f"{words}. No pixel with data lies on it."
    unit = unit_text(measure.unit)
    text = f"{words}: from {good.min():.4g} to {good.max():.4g}, mean {good.mean():.4g} {unit}"
    return text.rstrip().replace("-", "−")
