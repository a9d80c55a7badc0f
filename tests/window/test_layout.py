"""The layout is kept, comes back, and can be reset."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtWidgets import QPushButton, QTabBar, QWidget
from random_layouts import wrong_layouts

from astrogui.session.events import ProjectOpened
from astrogui.session.settings import data_folder
from astrogui.window.docks import DOCKS
from astrogui.window.features.layouts import is_unnamed, key_of
from astrogui.window.layout import ACROSS, FIRST, PRESETS, Split, Tabs, fitted, names_of, without
from astrogui.window.panels.button_flow import ButtonFlow


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


ARRANGEMENTS = [FIRST, *(preset.arrangement for preset in PRESETS)]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_a_usual_screen_has_room_for_every_arrangement(arrangement):
    assert fitted(arrangement, 1366, 650) == arrangement


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("room", [(640, 275), (300, 200), (960, 275), (300, 800)])
def test_on_a_small_screen_docks_become_tabs_and_none_is_lost(arrangement, room):
    made = fitted(arrangement, *room)
    assert sorted(names_of(made)) == sorted(names_of(arrangement))
    columns = len(made.parts) if isinstance(made, Split) and made.orientation == ACROSS else 1
    assert columns <= max(room[0] // 230, 1)
    if room[1] < 380:  # one row
        parts = made.parts if isinstance(made, Split) else (made,)
        assert all(isinstance(part, Tabs) for part in parts)
        assert made == fitted(made, *room)


def test_the_window_fits_a_full_hd_screen_at_three_hundred_per_cent(bench, monkeypatch, qtbot):
    window = bench.window
    screen = SimpleNamespace(availableSize=lambda: QSize(640, 360))
    monkeypatch.setattr(type(window), "screen", lambda _: screen)
    for name in ("reset_layout", *(f"layout_{preset.name}" for preset in PRESETS)):
        window.actions_by_name[name].trigger()
        window.resize(640, 360)
        qtbot.waitUntil(lambda: window.size() == QSize(640, 360), timeout=5000)
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        bars = [bar for bar in window.findChildren(QTabBar, "", direct) if bar.isVisible()]
        assert bars
        assert all(bar.elideMode() == Qt.TextElideMode.ElideNone for bar in bars)


def test_buttons_that_have_no_room_in_one_row_stand_in_several(qtbot):
    panel = QWidget()
    qtbot.addWidget(panel)
    flow = ButtonFlow(panel)
    buttons = [QPushButton(f"Button number {number}") for number in range(4)]
    for button in buttons:
        flow.addWidget(button)
    buttons[3].hide()
    panel.show()
    whole = flow.sizeHint().width()
    for width, rows in ((whole, 1), (whole - 1, 2), (flow.minimumSize().width(), 3)):
        panel.resize(width, flow.heightForWidth(width))
        flow.activate()
        places = [button.geometry() for button in buttons[:3]]
        assert len({place.top() for place in places}) == rows
        assert all(panel.rect().contains(place) for place in places)
        assert not any(a.intersects(b) for a, b in combinations(places, 2))
        assert places[2].right() == panel.width() - 1
