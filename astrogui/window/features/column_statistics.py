"""Statistics of a column, over all rows, those that the filter leaves, or those selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.column_table import ColumnTable
from astrogui.session.column_facts import QUANTILES, ColumnFacts, facts_of
from astrogui.viewers.unit_text import unit_text
from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

ROWS = (("all", "All rows"), ("filtered", "Filtered"), ("selected", "Selected"))
PAUSE_MS = 200


class Feature(QObject):
    """A dock made when it is first asked for; it follows filter, selection and new rows."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.panel: StatisticsPanel | None = None
        bench.window.actions_by_name.add(
            (
                Spec(
                    "column_statistics", "&Catalogue", "S&tatistics of the column",
                    ("Ctrl+Shift+T",), "Count, mean, quantiles; texts with their numbers",
                ),
            )
        )  # fmt: skip
        bench.window.actions_by_name["column_statistics"].triggered.connect(self.show_current)

    def show_current(self, _: bool = False) -> None:
        """Statistics of the column of the current cell."""
        self.show_column(self._bench.catalogue.current_column() or "z")

    def show_column(self, name: str) -> None:
        if self.panel is None:
            self.panel = StatisticsPanel(self._bench, self._bench.window)
            self._bench.window.docks.add(
                DockSpec("statistics", "Statistics"), self.panel, "catalogue"
            )
        dock = self._bench.window.docks["statistics"]
        dock.show()
        dock.raise_()
        self.panel.show_column(name)


class StatisticsPanel(QWidget):
    """One column at a time."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._model = bench, bench.model
        self._asked = 0
        self._lines: list[tuple[str, str]] = []
        self.facts: ColumnFacts | None = None
        self.column = QComboBox(self)
        self.column.setAccessibleName("Column")
        self.rows = QComboBox(self)
        self.rows.setAccessibleName("Rows")
        for name, words in ROWS:
            self.rows.addItem(words, name)
        self.copy = QPushButton("Copy", self)
        self.copy.setToolTip("The statistics as text with tabs")
        self.words = QLabel(self)
        self.table = QTableWidget(self)
        self.table.setColumnCount(2)
        self.table.setAccessibleName("Statistics")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        line = QHBoxLayout()
        line.addWidget(self.column, 1)
        line.addWidget(self.rows)
        line.addWidget(self.copy)
        body = QVBoxLayout(self)
        body.setContentsMargins(4, 4, 4, 4)
        body.addLayout(line)
        body.addWidget(self.words)
        body.addWidget(self.table, 1)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._ask)
        self.column.currentIndexChanged.connect(self._later.start)
        self.rows.currentIndexChanged.connect(self._later.start)
        self.copy.clicked.connect(self._on_copy)
        self._model.rows_read.connect(self._on_changed)
        self._model.arranged_anew.connect(self._on_changed)
        self._model.columns_changed.connect(self._fill_columns)
        bench.selection.rows_changed.connect(self._on_changed)
        self._fill_columns()

    def show_column(self, name: str) -> None:
        place = self.column.findText(name)
        if place >= 0:
            self.column.setCurrentIndex(place)
        self._later.start()

    def _fill_columns(self) -> None:
        chosen = self.column.currentText()
        self.column.blockSignals(True)
        self.column.clear()
        self.column.addItems([column.name for column in self._model.store.columns])
        self.column.setCurrentIndex(max(self.column.findText(chosen), 0))
        self.column.blockSignals(False)
        self._later.start()

    def _on_changed(self, _: object = None) -> None:
        if self.isVisible():
            self._later.start()

    def _ask(self) -> None:
        name, rows = self.column.currentText(), self.rows.currentData()
        if not self._model.store.has(name):
            return
        places: NDArray[np.int64] | None = None
        if rows == "filtered":
            places = self._model.positions()
        elif rows == "selected":
            found = self._model.store.positions(self._bench.selection.ids)
            places = found[found >= 0]
        self._asked += 1
        future = self._bench.compute(_facts, self._model.store, name, places, self._asked)
        self._bench.bridge.after(future, self._on_come)

    def _on_come(self, found: tuple[str, ColumnFacts, int]) -> None:
        name, facts, asked = found
        if asked != self._asked:
            return
        self.facts = facts
        column = next((c for c in self._model.store.columns if c.name == name), None)
        unit = unit_text(column.unit) if column is not None else ""
        words = column.description if column is not None else ""
        self.words.setText(f"{words}{f' [{unit}]' if unit else ''}")
        self._show(text_head(facts), lines_of(facts, unit))

    def _show(self, heads: tuple[str, str], lines: list[tuple[str, str]]) -> None:
        self._lines = lines
        self.table.setRowCount(len(lines))
        self.table.setHorizontalHeaderLabels(list(heads))
        for row, (name, value) in enumerate(lines):
            self.table.setItem(row, 0, QTableWidgetItem(name))
            cell = QTableWidgetItem(value)
            cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, 1, cell)
        self.table.resizeColumnToContents(0)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(
            "\n".join(f"{name}\t{value}" for name, value in self._lines)
        )


def text_head(facts: ColumnFacts) -> tuple[str, str]:
    return ("Value", "Rows") if facts.is_text else ("Quantity", "Value")


def lines_of(facts: ColumnFacts, unit: str) -> list[tuple[str, str]]:
    """Names and values as they are shown, units included."""
    lines = [("rows", f"{facts.rows:,}"), ("without a value", f"{facts.nulls:,}")]
    lines.append(("distinct values", f"{facts.distinct:,}"))
    if facts.is_text:
        share = max(facts.values, 1)
        return lines + [
            (text, f"{count:,}   ({100 * count / share:.1f} %)") for text, count in facts.counts
        ]
    behind = f" {unit}" if unit else ""
    numbers = [
        ("least", facts.least),
        ("greatest", facts.most),
        ("mean", facts.mean),
        ("standard deviation", facts.deviation),
        *(
            ("median" if level == 0.5 else f"{100 * level:.0f} % quantile", value)
            for level, value in zip(QUANTILES, facts.quantiles, strict=True)
        ),
    ]
    return lines + [
        (name, "–" if np.isnan(value) else f"{value:.6g}{behind}".replace("-", "\u2212"))
        for name, value in numbers
    ]


def _facts(
    store: ColumnTable, name: str, places: NDArray[np.int64] | None, asked: int
) -> tuple[str, ColumnFacts, int]:
    """Runs in the pool."""
    if store.is_text(name):
        texts = store.text(name)
        return name, facts_of(texts if places is None else texts.take(places)), asked
    numbers = store.numbers(name)
    return name, facts_of(numbers if places is None else np.take(numbers, places)), asked
