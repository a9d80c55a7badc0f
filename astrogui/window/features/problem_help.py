"""What can be done about problems: try the files again, or report them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from astrogui.session.settings import log_path
from astrogui.window.bug_report import bug_report

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench


class Feature(QObject):
    """Serves the buttons of the panel "Problems"."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        bench.problems.retry_wanted.connect(self.retry)
        bench.problems.report_wanted.connect(self.copy_report)

    def retry(self, paths: list[str]) -> None:
        """Read these files again; where one was read and its analysis failed, run that again."""
        future = self._bench.compute(failed_jobs, self._bench.session.view, paths)
        self._bench.bridge.after(future, partial(self._on_failed_jobs, paths))

    def _on_failed_jobs(self, paths: list[str], failed: dict[str, list[int]]) -> None:
        session, bridge = self._bench.session, self._bench.bridge
        for job_id in {number for numbers in failed.values() for number in numbers}:
            bridge.after(session.rerun(job_id), _ignore)
        unread = [path for path in paths if path not in failed]
        if unread:
            bridge.after(session.add(unread), _ignore)

    def copy_report(self, problems: list[str]) -> None:
        """Copy problems with versions, machine and the end of the log."""
        worker = self._bench.window.worker.text()
        future = self._bench.compute(bug_report, problems, worker, log_path())
        self._bench.bridge.after(future, self._on_report)

    def _on_report(self, report: str) -> None:
        QGuiApplication.clipboard().setText(report)
        self._bench.window.notice.show_notice(
            "The report is in the clipboard. Read it before you send it: it names your files."
        )


def failed_jobs(view: Any, paths: Sequence[str]) -> dict[str, list[int]]:
    """The jobs that failed, by file, of those files that were read. For the pool."""
    by_item: dict[int, list[int]] = {}
    for job in view.jobs():
        if job.state == "failed":
            by_item.setdefault(job.item_id, []).append(job.job_id)
    wanted = set(paths)
    return {
        path: by_item[item.item_id]
        for item in view.items()
        if item.item_id in by_item
        for path in item.paths
        if path in wanted
    }


def _ignore(result: object) -> None:
    """What was done comes back as an event."""
    del result
