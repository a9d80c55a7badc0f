"""Coefficients of agreement against worked examples of their papers and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.session.agreement import (
    cohen_interval,
    cohen_kappa,
    confusion,
    counts_of,
    fleiss_kappa,
    krippendorff_alpha,
    krippendorff_interval,
    velocity_difference_km_s,
)

# Krippendorff 2011, section C: four observers, twelve units, values 1 to 5, 0 not judged.
KRIPPENDORFF = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
    (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
)
# Fleiss 1971 as worked in textbooks: ten subjects, fourteen graders, five categories.
FLEISS = (
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip


def test_kappa_of_a_table_worked_by_hand():
    # Of 50 rows 35 agree: 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5 agree; (0.7 - 0.5) / 0.5.
    table = np.array([[20, 5], [10, 15]])
    assert cohen_kappa(table) == pytest.approx(0.4)


def test_weighted_kappa_worked_by_hand():
    table = np.array([[2, 1, 0], [0, 1, 0], [0, 1, 1]])
    # Linear: disagreement seen 1 + 1 = 2; by chance (sums 3 1 2 and 2 3 1, over 6):
    # (3*(3*1 + 1*2) + 1*(2*1 + 1*1) + 2*(2*2 + 3*1)) / 6 = (15 + 3 + 14) / 6.
    assert cohen_kappa(table, "linear") == pytest.approx(1 - 2 / (32 / 6))


def test_fleiss_kappa_of_the_worked_example():
    assert fleiss_kappa(np.array(FLEISS)) == pytest.approx(0.210, abs=5e-4)


def test_krippendorff_alpha_of_the_papers_example():
    counts = counts_of(np.array(KRIPPENDORFF) - 1, 5)
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(counts, "ordinal") == pytest.approx(0.815, abs=5e-4)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_agrees_with_scikit_learn(weights):
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(5)
    first = random.integers(0, 5, 300)
    second = np.where(random.random(300) < 0.6, first, random.integers(0, 5, 300))
    expected = metrics.cohen_kappa_score(
        first, second, weights=None if weights == "none" else weights
    )
    assert cohen_kappa(confusion(first, second, 5), weights) == pytest.approx(expected, abs=1e-12)


def test_alpha_nears_kappa_of_two_graders_who_judge_everything():
    random = np.random.default_rng(7)
    first = random.integers(0, 3, 4000)
    second = np.where(random.random(4000) < 0.7, first, random.integers(0, 3, 4000))
    alpha = krippendorff_alpha(counts_of(np.stack([first, second]), 3))
    assert alpha == pytest.approx(cohen_kappa(confusion(first, second, 3)), abs=1e-3)
    assert alpha == pytest.approx(fleiss_kappa(counts_of(np.stack([first, second]), 3)), abs=1e-3)


def test_full_agreement_is_one_and_one_category_alone_says_nothing():
    values = np.array([0, 1, 2, 1])
    assert cohen_kappa(confusion(values, values, 3)) == 1
    assert krippendorff_alpha(counts_of(np.stack([values, values]), 3), "ordinal") == 1
    same = np.zeros(4, np.int64)
    assert np.isnan(cohen_kappa(confusion(same, same, 3)))
    assert np.isnan(krippendorff_alpha(counts_of(np.stack([same, same]), 3)))
    assert np.isnan(cohen_kappa(np.zeros((2, 2), np.int64)))


def test_rows_with_one_grader_do_not_count():
    values = np.array([[0, 1, 0, -1, 2], [0, 1, 1, 2, -1]])
    whole = krippendorff_alpha(counts_of(values, 3))
    assert whole == krippendorff_alpha(counts_of(values[:, :3], 3))


def test_fleiss_kappa_refuses_rows_of_different_numbers_of_graders():
    with pytest.raises(ValueError, match="same two or more"):
        fleiss_kappa(np.array([[2, 0], [1, 0]]))


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(11)
    truth = np.array([[0.4, 0.1], [0.1, 0.4]])  # kappa 0.6
    covered = 0
    for trial in range(200):
        table = random.multinomial(150, truth.ravel()).reshape(2, 2)
        low, high = cohen_interval(table, seed=trial, draws=400)
        covered += low <= 0.6 <= high
    assert 180 <= covered <= 199  # 95 % of 200, within 3.3 binomial deviations


def test_the_interval_of_alpha_is_that_of_kappa_for_two_graders():
    random = np.random.default_rng(3)
    first = random.integers(0, 2, 500)
    second = np.where(random.random(500) < 0.8, first, 1 - first)
    alpha = krippendorff_interval(counts_of(np.stack([first, second]), 2), seed=2)
    kappa = cohen_interval(confusion(first, second, 2), seed=2)
    assert alpha == pytest.approx(kappa, abs=0.02)


def test_the_velocity_between_two_redshifts():
    assert velocity_difference_km_s(1.0, 1.001) == pytest.approx(149.86, abs=0.05)
    assert velocity_difference_km_s(0.3, 0.2) == velocity_difference_km_s(0.2, 0.3)
    assert velocity_difference_km_s(0.5, 0.5) == 0
