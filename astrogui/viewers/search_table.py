"""The candidates of a search as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from astrogui.viewers.gps_time import utc_text
from astrogui.viewers.table_fill import filled

if TYPE_CHECKING:
    from astrogui.viewers.search_view import Candidate

HEADS = (
    ("UTC", "When the merger passed the Earth's centre"),
    ("GPS (s)", "The same in GPS seconds"),
    (
        "statistic",
        "Re-weighted signal-to-noise ratios in quadrature: what candidates are ranked by",
    ),
    ("SNR", "Signal-to-noise ratio of the ranked detectors together"),
    ("false alarms / h", "So many an hour at least as loud by noise, with the 90 % interval"),
    ("chirp mass (M☉)", "Of the waveform that fits best, in the detector frame"),
    ("detectors", "Whose statistic it is"),
    ("doubts", "Flags of the answer"),
)


class CandidateTable(QTableWidget):
    """One line a candidate; a line that is chosen is told."""

    chosen = Signal(int)  # the row id

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADS), parent)
        self.setAccessibleName("Candidates of the search")
        self.setToolTip("A line shows its merger: Enter, or a click")
        for column, (head, tip) in enumerate(HEADS):
            item = QTableWidgetItem(head)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        self._row_ids: list[int] = []
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.cellClicked.connect(self._on_clicked)
        self.cellActivated.connect(self._on_clicked)

    def show_candidates(self, candidates: Sequence[Candidate], chosen: int | None) -> None:
        """Show these in order; ``chosen`` is marked."""
        self._row_ids = [one.row_id for one in candidates]
        with filled(self):
            self.setRowCount(len(candidates))
            for row, one in enumerate(candidates):
                for column, text in enumerate(cells(one)):
                    self._write(row, column, text, one.is_above)
        self.horizontalHeader().setStretchLastSection(True)
        if chosen in self._row_ids:
            self.selectRow(self._row_ids.index(chosen))
        else:
            self.clearSelection()

    def _write(self, row: int, column: int, text: str, is_above: bool) -> None:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            right = 1 <= column <= 5
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        item.setText(text)
        item.setToolTip(text)
        font = item.font()
        font.setBold(is_above and column == 2)
        item.setFont(font)

    def _on_clicked(self, row: int, _: int) -> None:
        if 0 <= row < len(self._row_ids):
            self.chosen.emit(self._row_ids[row])


def cells(one: Candidate) -> tuple[str, ...]:
    """The texts of one line."""
    return (
        utc_text(one.gps, 2).removesuffix(" UTC"),
        f"{one.gps:.3f}",
        f"{one.statistic:.2f}",
        _text(one.snr, ".1f"),
        rate_text(one.far, one.far_low, one.far_high),
        _text(one.chirp_mass, ".1f"),
        one.kind or one.detectors,
        one.doubts,
    )


def rate_text(rate: float, low: float, high: float) -> str:
    """ "4.3 (0 to 13)"; a dash where no rate is known."""
    if not math.isfinite(rate):
        return "–"
    return f"{rate:.2g} ({low:.2g} to {high:.2g})"


def _text(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "–"
