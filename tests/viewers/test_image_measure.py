"""Photometry and profiles by the mouse and by keys, on images whose sources are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from astrogui.science.aperture import Apertures
from astrogui.viewers.colours import DARK
from astrogui.viewers.image_measure_panel import COLUMNS, MeasurePanel, source_words
from astrogui.viewers.image_photometry import PhotometryTool, measure_source
from astrogui.viewers.image_profiles import GROWTH
from astrogui.viewers.image_view import ImageView

LEFT = Qt.MouseButton.LeftButton
SIGMA, FLUX, PLACE = 1.8, 5000.0, (62.3, 41.7)


def starry(**fields):
    """A Gaussian star on a noisy sky of 20."""
    y, x = np.indices((80, 100))
    star = np.exp(-((x - PLACE[0]) ** 2 + (y - PLACE[1]) ** 2) / (2 * SIGMA**2))
    noise = np.random.default_rng(1).normal(20.0, 1.0, star.shape)
    pixels = (FLUX * star / (2 * math.pi * SIGMA**2) + noise).astype(np.float32)
    return samples.image(pixels=pixels, **fields)


@pytest.fixture
def view(shown):
    return shown(ImageView, samples.field(starry(gain=4.0, zero_point_ab=22.5)))


@pytest.fixture
def tool(view):
    return PhotometryTool(view)


@pytest.fixture
def panel(tool, qtbot):
    made = MeasurePanel(tool)
    qtbot.addWidget(made)
    made.resize(420, 640)
    made.show()
    return made


def at(view, x, y) -> QPoint:
    return view.overlay.screen_of(x, y).toPoint()


def test_before_a_measure_the_panel_says_what_to_press_instead_of_empty_axes(panel):
    assert panel.pages.currentWidget() is panel.hint
    assert "Press Q" in panel.hint.text()


def test_a_click_measures_the_source_it_is_near(tool, view, panel, qtbot):
    view.tools["measure_source"].trigger()
    with qtbot.waitSignal(tool.source_measured) as caught:
        QTest.mouseClick(view.overlay.canvas.viewport(), LEFT, pos=at(view, 60, 43))
    measure = caught.args[0]
    flux = measure.flux
    assert (flux.x, flux.y) == pytest.approx(PLACE, abs=0.05)
    # Within 5 px of a Gaussian of sigma 1.8 px lies 97.9 % of the light.
    inside = 1 - math.exp(-(5.0**2) / (2 * SIGMA**2))
    assert flux.flux == pytest.approx(FLUX * inside, abs=4 * flux.error)
    assert flux.magnitude == pytest.approx(22.5 - 2.5 * math.log10(flux.flux))
    expected = view.image.wcs().pixel_to_world(flux.x, flux.y)
    assert (measure.longitude_deg, measure.latitude_deg) == pytest.approx(
        (expected.ra.deg, expected.dec.deg), abs=1e-7
    )
    fits = {fit.shape: fit.fwhm for fit in measure.fits}
    assert fits["Gaussian"] == pytest.approx(2.3548 * SIGMA, rel=0.02)
    assert panel.pages.currentWidget() is panel.plot
    words = panel.words.text()
    for part in ("AB magnitude", "nanomaggy", "photons and sky", "RA 22:26", "FWHM", "″"):
        assert part in words, words
    assert panel.model.rowCount() == 1


def test_all_of_it_by_keys(tool, view, qtbot):
    view.setFocus()
    view.centre_on(61.0, 42.0)
    with qtbot.waitSignal(tool.source_measured) as caught:
        QTest.keyClick(view, Qt.Key.Key_Q, Qt.KeyboardModifier.ShiftModifier)
    assert (caught.args[0].flux.x, caught.args[0].flux.y) == pytest.approx(PLACE, abs=0.05)
    with qtbot.waitSignal(tool.line_measured) as caught:
        QTest.keyClick(view, Qt.Key.Key_W, Qt.KeyboardModifier.AltModifier)
    line = caught.args[0]
    brightest = line.start[0] + line.distance[np.nanargmax(line.value)]
    assert brightest == pytest.approx(PLACE[0], abs=1.0)


def test_a_drag_draws_a_line_and_its_profile(tool, view, panel, qtbot):
    view.tools["measure_line"].trigger()
    viewport = view.overlay.canvas.viewport()
    with qtbot.waitSignal(tool.line_measured) as caught:
        QTest.mousePress(viewport, LEFT, pos=at(view, 40, 41.7))
        QTest.mouseMove(viewport, at(view, 60, 41.7))
        QTest.mouseRelease(viewport, LEFT, pos=at(view, 85, 41.7))
    assert caught.args[0].distance[-1] == pytest.approx(45, abs=1)
    assert "Line of" in panel.words.text()
    assert "arcsec" in panel.plot.plot.getAxis("bottom").labelText
    panel.line_width.setValue(5.0)
    qtbot.waitUntil(lambda: "mean of 5 pixels" in panel.plot.plot.getAxis("left").labelText)


def test_other_radii_measure_again(tool, view, panel, qtbot):
    with qtbot.waitSignal(tool.source_measured) as caught:
        tool.measure(*PLACE)
    first = caught.args[0].flux.flux
    with qtbot.waitSignal(tool.source_measured) as caught:
        panel.radius.setValue(2.0)
    assert caught.args[0].flux.flux < 0.6 * first
    assert caught.args[0].apertures.radius == 2.0
    with qtbot.waitSignal(tool.source_measured):
        panel.inner.setValue(30.0)  # beyond the outer radius, which gives way
    assert panel.outer.value() == 30.5
    assert tool.settings.apertures == Apertures(radius=2.0, sky_inner=30.0, sky_outer=30.5)


def test_growth_is_drawn_in_either_theme(tool, view, panel, qtbot):
    with qtbot.waitSignal(tool.source_measured):
        tool.measure(*PLACE)
    panel.kind.setCurrentText(GROWTH)
    panel.kind.activated.emit(1)
    panel.set_theme(DARK)
    axis = panel.plot.plot.getAxis("left")
    assert "flux within (nanomaggy)" in axis.labelText
    assert panel.grab().width() > 0


def test_the_table_is_copied_and_written(tool, view, panel, qtbot, tmp_path):
    from astrogui.session.tables import write_table

    for place in (PLACE, (20.0, 20.0)):
        with qtbot.waitSignal(tool.source_measured):
            tool.measure(*place)
    panel.copy()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:5] == ["ra", "dec", "x", "y", "flux"]
    assert len(lines) == 3
    with qtbot.waitSignal(panel.save_wanted) as caught:
        panel._on_save()
    for ending in ("ecsv", "csv", "fits"):
        path = tmp_path / f"table.{ending}"
        assert write_table(caught.args[0], path) == 2
    from astropy.table import Table

    table = Table.read(tmp_path / "table.ecsv")
    assert table["ra"].unit == "deg"
    assert table["flux"][0] == pytest.approx(panel.model.measures[0].flux.flux)
    assert table["mag_system"][0] == "AB"


def test_without_gain_and_zero_point_that_is_said(shown, qtbot):
    bare = starry(wcs_header={}, unit="", pixel_scale_arcsec=None)
    measure = measure_source(bare, *PLACE, Apertures(), True)
    words = source_words(measure)
    for part in ("Instrumental magnitude", "no gain", "no unit in the file", "px"):
        assert part in words
    assert "″" not in words
    assert "RA" not in words


def test_a_place_without_a_source_is_measured_where_it_was_clicked():
    empty = samples.image(pixels=np.full((60, 60), 3.0, np.float32))
    measure = measure_source(empty, 20.0, 21.0, Apertures(), True)
    assert (measure.flux.x, measure.flux.y) == (20.0, 21.0)
    assert "place of the click" in source_words(measure)
    assert measure.fits == ()
    outside = measure_source(empty, -100.0, 5.0, Apertures(), True)
    assert math.isnan(outside.flux.flux)
    assert "100.0 % of the aperture has no data" in source_words(outside)


def test_a_colour_picture_is_not_measured(shown, qtbot):
    view = shown(ImageView, samples.field(samples.Image(pixels=np.zeros((40, 60, 3), np.float32))))
    tool = PhotometryTool(view)
    with qtbot.waitSignal(view.message) as caught:
        tool.measure(10, 10)
    assert "single band" in caught.args[0]


def test_every_number_of_the_table_has_a_unit_or_says_what_it_is():
    for column, _ in COLUMNS:
        assert column.description
