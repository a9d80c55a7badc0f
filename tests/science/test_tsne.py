"""t-SNE: groups stay together, the perplexity is met, and another program draws no better."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.embedding import nearest
from astrogui.science.tsne import MOST_OBJECTS, affinities, divergence, tsne


@pytest.fixture(scope="module")
def groups():
    """Four groups in twelve dimensions, far apart."""
    random = np.random.default_rng(1)
    middles = random.normal(0, 6, (4, 12))
    label = np.repeat(np.arange(4), 45)
    return middles[label] + random.normal(0, 1, (180, 12)), label


@pytest.fixture(scope="module")
def drawn(groups):
    return tsne(groups[0], perplexity=20, rounds=500, seed=3)


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


def test_a_gaussian_has_the_perplexity_asked_for(groups):
    features, _ = groups
    squares = ((features[:, None] - features[None]) ** 2).sum(axis=-1)
    share = affinities(features, 20.0)
    assert share.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(share, share.T)
    # Symmetric shares of equally dense objects: their entropy is near that of each Gaussian.
    own = share / share.sum(axis=1, keepdims=True)
    entropy = -(own * np.log(own)).sum(axis=1)
    assert np.exp(np.median(entropy)) == pytest.approx(20, rel=0.35)
    assert share[0, squares[0].argsort()[1]] > 100 * share[0, squares[0].argmax()]


def test_it_draws_about_as_well_as_scikit_learn(groups, drawn):
    manifold = pytest.importorskip("sklearn.manifold")
    features, _ = groups
    other = manifold.TSNE(
        2, perplexity=20, init="pca", method="exact", max_iter=500, random_state=0
    )  # fmt: skip
    theirs = other.fit_transform(features)
    share = affinities(features, 20.0)
    assert divergence(theirs, share) == pytest.approx(other.kl_divergence_, rel=2e-3)
    assert divergence(drawn, share) < 1.06 * divergence(theirs, share)


def test_the_same_seed_draws_the_same_and_progress_is_told(groups):
    told = []
    first = tsne(groups[0][:40], rounds=20, seed=5, go_on=told.append)
    np.testing.assert_array_equal(first, tsne(groups[0][:40], rounds=20, seed=5))
    assert told == pytest.approx(np.arange(1, 21) / 20)


def test_it_ends_when_told_to(groups):
    class Enough(Exception):
        pass

    def stop(share):
        if share > 0.5:
            raise Enough

    with pytest.raises(Enough):
        tsne(groups[0][:40], rounds=20, go_on=stop)


def test_equal_objects_are_drawn_without_a_fault():
    assert np.isfinite(tsne(np.ones((12, 3)), rounds=30)).all()


@pytest.mark.parametrize("count", [3, MOST_OBJECTS + 1])
def test_too_few_and_too_many_objects_are_refused(count):
    with pytest.raises(ValueError, match="objects"):
        tsne(np.zeros((count, 2)))


def test_the_nearest_by_features_are_the_likest_first():
    features = np.array([[0.0], [5.0], [1.0], [2.5]])
    assert nearest(features, 0, 2).tolist() == [2, 3]
    assert nearest(features, 0, 9).tolist() == [2, 3, 1]
