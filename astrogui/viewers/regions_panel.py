"""The list of regions beside an image: what they are called, where they lie, what is in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.science.regions import PixelShape, Region
from astrogui.viewers.region_measure import Measured
from astrogui.viewers.regions_hand import DRAWN
from astrogui.viewers.regions_item import colour_of
from astrogui.viewers.regions_tool import RegionsTool
from astrogui.viewers.sky import degrees_text, hours_text
from astrogui.viewers.unit_text import unit_text

COLOURS = ("green", "red", "blue", "cyan", "magenta", "yellow", "white", "black", "orange")
HEADINGS = ("Shape", "Label", "Position", "Size")
SAVED_FRAMES = (
    ("As they are", ""), ("ICRS", "icrs"), ("FK5 (J2000)", "fk5"), ("Galactic", "galactic"),
    ("Image pixels", "image"), ("Physical pixels", "physical"),
)  # fmt: skip


class RegionsModel(QAbstractTableModel):
    """One row a region."""

    def __init__(self, tool: RegionsTool) -> None:
        super().__init__(tool)
        self._tool = tool
        self._regions: tuple[Region, ...] = ()
        tool.placed_anew.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        regions = self._tool.list.regions
        if len(regions) != len(self._regions):
            self.beginResetModel()
            self._regions = regions
            self.endResetModel()
        elif regions:
            self._regions = regions
            self.dataChanged.emit(self.index(0, 0), self.index(len(regions) - 1, 3))

    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._regions)

    def columnCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return section + 1
        return None

    def data(self, index: Any, role: int = 0) -> Any:
        region = self._regions[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(region, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return colour_of(region)
        if role == Qt.ItemDataRole.ToolTipRole:
            place = self._tool.place_of(index.row())
            return self._text(region, 2) if isinstance(place, PixelShape) else f"Not drawn: {place}"
        if role == Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setItalic(not isinstance(self._tool.place_of(index.row()), PixelShape))
            return font
        return None

    def _text(self, region: Region, column: int) -> str:
        if column == 0:
            return region.shape if region.include else f"not {region.shape}"
        if column == 1:
            return region.label
        return position_words(region) if column == 2 else size_words(region)


class RegionsPanel(QWidget):
    """Draws, lists, names, colours, measures, reads and saves the regions of an image view."""

    open_wanted = Signal()
    save_wanted = Signal(str)  # the frame to write, "" as they are

    def __init__(self, tool: RegionsTool, actions: Sequence[QAction], parent: Any = None) -> None:
        super().__init__(parent)
        self._tool = tool
        self._is_filling = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(self._drawing(actions))
        self.table = self._make_table()
        layout.addWidget(self.table, 1)
        layout.addLayout(self._properties())
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setAccessibleName("Statistics of the region")
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        layout.addWidget(self.words)
        layout.addLayout(self._file())
        tool.list.changed.connect(self._on_selection)
        tool.list.selection_changed.connect(self._on_selection)
        tool.measured.connect(self._on_measured)
        tool.edit_wanted.connect(self.edit_label)
        self._on_selection()
        self._on_measured(None)

    def edit_label(self) -> None:
        """Go to the label of the selected region."""
        self.label.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.label.selectAll()

    # Building -----------------------------------------------------------------------------------

    def _drawing(self, actions: Sequence[QAction]) -> QHBoxLayout:
        """A button with the drawing tools, and the edits one reaches for."""
        row = QHBoxLayout()
        names = [f"region_{name}" for name, *_ in DRAWN]
        by_name = {action.objectName(): action for action in actions}
        button = QToolButton(self)
        button.setText("Draw")
        button.setToolTip("Choose a shape, then draw it on the image")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addActions([by_name[name] for name in names])
        button.setMenu(menu)
        row.addWidget(button)
        for name, text in (("remove", "Delete"), ("undo", "Undo"), ("redo", "Redo")):
            one = QToolButton(self)
            action = by_name[f"region_{name}"]
            one.setText(text)
            one.setToolTip(action.toolTip())
            one.clicked.connect(action.trigger)
            row.addWidget(one)
        row.addStretch(1)
        return row

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setAccessibleName("Regions")
        table.setModel(RegionsModel(self._tool))
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        table.setTabKeyNavigation(False)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
        table.verticalHeader().setMinimumWidth(24)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for column, letters in enumerate((15, 14, 26)):
            table.setColumnWidth(column, table.fontMetrics().averageCharWidth() * letters)
        table.selectionModel().selectionChanged.connect(self._on_rows_chosen)
        table.doubleClicked.connect(self._on_row_double_clicked)
        table.setMinimumHeight(table.fontMetrics().height() * 5)
        return table

    def _properties(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        self.label = QLineEdit(self)
        self.label.setPlaceholderText("written above the region")
        self.label.editingFinished.connect(self._on_label)
        self.colour = QComboBox(self)
        self.colour.addItems(list(COLOURS))
        self.colour.setAccessibleName("Colour of the region")
        self.colour.activated.connect(self._on_colour)
        self.exclude = QCheckBox("E&xclude", self)
        self.exclude.setToolTip("Pixels inside are left out of the statistics of other regions")
        self.exclude.clicked.connect(self._on_exclude)
        form.addRow("&Label", self.label)
        holder = QHBoxLayout()
        holder.addWidget(self.colour)
        holder.addWidget(self.exclude)
        holder.addStretch(1)
        form.addRow("Colour", holder)
        return form

    def _file(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.open = QPushButton("&Open…", self)
        self.open.setToolTip("Add the regions of a DS9 region file")
        self.save = QPushButton("&Save…", self)
        self.save.setToolTip("Write a DS9 region file")
        self.frame = QComboBox(self)
        self.frame.setAccessibleName("Coordinates of the saved file")
        self.frame.setToolTip("The coordinates that the saved file uses")
        for text, frame in SAVED_FRAMES:
            self.frame.addItem(text, frame)
        self.open.clicked.connect(self.open_wanted)
        self.save.clicked.connect(self._on_save)
        row.addWidget(self.open)
        row.addWidget(self.save)
        row.addWidget(self.frame, 1)
        return row

    # Slots --------------------------------------------------------------------------------------

    def _on_save(self) -> None:
        self.save_wanted.emit(self.frame.currentData())

    def _on_rows_chosen(self, *_: Any) -> None:
        if not self._is_filling:
            rows = [index.row() for index in self.table.selectionModel().selectedRows()]
            self._tool.list.select(sorted(rows))

    def _on_row_double_clicked(self, *_: Any) -> None:
        self._tool.centre_on_selected()

    def _on_selection(self) -> None:
        """Show what is selected on the image in the table and the fields."""
        self._is_filling = True
        model, chosen = self.table.selectionModel(), self._tool.list.selected
        model.clearSelection()
        flags = QItemSelectionModel.SelectionFlag
        for row in chosen:
            if row < self.table.model().rowCount():
                index = self.table.model().index(row, 0)
                model.select(index, flags.Select | flags.Rows)
                self.table.scrollTo(index)
        self._is_filling = False
        regions = self._tool.list.regions
        region = regions[chosen[-1]] if chosen else None
        for field in (self.label, self.exclude):
            field.setEnabled(region is not None)
        self.save.setEnabled(bool(self._tool.list.entries))
        self.label.setText(region.label if region else "")
        self.exclude.setChecked(region is not None and not region.include)
        colour = region.colour if region else self._tool.colour
        if self.colour.findText(colour) < 0:
            self.colour.addItem(colour)
        self.colour.setCurrentText(colour)

    def _on_label(self) -> None:
        text = self.label.text().strip()
        chosen, regions = self._tool.list.selected, self._tool.list.regions
        if chosen and text != regions[chosen[-1]].label:
            self._tool.list.put(
                chosen[-1], regions[chosen[-1]].with_property("text", text), "Label region"
            )

    def _on_colour(self) -> None:
        colour = self.colour.currentText()
        self._tool.colour = colour
        self._tool.change(lambda r: r.with_property("color", colour), "Colour region")

    def _on_exclude(self, excluded: bool) -> None:
        self._tool.change(lambda r: replace(r, include=not excluded, text=""), "Exclude region")

    def _on_measured(self, measured: Measured | None) -> None:
        if measured is None:
            chosen = self._tool.list.selected
            place = self._tool.place_of(chosen[-1]) if chosen else ""
            words = "Select a region for what its pixels add up to."
            self.words.setText(f"Not drawn here: {place}." if isinstance(place, str) and place
                               else words)  # fmt: skip
            return
        self.words.setText(statistics_words(measured))


def statistics_words(measured: Measured) -> str:
    """What the pixels of a region add up to, with units, a line each."""
    found, unit = measured.statistics, unit_text(measured.unit)
    area = measured.shape.area()
    lines = [f"Region {measured.index + 1}: {found.pixels} pixels whose centre lies inside"]
    if found.no_data:
        lines[0] += f", {found.no_data} more without data"
    if area:
        words = f"Area {area:.6g} pixels"
        if measured.scale_arcsec:
            words += f" = {area * measured.scale_arcsec**2:.6g} arcsec²"
        lines.append(words)
    if not found.pixels:
        return "\n".join([*lines, "No pixel with data lies inside."])

    def value(number: float) -> str:
        if math.isnan(number):
            return "–"
        return f"{number:.6g} {unit}".rstrip().replace("-", "−")

    lines += [
        f"Sum {value(found.total)}",
        f"Mean {value(found.mean)}",
        f"Median {value(found.median)}",
        f"Standard deviation {value(found.deviation)}",
        f"Least {value(found.least)}, largest {value(found.largest)}",
    ]
    if found.rows_skipped:
        lines.append(f"The median is that of one row in {found.rows_skipped + 1}.")
    return "\n".join(lines)


def position_words(region: Region) -> str:
    """Where a region lies, in its own frame: the centre, or the mean of its corners."""
    x = sum(point[0] for point in region.points) / len(region.points)
    y = sum(point[1] for point in region.points) / len(region.points)
    if not region.is_on_sky:
        return f"{x:.2f}, {y:.2f}" + (" physical" if region.frame == "physical" else "")
    if any(abs(point[0] - region.points[0][0]) > 180 for point in region.points):
        x = region.points[0][0]
    if region.frame in {"icrs", "fk5"}:
        frame = " FK5" if region.frame == "fk5" else ""
        return f"{hours_text(x)} {degrees_text(y)}{frame}"
    return f"{region.frame} {x:.5f}° {y:+.5f}°".replace("-", "−")


def size_words(region: Region) -> str:
    """Radius, semi-axes, width and height, or radii with their unit; the angle where it turns."""
    unit = {"arcsec": "″", "pixel": " px", "physical": " physical px"}[region.size_unit]
    words = " × ".join(f"{size:.4g}" for size in region.sizes)
    if region.shape == "annulus":
        words = "–".join(f"{size:.4g}" for size in region.sizes)
    if region.shape in {"ellipse", "box"}:
        return f"{words}{unit}, {region.angle_deg:.1f}°"
    if region.shape in {"polygon", "line"}:
        return f"{len(region.points)} corners" if region.shape == "polygon" else ""
    return f"{words}{unit}" if words else ""
