"""Ctrl+Shift+P: everything that can be done, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from astrogui.window.actions import Spec
from astrogui.window.command_list import Choice, CommandList
from astrogui.window.directory import Entry, entries

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

OWN = "window.command_list"
Source = Callable[[], Iterator[Choice]]


class Feature(QObject):
    """Opens the list; other features add lines to it by ``add_source``."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self._sources: list[Source] = []
        actions = bench.window.actions_by_name
        actions.add(
            (
                Spec(
                    "command_list",
                    "&Help",
                    "&Command list…",
                    ("Ctrl+Shift+P",),
                    "Find everything that can be done here by a few letters",
                ),
            )
        )
        actions["command_list"].triggered.connect(self.open)

    def add_source(self, source: Source) -> None:
        """Ask ``source`` for more lines each time the list is opened."""
        self._sources.append(source)

    def open(self, _: Any = None) -> None:
        """Show the list with what can be done at this moment."""
        CommandList(list(self.choices()), self._bench.window).show()

    def choices(self) -> Iterator[Choice]:
        """Actions, tools and analyses, then what other features have."""
        for entry in entries(self._bench):
            if entry.name != OWN:
                yield self._choice(entry)
        for source in self._sources:
            yield from source()

    def _choice(self, entry: Entry) -> Choice:
        view = self._bench.area.views.get(entry.scope)
        obstacle = ""
        if view is not None and view is not self._bench.area.current:
            obstacle = f"This works on the view “{entry.group}”, which is not on screen."
        elif not entry.action.isEnabled():
            obstacle = "There is nothing for this to work on at the moment."
        return Choice(entry.group, entry.text, partial(_trigger, entry), entry.keys, obstacle)


def _trigger(entry: Entry) -> None:
    entry.action.trigger()
