"""Sky maps from draws: areas of known densities, coverage of a thin ring, the projection."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import healpix
from astrogui.science.joint_density import enclosed_share
from astrogui.science.sky_map import from_mollweide, mollweide, project, sky_map

CENTRE = (2.0, -0.7)


def gaussian(count, long_deg, wide_deg, seed=1):
    """Draws about a place, in radians, normal in the tangent plane."""
    random = np.random.default_rng(seed)
    centre = healpix.directions(*map(np.array, CENTRE))
    east = np.array([-np.sin(CENTRE[0]), np.cos(CENTRE[0]), 0.0])
    north = np.cross(centre, east)
    x, y = random.normal(size=(2, count, 1)) * np.radians([[[long_deg]], [[wide_deg]]])
    towards = centre + x * east + y * north
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    return np.arctan2(towards[:, 1], towards[:, 0]), np.arcsin(towards[:, 2])


def ring(count, seed=2):
    """A ring 40 degrees about a place, 1.5 degrees wide: what two detectors leave."""
    random = np.random.default_rng(seed)
    tilt = np.radians(40) + np.radians(1.5) * random.normal(size=count)
    turn = random.uniform(0, 1.4 * np.pi, count)
    x, y, z = np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)
    return np.arctan2(z, x), np.arcsin(y)  # its middle lies on the equator


def inside(found, share, place):
    pixels = healpix.pixels_at(found.nside, *place)
    return float(np.mean(found.shares()[pixels] <= share))


@pytest.mark.parametrize(("long_deg", "wide_deg"), [(4.0, 4.0), (8.0, 1.0)])
def test_the_areas_of_a_normal_density_are_the_known_ones(long_deg, wide_deg):
    found = sky_map(*gaussian(3000, long_deg, wide_deg))
    assert found.probability.sum() == pytest.approx(1.0, abs=1e-12)
    for share in (0.5, 0.9):
        known = -2 * np.pi * long_deg * wide_deg * np.log(1 - share)
        assert found.area_deg2(share) == pytest.approx(known, rel=0.12)


def test_a_thin_ring_is_covered_as_often_as_said_and_not_blurred():
    found = sky_map(*ring(3000))
    fresh = ring(20_000, seed=3)
    assert inside(found, 0.9, fresh) == pytest.approx(0.9, abs=0.025)
    assert inside(found, 0.5, fresh) == pytest.approx(0.5, abs=0.04)
    true_area = 252 * np.sin(np.radians(40)) * 2 * 1.645 * 1.5  # length times width of 90 %
    assert found.area_deg2(0.9) < 1.25 * true_area


def test_places_drawn_again_and_again_count_once_with_their_weight():
    ra, dec = gaussian(400, 3.0, 3.0)
    many = np.random.default_rng(1).integers(1, 6, 400)
    repeated = sky_map(np.repeat(ra, many), np.repeat(dec, many))
    weighted = sky_map(ra, dec, many.astype(float))
    assert repeated.places == weighted.places == 400
    assert repeated.effective == pytest.approx(many.sum() ** 2 / np.sum(many**2))
    assert np.allclose(repeated.probability, weighted.probability)


def test_the_peak_is_where_the_draws_are():
    ra, dec = sky_map(*gaussian(2000, 2.0, 2.0)).peak()
    assert np.hypot((ra - CENTRE[0]) * np.cos(dec), dec - CENTRE[1]) < np.radians(1.5)


def test_too_few_places_are_refused_in_words():
    with pytest.raises(ValueError, match="8 different places or more, got 1"):
        sky_map(np.full(100, 1.0), np.full(100, 0.5))


def test_the_projection_and_its_inverse_agree_and_keep_areas():
    random = np.random.default_rng(3)
    longitude = random.uniform(0, 2 * np.pi, 40_000)
    latitude = np.arcsin(random.uniform(-1, 1, longitude.size))
    x, y = mollweide(longitude, latitude, 2.5)
    back = from_mollweide(x, y, 2.5)
    assert np.allclose(np.cos(back[0] - longitude), 1, atol=1e-9)
    assert np.allclose(back[1], latitude, atol=1e-7)
    # An even sky fills the ellipse evenly: a quarter of it lies within half the radius.
    assert np.mean((0.5 * x) ** 2 + y**2 < 0.25) == pytest.approx(0.25, abs=0.01)


def test_east_is_left_and_the_poles_are_ends():
    x, _ = mollweide(np.array([np.pi + 0.1, np.pi - 0.1]), np.zeros(2))
    assert x[0] < 0 < x[1]
    assert mollweide(np.array(1.0), np.array(np.pi / 2))[1] == pytest.approx(1.0)
    assert np.isnan(from_mollweide(np.array([1.9]), np.array([0.9]))[0]).all()


def test_the_lines_on_the_map_hold_their_shares():
    found = sky_map(*gaussian(3000, 8.0, 3.0))
    drawn = project(found, (0.5, 0.9), columns=600)
    x, y = mollweide(*gaussian(20_000, 8.0, 3.0, seed=9), drawn.middle)
    for share, loops in drawn.contours.items():
        assert enclosed_share(loops, x, y) == pytest.approx(share, abs=0.04)
