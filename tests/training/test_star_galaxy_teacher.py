"""Soft labels: what could be known of a simulated source, corrected by the labels."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.training import star_galaxy_teacher as teacher
from astrogui.training.simulate_image import SkySettings, simulate
from astrogui.training.star_galaxy_columns import auc


def _probability(logit):
    return 1 / (1 + np.exp(-logit))


def _examples(rng, count=30_000):
    """Labels drawn from a truth of which the teacher tells too small odds, the fainter the more."""
    magnitude = rng.uniform(19, 23.5, count)
    truth = rng.normal(0.5, 2.0, count)
    label = (rng.random(count) < _probability(truth)).astype(np.float32)
    told = (truth - 0.3 * (magnitude - 20)) / 1.3
    told[magnitude < teacher.MAGNITUDES[0]] = np.nan
    return {"teacher": told, "true_magnitude": magnitude, "label": label}, truth


def test_a_teacher_that_is_off_by_magnitude_is_put_right_by_the_labels():
    examples, truth = _examples(np.random.default_rng(1))
    soft = teacher.soft_labels(examples, np.ones(len(truth)))
    asked = np.isfinite(examples["teacher"])
    assert np.abs(soft[asked] - _probability(truth[asked])).mean() < 0.01
    np.testing.assert_array_equal(soft[~asked], examples["label"][~asked])


def test_weights_move_the_corrected_odds_as_they_move_the_labels():
    examples, truth = _examples(np.random.default_rng(2))
    weights = np.where(examples["label"] > 0.5, 1.0, 3.0)
    soft = teacher.soft_labels(examples, weights)
    asked = np.isfinite(examples["teacher"])
    expected = _probability(truth[asked] - np.log(3.0))
    assert np.abs(soft[asked] - expected).mean() < 0.02


def test_without_a_teacher_the_labels_stay():
    examples = {
        "teacher": np.full(3, np.nan), "true_magnitude": np.full(3, 21.0),
        "label": np.array([0.0, 1.0, 1.0], np.float32),
    }  # fmt: skip
    np.testing.assert_array_equal(teacher.soft_labels(examples, np.ones(3)), [0, 1, 1])


@pytest.fixture(scope="module")
def sky():
    settings = SkySettings(shape=(300, 400), seeing_arcsec=1.2, pixel_scale_arcsec=0.396)
    return simulate(settings, np.random.default_rng(4))


def test_the_teacher_is_asked_of_faint_sources_and_tells_more_than_chance(sky):
    told = teacher.teacher(sky, sky.x, sky.y)["teacher"]
    low, high = teacher.MAGNITUDES
    faint = (sky.magnitude[:, 2] > low) & (sky.magnitude[:, 2] <= high)
    # A place belongs to the brightest source about it.
    assert np.isfinite(told[faint]).mean() > 0.9
    assert np.isnan(told[sky.magnitude[:, 2] <= low]).all()
    known = np.isfinite(told)
    assert auc(told[known], sky.is_galaxy[known]) > 0.8


def test_of_a_pixel_scale_that_the_stamps_do_not_hold_nothing_is_asked():
    settings = SkySettings(shape=(150, 150), seeing_arcsec=1.2, pixel_scale_arcsec=0.2)
    sky = simulate(settings, np.random.default_rng(5))
    assert np.isnan(teacher.teacher(sky, sky.x, sky.y)["teacher"]).all()
