"""The image view: right place, right value, right way up, and little read of a large file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from astrogui.records.image import Field, Image, Plane
from astrogui.viewers import tiled_view
from astrogui.viewers.colours import DARK, LIGHT, mark_colour
from astrogui.viewers.image_composite import composed
from astrogui.viewers.image_loading import begun_by_default
from astrogui.viewers.image_marks import Mark, marks_of_rows, placed
from astrogui.viewers.image_tiles import (
    Look,
    Tile,
    factor_for,
    first_look,
    kept_levels,
    needed_factors,
    read_tile,
    rendered,
    tiles_in_view,
)
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.sky import Sky, degrees_text, hours_text


def on_screen(view, x, y) -> QPoint:
    """Where a 0-based image place lies in the view's graphics widget."""
    scene = view._box.mapViewToScene(QPointF(x, y))
    return view._graphics.mapFromScene(scene)


def colour_at(view, x, y) -> QColor:
    place = on_screen(view, x, y)
    return view._graphics.grab().toImage().pixelColor(place)


def sky_of(image) -> Sky:
    return Sky(image.wcs())


# Where things are -----------------------------------------------------------------------------


def test_row_zero_is_at_the_bottom_and_column_zero_at_the_left(shown):
    pixels = np.zeros((80, 100), np.float32)
    pixels[:10, :20] = 1.0  # first rows, first columns
    view = shown(ImageView, samples.field(samples.image(pixels=pixels, wcs_header={})))
    assert colour_at(view, 5, 5).lightness() > 200
    assert colour_at(view, 95, 5).lightness() < 50
    assert colour_at(view, 5, 75).lightness() < 50
    assert on_screen(view, 5, 5).y() > on_screen(view, 5, 75).y()


def test_a_colour_picture_is_shown_as_it_is(shown):
    pixels = np.zeros((40, 60, 3), np.float32)
    pixels[:20] = (200.0, 30.0, 10.0)  # lower half
    pixels[20:] = (0.0, 90.0, 250.0)
    view = shown(ImageView, samples.field(Image(pixels=pixels)))
    below, above = colour_at(view, 30, 5), colour_at(view, 30, 35)
    assert (below.red(), below.green(), below.blue()) == pytest.approx((200, 30, 10), abs=1)
    assert (above.red(), above.green(), above.blue()) == pytest.approx((0, 90, 250), abs=1)
    assert not view.controls.stretch.isEnabled()


@pytest.mark.parametrize("place", [(0.0, 0.0), (49.5, 39.5), (99.2, 13.7)])
def test_the_read_out_agrees_with_astropy(shown, place):
    image = samples.image()
    view = shown(ImageView, samples.field(image))
    sky = image.wcs().pixel_to_world(*place).icrs
    text = view.read_out(*place)
    assert f"pixel {place[0] + 1:.1f}, {place[1] + 1:.1f}" in text
    assert f"RA {sky.ra.to_string('hourangle', sep=':', precision=2, pad=True)}" in text
    declination = sky.dec.to_string("deg", sep=":", precision=1, pad=True, alwayssign=True)
    assert f"Dec {declination.replace('-', '−')}" in text
    assert f"{sky.ra.deg:.6f}°" in text
    column, row = int(np.floor(place[0] + 0.5)), int(np.floor(place[1] + 0.5))
    value = f"{image.pixels[row, column]:.7g}".replace("-", "−")
    assert f"value {value} nanomaggy" in text


