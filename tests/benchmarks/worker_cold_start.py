"""Prints how fast the helper processes start, answer, are missed when killed, and come back.

``python tests/benchmarks/worker_cold_start.py [--task NAME FILE...]``: without a task, a network
of one layer; with one, the shipped model of that task over the files given.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "inference"
sys.path[:0] = [str(ROOT), str(TESTS)]

import tiny  # noqa: E402

from astrogui.errors import AstroguiError  # noqa: E402
from astrogui.inference.jobs import (  # noqa: E402
    Job,
    JobAnswered,
    JobBegan,
    JobBroke,
    JobDone,
    Report,
    RunnerLost,
    RunnerReady,
)
from astrogui.inference.reading import ReaderProcess  # noqa: E402
from astrogui.inference.supervisor import SupervisedRunner  # noqa: E402

FAKE_WORKER = [sys.executable, "-P", str(TESTS / "fake_worker.py")]
TIMES = 5


class Clock:
    """Notes when each kind of report arrived."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, Report]] = []
        self._changed = threading.Condition()

    def __call__(self, report: Report) -> None:
        with self._changed:
            self.seen.append((time.perf_counter(), report))
            self._changed.notify_all()

    def wait(self, kind: type, count: int = 1, timeout: float = 300) -> float:
        """When the ``count``-th report of a kind arrived."""

        def times() -> list[float]:
            return [at for at, report in self.seen if isinstance(report, kind)]

        with self._changed:
            if not self._changed.wait_for(lambda: len(times()) >= count, timeout):
                raise TimeoutError(f"no {kind.__name__}: {self.seen}")
            return times()[count - 1]


def cold_start(command: list[str] | None, job: Job) -> tuple[float, float]:
    """Seconds from starting the runner to its being ready, and to the first answer."""
    clock, runner = Clock(), SupervisedRunner(command=command)
    begun = time.perf_counter()
    runner.start(clock)
    runner.submit(job)
    try:
        answered = clock.wait(JobAnswered)
        return clock.wait(RunnerReady) - begun, answered - begun
    except TimeoutError:
        broke = [report for _, report in clock.seen if isinstance(report, JobBroke)]
        raise SystemExit(f"no answer: {broke}") from None
    finally:
        runner.close()


def death(models: str) -> tuple[float, float, float]:
    """Seconds from kill -9 to its report, to the new worker's being ready, to its next answer."""
    clock, runner = Clock(), SupervisedRunner(command=FAKE_WORKER)
    runner.start(clock)
    try:
        runner.submit(tiny_job(models, 1, "slow-60.fits"))
        runner.submit(tiny_job(models, 2, "flat-2.fits"))
        clock.wait(JobBegan)
        assert runner.pid is not None
        killed = time.perf_counter()
        os.kill(runner.pid, signal.SIGKILL)
        ends = (clock.wait(RunnerLost), clock.wait(RunnerReady, 2), clock.wait(JobAnswered))
        return ends[0] - killed, ends[1] - killed, ends[2] - killed
    finally:
        runner.close()


def two_hundred(models: str) -> float:
    """Seconds for 200 jobs of the tiny network, the worker being warm."""
    clock, runner = Clock(), SupervisedRunner(command=FAKE_WORKER)
    runner.start(clock)
    try:
        runner.submit(tiny_job(models, 0, "flat-0.fits"))
        clock.wait(JobDone)
        begun = time.perf_counter()
        for number in range(1, 201):
            runner.submit(tiny_job(models, number, f"flat-{number}.fits"))
        return clock.wait(JobDone, 201) - begun
    finally:
        runner.close()


def reading() -> tuple[float, float]:
    """Seconds to the reader's first answer, and for a round trip once it runs."""
    reader = ReaderProcess()
    path = str(ROOT / "LICENSE")

    def ask() -> float:
        begun = time.perf_counter()
        error = reader.recognise(path).exception()
        assert error is None or isinstance(error, AstroguiError), error
        return time.perf_counter() - begun

    try:
        return ask(), statistics.median(ask() for _ in range(100))
    finally:
        reader.close()


def tiny_job(models: str, job_id: int, path: str) -> Job:
    return Job(job_id=job_id, task="tiny", sources=(tiny.source(path),), models_dir=models)


def shipped_job(task: str, path: str) -> Job:
    reader = ReaderProcess()
    try:
        return Job(job_id=1, task=task, sources=reader.recognise(path).result()[:1], refine=False)
    finally:
        reader.close()


def median(rows: list[tuple[float, ...]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task")
    parser.add_argument("files", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as models:
        tiny.write_model(Path(models))
        job = tiny_job(models, 1, "flat-1.fits")
        ready, first = median([cold_start(FAKE_WORKER, job) for _ in range(TIMES)])
        print(f"tiny network: ready {ready:.2f} s, first answer {first:.2f} s after the start")
        seen, back, next_answer = median([death(models) for _ in range(TIMES)])
        print(f"kill -9: reported after {1e3 * seen:.0f} ms, new worker ready after {back:.2f} s,")
        print(f"         next job answered after {next_answer:.2f} s")
        print(f"200 jobs of the tiny network: {two_hundred(models):.2f} s")
    cold, warm = median([reading() for _ in range(TIMES)])
    print(f"reader: first answer {cold:.2f} s, round trip {1e3 * warm:.2f} ms")
    for path in given.files:
        job = shipped_job(given.task, path)
        ready, first = median([cold_start(None, job) for _ in range(TIMES)])
        print(
            f"{given.task} over {Path(path).name}: ready {ready:.2f} s, first answer {first:.2f} s"
        )


if __name__ == "__main__":
    main()
