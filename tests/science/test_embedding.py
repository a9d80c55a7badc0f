"""Principal components of features, checked against a known plane and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.embedding import embedded, principal_axes


def _plane(count=400):
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(6, 6)))[0][:2]
    places = rng.normal(size=(count, 2)) * [5.0, 2.0]
    return places @ basis + 3.0 + 0.01 * rng.normal(size=(count, 6)), places


def test_a_plane_is_found_and_scaled_to_unit_variance():
    features, places = _plane()
    mean, axes, share = principal_axes(features)
    found = embedded(features, mean, axes)
    assert share.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.std(axis=0, ddof=1), 1, rtol=1e-3)
    for number in range(2):
        assert abs(np.corrcoef(found[:, number], places[:, number])[0, 1]) > 0.99


def test_the_axes_are_those_of_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    features, _ = _plane()
    theirs = decomposition.PCA(2, whiten=True).fit(features)
    ours = embedded(features, *principal_axes(features)[:2])
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs.transform(features)), atol=1e-3)


def test_too_few_objects_have_no_axes():
    with pytest.raises(ValueError, match="more than 2 objects"):
        principal_axes(np.zeros((2, 5)))
