"""Sums of Gaussians against the profiles and moments that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import rendering


def one_gaussian(covariance, offset=(0.0, 0.0), half_size=20):
    return rendering.gaussian_stamps(
        np, np.array([[3.0]]), np.array([[covariance]]), np.array([[offset]]), half_size
    )[0]


def test_a_stamp_has_the_flux_the_centre_and_the_covariance_asked_for():
    stamp = one_gaussian((4.0, 1.2, 2.5), offset=(0.3, -0.4))
    y, x = np.mgrid[-20:21, -20:21]
    flux = stamp.sum()
    mean_x, mean_y = (stamp * x).sum() / flux, (stamp * y).sum() / flux
    assert flux == pytest.approx(3.0, rel=1e-6)
    assert (mean_x, mean_y) == pytest.approx((0.3, -0.4), abs=1e-6)
    pixel = rendering.PIXEL_VARIANCE
    assert (stamp * (x - mean_x) ** 2).sum() / flux == pytest.approx(4.0 + pixel, rel=1e-5)
    assert (stamp * (y - mean_y) ** 2).sum() / flux == pytest.approx(2.5 + pixel, rel=1e-5)
    assert (stamp * (x - mean_x) * (y - mean_y)).sum() / flux == pytest.approx(1.2, rel=1e-5)


def test_convolution_adds_covariances():
    first = (np.array([[1.0]]), np.array([[[3.0, 0.5, 2.0]]]), np.zeros((1, 1, 2)))
    second = (np.array([[2.0]]), np.array([[[1.0, -0.2, 4.0]]]), np.full((1, 1, 2), 0.5))
    amplitude, covariance, offset = rendering.convolved(first, second)
    assert amplitude.tolist() == [[2.0]]
    assert covariance[0, 0] == pytest.approx([4.0, 0.3, 6.0])
    assert offset[0, 0] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("index", [0.7, 1.0, 1.4, 4.0])
def test_half_the_light_of_a_sersic_profile_lies_within_its_radius(index):
    shares, widths = rendering.sersic_gaussians(index)
    inside = (shares * (1 - np.exp(-0.5 / widths**2))).sum()
    assert inside == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("beta", [2.5, 3.5, 6.0])
def test_a_moffat_profile_falls_to_half_at_half_its_width(beta):
    shares, widths = rendering.moffat_gaussians(beta)
    heights = shares / widths**2
    at_half = (heights * np.exp(-0.125 / widths**2)).sum() / heights.sum()
    assert at_half == pytest.approx(0.5, abs=0.02)


def test_jax_draws_the_same_stamps_as_numpy():
    jax_numpy = pytest.importorskip("jax.numpy")
    rng = np.random.default_rng(3)
    amplitude = rng.uniform(1, 2, (4, 3)).astype(np.float32)
    covariance = rendering.sheared(
        rng.uniform(1, 5, (4, 3)), rng.uniform(0.4, 1, (4, 3)), rng.uniform(0, 3, (4, 3))
    ).astype(np.float32)
    offset = rng.uniform(-1, 1, (4, 3, 2)).astype(np.float32)
    by_numpy = rendering.gaussian_stamps(np, amplitude, covariance, offset, 8)
    by_jax = rendering.gaussian_stamps(jax_numpy, amplitude, covariance, offset, 8)
    np.testing.assert_allclose(np.asarray(by_jax), by_numpy, rtol=2e-4, atol=1e-6)


def test_stamps_over_the_edge_are_clipped():
    image = np.zeros((10, 12), np.float32)
    stamps = np.ones((3, 5, 5), np.float32)
    rendering.add_stamps(image, stamps, np.array([0, 11, 30]), np.array([0, 9, 5]))
    assert image[:3, :3].sum() == 9.0
    assert image[7:, 9:].sum() == 9.0
    assert image.sum() == 18.0
