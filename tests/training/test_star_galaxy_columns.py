"""The seven columns against their definitions, and the paired bootstrap on a known difference."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.training import star_galaxy_columns as columns

P = np.array([0.1, 0.2, 0.4, 0.6, 0.6, 0.8, 0.9, 0.95])
GALAXY = np.array([0, 0, 1, 0, 1, 1, 1, 1], bool)


def test_the_area_counts_pairs_and_half_of_ties():
    above = [np.sign(g - s) / 2 + 0.5 for g in P[GALAXY] for s in P[~GALAXY]]
    assert columns.auc(P, GALAXY) == pytest.approx(np.mean(above))


def test_the_scores_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    p = rng.uniform(0.01, 0.99, 400)
    galaxy = rng.random(400) < p
    assert columns.auc(p, galaxy) == pytest.approx(metrics.roc_auc_score(galaxy, p))
    assert columns.brier(p, galaxy) == pytest.approx(metrics.brier_score_loss(galaxy, p))
    assert columns.log_loss(p, galaxy) == pytest.approx(metrics.log_loss(galaxy, p))
    purity, completeness, _ = metrics.precision_recall_curve(galaxy, p)
    at = purity[completeness >= columns.COMPLETENESS][-1]
    assert columns.galaxy_purity(p, galaxy) == pytest.approx(at)
    purity, completeness, _ = metrics.precision_recall_curve(~galaxy, 1 - p)
    most = completeness[purity >= columns.PURITY].max()
    assert columns.star_completeness(p, galaxy) == pytest.approx(most)


def test_all_galaxies_are_kept_where_few_are_there():
    assert columns.galaxy_purity(P, GALAXY) == pytest.approx(5 / 6)
    assert columns.star_completeness(P, GALAXY) == pytest.approx(2 / 3)
    assert columns.star_completeness(1 - P, GALAXY) == 0.0


def test_the_calibration_error_is_the_mean_over_overlapping_bins():
    rng = np.random.default_rng(2)
    p = rng.random(60)
    galaxy = rng.random(60) < p**2
    order = np.argsort(p)
    bins = [order[k : k + 20] for k in range(41)]
    expected = np.mean([abs(p[b].mean() - galaxy[b].mean()) for b in bins])
    assert columns.calibration_error(p, galaxy, 20) == pytest.approx(expected)
    assert columns.calibration_error(p, galaxy) == pytest.approx(abs(p.mean() - galaxy.mean()))


def test_the_sum_of_probabilities_counts_galaxies():
    assert columns.number_error(P, GALAXY) == pytest.approx(abs(P.sum() - 5) / 5)


def test_the_paired_bootstrap_tells_a_small_difference_on_the_same_sources():
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.01, 0.99, 1500)
    galaxy = rng.random(1500) < truth
    logit = np.log(truth / (1 - truth))
    worse = 1 / (1 + np.exp(-(logit + rng.normal(0, 0.6, 1500))))
    table = columns.compared({"true": truth, "noisy": worse, "same": truth.copy()}, galaxy, 40, 4)
    lacking = table["noisy"]["Brier"]
    assert not lacking["is_best"]
    unpaired = np.hypot(lacking["error"], table["true"]["Brier"]["error"])
    assert lacking["behind_error"] < 0.5 * unpaired
    assert all(cell["is_best"] for cell in table["same"].values())
    assert table["true"]["AUC"]["behind"] == 0


def fields_of_their_own(count, spread, rng):
    """Fields of 100 sources whose p is right on the mean and wrong in each by ``spread``."""
    field = np.repeat(np.arange(count), 100)
    p = rng.uniform(0.05, 0.95, len(field))
    logit = np.log(p / (1 - p)) + rng.normal(0, spread, count)[field]
    return p, rng.random(len(field)) < 1 / (1 + np.exp(-logit)), field


def test_drawing_fields_shows_that_fields_differ():
    p, galaxy, field = fields_of_their_own(60, 0.7, np.random.default_rng(5))
    plain = columns.compared({"one": p}, galaxy, 60, 6)["one"]["dN/N"]
    whole = columns.compared({"one": p}, galaxy, 60, 6, field)["one"]["dN/N"]
    assert whole["value"] == plain["value"]
    assert whole["error"] > 2 * plain["error"]


def test_a_draw_of_fields_holds_all_or_none_of_each():
    field = np.array([3, 3, 7, 7, 7, 1])
    for rows in columns.drawn_rows(field, 20, 0):
        drawn = np.bincount(rows, minlength=6)
        assert drawn[0] == drawn[1]
        assert drawn[2] == drawn[3] == drawn[4]
        assert drawn[0] + drawn[2] + drawn[5] == 3


def test_calibration_by_magnitude_is_told_from_chance():
    rng = np.random.default_rng(8)
    p, galaxy, field = fields_of_their_own(80, 0.0, rng)
    magnitude = rng.uniform(21.5, 22.5, len(p))
    table = columns.by_magnitude(p, galaxy, magnitude, field, 20, 1)
    assert set(table) == {"21.5-22", "22-22.5", "14-22", "14-22.5"}
    right = table["22-22.5"]
    assert right["cal"] == pytest.approx(right["chance"], abs=0.006)
    assert abs(right["excess"]) < 4 * right["excess_error"]
    wrong = columns.by_magnitude(p**2, galaxy, magnitude, field, 20, 1)["22-22.5"]
    assert wrong["cal"] > 5 * wrong["chance"]
    assert wrong["excess"] < -0.1
    assert len(columns.magnitude_lines(table)) == 2 + len(table)
