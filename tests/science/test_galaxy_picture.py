"""A galaxy is found in its picture, measured and cut out the same, however large the picture."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import galaxy_picture, lupton
from astrogui.science.aligned_bands import Band
from astrogui.science.survey_picture import survey_pictures


def _picture(side, radius, x=None, y=None, ratio=0.5, noise=0.0):
    """An ellipse of even light along x in the middle of a dark picture."""
    centre = (side - 1) / 2
    x, y = centre if x is None else x, centre if y is None else y
    column, row = np.meshgrid(np.arange(side) - x, np.arange(side) - y)
    inside = np.hypot(column, row / ratio) < radius
    rng = np.random.default_rng(0)
    return 0.05 + 0.6 * inside[..., None] * np.ones(3) + noise * rng.normal(size=(side, side, 3))


def test_the_semi_major_axis_and_the_centre_of_an_ellipse_are_found():
    found = galaxy_picture.find_galaxy(_picture(168, 40, x=90.0, y=80.0, noise=0.01))
    assert found.seen
    assert found.radius == pytest.approx(40, rel=0.05)
    assert (found.x, found.y) == pytest.approx((90, 80), abs=0.5)
    assert found.sky == pytest.approx((0.05,) * 3, abs=0.01)


def test_an_empty_picture_is_taken_whole():
    found = galaxy_picture.find_galaxy(np.full((80, 60, 3), 0.2))
    assert not found.seen
    assert (found.x, found.y) == (29.5, 39.5)


def test_a_galaxy_looks_the_same_in_a_larger_picture():
    small, _ = galaxy_picture.network_picture(_picture(100, 24))
    large, _ = galaxy_picture.network_picture(_picture(300, 72))
    assert small.shape == (64, 64, 3)
    assert np.abs(small - large).mean() < 0.01


def test_a_neighbour_does_not_draw_the_cut_away():
    picture = np.maximum(_picture(160, 20), _picture(160, 10, x=130.0, y=130.0))
    found = galaxy_picture.find_galaxy(picture)
    assert (found.x, found.y) == pytest.approx((79.5, 79.5), abs=0.5)
    assert found.radius == pytest.approx(20, rel=0.1)


def test_turning_the_cut_turns_the_galaxy():
    picture = _picture(120, 30)
    found = galaxy_picture.find_galaxy(picture)
    plain = galaxy_picture.at_network_scale(picture, found)
    turned = galaxy_picture.turned_cut(picture, found, np.pi / 2, 1.0, (0.0, 0.0))
    assert np.abs(turned - np.rot90(plain)).mean() < 0.01 or (
        np.abs(turned - np.rot90(plain, -1)).mean() < 0.01
    )
    assert np.abs(turned - plain).mean() > 0.02


def test_what_lies_beyond_the_picture_is_its_sky():
    cut, found = galaxy_picture.network_picture(_picture(60, 28, ratio=0.9))
    assert cut[0, 0] == pytest.approx(np.array(found.sky), abs=1e-6)


def test_colours_are_those_of_lupton_after_the_bands_are_weighed():
    light = np.random.default_rng(1).uniform(0, 1, (5, 5, 3))
    weighed = (light * galaxy_picture.COLOUR_FACTORS).astype(np.float32)
    expected = lupton.lupton_rgb(*np.moveaxis(weighed, -1, 0), galaxy_picture.STRETCH)
    np.testing.assert_array_equal(galaxy_picture.colours(light), expected)


def _bands(scale=1.0):
    """g, r, i with one galaxy at (100, 90), as pixels in nanomaggies over ``scale``."""
    rng = np.random.default_rng(2)
    column, row = np.meshgrid(np.arange(200) - 100.0, np.arange(180) - 90.0)
    galaxy = 1.5 * np.exp(-np.hypot(column, row / 0.6) / 6)

    def band(slot, colour):
        pixels = ((galaxy * colour + rng.normal(0, 0.02, galaxy.shape)) / scale).astype(np.float32)
        return Band(
            slot=slot,
            read=lambda y0, y1, x0, x1: pixels[max(y0, 0) : y1, max(x0, 0) : x1],
            shape=pixels.shape,
            place=lambda x, y: (np.asarray(x, float), np.asarray(y, float)),
            saturation=np.nan,
        )

    return [band(2, 1.0), band(1, 0.55), band(3, 1.35)]


def test_bands_give_the_same_picture_in_any_unit():
    where = (np.array([100.0]), np.array([90.0]), np.array([7.0]))
    zero = np.full(5, 22.5)
    ours = survey_pictures(_bands(), *where, zero, 0.396)
    counts = survey_pictures(_bands(50.0), *where, zero - 2.5 * np.log10(50.0), 0.396)
    assert ours.calibrated
    assert counts.calibrated
    assert ours.seen[0]
    assert ours.radius[0] > 8
    np.testing.assert_allclose(ours.pictures, counts.pictures, atol=0.02)
    middle = ours.pictures[0, 28:36, 28:36].mean(axis=(0, 1))
    assert middle.max() > 0.3
    assert middle.min() > 0.1


def test_without_a_zero_point_the_middle_gets_the_usual_brightness():
    where = (np.array([100.0]), np.array([90.0]), np.array([7.0]))
    bare = survey_pictures(_bands(1e-9)[:1], *where, np.full(5, np.nan), None)
    assert not bare.calibrated
    assert 0.2 < bare.pictures[0, 28:36, 28:36].mean() < 0.9


def _lobes(side=300, far=0.0, noise=0.0):
    """Two lobes that do not touch, 60 pixels apart; another source, ``far`` times as bright."""
    rng = np.random.default_rng(5)
    plane = noise * rng.normal(size=(side, side))
    middle = (side - 1) / 2
    for x, y, peak in ((-30, 0, 1.0), (30, 0, 0.7), (90, 80, far), (-105, 60, far)):
        column, row = np.meshgrid(np.arange(side) - middle - x, np.arange(side) - middle - y)
        plane += 3e-3 * peak * np.exp(-0.5 * (column**2 + row**2) / 4.0**2)
    return plane


@pytest.mark.parametrize(("far", "noise"), [(0.0, 0.0), (1.5, 0.0), (1.5, 0.02), (0.5, 0.05)])
def test_the_lobes_of_one_source_are_kept_together_and_others_left_out(far, noise):
    found = galaxy_picture.find_light(_lobes(far=far, noise=3e-3 * noise))
    assert found.seen
    assert (found.x, found.y) == pytest.approx((149.5, 149.5), abs=6)
    assert found.radius == pytest.approx(2 * np.hypot(30, 4), rel=0.15)
    assert found.peak == pytest.approx(3e-3, rel=0.1)


def test_no_light_of_a_small_source_is_cut_off():
    side = 300
    column, row = np.meshgrid(np.arange(side) - 149.5, np.arange(side) - 149.5)
    plane = 40.0 + 7.0 * np.exp(-0.5 * (column**2 + row**2) / 2.0**2)
    plane[5, 5] = np.nan
    values, found = galaxy_picture.light_picture(plane)
    assert found.radius == pytest.approx(galaxy_picture.LEAST_LIGHT * side)
    assert found.sky == (0, 0, 0)
    assert np.isfinite(values).all()
    assert (values[..., 0] > 0.98).sum() < 12  # of the some 80 pixels that it covers
    cut = galaxy_picture.at_network_scale(values, found)
    assert cut.max() == pytest.approx(1.0, abs=0.05)


def test_a_brighter_neighbour_does_not_dim_the_object():
    alone, _ = galaxy_picture.light_picture(_lobes())
    beside, _ = galaxy_picture.light_picture(_lobes(far=2.0))
    assert beside[140:160, 110:190].max() == pytest.approx(alone[140:160, 110:190].max(), rel=0.02)


@pytest.mark.parametrize("plane", [np.zeros((60, 80)), np.full((60, 80), np.nan),
                                   np.random.default_rng(1).normal(size=(60, 80))])  # fmt: skip
def test_where_no_source_stands_out_the_whole_is_taken(plane):
    values, found = galaxy_picture.light_picture(plane)
    assert (found.x, found.y) == pytest.approx((39.5, 29.5), abs=15)
    assert np.isfinite(values).all()
    assert values.shape == (60, 80, 3)
