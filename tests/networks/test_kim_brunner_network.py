"""Kim & Brunner's network has the layers, weights and beginnings of their table."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from astrogui.networks.builder import build  # noqa: E402
from astrogui.networks.kim_brunner import GalaxyCrossEntropy  # noqa: E402


def test_the_layers_are_those_of_the_paper():
    model = build("kim_brunner:convnet", {"dense": 16})
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [32, 32, 64, 64, 64, 128, 128, 128]
    assert [layer.kernel_size[0] for layer in convolutions] == [5] + [3] * 7
    assert [layer.output.shape[1] for layer in convolutions] == [40, 40] + [20] * 3 + [10] * 3
    assert model.get_layer("dense0").kernel.shape == (5 * 5 * 128, 16)
    weights = np.asarray(convolutions[3].kernel).reshape(-1, 64)
    np.testing.assert_allclose(weights.T @ weights, 2 / 1.0001 * np.eye(64), atol=1e-5)
    assert np.asarray(convolutions[0].bias) == pytest.approx(0.1)
    assert np.asarray(model.get_layer("dense1").bias) == pytest.approx(0.01)


def test_the_number_of_weights_is_that_of_the_paper():
    convolutions = 25 * 5 * 32 + 9 * (32 * 32 + 32 * 64 + 2 * 64 * 64 + 64 * 128 + 2 * 128 * 128)
    dense = 3200 * 2048 + 2048 * 2048 + 2 * 2048
    biases = 2 * 32 + 3 * 64 + 3 * 128 + 2 * 2048 + 2
    model = build("kim_brunner:convnet", {"dense": 16})
    assert model.count_params() == convolutions + 3200 * 16 + 16 * 16 + 2 * 16 + (
        biases - 2 * 2048 + 2 * 16
    )
    assert convolutions + dense + biases == pytest.approx(11e6, rel=0.03)


def test_the_loss_is_the_cross_entropy_of_the_softmax():
    logit = np.array([[2.0], [-3.0]], np.float32)
    loss = float(GalaxyCrossEntropy()(np.array([[1.0], [1.0]], np.float32), logit))
    assert loss == pytest.approx((np.log1p(np.exp(-2.0)) + np.log1p(np.exp(3.0))) / 2, rel=1e-5)
