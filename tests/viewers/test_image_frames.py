"""Frames side by side: locked by the sky whatever the images' shift, scale, turn and parity."""

from __future__ import annotations

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from astrogui.records.image import Field
from astrogui.viewers.colours import DARK
from astrogui.viewers.image_frames import FramesPanel


def header(crpix=(50.5, 40.5), turn=30.0, scale=0.4, flipped=False):
    made = samples.wcs_header(crpix, turn, scale)
    if flipped:
        made["CD1_1"], made["CD2_1"] = -made["CD1_1"], -made["CD2_1"]
    return made


HEADERS = {
    "shifted": header(crpix=(61.5, 33.0)),
    "finer": header(scale=0.2),
    "turned": header(turn=-75.0),
    "flipped": header(flipped=True),
}


@pytest.fixture
def frames(qtbot, pool):
    made = FramesPanel(pool.submit)
    qtbot.addWidget(made)
    made.resize(1000, 760)
    made.show()
    return made


def settle(frames, qtbot):
    qtbot.waitUntil(
        lambda: all(
            pane.view.overlay.sky is not None and not pane.view.awaits() for pane in frames.panes
        ),
        timeout=20_000,
    )
    QApplication.processEvents()  # a title that is wider than before moves what is below it


@pytest.mark.parametrize("other", HEADERS.values(), ids=HEADERS)
def test_the_same_sky_is_at_the_same_place_of_every_pane(frames, qtbot, other):
    first = samples.image(band="g", wcs_header=header())
    second = samples.image(band="r", wcs_header=other)
    frames.show_field(Field(images=(first, second)))
    settle(frames, qtbot)
    lead, follower = frames.panes
    lead.view.setFocus()
    lead.view.centre_on(55.0, 37.0)
    lead.view.zoom(3.0)

    def sky_beside_the_middle(pane, across, down):
        canvas = pane.view.overlay.canvas
        screen = QPointF(canvas.width() / 2 + across, canvas.height() / 2 + down)
        return pane.view.overlay.sky.position(*pane.view.overlay.place_of(screen))

    for across, down in [(0, 0), (-100, 80), (150, -200)]:
        here = sky_beside_the_middle(lead, across, down)
        there = sky_beside_the_middle(follower, across, down)
        # A pixel of the screen is about 0.03 arcsec here.
        assert there == pytest.approx(here, abs=0.02 / 3600)


def test_a_place_is_that_of_the_range_now_though_nothing_was_painted_since(frames, qtbot):
    frames.show_field(Field(images=(samples.image(band="g", wcs_header=header()),)))
    settle(frames, qtbot)
    surface = frames.panes[0].view.overlay
    middle = QPointF(surface.canvas.width() / 2, surface.canvas.height() / 2)
    frames.panes[0].view.zoom(3.0)
    frames.panes[0].view.centre_on(70.0, 20.0)
    assert surface.place_of(middle) == pytest.approx((70.0, 20.0), abs=0.2)
    frames.panes[0].view.centre_on(30.0, 60.0)
    screen = surface.screen_of(30.0, 60.0)
    assert (screen.x(), screen.y()) == pytest.approx((middle.x(), middle.y()), abs=1.0)


def test_locked_by_pixels_or_not_at_all(frames, qtbot):
    first = samples.image(band="g", wcs_header=header())
    second = samples.image(band="r", wcs_header=HEADERS["shifted"])
    frames.show_field(Field(images=(first, second)))
    settle(frames, qtbot)
    frames.lock.setCurrentIndex(1)
    lead, follower = (pane.view for pane in frames.panes)
    lead.setFocus()
    lead.zoom(2.0)
    lead.centre_on(20.0, 30.0)
    centre = follower.overlay.view_rect().center()
    assert (centre.x(), centre.y()) == pytest.approx((20.0, 30.0), abs=1e-6)
    assert follower.pixels_per_screen_pixel() == pytest.approx(lead.pixels_per_screen_pixel())
    frames.lock.setCurrentIndex(2)
    lead.centre_on(70.0, 60.0)
    assert follower.overlay.view_rect().center().x() == pytest.approx(20.0, abs=1e-6)


def test_the_mouse_is_a_cross_in_the_other_panes(frames, qtbot):
    first = samples.image(band="g", wcs_header=header())
    second = samples.image(band="r", wcs_header=HEADERS["shifted"])
    frames.show_field(Field(images=(first, second)))
    settle(frames, qtbot)
    lead, follower = frames.panes
    surface = lead.view.overlay
    QTest.mouseMove(surface.canvas.viewport(), surface.screen_of(40, 30).toPoint())
    assert lead.cross.place is None
    assert follower.cross.place == pytest.approx((51.0, 22.5), abs=0.5)
    assert "value" in follower.title.text()
    surface.cursor_left.emit()
    assert follower.cross.place is None
    assert follower.title.text() == "r"


def test_frames_blink_and_go_on_by_keys(frames, qtbot):
    images = [samples.image(band=band, wcs_header=header()) for band in "gri"]
    frames.show_field(Field(images=tuple(images)))
    settle(frames, qtbot)
    assert [pane.holder.isVisible() for pane in frames.panes] == [True, True, True]
    frames.panes[0].view.setFocus()
    frames.interval.setValue(0.1)
    QTest.keyClick(frames.panes[0].view, Qt.Key.Key_Space)
    assert frames.blink.isChecked()
    assert [pane.holder.isVisible() for pane in frames.panes].count(True) == 1
    seen = {frames.front}
    qtbot.waitUntil(lambda: seen.add(frames.front) or seen == {"g", "r", "i"}, timeout=5000)
    frames.blink.setChecked(False)
    assert all(pane.holder.isVisible() for pane in frames.panes)
    before = frames.panes[0].view.pixels_per_screen_pixel()
    QTest.keyClick(frames.panes[0].view, Qt.Key.Key_Plus)
    assert frames.panes[1].view.pixels_per_screen_pixel() == pytest.approx(before / 1.5, rel=1e-3)


def test_stretch_cuts_and_colours_are_those_of_all(frames, qtbot):
    images = [
        samples.image(band=band, pixels=np.full((80, 100), value, np.float32) +
                      samples.image().pixels)
        for band, value in (("g", 0.0), ("r", 100.0))
    ]  # fmt: skip
    frames.show_field(Field(images=tuple(images)))
    settle(frames, qtbot)
    frames.stretch.setCurrentText("log")
    frames.map.setCurrentText("viridis")
    frames.stretch.activated.emit(1)
    settle(frames, qtbot)
    assert [pane.view.look.stretch for pane in frames.panes] == ["log", "log"]
    assert frames.panes[0].view.look.high < 50 < frames.panes[1].view.look.low
    frames.same.click()
    looks = [pane.view.look for pane in frames.panes]
    assert (looks[0].low, looks[0].high) == (looks[1].low, looks[1].high)
    frames.set_theme(DARK)


def test_no_more_than_four_and_nothing_left_when_cleared(frames, qtbot):
    images = [samples.image(band=band, wcs_header=header()) for band in "ugriz"]
    frames.show_field(Field(images=tuple(images)))
    assert [pane.name for pane in frames.panes] == ["u", "g", "r", "i"]
    assert not frames.add_image("z", images[-1])
    settle(frames, qtbot)
    frames.clear()
    assert frames.panes == []
    assert frames._words.isVisible()
    assert frames.add_image("z", images[-1])
