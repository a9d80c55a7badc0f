"""The files of the project: their kind and state, and where to find what is missing."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QFileDialog,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.bridge import Bridge
from astrogui.window.formatting import bytes_text, file_names
from astrogui.window.icons import Icons
from astrogui.window.panels.item_model import ItemModel
from astrogui.window.panels.tables import prepare_table, selected_rows
from astrogui.window.reading import Compute, Reading
from astrogui.window.selection import Selection

if TYPE_CHECKING:
    from astrogui.session.session import Session


PAUSE_MS = 200  # between two looks at what has come, while hundreds of files do


class FilesPanel(QWidget):
    """One line an observation; choosing it shows it."""

    counted = Signal(int)
    listed = Signal(list)  # every observation, after the whole list was read
    chosen = Signal(int)  # an observation's id

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        selection: Selection,
        icons: Icons,
        compute: Compute,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._bridge = session, bridge
        self._selection, self._icons = selection, icons
        self._reading = Reading(session, bridge, compute, self._read, self._show, self)
        self._wanted: deque[int | None] = deque()  # items to be read; None for all
        self._model = ItemModel("File", lambda item: item.item_id, _line, _tip, self._icon, self)
        self._table = QTableView(self)
        prepare_table(self._table, self._model, "Files")
        self._table.setItemDelegate(QStyledItemDelegate(self._table))  # paints without Python
        self._table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        heads = self._table.horizontalHeader()
        heads.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        heads.hide()
        self._table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        self._locate = QPushButton("Locate…", self)
        self._locate.setToolTip("Say where the missing file is now")
        self._locate.clicked.connect(self._on_locate)
        self._locate.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table)
        column.addWidget(self._locate)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._read_wanted)
        bridge.files_changed.connect(self._on_files_changed)
        bridge.project_changed.connect(self.refresh)
        selection.item_changed.connect(self._on_item_chosen)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Have the list of observations read again."""
        self._wanted.append(None)
        self._reading.ask()

    def _on_files_changed(self, item_ids: tuple[int, ...]) -> None:
        self._wanted.extend(item_ids)
        if not self._pause.isActive():
            self._read_wanted()

    def _read_wanted(self) -> None:
        """Have what has changed read, unless nothing has; further changes wait a moment."""
        if self._wanted:
            self._reading.ask()
            self._pause.start()

    def _read(self, view: Any) -> tuple[bool, list[Any]]:
        """Runs in the pool: whether all were read, and the observations."""
        wanted: dict[int | None, None] = {}
        while self._wanted:
            wanted[self._wanted.popleft()] = None
        items = [] if None in wanted else [view.item(item_id) for item_id in wanted]
        # A group of files takes the place of those it holds: the list is another one then.
        is_whole = None in wanted or any(len(item.sources) > 1 for item in items)
        return is_whole, view.items() if is_whole else items

    def _show(self, read: tuple[bool, list[Any]]) -> None:
        is_whole, items = read
        shown = [item for item in items if item.state != "refused"]
        if is_whole:
            self._model.show_values(shown)
            self.listed.emit(shown)
        else:
            self._model.show_also(shown)
        self.counted.emit(self._model.rowCount())
        self._on_item_chosen(self._selection.item_id)
        self._show_locate()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._model.renew_icons()

    def _icon(self, item: Any) -> QIcon:
        return self._icons[item.kind if item.state == "ok" else "missing"]

    def _on_current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        self._show_locate()
        item = self._model.value(current.row()) if current.isValid() else None
        if item is not None and item.item_id != self._selection.item_id:
            self.chosen.emit(item.item_id)

    def _show_locate(self) -> None:
        current = self._table.currentIndex()
        item = self._model.value(current.row()) if current.isValid() else None
        self._locate.setVisible(item is not None and item.state == "missing")

    def _on_item_chosen(self, item_id: int | None) -> None:
        row = None if item_id is None else self._model.row_of(item_id)
        if row is None:
            self._table.setCurrentIndex(QModelIndex())
            self._table.clearSelection()
        elif self._table.currentIndex().row() != row:
            self._table.selectRow(row)

    def _on_locate(self) -> None:
        rows = selected_rows(self._table)
        if not rows:
            return
        item = self._model.value(rows[0])
        dialog = QFileDialog(self, f"Where is {_name(item)}?")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setProperty("item_id", item.item_id)
        dialog.fileSelected.connect(self._on_located)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_located(self, path: str) -> None:
        item_id = self.sender().property("item_id")
        self._bridge.after(self._session.relocate(item_id, path), self.refresh)


def _name(item: Any) -> str:
    part = item.sources[0].part if item.sources else ""
    return file_names(item.paths) + (f" [{part}]" if part and item.kind != "image" else "")


def _line(item: Any) -> str:
    return _name(item) if item.state == "ok" else f"{_name(item)} ({item.state})"


def _tip(item: Any) -> str:
    lines = [*item.paths]
    if item.object_id:
        lines.append(item.object_id)
    for source in item.sources[:5]:
        words = [source.format, source.part, source.band, source.detector]
        words.append(bytes_text(source.size_bytes) if source.size_bytes else "")
        lines.append(" · ".join(word for word in words if word))
        lines += source.remarks
    if item.words:
        lines.append(item.words)
    return "\n".join(lines)
