"""The intervals of an answer as a table that can be copied into a paper or a spreadsheet."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from astrogui.records.posterior import LEVELS, Posterior
from astrogui.viewers.unit_text import number_text, unit_text

HEADINGS = ("quantity", "unit", "value", "median", *(f"{100 * x:.0f} %" for x in LEVELS))
SPREADS = ("aleatoric σ", "epistemic σ")


class IntervalTable(QTableWidget):
    """One row a parameter: value to quote, median, equal-tailed intervals, the two spreads."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADINGS) + len(SPREADS), parent)
        self.setHorizontalHeaderLabels([*HEADINGS, *SPREADS])
        self.setAccessibleName("Intervals of each quantity")
        self.setToolTip(
            "Equal-tailed intervals that hold the quantity with the probability in the heading.\n"
            "Aleatoric: noise of the data; epistemic: spread among networks. Ctrl+C copies."
        )
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

    def show_posterior(self, posterior: Posterior) -> None:
        """Fill the table; numbers have two digits of the 68 % half-width."""
        self.setRowCount(len(posterior.parameters))
        for i, parameter in enumerate(posterior.parameters):
            for column, text in enumerate(_cells(posterior, i)):
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
        self.updateGeometry()

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


def _cells(posterior: Posterior, i: int) -> list[str]:
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
        bounds = posterior.interval(name, level)
        cells.append(" to ".join(number_text(bound, scale) for bound in bounds))
    for spread in (posterior.aleatoric, posterior.epistemic):
        cells.append("" if spread is None else number_text(float(spread[i]), float(spread[i])))
    return cells
