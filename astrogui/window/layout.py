"""Where the docks stand: arrangements as trees, and the ones that have names."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
LEAST_WIDTH, LEAST_HEIGHT = 230, 190  # of a dock that can be worked with


@dataclass(frozen=True, slots=True)
class Tabs:
    """Docks on top of each other, the first in front; ``share`` of the room among its siblings."""

    names: tuple[str, ...]
    share: int = 1


@dataclass(frozen=True, slots=True)
class Split:
    """Parts side by side or one below the other."""

    orientation: Qt.Orientation
    parts: tuple[Tabs | Split, ...]
    share: int = 1


Arrangement = Tabs | Split

LISTS = ("jobs", "problems", "history")
FIRST = Split(
    DOWN,
    (
        Split(
            ACROSS,
            (Tabs(("files",), 15), Tabs(("viewer",), 55), Tabs(("results",), 30)),
            72,
        ),
        Split(ACROSS, (Tabs(("catalogue", *LISTS), 78), Tabs(("annotate",), 22)), 28),
    ),
)
IMAGES = Split(
    DOWN,
    (
        Split(
            ACROSS,
            (
                Tabs(("viewer",), 76),
                Split(DOWN, (Tabs(("results",), 62), Tabs(("annotate", "files"), 38)), 24),
            ),
            80,
        ),
        Tabs(("catalogue", "jobs", "problems"), 20),
    ),
)
SPECTRA = Split(
    DOWN,
    (
        Split(ACROSS, (Tabs(("files",), 14), Tabs(("viewer",), 86)), 66),
        Split(
            ACROSS,
            (
                Tabs(("catalogue", "jobs", "problems"), 44),
                Tabs(("results",), 36),
                Tabs(("annotate", "history"), 20),
            ),
            34,
        ),
    ),
)
STRAIN = Split(
    ACROSS,
    (
        Split(
            DOWN, (Tabs(("viewer",), 84), Tabs(("catalogue", "files", "jobs", "problems"), 16)), 66
        ),
        Tabs(("results",), 34),
    ),
)
GRADING = Split(
    ACROSS,
    (
        Split(DOWN, (Tabs(("viewer",), 76), Tabs(("catalogue", "history"), 24)), 70),
        Split(
            DOWN,
            (Tabs(("grading", "results"), 60), Tabs(("annotate",), 40)),
            30,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Preset:
    """An arrangement with a name, a key and words."""

    name: str
    title: str
    keys: str
    tip: str
    arrangement: Arrangement


PRESETS: tuple[Preset, ...] = (
    Preset("images", "Layout for &images", "Ctrl+1", "A large view, results at its side", IMAGES),
    Preset("spectra", "Layout for s&pectra", "Ctrl+2", "A wide view, results below it", SPECTRA),
    Preset("strain", "Layout for s&train", "Ctrl+3", "A tall view beside the results", STRAIN),
    Preset("grading", "Layout for &grading", "Ctrl+4", "The view, grades and annotations", GRADING),
)


def without(arrangement: Arrangement, missing: Collection[str]) -> Arrangement | None:
    """The arrangement without docks that there are not; None where nothing is left."""
    if isinstance(arrangement, Tabs):
        names = tuple(name for name in arrangement.names if name not in missing)
        return replace(arrangement, names=names) if names else None
    parts = tuple(p for part in arrangement.parts if (p := without(part, missing)) is not None)
    return replace(arrangement, parts=parts) if parts else None


def fitted(arrangement: Arrangement, width: int, height: int) -> Arrangement:
    """The arrangement for so much room: what would be too small becomes a tab of its neighbour.

    A screen of 1920 x 1080 at 300 % has room for 640 x 360: two columns, one row.
    """
    if isinstance(arrangement, Tabs):
        return arrangement
    across = arrangement.orientation == ACROSS
    room, least = (width, LEAST_WIDTH) if across else (height, LEAST_HEIGHT)
    parts, whole = list(arrangement.parts), sum(part.share for part in arrangement.parts)
    for place, part in enumerate(parts):
        inside = room * part.share // whole if len(parts) * least <= room else room
        wide, high = (inside, height) if across else (width, inside)
        parts[place] = fitted(part, wide, high)
    while len(parts) > 1 and len(parts) * least > room:
        small = min(parts, key=lambda part: part.share)
        place = parts.index(small)
        beside = place - 1 if place else 1
        parts[beside] = _merged(parts[beside], small)
        del parts[place]
    if len(parts) == 1:
        return replace(parts[0], share=arrangement.share)
    return replace(arrangement, parts=tuple(parts))


def _merged(large: Arrangement, small: Arrangement) -> Arrangement:
    """Both in the place of the larger, whose docks stay in front."""
    share = large.share + small.share
    if isinstance(large, Tabs):
        return Tabs((*large.names, *names_of(small)), share)
    parts = list(large.parts)
    if isinstance(small, Split) and len(small.parts) == len(parts):
        pairs = zip(parts, small.parts, strict=True)
        return replace(large, parts=tuple(_merged(a, b) for a, b in pairs), share=share)
    widest = max(range(len(parts)), key=lambda place: parts[place].share)
    parts[widest] = replace(_merged(parts[widest], small), share=parts[widest].share)
    return replace(large, parts=tuple(parts), share=share)


def names_of(arrangement: Arrangement) -> Iterator[str]:
    """Every dock that an arrangement shows."""
    if isinstance(arrangement, Tabs):
        yield from arrangement.names
        return
    for part in arrangement.parts:
        yield from names_of(part)


def arrange(window: QMainWindow, docks: dict[str, QDockWidget], arrangement: Arrangement) -> None:
    """Put the docks of ``arrangement`` where it says; all others are taken out of the window.

    Raises ``KeyError`` for a dock that there is not.
    """
    for dock in docks.values():
        dock.setFloating(False)
        window.removeDockWidget(dock)
    window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, docks[_first(arrangement)])
    _place(window, docks, arrangement)
    for name in names_of(arrangement):
        docks[name].show()
    for tabs in _all_tabs(arrangement):
        docks[tabs.names[0]].raise_()
    width, height = max(window.width(), 900), max(window.height(), 600)
    _share_out(window, docks, arrangement, width, height)


def _place(window: QMainWindow, docks: dict[str, QDockWidget], arrangement: Arrangement) -> None:
    """Split outside first: Qt halves the place of one dock, not of what surrounds it."""
    if isinstance(arrangement, Tabs):
        for name in arrangement.names[1:]:
            window.tabifyDockWidget(docks[arrangement.names[0]], docks[name])
        return
    for before, part in zip(arrangement.parts, arrangement.parts[1:], strict=False):
        window.splitDockWidget(docks[_first(before)], docks[_first(part)], arrangement.orientation)
    for part in arrangement.parts:
        _place(window, docks, part)


def _share_out(
    window: QMainWindow,
    docks: dict[str, QDockWidget],
    arrangement: Arrangement,
    width: int,
    height: int,
) -> None:
    if isinstance(arrangement, Tabs):
        return
    whole = sum(part.share for part in arrangement.parts)
    room = width if arrangement.orientation == ACROSS else height
    sizes = [room * part.share // whole for part in arrangement.parts]
    window.resizeDocks(
        [docks[_first(part)] for part in arrangement.parts], sizes, arrangement.orientation
    )
    for part, size in zip(arrangement.parts, sizes, strict=True):
        across = arrangement.orientation == ACROSS
        _share_out(window, docks, part, size if across else width, height if across else size)


def _first(arrangement: Arrangement) -> str:
    return next(names_of(arrangement))


def _all_tabs(arrangement: Arrangement) -> Iterator[Tabs]:
    if isinstance(arrangement, Tabs):
        yield arrangement
        return
    for part in arrangement.parts:
        yield from _all_tabs(part)
