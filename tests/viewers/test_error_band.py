"""An error band on the screen is what the curves enclose, and costs a fraction of a frame."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from astrogui.viewers.error_band import ErrorBandItem, columns_of
from astrogui.viewers.plot import Plot
from astrogui.viewers.plot_page import PlotPage


def test_a_column_of_the_screen_holds_the_band_of_all_its_samples():
    x = np.arange(100.0)
    low, high = np.sin(x) - 1, np.sin(x) + 1
    low[40:60] = high[40:60] = np.nan
    left, bottom, top = columns_of(x, low, high, 0.0, 10.0, 12)
    assert left.tolist() == [10.0 * i for i in range(10)]
    for start, below, above in zip(left, bottom, top, strict=True):
        inside = slice(int(start), int(start) + 10)
        if 40 <= start < 60:
            assert np.isnan([below, above]).all()
        else:
            assert (below, above) == (low[inside].min(), high[inside].max())


def test_a_column_between_two_samples_lies_between_the_lines_that_join_them():
    x = np.array([0.0, 10.0, 20.0, 30.0])
    low, high = np.array([0.0, 1.0, np.nan, 0.0]), np.array([2.0, 4.0, np.nan, 2.0])
    left, bottom, top = columns_of(x, low, high, 0.0, 1.0, 40)
    assert bottom[:10] == pytest.approx([0.0, *(0.1 * (left[1:10] + 0.5))])
    assert top[1:10] == pytest.approx(2.0 + 0.2 * (left[1:10] + 0.5))
    assert np.isnan(bottom[11:30]).all()  # a gap is not bridged
    assert left[-1] == 30.0


@pytest.fixture
def painted(qtbot):
    """A function that paints a band between two curves and gives back the page and the plot."""

    def paint(x, low, high, size=(500, 320)):
        page, plot, band = PlotPage(), Plot(), ErrorBandItem(QColor("#0000ff"))
        qtbot.addWidget(page)
        page.setBackground("#ffffff")
        plot.getViewBox().setBackgroundColor("#ffffff")
        page.addItem(plot)
        plot.addItem(band, ignoreBounds=True)
        band.set_band(x, low, high)
        plot.setXRange(float(x[0]), float(x[-1]), padding=0)
        plot.setYRange(-3.0, 3.0, padding=0)
        page.resize(*size)
        page.show()
        qtbot.waitUntil(lambda: page.painted > 0)
        return page, plot

    return paint


def picture_of(page, ratio):
    """The page on a device that has so many pixels for each of the screen's."""
    picture = QImage(page.size() * ratio, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor("#ffffff"))
    painter = QPainter(picture)
    page.render(painter, QRectF(page.rect()), page.viewport().rect())
    painter.end()
    return picture


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("samples", [50, 300, 3000], ids=["few", "sparse", "dense"])
def test_the_picture_shows_the_band_where_it_is(painted, samples, ratio):
    x = np.linspace(4000.0, 9000.0, samples)
    middle = np.sin((x - 4000.0) / 800.0)
    low, high = middle - 0.7, middle + 0.5
    if samples > 50:
        gap = (x > 6000.0) & (x < 6500.0)
        low[gap] = high[gap] = np.nan
    page, plot = painted(x, low, high)
    picture = picture_of(page, ratio)
    for at in (4300.0, 5200.0, 5900.0, 6250.0, 7000.0, 8700.0):
        there = np.sin((at - 4000.0) / 800.0)
        for value, is_inside in ((-0.9, False), (-0.6, True), (0.4, True), (0.7, False)):
            scene = plot.getViewBox().mapViewToScene(QPointF(at, there + value))
            place = page.mapFromScene(scene)
            colour = picture.pixelColor(int(place.x() * ratio), int(place.y() * ratio))
            in_gap = samples > 50 and 6000.0 < at < 6500.0
            assert (colour.name() == "#0000ff") == (is_inside and not in_gap), (at, value)


@pytest.mark.parametrize("samples", [900, 9000])
def test_a_noisy_band_costs_a_fraction_of_a_frame(painted, samples):
    random = np.random.default_rng(5)
    x = np.linspace(4000.0, 9000.0, samples)
    middle = random.normal(0.0, 0.5, samples)
    page, _ = painted(x, middle - 1.0, middle + 1.0, (1200, 800))
    page.grab()
    took = []
    for _ in range(5):
        begin = time.thread_time()
        page.grab()
        took.append(time.thread_time() - begin)
    assert min(took) < 0.016
