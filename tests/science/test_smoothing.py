"""Smoothing and binning: errors from simulation, masked samples without a say."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.smoothing import binned, boxcar_kernel, gaussian_kernel, smoothed


def noisy(seed, size=4000):
    random = np.random.default_rng(seed)
    sigma = random.uniform(0.5, 3.0, size)
    return random.normal(0.0, sigma), 1 / sigma**2, np.ones(size, bool)


@pytest.mark.parametrize("kernel", [boxcar_kernel(1), boxcar_kernel(7), gaussian_kernel(5.0)])
def test_the_error_of_a_smoothed_spectrum_is_its_scatter(kernel):
    flux, ivar, good = noisy(1, 60_000)
    mean, error = smoothed(flux, ivar, good, kernel)
    pulls = (mean / error)[:: kernel.size]  # far enough apart to be independent
    assert pulls.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * pulls.size))


def test_one_sample_is_left_as_it_is():
    flux, ivar, good = noisy(2)
    mean, error = smoothed(flux, ivar, good, boxcar_kernel(1))
    assert mean == pytest.approx(flux)
    assert error == pytest.approx(1 / np.sqrt(ivar))


def test_a_sample_of_no_weight_says_nothing():
    flux, ivar, good = noisy(3)
    poisoned = flux.copy()
    poisoned[100:105] = 1e9
    good[100:105] = False
    mean, _ = smoothed(poisoned, ivar, good, gaussian_kernel(6))
    assert np.isnan(mean[100:105]).all()
    assert np.nanmax(np.abs(mean)) < 10


def test_weighting_follows_the_inverse_variance():
    mean, error = smoothed(
        np.array([1.0, 4.0, 1.0]), np.array([1.0, 2.0, 1.0]), np.ones(3, bool), boxcar_kernel(3)
    )
    assert mean[1] == pytest.approx((1 + 8 + 1) / 4)
    assert error[1] == pytest.approx(0.5)


def test_a_gaussian_kernel_has_the_width_it_is_asked_for():
    kernel = gaussian_kernel(20.0)
    above = np.flatnonzero(kernel >= 0.5)
    assert above[-1] - above[0] == 20


def test_an_even_box_does_not_shift():
    impulse = np.zeros(21)
    impulse[10] = 1.0
    mean, _ = smoothed(impulse, np.ones(21), np.ones(21, bool), boxcar_kernel(4))
    assert np.sum(mean * np.arange(21)) / mean.sum() == pytest.approx(10.0)


def test_a_kernel_longer_than_the_spectrum_gives_its_mean():
    flux, ivar, good = noisy(4, 12)
    mean, _ = smoothed(flux, ivar, good, boxcar_kernel(101))
    assert mean.size == 12
    assert mean == pytest.approx(np.full(12, np.sum(flux * ivar) / ivar.sum()))


def test_bins_keep_the_weighted_mean_and_add_the_weights():
    wavelength = np.arange(10.0)
    flux, ivar = np.arange(10.0), np.full(10, 4.0)
    good = np.ones(10, bool)
    good[3] = False
    x, y, weight, known = binned(wavelength, flux, ivar, good, 4)
    assert x.tolist() == [1.5, 5.5, 8.5]
    assert y.tolist() == [1.0, 5.5, 8.5]
    assert weight.tolist() == [12.0, 16.0, 8.0]
    assert known.all()


def test_a_bin_without_a_good_sample_is_not_good():
    x, y, weight, known = binned(
        np.arange(4.0), np.ones(4), np.ones(4), np.array([False, False, True, True]), 2
    )
    assert known.tolist() == [False, True]
    assert weight[0] == 0
    assert np.isfinite(y).all()
    assert x.size == 2
