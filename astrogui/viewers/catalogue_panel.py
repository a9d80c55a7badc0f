"""The panel of an analyst's own catalogues: columns, look, cross-match and its pairs."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.viewers.catalogue_item import SYMBOLS
from astrogui.viewers.catalogue_overlay import (
    COLOURS,
    CatalogueOverlay,
    Match,
    Overlaid,
    match_table,
    source_words,
)
from astrogui.viewers.sky_columns import FRAMES, SkyColumns

WAYS = (("nearest source of each row", "nearest"), ("each other's nearest", "mutual"),
        ("all pairs", "all"))  # fmt: skip


class PairsModel(QAbstractTableModel):
    """The pairs of a match, a row each; cells are made as they are looked at."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.shown: Match | None = None

    def show_match(self, match: Match | None) -> None:
        self.beginResetModel()
        self.shown = match
        self.endResetModel()

    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self.shown is None else len(self.shown.pairs)

    def columnCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid() or self.shown is None:
            return 0
        return 2 + len(self.shown.overlaid.catalogue.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or self.shown is None:
            return None
        if orientation == Qt.Orientation.Vertical:
            return section + 1
        if section < 2:
            return ("row", "separation (″)")[section]
        column = self.shown.overlaid.catalogue.columns[section - 2]
        return f"{column.name} ({column.unit})" if column.unit else column.name

    def data(self, index: Any, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or self.shown is None:
            return None
        row, column = index.row(), index.column()
        if column == 0:
            return str(int(self.shown.row_ids[row]))
        if column == 1:
            return f"{self.shown.pairs.separation_arcsec[row]:.3f}"
        catalogue = self.shown.overlaid.catalogue
        given = catalogue.columns[column - 2]
        place = int(self.shown.pairs.second[row])
        missing = catalogue.nulls.get(given.name)
        if missing is not None and missing[place]:
            return ""
        value = catalogue.values[given.name][place]
        return f"{value:.8g}" if given.type == "float" else str(value)


class CataloguePanel(QWidget):
    """Loads, places, colours and matches the catalogues of an image view."""

    load_wanted = Signal()
    match_wanted = Signal(object, float, str)  # Overlaid, radius in arcsec, which pairs
    save_wanted = Signal(object)  # a Catalogue
    row_chosen = Signal(int)  # a row of the project, in the list of pairs

    def __init__(self, overlay: CatalogueOverlay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._overlay = overlay
        self._is_filling = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(self._choice())
        layout.addLayout(self._columns())
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setAccessibleName("About the catalogue")
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.words)
        layout.addLayout(self._matching())
        self.model = PairsModel(self)
        self.table = QTableView(self)
        self.table.setAccessibleName("Matched pairs")
        self.table.setModel(self.model)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.table.setMinimumHeight(self.fontMetrics().height() * 4)
        self.table.selectionModel().currentRowChanged.connect(self._on_pair)
        layout.addWidget(self.table, 1)
        self.save = QPushButton("Sa&ve pairs…", self)
        self.save.setToolTip("Write the pairs as ECSV, CSV, FITS, VOTable or Parquet")
        self.save.clicked.connect(self._on_save)
        layout.addWidget(self.save, 0, Qt.AlignmentFlag.AlignLeft)
        overlay.changed.connect(self.refresh)
        overlay.matched.connect(self._on_matched)
        overlay.match_failed.connect(self.words.setText)
        overlay.clicked.connect(self._on_source)
        self.refresh()

    @property
    def current(self) -> Overlaid | None:
        """The catalogue that the panel is about."""
        index = self.chosen.currentIndex()
        return self._overlay.catalogues[index] if index >= 0 else None

    def refresh(self) -> None:
        """Show the catalogues as they are."""
        self._is_filling = True
        catalogues = self._overlay.catalogues
        index = self.chosen.currentIndex()
        if self.chosen.count() != len(catalogues):
            index = len(catalogues) - 1 if len(catalogues) > self.chosen.count() else 0
            self.chosen.clear()
            self.chosen.addItems([overlaid.name for overlaid in catalogues])
            self.chosen.setCurrentIndex(index if catalogues else -1)
        overlaid = self.current
        for widget in (self.chosen, self.longitude, self.latitude, self.frame, self.colour,
                       self.symbol, self.shown, self.remove, self.match):  # fmt: skip
            widget.setEnabled(overlaid is not None)
        self._fill(overlaid)
        self._is_filling = False

    # Building -----------------------------------------------------------------------------------

    def _choice(self) -> QHBoxLayout:
        row = QHBoxLayout()
        load = QPushButton("&Load…", self)
        load.setToolTip("Overlay a FITS table, VOTable, ECSV or CSV file (Shift+U)")
        load.clicked.connect(self.load_wanted)
        self.chosen = QComboBox(self)
        self.chosen.setAccessibleName("Catalogue")
        self.chosen.activated.connect(self.refresh)
        self.remove = QPushButton("&Remove", self)
        self.remove.clicked.connect(self._on_remove)
        row.addWidget(load)
        row.addWidget(self.chosen, 1)
        row.addWidget(self.remove)
        return row

    def _columns(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        self.longitude, self.latitude = QComboBox(self), QComboBox(self)
        self.frame, self.colour, self.symbol = QComboBox(self), QComboBox(self), QComboBox(self)
        for text, frame in FRAMES:
            self.frame.addItem(text, frame)
        for colour in COLOURS:
            square = QPixmap(14, 14)
            square.fill(QColor(colour))
            self.colour.addItem(square, "", colour)
        self.symbol.addItems(list(SYMBOLS))
        for box, name in ((self.longitude, "Column of right ascension or longitude"),
                          (self.latitude, "Column of declination or latitude"),
                          (self.frame, "Coordinates of the columns")):  # fmt: skip
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(8)
            box.activated.connect(self._on_columns)
        for box, name in ((self.colour, "Colour"), (self.symbol, "Symbol")):
            box.setAccessibleName(name)
            box.activated.connect(self._on_look)
        self.shown = QCheckBox("Sho&w", self)
        self.shown.clicked.connect(self._on_look)
        places, looks = QHBoxLayout(), QHBoxLayout()
        for widget in (self.longitude, self.latitude, self.frame):
            places.addWidget(widget, 1)
        looks.addWidget(self.colour)
        looks.addWidget(self.symbol)
        looks.addWidget(self.shown)
        looks.addStretch(1)
        form.addRow("Position", places)
        form.addRow("Look", looks)
        return form

    def _matching(self) -> QHBoxLayout:
        row = QHBoxLayout()
        label = QLabel("W&ithin", self)
        self.radius = QDoubleSpinBox(self)
        self.radius.setRange(0.001, 3600.0)
        self.radius.setDecimals(3)
        self.radius.setValue(1.0)
        self.radius.setSuffix(" ″")
        self.radius.setAccessibleName("Radius of the match in arcsec")
        label.setBuddy(self.radius)
        self.way = QComboBox(self)
        self.way.setAccessibleName("Which pairs")
        for text, way in WAYS:
            self.way.addItem(text, way)
        self.match = QPushButton("&Match rows", self)
        self.match.setToolTip("Match the project's rows with this catalogue by sky position")
        self.match.clicked.connect(self.ask_for_match)
        row.addWidget(label)
        row.addWidget(self.radius)
        row.addWidget(self.way, 1)
        row.addWidget(self.match)
        return row

    def _fill(self, overlaid: Overlaid | None) -> None:
        names = [] if overlaid is None else [c.name for c in overlaid.catalogue.columns]
        chosen = overlaid.columns if overlaid is not None else None
        for box, name in ((self.longitude, chosen.longitude if chosen else ""),
                          (self.latitude, chosen.latitude if chosen else "")):  # fmt: skip
            if [box.itemText(i) for i in range(box.count())] != names:
                box.clear()
                box.addItems(names)
            box.setCurrentIndex(names.index(name) if name in names else -1)
        self.save.setEnabled(self.model.shown is not None)
        if overlaid is None:
            self.words.setText("Load a table of sources to see them on the image.")
            return
        if chosen is not None:
            self.frame.setCurrentIndex([frame for _, frame in FRAMES].index(chosen.frame))
        self.colour.setCurrentIndex(COLOURS.index(overlaid.colour))
        self.symbol.setCurrentText(overlaid.symbol)
        self.shown.setChecked(overlaid.is_shown)
        words = f"{len(overlaid.catalogue):,} sources, {overlaid.on_image:,} on this image"
        self.words.setText(f"{words}. {overlaid.fault}." if overlaid.fault else f"{words}.")

    # Slots --------------------------------------------------------------------------------------

    def ask_for_match(self) -> None:
        """Match the project's rows with the catalogue that is chosen."""
        if self.current is not None:
            self.words.setText("Matching …")
            self.match_wanted.emit(self.current, self.radius.value(), self.way.currentData())

    def _on_columns(self, *_: Any) -> None:
        overlaid = self.current
        names = self.longitude.currentText(), self.latitude.currentText()
        if self._is_filling or overlaid is None or not all(names):
            return
        self._overlay.use_columns(overlaid, SkyColumns(*names, self.frame.currentData()))

    def _on_look(self, *_: Any) -> None:
        overlaid = self.current
        if not self._is_filling and overlaid is not None:
            self._overlay.set_look(
                overlaid, self.colour.currentData(), self.symbol.currentText(),
                self.shown.isChecked(),
            )  # fmt: skip

    def _on_remove(self) -> None:
        overlaid = self.current
        if overlaid is not None:
            if self.model.shown is not None and self.model.shown.overlaid is overlaid:
                self.model.show_match(None)
            self._overlay.remove(overlaid)

    def _on_matched(self, match: Match) -> None:
        self.model.show_match(match)
        self.save.setEnabled(True)
        count = len(match.pairs)
        pairs = "pair" if count == 1 else "pairs"
        self.words.setText(
            f"{count:,} {pairs} within {match.radius_arcsec:g}″ of {match.overlaid.name} "
            f"({next(text for text, way in WAYS if way == match.which)})."
        )

    def _on_pair(self, current: Any, _: Any) -> None:
        match = self.model.shown
        if match is not None and current.isValid():
            self._overlay.go_to(match.overlaid, int(match.pairs.second[current.row()]))
            self.row_chosen.emit(int(match.row_ids[current.row()]))

    def _on_source(self, overlaid: Overlaid, row: int) -> None:
        self.words.setText(source_words(overlaid, row))

    def _on_save(self) -> None:
        if self.model.shown is not None:
            self.save_wanted.emit(match_table(self.model.shown))
