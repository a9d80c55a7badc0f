"""The layout is kept, comes back, and can be reset."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings, Qt

from astrogui.window.docks import DOCKS


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def places(window):
    return {
        dock.objectName(): (dock.isVisible(), dock.isFloating(), window.dockWidgetArea(dock))
        for dock in window.docks
    }


def test_every_dock_has_a_name_and_the_names_differ(bench):
    names = [dock.objectName() for dock in bench.window.docks]
    assert sorted(names) == sorted({spec.name for spec in DOCKS})
    assert {"files", "viewer", "results", "catalogue", "jobs", "problems"} <= set(names)


def test_the_layout_of_one_window_is_that_of_the_next(open_bench, fake, settings, qtbot):
    first = open_bench(fake, settings).window
    first.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, first.docks["files"])
    first.docks["jobs"].setFloating(True)
    first.docks["history"].hide()
    before = places(first)
    first.close()
    second = open_bench(fake, settings).window
    assert {name: place[1:] for name, place in places(second).items()} == {
        name: place[1:] for name, place in before.items()
    }
    assert not second.docks["history"].isVisible()


def test_reset_layout_puts_every_dock_back(bench):
    window = bench.window
    before = places(window)
    window.docks["viewer"].setFloating(True)
    window.docks["catalogue"].hide()
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.docks["results"])
    assert places(window) != before
    window.actions_by_name["reset_layout"].trigger()
    assert places(window) == before


def test_a_layout_from_a_broken_file_leaves_the_first_layout(open_bench, fake, settings):
    settings.setValue("layout", b"no layout")
    settings.setValue("geometry", "nonsense")
    window = open_bench(fake, settings).window
    assert all(not dock.isFloating() for dock in window.docks)
