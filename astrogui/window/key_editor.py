"""The keys of every action in a table; choosing a line and pressing keys changes them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.directory import Entry
from astrogui.window.key_map import KeyMap
from astrogui.window.panels.list_model import ListModel
from astrogui.window.panels.tables import prepare_table


class KeyEditor(QWidget):
    """Keys are changed at once; those that another action has are refused in words."""

    def __init__(self, keys: KeyMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._entries = keys.entries
        self._model = ListModel(
            ("Menu", "Action", "Keys", ""), self._key, self._cells, self._tip, parent=self
        )
        self._model.show_values(self._entries)
        self._found = QSortFilterProxyModel(self)  # of some hundred lines, never a catalogue
        self._found.setSourceModel(self._model)
        self._found.setFilterKeyColumn(-1)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = QTableView(self)
        prepare_table(self.table, self._found, "Keys of actions")
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        heads = self.table.horizontalHeader()
        heads.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for section, width in ((0, 130), (2, 170), (3, 80)):
            heads.resizeSection(section, width)
        self.edit = QKeySequenceEdit(self)
        self.edit.setAccessibleName("New keys")
        self.edit.setClearButtonEnabled(True)
        self.give = QPushButton("Use these keys", self)
        self.reset = QPushButton("As at first", self)
        self.reset_all = QPushButton("All as at first", self)
        self.words = QLabel("Choose an action, then press its new keys.", self)
        self.words.setWordWrap(True)
        self._lay_out()
        self.give.clicked.connect(self._on_give)
        self.reset.clicked.connect(self._on_reset)
        self.reset_all.clicked.connect(self._on_reset_all)
        self.table.selectionModel().currentRowChanged.connect(self._on_chosen)
        keys.changed.connect(self._show_again)
        self._on_chosen()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.edit, 1)
        for button in (self.give, self.reset, self.reset_all):
            button.setAutoDefault(False)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.table)
        column.addLayout(row)
        column.addWidget(self.words)

    def show_found(self, words: str) -> int:
        """Show the lines that hold ``words``; how many there are."""
        self._found.setFilterFixedString(words.strip())
        return self._found.rowCount()

    @property
    def chosen(self) -> Entry | None:
        index = self._found.mapToSource(self.table.currentIndex())
        return self._entries[index.row()] if index.isValid() else None

    def choose(self, name: str) -> None:
        """Choose the line of an entry."""
        row = next(i for i, entry in enumerate(self._entries) if entry.name == name)
        self.table.setCurrentIndex(self._found.mapFromSource(self._model.index(row, 0)))

    def _on_chosen(self, _: QModelIndex | None = None) -> None:
        entry = self.chosen
        for widget in (self.edit, self.give):
            widget.setEnabled(entry is not None)
        self.reset.setEnabled(entry is not None and self._keys.is_own(entry.name))
        if entry is not None:
            sequences = entry.action.shortcuts()
            self.edit.setKeySequence(sequences[0] if sequences else QKeySequence())
            self.words.setText(f"{entry.group}: {entry.text}. {entry.action.statusTip()}")

    def _on_give(self) -> None:
        entry = self.chosen
        if entry is None:
            return
        wanted = self.edit.keySequence()
        refusal = self._keys.set_keys(entry.name, [] if wanted.isEmpty() else [wanted])
        self.words.setText(refusal or f"“{entry.text}” is reached by {entry.keys or 'no key'} now.")

    def _on_reset(self) -> None:
        entry = self.chosen
        if entry is not None:
            refusal = self._keys.reset(entry.name)
            self.words.setText(refusal or f"“{entry.text}” is reached by {entry.keys} again.")

    def _on_reset_all(self) -> None:
        self._keys.reset_all()
        self.words.setText("All actions have the keys of the first start.")

    def _show_again(self) -> None:
        for row in range(self._model.rowCount()):
            self._model.say_changed(row)
        entry = self.chosen
        self.reset.setEnabled(entry is not None and self._keys.is_own(entry.name))

    def _key(self, entry: Entry) -> int:
        return self._entries.index(entry)

    def _cells(self, entry: Entry) -> tuple[str, ...]:
        own = "changed" if self._keys.is_own(entry.name) else ""
        return entry.group, entry.text, entry.keys, own

    def _tip(self, entry: Entry) -> str:
        return entry.action.statusTip()
