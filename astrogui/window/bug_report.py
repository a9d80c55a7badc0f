"""A report that can be pasted into an issue: problems, versions, machine, the end of the log."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import astrogui

PACKAGES = (
    "PySide6-Essentials", "pyqtgraph", "numpy", "scipy", "astropy", "h5py", "onnxruntime",
    "keras", "tensorflow", "numba",
)  # fmt: skip
LOG_LINES = 40
LOG_BYTES = 40_000  # of the log's end are looked at


def bug_report(problems: Sequence[str], worker: str, log: Path) -> str:
    """The whole report as Markdown. For the pool: it reads the log and the installed packages."""
    lines = ["### What happened", *(f"- {problem}" for problem in problems)]
    lines += ["", "### Versions", f"- AstroGUI {astrogui.__version__}"]
    lines += [f"- Python {platform.python_version()} on {platform.platform()}"]
    lines += [f"- {name} {version}" for name in PACKAGES if (version := _version(name))]
    lines += [f"- {worker}", f"- {os.cpu_count()} processors"]
    lines += ["", f"### The last {LOG_LINES} lines of the log", "```", tail(log), "```", ""]
    return _without_home("\n".join(lines))


def tail(log: Path) -> str:
    """The last lines of a log, or why there are none."""
    try:
        with open(log, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - LOG_BYTES, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return f"(no log: {error.strerror})"
    return "\n".join(text.splitlines()[-LOG_LINES:]) or "(the log is empty)"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _without_home(text: str) -> str:
    """Without the name of the analyst's home folder: a report is read by everybody."""
    home = os.path.expanduser("~")
    return text.replace(home, "~") if len(home) > 1 else text
