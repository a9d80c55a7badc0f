"""The jobs: what waits, runs and ended, with progress, cancel and another run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionProgressBar,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.bridge import Bridge
from astrogui.window.formatting import file_names
from astrogui.window.panels.list_model import ListModel
from astrogui.window.panels.tables import prepare_table, selected_rows
from astrogui.window.reading import Compute, Reading

if TYPE_CHECKING:
    from astrogui.session.session import Session

UNDER_WAY = {"queued", "running"}
MANY = 20  # items that are read one by one
REFRESH_MS = 200  # after a change, so that a batch of short jobs is read a few times a second
STATE, PROGRESS, TASK, FILE, ROWS, WORDS = range(6)


class JobsPanel(QWidget):
    """One line a job, the newest last."""

    counted = Signal(int)  # jobs queued or running
    advanced = Signal(float, int)  # jobs done of those asked for since the queue was last empty

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Compute,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._bridge = session, bridge
        self._names: dict[int, str] = {}
        self._reading = Reading(session, bridge, compute, self._read, self._show, self)
        self._model = ListModel(
            ("State", "Progress", "Analysis", "File", "Rows", ""),
            _job_id,
            self._cells,
            _words,
            parent=self,
        )
        self._table = QTableView(self)
        prepare_table(self._table, self._model, "Jobs")
        self._table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(self._table))
        heads = self._table.horizontalHeader()
        for section, width in ((STATE, 80), (PROGRESS, 130), (TASK, 130), (FILE, 220), (ROWS, 50)):
            heads.resizeSection(section, width)
        heads.setSectionResizeMode(WORDS, QHeaderView.ResizeMode.Stretch)
        self._cancel = QPushButton("Cancel", self)
        self._cancel_all = QPushButton("Cancel all", self)
        self._rerun = QPushButton("Run again", self)
        self._cancel.clicked.connect(self.cancel_selected)
        self._cancel_all.clicked.connect(self.cancel_all)
        self._rerun.clicked.connect(self.rerun_selected)
        row = QHBoxLayout()
        row.addStretch()
        for button in (self._rerun, self._cancel, self._cancel_all):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.addWidget(self._table)
        column.addLayout(row)
        self._table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self._progress: dict[int, tuple[float, str]] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(REFRESH_MS)
        self._later.timeout.connect(self.refresh)
        bridge.jobs_changed.connect(self._on_jobs_changed)
        bridge.job_progressed.connect(self._on_progressed)
        bridge.project_changed.connect(self._on_project_changed)
        self._earlier: frozenset[int] = frozenset()  # jobs that had ended before this batch
        self.refresh()

    def _on_project_changed(self) -> None:
        self._names.clear()
        self._progress.clear()
        self._earlier = frozenset()
        self.refresh()

    def _on_jobs_changed(self, _: object) -> None:
        if not self._later.isActive():
            self._later.start()

    def _on_progressed(self, progress: dict[int, tuple[float, str]]) -> None:
        """Progress is no fact for the project: it lives here while the job runs."""
        self._progress.update(progress)
        for job_id in progress:
            row = self._model.row_of(job_id)
            if row is not None:
                self._model.say_changed(row)
        self._tell_progress()

    def refresh(self) -> None:
        """Have the jobs read again."""
        self._reading.ask()

    def _read(self, view: Any) -> tuple[list[Any], dict[int, str]]:
        """Runs in the pool: the jobs, and the names of files not named before."""
        jobs = view.jobs()
        unknown = {job.item_id for job in jobs} - self._names.keys()
        items = view.items() if len(unknown) > MANY else [view.item(i) for i in unknown]
        return jobs, {item.item_id: file_names(item.paths) for item in items}

    def _show(self, read: tuple[list[Any], dict[int, str]]) -> None:
        """Show what was read; follow the newest while the end of the list is in sight."""
        jobs, names = read
        self._names.update(names)
        bar = self._table.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        self._model.show_values(jobs)
        if follows:
            self._table.scrollToBottom()
        open_jobs = sum(job.state in UNDER_WAY for job in jobs)
        if not open_jobs:
            self._earlier = frozenset(job.job_id for job in jobs)
            self._progress.clear()
        self.counted.emit(open_jobs)
        self._tell_progress()
        self._on_selection_changed()

    def _tell_progress(self) -> None:
        """How much of the present batch is done, running jobs in part."""
        batch = [job for job in self._model.values if job.job_id not in self._earlier]
        done = sum(job.state not in UNDER_WAY for job in batch)
        running = sum(
            self._progress.get(job.job_id, (0.0, ""))[0] for job in batch if job.state == "running"
        )
        self.advanced.emit(done + running, len(batch))

    def cancel_selected(self) -> None:
        """Cancel the jobs selected, else the one that runs."""
        for job in self._chosen() or self._running():
            self._session.cancel(job.job_id)

    def cancel_all(self) -> None:
        self._session.cancel_all()

    def rerun_selected(self) -> None:
        for job in self._chosen():
            if job.state not in UNDER_WAY:
                self._session.rerun(job.job_id)

    def _chosen(self) -> list[Any]:
        return [self._model.value(row) for row in selected_rows(self._table)]

    def _running(self) -> list[Any]:
        jobs = [self._model.value(row) for row in range(self._model.rowCount())]
        return [job for job in jobs if job.state == "running"][:1]

    def _on_selection_changed(self, *_: object) -> None:
        chosen = self._chosen()
        self._cancel.setEnabled(any(job.state in UNDER_WAY for job in chosen))
        self._rerun.setEnabled(any(job.state not in UNDER_WAY for job in chosen))

    def _cells(self, job: Any) -> tuple[str, ...]:
        fraction, words = job.fraction, job.words
        if job.state == "running":
            fraction, words = self._progress.get(job.job_id, (fraction, words))
        return (
            job.state,
            f"{100 * fraction:.0f} %",
            job.task.replace("_", " "),
            self._file_name(job.item_id),
            str(job.rows) if job.rows else "",
            words,
        )

    def _file_name(self, item_id: int) -> str:
        return self._names.get(item_id, "")


class ProgressDelegate(QStyledItemDelegate):
    """Draws a job's fraction as a bar while it runs."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        job = index.data(Qt.ItemDataRole.UserRole)
        if job is None or job.state != "running":
            super().paint(painter, option, index)
            return
        bar = QStyleOptionProgressBar()
        bar.rect = option.rect.adjusted(4, 4, -4, -4)
        bar.minimum, bar.maximum = 0, 100
        bar.progress = int(str(index.data()).removesuffix(" %"))
        bar.text, bar.textVisible = str(index.data()), True
        bar.state = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Horizontal
        bar.palette = option.palette
        QApplication.style().drawControl(QStyle.ControlElement.CE_ProgressBar, bar, painter)


def _job_id(job: Any) -> int:
    return int(job.job_id)


def _words(job: Any) -> str:
    return job.words or f"job {job.job_id}: {job.state}"
