"""The networks of the literature for strain: their layers, their sizes, what they give."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from astrogui.networks.builder import build  # noqa: E402
from astrogui.networks.shen_huerta import Highway, noise_width  # noqa: E402

SAMPLES = 128
SMALL = {"samples": SAMPLES, "thinning": 16, "dense": 8, "uncertain": {"data_size": 100}}


def strain(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, SAMPLES, 2), np.float32)


def convolutions(model) -> list[tuple[int, int, int]]:
    return [
        (layer.kernel_size[0], layer.filters, layer.dilation_rate[0])
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv1D)
    ]


def test_model_1_has_the_published_root():
    model = build(
        "shen_huerta:model_1", {"samples": 1024, "dense": 4, "uncertain": {"data_size": 1}}
    )
    assert convolutions(model) == [
        (16, 64, 1), (16, 128, 2), (16, 256, 2), (32, 256, 2), (4, 128, 2), (4, 128, 2), (2, 64, 1)
    ]  # fmt: skip


def test_model_2_has_the_published_root_and_leaves():
    config = {"samples": 256, "dense": 4, "highway": 1, "uncertain": {"data_size": 1}}
    model = build("shen_huerta:model_2", config)
    root = [(16, 64, 2), (16, 128, 2), (16, 128, 2)]
    assert convolutions(model) == [*root, *[(3, 128, 1)] * 4]  # two leaves of two layers
    gates = [layer for layer in model.layers if isinstance(layer, Highway)]
    assert [(gate.kernel_size, gate.dilation) for gate in gates] == [(4, 2)] * 2


@pytest.mark.parametrize(
    ("network", "more", "labels"),
    [("shen_huerta:model_2", {"highway": 2}, 2), ("shen_huerta:model_1", {}, 3)],
)
def test_draws_scatter_about_the_answer_of_the_mean_weights(network, more, labels):
    config = {**SMALL, **more}
    trained = build(network, config)
    drawn = build(network, {**config, "draws": 400})
    drawn.set_weights(trained.get_weights())
    noise = np.random.default_rng(2).standard_normal((3, 400, noise_width(labels, 8)), np.float32)
    mean = np.asarray(trained({"strain": strain()}, training=False)["density"])
    given = np.asarray(drawn({"strain": strain(), "noise": noise}, training=False)["density"])
    still = drawn({"strain": strain(), "noise": 0 * noise}, training=False)["density"]
    assert mean.shape == (3, labels, 2)
    assert given.shape == (3, 400, labels, 2)
    assert np.abs(mean[..., 0]).max() <= 1  # of a tanh
    assert given[..., 0].std(axis=1).min() > 0
    assert np.asarray(still)[:, 0] == pytest.approx(mean, abs=1e-5)
    assert given[..., 0].mean(axis=1) == pytest.approx(mean[..., 0], abs=0.02)


def test_a_highway_layer_mixes_by_its_gate_and_keeps_its_shape():
    layer = Highway(3, 2)
    value = np.random.default_rng(3).standard_normal((2, 20, 4), np.float32)
    layer.build(value.shape)
    layer.gate_bias.assign(np.full(4, -30.0))
    assert np.asarray(layer(value)) == pytest.approx(value, abs=1e-5)  # shut: what came in
    layer.gate_bias.assign(np.full(4, 30.0))
    open_wide = np.asarray(layer(value))
    assert open_wide.shape == value.shape
    assert open_wide.min() >= 0  # the rectified convolution alone
    again = Highway.from_config(layer.get_config())
    assert (again.kernel_size, again.dilation) == (3, 2)


def test_deep_filtering_has_the_published_layers():
    deep = build("george_huerta:classifier", {"samples": 1024})
    assert convolutions(deep) == [(16, 64, 1), (16, 128, 2), (16, 256, 2), (32, 512, 2)]
    shallow = build("george_huerta:predictor", {"samples": SAMPLES, "deep": False})
    assert convolutions(shallow) == [(16, 16, 1), (8, 32, 4), (8, 64, 4)]
    dense = [layer.units for layer in deep.layers if isinstance(layer, keras.layers.Dense)]
    assert dense == [128, 64, 2]
    assert np.asarray(shallow({"strain": strain()})["values"]).shape == (3, 2)


def test_the_logit_is_the_difference_of_two_outputs():
    model = build("george_huerta:classifier", {"samples": SAMPLES, "deep": False})
    both = keras.Model(model.input, model.get_layer("classes").output)
    values = np.asarray(both({"strain": strain()}))
    logit = np.asarray(model({"strain": strain()})["logit"])
    assert logit[:, 0] == pytest.approx(values[:, 1] - values[:, 0], abs=1e-6)
