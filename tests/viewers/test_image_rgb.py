"""The colour panel: bands, balance and stretch become the picture on the screen."""

from __future__ import annotations

import numpy as np
import pytest
import viewer_samples as samples

from astrogui.viewers.image_rgb import RgbPanel, RgbSettings, planes_of, rgb_image
from astrogui.viewers.image_view import ImageView


def band(name, level, **fields):
    pixels = np.random.default_rng(len(name)).normal(0.0, 1.0, (80, 100)).astype(np.float32)
    pixels[30:50, 40:60] += level
    return samples.image(pixels=pixels, band=name, **fields)


@pytest.fixture
def view(shown):
    return shown(ImageView, samples.field(band("g", 20.0), band("r", 60.0), band("i", 180.0)))


def test_the_brightest_band_gives_the_hue(view, qtbot):
    panel = RgbPanel(view)
    qtbot.addWidget(panel)
    panel.compose()
    qtbot.waitUntil(lambda: view.image is not None and view.image.is_colour, timeout=10_000)
    assert [box.currentText() for box in panel.bands] == ["i", "r", "g"]
    red, green, blue = view.image.pixels[35:45, 45:55].mean(axis=(0, 1))
    assert red > green > blue > 0
    panel.bands[0].setCurrentText("g")
    panel.bands[2].setCurrentText("i")
    before = view.image
    panel.bands[2].activated.emit(2)
    qtbot.waitUntil(lambda: view.image is not before and not panel._is_busy, timeout=10_000)
    red, green, blue = view.image.pixels[35:45, 45:55].mean(axis=(0, 1))
    assert blue > green > red
    assert "bands g, r, i" in view.image.notes[0]


def test_a_slider_dragged_ends_in_the_picture_of_its_last_step(view, qtbot):
    panel = RgbPanel(view)
    qtbot.addWidget(panel)
    panel.compose()
    qtbot.waitUntil(lambda: view.image is not None and view.image.is_colour, timeout=10_000)
    for step in (150, 160, 170, 180, 190):
        panel.sliders["Stretch"].setValue(step)
    qtbot.waitUntil(lambda: not panel._is_busy and not panel._is_stale, timeout=10_000)
    expected = rgb_image(panel._planes, panel.settings)
    qtbot.waitUntil(lambda: np.array_equal(view.image.pixels, expected.pixels), timeout=10_000)
    assert "× noise" in panel._values["Stretch"].text()
    panel.reset()
    assert panel.settings.stretch == pytest.approx(8.0, rel=0.03)
    assert panel.settings.black == pytest.approx(-1.0, abs=0.1)
    qtbot.waitUntil(lambda: not panel._is_busy, timeout=10_000)


def test_bands_are_aligned_and_brought_to_one_zero_point():
    shifted = samples.wcs_header(crpix=(53.5, 40.5))
    red = band("i", 100.0, zero_point_ab=22.5)
    green = band("r", 100.0, zero_point_ab=22.5)
    blue = band("g", 0.0, zero_point_ab=25.0, wcs_header=shifted)
    pixels = np.zeros((80, 100), np.float32)
    pixels[30:50, 43:63] = 1000.0  # the same source and flux, three columns on, in smaller units
    blue = samples.image(pixels=pixels, band="g", zero_point_ab=25.0, wcs_header=shifted)
    planes = planes_of((red, green, blue))
    assert planes.pixels[2][40, 41] == pytest.approx(100.0, rel=1e-5)
    assert planes.pixels[2][40, 39] == 0.0
    assert planes.pixels[2][40, 60] == 0.0
    image = rgb_image(planes, RgbSettings(balance=(1.0, 2.0, 1.0)))
    red_light, green_light, _ = image.pixels[33:47, 43:57].mean(axis=(0, 1))
    assert green_light > 1.5 * red_light


def test_a_panel_without_bands_offers_to_make_colours(view, qtbot):
    panel = RgbPanel(view)
    qtbot.addWidget(panel)
    assert not any(box.isEnabled() for box in panel.bands)
    panel.make.click()
    assert [box.currentText() for box in panel.bands] == ["i", "r", "g"]
    assert all(box.isEnabled() for box in panel.bands)
    qtbot.waitUntil(lambda: view.image is not None and view.image.is_colour, timeout=10_000)


def test_fewer_than_three_bands_are_refused_in_words(shown, qtbot):
    view = shown(ImageView, samples.field())
    panel = RgbPanel(view)
    qtbot.addWidget(panel)
    panel.compose()
    assert "Three bands" in panel._words.text()
