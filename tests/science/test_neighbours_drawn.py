"""Objects drawn by t-SNE, in two and three dimensions: groups stay together, neighbours too."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.embedding import MOST_DRAWN, nearest, neighbours_drawn


@pytest.fixture(scope="module")
def groups():
    """Four groups in twelve dimensions, far apart."""
    random = np.random.default_rng(1)
    middles = random.normal(0, 6, (4, 12))
    label = np.repeat(np.arange(4), 45)
    return middles[label] + random.normal(0, 1, (180, 12)), label


@pytest.fixture(scope="module", params=[2, 3])
def drawn(groups, request):
    return neighbours_drawn(groups[0], request.param, seed=3)


def test_every_neighbour_in_the_drawing_is_of_the_same_group(groups, drawn):
    _, label = groups
    same = [(label[nearest(drawn, k, 10)] == label[k]).mean() for k in range(len(label))]
    assert np.mean(same) == 1.0


def test_the_neighbours_of_the_features_are_those_of_the_drawing(groups, drawn):
    features, _ = groups
    shared = [
        len({*nearest(features, k, 15)} & {*nearest(drawn, k, 15)}) / 15
        for k in range(len(features))
    ]
    assert np.mean(shared) > 0.5  # of 45 in a group, a third would be shared by chance


def test_the_same_seed_draws_the_same_and_progress_is_told(groups):
    told = []
    first = neighbours_drawn(groups[0][:40], rounds=30, seed=5, go_on=told.append)
    np.testing.assert_array_equal(first, neighbours_drawn(groups[0][:40], rounds=30, seed=5))
    assert told == pytest.approx(np.arange(5, 35, 5) / 30)


def test_it_ends_when_told_to(groups):
    class Enough(Exception):
        pass

    def stop(share):
        if share > 0.5:
            raise Enough

    with pytest.raises(Enough):
        neighbours_drawn(groups[0][:40], rounds=30, go_on=stop)


def test_equal_objects_are_drawn_without_a_fault():
    assert np.isfinite(neighbours_drawn(np.ones((12, 3)), rounds=30)).all()


@pytest.mark.parametrize(
    ("objects", "count"), [(3, 2), (MOST_DRAWN[2] + 1, 2), (MOST_DRAWN[3] + 1, 3)]
)
def test_too_few_and_too_many_objects_are_refused(objects, count):
    with pytest.raises(ValueError, match="objects"):
        neighbours_drawn(np.zeros((objects, 2)), count)


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="2 or 3 dimensions"):
        neighbours_drawn(np.zeros((9, 5)), 4)


def test_the_nearest_by_features_are_the_likest_first():
    features = np.array([[0.0], [5.0], [1.0], [2.5]])
    assert nearest(features, 0, 2).tolist() == [2, 3]
    assert nearest(features, 0, 9).tolist() == [2, 3, 1]
