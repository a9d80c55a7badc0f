"""What a frame says of its sources: the density of its stars, the distance of the next source."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import surroundings

BETWEEN = (0.3, 3.0)


def test_only_bright_compact_sources_with_known_light_are_counted():
    magnitude = np.array([18.0, 20.9, 16.0, 21.5, 19.0, 19.0, np.nan])
    signal = np.array([90.0, 20.0, 500.0, 15.0, 8.0, 60.0, 60.0])
    radius = np.array([2.0, 2.2, 2.0, 2.0, 2.0, 2.6, 2.0])
    assert surroundings.compact_sources(magnitude, signal, radius, 2.0) == 2


def test_nothing_counted_leaves_the_mean_of_the_prior():
    mean = 2.7 / np.log(10)
    assert surroundings.mean_density(BETWEEN) == pytest.approx(mean, rel=1e-3)
    density = surroundings.star_density(np.zeros(1), np.zeros(1), (2700.0, 130.0), BETWEEN)
    assert density == pytest.approx(mean, rel=1e-3)


def test_many_sources_give_their_density_and_few_keep_near_the_prior():
    area = np.array([10.0, 0.003])
    count = np.round(area * (2700 * 2.0 + 130))
    density = surroundings.star_density(count, area, (2700.0, 130.0), BETWEEN)
    assert density[0] == pytest.approx(2.0, rel=0.02)
    assert 1.17 < density[1] < 2.0
    empty, full = surroundings.star_density(
        np.array([0, 10**5]), np.ones(2), (2700.0, 130.0), BETWEEN
    )
    assert empty == pytest.approx(0.3, rel=0.03)
    assert full == pytest.approx(3.0, rel=0.03)


def test_the_mean_over_draws_from_the_prior_is_the_density_itself():
    rng = np.random.default_rng(1)
    truth = np.exp(rng.uniform(np.log(0.3), np.log(3.0), 20_000))
    area = np.full(len(truth), 0.01)
    count = rng.poisson(area * (2700 * truth + 130))
    density = surroundings.star_density(count, area, (2700.0, 130.0), BETWEEN)
    for low, high in ((0.4, 0.6), (0.9, 1.1), (1.8, 2.2)):
        inside = (density > low) & (density < high)
        assert truth[inside].mean() == pytest.approx(density[inside].mean(), rel=0.02)


def test_the_next_source_counts_and_a_place_without_one_does_not():
    x, y = np.array([0.0, 6.0, 50.0, 51.0]), np.zeros(4)
    known = np.array([True, True, True, False])
    fwhm = 2.0 / surroundings.RADIUS_PER_FWHM
    apart = surroundings.separations(x, y, known, np.array([1, 3, 2]), 2.0)
    assert apart == pytest.approx(np.array([6.0, 1.0, 44.0]) / fwhm)
    alone = surroundings.separations(x[:1], y[:1], known[:1], np.array([0]), 2.0)
    assert alone[0] == np.inf
    nothing = surroundings.separations(x, y, np.zeros(4, bool), np.array([0]), 2.0)
    assert nothing[0] == np.inf


def test_nearness_falls_from_one_to_nothing():
    near = surroundings.nearness(np.array([0.5, 1.0, 2.0, 3.0, np.inf]), (1.0, 3.0))
    assert near == pytest.approx([1, 1, 0.5, 0, 0])
