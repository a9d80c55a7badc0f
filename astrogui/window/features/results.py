"""The answer shown: its pages, its intervals, published values, and copies of it for a paper."""

from __future__ import annotations

import csv
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.actions import Spec

if TYPE_CHECKING:
    from astrogui.records.posterior import Posterior
    from astrogui.window.workbench import Workbench

MENU = "&Results"
PAGES = (("answer", "Answer"), ("corner", "Corner"), ("compare", "Compare"), ("card", "Model card"))
SPECS = (
    *(Spec(f"show_{name}", MENU, f"Show {title.lower()}", (f"Shift+F{i + 5}",),
           f"The page {title} of the results")
      for i, (name, title) in enumerate(PAGES, start=1)),
    Spec("highest_density", MENU, "&Highest-density intervals", ("Shift+F12",),
         "The smallest regions instead of equal-tailed intervals", starts_group=True),
    Spec("reference_values", MENU, "&Published values…", ("Shift+F11",),
         "Mark published or true values in the corner plot, typed or from a table"),
    Spec("copy_result_text", MENU, "Copy as te&xt", ("Ctrl+F6",),
         "The answer, or the comparison, as lines of text", starts_group=True),
    Spec("copy_result_latex", MENU, "Copy as &LaTeX", ("Ctrl+F7",),
         "The answer as lines of a table, errors rounded as papers do"),
    Spec("copy_result_figure", MENU, "Copy as &figure", ("Ctrl+F8",),
         "The plots of the page on top, as a picture"),
)  # fmt: skip
BAR = ("copy_result_text", "copy_result_latex", "copy_result_figure", "save_figure",
       "highest_density", "reference_values", "provenance", "verify")  # fmt: skip
SHORT = {
    "copy_result_text": "Copy", "copy_result_latex": "LaTeX", "copy_result_figure": "Picture",
    "save_figure": "Figure…", "highest_density": "Highest density",
    "reference_values": "Published…", "provenance": "Origin…", "verify": "Verify",
}  # fmt: skip
GPS_TOLERANCE_S = 2.0


