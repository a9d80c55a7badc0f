"""The graders: each one's judgement of the row, how they agree, and what they agreed on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.session.inter_grader import (
    Agreement,
    FieldAgreement,
    coefficient_words,
    disagreements,
    redshift_words,
)

FIELDS = (
    ("user_class", "Class"),
    ("user_z", "z"),
    ("user_quality", "Quality"),
    ("user_tags", "Tags"),
    ("user_comment", "Comment"),
)
AGREED = ""  # in the place of a grader's name
HIDDEN = "Blind: the others’ judgements appear once you have given this row a quality."


class GradersPanel(QWidget):
    """Shows judgements by grader and their agreement; it knows no session."""

    blind_wanted = Signal(bool)
    unblind_wanted = Signal()
    merge_wanted = Signal()
    agreement_wanted = Signal()
    agree_wanted = Signal(str)  # the grader whose judgement of this row all agree on

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report: Agreement | None = None
        self._names: list[str] = []
        self.blind = QCheckBox("Grade blind", self)
        self.blind.setToolTip(
            "Hide the other graders’ judgements of a row until you have given it a quality"
        )
        self.unblind = QPushButton("Show this row’s", self)
        self.unblind.setToolTip("Show the others’ judgements now. It is recorded that you looked.")
        self.row_words = QLabel(self)
        self.row_words.setWordWrap(True)
        self.table = _table(
            ["Grader", *(title for _, title in FIELDS)], "Graders of this row", self
        )
        self.agree = QPushButton("Agree on the one selected", self)
        self.agree.setToolTip("Keep this judgement as the one that all graders agreed on")
        self.merge = QPushButton("Merge graders…", self)
        self.merge.setToolTip("Take over the judgements of exports or projects of other graders")
        self.compute = QPushButton("Agreement", self)
        self.compute.setToolTip("Compute kappa, or alpha of more than two graders")
        self.report = QLabel("", self)
        self.report.setWordWrap(True)
        self.report.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.coefficients = _table(
            ["Agreement", "Value", "95 % interval", "Rows"], "Agreement", self
        )
        self.coefficients.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.coefficients.hide()
        self.which = QComboBox(self)
        self.which.setAccessibleName("Confusion table of")
        self.which.hide()
        self.confusion = _table([], "Confusion of two graders", self)
        self.confusion.hide()
        column = QVBoxLayout(self)
        for widgets in ((self.blind, self.unblind), (self.row_words,), (self.table,),
                        (self.agree,), (self.merge, self.compute), (self.report,),
                        (self.coefficients,), (self.which,), (self.confusion,)):  # fmt: skip
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            column.addLayout(row)
        column.addStretch()
        self.blind.clicked.connect(self.blind_wanted)
        self.unblind.clicked.connect(self.unblind_wanted)
        self.merge.clicked.connect(self.merge_wanted)
        self.compute.clicked.connect(self.agreement_wanted)
        self.agree.clicked.connect(self._on_agree)
        self.table.itemSelectionChanged.connect(self._on_chosen)
        self.which.activated.connect(self._show_confusion)
        self.show_row({}, "", hides=False)

    def show_row(self, by_author: Mapping[str, Mapping[str, str]], me: str, hides: bool) -> None:
        """Each grader's judgement of the row; ``hides`` where others' are kept from sight."""
        self.unblind.setVisible(hides)
        self._names = sorted(by_author, key=lambda name: (name == AGREED, name != me, name))
        self.table.setRowCount(len(self._names))
        for line, name in enumerate(self._names):
            title = "agreed on" if name == AGREED else f"{name} (you)" if name == me else name
            cells = [title, *(_cell(field, by_author[name]) for field, _ in FIELDS)]
            for place, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(line, place, item)
        words = HIDDEN if hides else "" if self._names else "Nobody has judged this row."
        for one in disagreements({0: by_author}, AGREED):
            words = "They differ: " + "; ".join(one.reasons)
        self.row_words.setText(words)
        self.row_words.setVisible(bool(words))
        self.table.setVisible(bool(self._names))
        self.agree.setVisible(len([name for name in self._names if name != AGREED]) > 1)
        self._on_chosen()
        _fit(self.table)

    def show_report(self, report: Agreement) -> None:
        """Coefficients with their intervals, and the confusion of any two graders."""
        self._report = report
        self.report.setText(_report_text(report))
        _fill_coefficients(self.coefficients, report)
        self.which.clear()
        for field in report.fields:
            for first, second in field.tables:
                title = field.field.removeprefix("user_").capitalize()
                self.which.addItem(f"{title}: {first} and {second}", (field.field, first, second))
        self.which.setVisible(self.which.count() > 0)
        self.confusion.setVisible(self.which.count() > 0)
        self._show_confusion()

    def _show_confusion(self, _: int = 0) -> None:
        chosen = self.which.currentData()
        if self._report is None or chosen is None:
            return
        name, first, second = chosen
        field = next(field for field in self._report.fields if field.field == name)
        _fill_confusion(self.confusion, field, first, second)

    def _on_chosen(self) -> None:
        self.agree.setEnabled(self._chosen() is not None)

    def _chosen(self) -> str | None:
        lines = {item.row() for item in self.table.selectedItems()}
        names = [self._names[line] for line in lines if line < len(self._names)]
        return names[0] if len(names) == 1 and names[0] != AGREED else None

    def _on_agree(self) -> None:
        name = self._chosen()
        if name is not None:
            self.agree_wanted.emit(name)


def _report_text(report: Agreement) -> str:
    if len(report.graders) < 2:
        return "Agreement wants two graders: merge another’s file, or let another person grade."
    lines = [
        f"{name}: {report.graded[name]:,} rows graded"
        + (f", {report.unblinded[name]} after a look at the others’" if report.unblinded[name]
           else "")
        for name in report.graders
    ]  # fmt: skip
    lines += [f"Redshift: {redshift_words(one)}" for one in report.redshifts]
    lines.append(f"{len(report.disagreements):,} rows to agree on")
    return "\n".join(lines)


def _fill_coefficients(table: QTableWidget, report: Agreement) -> None:
    """One line for each coefficient; a dash where it is not defined."""
    lines = [(field, one) for field in report.fields for one in field.coefficients]
    table.setRowCount(len(lines))
    for line, (field, one) in enumerate(lines):
        is_defined = math.isfinite(one.value)
        cells = (
            f"{field.field.removeprefix('user_').capitalize()}: {one.name}",
            f"{one.value:.3f}" if is_defined else "–",
            f"{one.low:.3f} to {one.high:.3f}" if is_defined else "not defined",
            f"{one.rows:,}",
        )
        for place, text in enumerate(cells):
            item = QTableWidgetItem(text.replace("-", "\u2212") if place in {1, 2} else text)
            item.setToolTip(coefficient_words(one))
            if place:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(line, place, item)
    table.setVisible(bool(lines))
    head = table.horizontalHeader()
    head.setStretchLastSection(False)
    head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    _fit_height(table)


def _cell(field: str, judged: Mapping[str, str]) -> str:
    """A judgement as a cell; a redshift with five figures behind the point."""
    text = judged.get(field, "")
    return f"{float(text):.5f}".replace("-", "\u2212") if field == "user_z" and text else text


def _fill_confusion(table: QTableWidget, field: FieldAgreement, first: str, second: str) -> None:
    counts = field.tables[first, second]
    names = list(field.categories)
    table.setRowCount(len(names))
    table.setColumnCount(len(names))
    table.setHorizontalHeaderLabels(names)
    table.setVerticalHeaderLabels(names)
    table.setToolTip(f"Rows by the judgement of {first} (down) and of {second} (across)")
    for down in range(len(names)):
        for across in range(len(names)):
            item = QTableWidgetItem(f"{counts[down, across]:,}")
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if down == across:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            table.setItem(down, across, item)
    _fit(table)


def _table(heads: list[str], name: str, parent: QWidget) -> QTableWidget:
    table = QTableWidget(0, len(heads), parent)
    table.setHorizontalHeaderLabels(heads)
    table.setAccessibleName(name)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setAcceptDrops(False)
    if heads:
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.horizontalHeader().setStretchLastSection(True)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    return table


def _fit(table: QTableWidget) -> None:
    """As wide columns as their text asks for, as high a table as its rows."""
    table.resizeColumnsToContents()
    _fit_height(table)


def _fit_height(table: QTableWidget) -> None:
    table.resizeRowsToContents()
    lines = table.verticalHeader().length() + table.horizontalHeader().sizeHint().height()
    table.setFixedHeight(min(lines + 2 * table.frameWidth() + 14, 420))