def test_the_read_out_follows_distortion_as_astropy_does():
    header = samples.wcs_header()
    header.update(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP")
    header.update(A_ORDER=2, B_ORDER=2, A_2_0=3e-4, B_0_2=-2e-4, A_1_1=1e-4)
    image = samples.image(wcs_header=header)
    sky = sky_of(image)
    for place in [(0.0, 0.0), (99.0, 79.0)]:
        there = image.wcs().pixel_to_world(*place)
        assert sky.position(*place) == pytest.approx((there.ra.deg, there.dec.deg), abs=1e-10)
    back = sky.pixels(*[[value] for value in sky.position(95.0, 70.0)])
    assert back[0] == pytest.approx((95.0, 70.0), abs=1e-3)


def test_galactic_images_are_named_so():
    header = {**samples.wcs_header(), "CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}
    header.pop("RADESYS")
    text = sky_of(samples.image(wcs_header=header)).text(10.5, -3.25)
    assert text == "l 10.500000°  b −3.250000°"


def test_sexagesimal_text_rounds_without_sixty_seconds():
    assert hours_text(359.9999999) == "00:00:00.00"
    assert hours_text(15.0 * (3 + 59 / 60 + 59.999 / 3600)) == "04:00:00.00"
    assert degrees_text(-0.0001) == "−00:00:00.4"
    assert degrees_text(12.999999) == "+13:00:00.0"


def test_the_compass_points_as_the_sky_does():
    image = samples.image()
    sky, wcs = sky_of(image), image.wcs()
    found = sky.directions(50.0, 40.0)
    here = wcs.pixel_to_world(50.0, 40.0)
    north = here.directional_offset_by(0.0, 1e-3 * here.ra.unit)
    step = np.array(wcs.world_to_pixel(north)) - (50.0, 40.0)
    assert found.north == pytest.approx(step / np.hypot(*step), abs=1e-3)
    east = here.directional_offset_by(90.0 * here.ra.unit, 1e-3 * here.ra.unit)
    step = np.array(wcs.world_to_pixel(east)) - (50.0, 40.0)
    assert found.east == pytest.approx(step / np.hypot(*step), abs=1e-3)
    assert found.scale_arcsec == pytest.approx(0.4, rel=1e-4)


def test_without_sky_coordinates_the_read_out_says_so(shown):
    view = shown(ImageView, samples.field(samples.image(wcs_header={})))
    assert "no sky coordinates" in view.read_out(3.0, 4.0)


# Marks ----------------------------------------------------------------------------------------


@pytest.fixture
def marked(shown):
    view = shown(ImageView, samples.field())
    view.set_marks([Mark(11, 20, 20, colour="star"), Mark(12, 70, 60, 9, 4, colour="galaxy")])
    return view


def test_a_click_on_a_mark_names_its_row(marked, qtbot):
    with qtbot.waitSignal(marked.mark_clicked) as caught:
        qtbot.mouseClick(
            marked._graphics.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(marked, 70, 60)
        )
    assert caught.args == [12]
    assert marked._marks.selected == 12


def test_a_click_beside_the_marks_names_none(marked, qtbot):
    with qtbot.assertNotEmitted(marked.mark_clicked, wait=50):
        qtbot.mouseClick(
            marked._graphics.viewport(), Qt.MouseButton.LeftButton, pos=on_screen(marked, 45, 20)
        )


def test_the_legend_names_the_classes(marked):
    assert marked._overlay.legend == ("galaxy", "star")


def test_a_selected_mark_outside_the_view_is_brought_into_it(marked):
    marked.centre_on(500.0, 500.0)
    marked.select(11)
    assert marked._box.viewRect().contains(QPointF(20, 20))


def test_marks_are_drawn_at_their_sky_position_in_a_shifted_band():
    shifted = samples.image(wcs_header=samples.wcs_header(crpix=(53.5, 48.0)))
    here = samples.image().wcs().pixel_to_world(30.0, 20.0)
    mark = Mark(1, 30.0, 20.0, ra_deg=here.ra.deg, dec_deg=here.dec.deg)
    place = placed([mark], sky_of(shifted), 0.4)[0]
    assert place[:2] == pytest.approx((33.0, 27.5), abs=1e-6)


def test_a_position_angle_turns_with_the_sky():
    image = samples.image()
    mark = Mark(1, 50, 40, a=4.0, b=2.0, theta=25.0, on_sky=True)
    place = placed([mark], sky_of(image), 0.4)[0]
    here = image.wcs().pixel_to_world(50.0, 40.0)
    along = here.directional_offset_by(25.0 * here.ra.unit, 1e-3 * here.ra.unit)
    step = np.array(image.wcs().world_to_pixel(along)) - (50.0, 40.0)
    assert np.tan(place[4]) == pytest.approx(step[1] / step[0], rel=1e-3)
    assert place[2:4] == pytest.approx((30.0, 15.0), rel=1e-3)  # three rms sizes of 0.4 arcsec px


def test_catalogue_rows_count_pixels_from_one():
    rows = [
        {"row_id": 1, "x": 11.0, "y": 21.0, "class": "star"},
        {"row_id": 2, "x_pixel": 5.0, "y_pixel": 6.0, "x": 6.0, "y": 7.0, "user_class": "galaxy"},
        {"row_id": 3},
    ]
    marks = marks_of_rows(rows)
    assert [(m.row_id, m.x, m.y, m.colour) for m in marks] == [
        (1, 10.0, 20.0, "star"),
        (2, 5.0, 6.0, "galaxy"),
    ]


# How values become colours ----------------------------------------------------------------------


def test_missing_pixels_have_a_colour_of_their_own():
    values = np.array([[0.0, 1.0], [np.nan, 0.5]], np.float32)
    assert rendered(values, Look(0.0, 1.0)).tolist() == [[0, 254], [255, 127]]


def test_tiny_fluxes_are_not_black(shown):
    pixels = np.linspace(1e-13, 5e-13, 8000, dtype=np.float32).reshape(80, 100)
    view = shown(ImageView, samples.field(samples.image(pixels=pixels, wcs_header={})))
    assert colour_at(view, 50, 78).lightness() > colour_at(view, 50, 2).lightness() + 100


def test_the_stretch_changes_the_picture(shown, settled):
    pixels = np.linspace(0, 1, 8000, dtype=np.float32).reshape(80, 100)
    view = shown(ImageView, samples.field(samples.image(pixels=pixels, wcs_header={})))
    view.controls.stretch.setCurrentText("linear")
    linear = colour_at(settled(view), 50, 20).lightness()
    view.controls.stretch.setCurrentText("log")
    assert colour_at(settled(view), 50, 20).lightness() > linear + 50


def test_minmax_cuts_reach_the_extremes(shown, settled):
    image = samples.image()
    view = shown(ImageView, samples.field(image))
    view.controls.cuts.setCurrentText("min–max")
    view.controls._on_cuts()
    settled(view)
    extremes = (float(image.pixels.min()), float(image.pixels.max()))
    assert (view.look.low, view.look.high) == pytest.approx(extremes)


def test_typed_cuts_are_used_and_named_manual(shown, settled, qtbot):
    view = shown(ImageView, samples.field())
    view.controls.low.setText("-0.5")
    view.controls.high.setText("2.5")
    view.controls.high.editingFinished.emit()
    settled(view)
    assert (view.look.low, view.look.high) == (-0.5, 2.5)
    assert view.controls.cuts.currentText() == "manual"


def test_inverse_turns_black_to_white(shown):
    pixels = np.zeros((80, 100), np.float32)
    pixels[40:] = 1.0
    view = shown(ImageView, samples.field(samples.image(pixels=pixels, wcs_header={})))
    assert colour_at(view, 50, 60).lightness() > 200
    view.controls.inverse.setChecked(True)
    assert colour_at(view, 50, 60).lightness() < 50


def test_the_colour_of_missing_pixels_follows_the_theme(shown):
    pixels = np.ones((80, 100), np.float32)
    pixels[40:] = np.nan
    view = shown(ImageView, samples.field(samples.image(pixels=pixels, wcs_header={})))
    for theme in (DARK, LIGHT):
        view.set_theme(theme)
        assert colour_at(view, 50, 60) == QColor(theme.no_data)


# Large images -----------------------------------------------------------------------------------


def test_tiles_of_every_scale_hold_the_means_of_their_pixels(tmp_path):
    image = samples.image_on_disk(tmp_path / "plane", (1300, 1100))
    levels = kept_levels(image)
    whole = image.section(0, 1300, 0, 1100).astype(np.float64)
    for factor in needed_factors(image.shape):
        tile = read_tile(image, levels, Tile(factor, 0, 0))
        for row, column in [(0, 0), (7, 11)]:
            block = whole[
                row * factor : (row + 1) * factor, column * factor : (column + 1) * factor
            ]
            assert tile[row, column] == pytest.approx(block.mean(), rel=1e-6)


def test_the_scale_of_tiles_follows_the_zoom():
    assert factor_for(0.2, (4000, 4000)) == 1
    assert factor_for(1.9, (4000, 4000)) == 1
    assert factor_for(2.0, (4000, 4000)) == 2
    assert factor_for(500.0, (4000, 4000)) == 8


def test_the_tiles_in_view_start_in_the_middle_and_stay_inside():
    tiles = tiles_in_view((2000, 3000), 1, (-100.0, -100.0, 1200.0, 1100.0))
    assert tiles[0] == Tile(1, 0, 1) or tiles[0] == Tile(1, 1, 1)
    assert {(tile.row, tile.column) for tile in tiles} == {
        (row, column) for row in range(3) for column in range(3)
    }


def test_the_first_look_reads_few_rows_of_a_large_file(tmp_path, monkeypatch):
    image = samples.image_on_disk(tmp_path / "plane", (3000, 2600))
    read = []
    real = Plane._read
    monkeypatch.setattr(Plane, "_read", lambda *of: read.append(sum(of[2])) or real(*of))
    look = first_look(image)
    assert look.factor == 3
    assert sum(read) == 1000 * 2600 * 4
    assert look.values[10, 20] == 1000 * 30 + 60


def test_a_tile_reads_its_own_bytes_only(tmp_path, monkeypatch):
    image = samples.image_on_disk(tmp_path / "plane", (3000, 2600))
    read = []
    real = Plane._read
    monkeypatch.setattr(Plane, "_read", lambda *of: read.append(sum(of[2])) or real(*of))
    values = read_tile(image, {}, Tile(1, 2, 3))
    assert values[5, 7] == 1000 * (2 * 512 + 5) + 3 * 512 + 7
    assert read == [512 * 512 * 4]


def test_zooming_in_shows_the_pixels_of_the_file(shown, settled, tmp_path):
    image = samples.image_on_disk(tmp_path / "plane")
    view = shown(ImageView, Field(images=(image,)))
    view.one_to_one()
    view.centre_on(2000.0, 2500.0)
    settled(view)
    assert not view._item.missing()
    assert view._item.value_at(2001, 2502) == 1000 * 2502 + 2001
    assert "value 2504001 ADU" in view.read_out(2001.0, 2502.0)


def test_few_tiles_are_under_way_at_once(qtbot, tmp_path, monkeypatch):
    from concurrent.futures import Future

    waiting = []

    def compute(function, *args):
        future = Future()
        waiting.append((function, args, future))
        return future

    view = ImageView(compute)
    monkeypatch.setattr(tiled_view, "MOTION_S", float("inf"))  # it has always moved a moment ago
    qtbot.addWidget(view)
    view.resize(1400, 1000)
    view.show()
    view.show_record(Field(images=(samples.image_on_disk(tmp_path / "plane"),)))
    for _ in range(3):
        for function, args, future in list(waiting):
            if not future.done() and function.__name__ != "loaded_tile":
                future.set_result(function(*args))
        qtbot.wait(20)
    view.one_to_one()
    assert view.awaits("tile:") == 1  # the next frame of a drag or a zoom is not to wait for more
    monkeypatch.setattr(tiled_view, "MOTION_S", 0.0)
    view._want_tiles()
    assert view.awaits("tile:") == 4  # at rest


def test_a_file_cut_while_open_is_said_and_nothing_breaks(shown, settled, tmp_path):
    path = tmp_path / "plane"
    view = shown(ImageView, Field(images=(samples.image_on_disk(path),)))
    with open(path, "r+b") as file:
        file.truncate(1000)
    view.one_to_one()
    settled(view)
    assert "too soon" in view._words.text()


# Bands ------------------------------------------------------------------------------------------


def test_the_band_chooser_names_the_bands_and_starts_with_r(shown):
    images = [samples.image(band=band) for band in "gri"]
    view = shown(ImageView, samples.field(*images))
    names = [view.controls.band.itemText(i) for i in range(view.controls.band.count())]
    assert names == ["g", "r", "i", "colour"]
    assert view.image is images[1]


def test_another_band_keeps_the_place_and_shows_its_pixels(shown, settled):
    images = [samples.image(band=band) for band in "gri"]
    view = shown(ImageView, samples.field(*images))
    view.zoom(3.0)
    before = view._box.viewRect()
    view.controls.band.setCurrentIndex(2)
    settled(view)
    assert view.image is images[2]
    assert view._box.viewRect() == before


def test_a_composite_aligns_the_bands_by_their_sky_coordinates():
    images = []
    for band, shift in (("g", 6), ("r", 0), ("i", -5)):
        pixels = np.random.default_rng(5).normal(0, 0.01, (80, 100)).astype(np.float32)
        pixels[40 + shift, 50 + shift] = 5.0  # the same star in every band
        header = samples.wcs_header(crpix=(51.0 + shift, 41.0 + shift))
        images.append(samples.image(band=band, pixels=pixels, wcs_header=header))
    colour = composed(samples.field(*images)).pixels
    assert colour.shape == (80, 100, 3)
    assert colour[40, 50] == pytest.approx((1.0, 1.0, 1.0), abs=0.05)
    assert colour[46, 56].max() < 0.5


def test_marks_of_a_class_without_a_colour_still_have_one():
    assert mark_colour("ring galaxy").isValid()
    assert mark_colour("#123456") == QColor("#123456")


# A first glimpse ----------------------------------------------------------------------------------


def finished(result):
    from concurrent.futures import Future

    future = Future()
    future.set_result(result)
    return future


def test_the_record_of_a_glimpse_keeps_the_pixels_and_the_place(qtbot, settled, tmp_path):
    image = samples.image_on_disk(tmp_path / "plane", (700, 900))
    bare = Image(plane=image.plane)
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(600, 500)
    view.show()
    view.show_glimpse(finished(begun_by_default(bare)))
    settled(view)
    assert view.image is bare
    view.zoom(4.0)
    before = view._box.viewRect().center()
    known = replace(image, band="r", wcs_header=samples.wcs_header())
    view.show_record(Field(images=(known,)))
    assert view.image is known
    settled(view)
    assert view._box.viewRect().center() == before
    assert view._box.viewRect().width() < 300
    assert "value 10020 ADU" in view.read_out(20.0, 10.0)
    assert "RA 22:26:" in view.read_out(20.0, 10.0)


def test_another_record_than_the_glimpse_is_shown_from_its_start(qtbot, settled, tmp_path):
    first = samples.image_on_disk(tmp_path / "one", (700, 900))
    view = ImageView()
    qtbot.addWidget(view)
    view.show()
    view.show_glimpse(finished(begun_by_default(first)))
    settled(view)
    other = samples.image()
    view.show_record(samples.field(other))
    settled(view)
    assert view.image is other


def test_no_glimpse_shows_nothing(qtbot, settled):
    view = ImageView()
    qtbot.addWidget(view)
    view.show_glimpse(finished(None))
    settled(view)
    assert not view.shows_content
