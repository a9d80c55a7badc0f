"""Concrete dropout: its divergence, its masks, its learned rate."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import ops  # noqa: E402

from astrogui.networks.concrete_dropout import ConcreteConv1D, ConcreteDense  # noqa: E402


def numbers(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), np.float64)


def dense(rate=0.3, scale=0.7, inputs=5, units=4, data_size=100):
    layer = ConcreteDense(units, data_size, length_scale=scale, initial_rate=rate)
    layer.build((None, inputs))
    kernel = np.random.default_rng(1).normal(size=(inputs, units))
    layer.set_weights([kernel, np.zeros(units), layer.get_weights()[2]])
    return layer, kernel


def set_rate(layer, rate):
    kernel, bias, _ = layer.get_weights()
    layer.set_weights([kernel, bias, np.log(rate / (1 - rate))])


def test_the_divergence_is_that_of_a_spike_or_a_bump_from_the_prior():
    """Sampled: a row of weights is about its value with 1 - p and about zero with p.

    Only differences count, the formula leaves out a constant.
    """
    tfd = pytest.importorskip("tensorflow_probability").distributions
    layer, kernel = dense(inputs=1, units=6)
    width = 1e-3  # of either bump: far below the distance between them

    def sampled(rate):
        bumps = tfd.MixtureSameFamily(
            tfd.Categorical(probs=np.array([1 - rate, rate])),
            tfd.MultivariateNormalDiag(np.stack([kernel[0] / (1 - rate), 0 * kernel[0]]),
                                       np.full((2, 6), width)),
        )  # fmt: skip
        prior = tfd.MultivariateNormalDiag(np.zeros(6), np.full(6, 1 / 0.7))
        values = bumps.sample(40_000, seed=3)
        return float(np.mean(numbers(bumps.log_prob(values)) - numbers(prior.log_prob(values))))

    def formula(rate):
        set_rate(layer, rate)
        return float(numbers(layer.divergence()))

    assert formula(0.45) - formula(0.1) == pytest.approx(sampled(0.45) - sampled(0.1), abs=0.04)


def test_the_gradient_of_the_divergence_is_its_slope():
    tf = pytest.importorskip("tensorflow")
    layer, _ = dense()
    with tf.GradientTape() as tape:
        value = layer.divergence()
    gradients = [numbers(g) for g in tape.gradient(value, [layer.kernel, layer.rate_logit])]
    weights = layer.get_weights()
    step = 1e-2
    for index, place in ((0, (2, 1)), (0, (4, 3)), (2, ())):
        ends = []
        for sign in (1, -1):
            moved = [np.array(weight, np.float64) for weight in weights]
            moved[index][place] += sign * step
            layer.set_weights(moved)
            ends.append(float(numbers(layer.divergence())))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert gradients[0 if index == 0 else 1][place] == pytest.approx(slope, rel=5e-3)


def test_the_loss_holds_the_divergence_an_example_and_only_in_training():
    layer, _ = dense(data_size=50)
    layer(np.ones((2, 5), np.float32), training=True)
    assert float(layer.losses[0]) == pytest.approx(float(numbers(layer.divergence())) / 50)
    other, _ = dense()
    other(np.ones((2, 5), np.float32), training=False)
    assert other.losses == []


def test_uniform_numbers_decide_what_is_dropped():
    layer, kernel = dense(rate=0.25)
    uniform = np.array([[[0.9, 0.1, 0.5, 0.99, 0.2], [0.1, 0.1, 0.1, 0.1, 0.1]]], np.float32)
    features = np.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]], np.float32)
    found = numbers(layer(features, uniform))
    # u > 1 - p drops: the first and the fourth of the first draw.
    expected = np.array([[0, 2, 3, 0, 5], [1, 2, 3, 4, 5]]) / 0.75 @ kernel
    assert found.shape == (1, 2, 4)
    np.testing.assert_allclose(found[0], expected, atol=2e-2)


def test_the_share_dropped_is_the_rate_and_the_mean_is_the_layer_without_noise():
    layer, _ = dense(rate=0.2)
    assert layer.rate == pytest.approx(0.2)
    uniform = np.random.default_rng(4).uniform(size=(1, 20_000, 5)).astype(np.float32)
    features = np.array([[[1.0, -2.0, 0.5, 1.5, 3.0]]], np.float32)
    drawn, mean = numbers(layer(features, uniform))[0], numbers(layer(features))[0, 0]
    np.testing.assert_allclose(drawn.mean(0), mean, atol=5 * drawn.std(0).max() / np.sqrt(20_000))
    ones = np.eye(5, dtype=np.float32)[None, :1] * 0 + 1
    layer.set_weights([np.eye(5, 4), np.zeros(4), layer.get_weights()[2]])
    share = np.mean(numbers(layer(ones, uniform)) < 0.5 / 0.8)
    assert share == pytest.approx(0.2, abs=0.01)


def test_a_channel_is_dropped_along_the_whole_length():
    layer = ConcreteConv1D(3, 1, 10, initial_rate=0.5)
    layer.build((None, 8, 2))
    layer.set_weights([np.ones((1, 2, 3)), np.zeros(3), layer.get_weights()[2]])
    features = np.random.default_rng(5).normal(size=(2, 1, 8, 2)).astype(np.float32)
    uniform = np.array([[[0.99, 0.01], [0.01, 0.99]]] * 2, np.float32)
    found = numbers(layer(features, uniform))
    assert found.shape == (2, 2, 8, 3)
    np.testing.assert_allclose(found[:, 0], 2 * features[:, 0, :, 1:].repeat(3, -1), atol=1e-4)
    np.testing.assert_allclose(found[:, 1], 2 * features[:, 0, :, :1].repeat(3, -1), atol=1e-4)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_without_noise_the_convolution_is_keras_own(padding):
    layer = ConcreteConv1D(4, 3, 10, strides=2, padding=padding, activation="relu")
    own = keras.layers.Conv1D(4, 3, strides=2, padding=padding, activation="relu")
    features = np.random.default_rng(6).normal(size=(2, 9, 3)).astype(np.float32)
    found = layer(features)
    own.build(features.shape)
    own.set_weights(layer.get_weights()[:2])
    np.testing.assert_allclose(numbers(found), numbers(own(features)), atol=1e-5)


def test_masks_of_training_differ_from_call_to_call_and_hold_along_the_length():
    layer = ConcreteConv1D(2, 1, 10, initial_rate=0.5)
    features = np.ones((3, 6, 4), np.float32)
    first, second = numbers(layer(features, training=True)), numbers(layer(features, training=True))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_allclose(first, first[:, :1].repeat(6, 1), atol=1e-5)


def rate_after_training(size):
    """What is left of dropout once lines have been learned from so many examples."""
    keras.utils.set_random_seed(2)
    rng = np.random.default_rng(7)
    x = rng.normal(size=(60 * 64, 4)).astype(np.float32)
    y = (x @ np.array([[1.0], [-1.0], [2.0], [0.5]])).astype(np.float32)
    layer = ConcreteDense(1, size, initial_rate=0.3, length_scale=0.5)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(
        keras.optimizers.Adam(0.1), lambda t, p: 0.5 * ops.square(t - p) / 9.0, jit_compile=False
    )
    model.fit(x, y, batch_size=64, verbose=0)
    return layer.rate


def test_the_rate_falls_as_the_data_grow():
    few, many = rate_after_training(4), rate_after_training(100_000)
    assert many < 0.05
    assert few > 0.2


@pytest.mark.parametrize(
    "wrong", [{"data_size": 0}, {"length_scale": 0.0}, {"initial_rate": 1.0}, {"temperature": 0.0}]
)
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"needs|rate"):
        ConcreteDense(3, **{"data_size": 10, **wrong})


def test_a_layer_is_made_again_from_its_configuration():
    layer = ConcreteConv1D(4, 3, 10, strides=2, padding="valid", activation="silu")
    again = ConcreteConv1D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
