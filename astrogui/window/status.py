"""The status bar: counts, worker and device; and the docks' counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from astrogui.session import events

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

BACKENDS = {
    "onnx": "ONNX Runtime",
    "keras-tensorflow": "Keras on TensorFlow",
    "keras-jax": "Keras on jax",
}


class Status(QObject):
    """Shows how much there is and what the worker does."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._window = bench.window
        self._bench = bench
        self._files = self._rows = self._jobs = self._problems = 0
        bench.files.counted.connect(self._on_files)
        bench.catalogue.counted.connect(self._on_rows)
        bench.jobs.counted.connect(self._on_jobs)
        bench.problems.counted.connect(self._on_problems)
        bench.bridge.worker_ready.connect(self._on_worker_ready)
        bench.bridge.worker_lost.connect(self._on_worker_lost)
        bench.jobs.advanced.connect(self._on_jobs_advanced)
        bench.bridge.files_looked_at.connect(self._on_files_looked_at)
        bench.files.refresh()
        bench.problems.refresh()
        self._on_rows(bench.model.rowCount())
        bench.jobs.refresh()

    def _on_files(self, count: int) -> None:
        self._files = count
        self._show()

    def _on_rows(self, count: int) -> None:
        self._rows = count
        self._show()

    def _on_jobs(self, count: int) -> None:
        self._jobs = count
        self._window.docks.retitle("jobs", count)
        self._show()

    def _on_problems(self, count: int) -> None:
        self._problems = count
        self._window.docks.retitle("problems", count)
        self._show()

    def _on_jobs_advanced(self, done: float, total: int) -> None:
        self._advance("jobs", "Analysing", done, total, self._bench.session.cancel_all)

    def _on_files_looked_at(self, done: int, total: int) -> None:
        self._advance("files", "Reading files", done, total, self._bench.session.cancel_adding)

    def _advance(
        self, key: str, title: str, done: float, total: float, stop: Callable[[], object]
    ) -> None:
        if done >= total:
            self._bench.activities.end(key)
            return
        self._bench.activities.begin(key, title, stop)
        self._bench.activities.advance(key, done, total)

    def _show(self) -> None:
        parts = [_count(self._files, "observation"), _count(self._rows, "row")]
        if self._jobs:
            parts.append(_count(self._jobs, "job") + " to do")
        if self._problems:
            parts.append(_count(self._problems, "problem"))
        self._window.counts.setText("  ·  ".join(parts))

    def _on_worker_ready(self, backend: str, device: str) -> None:
        self._window.worker.setText(f"Worker: {BACKENDS.get(backend, backend)} on {device}")

    def _on_worker_lost(self, event: events.WorkerLost) -> None:
        del event
        self._window.worker.setText("Worker: starting again")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}".replace(",", " ")
