"""The keys of every action: those of the start, those of the analyst, and who has which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QKeySequence

from astrogui.window.actions import tip_with_keys
from astrogui.window.directory import Entry

PORTABLE = QKeySequence.SequenceFormat.PortableText
GROUP = "keys"
OF_FIELDS = {
    "Return", "Enter", "Up", "Down", "Left", "Right", "Home", "End", "PgUp", "PgDown", "Backspace",
    "Del", "Space", "Tab",
}  # fmt: skip
NO_KEYS = "none"  # kept for an action whose keys were all taken away


class KeyMap(QObject):
    """Gives actions their keys. ``settings`` None keeps nothing beyond the program's end."""

    changed = Signal()

    def __init__(self, settings: QSettings | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._first: dict[str, list[QKeySequence]] = {}
        self._entries: dict[str, Entry] = {}
        self._own: dict[str, list[str]] = self._read()

    def take(self, found: Iterable[Entry]) -> None:
        """Know these entries from now on, and give them the analyst's keys where there are any."""
        for entry in found:
            is_known = entry.name in self._entries
            self._entries[entry.name] = entry
            if not is_known:
                self._first[entry.name] = list(entry.action.shortcuts())
                _leave_to_fields(entry)
                if entry.name in self._own:
                    self._give(entry, self._own[entry.name])

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    def is_own(self, name: str) -> bool:
        """Whether the analyst has chosen the keys of an entry."""
        return name in self._own

    def keeper_of(self, name: str, sequence: QKeySequence) -> Entry | None:
        """Who has the keys, or keys that begin alike, where ``name`` would be reached by them.

        Tools of two kinds of view may share keys: the two are never on screen together.
        """
        scope = self._entries[name].scope
        for entry in self._entries.values():
            if entry.name == name or (scope and entry.scope and scope != entry.scope):
                continue
            if any(_collide(sequence, taken) for taken in entry.action.shortcuts()):
                return entry
        return None

    def set_keys(self, name: str, sequences: Sequence[QKeySequence]) -> str:
        """Give an entry these keys and keep them; the words of a refusal, "" where it was done."""
        for sequence in sequences:
            keeper = self.keeper_of(name, sequence)
            if keeper is not None:
                keys = sequence.toString(QKeySequence.SequenceFormat.NativeText)
                return (
                    f"{keys} is taken by “{keeper.text}” ({keeper.group}). "
                    "Give that other keys first, or choose different ones."
                )
        words = [sequence.toString(PORTABLE) for sequence in sequences]
        if list(sequences) == self._first[name]:
            self._own.pop(name, None)
        else:
            self._own[name] = words
        self._write(name)
        self._give(self._entries[name], words)
        self.changed.emit()
        return ""

    def reset(self, name: str) -> str:
        """Give an entry the keys of the start again; the words of a refusal, "" where done."""
        return self.set_keys(name, self._first[name])

    def reset_all(self) -> None:
        """Every entry has the keys of the start again."""
        for name in list(self._own):
            del self._own[name]
            self._write(name)
            if name in self._entries:
                self._entries[name].action.setShortcuts(self._first[name])
                self._give(
                    self._entries[name], [keys.toString(PORTABLE) for keys in self._first[name]]
                )
        self.changed.emit()

    def _give(self, entry: Entry, words: Sequence[str]) -> None:
        action = entry.action
        action.setShortcuts([QKeySequence(keys, PORTABLE) for keys in words])
        action.setToolTip(tip_with_keys(action.statusTip() or entry.text, action.shortcuts()))
        _leave_to_fields(entry)

    def _read(self) -> dict[str, list[str]]:
        if self._settings is None:
            return {}
        own: dict[str, list[str]] = {}
        self._settings.beginGroup(GROUP)
        for name in self._settings.childKeys():
            value = str(self._settings.value(name) or NO_KEYS)
            own[name] = [] if value == NO_KEYS else value.split("\n")
        self._settings.endGroup()
        return own

    def _write(self, name: str) -> None:
        if self._settings is None:
            return
        if name in self._own:
            self._settings.setValue(f"{GROUP}/{name}", "\n".join(self._own[name]) or NO_KEYS)
        else:
            self._settings.remove(f"{GROUP}/{name}")


def _leave_to_fields(entry: Entry) -> None:
    """A view's Enter, arrows and the like work in the view only: fields and tables have their own.

    A line of text does not claim Enter for itself: a view's key would take it away.
    """
    keys = {sequence.toString(PORTABLE) for sequence in entry.action.shortcuts()}
    if entry.scope and keys & OF_FIELDS:
        entry.action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)


def _collide(first: QKeySequence, second: QKeySequence) -> bool:
    """Whether two sequences are equal, or one begins as the other ends."""
    if not first.count() or not second.count():
        return False
    none = QKeySequence.SequenceMatch.NoMatch
    return first.matches(second) != none or second.matches(first) != none
