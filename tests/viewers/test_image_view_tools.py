"""The tools of the image view by key and mouse: zoom, colours, orientation, grid, insets."""

from __future__ import annotations

import re

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from astrogui.records.image import Field
from astrogui.viewers.image_colours import Colours
from astrogui.viewers.image_orientation import Orientation, north_up
from astrogui.viewers.image_sky_grid import Step, grid_lines, step_for
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.sky import Sky


@pytest.fixture
def view(shown):
    return shown(ImageView, samples.field())


def press(view, key, modifiers=Qt.KeyboardModifier.NoModifier):
    view.activateWindow()
    view.setFocus()
    QTest.keyClick(view, key, modifiers)


def screen(view, x, y) -> QPointF:
    return view.overlay.screen_of(x, y)


# Zoom -------------------------------------------------------------------------------------------


def test_keys_step_through_the_powers_of_two(shown):
    view = shown(ImageView, samples.field(samples.image(shape=(600, 700))))
    press(view, Qt.Key.Key_Z)
    assert view.pixels_per_screen_pixel() == pytest.approx(1.0)
    press(view, Qt.Key.Key_Period)
    assert view.pixels_per_screen_pixel() == pytest.approx(0.5)
    for expected in (1.0, 2.0, 4.0):
        press(view, Qt.Key.Key_Comma)
        assert view.pixels_per_screen_pixel() == pytest.approx(expected)
    press(view, Qt.Key.Key_Plus)
    press(view, Qt.Key.Key_Comma)
    assert view.pixels_per_screen_pixel() == pytest.approx(4.0)


def test_arrow_keys_move_the_view_by_a_tenth(view):
    view.zoom(4.0)
    before = view.overlay.view_rect()
    press(view, Qt.Key.Key_Right)
    press(view, Qt.Key.Key_Up)
    moved = view.overlay.view_rect().center() - before.center()
    assert moved.x() == pytest.approx(0.1 * before.width())
    assert moved.y() == pytest.approx(0.1 * before.height())


def test_every_tool_has_a_key_words_and_no_key_twice(view):
    keys = [key.toString() for tool in view.tools.values() for key in tool.shortcuts()]
    assert len(keys) == len(set(keys))
    for tool in view.tools.values():
        assert tool.shortcuts(), tool.text()
        assert tool.statusTip()
    assert not set(keys) & {"1", "2", "3", "4", "5", "6", "0", "N", "B", "P", "C"}


# Colours ----------------------------------------------------------------------------------------


