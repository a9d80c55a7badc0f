"""Fits of binaries to whitened data, and what the network is told of them."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import binary_draws, binary_fit, binary_prior, multirate, strain_features
from astrogui.science.binary_fit import RATIOS, Data
from astrogui.science.multirate import FREQUENCY_HZ, WIDTH_HZ
from astrogui.science.waveforms import component_masses, phenom_d

MASS = np.array([9.7, 26.0, 60.0])
RATIO = np.array([0.62, 0.82, 0.43])
SPIN = np.array([0.2, -0.1, 0.3])
TIMES = np.array([[0.0, 0.004], [0.001, -0.003], [-0.002, 0.006]])


def flat_data(loudness: float, seed: int | None) -> Data:
    """Binaries in two detectors of one smooth noise curve, each that loud; noise if seeded."""
    gain = np.sqrt(WIDTH_HZ) / np.sqrt((40 / FREQUENCY_HZ) ** 8 + 1 + (FREQUENCY_HZ / 200) ** 2)
    amplitude, phase = phenom_d(FREQUENCY_HZ, MASS, RATIO, SPIN, SPIN)
    wave = gain * amplitude * np.exp(-1j * phase)
    wave *= loudness / np.linalg.norm(wave, axis=1, keepdims=True)
    turn = np.exp(-2j * np.pi * FREQUENCY_HZ * TIMES[..., None])
    values = wave[:, None, :] * turn * np.exp(1j * np.array([0.3, 2.0]))[:, None]
    if seed is not None:
        rng = np.random.default_rng(seed)
        values = values + rng.normal(size=values.shape) + 1j * rng.normal(size=values.shape)
    whole = np.broadcast_to(gain, values.shape).astype(np.float32)
    return Data(values.astype(np.complex64), np.ascontiguousarray(whole))


def test_a_fit_without_noise_finds_the_binary_again():
    data = flat_data(20.0, None)
    nudge = np.array([3e-4, 3e-3, 0.02])
    fit = binary_fit.fit_at_ratio(data, RATIO, np.log(MASS) + nudge, SPIN - 0.02, TIMES + 2e-4, 12)
    spread = np.sqrt(np.linalg.inv(fit.information)[:, 0, 0])
    # The penalty on spin pulls a little, and steps end where they gain nothing to speak of.
    assert np.all(np.abs(fit.log_chirp_mass - np.log(MASS)) < 0.5 * spread)
    assert fit.spin == pytest.approx(SPIN, abs=0.03)
    assert fit.time_s == pytest.approx(TIMES, abs=3e-4)
    truth = binary_fit.fit_at_ratio(data, RATIO, np.log(MASS), SPIN, TIMES, 0)
    assert np.all(fit.power > truth.power - 0.3)
    assert fit.snr == pytest.approx(np.full((3, 2), 20.0), rel=1e-2)


def test_the_information_is_the_curvature_of_the_likelihood():
    data = flat_data(20.0, None)
    fit = binary_fit.fit_at_ratio(data, RATIO, np.log(MASS), SPIN, TIMES, 12)
    sd = 1 / np.sqrt(fit.information[:, 0, 0])
    for side in (-1, 1):
        moved = binary_fit.fit_at_ratio(
            data, RATIO, fit.log_chirp_mass + side * 0.5 * sd, fit.spin, fit.time_s, 0
        )
        # Mass alone moved, all else held: the loss is at least that with the rest free.
        assert np.all(fit.power - moved.power > 0.2)


def profile_from(data: Data, start: np.ndarray) -> list[binary_fit.Fit]:
    amplitude, phase = phenom_d(FREQUENCY_HZ, MASS, RATIO, SPIN, SPIN)
    weight = binary_fit.signal_weight(data, amplitude)
    first = binary_fit.begin(data, phase, weight, np.log(MASS), SPIN, start)
    return binary_fit.profile_again(data, binary_fit.outwards(data, first, start, 2))


def profile_from_truth(data: Data) -> list[binary_fit.Fit]:
    return profile_from(data, np.abs(np.array(RATIOS) - RATIO[:, None]).argmin(axis=1))


def test_the_profile_peaks_near_the_true_mass_ratio_and_where_it_started_does_not_matter():
    data = flat_data(30.0, 5)
    power = np.stack([fit.power for fit in profile_from_truth(data)])
    true_ratio = np.array([RATIOS.index(ratio) for ratio in RATIO])
    assert np.all(power.max(axis=0) - power[true_ratio, np.arange(3)] < 12)
    again = np.stack([fit.power for fit in profile_from(data, np.array([6, 2, 6]))])
    assert again.max(axis=0) == pytest.approx(power.max(axis=0), abs=0.5)


def test_the_best_of_several_attempts_is_taken_at_each_ratio():
    data = flat_data(20.0, 9)
    near = profile_from_truth(data)
    far = [fit._replace(power=fit.power - 5) for fit in near]
    far[2] = near[2]._replace(power=near[2].power + 5)
    best = binary_fit.best_of([near, far])
    assert best[2].power == pytest.approx(near[2].power + 5)
    assert best[3].power == pytest.approx(near[3].power)


def test_features_do_not_depend_on_the_noise_curves_scale():
    data = flat_data(20.0, 6)
    quieter = Data(data.values, data.gain * np.float32(3))
    ours = strain_features.summarise(data, profile_from_truth(data))
    scaled = strain_features.summarise(quieter, profile_from_truth(quieter))
    difference = np.abs(scaled.features - ours.features)
    assert np.median(difference) < 1e-3
    assert difference.max() < 0.4  # where a step more or less was made along a flat ridge
    assert scaled.log_distance - ours.log_distance == pytest.approx(np.full(3, np.log(3)), abs=0.01)
    assert ours.features.shape == (3, strain_features.SIZE)


def test_a_missing_detector_leaves_finite_features():
    data = flat_data(20.0, 7)
    gain = data.gain.copy()
    gain[:, 1] = 0
    alone = Data(np.where(gain > 0, data.values, 0).astype(np.complex64), gain)
    summary = strain_features.summarise(alone, profile_from_truth(alone))
    assert np.isfinite(summary.features).all()
    assert np.all(summary.snr[:, 1] == 0)


def test_residuals_of_gaussian_noise_have_unit_mean_square():
    data = flat_data(15.0, 8)
    residual = strain_features.summarise(data, profile_from_truth(data)).residual
    assert residual == pytest.approx(np.ones((3, 2)), abs=5 / np.sqrt(2 * multirate.SIZE))


@pytest.mark.parametrize(
    ("forth", "back"),
    [
        (binary_prior.ratio_from_normal, binary_prior.normal_from_ratio),
        (binary_prior.spin_from_normal, binary_prior.normal_from_spin),
    ],
    ids=["ratio", "spin"],
)
def test_prior_coordinates_are_undone(forth, back):
    deviate = np.linspace(-2.5, 2.5, 41)
    assert back(forth(deviate)) == pytest.approx(deviate, abs=1e-2)


def test_ratios_of_uniform_masses_follow_the_prior():
    rng = np.random.default_rng(9)
    masses = rng.uniform(5, 100, (400_000, 2))
    mass_1, mass_2 = masses.max(axis=1), masses.min(axis=1)
    chirp_mass = (mass_1 * mass_2) ** 0.6 / (mass_1 + mass_2) ** 0.2
    ratio = mass_2 / mass_1
    # Far from the corners of the square, at one chirp mass, nothing cuts the ratio above 1/4.
    chosen = ratio[(np.abs(chirp_mass - 25) < 2) & (ratio > 0.25)]
    deviate = binary_prior.normal_from_ratio(chosen)
    low = binary_prior.normal_from_ratio(np.array([0.25]))
    from scipy.special import ndtr

    share = (ndtr(deviate) - ndtr(low)) / (1 - ndtr(low))
    assert np.quantile(share, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.02)


def test_derived_quantities_agree_with_each_other():
    binary = np.array([[28.6 * 1.09, 30.6 / 35.6, 0.1, -0.2, 440.0]])
    named = dict(zip(binary_draws.NAMES, binary_draws.derived(binary)[0], strict=True))
    mass_1, mass_2 = component_masses(binary[:, 0], binary[:, 1])
    assert named["total_mass_det"] == pytest.approx(mass_1[0] + mass_2[0])
    assert named["mass_1_source"] == pytest.approx(mass_1[0] / (1 + named["redshift"]))
    assert named["redshift"] == pytest.approx(0.0932, abs=0.001)
    assert 0.93 < named["final_mass_det"] / named["total_mass_det"] < 0.97


def test_arrival_times_are_looked_for_by_each_detector_alone():
    data = flat_data(15.0, 10)
    times = binary_fit.loudest_times(data, RATIO, np.log(MASS), SPIN)
    assert times == pytest.approx(TIMES, abs=1.5e-3)
