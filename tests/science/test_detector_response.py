"""Antenna factors, delays and distances against symmetry and an independent reference."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import cosmology
from astrogui.science.detector_response import DETECTORS, antenna, delay_s, light_travel_s


@pytest.mark.parametrize("name", DETECTORS)
def test_arms_are_perpendicular_unit_vectors_at_the_earths_surface(name):
    site = DETECTORS[name]
    assert np.linalg.norm(site.arm_x) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(site.arm_y) == pytest.approx(1, abs=1e-6)
    assert np.dot(site.arm_x, site.arm_y) == pytest.approx(0, abs=1e-3)
    assert np.linalg.norm(site.position_m) == pytest.approx(6.371e6, rel=3e-3)


def test_a_source_overhead_is_seen_fully_and_one_along_the_bisector_not_at_all():
    site = DETECTORS["H1"]
    up = np.cross(site.arm_x, site.arm_y)
    for towards, expected in ((up, 1.0), (np.add(site.arm_x, site.arm_y) / np.sqrt(2), 0.0)):
        longitude = np.arctan2(towards[1], towards[0])
        declination = np.arcsin(towards[2])
        plus, cross = antenna("H1", longitude, declination, np.array(0.3))
        assert plus**2 + cross**2 == pytest.approx(expected, abs=1e-4)


def test_the_mean_square_response_over_the_sky_is_two_fifths():
    rng = np.random.default_rng(1)
    count = 200_000
    plus, cross = antenna(
        "L1",
        rng.uniform(0, 2 * np.pi, count),
        np.arcsin(rng.uniform(-1, 1, count)),
        rng.uniform(0, np.pi, count),
    )
    assert np.mean(plus**2 + cross**2) == pytest.approx(0.4, rel=0.01)


def test_light_takes_ten_milliseconds_between_hanford_and_livingston():
    assert light_travel_s("H1", "L1") == pytest.approx(0.010013, abs=2e-6)
    assert light_travel_s("H1", "V1") == pytest.approx(0.027288, abs=5e-6)


def test_delays_never_exceed_the_light_travel_time():
    rng = np.random.default_rng(2)
    longitude, declination = rng.uniform(0, 2 * np.pi, 5000), np.arcsin(rng.uniform(-1, 1, 5000))
    apart = delay_s("H1", longitude, declination) - delay_s("L1", longitude, declination)
    assert np.abs(apart).max() <= light_travel_s("H1", "L1")
    assert np.abs(apart).max() == pytest.approx(light_travel_s("H1", "L1"), rel=1e-2)


def test_distances_agree_with_astropy_and_are_undone():
    cosmologies = pytest.importorskip("astropy.cosmology")
    reference = cosmologies.FlatLambdaCDM(
        H0=cosmology.HUBBLE_KM_S_MPC, Om0=cosmology.MATTER, Tcmb0=0
    )
    redshift = np.array([0.01, 0.1, 0.5, 1.0, 3.0])
    ours = cosmology.luminosity_distance_mpc(redshift)
    assert ours == pytest.approx(reference.luminosity_distance(redshift).value, rel=1e-5)
    assert cosmology.redshift_at(ours) == pytest.approx(redshift, rel=1e-4)
