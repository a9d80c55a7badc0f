"""What a session is started with: an unnamed project, a worker, a reader process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrogui.session.settings import Settings, data_folder, log_path

if TYPE_CHECKING:
    from astrogui.inference.jobs import Runner
    from astrogui.inference.process import HelperProcess
    from astrogui.session.export_process import ExportProcess

LARGEST_LOG_BYTES = 5_000_000
MOST_WORKERS = 4  # more than the session can write down the answers of
WORKER_BYTES = 2 << 30  # of the machine's memory for each


def unnamed_project() -> Path:
    """A new project in the analyst's data folder, named by the time of its start."""
    from astrogui.store.project import now

    stamp = now().replace(":", "").replace("-", "")[:15]
    folder = data_folder() / "projects"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written: work goes on, and is said to be temporary
        folder = Path(tempfile.mkdtemp(prefix="astrogui-"))
    path = folder / f"unnamed-{stamp}.astrogui"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"unnamed-{stamp}-{number}.astrogui"
    return path


def make_worker(settings: Settings, has_window: bool = False) -> Runner:
    """The worker process; one of a window gives way to it.

    Without a window a worker a processor, where there is memory: those after the first are
    started for batches of spectra.
    """
    from astrogui.inference.several import SeveralRunners
    from astrogui.inference.supervisor import SupervisedRunner

    log = _children_log()
    runners = [
        SupervisedRunner(
            job_timeout_s=settings.job_timeout_s,
            log=log,
            gives_way=has_window,
            is_further=number > 0,
        )
        for number in range(1 if has_window else _workers())
    ]
    return SeveralRunners(runners) if len(runners) > 1 else runners[0]


def _workers() -> int:
    """How many worker processes a batch may have; one where the memory is not known."""
    from astrogui.inference.processors import processors

    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on this system
        return 1
    return max(min(processors(), MOST_WORKERS, memory // WORKER_BYTES), 1)


def start_reader(first: str | None = None) -> HelperProcess | None:
    """The reader process, started before NumPy and Qt are imported; for ``make_reader``.

    It begins with a glimpse of the file ``first``, which is asked for once there is a window.
    """
    from astrogui.inference.reader_start import start_reader as start

    return start(_children_log(), first)


def make_reader(process: HelperProcess | None = None, has_window: bool = False) -> Any:
    """The client of the reader process; of ``process`` where that was started before.

    One of a window gives way to it.
    """
    from astrogui.inference.reading import ReaderProcess

    return ReaderProcess(log=_children_log(), process=process, gives_way=has_window)


def make_exporter() -> ExportProcess:
    """Who writes exports; it starts a process only for very many rows."""
    from astrogui.session.export_process import ExportProcess

    return ExportProcess(log=_children_log())


def _children_log() -> str | None:
    """Where the helper processes write what they would tell a terminal, crash stacks included."""
    folder = log_path().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    path = folder / "helpers.log"
    if path.is_file() and path.stat().st_size > LARGEST_LOG_BYTES:
        os.replace(path, path.with_suffix(".log.1"))
    return str(path)
