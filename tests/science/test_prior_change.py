"""Another prior: its weights against densities known by other ways."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import prior_change
from astrogui.science.prior_change import CHIRP, OWN, PRIORS, SOURCE, log_ratio

RNG = np.random.default_rng


def own_draws(count, seed=1, farthest=8000.0):
    """Uniform in detector-frame component masses and in Euclidean volume."""
    rng = RNG(seed)
    masses = np.sort(rng.uniform(5, 100, (2, count)), axis=0)
    chirp = (masses[0] * masses[1]) ** 0.6 / (masses[0] + masses[1]) ** 0.2
    return masses[1], masses[0], chirp, farthest * rng.uniform(size=count) ** (1 / 3)


def test_the_own_prior_changes_nothing():
    share = prior_change.shares(log_ratio(OWN, np.array([10.0, 50.0]), np.array([100.0, 5000.0])))
    assert share == pytest.approx([0.5, 0.5])
    assert prior_change.effective(share) == pytest.approx(2)


def test_chirp_mass_becomes_flat():
    rng = RNG(2)
    chirp = np.sqrt(rng.uniform(6.0**2, 180.0**2, 200_000))  # the analysis' prior of it
    share = prior_change.shares(log_ratio(CHIRP, chirp, np.full(chirp.size, 1000.0)))
    counts, _ = np.histogram(chirp, np.linspace(6, 180, 9), weights=share)
    assert counts == pytest.approx(np.full(8, 1 / 8), rel=0.08)


def test_nearby_sources_have_the_same_prior_in_both_frames():
    near = log_ratio(SOURCE, np.full(3, 30.0), np.array([0.01, 0.02, 0.1]))
    assert near - near[0] == pytest.approx(np.zeros(3), abs=2e-4)


def test_the_source_frame_prior_is_that_of_sources_drawn_in_it():
    """Sources drawn by comoving volume, their masses reddened, against the weights."""
    grid = np.linspace(0, 1.0, 2001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    steps = np.diff(grid) / np.sqrt(0.3065 * (1 + middle) ** 3 + 1 - 0.3065)
    comoving = np.concatenate([[0], np.cumsum(steps)]) * 299792.458 / 67.9
    volume, luminosity = comoving**3, comoving * (1 + grid)
    rng = RNG(3)
    redshift = np.interp(rng.uniform(size=200_000) * volume[-1], volume, grid)
    distance = np.interp(redshift, grid, luminosity)
    source = np.sort(rng.uniform(2, 100, (2, redshift.size)), axis=0) * (1 + redshift)
    # Where both priors reach: detector-frame masses from 20 to 90, which are 10 to 90 at least.
    inside = (source[0] > 20) & (source[1] < 90) & (distance < 5000)
    m1, m2, chirp, far = own_draws(200_000, farthest=5000.0)
    kept = (m2 > 20) & (m1 < 90)
    share = prior_change.shares(log_ratio(SOURCE, chirp[kept], far[kept]))
    levels = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    ours = prior_change.weighted_quantiles(np.column_stack([far, m1, m2])[kept], share, levels)
    theirs = np.column_stack([distance, source[1], source[0]])[inside]
    assert ours == pytest.approx(np.quantile(theirs, levels, axis=0).T, rel=0.02)


def test_weighted_quantiles_of_equal_weights_are_the_usual_ones():
    values = RNG(4).normal(size=(5000, 2))
    levels = np.array([0.05, 0.5, 0.95])
    found = prior_change.weighted_quantiles(values, np.full(5000, 1 / 5000), levels)
    assert found == pytest.approx(np.quantile(values, levels, axis=0).T, abs=0.01)


def test_a_prior_must_be_known():
    assert next(iter(PRIORS)) == OWN
    with pytest.raises(KeyError):
        log_ratio("flat", np.ones(1), np.ones(1))
