"""Heads and their likelihoods, against TensorFlow Probability and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

keras = pytest.importorskip("keras")

from keras import ops  # noqa: E402

from astrogui.networks.heads import GaussianHead, MixtureHead, ObservationNoise  # noqa: E402
from astrogui.networks.losses import GaussianLikelihood, MixtureLikelihood  # noqa: E402

RNG = np.random.default_rng(1)
TRUTH = RNG.normal(size=(5, 2)).astype(np.float32)


def numbers(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), np.float64)


def test_a_normal_likelihood_is_scipys_summed_over_labels():
    density = numbers(GaussianHead()(RNG.normal(size=(5, 4)).astype(np.float32)))
    assert density.shape == (5, 2, 2)
    expected = -norm.logpdf(TRUTH, density[..., 0], density[..., 1]).sum(-1).mean()
    assert float(GaussianLikelihood()(TRUTH, density)) == pytest.approx(expected, rel=1e-5)


def test_members_learn_each_for_itself():
    density = np.abs(RNG.normal(size=(5, 3, 2, 2))).astype(np.float32) + 0.1
    alone = [float(GaussianLikelihood()(TRUTH, density[:, k])) for k in range(3)]
    assert float(GaussianLikelihood()(TRUTH, density)) == pytest.approx(np.mean(alone), rel=1e-5)


def test_a_standard_deviation_never_falls_below_its_floor():
    density = numbers(GaussianHead(floor=0.01)(np.full((1, 2), -200.0, np.float32)))
    assert density[0, 0, 1] == pytest.approx(0.01)


def test_a_mixtures_likelihood_is_that_of_tensorflow_probability():
    tfd = pytest.importorskip("tensorflow_probability").distributions
    raw = RNG.normal(size=(5, 2 * 3 * 3)).astype(np.float32) * 3
    density = MixtureHead(3)(raw)
    assert tuple(density.shape) == (5, 2, 3, 3)
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(logits=density[..., 0]), tfd.Normal(density[..., 1], density[..., 2])
    )
    expected = -numbers(mixture.log_prob(TRUTH)).sum(-1).mean()
    assert float(MixtureLikelihood()(TRUTH, density)) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(np.exp(numbers(density[..., 0])).sum(-1), 1, rtol=1e-5)


def test_a_truth_far_from_every_component_has_a_finite_likelihood():
    density = np.array([[[[np.log(0.5), 0.0, 0.1], [np.log(0.5), 1.0, 0.1]]]], np.float32)
    found = float(MixtureLikelihood()(np.array([[30.0]], np.float32), density))
    expected = -(np.log(0.5) + norm.logpdf(30.0, 1.0, 0.1))
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_noise_of_observation_is_learned_or_stays():
    means = RNG.normal(size=(400, 1)).astype(np.float32)
    truth = means + RNG.normal(0, 0.3, size=(400, 1)).astype(np.float32)
    for learned, expected in ((False, 1.0), (True, float(np.std(truth - means)))):
        head = ObservationNoise(1.0, learned=learned)
        model = keras.Sequential([keras.Input((1,)), head])
        if learned:
            model.compile(keras.optimizers.Adam(0.05), GaussianLikelihood(), jit_compile=False)
            model.fit(np.tile(means, (120, 1)), np.tile(truth, (120, 1)), batch_size=400,
                      shuffle=False, verbose=0)  # fmt: skip
        assert numbers(model(means))[0, 0, 1] == pytest.approx(expected, rel=0.03)
        assert bool(model.trainable_weights) is learned


@pytest.mark.parametrize(
    "layer", [GaussianHead(floor=0.02), MixtureHead(4), ObservationNoise(0.3, learned=True)]
)
def test_a_head_is_made_again_from_its_configuration(layer):
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_heads_that_mean_nothing_are_refused():
    for make in (lambda: GaussianHead(0.0), lambda: MixtureHead(0), lambda: ObservationNoise(-1.0)):
        with pytest.raises(ValueError, match="got"):
            make()
