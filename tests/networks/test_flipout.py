"""Normal weights: the exact posterior where it is known, and the gain of Flipout's signs."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import ops  # noqa: E402

from astrogui.networks.flipout import FlipoutConv1D, FlipoutDense  # noqa: E402
from astrogui.networks.heads import ObservationNoise  # noqa: E402
from astrogui.networks.losses import GaussianLikelihood  # noqa: E402

NOISE, PRIOR, COUNT = 0.5, 2.0, 48


def numbers(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), np.float64)


def correlated_line():
    """Inputs that correlate, so that the exact posterior is not diagonal."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(COUNT, 3)) @ np.array([[1, 0.6, 0], [0, 1, 0], [0, 0, 0.3]])
    return x, x @ [1.0, -0.7, 2.0] + NOISE * rng.normal(size=COUNT)


def exact_posterior(x, y):
    precision = x.T @ x / NOISE**2 + np.eye(x.shape[1]) / PRIOR**2
    return np.linalg.solve(precision, x.T @ y) / NOISE**2, precision


@pytest.fixture(scope="module")
def learned():
    """A linear network with normal weights, trained until it rests."""
    keras.utils.set_random_seed(6)
    x, y = correlated_line()
    layer = FlipoutDense(1, COUNT, prior_scale=PRIOR, use_bias=False, anneal_steps=100)
    model = keras.Sequential([keras.Input((3,)), layer, ObservationNoise(NOISE)])
    steps = 1800
    rate = keras.optimizers.schedules.CosineDecay(0.03, steps)
    model.compile(keras.optimizers.Adam(rate), GaussianLikelihood(), jit_compile=False)
    # Every example four times in a batch, each with signs of its own: less noise in the gradients.
    order = np.tile(np.arange(COUNT), 4 * steps)
    model.fit(x[order].astype(np.float32), y[order, None].astype(np.float32),
              batch_size=4 * COUNT, shuffle=False, verbose=0)  # fmt: skip
    return layer, model


def test_the_bound_leads_to_the_best_diagonal_posterior(learned):
    """Its precision is the diagonal of the exact precision, its mean the exact mean.

    Source: Bishop, Pattern Recognition and Machine Learning, section 10.1.2.
    """
    layer, _ = learned
    mean, precision = exact_posterior(*correlated_line())
    np.testing.assert_allclose(numbers(layer.kernel)[:, 0], mean, atol=0.03)
    found = 1 / numbers(layer.scale)[:, 0] ** 2
    np.testing.assert_allclose(found, np.diag(precision), rtol=0.08)


def test_its_predictions_are_the_exact_ones_in_the_mean(learned):
    layer, model = learned
    mean, precision = exact_posterior(*correlated_line())
    x = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)
    np.testing.assert_allclose(numbers(model(x))[:, 0, 0], x @ mean, atol=0.06)
    deviates = np.random.default_rng(6).normal(size=(4, 20_000, 1)).astype(np.float32)
    drawn = numbers(layer(x[:, None], deviates))[..., 0]
    np.testing.assert_allclose(drawn.mean(1), x @ mean, atol=0.06)
    np.testing.assert_allclose(drawn.var(1), x**2 @ (1 / np.diag(precision)), rtol=0.1)


def test_the_weight_of_the_divergence_rises_to_one(learned):
    layer, _ = learned
    assert float(layer.divergence_weight()) == 1.0
    fresh = FlipoutDense(2, 10, anneal_steps=4)
    x = np.ones((1, 3), np.float32)
    weights = []
    for _ in range(6):
        fresh(x, training=True)
        weights.append(float(fresh.losses[0] / fresh.divergence() * 10))
    assert weights == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1], abs=1e-5)
    fresh(x, training=False)
    assert float(fresh.step) == 6
    assert fresh.losses == []


def test_the_divergence_is_that_of_tensorflow_probability():
    tfd = pytest.importorskip("tensorflow_probability").distributions
    layer = FlipoutDense(4, 10, prior_scale=0.6, initial_scale=0.2)
    layer.build((None, 3))
    kernel = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    layer.set_weights([kernel, layer.get_weights()[1], np.zeros(4)])
    apart = tfd.kl_divergence(tfd.Normal(kernel, np.float32(0.2)), tfd.Normal(0.0, 0.6))
    assert float(layer.divergence()) == pytest.approx(float(numbers(apart).sum()), rel=1e-5)


