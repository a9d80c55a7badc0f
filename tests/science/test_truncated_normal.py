"""Draws of a bounded normal density against SciPy and against plain rejection."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from astrogui.science.truncated_normal import truncated_normal_draws

COVARIANCE = np.array([[4.0, 1.4], [1.4, 1.0]])
WIDE = np.array([1e3, 1e3])


def test_without_a_bound_the_moments_are_those_asked_for():
    mean = np.array([3.0, -2.0])
    draws = truncated_normal_draws(mean, COVARIANCE, -WIDE, WIDE, 20000, np.random.default_rng(1))
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(np.cov(draws.T), COVARIANCE, atol=0.12)


@pytest.mark.parametrize("mean", [0.3, -2.5, 9.0])
def test_one_dimension_is_scipys_truncated_normal(mean):
    """The last mean lies eight standard deviations outside."""
    draws = truncated_normal_draws(
        np.array([mean]), np.array([[1.0]]), np.array([-1.0]), np.array([1.0]), 4000,
        np.random.default_rng(2),
    )[:, 0]  # fmt: skip
    assert np.all((draws >= -1) & (draws <= 1))
    assert kstest(draws, truncnorm(-1 - mean, 1 - mean, loc=mean).cdf).pvalue > 1e-3


def test_correlated_draws_agree_with_rejection():
    rng = np.random.default_rng(3)
    low, high = np.array([0.5, -0.5]), np.array([3.0, 0.8])
    mean = np.array([0.0, 0.0])
    free = rng.multivariate_normal(mean, COVARIANCE, 200000)
    kept = free[np.all((free > low) & (free < high), axis=1)]
    draws = truncated_normal_draws(mean, COVARIANCE, low, high, 6000, rng)
    np.testing.assert_allclose(draws.mean(axis=0), kept.mean(axis=0), atol=0.04)
    np.testing.assert_allclose(np.cov(draws.T), np.cov(kept.T), atol=0.04)
