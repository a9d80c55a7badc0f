"""Simulated mergers: the same for the same seed, of the stated prior, in the stated noise."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import binary_draws, binary_prior, multirate, strain_features
from astrogui.science.psd import gamma_shape, smoothed, welch_median
from astrogui.training import simulate_strain as simulator
from astrogui.training import strain_population

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
    response, delays, volume = strain_population.skies(4000, rng, np.ones((4000, 2)))
    kept = np.mean(np.sum(np.abs(response) ** 2, axis=1))
    # Any direction: 2 detectors x 2/5 x (mean of the inclination's factors 7/15 + 1/3) / ... = 0.32
    assert kept > 0.5
    assert np.abs(delays[:, 0] - delays[:, 1]).max() < 0.0101
    assert np.all(volume > 0)


def test_light_binaries_take_longer():
    left = strain_population.time_left(np.array([6.0, 30.0]))
    assert left[0, 0] == pytest.approx(11.1, rel=0.02)  # Peters, from 20 Hz
    assert left[0, 0] / left[1, 0] == pytest.approx(5 ** (5 / 3))


def test_searched_events_are_drawn_nearly_as_the_prior_is():
    """Weighted, they have the prior's masses, whatever was proposed; and the weights stay small."""
    rng = np.random.default_rng(8)
    gain = np.repeat(multirate_gain()[None], 300, axis=0)
    long = np.full(300, np.inf)
    drawn = strain_population.preferred(rng, gain, long)
    log_mass = np.log(drawn.binary[0])
    worth = strain_population.log_worth(log_mass, drawn.volume, drawn.mean, drawn.loudness)
    weight = np.exp(worth) / drawn.mean
    assert weight.max() < 3
    flat = strain_population.flat(rng, gain, long)
    prior = flat.binary[0] ** 2 * flat.volume
    expected = np.average(np.log(flat.binary[0]), weights=prior)
    assert np.average(log_mass, weights=weight) == pytest.approx(expected, abs=0.12)
    assert np.mean(drawn.binary[0] < 25) > 0.05  # light ones are not forgotten


def test_events_of_the_prior_have_its_masses_and_loudness():
    rng = np.random.default_rng(18)
    drawn = strain_population.preferred(
        rng,
        np.repeat(multirate_gain()[None], 1200, axis=0),
        np.full(1200, np.inf),
        strain_population.Kind.PRIOR,
    )
    weight = np.exp(strain_population.weights_of_prior(drawn))
    assert 0.9 < weight.min() <= weight.max() < 1.5
    flat = strain_population.flat(
        rng, np.repeat(multirate_gain()[None], 6000, axis=0), np.full(6000, np.inf)
    )
    prior = flat.binary[0] ** 2 * flat.volume
    expected = np.average(np.log(flat.binary[0]), weights=prior)
    assert np.average(np.log(drawn.binary[0]), weights=weight) == pytest.approx(expected, abs=0.04)
    # Uniform in volume: the number heard above a signal-to-noise ratio falls by its cube.
    assert np.mean(drawn.loudness > 10) == pytest.approx(0.125, abs=0.03)


def multirate_gain() -> np.ndarray:
    row, _ = simulator._estimated(CURVES[2], 12, 0.25, np.random.default_rng(1))
    return np.stack([row, row])


def test_numbers_fall_as_asked():
    rng = np.random.default_rng(2)
    for power in (-2.0, 0.0, 1.0):
        drawn = strain_population.falling(rng, (5.0, 60.0), np.full(20_000, power))
        assert 5 <= drawn.min() <= drawn.max() <= 60
        between = [np.mean((drawn > low) & (drawn < 2 * low)) for low in (6.0, 12.0)]
        assert between[0] / between[1] == pytest.approx(2**power, rel=0.12)


def test_a_factor_of_what_is_observed_changes_no_relative_weight():
    rng = np.random.default_rng(7)
    found = rng.choice([5.2, 9.0, 25.0], 600)
    events = {
        "loudness": np.tile(found[:, None], 4),
        "scales": np.full((600, 3), np.log(30.0)),
        "weights": rng.uniform(0.5, 1.5, 600),
    }
    plain = strain_population.relative_weights(events)
    turned = strain_population.relative_weights({**events, "weights": events["weights"] * found**3})
    assert turned == pytest.approx(plain)
    assert np.mean(plain) == pytest.approx(1)


def test_a_search_finds_the_same_for_an_event_alone_as_among_others():
    from astrogui.training.recipes.bbh import fit_bank

    bank = fit_bank()
    few = type(bank)(*(np.asarray(column)[::12] for column in bank))
    together = simulator.simulate(3, np.random.default_rng(9), CURVES, few)
    size = simulator.SEARCHED_AT_ONCE
    try:
        simulator.SEARCHED_AT_ONCE = 1
        alone = simulator.simulate(3, np.random.default_rng(9), CURVES, few)
    finally:
        simulator.SEARCHED_AT_ONCE = size
    assert together.loudness == pytest.approx(alone.loudness, rel=1e-3)


def test_the_chirp_mass_is_drawn_plainly_near_its_fit_and_stretched_beyond():
    away = np.array([-400.0, -3.0, -2.0, -0.4, 0.0, 1.9, 2.1, 50.0])
    stretched = binary_draws.stretched(away)
    assert stretched[2:6] == pytest.approx(away[2:6])
    assert np.all(np.diff(stretched) > 0)
    assert np.abs(stretched).max() < 9
    assert binary_draws.unstretched(stretched) == pytest.approx(away)
