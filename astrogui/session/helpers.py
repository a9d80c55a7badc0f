"""What a session is started with: an unnamed project, a worker, a reader process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from astrogui.inference.jobs import Runner
from astrogui.session.settings import Settings, data_folder, log_path
from astrogui.store.project import now

LARGEST_LOG_BYTES = 5_000_000


def unnamed_project() -> Path:
    """A new project in the analyst's data folder, named by the time of its start."""
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


def make_worker(settings: Settings) -> Runner:
    from astrogui.inference.supervisor import SupervisedRunner

    return SupervisedRunner(job_timeout_s=settings.job_timeout_s, log=_children_log())


def make_reader() -> Any:
    from astrogui.inference.reading import ReaderProcess

    return ReaderProcess(log=_children_log())


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
