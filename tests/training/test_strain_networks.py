"""Mergers as samples of strain, and the training of the literature's networks on them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.science import binary_draws, strain_event, strain_labels, strain_window
from astrogui.training import simulate_strain, simulate_windows, strain_networks
from astrogui.training.strain_networks import SYSTEMS, Stage


@pytest.fixture(scope="module")
def noise():
    return simulate_windows.noise_set(simulate_strain.noise_curves(None), 1, 16)


def test_binaries_are_those_of_the_paper(noise):
    drawn = simulate_windows.binaries(2000, np.random.default_rng(1))
    ratio = drawn.mass_2 / drawn.mass_1
    assert simulate_windows.LEAST_RATIO <= ratio.min() <= ratio.max() <= 1
    assert 9 <= drawn.mass_1.min() <= drawn.mass_1.max() <= 65
    assert 5.2 <= drawn.mass_2.min() <= drawn.mass_2.max() <= 42
    assert np.abs([drawn.spin_1, drawn.spin_2]).max() <= 0.8
    ours = binary_draws.derived(
        np.stack([drawn.chirp_mass, ratio, drawn.spin_1, drawn.spin_2, 500 + ratio], axis=-1)
    )
    for name, values in drawn.quantities().items():
        assert values == pytest.approx(ours[:, binary_draws.NAMES.index(name)]), name
        if name in strain_labels.SCALES:
            low, high, _ = strain_labels.SCALES[name]
            assert low <= values.min() <= values.max() <= high, name


def test_windows_hold_the_stated_loudness_where_the_merger_is(noise):
    rng = np.random.default_rng(2)
    given = simulate_windows.binaries(40, rng)
    strain = simulate_windows.windows(given, np.full(40, 1e5), rng, noise)
    power = np.sqrt(np.sum(strain.astype(float) ** 2, axis=(1, 2)))
    assert np.median(power) == pytest.approx(1e5, rel=0.01)
    peak = np.abs(strain).max(axis=2).argmax(axis=1) / strain_window.RATE_HZ
    assert np.abs(peak - strain_window.BEFORE_S).max() < 0.06
    quiet = simulate_windows.windows(given, np.zeros(40), rng, noise)
    assert quiet.std() == pytest.approx(np.sqrt(440 / 512), rel=0.03)


def test_the_matched_filter_finds_what_was_put_in(noise):
    rng = np.random.default_rng(7)
    given = simulate_windows.binaries(30, rng)
    strain = simulate_windows.windows(given, np.full(30, 25.0), rng, noise[:1])
    bank = simulate_windows.templates(given, noise[0])
    found = strain_networks.filtered(strain, bank)
    assert np.median(found) == pytest.approx(25.0, abs=1.5)
    quiet = simulate_windows.windows(given, np.zeros(30), rng, noise[:1])
    assert strain_networks.filtered(quiet, bank).max() < 9


def test_our_own_analysis_measures_the_same_mergers(noise):
    """Whole stretches carry the stated loudness, and the same second as the windows do."""
    from astrogui.training.recipes import bbh

    rng = np.random.default_rng(3)
    given = simulate_windows.Binaries(*(np.array([v]) for v in (36.0, 29.0, 0.1, -0.2)))
    ((pair, arrival),) = simulate_windows.stretches(given, np.array([30.0]), rng, noise)
    event = strain_event.measured(pair, arrival, bbh.fit_bank())
    assert strain_event.network_snr(event.summary)[0] == pytest.approx(30.0, abs=3.0)
    assert event.summary.log_chirp_mass[0] == pytest.approx(np.log(given.chirp_mass[0]), abs=0.1)
    loud = simulate_windows.stretches(given, np.array([1e4]), rng, noise)[0][0]
    seen = [
        strain_window.window(loud[name].whitened, 2048.0, arrival[name])
        for name in simulate_windows.DETECTORS
    ]
    assert np.sqrt(np.sum(np.square(seen))) == pytest.approx(1e4, rel=0.03)


def test_scaled_numbers_come_back():
    values = simulate_windows.binaries(50, np.random.default_rng(4)).quantities()
    for labels in (strain_labels.MASSES, strain_labels.REMNANT):
        small = strain_labels.scaled(values, labels)
        assert np.abs(small).max() <= strain_labels.REACH + 1e-6
        truth = np.stack([values[name] for name in labels], axis=-1)
        assert strain_labels.physical(small, labels) == pytest.approx(truth, rel=1e-4, abs=1e-4)


def small(name: str) -> strain_networks.System:
    config = {**SYSTEMS[name].config}
    if SYSTEMS[name].is_bayesian:
        config |= {"thinning": 16, "dense": 8}
    if "highway" in config:
        config["highway"] = 1
    stages = (Stage(loudness=(30, 60), epochs=1), Stage(loudness=(10, 60), epochs=1))
    return dataclasses.replace(
        SYSTEMS[name], config=config, stages=stages, steps=1, batch=8, rate=1e-3
    )


def trained(name, noise, folder, said, system):
    return strain_networks.train(name, noise, folder, said.append, system=system, jit_compile=False)


def test_a_training_learns_stage_by_stage_and_goes_on_where_it_was(noise, tmp_path, monkeypatch):
    monkeypatch.setattr(strain_networks, "VALIDATION", 16)
    system, said = small("huerta_predictor"), []
    model, told = trained("huerta_predictor", noise, tmp_path, said, system)
    assert strain_networks.is_finished(told, system)
    assert all(np.isfinite(one["best_loss"]) for one in told)
    before = len(said)
    again, _ = trained("huerta_predictor", noise, tmp_path, said, system)
    assert not any("epoch 1/" in words for words in said[before:])  # nothing is trained again
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        assert one == pytest.approx(other)


def test_the_classifier_begins_with_the_predictors_convolutions(noise, tmp_path, monkeypatch):
    monkeypatch.setattr(strain_networks, "VALIDATION", 16)
    one = dataclasses.replace(
        small("huerta_predictor"), stages=small("huerta_predictor").stages[:1]
    )
    first, _ = trained("huerta_predictor", noise, tmp_path, [], one)
    frozen = dataclasses.replace(small("huerta_classifier"), stages=())
    model, told = trained("huerta_classifier", noise, tmp_path, [], frozen)
    assert told == []
    assert np.array_equal(model.get_weights()[0], first.get_weights()[0])
    half = strain_networks.batch(np.random.default_rng(1), frozen, noise, (8, 40), 200)[1]["logit"]
    assert 0.35 < half.mean() < 0.65


def test_right_posteriors_score_as_they_should():
    rng = np.random.default_rng(5)
    truth = rng.normal([30.0, 20.0], [5.0, 4.0], (4000, 2))
    seen = truth + rng.normal(0, 2, truth.shape)
    draws = seen[:, None] + rng.normal(0, 2, (4000, 300, 2))
    told = strain_networks.figures(truth, draws, strain_labels.MASSES)["mass_1_det"]
    assert told["rms"] == pytest.approx(2.0, rel=0.05)
    assert told["width_90"] == pytest.approx(2 * 1.645 * 2, rel=0.05)
    assert told["inside"]["0.9"] == pytest.approx(0.9, abs=0.02)
    assert told["inside"]["0.68"] == pytest.approx(0.68, abs=0.03)


def test_the_share_found_is_at_a_stated_share_of_noise():
    quiet = np.linspace(0, 1, 1001)
    assert strain_networks.detected(np.array([0.5, 0.98, 0.999, 2.0]), quiet, 0.01) == 0.5
