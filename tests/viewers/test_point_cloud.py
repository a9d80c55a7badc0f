"""Points as pictures, lassos and maps of the sky, against independent ways of working them out."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPolygonF

from astrogui.viewers.histogram_view import HistogramView, histogram_of
from astrogui.viewers.point_cloud import (
    FEW_POINTS,
    aitoff,
    density_of,
    in_polygon,
    mollweide,
)
from astrogui.viewers.scatter_view import Points, ScatterView
from astrogui.viewers.sky_plot import SkyPlot


def test_every_point_of_the_view_is_counted_once():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(2, 20_000))
    x[:50] = np.nan
    found = density_of(x, y, None, None, (-1.0, 1.0, -1.0, 1.0), (64, 48))
    inside = (np.abs(x) <= 1) & (np.abs(y) <= 1)
    assert found.total == inside.sum() == found.counts.sum()
    expected, _, _ = np.histogram2d(y[inside], x[inside], (48, 64), ((-1, 1), (-1, 1)))
    assert np.array_equal(found.counts, expected)


def test_few_points_are_named_one_by_one():
    x = np.linspace(0, 1, FEW_POINTS)
    found = density_of(x, x, None, None, (0.0, 0.5, 0.0, 0.5), (10, 10))
    assert found.counts is None
    assert np.array_equal(x[found.places], x[x <= 0.5])


def test_the_third_column_is_averaged_and_classes_take_the_commonest():
    x = np.repeat([0.25, 0.75], 5000)
    third = np.concatenate([np.full(5000, 2.0), np.full(5000, 4.0)])
    view = (0.0, 1.0, 0.0, 1.0)
    means = density_of(x, np.full(10_000, 0.5), third, None, view, (2, 1)).means
    assert means.tolist() == [[2.0, 4.0]]
    classes = np.where(np.arange(10_000) % 5 == 0, 1.0, 0.0)
    found = density_of(x, np.full(10_000, 0.5), classes, None, view, (2, 1), 2)
    assert found.commonest.tolist() == [[0, 0]]


def test_a_lasso_encloses_what_a_path_does():
    random = np.random.default_rng(3)
    corners = np.array([(0, 0), (1, 0.2), (0.3, 0.4), (0.9, 0.9), (0.1, 0.8)])
    x, y = random.uniform(-0.1, 1.1, (2, 3000))
    polygon = QPolygonF([QPointF(*corner) for corner in corners])
    expected = [
        polygon.containsPoint(QPointF(a, b), Qt.FillRule.OddEvenFill)
        for a, b in zip(x, y, strict=True)
    ]
    assert in_polygon(x, y, corners).tolist() == expected
    assert not in_polygon(np.array([np.nan]), np.array([0.5]), corners).any()


@pytest.mark.parametrize(("name", "project"), [("AIT", aitoff), ("MOL", mollweide)])
def test_maps_of_the_sky_agree_with_astropy(name, project):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{name}", f"DEC--{name}"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [0, 0], [0, 0], [-1, 1]
    random = np.random.default_rng(5)
    ra, dec = random.uniform(0, 360, 200), random.uniform(-89, 89, 200)
    x, y = project(ra, dec)
    expected_x, expected_y = wcs.all_world2pix(ra, dec, 1)
    if name == "MOL":  # ours is scaled to 180 by 90, the paper's to 2 sqrt(2) radii
        factor = 90 / np.degrees(np.sqrt(2))
        expected_x, expected_y = expected_x * factor, expected_y * factor
    assert x == pytest.approx(expected_x, abs=1e-6)
    assert y == pytest.approx(expected_y, abs=1e-6)


def test_a_histogram_counts_like_numpy_and_marks_the_selected():
    values = np.concatenate([np.random.default_rng(2).normal(size=5000), [np.nan]])
    chosen = values > 1
    found = histogram_of(values, chosen)
    assert found.counts.sum() == 5000
    assert found.chosen.sum() == chosen.sum()
    assert histogram_of(np.array([np.nan]), None) is None


@pytest.fixture
def scatter(qtbot):
    view = ScatterView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    qtbot.waitExposed(view)
    return view


def test_many_points_are_a_picture_and_few_are_points(scatter, qtbot):
    x = np.random.default_rng(4).normal(size=50_000)
    scatter.show_points(Points(x=x, y=x**2, x_title="z", y_title="mass [M☉]"))
    qtbot.waitUntil(lambda: scatter.density is not None)
    assert scatter.density.counts.sum() == 50_000
    scatter.plot.getViewBox().setRange(xRange=(0, 0.01), yRange=(0, 1), padding=0)
    qtbot.waitUntil(lambda: scatter.density.places is not None)
    assert scatter.plot.getAxis("left").labelText == "mass [M☉]"


def test_a_box_drawn_by_the_mouse_chooses_the_points_inside(scatter, qtbot):
    x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 3.0])
    scatter.show_points(Points(x=x, y=y))
    scatter.set_tool("box")
    qtbot.waitUntil(lambda: scatter.density is not None)
    box = scatter.plot.getViewBox()

    def at(a, b):
        return scatter._canvas.mapFromScene(box.mapViewToScene(QPointF(a, b)))

    viewport = scatter._canvas.viewport()
    first, last = at(0.5, 0.5), at(2.5, 2.5)
    with qtbot.waitSignal(scatter.chosen) as told:
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=first)
        for step in range(1, 6):
            qtbot.mouseMove(viewport, first + (last - first) * step / 5)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=last)
    mask, how = told.args
    assert mask.tolist() == [False, True, True, False]
    assert how == "replace"


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm(scatter, qtbot):
    scatter.show_points(Points(x=np.array([-1.0, 10.0]), y=np.ones(2), log_x=True))
    qtbot.waitUntil(lambda: scatter.density is not None)
    assert scatter.density.places.tolist() == [1]


def test_the_sky_has_a_labelled_grid(qtbot):
    view = SkyPlot()
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show()
    view.show_points(Points(x=np.array([10.0, np.nan]), y=np.array([-20.0, 5.0])))
    qtbot.waitUntil(lambda: view.density is not None)
    assert view.density.places.tolist() == [0]
    assert {label.toPlainText() for label in view._labels} >= {"0°", "90°", "+30°", "−60°"}


def test_a_histogram_stretch_chooses_its_rows(qtbot):
    view = HistogramView()
    qtbot.addWidget(view)
    view.show_values(np.array([1.0, 2.0, 3.0, np.nan]), "z")
    with qtbot.waitSignal(view.chosen) as told:
        view._on_drawn(np.array([[1.5, 0.0], [3.5, 1.0]]), Qt.KeyboardModifier.NoModifier)
    assert told.args[0].tolist() == [False, True, True, False]