class Feature(QObject):
    """Gives the results panel its actions, in a menu and in a bar above it."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._view = bench, bench.results.view
        self._references: dict[int, tuple[dict[str, float], str]] = {}  # by row
        self.dialog: ReferenceDialog | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        for name, title in PAGES:
            actions[f"show_{name}"].triggered.connect(partial(self._on_page, title))
        actions["highest_density"].setCheckable(True)
        actions["highest_density"].toggled.connect(self._view.set_highest_density)
        for name, handler in (
            ("reference_values", self.ask_for_reference),
            ("copy_result_text", self.copy_text),
            ("copy_result_latex", self.copy_latex),
            ("copy_result_figure", self.copy_figure),
        ):
            actions[name].triggered.connect(handler)
        bench.answer.changed.connect(self._on_answer)
        bench.bridge.project_changed.connect(self._references.clear)
        bench.built.connect(self._build_bar)
        if bench.is_built:
            self._build_bar()

    def copy_text(self) -> None:
        self._copy(self._view.as_text(), "The answer is on the clipboard as text.")

    def copy_latex(self) -> None:
        self._copy(self._view.as_latex(), "The answer is on the clipboard as LaTeX.")

    def copy_figure(self) -> None:
        """The figure of the page on top."""
        figures = self._view.figures()
        if figures and self._bench.features["figure"].copy(figures[0].title):
            words = f"“{figures[0].title}” is on the clipboard as a picture."
        else:
            words = "There is no figure to copy: choose a row with an answer."
        self._bench.window.notice.show_notice(words)

    def ask_for_reference(self) -> None:
        """Ask for published or true values of the quantities of the answer."""
        posterior, row_id = self._view.posterior, self._bench.selection.row_id
        if posterior is None or row_id is None or not posterior.parameters:
            self._bench.window.notice.show_notice("Choose a row whose answer has quantities.")
            return
        values, source = self._references.get(row_id, ({}, ""))
        self.dialog = ReferenceDialog(posterior, values, source, self._bench.window)
        self.dialog.table_chosen.connect(self._on_table_chosen)
        self.dialog.chosen.connect(partial(self._on_reference, row_id))
        self.dialog.open()

    def _on_reference(self, row_id: int, values: dict[str, float], source: str) -> None:
        self._references[row_id] = (values, source)
        self._mark()
        self._view.show_page("Corner")

    def _on_table_chosen(self, path: str) -> None:
        row_id = self._bench.selection.row_id
        if row_id is None or self._view.posterior is None:
            return
        row = self._bench.answer.row or {}
        names = tuple(parameter.name for parameter in self._view.posterior.parameters)
        future = self._bench.compute(values_from_table, path, names, row)
        self._bench.bridge.after(future, self._on_table_read, self._on_table_failed)

    def _on_table_read(self, found: tuple[dict[str, float], str]) -> None:
        if self.dialog is not None:
            self.dialog.take(*found)

    def _on_table_failed(self, words: str) -> None:
        if self.dialog is not None:
            self.dialog.words.setText(words)

    def _on_answer(self, row: Any, _: Any) -> None:
        del row
        self._mark()

    def _mark(self) -> None:
        row_id = self._bench.selection.row_id
        values, source = self._references.get(-1 if row_id is None else row_id, ({}, ""))
        self._view.corner.set_reference(values, source)

    def _on_page(self, title: str) -> None:
        dock = self._bench.window.docks["results"]
        dock.show()
        dock.raise_()
        self._view.show_page(title)

    def _copy(self, text: str, words: str) -> None:
        if text:
            QGuiApplication.clipboard().setText(text)
        self._bench.window.notice.show_notice(
            words if text else "There is nothing to copy: choose a row with an answer."
        )

    def _build_bar(self) -> None:
        """A bar of the same actions above the answer."""
        bar = QToolBar(self._bench.results)
        bar.setAccessibleName("Results tools")
        bar.setIconSize(QSize(14, 14))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        actions = self._bench.window.actions_by_name
        for name in BAR:
            actions[name].setIconText(SHORT[name])
            bar.addAction(actions[name])
        layout = self._bench.results.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, bar)


class ReferenceDialog(QDialog):
    """A value for each quantity, typed or taken from a table; empty fields are not marked."""

    chosen = Signal(object, str)
    table_chosen = Signal(str)

    def __init__(
        self,
        posterior: Posterior,
        values: dict[str, float],
        source: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        from astrogui.viewers.unit_text import unit_text

        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Published values")
        self.resize(420, 420)
        self._names = [parameter.name for parameter in posterior.parameters]
        self.table = QTableWidget(len(self._names), 3)
        self.table.setHorizontalHeaderLabels(["quantity", "unit", "value"])
        self.table.setAccessibleName("Published value of each quantity")
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        for i, parameter in enumerate(posterior.parameters):
            texts = (parameter.title or parameter.name, unit_text(parameter.unit) or "–")
            for column, text in enumerate(texts):
                cell = QTableWidgetItem(text)
                cell.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.table.setItem(i, column, cell)
            self.table.setItem(i, 2, QTableWidgetItem(""))
        self.table.resizeColumnsToContents()
        self.source = QLineEdit(source)
        self.source.setPlaceholderText("where they are from, for example 4-OGC")
        self.source.setAccessibleName("Where the values are from")
        self.words = QLabel("Type values in the units shown, or take them from a table.")
        self.words.setWordWrap(True)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        read = QPushButton("From a &table…")
        self.buttons.addButton(read, QDialogButtonBox.ButtonRole.ActionRole)
        column_layout = QVBoxLayout(self)
        for widget in (self.words, self.table, self.source, self.buttons):
            column_layout.addWidget(widget)
        read.clicked.connect(self._on_read)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        self._fill(values)

    def take(self, values: dict[str, float], words: str) -> None:
        """Values that a table gave."""
        self._fill(values)
        self.words.setText(words)
        if not self.source.text():
            self.source.setText(words.partition(":")[0])

    def _fill(self, values: dict[str, float]) -> None:
        for i, name in enumerate(self._names):
            if name in values:
                self.table.setItem(i, 2, QTableWidgetItem(f"{values[name]:g}"))

    def _on_read(self) -> None:
        dialog = QFileDialog(self, "A table of published values")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Tables (*.csv *.txt *.tsv)", "All files (*)"])
        dialog.fileSelected.connect(self.table_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_accepted(self) -> None:
        values: dict[str, float] = {}
        for i, name in enumerate(self._names):
            cell = self.table.item(i, 2)
            text = "" if cell is None else cell.text().strip().replace("−", "-")
            if not text:
                continue
            try:
                number = float(text)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                self.words.setText(f"“{text}” is no number: write 30.7, or leave it empty.")
                self.table.setCurrentCell(i, 2)
                return
            values[name] = number
        self.chosen.emit(values, self.source.text().strip())
        self.accept()


def values_from_table(
    path: str, names: tuple[str, ...], row: dict[str, Any]
) -> tuple[dict[str, float], str]:
    """The values of a row's object in a table of text, and words about the line found.

    Columns are called as the quantities are (``chirp_mass_det``), also with ``_median`` or
    ``_true`` behind. The line is that of the object's name, or of a GPS time within 2 seconds.
    Raises ``AstroguiError`` for a table that is none, or has no line or column that fits.
    """
    from astrogui.errors import UsageProblem

    file = path.rpartition("/")[2]
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            kept = [line for line in stream if line.strip() and not line.startswith("#")]
        dialect = csv.Sniffer().sniff(kept[0], ",;\t|") if kept else csv.excel
        lines = list(csv.DictReader(kept, dialect=dialect))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageProblem(f"{file}: this is no table of text ({error}).") from error
    line = next((entry for entry in lines if _is_of(entry, row)), None)
    if line is None:
        raise UsageProblem(
            f"{file}: none of its {len(lines)} lines has the name {row.get('object_id')!r} or its "
            "GPS time. Type the values instead."
        )
    values = {name: value for name in names if (value := _number_of(line, name)) is not None}
    if not values:
        raise UsageProblem(
            f"{file}: no column is called {', '.join(names[:4])} … Rename them, or type the values."
        )
    return values, f"{file}: {len(values)} values of {_name_in(line)}"


def _is_of(line: dict[str, Any], row: dict[str, Any]) -> bool:
    name = str(row.get("object_id") or "").strip().lower()
    cells = {str(cell).strip().lower() for cell in line.values() if cell}
    if name and name in cells:
        return True
    wanted = row.get("gps") or row.get("gps_found")
    for column, cell in line.items():
        if wanted is not None and str(column).lower().strip() in {"gps", "gps_time", "t_gps"}:
            try:
                return abs(float(cell) - float(wanted)) <= GPS_TOLERANCE_S
            except (TypeError, ValueError):
                return False
    return False


def _number_of(line: dict[str, Any], name: str) -> float | None:
    for column in (name, f"{name}_median", f"{name}_true", f"true_{name}"):
        try:
            value = float(line[column])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(value):
            return value
    return None


def _name_in(line: dict[str, Any]) -> str:
    return str(next(iter(line.values()), "")).strip() or "the object"
