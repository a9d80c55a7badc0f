"""Layouts: presets by name, and the one that each project was left in."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings

from astrogui.session.settings import data_folder
from astrogui.window.actions import Spec
from astrogui.window.layout import FIRST, PRESETS, Arrangement

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

KEPT = 60  # layouts of projects; the one not used for longest is forgotten first
LATEST = "layouts/latest"


class Feature(QObject):
    """Keeps a layout for each project by its path, in the analyst's settings."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._window = bench.window
        self._session = bench.session
        self._settings = bench.window.settings
        self._project = ""
        actions = bench.window.actions_by_name
        for number, preset in enumerate(PRESETS):
            name = f"layout_{preset.name}"
            actions.add(
                (
                    Spec(
                        name,
                        "&View",
                        preset.title,
                        (preset.keys,),
                        preset.tip,
                        starts_group=number == 0,
                    ),
                )
            )
            actions[name].triggered.connect(partial(self.use, preset.arrangement))
        bench.window.closing.connect(self.keep)
        bench.bridge.project_changed.connect(self._on_project_changed)
        bench.built.connect(self._on_project_changed)

    def use(self, arrangement: Arrangement = FIRST, _: bool = False) -> None:
        """Arrange the docks so, from now on."""
        self._window.docks.arrange(arrangement)

    def keep(self) -> None:
        """Remember how this project's docks stand."""
        if self._settings is None or not self._project:
            return
        key = key_of(self._project)
        self._window.docks.save(self._settings, key)
        latest = [key, *(known for known in _latest(self._settings) if known != key)]
        for forgotten in latest[KEPT:]:
            self._settings.remove(forgotten)
        self._settings.setValue(LATEST, "\n".join(latest[:KEPT]))

    def _on_project_changed(self) -> None:
        path = self._session.path
        project = "" if is_unnamed(path) else str(path)
        if project == self._project:
            return
        self.keep()
        self._project = project
        if self._settings is not None and project:
            self._window.docks.restore(self._settings, key_of(project))


def key_of(project: str) -> str:
    """Where the layout of a project lies in the settings."""
    return f"layouts/{hashlib.sha256(project.encode()).hexdigest()[:16]}"


def is_unnamed(path: Path) -> bool:
    """Whether a project is one that the program named itself: it has no layout of its own."""
    return path.parent == data_folder() / "projects" and path.name.startswith("unnamed-")


def _latest(settings: QSettings) -> list[str]:
    return [key for key in str(settings.value(LATEST) or "").split("\n") if key]