def test_a_right_drag_changes_contrast_and_bias_but_no_cuts(view, qtbot):
    cuts = (view.look.low, view.look.high)
    viewport = view.overlay.canvas.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.RightButton, pos=QPoint(300, 200))
    for step in range(1, 6):
        QTest.mouseMove(viewport, QPoint(300 + 20 * step, 200 + 10 * step))
    QTest.mouseRelease(viewport, Qt.MouseButton.RightButton, pos=QPoint(400, 250))
    colours = view.item.colours
    assert colours.contrast > 1.05
    assert colours.bias > 0.55
    assert (view.look.low, view.look.high) == cuts
    press(view, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    assert view.item.colours.is_plain


def test_contrast_and_bias_act_on_the_colour_table():
    grey = [entry & 0xFF for entry in Colours().table()[:255]]
    assert grey == pytest.approx(list(np.linspace(0, 255, 255)), abs=1)
    steep = [entry & 0xFF for entry in Colours(contrast=2.0).table()[:255]]
    assert steep[63] == 0
    assert steep[191] == pytest.approx(255, abs=2)
    assert steep[127] == pytest.approx(128, abs=2)
    shifted = [entry & 0xFF for entry in Colours(bias=0.75).table()[:255]]
    assert shifted[round(0.75 * 254)] == pytest.approx(128, abs=2)
    inverse = [entry & 0xFF for entry in Colours(inverse=True).table()[:255]]
    assert inverse == grey[::-1]


def test_every_stretch_and_cut_of_the_choosers_can_be_shown(view, settled):
    for index in range(view.controls.stretch.count()):
        view.controls.stretch.setCurrentIndex(index)
        settled(view)
        assert view.look.stretch == view.controls.stretch.currentText()
        assert not view.item.missing()
    assert view.look.stretch == "histogram"
    assert len(view.look.levels) == 256
    for _ in range(view.controls.cuts.count()):
        press(view, Qt.Key.Key_X)
        settled(view)
        assert view.look.high > view.look.low


def test_the_histogram_shows_the_cuts_and_dragging_sets_them(view, settled):
    view.tools["histogram"].trigger()
    settled(view)
    panel = view.tool_box.histogram
    assert panel.isVisible()
    low, high = panel.region.getRegion()
    assert (low, high) == pytest.approx((view.look.low, view.look.high))
    panel.region.setRegion((low + 0.2, high - 0.3))
    settled(view)
    assert (view.look.low, view.look.high) == pytest.approx((low + 0.2, high - 0.3))
    assert view.controls.cuts.currentText() == "manual"


# Orientation ------------------------------------------------------------------------------------


def test_north_up_puts_north_up_and_east_left(view):
    view.tools["north_up"].trigger()
    sky = view.overlay.sky
    lon, lat = sky.position(50.0, 40.0)
    here = screen(view, 50.0, 40.0)
    (north,) = sky.pixels([lon], [lat + 5 / 3600])
    (east,) = sky.pixels([lon + 5 / 3600 / np.cos(np.radians(lat))], [lat])
    up, left = screen(view, *north) - here, screen(view, *east) - here
    assert up.y() < -5
    assert abs(up.x()) < 0.02 * abs(up.y())
    assert left.x() < -5
    assert abs(left.y()) < 0.02 * abs(left.x())
    view.tools["as_stored"].trigger()
    assert not view.tools["north_up"].isChecked()
    assert screen(view, 60, 40).x() > screen(view, 50, 40).x()
    assert screen(view, 60, 40).y() == pytest.approx(screen(view, 50, 40).y())


def test_a_sky_of_the_other_handedness_is_mirrored():
    header = samples.wcs_header(rotation_deg=0.0)
    header["CD1_1"] = -header["CD1_1"]
    sky = Sky(samples.image(wcs_header=header).wcs())
    found = north_up(sky.directions(50, 40))
    assert found.mirrored
    north = found.transform().map(QPointF(0.0, 1.0))
    assert (north.x(), north.y()) == pytest.approx((0.0, 1.0), abs=1e-6)


def test_flipping_changes_left_and_right_whichever_way_it_is_turned():
    for angle in (0.0, 90.0, 33.0):
        turned = Orientation().turned(angle)
        before, after = turned.transform(), turned.flipped().transform()
        for point in (QPointF(1, 0), QPointF(0.3, 2.0)):
            one, other = before.map(point), after.map(point)
            assert (other.x(), other.y()) == pytest.approx((-one.x(), one.y()), abs=1e-9)


def test_the_image_is_painted_turned(shown):
    pixels = np.zeros((80, 100), np.float32)
    pixels[:, 50:] = 1.0  # right half bright
    view = shown(ImageView, samples.field(samples.image(pixels=pixels, wcs_header={})))
    view.tools["overview"].setChecked(False)
    view.tools["turn_left"].trigger()
    picture = view.overlay.canvas.grab().toImage()
    bright, dark = screen(view, 80, 40).toPoint(), screen(view, 20, 40).toPoint()
    assert bright.y() < dark.y()  # right became up
    assert picture.pixelColor(bright).lightness() > 200
    assert picture.pixelColor(dark).lightness() < 50


# Sky --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "unit", "expected"),
    [
        (1.0, "degrees", 0.2),
        (0.012, "degrees", 0.005),
        (360.0, "degrees", 45.0),
        (1.0, "arc", 900 / 3600),
        (0.0003, "arc", 0.5 / 3600),
        (5.0, "time", 300 * 15 / 3600),
    ],
)
def test_grid_steps_are_round(span, unit, expected):
    assert step_for(span, unit).degrees == pytest.approx(expected)


