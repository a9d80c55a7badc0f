"""The export of the catalogue: its rows, columns and format, and what will be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from astrogui.records.catalogue import Catalogue, Column
from astrogui.session import exporting
from astrogui.window.formatting import bytes_text
from astrogui.window.panels.export_form import FORMATS, ExportForm
from astrogui.window.panels.export_preview import Preview, preview_of
from astrogui.window.shown_columns import exported_names

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

SAMPLE_ROWS = 2000  # written to a temporary file, to tell the size of all
PAUSE_MS = 150


class Feature(QObject):
    """Gives the export actions their dialogue, and the dialogue its session."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.dialog: ExportDialog | None = None
        actions = bench.window.actions_by_name
        for name, slot in (
            ("export", self.export_all),
            ("export_selected", self.export_selected),
            ("export_posteriors", self.export_posteriors),
        ):
            actions[name].triggered.disconnect()
            actions[name].triggered.connect(slot)

    def export_all(self, _: bool = False) -> None:
        """What the filter leaves where there is one, else everything."""
        is_filtered = self._bench.model.condition is not None
        self.open("filtered" if is_filtered else "all")

    def export_selected(self, _: bool = False) -> None:
        self.open("selected")

    def export_posteriors(self, _: bool = False) -> None:
        self.open("all", posteriors=True)

    def open(self, rows: str, posteriors: bool = False) -> ExportDialog:
        """The dialogue, beside the window."""
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = ExportDialog(self._bench, rows, posteriors, self._bench.window)
        self.dialog.destroyed.connect(self._on_gone)
        self.dialog.show()
        return self.dialog

    def _on_gone(self) -> None:
        self.dialog = None


