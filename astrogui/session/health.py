"""What ``doctor`` reports: versions, display, devices, models, and where the log is."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator

import astrogui
from astrogui.session.cards import Cards
from astrogui.session.settings import log_path, model_search_path, settings_path
from astrogui.tasks import TASKS

LIBRARIES = (
    "PySide6-Essentials", "pyqtgraph", "tensorflow", "tensorflow-probability", "keras",
    "onnxruntime", "astropy", "h5py", "numpy", "scipy", "sep", "pyarrow", "numba", "jax", "gwpy",
)  # fmt: skip


def report(models: str | None = None) -> Iterator[tuple[str, str]]:
    """Pairs of a name and what is there, without importing any heavy library."""
    yield "AstroGUI", astrogui.__version__
    yield "Python", platform.python_version()
    yield "system", platform.platform()
    for library in LIBRARIES:
        try:
            yield library, importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            yield library, "not installed"
    yield "display", _display()
    from astrogui.inference.backends import expected

    yield "network runtime", " on ".join(expected())
    search = model_search_path(models or "")
    cards = Cards(search)
    for task in TASKS:
        card = cards.card(task.name)
        yield f"model for {task.name}", f"{card.name} {card.version}" if card else "none"
    yield "settings", str(settings_path())
    yield "log", str(log_path())


def replay(models: str | None = None) -> Iterator[tuple[str, bool]]:
    """Every golden record on every backend installed: a line of words, and whether it agrees."""
    from astrogui.inference.golden import replay_all

    cards = Cards(model_search_path(models or ""))
    folders = [folder for task in TASKS if (folder := cards.folder(task.name)) is not None]
    yield from replay_all(folders)


def _display() -> str:
    if os.environ.get("QT_QPA_PLATFORM"):
        return f"Qt platform {os.environ['QT_QPA_PLATFORM']}"
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            return f"{name} {os.environ[name]}"
    return "none" if platform.system() == "Linux" else "native"
