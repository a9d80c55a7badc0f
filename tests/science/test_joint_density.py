"""Contours against Gaussians, where the probability inside an ellipse is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from astrogui.science.joint_density import closed_contours, enclosed_share, joint_density

COVARIANCE = np.array([[1.0, 1.2], [1.2, 4.0]])


def gaussian(count, seed=1):
    return np.random.default_rng(seed).multivariate_normal([3.0, -2.0], COVARIANCE, count).T


@pytest.mark.parametrize("count", [5_000, 100_000])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_contour_encloses_its_share_of_a_gaussian(count, share):
    x, y = gaussian(count)
    loops = joint_density(x, y).contour(share)
    fresh = gaussian(200_000, seed=2)  # other draws of the same Gaussian
    # Binomial error of the draws that set the contour, and one of cells and smoothing.
    tolerance = 3 * np.sqrt(share * (1 - share) / count) + 0.006
    assert enclosed_share(loops, *fresh) == pytest.approx(share, abs=tolerance)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_contour_of_a_gaussian_is_its_ellipse(share):
    x, y = gaussian(100_000)
    (loop,) = joint_density(x, y).contour(share)
    away = loop - [3.0, -2.0]
    squared = np.einsum("ij,jk,ik->i", away, np.linalg.inv(COVARIANCE), away)
    # chi-squared with two degrees of freedom: P(< s) = 1 - exp(-s / 2)
    assert np.median(squared) == pytest.approx(-2 * np.log(1 - share), rel=0.05)


def test_weights_count_as_repeated_draws():
    x, y = gaussian(20_000)
    weights = np.where(x > 3, 2.0, 1.0)
    twice = np.concatenate([x, x[x > 3]]), np.concatenate([y, y[x > 3]])
    bounds = ((-3.0, 9.0), (-12.0, 8.0))
    weighted = joint_density(x, y, weights, bounds)
    repeated = joint_density(*twice, bounds=bounds)
    np.testing.assert_allclose(weighted.mass, repeated.mass, atol=1e-12)
    assert weighted.level(0.9) == pytest.approx(repeated.level(0.9), rel=0.03)


def test_the_density_integrates_to_one_and_does_not_sink_at_a_hard_edge():
    random = np.random.default_rng(5)
    x, y = random.uniform(0, 1, 100_000), random.normal(size=100_000)
    found = joint_density(x, y, bounds=((0.0, 1.0), (-4.0, 4.0)))
    area = np.diff(found.x_edges)[0] * np.diff(found.y_edges)[0]
    assert found.density.sum() * area == pytest.approx(1.0)
    along = found.density.sum(axis=0)
    assert along[0] / np.median(along) == pytest.approx(1.0, abs=0.05)


def test_smoothing_agrees_with_scipy():
    x, y = gaussian(4_000)
    found = joint_density(x, y, cells=64)
    widths = [
        values.std() * 4_000 ** (-1 / 6) / np.diff(edges)[0]
        for values, edges in ((y, found.y_edges), (x, found.x_edges))
    ]
    expected = gaussian_filter(found.mass, widths, mode="reflect", truncate=6.0)
    area = np.diff(found.x_edges)[0] * np.diff(found.y_edges)[0]
    ours = found.density * area
    np.testing.assert_allclose(ours, expected / expected.sum(), atol=2e-3 * ours.max())


def test_two_islands_and_a_lake_are_three_closed_lines():
    values = np.zeros((40, 60))
    rows, columns = np.mgrid[:40, :60]
    ring = np.hypot(rows - 20, columns - 15)
    values[(ring < 11) & (ring > 5)] = 1.0
    values[np.hypot(rows - 20, columns - 45) < 6] = 1.0
    loops = closed_contours(values, 0.5)
    assert len(loops) == 3
    inside = enclosed_share(loops, columns.ravel() + 0.5, rows.ravel() + 0.5)
    assert inside == pytest.approx(values.mean(), abs=1e-9)


def test_a_saddle_is_joined_by_its_middle():
    values = np.zeros((4, 4))
    values[1, 1] = values[2, 2] = 1.0
    assert len(closed_contours(values, 0.6)) == 2  # the middle is 0.5: two islands
    assert len(closed_contours(values, 0.4)) == 1


def test_draws_all_alike_and_too_few_draws():
    found = joint_density(np.full(10, 2.0), np.full(10, 0.0))
    assert found.mass.sum() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="two draws"):
        joint_density(np.array([1.0]), np.array([1.0]))
