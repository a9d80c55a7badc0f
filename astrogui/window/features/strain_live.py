"""Following a folder into which strain is written: the newest stretch moves through the view.

Files are added and answered as if they had been dropped; those of one detector are joined, up to
some minutes, so that the plots go on where the last file ended.
"""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from astrogui.records.strain import Network
from astrogui.session.watch import Watcher, own_files
from astrogui.window.actions import Spec
from astrogui.window.reading import read_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from astrogui.viewers.strain_view import StrainView
    from astrogui.window.workbench import Workbench

AT_FIRST = 6  # of the files already there, the newest so many are shown
EVERY_S = 1.0
SEARCH = "gw_search"
SEARCHED_S = (
    8.0,
    64.0,
)  # files that are searched because they are followed; longer ones always are
LEAST_SNR = 8.0  # of a merger that is marked while the strain passes
SPEC = Spec(
    "follow_strain",
    "&File",
    "Follow a &strain folder…",
    ("Ctrl+Alt+F",),
    "Show strain as its files arrive in a folder; again to stop",
)


class Feature(QObject):
    """One folder at a time is followed."""

    came = Signal(object)  # a future with the items of files that arrived, from any thread

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._watcher: Watcher | None = None
        self._folder = ""
        self._items: set[int] = set()
        self._is_first = True
        bench.window.actions_by_name.add((SPEC,))
        self._action = bench.window.actions_by_name["follow_strain"]
        self._action.setCheckable(True)
        self._action.triggered.connect(self._on_triggered)
        self.came.connect(self._on_came)
        bench.model.rows_read.connect(self._on_rows)
        bench.window.closing.connect(self.stop)

    @property
    def folder(self) -> str:
        """What is followed, "" for nothing."""
        return self._folder

    def follow(self, folder: str, every_s: float = EVERY_S) -> None:
        """Show what is newest in a folder, and all that comes."""
        self.stop()
        self._folder, self._is_first = folder, True
        add: Callable[[list[str]], Any] = self._bench.session.add
        # The signal is what carries the ids to this thread.
        self._watcher = Watcher(
            folder,
            lambda paths: self.came.emit(add(paths)),
            every_s,
            at_first=AT_FIRST,
            leave=own_files(self._bench.session.path),
        )
        self._watcher.start()
        self._action.setChecked(True)
        self._bench.window.statusBar().showMessage(f"Following {folder}")

    def stop(self) -> None:
        """Follow nothing; what is shown stays."""
        if self._watcher is None:
            return
        self._watcher.close()
        self._watcher, self._folder = None, ""
        self._items.clear()
        self._action.setChecked(False)
        self._view.follow_nothing()

    @property
    def _view(self) -> StrainView:
        view: Any = self._bench.area.view("strain")
        return view

    def _on_triggered(self, wanted: bool) -> None:
        self._action.setChecked(self._watcher is not None)  # until a folder is chosen
        if not wanted:
            self.stop()
            return
        dialog = QFileDialog(self._bench.window, "Follow a folder of strain", "")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.follow)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_came(self, added: Future[list[int]]) -> None:
        self._bench.bridge.after(added, self._on_added, self._on_failed)

    def _on_added(self, item_ids: list[int]) -> None:
        if self._watcher is None:
            return
        bench = self._bench
        read = read_once(bench.session, bench.compute, partial(_items, dict.fromkeys(item_ids)))
        bench.bridge.after(read, partial(self._on_items, self._folder))

    def _on_items(self, folder: str, items: list[Any] | None) -> None:
        if folder != self._folder:
            return
        bench = self._bench
        for item in items or ():
            if item.kind == "strain":
                self._items.add(item.item_id)
                self._search(item)
                then = partial(self._on_record, folder)
                bench.bridge.after(bench.session.load(item.item_id), then, self._on_failed)

    def _search(self, item: Any) -> None:
        """Look for mergers in files too short to be searched without being asked."""
        lasts = max(source.duration_s or 0.0 for source in item.sources)
        if SEARCHED_S[0] <= lasts < SEARCHED_S[1]:
            self._bench.session.run((item.item_id,), SEARCH)

    def _on_record(self, folder: str, record: Any) -> None:
        if folder != self._folder or not isinstance(record, Network):
            return
        try:
            self._view.extend(record, f"following {Path(folder).name}")
        except ValueError as error:  # another sample rate: nothing to join it to
            self._bench.window.statusBar().showMessage(f"{error}; begun anew")
            self._view.show_record(record)
        if self._is_first:
            self._is_first = False
            self._bench.area.show_page(self._view)

    def _on_failed(self, words: str) -> None:
        self._bench.window.statusBar().showMessage(words)

    def _on_rows(self, row_ids: tuple[int, ...]) -> None:
        """Answers came: a merger among what is followed is marked."""
        if self._watcher is None:
            return
        bench = self._bench
        read = read_once(bench.session, bench.compute, methodcaller("rows", row_ids))
        bench.bridge.after(read, self._on_rows_read)

    def _on_rows_read(self, rows: list[dict[str, Any]] | None) -> None:
        bench = self._bench
        for row in rows or ():
            if row["item_id"] in self._items and (row.get("snr") or 0.0) >= LEAST_SNR:
                then = partial(self._view.set_answer, row)
                bench.bridge.after(bench.session.posterior(row["row_id"]), then)


def _items(item_ids: Iterable[int], view: Any) -> list[Any]:
    """Runs in the pool."""
    return [view.item(item_id) for item_id in item_ids]
