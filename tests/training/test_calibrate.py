"""What intervals and probabilities are worth."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from astrogui.training import calibrate


def test_the_coverage_of_true_quantiles_is_their_level():
    truth = np.random.default_rng(1).normal(size=40_000)
    table = calibrate.coverage_table(
        {"x": {0.68: (np.full(40_000, -0.9945), np.full(40_000, 0.9945))}}, {"x": truth}
    )
    assert table["parameters"]["x"][0] == pytest.approx(0.68, abs=0.01)
    assert table["n"] == 40_000


def test_the_coverage_of_nothing_is_null():
    nothing = np.full(3, np.nan)
    assert calibrate.coverage(nothing, nothing, np.ones(3)) is None


def test_the_area_counts_pairs_in_the_right_order():
    score = np.array([0.1, 0.4, 0.35, 0.8])
    label = np.array([0, 0, 1, 1])
    assert calibrate.area_under_roc(score, label) == pytest.approx(0.75)
    assert calibrate.area_under_roc(np.zeros(4), label) == pytest.approx(0.5)
    assert calibrate.area_under_roc(score, np.ones(4)) is None


def test_the_calibration_error_of_honest_probabilities_is_small():
    rng = np.random.default_rng(3)
    probability = rng.random(50_000)
    label = (rng.random(50_000) < probability).astype(int)
    assert calibrate.expected_calibration_error(probability, label) < 0.01
    assert calibrate.expected_calibration_error(np.full(100, 0.9), np.zeros(100)) == pytest.approx(
        0.9
    )


def test_wilsons_interval_agrees_with_statsmodels():
    # statsmodels.stats.proportion.proportion_confint(8, 10, alpha=0.05, method="wilson")
    low, high = calibrate.binomial_interval(8, 10, level=0.95)
    assert (low, high) == pytest.approx((0.49016, 0.94332), abs=1e-4)
    assert calibrate.binomial_interval(0, 0) == (0.0, 1.0)


def test_uniform_ranks_are_near_uniform():
    assert calibrate.pit_distance(np.random.default_rng(4).random(10_000)) < 0.02
    assert calibrate.pit_distance(np.full(100, 0.5)) == pytest.approx(0.5)


def test_the_coverage_picture_is_well_formed_and_names_each_parameter():
    table = {"levels": [0.5, 0.9], "parameters": {"z": [0.52, None], "mass": [0.4, 0.8]}, "n": 9}
    root = ElementTree.fromstring(calibrate.coverage_svg(table, "a title"))
    words = [element.text for element in root.iter() if element.text]
    assert {"z", "mass", "a title"} <= set(words)
    assert sum(element.tag.endswith("circle") for element in root.iter()) == 3
