"""The intervals of an answer as a table that can be copied into a paper or a spreadsheet."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from astrogui.records.posterior import LEVELS, Posterior
from astrogui.viewers.table_fill import filled
from astrogui.viewers.unit_text import number_text, unit_text

HEADINGS = ("quantity", "unit", "value", "median", *(f"{100 * x:.0f} %" for x in LEVELS))
SPREADS = ("aleatoric σ", "epistemic σ")


Regions = dict[tuple[str, float], tuple[tuple[float, float], ...]]
EQUAL_TAILED, HIGHEST_DENSITY = "equal-tailed", "highest density"
_TIPS = {
    EQUAL_TAILED: "Equal-tailed intervals: as much probability lies below as above.",
    HIGHEST_DENSITY: "Highest-density regions: the smallest that hold the probability; "
    "several stretches where there are several peaks.",
}


def regions_of(posterior: Posterior) -> Regions:
    """The highest-density region of each parameter at each level; a tenth of a second of work."""
    return {
        (parameter.name, level): posterior.highest_density(parameter.name, level)
        for parameter in posterior.parameters
        for level in LEVELS
        if math.isfinite(posterior.median(parameter.name))
    }


class IntervalTable(QTableWidget):
    """One row a parameter: value to quote, median, intervals, the two spreads.

    A right click, or the context-menu key, asks where a number comes from.
    """

    provenance_asked = Signal(str)  # the parameter's name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADINGS) + len(SPREADS), parent)
        self.setHorizontalHeaderLabels([*HEADINGS, *SPREADS])
        self.setAccessibleName("Intervals of each quantity")
        self._names: tuple[str, ...] = ()
        self.kind = EQUAL_TAILED
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def show_posterior(self, posterior: Posterior, regions: Regions | None = None) -> None:
        """Fill the table; numbers have two digits of the 68 % half-width.

        ``regions``, when given, are shown in place of the equal-tailed intervals.
        """
        self.kind = EQUAL_TAILED if regions is None else HIGHEST_DENSITY
        self.setToolTip(
            f"{_TIPS[self.kind]}\nAleatoric: noise of the data; epistemic: spread among networks. "
            "Ctrl+C copies; a right click tells where a number comes from."
        )
        self._names = tuple(parameter.name for parameter in posterior.parameters)
        with filled(self):
            self._fill(posterior, regions)
        self.updateGeometry()

    def _fill(self, posterior: Posterior, regions: Regions | None) -> None:
        self.setRowCount(len(posterior.parameters))
        for i, parameter in enumerate(posterior.parameters):
            for column, text in enumerate(_cells(posterior, i, regions)):
                cell = QTableWidgetItem(text)
                numeric = column >= 2
                cell.setTextAlignment(
                    Qt.AlignmentFlag.AlignVCenter
                    | (Qt.AlignmentFlag.AlignRight if numeric else Qt.AlignmentFlag.AlignLeft)
                )
                if column == 0:
                    cell.setToolTip(f"{parameter.name}: {parameter.description}".rstrip(": "))
                self.setItem(i, column, cell)
        # Without a value of its own a task quotes the median: one column says it.
        self.setColumnHidden(HEADINGS.index("value"), posterior.best is None)
        has = posterior.aleatoric is not None and posterior.epistemic is not None
        for column in range(len(HEADINGS), len(HEADINGS) + len(SPREADS)):
            self.setColumnHidden(column, not has)

    def _on_menu(self, place: QPoint) -> None:
        index = self.indexAt(place)
        row = index.row() if index.isValid() else self.currentRow()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Copy", self.copy)
        if 0 <= row < len(self._names):
            name = self._names[row]
            menu.addAction("&Where this comes from…", lambda: self.provenance_asked.emit(name))
        menu.popup(self.viewport().mapToGlobal(place))

    def copy(self) -> None:
        """The selection, or everything, as tab-separated text with headings."""
        QGuiApplication.clipboard().setText(self.text())

    def text(self) -> str:
        columns = [c for c in range(self.columnCount()) if not self.isColumnHidden(c)]
        headings = [*HEADINGS, *SPREADS]
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        rows = chosen or list(range(self.rowCount()))
        lines = ["\t".join(headings[c] for c in columns)]
        lines += ["\t".join(self._cell(r, c) for c in columns) for r in rows]
        return "\n".join(lines)

    def _cell(self, row: int, column: int) -> str:
        item = self.item(row, column)
        return item.text() if item is not None else ""

    def sizeHint(self) -> QSize:
        rows = sum(self.rowHeight(i) for i in range(self.rowCount()))
        scroll = self.horizontalScrollBar().sizeHint().height()
        height = rows + self.horizontalHeader().sizeHint().height() + 4 + scroll
        return QSize(600, height)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())


def _cells(posterior: Posterior, i: int, regions: Regions | None) -> list[str]:
    parameter = posterior.parameters[i]
    name = parameter.name
    value = posterior.value(name)
    head = [parameter.title or name, unit_text(parameter.unit) or "–"]
    if not math.isfinite(value):
        return head + ["no answer"] * 2 + [""] * (len(HEADINGS) + len(SPREADS) - 4)
    low, high = posterior.interval(name, 0.68)
    scale = 0.5 * (high - low)
    cells = [*head, number_text(value, scale), number_text(posterior.median(name), scale)]
    for level in LEVELS:
        stretches = (posterior.interval(name, level),) if regions is None else regions[name, level]
        cells.append(_stretches_text(stretches, scale))
    for spread in (posterior.aleatoric, posterior.epistemic):
        cells.append("" if spread is None else number_text(float(spread[i]), float(spread[i])))
    return cells


def _stretches_text(stretches: tuple[tuple[float, float], ...], scale: float) -> str:
    """ "0.10 to 0.12", or "0.10 to 0.12 or 1.31 to 1.33" for two peaks; at most three."""
    texts = [" to ".join(number_text(bound, scale) for bound in ends) for ends in stretches[:3]]
    more = len(stretches) - len(texts)
    return " or ".join(texts) + (f" and {more} more" if more > 0 else "")
