"""What the session has to say: refusals, failures, lost workers, exports, what undo would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from astrogui.session import events
from astrogui.window.panels.problems import asks_for_columns
from astrogui.window.reading import read_once

if TYPE_CHECKING:
    from astrogui.session.view import ProjectView
    from astrogui.window.workbench import Workbench


class SessionNews(QObject):
    """Puts events into the notice bar with an offer, and the history into the menu."""

    columns_wanted = Signal(str)  # a text file was refused whose columns nobody knows

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._window, self._bridge = bench, bench.window, bench.bridge
        self._has_heard = False  # what undo would do: what was read before is old

    def begin(self) -> None:
        """Hear from now on."""
        bridge = self._bridge
        bridge.history_changed.connect(self._on_history)
        bridge.file_refused.connect(self._on_refused)
        bridge.job_failed.connect(self._on_job_failed)
        bridge.worker_lost.connect(self._on_worker_lost)
        bridge.noticed.connect(self._window.notice.show_notice)
        bridge.export_finished.connect(self._on_exported)
        self._window.notice.acted.connect(self._on_notice_acted)
        bench = self._bench
        bridge.after(read_once(bench.session, bench.compute, _titles), self._on_titles)

    def _on_titles(self, titles: tuple[str, str] | None) -> None:
        if titles is not None and not self._has_heard:
            self._on_history(*titles)

    def _on_history(self, undo_title: str, redo_title: str) -> None:
        self._has_heard = True
        for name, word, title in (("undo", "&Undo", undo_title), ("redo", "&Redo", redo_title)):
            action = self._window.actions_by_name[name]
            action.setEnabled(bool(title))
            action.setText(f"{word} “{title}”" if title else word)
            action.setIconText(word.replace("&", ""))

    def _on_refused(self, event: events.FileRefused) -> None:
        name = event.path.rpartition("/")[2]
        if asks_for_columns(event.advice):
            self.columns_wanted.emit(event.path)
        self._window.notice.show_notice(
            f"{name}: {event.cause}. {event.advice}", "Show problems", ("dock", "problems")
        )

    def _on_job_failed(self, event: events.JobFailed) -> None:
        self._window.notice.show_notice(
            f"{event.path.rpartition('/')[2]}: {event.cause}. {event.advice}",
            "Run again",
            ("rerun", event.job_id),
        )

    def _on_worker_lost(self, event: events.WorkerLost) -> None:
        job = "" if event.job_id is None else f" Job {event.job_id} was running."
        self._window.notice.show_notice(
            f"The worker ended ({event.words}) and is being started again.{job} "
            "Nothing else is lost.",
            "Show jobs",
            ("dock", "jobs"),
        )

    def _on_exported(self, event: events.ExportFinished) -> None:
        self._window.notice.show_notice(
            f"{event.rows} rows are in {event.path}.", "Copy path", ("copy", event.path)
        )

    def _on_notice_acted(self, offer: tuple[str, object]) -> None:
        kind, value = offer
        if kind == "dock":
            dock = self._window.docks[str(value)]
            dock.show()
            dock.raise_()
        elif kind == "rerun" and isinstance(value, int):
            self._bridge.after(self._bench.session.rerun(value), _ignore)
        elif kind == "copy":
            QGuiApplication.clipboard().setText(str(value))


def _titles(view: ProjectView) -> tuple[str, str]:
    return view.history()


def _ignore(result: object) -> None:
    """What was done comes back as an event."""
    del result
