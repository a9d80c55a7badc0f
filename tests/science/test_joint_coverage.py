"""Joint coverage of Gaussian posteriors whose coverage is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm

from astrogui.science.joint_coverage import (
    enclosed_share,
    expected_coverage,
    random_shares,
    standardised,
    uniformity,
)

LEVELS = (0.5, 0.68, 0.9)
CORRELATED = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.3], [0.0, 0.3, 2.0]])


def posteriors(count: int, wide: float, seed: int, draws: int = 400):
    """Truths drawn from their own posteriors, each widened about its centre."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(CORRELATED)
    centre = rng.normal(0, 5, (count, 1, 3))
    truth = (centre + rng.standard_normal((count, 1, 3)) @ root.T)[:, 0]
    return centre + wide * rng.standard_normal((count, draws, 3)) @ root.T, truth


def test_right_posteriors_cover_what_they_promise():
    share = random_shares(*posteriors(3000, 1.0, 1), seed=2)
    assert expected_coverage(share, LEVELS) == pytest.approx(LEVELS, abs=0.03)
    distance, p = uniformity(share)
    assert distance < 0.035
    assert p > 0.01


@pytest.mark.parametrize("wide", [0.7, 1.5])
def test_wrong_widths_cover_what_their_closed_form_says(wide):
    """About the centre, the share enclosed is a chi-squared law of the scaled radius."""
    draws, truth = posteriors(3000, wide, 3)
    zero = np.zeros(3)
    share = np.array(
        [enclosed_share(*standardised(d, t), zero) for d, t in zip(draws, truth, strict=True)]
    )
    expected = chi2.cdf(chi2.ppf(LEVELS, 3) * wide**2, 3)
    assert expected_coverage(share, LEVELS) == pytest.approx(expected, abs=0.03)
    assert uniformity(random_shares(draws, truth, seed=4))[1] < 1e-6


def test_a_lost_correlation_is_seen_though_every_parameter_alone_is_right():
    draws, truth = posteriors(3000, 1.0, 5)
    rng = np.random.default_rng(6)
    shuffled = np.stack([rng.permuted(draws[..., k], axis=1) for k in range(3)], axis=-1)
    alone = np.mean(shuffled < truth[:, None], axis=1)
    assert min(uniformity(alone[:, k])[1] for k in range(3)) > 0.001
    assert uniformity(random_shares(shuffled, truth, seed=7))[1] < 1e-4


def test_posteriors_beside_the_truth_are_seen():
    draws, truth = posteriors(1000, 1.0, 8)
    assert uniformity(random_shares(draws + 1.0, truth, seed=9))[1] < 1e-4


def test_weighted_draws_stand_for_the_posterior_they_are_weighted_to():
    rng = np.random.default_rng(10)
    wide, truth, point = rng.normal(0, 2, (20000, 1)), np.array([0.8]), np.array([-0.3])
    weight = norm.pdf(wide[:, 0]) / norm.pdf(wide[:, 0], 0, 2)
    expected = norm.cdf(0.8) - norm.cdf(-1.4)
    assert enclosed_share(wide, truth, point, weight) == pytest.approx(expected, abs=0.02)


def test_the_distance_is_kolmogorovs_and_weights_leave_fewer_truths():
    share = np.random.default_rng(11).beta(1.2, 1.0, 500)
    reference = kstest(share, "uniform", method="asymp")
    distance, p = uniformity(share)
    assert distance == pytest.approx(reference.statistic)
    assert p == pytest.approx(reference.pvalue, rel=0.02)
    weight = np.where(np.arange(500) % 2, 1.0, 0.01)
    assert uniformity(share, weight)[1] > p
    assert expected_coverage(share, (0.5,), weight)[0] == pytest.approx(
        np.average(share <= 0.5, weights=weight)
    )


def test_draws_that_do_not_differ_in_a_direction_are_no_division_by_zero():
    draws = np.random.default_rng(12).normal(size=(100, 2)) * [1.0, 0.0]
    inside, at = standardised(draws, np.zeros(2))
    assert np.isfinite(inside).all()
    assert np.isfinite(at).all()
