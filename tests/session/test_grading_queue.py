"""The order of a grading queue and its pace."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.session.grading_queue import (
    Pace,
    columns_for,
    confidence,
    network_dispute,
    ordered,
    time_words,
)

IDS = np.array([11, 12, 13, 14])
NAMES = (
    "z", "z_lo68", "z_hi68", "class", "class_2", "prob_qso", "prob_qso_lo68", "prob_z", "novelty",
    "user_class", "user_z",
)  # fmt: skip


def test_an_order_asks_for_the_columns_that_it_needs_alone():
    assert columns_for("least_confident", NAMES) == ("prob_qso", "prob_z")
    assert columns_for("network", NAMES) == ("class", "z", "user_z", "user_class")
    assert columns_for("novelty", NAMES) == ("novelty",)
    assert columns_for("table", NAMES) == ()
    assert columns_for("most_confident", ("m", "m_lo68", "m_hi68")) == ("m", "m_lo68", "m_hi68")


def test_rows_without_an_answer_come_last_in_either_order():
    columns = {"prob_z": np.array([0.9, np.nan, 0.2, 0.5])}
    assert ordered(IDS, columns, "least_confident").tolist() == [13, 14, 11, 12]
    assert ordered(IDS, columns, "most_confident").tolist() == [11, 14, 13, 12]


def test_confidence_of_spectra_images_and_strain_lies_on_one_scale():
    nan = np.nan
    columns = {
        "prob_z": np.array([0.7, nan, nan, nan]),
        "prob_star": np.array([0.99, 0.4, nan, nan]),
        "prob_galaxy": np.array([0.01, 0.6, nan, nan]),
        "m": np.array([nan, nan, 30.0, nan]),
        "m_lo68": np.array([nan, nan, 28.5, nan]),
        "m_hi68": np.array([nan, nan, 31.5, nan]),
    }
    assert confidence(columns, 4) == pytest.approx([0.7, 0.6, 1 / 1.1, nan], nan_ok=True)


def test_the_network_against_the_grader():
    columns = {
        "class": np.array(["QSO", "QSO", "STAR", ""], object),
        "user_class": np.array(["qso", "GALAXY", "", "QSO"], object),
        "z": np.array([1.0, 1.0, 0.0, 2.0]),
        "user_z": np.array([1.001, 0.2, np.nan, np.nan]),
    }
    found = network_dispute(columns, 4)
    assert found[0] == 0  # the same class, and 150 km/s are nothing
    assert found[1] > 1
    assert np.isnan(found[2:]).all()
    assert ordered(IDS, columns, "network").tolist() == [12, 11, 13, 14]


def test_graders_that_differ_most_come_first_and_equal_rows_stay_as_they_stand():
    assert ordered(IDS, {}, "graders", {13: 2.0, 12: 5.0}).tolist() == [12, 13, 11, 14]
    assert ordered(IDS[::-1], {"novelty": np.zeros(4)}, "novelty").tolist() == [14, 13, 12, 11]


def test_the_pace_leaves_pauses_out():
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.per_hour is None
    for step in (0, 10, 10, 4000, 10):
        now[0] += step
        pace.count()
    assert pace.per_hour == pytest.approx(360)
    assert pace.left_s(12) == pytest.approx(120)
    assert [time_words(s) for s in (40, 600, 12_000)] == ["40 s", "10 min", "3 h 20 min"]


def test_a_million_rows_keep_their_identity():
    ids = np.arange(1_000_000)
    values = np.random.default_rng(1).random(ids.size)
    queue = ordered(ids, {"prob_z": values}, "least_confident")
    assert np.all(np.diff(values[queue]) >= 0)
