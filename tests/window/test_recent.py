"""Recent files and projects: remembered, offered, and said to be gone when they are."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QPushButton, QWidget

from astrogui.window.features.recent import shortened


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def test_files_are_remembered_over_restarts_the_latest_first(open_bench, fake, settings, qtbot):
    first = open_bench(fake, settings)
    first.commands.add([f"/data/s{number}.fits" for number in range(1, 4)])
    qtbot.waitUntil(lambda: first.model.rowCount() == 3)
    first.commands.add(["/data/s1.fits"])
    wanted = ("/data/s1.fits", "/data/s3.fits", "/data/s2.fits")
    qtbot.waitUntil(lambda: first.features["recent"].paths("files") == wanted)
    first.window.close()
    second = open_bench(fake, settings)
    assert second.features["recent"].paths("files") == wanted
    assert second.features["recent"].paths("projects") == ("/data/fake.astrogui",)


def test_what_is_gone_is_grey_and_said_and_the_rest_opens(
    open_bench, fake, settings, qtbot, tmp_path
):
    here = tmp_path / "here.fits"
    here.write_bytes(b"")
    settings.setValue("recent/files", f"/data/gone.fits\n{here}")
    bench = open_bench(fake, settings)
    recent = bench.features["recent"]
    menu = recent.menus["files"]
    qtbot.waitUntil(lambda: not menu.actions()[0].isEnabled())
    gone, present = menu.actions()[:2]
    assert "not found" in gone.text()
    assert present.isEnabled()
    buttons = {b.text(): b for b in bench.window.start_page.findChildren(QPushButton)}
    assert not buttons["gone.fits (not found)"].isEnabled()
    recent.open("files", "/data/gone.fits")
    assert "/data/gone.fits is not found" in bench.window.notice.words
    buttons["here.fits"].click()
    assert fake.calls[-1] == ("add", (str(here),), {})


def test_refused_files_are_not_remembered(bench, qtbot, fake):
    bench.commands.add(["/data/x.bad", "/data/good.fits"])
    qtbot.waitUntil(lambda: bench.features["recent"].paths("files") == ("/data/good.fits",))


def test_both_lists_can_be_forgotten(open_bench, fake, settings):
    settings.setValue("recent/files", "/data/a.fits")
    bench = open_bench(fake, settings)
    bench.features["recent"].forget()
    assert bench.features["recent"].paths("files") == ()
    assert not str(settings.value("recent/files"))
    assert not bench.features["recent"].menus["files"].menuAction().isEnabled()


def test_a_recent_project_is_opened(open_bench, fake, settings, tmp_path):
    project = tmp_path / "night.astrogui"
    project.write_bytes(b"")
    settings.setValue("recent/projects", str(project))
    bench = open_bench(fake, settings)
    bench.window.start_page.recent_chosen.emit("projects", str(project))
    assert fake.calls[-1] == ("open_project", str(project))


@pytest.mark.parametrize("path", ["/a/b.fits", "/data/" + "very-long/" * 12 + "name.fits"])
def test_a_long_path_keeps_its_name_and_both_ends(path):
    short = shortened(path)
    assert len(short) <= 62
    assert short.startswith(path[:3])
    assert short.endswith(path.rpartition("/")[2])


def test_each_sample_is_one_click_away(bench, fake, qtbot):
    buttons = {b.text(): b for b in bench.window.start_page.findChildren(QPushButton)}
    for text, count in (("Image", 1), ("Spectrum", 1), ("Strain", 1), ("All three", 3)):
        buttons[text].click()
        assert len(fake.calls[-1][1]) == count, text


def test_the_start_page_lists_the_latest_files_without_new_widgets(bench, qtbot, fake):
    page = bench.window.start_page
    bench.commands.add([f"/data/spectrum-{number}.fits" for number in range(20)])
    qtbot.waitUntil(lambda: len(bench.features["recent"].paths("files")) == 15)
    before = page.findChildren(QWidget)
    bench.commands.add(["/data/a & b.fits", "/data/last.fits"])
    qtbot.waitUntil(lambda: "/data/last.fits" in bench.features["recent"].paths("files"))
    assert page.findChildren(QWidget) == before
    shown = [b.text() for b in page.findChildren(QPushButton) if b.toolTip().endswith(".fits")]
    assert set(shown[:2]) == {"last.fits", "a && b.fits"}
    assert len(shown) == 3