class ExportDialog(ExportForm):
    """Preview, estimate and progress; the session writes, in a thread of its own."""

    _told = Signal(float, str)

    def __init__(
        self, bench: Workbench, rows: str, posteriors: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bench, self._model = bench, bench.model
        self._is_stopped = self._is_writing = False
        self._preview_asked = self._preview_shown = 0
        self._table_columns: tuple[Column, ...] = self._model.store.columns
        self.show_columns(self._table_columns, self._shown())
        self.show_rows(
            {
                "all": self._model.total,
                "filtered": self._model.rowCount(),
                "selected": bench.selection.ids.size,
            },
            rows,
        )
        self.posteriors.setChecked(posteriors)
        stem = bench.session.path.stem
        folder = self._folder()
        name = f"{stem}-{rows}" if rows != "all" else stem
        self.path.setText(str(folder / f"{name}{FORMATS[0][1]}"))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._ask_for_preview)
        self.changed.connect(self._later.start)
        self.browse.clicked.connect(self._on_browse)
        self.write_wanted.connect(self.write)
        self.stop_wanted.connect(self._on_stop)
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        bench.selection.rows_changed.connect(self._on_selection)
        self._ask_for_preview()

    # -- what is to be written -------------------------------------------------------------

    def row_ids(self) -> NDArray[np.int64] | None:
        """The rows chosen, in the order of the table; None for all."""
        if self.rows_chosen == "all":
            return None
        shown = self._model.filtered_ids()
        if self.rows_chosen == "filtered":
            return shown
        chosen = self._bench.selection.ids
        on_screen = shown[np.isin(shown, chosen)]
        return np.concatenate([on_screen, chosen[~np.isin(chosen, on_screen)]])

    def _shown(self) -> list[str]:
        return exported_names(self._bench.catalogue.shown_names(), self._table_columns)

    def _folder(self) -> Path:
        settings = self._bench.window.settings
        kept = None if settings is None else settings.value("export/folder")
        folder = Path(str(kept)) if kept else self._bench.session.path.parent
        return folder if folder.is_dir() else Path.home()

    def _on_selection(self, row_ids: NDArray[np.int64]) -> None:
        self.show_count("selected", row_ids.size)
        if self.rows_chosen == "selected":
            self._later.start()

    # -- preview and size ------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether the first rows are on their way."""
        return self._later.isActive() or self._preview_shown != self._preview_asked

    def _ask_for_preview(self) -> None:
        ids, names = self.row_ids(), self.chosen_columns()
        count = self._model.total if ids is None else len(ids)
        self._preview_asked += 1
        asked = self._preview_asked
        if not names:
            self._preview_shown = asked
            self.show_preview(None, "Choose at least one column.")
            return
        self.words.setText("Preparing the first rows …")
        some = ids[:SAMPLE_ROWS] if ids is not None else None
        future = self._bench.compute(_sample, self._model.live, some, names, self.suffix())

        def show(found: tuple[Preview, int, int]) -> None:
            if asked == self._preview_asked:
                self._preview_shown = asked
                self._show_sample(found, count)

        self._bench.bridge.after(future, _held(self, show))

    def _show_sample(self, found: tuple[Preview, int, int], count: int) -> None:
        preview, rows, size = found
        whole = size * count / max(rows, 1) if count else 0
        words = f"{count:,} rows, {len(preview.names)} columns, about {bytes_text(int(whole))}"
        self.show_preview(preview, words if count else "There are no rows to write.")

    # -- writing ---------------------------------------------------------------------------

    def write(self) -> None:
        """Begin to write; the dialogue shows how far it is and closes at the end."""
        path = os.path.expanduser(self.path.text().strip())
        ids = self.row_ids()
        beside = None
        if self.posteriors.isChecked():
            beside = f"{path.rpartition('.')[0] or path}.posteriors.hdf5"
        self._is_stopped, self._is_writing = False, True
        self.show_writing(True)
        settings = self._bench.window.settings
        if settings is not None:
            settings.setValue("export/folder", os.path.dirname(path))
        future = self._bench.session.export(
            path,
            ids,
            beside,
            columns=self.chosen_columns(),
            progress=self._tell,
        )
        future.add_done_callback(self._on_future_done)
        self._bench.bridge.after(future, self._on_written, self._on_failed)

    def _tell(self, fraction: float, words: str) -> bool:
        """Runs in the export's thread."""
        self._told.emit(fraction, words)
        return not self._is_stopped

    def _on_told(self, fraction: float, words: str) -> None:
        if self._is_writing:
            self.show_progress(fraction, words)

    def _on_future_done(self, future: Any) -> None:
        """Runs in the export's thread: a stop is no result that the bridge would bring."""
        if self._is_stopped:
            self._told.emit(-1.0, "")
        del future

    def _on_written(self, rows: int) -> None:
        del rows  # the session says so, as an event
        self._is_writing = False
        self.accept()

    def _on_failed(self, words: str) -> None:
        self._is_writing = False
        self.show_writing(False)
        self.show_problem(words)

    def _on_stop(self) -> None:
        if not self._is_writing:
            self.reject()
            return
        self._is_stopped, self._is_writing = True, False
        self.show_writing(False)
        self.show_problem("Stopped. Nothing was written.")

    def reject(self) -> None:
        self._is_stopped = self._is_writing
        super().reject()

    def _on_browse(self) -> None:
        dialog = QFileDialog(self, "Export to", self.path.text())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{name} (*{suffix})" for name, suffix in FORMATS])
        dialog.setDefaultSuffix(self.suffix().lstrip("."))
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()


def _sample(
    live: Any, ids: NDArray[np.int64] | None, names: Sequence[str], suffix: str
) -> tuple[Preview, int, int]:
    """The first rows as they will be written; of how many the bytes were counted. In the pool."""

    def take(table: Any) -> Catalogue:
        wanted = table.row_ids()[:SAMPLE_ROWS] if ids is None else ids
        places = table.positions(wanted)
        made: Catalogue = table.catalogue(places[places >= 0], names)
        return made

    sample = live.call(take).result()
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        size = exporting.written_size(sample, Path(folder) / f"sample{suffix}")
    return preview_of(sample), len(sample), size


def _held(dialog: ExportDialog, show: Any) -> Any:
    """A receiver that the bridge drops once the dialogue is gone."""
    from functools import partial

    return partial(dialog.call_with, show)
