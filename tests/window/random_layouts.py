"""Docks put anywhere at random, and a new window that should have them at the same places."""

from __future__ import annotations

import random
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QMainWindow
from turns import deliver_deletions

from astrogui.window.main_window import MainWindow

AREAS = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.TopDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
BOTH = (Qt.Orientation.Horizontal, Qt.Orientation.Vertical)
TOLERANCE = 2  # pixels


def shuffle(window: QMainWindow, dice: random.Random) -> None:
    """Move, split, stack, float, close and resize docks without any plan."""
    docks = list(window.docks)
    for dock in docks:
        dock.setFloating(False)
        window.addDockWidget(dice.choice(AREAS), dock)
    for _ in range(dice.randint(2, 8)):
        first, second = dice.sample(docks, 2)
        if dice.random() < 0.5:
            window.splitDockWidget(first, second, dice.choice(BOTH))
        else:
            window.tabifyDockWidget(first, second)
    for dock in docks:
        dock.setVisible(dice.random() < 0.8)
        if dice.random() < 0.12:
            dock.setFloating(True)
            dock.setGeometry(dice.randint(0, 300), dice.randint(0, 200), 300, 240)
    some = dice.sample(docks, 3)
    window.resizeDocks(some, [dice.randint(120, 700) for _ in some], dice.choice(BOTH))
    QApplication.processEvents()


def state(window: QMainWindow) -> dict[str, tuple[object, ...]]:
    """Everything that is seen of the docks: place, size, floating, closed, neighbours' tabs."""
    QApplication.processEvents()
    return {
        dock.objectName(): (
            dock.isHidden(),
            dock.isFloating(),
            window.dockWidgetArea(dock),
            frozenset(other.objectName() for other in window.tabifiedDockWidgets(dock)),
            dock.geometry().getRect() if not dock.isHidden() and _is_front(dock) else None,
        )
        for dock in window.docks
    }


def _is_front(dock) -> bool:
    return dock.isFloating() or not dock.visibleRegion().isEmpty()


def wrong_layouts(count: int, seed: int, folder: Path) -> list[str]:
    """Close a window in each of ``count`` layouts, open another: what differs, in words."""
    dice = random.Random(seed)
    wrong = []
    for number in range(count):
        settings = QSettings(str(folder / f"{number}.ini"), QSettings.Format.IniFormat)
        first = MainWindow(settings)
        room = first.screen().availableGeometry()
        first.resize(
            *(dice.randint(side * 7 // 10, side * 9 // 10) for side in room.size().toTuple())
        )
        first.show()
        shuffle(first, dice)
        before = state(first)
        _close(first)
        second = MainWindow(QSettings(settings.fileName(), QSettings.Format.IniFormat))
        second.show()
        after = state(second)
        _close(second)
        wrong += [
            f"{number} {name}: {before[name]} became {after[name]}"
            for name in before
            if not _is_same(before[name], after[name])
        ]
    return wrong


def _close(window: QMainWindow) -> None:
    window.close()
    window.deleteLater()
    deliver_deletions()


def _is_same(first, second) -> bool:
    if first[:-1] != second[:-1] or (first[-1] is None) != (second[-1] is None):
        return False
    if first[-1] is None:
        return True
    return all(abs(a - b) <= TOLERANCE for a, b in zip(first[-1], second[-1], strict=True))
