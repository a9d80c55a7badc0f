"""The spread of an ensemble against Student's t and its limits."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.ensemble import POOLED_DEGREES, probability_quantiles

LEVELS = np.array([0.05, 0.16, 0.5, 0.84, 0.95])


def test_the_answer_is_the_mean_logit_and_the_median_of_its_spread():
    logits = np.array([[0.5, 1.0, 1.5], [-3.0, -3.2, -2.8]])
    probability, quantiles = probability_quantiles(logits, LEVELS, (0.2, 0.0))
    assert probability == pytest.approx(1 / (1 + np.exp([-1.0, 3.0])))
    assert quantiles[:, 2] == pytest.approx(probability)
    assert (np.diff(quantiles, axis=1) > 0).all()
    assert ((quantiles > 0) & (quantiles < 1)).all()


def test_the_quantiles_are_those_of_students_t():
    from scipy.stats import t

    logits = np.array([[-0.3, 0.0, 0.3]])
    _, quantiles = probability_quantiles(logits, LEVELS, (0.4, 0.0))
    degrees = POOLED_DEGREES + 2
    scale = np.sqrt((POOLED_DEGREES * 0.16 + 0.18) / degrees * 4 / 3)
    expected = 1 / (1 + np.exp(-t.ppf(LEVELS, degrees, scale=scale)))
    assert quantiles[0] == pytest.approx(expected)


def test_members_that_differ_more_give_a_wider_interval():
    close, far = np.array([[1.0, 1.1, 0.9]]), np.array([[1.0, 3.0, -1.0]])
    _, narrow = probability_quantiles(close, LEVELS, (0.1, 0.0))
    _, wide = probability_quantiles(far, LEVELS, (0.1, 0.0))
    assert wide[0, 4] - wide[0, 0] > 3 * (narrow[0, 4] - narrow[0, 0])


def test_another_network_of_the_same_kind_falls_inside_as_often_as_said():
    rng = np.random.default_rng(6)
    centre = rng.normal(0, 2, 20_000)
    members = centre[:, None] + 0.3 * rng.normal(size=(20_000, 4))
    _, quantiles = probability_quantiles(members[:, :3], LEVELS, (0.3, 0.0))
    other = 1 / (1 + np.exp(-members[:, 3]))
    inside_90 = ((other >= quantiles[:, 0]) & (other <= quantiles[:, 4])).mean()
    inside_68 = ((other >= quantiles[:, 1]) & (other <= quantiles[:, 3])).mean()
    # The pooled spread is known exactly here, so t with six degrees is a little wide.
    assert 0.89 < inside_90 < 0.94
    assert 0.67 < inside_68 < 0.73
