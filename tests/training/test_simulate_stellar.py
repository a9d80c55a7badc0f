"""Simulated stars: what the card says of them, and that the same number gives the same star."""

from __future__ import annotations

import numpy as np
import pytest
from toy_star import LABELS, toy_emulator

from astrogui.science.stellar_emulator import CHIPS, HIGH, LOW, OBSERVED, pixel_shift
from astrogui.training.simulate_stellar import detected, observe, simulate
from astrogui.training.stellar_examples import bound, example


@pytest.fixture(scope="module")
def stars():
    return [example(7, number, toy_emulator()) for number in range(60)]


def test_the_truth_lies_in_the_stated_prior(stars):
    labels = np.array([star.labels for star in stars])
    assert np.all((labels >= LOW) & (labels <= HIGH))
    velocities = np.array([star.velocity_km_s for star in stars])
    assert np.abs(velocities).max() <= 300
    assert np.abs(velocities).max() > 200
    quality = np.array([star.signal_to_noise for star in stars])
    assert quality.min() >= 20
    assert quality.max() <= 200


def test_the_noise_is_that_of_the_true_errors(stars):
    deviates = np.concatenate(
        [
            ((star.flux - star.noise_free) * np.sqrt(star.true_ivar))[star.true_ivar > 0]
            for star in stars
        ]
    )
    assert 1.4826 * np.median(np.abs(deviates)) == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(deviates) > 7) < 5e-4  # the cosmic rays


def test_the_median_signal_to_noise_is_as_asked():
    star = observe(np.random.default_rng(3), toy_emulator(), LABELS, 10.0, 64.0)
    known = star.true_ivar > 0
    quality = np.median(star.noise_free[known] * np.sqrt(star.true_ivar[known]))
    assert quality == pytest.approx(64.0, rel=0.03)


def test_half_of_the_error_arrays_are_wrong_by_a_factor(stars):
    factors = []
    for star in stars:
        known = star.true_ivar > 0
        ratio = star.ivar[known] / star.true_ivar[known]
        assert np.ptp(ratio) < 1e-6 * ratio[0]
        factors.append(ratio[0])
    right = np.isclose(factors, 1.0, rtol=1e-9)
    assert 15 < right.sum() < 45
    assert 0.7 <= min(factors) < 0.95
    assert 1.05 < max(factors) <= 1.3


def test_a_receding_star_loses_the_blue_end_of_each_detector():
    rest = np.asarray(toy_emulator().flux(LABELS[None])[0], np.float64)
    shift = pixel_shift(250.0)
    flux = detected(rest, shift)
    for first, last in CHIPS:
        missing = np.flatnonzero(np.isnan(flux[first:last]))
        assert missing.max() == int(np.floor(shift))
        assert np.all(np.isfinite(flux[first + int(shift) + 1 : last]))


def test_the_same_number_of_a_stream_is_the_same_star():
    one, again = (example(5, 3, toy_emulator()) for _ in range(2))
    np.testing.assert_array_equal(one.flux, again.flux)
    other = example(5, 4, toy_emulator())
    assert not np.array_equal(one.labels, other.labels)


def test_the_record_has_no_good_sample_where_nothing_is_known():
    star = simulate(np.random.default_rng(9), toy_emulator())
    record = star.record
    assert record.flux.size == OBSERVED.size
    assert not record.good[:300].any()
    np.testing.assert_array_equal(record.good, star.ivar > 0)


def test_the_bound_halves_when_the_signal_doubles():
    bounds = [
        bound(
            observe(np.random.default_rng(3), toy_emulator(), LABELS, 10.0, quality), toy_emulator()
        )
        for quality in (50.0, 100.0)
    ]
    np.testing.assert_allclose(bounds[0] / bounds[1], 2.0, rtol=1e-3)
