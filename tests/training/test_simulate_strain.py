"""Simulated mergers: the same for the same seed, of the stated prior, in the stated noise."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import binary_prior, multirate, strain_features
from astrogui.science.psd import gamma_shape, smoothed, welch_median
from astrogui.training import simulate_strain as simulator

CURVES = simulator.noise_curves(None)


@pytest.fixture(scope="module")
def events():
    return simulator.simulate(48, np.random.default_rng(3), CURVES)


def test_the_same_seed_gives_the_same_events(events):
    again = simulator.simulate(48, np.random.default_rng(3), CURVES)
    assert np.array_equal(again.truth, events.truth)
    assert again.features == pytest.approx(events.features, abs=1e-4)


def test_events_stay_within_the_prior(events):
    mass, ratio, spin_1, spin_2, distance = events.truth.T
    assert binary_prior.CHIRP_MASS[0] <= mass.min() <= mass.max() <= binary_prior.CHIRP_MASS[1]
    assert binary_prior.MASS_RATIO[0] <= ratio.min() <= ratio.max() <= 1
    assert max(np.abs(spin_1).max(), np.abs(spin_2).max()) <= binary_prior.LARGEST_SPIN
    assert distance.min() > 0
    assert events.features.shape == (48, strain_features.SIZE)
    assert np.isfinite(events.features).all()
    assert np.all(events.weights > 0)


def test_the_fits_find_the_signal_that_was_put_in(events):
    optimal, found = events.loudness[:, 0], events.loudness[:, 1]
    assert np.corrcoef(optimal, found)[0, 1] > 0.99
    assert np.median(np.abs(found - optimal)) < 2
    # Most chirp masses lie where the rough fit says.
    assert np.mean(np.abs(events.targets[:, 0]) < 3) > 0.85


def test_the_estimated_noise_scatters_as_a_real_estimate_does():
    rng = np.random.default_rng(4)
    rate, seconds = 2048.0, 34
    ratios = []
    for _ in range(6):
        series = rng.normal(size=int(seconds * rate))
        estimate = smoothed(welch_median(series, rate, 4.0))
        ratios.append(estimate.density[100:3000] * rate / 2)
    measured = np.std(ratios)
    flat = np.zeros_like(simulator.PSD_GRID_HZ)
    simulated = []
    for _ in range(6):
        _, sd = simulator._estimated(flat, estimate.segments, 0.25, rng)
        fine = multirate.WIDTH_HZ < 0.1
        simulated.append(sd[fine] ** -2)
    assert np.std(simulated) == pytest.approx(measured, rel=0.35)
    assert 1 / np.sqrt(3.8 * gamma_shape(estimate.segments)) == pytest.approx(measured, rel=0.25)


def test_kept_directions_prefer_where_a_source_is_seen_far():
    rng = np.random.default_rng(5)
    response, delays, volume = simulator.skies(4000, rng, np.ones((4000, 2)))
    kept = np.mean(np.sum(np.abs(response) ** 2, axis=1))
    # Any direction: 2 detectors x 2/5 x (mean of the inclination's factors 7/15 + 1/3) / ... = 0.32
    assert kept > 0.5
    assert np.abs(delays[:, 0] - delays[:, 1]).max() < 0.0101
    assert np.all(volume > 0)


def test_light_binaries_take_longer():
    left = simulator.time_left(np.array([6.0, 30.0]))
    assert left[0, 0] == pytest.approx(11.1, rel=0.02)  # Peters, from 20 Hz
    assert left[0, 0] / left[1, 0] == pytest.approx(5 ** (5 / 3))
