"""Sums about a reference against the sums over all frequencies."""

from __future__ import annotations

import numpy as np
import pytest
import strain_merger

from astrogui.science import heterodyne
from astrogui.science.waveform_models import MODELS


@pytest.fixture(scope="module")
def data():
    return strain_merger.data()


@pytest.fixture(scope="module")
def sums(data):
    return heterodyne.summed(data, strain_merger.TRUTH)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_likelihood_is_that_of_all_frequencies(data, model):
    sums = heterodyne.summed(data, strain_merger.TRUTH, model=model)
    binaries = strain_merger.near_truth(100)
    late = np.random.default_rng(3).uniform(-0.004, 0.004, 100)
    ratio = heterodyne.delayed(sums, heterodyne.ratios(sums, binaries), late)
    columns = [heterodyne.at_shifts(sums, d, np.zeros(1)) for d in range(2)]
    overlap = np.stack([heterodyne.overlaps(ratio, c)[:, 0] for c in columns], axis=1)
    norm = heterodyne.norms(sums, ratio)
    right, right_norm = heterodyne.exact(data, binaries, np.tile(late[:, None], (1, 2)), model)
    response = 1 / 1500.0  # about what the source is seen with
    error = response * (overlap - right).real - 0.5 * response**2 * (norm - right_norm)
    assert response * np.sqrt(right_norm).sum() > 15  # of a signal worth the name
    assert np.abs(error.sum(axis=1)).max() < 0.04
    assert error.sum(axis=1).std() < 0.01


def test_any_shift_is_interpolated_between_those_kept(data, sums):
    shifts = np.random.default_rng(4).uniform(-0.029, 0.029, 40)
    one = np.ones((1, sums.knot_hz.size), complex)
    ours = heterodyne.overlaps(one, heterodyne.at_shifts(sums, 1, shifts))[0]
    truth = heterodyne.exact(data, strain_merger.TRUTH.rows(np.zeros(40, int)),
                             np.stack([shifts, shifts], axis=1))[0][:, 1]  # fmt: skip
    assert np.abs(ours - truth).max() < 1e-3 * np.abs(truth).max()


def test_a_later_waveform_is_like_the_reference_earlier_by_as_much(sums):
    one = np.ones((1, sums.knot_hz.size), complex)
    late = heterodyne.delayed(sums, one, np.array([0.0031]))
    assert heterodyne.own_times(sums, one)[0] == pytest.approx(0, abs=1e-6)
    assert heterodyne.own_times(sums, late)[0] == pytest.approx(-0.0031, abs=2e-5)


def test_own_times_vary_smoothly_with_the_masses(sums):
    masses = np.linspace(25.0, 45.0, 60)
    fixed = [np.full(60, float(field[0])) for field in strain_merger.TRUTH[1:]]
    binaries = heterodyne.Binaries(masses, *fixed)
    late = heterodyne.own_times(sums, heterodyne.ratios(sums, binaries))
    assert np.abs(np.diff(late, 2)).max() < 2e-4
    assert abs(late[np.argmin(np.abs(masses - 32.0))]) < 5e-4


def test_noise_alone_gives_ratios_of_unit_variance():
    outputs = []
    for seed in range(16):
        sums = heterodyne.summed(strain_merger.data(("H1",), 1e9, seed), strain_merger.TRUTH, 40)
        outputs.append(sums.linear[0].sum(axis=0)[::49] / np.sqrt(sums.square[0].sum()))
    values = np.concatenate(outputs)
    assert np.mean(np.abs(values) ** 2) == pytest.approx(2, rel=0.25)


def test_knots_are_dense_where_the_phase_runs():
    knots = heterodyne.knots_hz(20.0, 800.0, 97)
    assert knots[0] == 20.0
    assert knots[-1] == pytest.approx(800.0)
    steps = np.diff(knots)
    assert (steps > 0).all()
    assert steps[0] < 1 < steps[-1]


def test_a_heavy_waveform_keeps_its_whole_lateness():
    """Of very heavy binaries it may be a tenth of a second, by the model's own merger time."""
    row = [np.array([value]) for value in (178.0, 0.25, 0.87, 0.0)]
    sums = heterodyne.summed(strain_merger.data(), heterodyne.Binaries(*row))
    other = heterodyne.Binaries(*(np.array([value]) for value in (160.0, 0.6, 0.0, 0.0)))
    ratio = heterodyne.ratios(sums, other)
    late = heterodyne.own_times(sums, ratio)
    assert -0.2 < late[0] < -0.05
    again = heterodyne.own_times(sums, heterodyne.delayed(sums, ratio, late))
    assert again[0] == pytest.approx(0, abs=0.003)
