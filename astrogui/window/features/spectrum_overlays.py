"""Spectra of the project laid over the one on screen: which, and how they are loaded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.spectrum import Spectrum
from astrogui.window.reading import read_once

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MOST_LISTED = 2000
MOST_CHOSEN = 12


class ChooseSpectra(QDialog):
    """A list of the project's spectra with a line to search in it."""

    def __init__(self, spectra: list[tuple[int, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Spectra to lay over this one")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search names")
        self.search.setAccessibleName("Search names")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_searched)
        self.list = QListWidget()
        self.list.setAccessibleName("Spectra of the project")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        for item_id, name in spectra[:MOST_LISTED]:
            item = QListWidgetItem(name)
            item.setData(Qt.ItemDataRole.UserRole, item_id)
            self.list.addItem(item)
        words = f"Choose up to {MOST_CHOSEN} with Ctrl or Shift."
        if len(spectra) > MOST_LISTED:
            words += f" The first {MOST_LISTED} of {len(spectra)} are listed."
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(words))
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        layout.addWidget(buttons)
        self.resize(420, 420)

    @property
    def chosen(self) -> list[int]:
        """Item ids of what is selected."""
        return [int(item.data(Qt.ItemDataRole.UserRole)) for item in self.list.selectedItems()]

    def _on_searched(self, text: str) -> None:
        wanted = text.casefold()
        for number in range(self.list.count()):
            item = self.list.item(number)
            item.setHidden(wanted not in item.text().casefold())


class Feature(QObject):
    """Lays the selected rows' spectra over the shown one, or asks for some of the project."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.dialog: ChooseSpectra | None = None
        self._view: Any = None
        self._loaded: dict[int, Any] = {}
        self._wanted: tuple[int, ...] = ()
        view = bench.area.views.get("spectrum")
        if view is not None:
            self._attach("spectrum", view)
        bench.area.view_made.connect(self._attach)
        bench.selection.item_changed.connect(self._on_item_changed)

    def lay_over(self, item_ids: list[int]) -> None:
        """Load these observations and lay them over the one shown, in this order."""
        self._wanted = tuple(item_ids[:MOST_CHOSEN])
        self._loaded = {}
        for item_id in self._wanted:
            self._bench.bridge.after(
                self._bench.session.load(item_id),
                partial(self._on_loaded, item_id),
                partial(self._on_failed, item_id),
            )

    def _attach(self, kind: str, view: Any) -> None:
        if kind == "spectrum":
            self._view = view
            view.overlays_wanted.connect(self._on_wanted)

    def _on_wanted(self) -> None:
        """The rows selected in the catalogue where there are several, else a list to choose of."""
        bench = self._bench
        here = bench.selection.item_id
        rows = bench.selection.ids[: 10 * MOST_CHOSEN].tolist()
        items = dict.fromkeys(bench.model.store.item_of(row) for row in rows)
        others = [item_id for item_id in items if item_id is not None and item_id != here]
        future = bench.compute(_spectra_of, bench.session.view, others, here)
        bench.bridge.after(future, self._on_found)

    def _on_found(self, found: tuple[list[int], list[tuple[int, str]]]) -> None:
        selected, spectra = found
        if selected:
            self.lay_over(selected)
            return
        if not spectra:
            self._bench.area.message.emit("The project has no other spectrum.")
            return
        self.dialog = ChooseSpectra(spectra, self._bench.window)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.accepted.connect(self._on_chosen)
        self.dialog.finished.connect(self._on_closed)
        self.dialog.open()

    def _on_chosen(self) -> None:
        if self.dialog is not None:
            self.lay_over(self.dialog.chosen)

    def _on_closed(self, _: int) -> None:
        self.dialog = None

    def _on_loaded(self, item_id: int, record: Any) -> None:
        if item_id in self._wanted and isinstance(record, Spectrum):
            bench = self._bench
            future = read_once(bench.session, bench.compute, partial(_name_and_z, item_id))
            bench.bridge.after(future, partial(self._on_named, item_id, record))

    def _on_named(
        self, item_id: int, record: Spectrum, found: tuple[str, float | None] | None
    ) -> None:
        if item_id not in self._wanted or found is None:
            return
        from astrogui.viewers.spectrum_overlay import Overlay

        name, z = found
        self._loaded[item_id] = Overlay(name=record.object_id or name, record=record, redshift=z)
        self._view.set_overlays([self._loaded[i] for i in self._wanted if i in self._loaded])

    def _on_failed(self, item_id: int, words: str) -> None:
        if item_id in self._wanted:
            self._bench.area.message.emit(words)

    def _on_item_changed(self, _: object) -> None:
        """The view forgets its overlays with the spectrum they lay over."""
        self._wanted, self._loaded = (), {}


def _spectra_of(
    view: Any, others: list[int], here: int | None
) -> tuple[list[int], list[tuple[int, str]]]:
    """Which of some observations are spectra; where none is, all there are by id and name.

    For the pool: a project may have very many.
    """
    selected = [item_id for item_id in others if view.item(item_id).kind == "spectrum"]
    if selected:
        return selected, []
    return [], [
        (item.item_id, item.object_id or _file_name(item))
        for item in view.items()
        if item.kind == "spectrum" and item.item_id != here
    ]


def _name_and_z(item_id: int, view: Any) -> tuple[str, float | None]:
    """What an observation is called, and the redshift that was judged, else found. For the pool."""
    item, rows = view.item(item_id), view.row_ids(item_id)
    row = view.row(rows[0]) if rows else {}
    z = row.get("user_z") if row.get("user_z") is not None else row.get("z")
    return _file_name(item), None if z is None else float(z)


def _file_name(item: Any) -> str:
    return str(item.paths[0]).replace("\\", "/").rpartition("/")[2] if item.paths else "spectrum"
