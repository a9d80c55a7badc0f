"""The morphology network: turning changes nothing, and its loss is the likelihood of votes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

keras = pytest.importorskip("keras")

from astrogui.networks import morphology, transfer  # noqa: E402
from astrogui.networks.builder import build  # noqa: E402
from astrogui.science import vote_tree  # noqa: E402

QUESTIONS = tuple(len(question.answers) for question in vote_tree.QUESTIONS)
SMALL = {"size": 16, "widths": [4, 6], "features": 5, "questions": list(QUESTIONS)}


def _numpy(value):
    return np.asarray(keras.ops.convert_to_numpy(value))


def test_turned_and_mirrored_pictures_get_the_same_opinion():
    keras.utils.set_random_seed(3)
    model = build("morphology:ensemble", {**SMALL, "members": 2})
    picture = np.random.default_rng(0).uniform(0, 1, (3, 16, 16, 3)).astype(np.float32)
    plain = model({"picture": picture}, training=False)
    for turned in (np.rot90(picture, 1, (1, 2)), picture[:, ::-1], picture.transpose(0, 2, 1, 3)):
        other = model({"picture": np.ascontiguousarray(turned)}, training=False)
        for name in ("alpha", "features"):
            np.testing.assert_allclose(_numpy(plain[name]), _numpy(other[name]), rtol=2e-4)
    assert _numpy(plain["alpha"]).shape == (3, 2, 37)
    assert _numpy(plain["features"]).shape == (3, 10)
    assert np.abs(np.diff(_numpy(plain["alpha"]), axis=0)).max() > 1e-5


def test_members_take_over_what_was_trained_alone():
    single = build("morphology:member", SMALL)
    model = build("morphology:ensemble", {**SMALL, "members": 2})
    morphology.assign_members(model, [single, single])
    picture = np.random.default_rng(1).uniform(0, 1, (1, 16, 16, 3)).astype(np.float32)
    poses = _numpy(morphology.Turned()(picture))
    opinion = _numpy(single({"picture": poses}, training=False)["opinion"]).mean(axis=0)
    expected = _numpy(morphology.concentrations(keras.ops.convert_to_tensor(opinion), QUESTIONS))
    alpha = _numpy(model({"picture": picture}, training=False)["alpha"])
    np.testing.assert_allclose(alpha[0, 0], expected, rtol=1e-4)
    np.testing.assert_allclose(alpha[0, 1], expected, rtol=1e-4)


def test_the_loss_is_the_likelihood_of_the_votes():
    rng = np.random.default_rng(4)
    opinion = rng.normal(0, 1, (5, 48)).astype(np.float32)
    alpha = _numpy(morphology.concentrations(keras.ops.convert_to_tensor(opinion), QUESTIONS))
    votes = vote_tree.draw_votes(vote_tree.means(alpha.astype(float)), 40, rng)
    loss = morphology.DirichletMultinomial(QUESTIONS)
    ours = _numpy(loss.call(votes.astype(np.float32), keras.ops.convert_to_tensor(opinion)))
    theirs = -vote_tree.log_likelihood(votes, alpha.astype(float)).sum(axis=1)
    coefficient = sum(
        gammaln(votes[:, where].sum(axis=1) + 1) - gammaln(votes[:, where] + 1).sum(axis=1)
        for where in vote_tree.SLICES
    )
    np.testing.assert_allclose(ours, theirs + coefficient, rtol=1e-4)


def test_log_gamma_is_that_of_scipy():
    values = np.geomspace(0.003, 500, 300).astype(np.float32)
    ours = _numpy(morphology.log_gamma(keras.ops.convert_to_tensor(values)))
    np.testing.assert_allclose(ours, gammaln(values), rtol=3e-6, atol=2e-5)


def test_a_factor_multiplies_the_strength_and_leaves_the_shares():
    opinion = keras.ops.convert_to_tensor(
        np.random.default_rng(6).normal(0, 1, (2, 48)).astype(np.float32)
    )
    layer = morphology.Concentrations(QUESTIONS)
    before = _numpy(layer(opinion))
    factor = np.linspace(0.3, 2.0, 11)
    layer.set_weights([factor])
    after = _numpy(layer(opinion))
    for number, where in enumerate(vote_tree.SLICES):
        np.testing.assert_allclose(after[:, where], before[:, where] * factor[number], rtol=1e-5)


def test_what_every_unit_made_is_read_beside_the_features():
    widths = SMALL["widths"]
    own = transfer.reader(16, widths, 5, "own")
    plain = morphology.encoder(16, widths, 5)
    plain.set_weights(own.get_weights())
    picture = np.random.default_rng(2).uniform(0, 1, (3, 16, 16, 3)).astype(np.float32)
    found = own({"picture": picture}, training=False)
    expected = plain({"picture": picture}, training=False)["features"]
    np.testing.assert_allclose(_numpy(found["features"]), _numpy(expected), rtol=1e-5, atol=1e-6)
    assert found["pooled"].shape == (3, transfer.pooled_count(widths))
    assert (_numpy(found["pooled"]).std(axis=0) > 0).mean() > 0.9
