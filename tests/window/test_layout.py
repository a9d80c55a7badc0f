"""The layout is kept, comes back, and can be reset."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from random_layouts import wrong_layouts

from astrogui.session.events import ProjectOpened
from astrogui.session.settings import data_folder
from astrogui.window.docks import DOCKS
from astrogui.window.features.layouts import is_unnamed, key_of
from astrogui.window.layout import ACROSS, PRESETS, Split, Tabs, names_of, without


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
    assert len(set(names)) == len(names)
    assert {spec.name for spec in DOCKS} <= set(names)
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


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_shows_its_docks_and_copes_with_missing_ones(bench, preset):
    window = bench.window
    window.actions_by_name[f"layout_{preset.name}"].trigger()
    wanted = set(names_of(preset.arrangement)) & {dock.objectName() for dock in window.docks}
    assert {d.objectName() for d in window.docks if not d.isHidden()} == wanted
    assert window.docks["viewer"].width() * 3 > window.width()
    window.actions_by_name["reset_layout"].trigger()
    assert not window.docks["files"].isHidden()


def test_an_arrangement_without_any_of_its_docks_is_nothing():
    assert without(Split(ACROSS, (Tabs(("a",)), Tabs(("b", "c")))), {"a", "b", "c"}) is None
    assert without(Tabs(("a", "b")), {"a"}) == Tabs(("b",))


def test_shares_of_an_arrangement_are_those_of_the_window(bench):
    bench.window.docks.arrange(Split(ACROSS, (Tabs(("viewer",), 70), Tabs(("files",), 30))))
    viewer, files = (bench.window.docks[name].width() for name in ("viewer", "files"))
    assert viewer / (viewer + files) == pytest.approx(0.7, abs=0.05)


def test_each_project_comes_back_in_its_own_layout(open_bench, fake, settings, qtbot):
    bench = open_bench(fake, settings)
    bench.window.actions_by_name["layout_strain"].trigger()
    first = places(bench.window)
    fake.path = Path("/data/second.astrogui")
    fake.say(ProjectOpened("/data/second.astrogui"))
    layouts = bench.features["layouts"]
    qtbot.waitUntil(lambda: layouts._project == "/data/second.astrogui")
    assert places(bench.window) == first  # a new project begins as the last one was
    bench.window.actions_by_name["layout_images"].trigger()
    second = places(bench.window)
    assert second != first
    fake.path = Path("/data/fake.astrogui")
    fake.say(ProjectOpened("/data/fake.astrogui"))
    qtbot.waitUntil(lambda: places(bench.window) == first)
    bench.window.close()
    fake.path = Path("/data/second.astrogui")
    assert places(open_bench(fake, settings).window) == second


def test_layouts_of_unnamed_projects_are_not_kept_and_old_ones_forgotten(
    open_bench, fake, settings, monkeypatch
):
    bench = open_bench(fake, settings)
    layouts = bench.features["layouts"]
    monkeypatch.setattr("astrogui.window.features.layouts.KEPT", 2)
    for number in range(4):
        layouts._project = f"/data/{number}.astrogui"
        layouts.keep()
    kept = [key for key in settings.allKeys() if key.startswith("layouts/") and "latest" not in key]
    assert sorted(kept) == sorted(key_of(f"/data/{number}.astrogui") for number in (2, 3))
    assert is_unnamed(data_folder() / "projects" / "unnamed-20261121T1155.astrogui")
    assert not is_unnamed(Path("/data/unnamed-night.astrogui"))


def test_random_layouts_come_back_as_they_were(qapp, tmp_path):
    """Many more of them: ``tests/benchmarks/window_layouts.py``."""
    assert wrong_layouts(count=12, seed=5, folder=tmp_path) == []
