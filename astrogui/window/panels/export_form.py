"""The form of an export: format, path, rows, columns, a preview, and how far it has come."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.catalogue import Column
from astrogui.window.panels.export_preview import HEADS, Preview, PreviewTable
from astrogui.window.progress import ProgressBar

FORMATS = (
    ("FITS table", ".fits"),
    ("VOTable", ".vot"),
    ("ECSV", ".ecsv"),
    ("CSV", ".csv"),
    ("Parquet", ".parquet"),
)
ROWS = (("all", "&All rows"), ("filtered", "&Filtered"), ("selected", "&Selected"))
PRESETS = ("Everything", "What the table shows", "Own choice")
NAME = Qt.ItemDataRole.UserRole


class ExportForm(QDialog):
    """Widgets only; ``changed`` says that another choice was made."""

    changed = Signal()
    write_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the catalogue")
        self._is_filling = False
        self._on_screen: list[str] = []
        self.rows_chosen = "all"
        body = QVBoxLayout(self)
        body.addLayout(self._build_target())
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self._build_columns())
        split.addWidget(self._build_preview())
        split.setStretchFactor(1, 1)
        split.setSizes([260, 620])
        body.addWidget(split, 1)
        body.addLayout(self._build_foot())
        self.resize(920, 600)
        self._on_path(self.path.text())

    # -- building --------------------------------------------------------------------------

    def _build_target(self) -> QFormLayout:
        self.format = QComboBox(self)
        self.format.addItems([name for name, _ in FORMATS])
        self.format.setAccessibleName("Format")
        self.format.currentIndexChanged.connect(self._on_format)
        self.path = QLineEdit(self)
        self.path.setAcceptDrops(False)
        self.path.setAccessibleName("File to write")
        self.path.textChanged.connect(self._on_path)
        self.browse = QPushButton("&Browse…", self)
        self.browse.setAutoDefault(False)
        line = QHBoxLayout()
        line.addWidget(self.path, 1)
        line.addWidget(self.browse)
        rows = QHBoxLayout()
        self._rows = QButtonGroup(self)
        self._row_buttons: dict[str, QRadioButton] = {}
        for number, (name, text) in enumerate(ROWS):
            button = QRadioButton(text, self)
            self._rows.addButton(button, number)
            self._row_buttons[name] = button
            rows.addWidget(button)
        rows.addStretch()
        self._rows.idClicked.connect(self._on_rows)
        self.posteriors = QCheckBox("Also write the &posteriors, as HDF5 beside it", self)
        form = QFormLayout()
        form.addRow("Forma&t", self.format)
        label = QLabel("&File", self)
        label.setBuddy(self.path)
        form.addRow(label, line)
        form.addRow("Rows", rows)
        form.addRow("", self.posteriors)
        return form

    def _build_columns(self) -> QWidget:
        box = QWidget(self)
        self.preset = QComboBox(box)
        self.preset.addItems(PRESETS)
        self.preset.setAccessibleName("Which columns")
        self.preset.currentIndexChanged.connect(self._on_preset)
        self.search = QLineEdit(box)
        self.search.setPlaceholderText("Find a column")
        self.search.setAcceptDrops(False)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find a column")
        self.search.textChanged.connect(self._on_search)
        self.list = QListWidget(box)
        self.list.setAccessibleName("Columns to write, in their order; drag to move")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.itemChanged.connect(self._on_own_choice)
        self.list.model().rowsMoved.connect(self._on_own_choice)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        label = QLabel("&Columns", box)
        label.setBuddy(self.preset)
        column.addWidget(label)
        column.addWidget(self.preset)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        return box

    def _build_preview(self) -> QWidget:
        box = QWidget(self)
        self.preview = PreviewTable(box)
        self.words = QLabel(box)
        self.words.setAccessibleName("Size of the export")
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel("First rows as they will be written", box))
        column.addWidget(self.preview, 1)
        column.addWidget(self.words)
        return box

    def _build_foot(self) -> QVBoxLayout:
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem.hide()
        self.bar = ProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.hide()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.export = self._buttons.addButton("&Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.accepted.connect(self.write_wanted)
        self._buttons.rejected.connect(self.stop_wanted)
        foot = QVBoxLayout()
        foot.addWidget(self.problem)
        foot.addWidget(self.bar)
        foot.addWidget(self._buttons)
        return foot

    # -- what is chosen --------------------------------------------------------------------

    def suffix(self) -> str:
        """The ending of the format chosen."""
        return FORMATS[self.format.currentIndex()][1]

    def chosen_columns(self) -> list[str]:
        """Names in the order in which they are written."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [str(i.data(NAME)) for i in items if i.checkState() == Qt.CheckState.Checked]

    def show_columns(self, columns: Sequence[Column], on_screen: Sequence[str]) -> None:
        """Every column there is; ``on_screen`` are those of "what the table shows"."""
        self._is_filling = True
        self._on_screen = list(on_screen)
        self._columns = list(columns)
        self.list.clear()
        for column in columns:
            item = QListWidgetItem(column.name, self.list)
            item.setData(NAME, column.name)
            item.setToolTip(f"{column.description} [{column.unit or 'no unit'}]")
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled
                | Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsUserCheckable
                | Qt.ItemFlag.ItemIsDragEnabled
            )
            item.setCheckState(Qt.CheckState.Checked)
        self._is_filling = False

    def show_rows(self, counts: Mapping[str, int], chosen: str) -> None:
        for name, count in counts.items():
            self.show_count(name, count)
        self.rows_chosen = chosen
        self._row_buttons[chosen].setChecked(True)

    def show_count(self, name: str, count: int) -> None:
        text = dict(ROWS)[name]
        self._row_buttons[name].setText(f"{text} ({count:,})")

    # -- showing ---------------------------------------------------------------------------

    def show_preview(self, preview: Preview | None, words: str) -> None:
        """The first rows, and how large it becomes; None where there is nothing to write."""
        self.words.setText(words)
        self.export.setEnabled(preview is not None and preview.lines > len(HEADS))
        self.preview.show_preview(preview or Preview())

    def show_writing(self, is_writing: bool) -> None:
        self.problem.hide()
        self.bar.setVisible(is_writing)
        self.bar.setValue(0)
        self.export.setEnabled(not is_writing)
        for widget in (self.format, self.path, self.browse, self.list, self.preset):
            widget.setEnabled(not is_writing)
        cancel = self._buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setText("Stop" if is_writing else "Close")

    def show_progress(self, fraction: float, words: str) -> None:
        self.bar.setValue(int(1000 * fraction))
        self.bar.setFormat(f"{words}: %p %")

    def show_problem(self, words: str) -> None:
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def call_with(self, receive: Callable[[Any], None], value: Any) -> None:
        """Hand a result on, as a method that dies with the form."""
        receive(value)

    # -- slots -----------------------------------------------------------------------------

    def _on_format(self, index: int) -> None:
        stem, dot, ending = self.path.text().rpartition(".")
        if dot and any(ending in suffix for _, suffix in FORMATS):
            self.path.setText(stem + FORMATS[index][1])
        self.changed.emit()

    def _on_path(self, text: str) -> None:
        for index, (_, suffix) in enumerate(FORMATS):
            if text.lower().endswith(suffix):
                self.format.setCurrentIndex(index)
        path = os.path.expanduser(text.strip())
        folder = os.path.dirname(path) or "."
        if text and not os.path.isdir(folder):
            self.show_problem(f"There is no folder {folder}.")
        elif text and os.path.exists(path):
            self.show_problem(f"{os.path.basename(path)} is there already and will be replaced.")
        else:
            self.show_problem("")

    def _on_rows(self, number: int) -> None:
        self.rows_chosen = ROWS[number][0]
        self.changed.emit()

    def _on_preset(self, index: int) -> None:
        if index == 2:
            return
        self._is_filling = True
        names = [column.name for column in self._columns]
        first = self._on_screen if index == 1 else names
        order = [*first, *(name for name in names if name not in first)]
        items = {
            str(item.data(NAME)): item
            for item in [self.list.takeItem(0) for _ in range(self.list.count())]
        }
        for name in order:
            self.list.addItem(items[name])
            is_in = index == 0 or name in first
            items[name].setCheckState(Qt.CheckState.Checked if is_in else Qt.CheckState.Unchecked)
        self._is_filling = False
        self.changed.emit()

    def _on_own_choice(self, *_: object) -> None:
        if not self._is_filling:
            self.preset.setCurrentIndex(2)
            self.changed.emit()

    def _on_search(self, text: str) -> None:
        for row in range(self.list.count()):
            item = self.list.item(row)
            words = f"{item.text()} {item.toolTip()}".casefold()
            item.setHidden(text.casefold() not in words)
