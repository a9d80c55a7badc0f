"""Following a folder of strain: files that arrive are joined and shown at their end."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from astrogui.session.session import Session
from astrogui.session.settings import Settings
from astrogui.session.watch import Watcher

GPS, RATE, SECONDS = 1_400_000_000, 4096, 4


def write_strain(folder, number, detector="H1", seconds=SECONDS):
    """Seconds of noise, in GWOSC's layout, complete when it appears."""
    start = GPS + seconds * number
    path = folder / f"{detector[0]}-{detector}_TEST-{start}-{seconds}.hdf5"
    beside = folder.parent / path.name
    random = np.random.default_rng(number)
    with h5py.File(beside, "w") as file:
        samples = random.normal(0, 1e-21, seconds * RATE)
        strain = file.create_dataset("strain/Strain", data=samples)
        strain.attrs.update({"Xstart": start, "Xspacing": 1 / RATE, "Npoints": samples.size})
        meta = file.create_group("meta")
        meta.update({"GPSstart": start, "Duration": seconds, "Detector": np.bytes_(detector)})
        quality = file.create_group("quality/simple")
        quality["DQmask"] = np.full(seconds, 127, np.uint32)
        quality["DQShortnames"] = np.array([b"DATA", b"CBC_CAT1"])
    beside.rename(path)
    return path


@pytest.fixture
def followed(tmp_path, open_bench, qtbot):
    """A window that follows a folder without analyses, and the folder."""
    session = Session(tmp_path / "live.astrogui", settings=Settings())
    add = session.add
    session.add = lambda paths: add(paths, tasks=())
    bench = open_bench(session)
    folder = tmp_path / "stream"
    folder.mkdir()
    feature = bench.features["strain_live"]
    yield feature, bench, folder
    feature.stop()
    session.close()


def shown_span(view):
    network = view.network
    return None if network is None else (network.strains[0].gps_start, network.strains[0].gps_end)


def test_files_that_arrive_are_joined_and_the_newest_end_is_shown(followed, qtbot):
    feature, bench, folder = followed
    write_strain(folder, 0)
    feature.follow(str(folder), every_s=0.02)
    view = bench.area.view("strain")
    qtbot.waitUntil(lambda: shown_span(view) == (GPS, GPS + 4), timeout=20_000)
    qtbot.waitUntil(lambda: bench.area.current is view)  # in a turn of its own
    write_strain(folder, 1)
    qtbot.waitUntil(lambda: shown_span(view) == (GPS, GPS + 8), timeout=20_000)
    qtbot.waitUntil(lambda: not view.awaits(), timeout=20_000)
    assert view.span_gps[1] == pytest.approx(GPS + 8, abs=0.01)
    assert np.isfinite(view.network.strains[0].samples).all()
    assert "following stream" in view.live_row._words.text()
    assert bench.window.actions_by_name["follow_strain"].isChecked()


def test_the_project_in_a_followed_folder_is_left(followed, qtbot):
    feature, bench, folder = followed
    write_strain(folder, 0)
    feature.follow(str(folder.parent), every_s=0.02)
    view = bench.area.view("strain")
    qtbot.waitUntil(lambda: shown_span(view) == (GPS, GPS + 4), timeout=20_000)
    feature.stop()
    names = {path.rpartition("/")[2] for i in bench.session.view.items() for path in i.paths}
    assert not [name for name in names if name.startswith("live.astrogui")]


def test_nothing_comes_after_following_was_stopped(followed, qtbot):
    feature, bench, folder = followed
    write_strain(folder, 0)
    feature.follow(str(folder), every_s=0.02)
    view = bench.area.view("strain")
    qtbot.waitUntil(lambda: shown_span(view) is not None, timeout=20_000)
    bench.window.actions_by_name["follow_strain"].trigger()
    assert feature.folder == ""
    assert not bench.window.actions_by_name["follow_strain"].isChecked()
    assert view.player.source == ""
    assert feature._watcher is None


def test_a_folder_is_asked_for_and_refusing_changes_nothing(followed, qtbot):
    feature, bench, _ = followed
    bench.window.actions_by_name["follow_strain"].trigger()
    [dialog] = bench.window.findChildren(QFileDialog)
    dialog.reject()
    assert feature.folder == ""
    assert not bench.window.actions_by_name["follow_strain"].isChecked()


def test_of_a_full_folder_only_the_newest_files_are_taken(tmp_path):
    for number in range(5):
        path = tmp_path / f"{number}.txt"
        path.write_text("x")
        os.utime(path, (1000 + number, 1000 + number))
    taken = []
    watcher = Watcher(str(tmp_path), taken.extend, at_first=2)
    for _ in range(3):
        watcher.look()
    assert [path[-5:] for path in taken] == ["3.txt", "4.txt"]
    (tmp_path / "5.txt").write_text("y")
    for _ in range(2):
        watcher.look()
    assert [path[-5:] for path in taken] == ["3.txt", "4.txt", "5.txt"]


def test_files_long_enough_are_searched_while_they_come(followed, qtbot, monkeypatch):
    feature, bench, folder = followed
    asked = []
    monkeypatch.setattr(bench.session, "run", lambda items, task: asked.append((items, task)))
    write_strain(folder, 0)
    feature.follow(str(folder), every_s=0.02)
    view = bench.area.view("strain")
    qtbot.waitUntil(lambda: shown_span(view) == (GPS, GPS + 4), timeout=20_000)
    assert asked == []  # four seconds are too short
    write_strain(folder, 1, seconds=12)
    qtbot.waitUntil(lambda: bool(asked), timeout=20_000)
    ((items, task),) = asked
    assert task == "gw_search"
    assert set(items) <= feature._items
