"""The stellar network: its density against SciPy, its two uses, and weights as plain arrays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from astrogui.networks.builder import assign_weights, build, weight_arrays

keras = pytest.importorskip("keras")

CONFIG = {
    "bins": 256, "channels": 2, "summary": 3, "labels": 2, "data_size": 100, "draws": 4,
    "filters": [4, 4, 4], "width": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    return build("stellar:regressor", CONFIG)


def some_inputs(rng, batch=2):
    return {
        "spectrum": rng.normal(size=(batch, 256, 2)).astype(np.float32),
        "summary": rng.normal(size=(batch, 3)).astype(np.float32),
        "uniform": rng.random((batch, 4, 8), np.float32),
    }


def answer(network, inputs, **options):
    outputs = network(inputs, **options)
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}


def test_each_draw_of_the_mask_answers_for_itself(network):
    inputs = some_inputs(np.random.default_rng(1))
    inputs["uniform"][:, 1] = inputs["uniform"][:, 0]
    outputs = answer(network, inputs, training=False)
    assert outputs["answers"].shape == (2, 4, 2 + 3)
    assert outputs["features"].shape == (2, 8)
    np.testing.assert_allclose(outputs["answers"][:, 0], outputs["answers"][:, 1], rtol=1e-6)
    assert not np.allclose(outputs["answers"][:, 0], outputs["answers"][:, 2])


def test_the_answer_depends_on_the_given_numbers_alone(network):
    inputs = some_inputs(np.random.default_rng(2))
    first, again = (answer(network, inputs, training=False)["answers"] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_what_was_trained_without_draws_answers_with_them(network):
    trained = build("stellar:regressor", {**CONFIG, "draws": 0})
    assign_weights(network, weight_arrays(trained))
    inputs = some_inputs(np.random.default_rng(4))
    inputs["uniform"][:] = 1.0  # every input is kept
    kept = answer(network, inputs, training=False)["answers"][:, :1]
    plain = answer(trained, {n: inputs[n] for n in ("spectrum", "summary")}, training=False)
    rate = trained.get_layer("dropout").rate
    assert plain["answers"].shape == (2, 1, 5)
    assert np.all(np.isfinite(kept))
    assert 0 < rate < 1


def test_training_draws_masks_and_pays_for_its_weights():
    trained = build("stellar:regressor", {**CONFIG, "draws": 0})
    inputs = {n: v for n, v in some_inputs(np.random.default_rng(5)).items() if n != "uniform"}
    first, again = (answer(trained, inputs, training=True)["answers"] for _ in range(2))
    assert not np.array_equal(first, again)
    assert len(trained.losses) >= 1


def test_the_loss_is_the_normal_density_of_scipy():
    from astrogui.networks.stellar import NormalLoss

    rng = np.random.default_rng(6)
    labels, mean = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    triangle = rng.normal(size=(5, 3))
    answers = np.concatenate([mean, triangle], axis=1)[:, None].astype(np.float32)
    loss = keras.ops.convert_to_numpy(
        NormalLoss(reduction=None)(labels.astype(np.float32), answers)
    )
    for row in range(5):
        factor = np.array(
            [[np.exp(triangle[row, 0]), 0], [triangle[row, 1], np.exp(triangle[row, 2])]]
        )
        covariance = np.linalg.inv(factor.T @ factor)
        expected = -multivariate_normal(mean[row], covariance).logpdf(labels[row])
        assert loss[row] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_the_task_reads_the_factor_as_the_loss_does():
    """Row by row, the diagonal as logarithms: six labels, as they ship."""
    from astrogui.networks.stellar import NormalLoss
    from astrogui.tasks.stellar_answer import normals

    rng = np.random.default_rng(7)
    answers = (0.5 * rng.normal(size=(1, 27))).astype(np.float32)
    means, covariances = normals(answers, 0.0)
    labels = rng.normal(size=6)
    expected = -multivariate_normal(means[0], covariances[0]).logpdf(labels)
    loss = NormalLoss()(labels[None].astype(np.float32), answers[:, None])
    assert float(keras.ops.convert_to_numpy(loss)) == pytest.approx(expected, rel=1e-4)
