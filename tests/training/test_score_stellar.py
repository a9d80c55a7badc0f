"""The figures of `evaluate stellar`, on answers whose quality is known beforehand."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from astrogui.records.posterior import QUANTILE_LEVELS
from astrogui.training.score_stellar import NAMES, coverage_table, pit, simulated_figures
from astrogui.training.stellar_calibration import spread_factors
from astrogui.training.stellar_optical import leave_one_out

DEVIATES = np.array([NormalDist().inv_cdf(level) for level in QUANTILE_LEVELS])


def answers_with(error, stated, count=4000, seed=4):
    """Normal answers whose errors are ``error`` and whose intervals claim ``stated``."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(count, 6))
    value = truth + error * rng.normal(size=(count, 6))
    quantiles = value[..., None] + stated * DEVIATES
    return {
        "truth": truth, "value": value, "network_value": value, "quantiles": quantiles,
        "network_quantiles": quantiles, "bound": np.ones((count, 6)),
        "signal_to_noise": np.exp(rng.uniform(np.log(20), np.log(200), count)),
        "novelty": np.full(count, 0.5), "network_novelty": np.full(count, 0.5),
    }  # fmt: skip


def test_an_efficient_honest_answer_scores_one_and_covers():
    scores = simulated_figures(answers_with(1.0, 1.0))
    for name in NAMES:
        label = scores["labels"][name]
        assert label["error_over_bound"] == pytest.approx(1, abs=0.04)
        assert label["coverage_68"] == pytest.approx(0.68, abs=0.025)
        assert label["coverage_90"] == pytest.approx(0.90, abs=0.02)
        assert label["pit_distance"] < 0.03
    assert sum(row["n"] for row in scores["by_signal_to_noise"].values()) == 4000
    assert coverage_table(scores)["parameters"]["teff"][1] == pytest.approx(0.68, abs=0.025)


def test_too_narrow_intervals_show():
    label = simulated_figures(answers_with(1.0, 0.5))["labels"]["logg"]
    assert label["coverage_68"] == pytest.approx(0.38, abs=0.03)
    assert label["pit_distance"] > 0.1


def test_a_far_answer_counts_as_a_failure():
    found = answers_with(1.0, 1.0, count=200)
    found["value"][7, 3] += 20
    assert simulated_figures(found)["failures"] == 1


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.6])
def test_the_spread_is_the_factor_that_was_missing(factor):
    found = answers_with(factor, 1.0)
    ranks = pit(found["quantiles"], found["truth"])
    assert spread_factors(ranks) == pytest.approx([factor] * 6, rel=0.05)


def test_a_star_left_out_is_predicted_from_the_others_alone():
    rng = np.random.default_rng(8)
    labels = rng.normal(size=(40, 2))
    spectra = labels @ rng.normal(size=(2, 300)) + 0.01 * rng.normal(size=(40, 300))
    predicted, constant = leave_one_out(spectra, labels)
    assert np.abs(predicted - labels).mean() < 0.15 * np.abs(constant - labels).mean()
    changed = labels.copy()
    changed[5] += 100.0
    again, _ = leave_one_out(spectra, changed)
    np.testing.assert_allclose(again[5], predicted[5])  # its own label has no say
