"""The ensemble: its shapes, its temperature and its novelty, by numbers worked out apart."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from astrogui.networks.builder import assign_weights, build, weight_arrays  # noqa: E402
from astrogui.networks.star_galaxy import (  # noqa: E402
    FEATURES,
    Mahalanobis,
    Standardise,
    Temperature,
)

CONFIG = {"size": 8, "channels": 4, "catalogue": 6, "members": 2, "filters": (4, 4),
          "dense": 8, "signal_column": 2, "knots": (0.0, 1.0, 2.0)}  # fmt: skip


def inputs(count=5, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "image": rng.normal(size=(count, 8, 8, 4)).astype(np.float32),
        "catalogue": rng.normal(size=(count, 6)).astype(np.float32),
    }


def test_the_ensemble_gives_a_logit_a_member_and_one_novelty():
    model = build("star_galaxy:ensemble", CONFIG)
    outputs = model(inputs())
    assert tuple(outputs["logit"].shape) == (5, 2)
    assert tuple(outputs["novelty"].shape) == (5, 1)
    assert tuple(outputs["features"].shape) == (5, 2 * FEATURES)
    logits = keras.ops.convert_to_numpy(outputs["logit"])
    assert np.abs(logits[:, 0] - logits[:, 1]).max() > 1e-4


def test_the_logits_are_read_from_the_features():
    model = build("star_galaxy:ensemble", CONFIG)
    outputs = {k: keras.ops.convert_to_numpy(v) for k, v in model(inputs()).items()}
    for member in range(2):
        kernel, bias = model.get_layer(f"logit_{member}").get_weights()
        read = outputs["features"][:, member * FEATURES : (member + 1) * FEATURES] - 1
        np.testing.assert_allclose(
            (read @ kernel + bias)[:, 0], outputs["logit"][:, member], atol=1e-5
        )  # the temperatures are 1 before they are fitted


def test_weights_as_plain_arrays_make_the_same_network_again():
    first, second = build("star_galaxy:ensemble", CONFIG), build("star_galaxy:ensemble", CONFIG)
    assign_weights(second, weight_arrays(first))
    expected, found = first(inputs()), second(inputs())
    for name in expected:
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(found[name]), keras.ops.convert_to_numpy(expected[name])
        )


def test_logits_are_divided_by_a_temperature_between_its_knots():
    layer = Temperature((0.0, 1.0, 2.0))
    logits = np.full((4, 3), 6.0, np.float32)
    signal = np.array([[-1.0], [0.0], [0.5], [9.0]], np.float32)
    layer([logits, signal])
    layer.set_weights([np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, -1.0])])
    answer = keras.ops.convert_to_numpy(layer([logits, signal]))
    assert answer[:, 0] == pytest.approx([6.0, 6.0, 6 / 1.5 + 0.5, 6 / 3 - 1])
    with pytest.raises(ValueError, match="evenly spaced"):
        Temperature((0.0, 1.0, 3.0))


def test_the_novelty_is_the_squared_mahalanobis_distance():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(7, 3)).astype(np.float32)
    covariance = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.5]])
    mean = np.array([0.1, -0.2, 0.3])
    values, vectors = np.linalg.eigh(covariance)
    layer = Mahalanobis()
    layer(features)
    layer.set_weights([mean, vectors / np.sqrt(values)])
    found = keras.ops.convert_to_numpy(layer(features))[:, 0]
    off = features - mean
    expected = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_measures_are_standardised_and_clipped():
    layer = Standardise()
    values = np.array([[3.0, 1000.0]], np.float32)
    layer(values)
    layer.set_weights([np.array([1.0, 0.0]), np.array([4.0, 1.0])])
    assert keras.ops.convert_to_numpy(layer(values)).tolist() == [[0.5, 8.0]]
