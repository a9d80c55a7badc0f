"""Scores of predicted distributions, against numerical integration of their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from astrogui.science.conformal import central_bounds, central_levels
from astrogui.science.normal_mixture import (
    crps,
    crps_of_draws,
    cumulative,
    log_density,
    quantiles,
)

MEANS, SCALES = np.array([-1.0, 0.5, 4.0]), np.array([0.3, 1.2, 0.6])


def below(value):
    return np.mean(norm.cdf(value, MEANS, SCALES))


def by_integration(cdf, truth):
    """Integral of (F(x) - 1[x >= truth])², the score's definition."""
    return (
        quad(lambda x: cdf(x) ** 2, truth - 40, truth, limit=400, points=[*MEANS])[0]
        + quad(lambda x: (cdf(x) - 1) ** 2, truth, truth + 40, limit=400, points=[*MEANS])[0]
    )


@pytest.mark.parametrize("truth", [-5.0, -1.0, 0.2, 3.0, 9.0])
def test_the_score_of_a_mixture_is_the_integral_of_its_definition(truth):
    assert crps(MEANS, SCALES, truth) == pytest.approx(by_integration(below, truth), abs=1e-7)


@pytest.mark.parametrize("truth", [-2.0, 0.7, 1.5])
def test_the_score_of_one_normal_is_the_known_formula_and_the_integral(truth):
    z = (truth - 0.7) / 1.3
    known = 1.3 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    found = crps([0.7], [1.3], truth)
    assert found == pytest.approx(known)
    assert found == pytest.approx(by_integration(lambda x: norm.cdf(x, 0.7, 1.3), truth), abs=1e-7)


def test_the_score_of_many_draws_comes_to_that_of_their_mixture():
    rng = np.random.default_rng(1)
    member = rng.integers(3, size=(40_000, 2))
    draws = rng.normal(MEANS[member], SCALES[member])
    truth = np.array([0.2, 5.0])
    expected = crps(MEANS[:, None], SCALES[:, None], truth)
    np.testing.assert_allclose(crps_of_draws(draws, truth), expected, atol=0.02)


def test_the_score_of_draws_is_the_double_sum_over_pairs():
    draws = np.array([3.0, -1.0, 0.5, 2.0])
    pairs = [abs(a - b) for i, a in enumerate(draws) for j, b in enumerate(draws) if i != j]
    expected = np.mean(np.abs(draws - 1.2)) - 0.5 * np.mean(pairs)
    assert crps_of_draws(draws, 1.2) == pytest.approx(expected)
    with pytest.raises(ValueError, match="two draws"):
        crps_of_draws([1.0], 0.0)


def test_few_draws_score_on_average_as_their_distribution():
    draws = np.random.default_rng(2).normal(0.7, 1.3, size=(3, 100_000))
    mean = crps_of_draws(draws, np.full(100_000, 1.5)).mean()
    assert mean == pytest.approx(float(crps([0.7], [1.3], 1.5)), abs=0.01)


def test_the_density_and_what_lies_below_it_agree_with_scipy():
    values = np.array([-1.2, 0.0, 5.0, 60.0])
    given = MEANS[:, None], SCALES[:, None]
    np.testing.assert_allclose(cumulative(*given, values), [below(v) for v in values])
    inside = np.log([np.mean(norm.pdf(v, MEANS, SCALES)) for v in values[:3]])
    found = log_density(*given, values)
    np.testing.assert_allclose(found[:3], inside)
    # Far out the density underflows; its logarithm does not.
    assert found[3] == pytest.approx(norm.logpdf(60.0, 0.5, 1.2) - np.log(3))


def test_quantiles_have_their_probability_below_them():
    levels = np.array([0.001, 0.16, 0.5, 0.84, 0.999])
    means, scales = np.stack([MEANS, MEANS + 9], 1), np.stack([SCALES, SCALES], 1)
    found = quantiles(means, scales, levels)
    assert found.shape == (5, 2)
    np.testing.assert_allclose(found[:, 1] - found[:, 0], 9, atol=1e-9)
    np.testing.assert_allclose([below(v) for v in found[:, 0]], levels, atol=1e-10)


def test_quantiles_may_have_levels_of_their_own_for_each_label():
    levels = np.array([[0.1, 0.4], [0.9, 0.6]])
    found = quantiles(np.zeros((1, 2)), np.ones((1, 2)), levels)
    np.testing.assert_allclose(found, norm.ppf(levels), atol=1e-10)


def test_overconfident_answers_are_mended_by_what_was_held_out():
    rng = np.random.default_rng(3)
    held, fresh = rng.normal(size=(2, 20_000)) * 1.7  # the truth's spread; stated: 1
    levels = np.array([0.5, 0.9])
    stated = central_levels(norm.cdf(held), levels)
    low, high = norm.ppf(central_bounds(stated))
    covered = [np.mean((fresh > a) & (fresh < b)) for a, b in zip(low, high, strict=True)]
    np.testing.assert_allclose(covered, levels, atol=0.01)
    np.testing.assert_allclose(
        stated, 2 * norm.cdf(1.7 * norm.ppf(0.5 + levels / 2)) - 1, atol=0.01
    )


def test_too_few_held_out_answers_promise_everything_or_nothing():
    assert central_levels(np.full(8, 0.5), [0.9]) == [1.0]
    assert central_levels(np.full(9, 0.6), [0.9]) == pytest.approx([0.2])
