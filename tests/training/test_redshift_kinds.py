"""The law that turns chi-squares of stellar types into probabilities, on rises known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.tasks.redshift_kind import STAR_TYPES, type_probability
from astrogui.training.redshift_junk import logistic
from astrogui.training.redshift_kinds import PRIOR, type_law


def drawn(rng, count, told):
    """Rises with the truth at the lowest, or near it, as often as the law ``told`` says."""
    rises = rng.gamma(1.0, 200.0, (count, len(STAR_TYPES)))
    rises -= rises.min(axis=1, keepdims=True)
    chances = type_probability(rises, told)
    draws = rng.random((count, 1))
    return rises, (draws > np.cumsum(chances, axis=1)).sum(axis=1)


def test_the_law_of_types_is_found_again():
    rng = np.random.default_rng(1)
    told = {"slope": 0.2, "power": 0.6, "prior": PRIOR}
    rises, truth = drawn(rng, 3000, told)
    found = type_law(rises, truth)
    expected, chance = type_probability(rises, told), type_probability(rises, found)
    assert np.abs(chance - expected).mean() < 0.02
    top = chance.max(axis=1)
    assert np.mean(chance.argmax(axis=1) == truth) == pytest.approx(top.mean(), abs=0.03)


def test_the_prior_of_types_is_of_all_of_them():
    assert set(PRIOR) == set(STAR_TYPES)
    assert sum(PRIOR.values()) == pytest.approx(1.0)


def test_a_logistic_fit_finds_its_odds():
    rng = np.random.default_rng(2)
    terms = np.stack([np.ones(4000), rng.normal(size=4000)], axis=1)
    chance = 1 / (1 + np.exp(-(terms @ np.array([-1.0, 2.0]))))
    weights = logistic(terms, (rng.random(4000) < chance).astype(float))
    np.testing.assert_allclose(weights, [-1.0, 2.0], atol=0.15)
