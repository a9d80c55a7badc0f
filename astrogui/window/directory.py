"""Everything that can be done, gathered in one list: for the keyboard map and the command list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

NATIVE = QKeySequence.SequenceFormat.NativeText


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to do. ``name`` is its own in the whole program, as in "image.zoom_in"."""

    name: str
    group: str  # the menu where it stands
    action: QAction
    scope: str = ""  # the kind of view on whose screen its keys work; "" for everywhere

    @property
    def text(self) -> str:
        return plain(self.action.iconText() if not self.action.text() else self.action.text())

    @property
    def keys(self) -> str:
        """The keys, as they are written on this machine's keyboard."""
        return ", ".join(sequence.toString(NATIVE) for sequence in self.action.shortcuts())


def entries(bench: Workbench) -> list[Entry]:
    """The window's actions, the views' tools and the analyses, in the order of the menus."""
    return [*_of_window(bench), *_of_views(bench), *_of_tasks(bench)]


def _of_window(bench: Workbench) -> Iterator[Entry]:
    actions = bench.window.actions_by_name
    for title in actions.menus:  # the menus' own order, not that in which features were built
        for spec in actions.specs:
            if spec.menu == title:
                yield Entry(f"window.{spec.name}", plain(title), actions[spec.name])


def _of_views(bench: Workbench) -> Iterator[Entry]:
    views = {**bench.area.views, "results": bench.results.view}
    for feature in bench.features.values():  # those in docks of their own
        views |= getattr(feature, "panel_views", {})
    for kind, view in views.items():
        group = plain(view.menu_title) or kind.capitalize()
        for name, action in view.tools.items():
            yield Entry(f"{kind}.{name}", group, action, kind)


def _of_tasks(bench: Workbench) -> Iterator[Entry]:
    for name, action in bench.commands.task_actions.items():
        yield Entry(f"task.{name}", "Run an analysis", action)


def plain(text: str) -> str:
    """The text of an action without the marks of its menu keys."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").removesuffix("…")


def keyboard_map(found: Iterable[Entry]) -> str:
    """Every entry that has keys as an HTML table, grouped by menu."""
    rows: list[str] = []
    group = ""
    for entry in found:
        if not entry.keys:
            continue
        if entry.group != group:
            group = entry.group
            where = " (while it is on screen)" if entry.scope else ""
            rows.append(f"<tr><th align='left' colspan='2'>{escape(group)}{where}</th></tr>")
        rows.append(
            f"<tr><td>{escape(entry.text)}&nbsp;&nbsp;</td><td><b>{escape(entry.keys)}</b></td></tr>"
        )
    return f"<h3>Keyboard</h3><table cellpadding='3'>{''.join(rows)}</table>"
