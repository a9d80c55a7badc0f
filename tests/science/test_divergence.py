"""Divergence against SciPy, and its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm

from astrogui.science.divergence import (
    jensen_shannon_nat,
    of_draws,
    on_common_cells,
    separation,
)


def curve(mean, sigma, points=301, reach=6):
    x = np.linspace(mean - reach * sigma, mean + reach * sigma, points)
    return x, norm.pdf(x, mean, sigma)


def test_the_divergence_is_scipys_distance_squared():
    random = np.random.default_rng(2)
    p, q = random.random(50), random.random(50)
    assert jensen_shannon_nat(p, q) == pytest.approx(jensenshannon(p, q) ** 2)


def test_alike_is_zero_and_apart_is_ln_two():
    p, q = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 2.0, 1.0])
    assert jensen_shannon_nat(p, p) == 0.0
    assert jensen_shannon_nat(p, q) == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match="zeros"):
        jensen_shannon_nat(p, np.zeros(4))


def test_draws_of_normals_are_as_far_apart_as_the_normals():
    random = np.random.default_rng(3)
    first, second = random.normal(size=20000), random.normal(0.5, 1.0, 20000)
    fine = np.linspace(-8, 8, 20001)
    exact = jensenshannon(norm.pdf(fine), norm.pdf(fine, 0.5)) ** 2
    assert of_draws(first, second) == pytest.approx(exact, rel=0.1)
    shifted = norm.pdf(second) / norm.pdf(second, 0.5)  # weights that undo the shift
    assert of_draws(first, second, shifted) < 0.002
    with pytest.raises(ValueError, match="differ"):
        of_draws(np.ones(5), np.ones(5))


def test_curves_on_unlike_grids_are_compared_as_wholes():
    first, second = curve(0.0, 1.0), curve(0.5, 1.0, points=411)
    edges, p, q = on_common_cells(first, second)
    fine = np.linspace(-8, 8, 20001)
    exact = jensenshannon(norm.pdf(fine), norm.pdf(fine, 0.5)) ** 2
    assert p.sum() == pytest.approx(1.0, abs=1e-4)
    assert jensen_shannon_nat(p, q) == pytest.approx(exact, rel=2e-3)
    assert edges[0] == pytest.approx(-6.0)


def test_a_narrow_curve_beside_a_broad_one_is_not_missed():
    _, p, q = on_common_cells(curve(0.0, 1e-6), curve(0.3, 1000.0))
    assert p.sum() == pytest.approx(1.0, abs=1e-3)
    assert jensen_shannon_nat(p, q) == pytest.approx(np.log(2), rel=1e-3)


def test_the_separation_is_in_units_of_the_combined_width():
    assert separation((1.0, 3.0), (6.0, 4.0)) == pytest.approx(1.0)
    assert separation((6.0, 4.0), (1.0, 3.0)) == pytest.approx(-1.0)
    assert np.isnan(separation((1.0, 0.0), (2.0, 0.0)))
