"""The regions of a view: one list with a selection, and every edit undone and done again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Signal

from astrogui.science.regions import Entry, Properties, Region

MOST_STEPS = 200


class RegionList(QObject):
    """Entries of a region file in their order; what is not drawn stays in its place."""

    changed = Signal()  # other entries
    selection_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: tuple[Entry, ...] = ()
        self.selected: tuple[int, ...] = ()  # places among ``regions``
        self._before: list[tuple[str, tuple[Entry, ...]]] = []
        self._after: list[tuple[str, tuple[Entry, ...]]] = []

    @property
    def regions(self) -> tuple[Region, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Region))

    @property
    def inherited(self) -> Properties:
        """The global properties that a region at the end of the list is under."""
        regions = self.regions
        return regions[-1].inherited if regions else ()

    @property
    def undo_title(self) -> str:
        """What ``undo`` would take back; "" for nothing."""
        return self._before[-1][0] if self._before else ""

    @property
    def redo_title(self) -> str:
        return self._after[-1][0] if self._after else ""

    # Edits ------------------------------------------------------------------------------------

    def add(self, regions: Sequence[Entry], title: str) -> None:
        """Append regions and select the last of them."""
        self._step(title, self.entries + tuple(regions))
        self.select([len(self.regions) - 1] if self.regions else [])

    def put(self, index: int, region: Region, title: str) -> None:
        """Another region in the place of one."""
        self.put_many({index: region}, title)

    def put_many(self, regions: dict[int, Region], title: str) -> None:
        """Other regions in the places of some, as one step."""
        places = self._places()
        entries = list(self.entries)
        for index, region in regions.items():
            entries[places[index]] = region
        self._step(title, tuple(entries))

    def remove_selected(self) -> None:
        gone = {self._places()[index] for index in self.selected}
        if not gone:
            return
        words = f"Delete {len(gone)} regions" if len(gone) > 1 else "Delete region"
        kept = tuple(entry for i, entry in enumerate(self.entries) if i not in gone)
        following = min(self.selected)
        self._step(words, kept)
        last = len(self.regions) - 1
        self.select([min(following, last)] if last >= 0 else [])

    def clear(self) -> None:
        """Take all away, lines that are not drawn included."""
        if self.entries:
            self._step("Delete all regions", ())

    def undo(self) -> str:
        """Take the last edit back; its title, or ""."""
        return self._walk(self._before, self._after)

    def redo(self) -> str:
        return self._walk(self._after, self._before)

    # Selection --------------------------------------------------------------------------------

    def select(self, indices: Iterable[int]) -> None:
        count = len(self.regions)
        wanted = tuple(dict.fromkeys(i for i in indices if 0 <= i < count))
        if wanted != self.selected:
            self.selected = wanted
            self.selection_changed.emit()

    def toggle(self, index: int) -> None:
        """Take a region into the selection, or out of it."""
        if index in self.selected:
            self.select([i for i in self.selected if i != index])
        else:
            self.select([*self.selected, index])

    def step_selection(self, step: int) -> None:
        """The next region, or the one before, round the list."""
        count = len(self.regions)
        if count:
            last = self.selected[-1] if self.selected else (-1 if step > 0 else 0)
            self.select([(last + step) % count])

    # Helpers ----------------------------------------------------------------------------------

    def _places(self) -> list[int]:
        """Where each region stands among the entries."""
        return [i for i, entry in enumerate(self.entries) if isinstance(entry, Region)]

    def _step(self, title: str, entries: tuple[Entry, ...]) -> None:
        if entries == self.entries:
            return
        self._before.append((title, self.entries))
        del self._before[:-MOST_STEPS]
        self._after.clear()
        self._show(entries)

    def _walk(
        self, taken: list[tuple[str, tuple[Entry, ...]]], given: list[tuple[str, tuple[Entry, ...]]]
    ) -> str:
        if not taken:
            return ""
        title, entries = taken.pop()
        given.append((title, self.entries))
        self._show(entries)
        return title

    def _show(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        count = len(self.regions)
        kept = tuple(i for i in self.selected if i < count)
        lost_some, self.selected = kept != self.selected, kept
        self.changed.emit()
        if lost_some:
            self.selection_changed.emit()
