"""Recent files and projects: in menus, on the start page and in the command list."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from astrogui.window.command_list import Choice
from astrogui.window.features.layouts import is_unnamed
from astrogui.window.reading import Reading

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

PAUSE_MS = 300
MOST = {"files": 15, "projects": 10}
TITLES = {"files": "Recent &files", "projects": "Recent pro&jects"}
GONE = "not found"


class Feature(QObject):
    """Remembers paths in the analyst's settings; whether they still exist is asked in the pool."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._settings: QSettings | None = bench.window.settings
        self._paths = {kind: self._read(kind) for kind in MOST}
        self._missing: frozenset[str] = frozenset()
        self._fresh: deque[int] = deque(maxlen=MOST["files"])  # items whose paths are not known yet
        self._reading = Reading(
            bench.session, bench.bridge, bench.compute, self._read_fresh, self._on_fresh, self
        )
        self._later = QTimer(self)  # hundreds of files may come within a second
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._reading.ask)
        self.menus = {kind: self._make_menu(kind) for kind in MOST}
        bench.bridge.files_changed.connect(self._on_files_changed)
        bench.bridge.project_changed.connect(self._on_project_changed)
        bench.window.start_page.recent_chosen.connect(self.open)
        if "command_list" in bench.features:
            bench.features["command_list"].add_source(self.choices)
        self._on_project_changed()
        self.look()

    def paths(self, kind: str) -> tuple[str, ...]:
        """The paths of "files" or "projects", the latest first."""
        return tuple(self._paths[kind])

    def look(self) -> None:
        """Ask which of the paths there are; menus and start page follow."""
        wanted = [path for paths in self._paths.values() for path in paths]
        self._bench.bridge.after(self._bench.compute(missing, wanted), self._on_looked)

    def open(self, kind: str, path: str) -> None:
        """Open a recent file or project, or say that it is gone."""
        if path in self._missing:
            self._bench.window.notice.show_notice(
                f"{path} is not found: it was moved, renamed or deleted, or its disk is not "
                "connected."
            )
            self.look()
        elif kind == "projects":
            self._bench.commands.open_project(path)
        else:
            self._bench.commands.add([path])

    def choices(self) -> Iterator[Choice]:
        """The lines of the command list."""
        for kind, title in (("projects", "Open recent project"), ("files", "Open recent file")):
            for path in self._paths[kind]:
                obstacle = f"{path} is not found." if path in self._missing else ""
                yield Choice(title, shortened(path), partial(self.open, kind, path), "", obstacle)

    def forget(self) -> None:
        """Empty both lists."""
        for kind in MOST:
            self._paths[kind] = []
            self._write(kind)
        self._show()

    def _make_menu(self, kind: str) -> QMenu:
        actions = self._bench.window.actions_by_name
        menu = QMenu(TITLES[kind], self._bench.window)
        menu.setToolTipsVisible(True)
        before = actions["open_project" if kind == "files" else "export"]
        actions.menus["&File"].insertMenu(before, menu)
        menu.aboutToShow.connect(self.look)
        return menu

    def _on_files_changed(self, item_ids: Sequence[int]) -> None:
        self._fresh.extend(item_ids)
        if not self._later.isActive():
            self._later.start()

    def _read_fresh(self, view: Any) -> list[str]:
        """Runs in the pool: the files of new observations, in their order."""
        wanted: list[int] = []
        while self._fresh:
            wanted.append(self._fresh.popleft())
        items = [view.item(item_id) for item_id in wanted]
        return [item.paths[0] for item in items if item.kind != "refused" and item.state == "ok"]

    def _on_fresh(self, paths: list[str]) -> None:
        for path in paths:
            self._remember("files", (path,))
        self._write("files")
        self._show()

    def _on_project_changed(self) -> None:
        path = self._bench.session.path
        if not is_unnamed(path):
            self._remember("projects", (str(path),))
            self._write("projects")
        self._show()

    def _remember(self, kind: str, paths: Sequence[str]) -> None:
        known = [path for path in self._paths[kind] if path not in paths]
        self._paths[kind] = [*paths, *known][: MOST[kind]]
        self._missing -= set(paths)

    def _on_looked(self, gone: frozenset[str]) -> None:
        self._missing = gone
        self._show()

    def _show(self) -> None:
        for kind, menu in self.menus.items():
            menu.clear()
            for number, path in enumerate(self._paths[kind], 1):
                menu.addAction(self._action(kind, path, number, menu))
            menu.menuAction().setEnabled(bool(self._paths[kind]))
        if self._paths["files"] or self._paths["projects"]:
            forget = self.menus["files"].addSeparator()
            forget = self.menus["files"].addAction("Fo&rget recent files and projects")
            forget.triggered.connect(self.forget)
        self._bench.window.start_page.show_recent(
            [
                (kind, path, path not in self._missing)
                for kind in ("projects", "files")
                for path in self._paths[kind]
            ]
        )

    def _action(self, kind: str, path: str, number: int, menu: QMenu) -> QAction:
        is_there = path not in self._missing
        name = shortened(path).replace("&", "&&")
        mark = f"&{number}  " if number < 10 else ""
        action = QAction(f"{mark}{name}" + ("" if is_there else f"  ({GONE})"), menu)
        action.setToolTip(path if is_there else f"{path}\n{GONE}")
        action.setEnabled(is_there)
        action.triggered.connect(partial(self._on_chosen, kind, path))
        return action

    def _on_chosen(self, kind: str, path: str, _: bool = False) -> None:
        self.open(kind, path)

    def _read(self, kind: str) -> list[str]:
        if self._settings is None:
            return []
        text = str(self._settings.value(f"recent/{kind}") or "")
        return [path for path in text.split("\n") if path][: MOST[kind]]

    def _write(self, kind: str) -> None:
        if self._settings is not None:
            self._settings.setValue(f"recent/{kind}", "\n".join(self._paths[kind]))


def missing(paths: Sequence[str]) -> frozenset[str]:
    """The paths where nothing is; for the pool, since a disk may take its time."""
    return frozenset(path for path in paths if not os.path.exists(path))


def shortened(path: str, length: int = 60) -> str:
    """Name and folder of a path, the folder cut in its middle where it is long."""
    home = os.path.expanduser("~")
    path = f"~{path[len(home) :]}" if path.startswith(f"{home}/") else path
    if len(path) <= length:
        return path
    name = path.rpartition("/")[2]
    room = max(length - len(name) - 2, 8)
    return f"{path[: room // 2]}…{path[-(room - room // 2) - len(name) - 1 :]}"
