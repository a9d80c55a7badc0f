"""Points of three dimensions seen from one side: a turn is a turn, and nearer means nearer."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.viewers.turned_points import TurnedPoints

CORNERS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, -1.0, -1.0]])


def test_many_turns_keep_every_distance():
    points = TurnedPoints(CORNERS)
    for number in range(500):
        points.turn(0.1, 0.03 * number)
    assert points.rotation @ points.rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(points.rotation) == pytest.approx(1.0)
    now = np.stack([points.x, points.y, points.depth], axis=1)
    gaps = [np.linalg.norm(a[:, None] - a[None], axis=-1) for a in (CORNERS, now)]
    np.testing.assert_allclose(*gaps, atol=1e-9)


def test_the_near_side_goes_where_the_hand_goes():
    points = TurnedPoints(CORNERS, np.eye(3))
    near = int(np.argmax(points.depth))
    x, y = points.x[near], points.y[near]
    points.turn(0.2, 0.0)
    assert points.x[near] > x
    points.turn(0.0, 0.2)
    assert points.y[near] > y


def test_nearness_rises_towards_the_eye_and_what_has_no_place_is_left_out():
    points = TurnedPoints(np.vstack([CORNERS, [[np.nan] * 3]]), np.eye(3))
    order = np.argsort(points.depth[:4])
    near = points.nearness(np.arange(5))
    assert (np.diff(near[:4][order]) >= 0).all()
    assert near.min() >= 0
    assert near.max() <= 1
    assert np.isnan(points.x[4])
    assert points.radius == pytest.approx(np.sqrt(3))


def test_a_single_point_has_a_range():
    assert TurnedPoints(np.zeros((1, 3))).radius > 0