def gradients(flipout: bool, repeats: int = 300):
    """Gradients (repeats, 3) of a batch's mean squared error with respect to the weights' means."""
    tf = pytest.importorskip("tensorflow")
    keras.utils.set_random_seed(8)
    x = np.random.default_rng(9).normal(size=(64, 3)).astype(np.float32)
    y = (x @ np.array([[1.0], [-1.0], [0.5]])).astype(np.float32)
    layer = FlipoutDense(1, 64, initial_scale=0.5)
    layer.build((None, 3))
    layer.set_weights([np.full((3, 1), 0.2), layer.get_weights()[1], np.zeros(1)])

    @tf.function
    def one():
        with tf.GradientTape() as tape:
            if flipout:
                answer = layer(x, training=True)
            else:  # one draw of the weights for the whole batch
                noise = keras.random.normal((3, 1), seed=layer.seeds)
                answer = ops.matmul(x, layer.kernel + layer.scale * noise)
            loss = ops.mean(ops.square(answer - y))
        return tape.gradient(loss, layer.kernel.value)

    return np.array([numbers(one())[:, 0] for _ in range(repeats)])


def test_signs_of_their_own_make_gradients_quieter_and_leave_their_mean():
    quiet, shared = gradients(True), gradients(False)
    error = np.sqrt((quiet.var(0) + shared.var(0)) / len(quiet))
    assert np.all(np.abs(quiet.mean(0) - shared.mean(0)) < 4 * error)
    assert np.all(quiet.var(0) < 0.25 * shared.var(0))


def test_examples_of_a_batch_meet_weights_that_do_not_correlate():
    keras.utils.set_random_seed(10)
    layer = FlipoutDense(1, 10, initial_scale=1.0)
    x = np.ones((2, 8), np.float32)
    layer(x)
    off = numbers(layer(x))[0]
    answers = np.array([numbers(layer(x, training=True))[:, 0] - off for _ in range(600)])
    assert abs(np.corrcoef(answers.T)[0, 1]) < 0.15
    # Signs of the units alone would leave the size of the change common to all examples.
    assert abs(np.corrcoef((answers**2).T)[0, 1]) < 0.3
    np.testing.assert_allclose(answers.var(0), 8.0, rtol=0.25)


def convolution(perturbations: int, scale: float = 0.4):
    layer = FlipoutConv1D(2, 3, 10, initial_scale=scale, perturbations=perturbations)
    layer.build((None, 6, 2))
    return layer


def test_a_draw_of_a_convolution_is_a_convolution_with_drawn_weights():
    layer = convolution(3)
    rng = np.random.default_rng(11)
    x = rng.normal(size=(2, 1, 6, 2)).astype(np.float32)
    deviates = rng.normal(size=(2, 4, 4)).astype(np.float32)
    found = numbers(layer(x, deviates))
    assert found.shape == (2, 4, 6, 2)
    kernel, kept = numbers(layer.kernel), numbers(layer.kept)
    own = keras.layers.Conv1D(2, 3, padding="same")
    own.build((None, 6, 2))
    signs = np.where(deviates >= 0, 1, -1)
    for example in range(2):
        for draw in range(4):
            came, left = signs[example, draw, :2], signs[example, draw, 2:]
            change = 0.4 * kept[draw % 3] * came[:, None] * left
            own.set_weights([kernel + change, np.zeros(2)])
            expected = numbers(own(x[example]))[0]
            np.testing.assert_allclose(found[example, draw], expected, atol=1e-4)


def test_draws_of_a_convolution_spread_as_its_weights_do():
    layer = convolution(400)
    x = np.random.default_rng(12).normal(size=(1, 1, 6, 2)).astype(np.float32)
    deviates = np.random.default_rng(13).normal(size=(1, 400, 4)).astype(np.float32)
    drawn = numbers(layer(x, deviates))[0, :, 2, :]
    expected = 0.4**2 * np.sum(x[0, 0, 1:4] ** 2)
    np.testing.assert_allclose(drawn.var(0), expected, rtol=0.25)
    np.testing.assert_allclose(drawn.mean(0), numbers(layer(x[:, 0]))[0, 2], atol=0.15)


def test_a_convolution_in_training_moves_about_its_mean():
    keras.utils.set_random_seed(14)
    layer = convolution(1)
    x = np.random.default_rng(15).normal(size=(1, 6, 2)).astype(np.float32)
    mean = numbers(layer(x))
    answers = np.array([numbers(layer(x, training=True)) for _ in range(300)])
    np.testing.assert_allclose(answers.mean(0), mean, atol=6 * answers.std(0).max() / 300**0.5)
    expected = 0.4**2 * np.sum(x[0, 1:4] ** 2)
    np.testing.assert_allclose(answers[:, 0, 2].var(0), expected, rtol=0.35)


@pytest.mark.parametrize("wrong", [{"data_size": 0}, {"prior_scale": 0.0}, {"anneal_steps": -1}])
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="needs"):
        FlipoutDense(3, **{"data_size": 10, **wrong})


def test_a_layer_is_made_again_from_its_configuration():
    layer = FlipoutConv1D(4, 3, 10, strides=2, padding="valid", perturbations=5, activation="silu")
    again = FlipoutConv1D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