def test_grid_labels_are_written_as_the_field_does():
    assert Step(0.2, "degrees", 1).text(-0.4, True) == "−0.4°"
    assert Step(0.2, "degrees", 1).text(0.4, True) == "+0.4°"
    assert Step(0.25, "arc", 0, True).text(-0.25, True) == "−00:15"
    assert Step(10 / 240, "time", 0).text(15.0 + 20 / 240, False) == "01:00:20"


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_grid_lines_run_through_places_of_their_coordinate(frame):
    image = samples.image()
    sky = Sky(image.wcs())
    to_screen = np.array([[8.0, 0.0, 10.0], [0.0, -8.0, 650.0]])
    lines = grid_lines(sky, frame, True, to_screen, (800.0, 640.0))
    assert {line.is_longitude for line in lines} == {True, False}
    for line in lines:
        assert np.isfinite(line.points).all()
        x = (line.points[:, 0] - 10.0) / 8.0
        y = (650.0 - line.points[:, 1]) / 8.0
        there = image.wcs().pixel_to_world(x, y)
        there = there.icrs if frame == "icrs" else there.galactic
        value = float(line.label.rstrip("°").replace("−", "-"))
        pair = there.spherical
        found = (pair.lon if line.is_longitude else pair.lat).deg
        assert found == pytest.approx(value, abs=2e-6)


def test_a_grid_about_the_pole_holds_every_hour_of_right_ascension():
    header = {**samples.wcs_header(rotation_deg=0.0), "CRVAL1": 40.0, "CRVAL2": 90.0}
    sky = Sky(samples.image(wcs_header=header).wcs())
    to_screen = np.array([[8.0, 0.0, 10.0], [0.0, -8.0, 650.0]])
    lines = grid_lines(sky, "", False, to_screen, (800.0, 640.0))
    hours = [line.label for line in lines if line.is_longitude]
    assert len(hours) == len(set(hours)) == 4
    assert "06:00" in hours


def test_the_grid_is_labelled_without_overlaps(view, settled, qtbot):
    view.tools["grid"].trigger()
    settled(view)
    view.grab()
    qtbot.wait(20)
    view.grab()
    labels = view.tool_box.grid.labels
    assert len(labels) >= 4
    for i, (_, one) in enumerate(labels):
        for _, other in labels[i + 1 :]:
            assert not one.intersects(other)
        for plate in view.plates():
            assert not one.intersects(plate)


def test_galactic_coordinates_are_read_out_where_asked_for(view):
    place = view.image.wcs().pixel_to_world(30.0, 20.0).galactic
    press(view, Qt.Key.Key_U)
    found = re.search(r"l ([\d.]+)°  b −([\d.]+)°", view.read_out(30.0, 20.0))
    assert float(found[1]) == pytest.approx(place.l.deg, abs=2e-6)
    assert -float(found[2]) == pytest.approx(place.b.deg, abs=2e-6)


# Insets -----------------------------------------------------------------------------------------


def test_a_press_in_the_overview_moves_the_view_there(view):
    view.zoom(4.0)
    panner = view.tool_box.insets.panner
    assert panner.is_seen
    place = panner.place()
    target = QPoint(
        int(place.left() + 0.25 * place.width()), int(place.top() + 0.3 * place.height())
    )
    QTest.mouseClick(view.overlay.canvas.viewport(), Qt.MouseButton.LeftButton, pos=target)
    middle = view.overlay.view_rect().center()
    assert (middle.x(), middle.y()) == pytest.approx((25.0, 56.0), abs=1.5)


def test_the_overview_goes_while_all_is_in_view(view):
    view.fit()
    assert not view.tool_box.insets.panner.is_seen


def test_the_magnifier_follows_the_mouse(view, settled, qtbot):
    press(view, Qt.Key.Key_A)
    viewport = view.overlay.canvas.viewport()
    magnifier = view.tool_box.insets.magnifier
    for place in ((30, 20), (60, 50)):
        QTest.mouseMove(viewport, screen(view, *place).toPoint())
        qtbot.waitUntil(lambda place=place: magnifier.centre == place)


def test_the_magnifier_reads_the_pixels_of_a_file(shown, settled, qtbot, tmp_path):
    image = samples.image_on_disk(tmp_path / "plane")
    view = shown(ImageView, Field(images=(image,)))
    view.one_to_one()
    view.centre_on(1000.0, 1500.0)
    settled(view)
    view.tools["magnifier"].trigger()
    QTest.mouseMove(view.overlay.canvas.viewport(), screen(view, 1003, 1498).toPoint())
    qtbot.waitUntil(lambda: view.tool_box.insets.magnifier.centre == (1003, 1498))
