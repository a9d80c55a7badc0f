"""Lensing against the cases that have a closed answer, and against its own derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

from astrogui.science import lensing

RADIUS = 1.3


def grid(side=401, reach=4.0, offset=0.0017):
    axis = np.linspace(-reach, reach, side) + offset
    return np.meshgrid(axis, axis)


def deflection_at(x, y, q=1.0, angle=0.0):
    return lensing.sie_deflection(np, np.asarray(x), np.asarray(y), RADIUS, q, angle)


def test_an_isothermal_sphere_deflects_by_its_einstein_radius_everywhere():
    x, y = grid(21)
    east, north = deflection_at(x, y)
    radius = np.hypot(x, y)
    assert east == pytest.approx(RADIUS * x / radius, abs=2e-4)
    assert north == pytest.approx(RADIUS * y / radius, abs=2e-4)


def test_a_source_behind_a_sphere_has_its_two_images_where_they_are_due():
    offset = 0.4
    images = np.array([offset + RADIUS, offset - RADIUS])
    sphere = {"einstein_radius": RADIUS, "axis_ratio": 1.0, "angle": 0.0}
    source_x, source_y = lensing.source_position(np, images, np.zeros(2), sphere)
    assert source_x == pytest.approx([offset, offset], abs=2e-4)
    assert source_y == pytest.approx([0, 0], abs=1e-6)


def test_the_magnification_of_a_small_source_is_that_of_the_sphere():
    offset, pixel = 0.5, 0.005
    axis = (np.arange(1001) - 500) * pixel
    x, y = np.meshgrid(axis, axis)
    sphere = {"einstein_radius": RADIUS, "axis_ratio": 1.0, "angle": 0.0}
    source_x, source_y = lensing.source_position(np, x, y, sphere)
    light = lensing.sersic(np, source_x - offset, source_y, 0.03, 1.0, 1.0, 0.0)
    bright = light[x > 0.6].sum() * pixel**2
    assert bright == pytest.approx((offset + RADIUS) / offset, rel=0.02)  # 1 / (1 - θE / θ)
    assert light.sum() * pixel**2 == pytest.approx(2 * RADIUS / offset, rel=0.02)


def test_a_source_exactly_behind_the_lens_is_a_ring_of_the_einstein_radius():
    x, y = grid(801, 3.0)
    sphere = {"einstein_radius": RADIUS, "axis_ratio": 1.0, "angle": 0.0}
    source_x, source_y = lensing.source_position(np, x, y, sphere)
    light = lensing.sersic(np, source_x, source_y, 0.1, 1.0, 1.0, 0.0)
    radius = np.hypot(x, y)
    assert (light * radius).sum() / light.sum() == pytest.approx(RADIUS, rel=0.01)
    angle = np.arctan2(y, x)
    for quarter in range(4):
        inside = (angle >= -np.pi + quarter * np.pi / 2) & (angle < -np.pi / 2 * (1 - quarter))
        assert light[inside].sum() / light.sum() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("q", [0.3, 0.6, 0.95, 1.0])
def test_the_divergence_of_the_deflection_is_twice_the_convergence(q):
    x, y = np.array([0.7, -1.2, 2.0]), np.array([0.5, 0.9, -1.7])
    step = 1e-4
    east = deflection_at(x + step, y, q, 0.6)[0] - deflection_at(x - step, y, q, 0.6)[0]
    north = deflection_at(x, y + step, q, 0.6)[1] - deflection_at(x, y - step, q, 0.6)[1]
    divergence = (east + north) / (2 * step)
    expected = 2 * lensing.sie_convergence(np, x, y, RADIUS, q, 0.6)
    assert divergence == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("q", [0.4, 0.8])
def test_the_einstein_radius_does_not_change_with_the_axis_ratio(q):
    x, y = grid(1201, 3.0)
    kappa = lensing.sie_convergence(np, x, y, RADIUS, q, 0.3)
    along, across = x * np.cos(0.3) + y * np.sin(0.3), y * np.cos(0.3) - x * np.sin(0.3)
    inside = q * along**2 + across**2 / q < RADIUS**2
    cell = (x[0, 1] - x[0, 0]) ** 2
    assert kappa[inside].mean() == pytest.approx(1.0, rel=0.01)
    assert inside.sum() * cell == pytest.approx(np.pi * RADIUS**2, rel=0.01)


def test_shear_stretches_along_its_axis():
    x, y = lensing.shear_deflection(np, np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.1, 0.0)
    assert x == pytest.approx([0.1, 0.0])
    assert y == pytest.approx([0.0, -0.1])
    turned = lensing.shear_deflection(np, np.sqrt(0.5), np.sqrt(0.5), 0.1, np.pi / 4)
    assert np.hypot(*turned) == pytest.approx(0.1)
    assert turned[0] == pytest.approx(turned[1])


@pytest.mark.parametrize("index", [0.6, 1.0, 2.5, 4.0])
def test_a_sersic_profile_has_unit_flux_and_half_of_it_within_its_radius(index):
    axis = np.concatenate([[0], np.geomspace(1e-5, 400, 4000)])
    middle, width = 0.5 * (axis[1:] + axis[:-1]), np.diff(axis)
    light = lensing.sersic(np, middle, 0.0, 1.0, index, 1.0, 0.0)
    rings = light * 2 * np.pi * middle * width
    assert rings.sum() == pytest.approx(1.0, rel=2e-3)
    assert rings[middle < 1].sum() == pytest.approx(0.5, rel=5e-3)


def test_an_elliptical_profile_keeps_its_flux_and_lies_along_its_angle():
    x, y = grid(601, 6.0)
    light = lensing.sersic(np, x, y, 0.8, 1.0, 0.5, 0.7)
    cell = (x[0, 1] - x[0, 0]) ** 2
    assert light.sum() * cell == pytest.approx(1.0, rel=0.01)
    angle = 0.5 * np.arctan2(2 * (light * x * y).sum(), (light * (x**2 - y**2)).sum())
    assert angle == pytest.approx(0.7, abs=1e-3)


def test_the_logarithm_of_the_gamma_function_agrees_with_scipy():
    z = np.array([0.72, 1.0, 3.3, 8.0, 20.0])
    assert lensing._log_gamma(np, z) == pytest.approx(gammaln(z), rel=1e-9, abs=1e-9)


def test_many_lenses_are_traced_at_once():
    x, y = grid(11)
    radius = np.array([0.5, 1.0, 2.0])[:, None, None]
    lens = {"einstein_radius": radius, "axis_ratio": 0.7, "angle": 0.3, "shear": 0.05,
            "shear_angle": 1.0}  # fmt: skip
    together = np.stack(lensing.source_position(np, x, y, lens))
    one = lensing.source_position(np, x, y, {**lens, "einstein_radius": 1.0})
    assert together.shape == (2, 3, 11, 11)
    assert together[:, 1] == pytest.approx(np.stack(one))
