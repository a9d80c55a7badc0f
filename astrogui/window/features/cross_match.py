"""The rows of the project matched with a table by sky position: new columns, and a selection."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.catalogue import Catalogue
from astrogui.records.column_table import ColumnTable
from astrogui.window.actions import Spec
from astrogui.window.formatting import header_text
from astrogui.window.path_dialog import TableDialog

if TYPE_CHECKING:
    from astrogui.viewers.sky_join import Joined
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Asks for a table and a radius; what matches becomes columns of the catalogue."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._added: list[str] = []
        actions = bench.window.actions_by_name
        actions.add(
            (
                Spec("cross_match", "&Catalogue", "&Match with a table…", ("Ctrl+M",),
                     "By sky position: its columns beside the rows", starts_group=True),
                Spec("cross_match_off", "&Catalogue", "Take matched columns away",
                     ("Ctrl+Shift+M",), "Columns that a match has added"),
            )
        )  # fmt: skip
        actions["cross_match"].triggered.connect(self.ask)
        actions["cross_match_off"].triggered.connect(self.take_away)

    def ask(self, _: bool = False) -> None:
        dialog = TableDialog(self._bench.window, "Match with a table")
        dialog.fileSelected.connect(self.load)
        dialog.open()

    def load(self, path: str) -> None:
        """Read a table, then ask how it is to be matched."""
        self._bench.window.statusBar().showMessage(f"Reading {path} …")
        future = self._bench.session.read_table(path)
        self._bench.bridge.after(future, partial(self._on_read, path))

    def _on_read(self, path: str, table: Catalogue) -> None:
        self._bench.window.statusBar().clearMessage()
        dialog = MatchDialog(Path(path).name, table, self._bench.window)
        dialog.wanted.connect(partial(self.match, table))
        dialog.open()

    def match(self, table: Catalogue, choice: dict[str, Any]) -> None:
        """Match the rows with a table; ``choice`` as the dialogue gives it."""
        future = self._bench.model.live.call(_positions)
        self._bench.bridge.after(future, partial(self._on_positions, table, choice))

    def _on_positions(self, table: Catalogue, choice: dict[str, Any], rows: Any) -> None:
        from astrogui.viewers.sky_join import joined

        future = self._bench.compute(
            joined, *rows, table, choice["positions"], choice["radius"], choice["which"],
            choice["names"],
        )  # fmt: skip
        self._bench.bridge.after(future, partial(self._on_joined, choice))

    def _on_joined(self, choice: dict[str, Any], found: Joined) -> None:
        before, self._added = self._added, [column.name for column in found.columns]
        columns = [(column, found.row_ids, found.values[column.name]) for column in found.columns]
        future = self._bench.model.live.put_columns(columns, before)
        self._bench.bridge.after(future, partial(self._on_put, choice, found))

    def _on_put(self, choice: dict[str, Any], found: Joined, _: object) -> None:
        ids = np.unique(found.row_ids)
        if choice["select"]:
            chosen = tuple(ids.tolist())
            current = chosen[0] if chosen else None
            item = None if current is None else self._bench.model.store.item_of(current)
            self._bench.selection.choose_rows(chosen, current, item)
        self._bench.window.notice.show_notice(
            f"{ids.size:,} of {found.rows:,} rows with a position have a match within "
            f"{choice['radius']:g}″. Their columns begin with match_."
        )

    def take_away(self, _: bool = False) -> None:
        """Drop the columns of the last match."""
        before, self._added = self._added, []
        if before:
            self._bench.model.live.put_columns([], before)


class MatchDialog(QDialog):
    """Radius, positions and the columns to take over."""

    wanted = Signal(object)

    def __init__(self, name: str, table: Catalogue, parent: QWidget | None = None) -> None:
        from astrogui.viewers.sky_columns import guessed_columns

        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Match with {name}")
        numbers = [column.name for column in table.columns if column.type == "float"]
        guess = guessed_columns(table)
        self.ra, self.dec, self.which = QComboBox(self), QComboBox(self), QComboBox(self)
        for box, wanted in (
            (self.ra, guess.longitude if guess else ""),
            (self.dec, guess.latitude if guess else ""),
        ):
            box.addItems(numbers)
            box.setCurrentText(wanted)
        self.ra.setAccessibleName("Column of right ascension")
        self.dec.setAccessibleName("Column of declination")
        self.which.addItem("the nearest source of each row", "nearest")
        self.which.addItem("only where each is the other's nearest", "mutual")
        self.which.setAccessibleName("Which pairs")
        self.radius = QDoubleSpinBox(self)
        self.radius.setRange(0.001, 3600.0)
        self.radius.setDecimals(3)
        self.radius.setValue(1.0)
        self.radius.setSuffix(" ″")
        self.radius.setAccessibleName("Radius in arcseconds")
        self.columns = QListWidget(self)
        self.columns.setAccessibleName("Columns to take over")
        for column in table.columns:
            item = QListWidgetItem(header_text(column.name, column.unit), self.columns)
            item.setData(Qt.ItemDataRole.UserRole, column.name)
            item.setToolTip(column.description)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.select = QCheckBox("&Select the rows that have a match", self)
        self.select.setChecked(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("&Match")
        buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(numbers))
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("", QLabel(f"{len(table):,} sources; positions in degrees, ICRS", self))
        form.addRow("Right &ascension", self.ra)
        form.addRow("&Declination", self.dec)
        form.addRow("&Radius", self.radius)
        form.addRow("&Pairs", self.which)
        body = QVBoxLayout(self)
        body.addLayout(form)
        body.addWidget(QLabel("Columns to take over", self))
        body.addWidget(self.columns, 1)
        body.addWidget(self.select)
        body.addWidget(buttons)

    def _on_accepted(self) -> None:
        items = [self.columns.item(row) for row in range(self.columns.count())]
        role = Qt.ItemDataRole.UserRole
        self.wanted.emit(
            {
                "positions": (self.ra.currentText(), self.dec.currentText()),
                "radius": self.radius.value(),
                "which": self.which.currentData(),
                "names": [i.data(role) for i in items if i.checkState() == Qt.CheckState.Checked],
                "select": self.select.isChecked(),
            }
        )
        self.accept()


def _positions(table: ColumnTable) -> tuple[Any, Any, Any]:
    """Runs in the table's thread."""
    return table.row_ids().copy(), table.numbers("ra").copy(), table.numbers("dec").copy()
