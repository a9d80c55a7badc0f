"""Headers, extensions and planes of the file on screen, through the real session and reader."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from astrogui.session.session import Session


@pytest.fixture
def cube(tmp_path):
    """An image, and a cube whose planes hold their own number."""
    path = tmp_path / "cube.fits"
    planes = np.arange(1, 16, dtype=np.float32)[:, None, None] * np.ones((1, 60, 70), np.float32)
    planes[:, 0, 0] = 0.0
    image = fits.ImageHDU(np.random.default_rng(1).normal(size=(50, 40)), name="SCI")
    image.header["OBSERVER"] = "Cecilia"
    fits.HDUList([fits.PrimaryHDU(), image, fits.ImageHDU(planes, name="CUBE")]).writeto(path)
    return path


@pytest.fixture
def bench(open_bench, tmp_path, cube, qtbot):
    session = Session(tmp_path / "p.astrogui")
    bench = open_bench(session)
    session.add([str(cube)], tasks=())
    feature = bench.features["image_file"]
    qtbot.waitUntil(lambda: feature._parts != () and not bench.area.is_busy, timeout=20_000)
    yield bench
    bench.close()
    session.close()


def settle(bench, qtbot):
    feature = bench.features["image_file"]
    qtbot.waitUntil(
        lambda: not feature._is_loading and not bench.area.view("image").awaits(), timeout=20_000
    )


def test_planes_of_a_cube_are_stepped_through_by_keys(bench, qtbot):
    view, chooser = bench.area.view("image"), bench.features["image_file"].chooser
    chooser.part.setCurrentIndex(1)
    chooser._on_part()
    settle(bench, qtbot)
    assert view.image.provenance.part == "HDU 2 (CUBE), plane 1"
    view.activateWindow()
    view.setFocus()
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_PageUp)
        settle(bench, qtbot)
    assert "value 3" in view.read_out(30.0, 30.0)
    assert chooser.plane.value() == 3
    QTest.keyClick(view, Qt.Key.Key_End)
    settle(bench, qtbot)
    assert "value 15" in view.read_out(30.0, 30.0)
    QTest.keyClick(view, Qt.Key.Key_E)
    settle(bench, qtbot)
    assert view.image.provenance.part == "HDU 1 (SCI)"
    assert not chooser.plane.isVisible()


def test_a_cube_is_played_plane_after_painted_plane_until_its_end(bench, qtbot):
    view, chooser = bench.area.view("image"), bench.features["image_file"].chooser
    player = chooser.player
    chooser.part.setCurrentIndex(1)
    chooser._on_part()
    settle(bench, qtbot)
    chooser.plane.setValue(9)
    settle(bench, qtbot)
    player.speed.setValue(30.0)
    cuts = view.look.low, view.look.high
    asked, shown, ahead = [], [], []
    player.plane_wanted.connect(asked.append)
    player.plane_wanted.connect(lambda _: ahead.append(len(asked) - 1 - len(shown)))
    view.overlay.record_shown.connect(lambda image: shown.append(image.provenance.part))
    view.activateWindow()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ShiftModifier)
    assert player.is_playing
    qtbot.waitUntil(lambda: not player.is_playing, timeout=30_000)
    settle(bench, qtbot)
    assert asked == [10, 11, 12, 13, 14, 15]
    assert shown == [f"HDU 2 (CUBE), plane {plane}" for plane in asked]
    assert set(ahead) == {0}  # none was asked for before the last was there
    assert (view.look.low, view.look.high) == cuts
    assert "value 15" in view.read_out(30.0, 30.0)

    # From the end it begins again; a loop goes on past it; the key pauses.
    player.loop.setChecked(True)
    QTest.keyClick(view, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: asked[6:9] == [1, 2, 3], timeout=30_000)
    chooser.plane.setValue(15)
    qtbot.waitUntil(lambda: asked[-2:] == [1, 2], timeout=30_000)
    QTest.keyClick(view, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ShiftModifier)
    assert not player.is_playing
    settle(bench, qtbot)
    QTest.keyClick(view, Qt.Key.Key_E)
    settle(bench, qtbot)
    assert not player.isVisible()
    player.toggle()
    assert not player.is_playing  # one plane is no film


def test_the_header_of_the_extension_on_screen_is_shown(bench, qtbot):
    view, feature = bench.area.view("image"), bench.features["image_file"]
    feature.chooser.part.setCurrentIndex(0)
    feature.chooser._on_part()
    settle(bench, qtbot)
    view.tools["header"].trigger()
    dialog = feature.dialog
    qtbot.waitUntil(lambda: dialog.cards.model().rowCount() > 5, timeout=10_000)
    assert dialog.part.currentText().startswith("HDU 1 (SCI)")
    dialog.search.setText("observer")
    assert "Cecilia" in dialog.cards.currentIndex().data()
    dialog.part.setCurrentIndex(0)
    qtbot.waitUntil(
        lambda: "SIMPLE" in (dialog.cards.model().index(0, 0).data() or ""), timeout=10_000
    )
    dialog.close()
