"""The regression network: one function of its weights, with noise as input, on every runtime."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import ops  # noqa: E402

from astrogui.networks.builder import assign_weights, build, weight_arrays  # noqa: E402
from astrogui.networks.ensemble import assign_members, ensemble  # noqa: E402
from astrogui.networks.regression import noise_width  # noqa: E402

NAME = "regression:network"
SHAPES = {
    "dense": {"features": 5, "labels": 2, "widths": [6, 7]},
    "convolutions": {
        "features": 21,
        "labels": 2,
        "filters": [3, 4],
        "kernel_size": 3,
        "widths": [6],
    },
}
UNCERTAIN = {
    "concrete": {"data_size": 100, "initial_rate": 0.3},
    "flipout": {"data_size": 100, "initial_scale": 0.2},
}
BOTH = pytest.mark.parametrize("method", ["concrete", "flipout"])
EACH = pytest.mark.parametrize("shape", list(SHAPES))


def numbers(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), np.float64)


def config(shape, method, draws=0):
    extra = {"uncertain": UNCERTAIN[method]} if method in UNCERTAIN else {}
    return {**SHAPES[shape], "method": method, "draws": draws, **extra}


def some_inputs(shape, method, draws=0, count=3):
    rng = np.random.default_rng(2)
    given = SHAPES[shape]
    inputs = {"features": rng.normal(size=(count, given["features"])).astype(np.float32)}
    if draws:
        width = noise_width(given["features"], 2, method, given.get("filters", ()), given["widths"])
        noise = rng.uniform(size=(count, draws, width))
        noise = noise if method == "concrete" else rng.normal(size=(count, draws, width))
        inputs["noise"] = noise.astype(np.float32)
    return inputs


@EACH
@BOTH
def test_what_was_trained_is_drawn_from(method, shape):
    keras.utils.set_random_seed(1)
    trained = build(NAME, config(shape, method))
    shipped = build(NAME, config(shape, method, draws=40))
    assign_weights(shipped, weight_arrays(trained))
    inputs = some_inputs(shape, method, draws=40)
    drawn = numbers(shipped(inputs, training=False)["density"])
    mean = numbers(trained({"features": inputs["features"]}, training=False)["density"])
    assert drawn.shape == (3, 40, 2, 2)
    assert drawn.std(axis=1).min() > 1e-4
    spread = drawn.std(axis=1).max()
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=spread)


@EACH
@BOTH
def test_every_number_of_the_noise_is_used_once(method, shape):
    """One number more or less would shift every layer's part."""
    model = build(NAME, config(shape, method, draws=1))
    inputs = some_inputs(shape, method, draws=1, count=1)
    width = inputs["noise"].shape[-1]
    tried = {
        "features": np.repeat(inputs["features"], width + 1, 0),
        "noise": np.repeat(inputs["noise"] * 0 + 0.5, width + 1, 0),
    }
    for number in range(width):
        tried["noise"][number + 1, 0, number] = -0.5 if method == "flipout" else 0.99
    answers = numbers(model(tried, training=False)["density"])
    changed = np.abs(answers[1:] - answers[:1]).reshape(width, -1).max(1)
    assert np.all(changed > 0)


@EACH
@BOTH
def test_the_exported_graph_draws_the_same(method, shape, tmp_path):
    pytest.importorskip("tf2onnx")
    import onnx

    from astrogui.training.package import largest_difference, run_graph

    settings = config(shape, method, draws=6)
    model = build(NAME, settings)
    inputs = some_inputs(shape, method, draws=6)
    graph = exported(model, inputs, tmp_path / "model.onnx")
    expected = {"density": numbers(model(inputs, training=False)["density"])}
    assert largest_difference(expected, run_graph(graph, inputs)) < 1e-4
    kinds = {node.op_type for node in onnx.load(graph).graph.node}
    assert not {kind for kind in kinds if "Random" in kind or "Erf" in kind}


def exported(model, inputs, target):
    """As the package's exporter does it, in this process."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    names = list(inputs)
    signature = [tf.TensorSpec((None, *inputs[n].shape[1:]), tf.float32, name=n) for n in names]

    @tf.function(input_signature=signature)
    def call(*tensors):
        outputs = model(dict(zip(names, tensors, strict=True)), training=False)
        return {name: tf.identity(value, name=name) for name, value in outputs.items()}

    graph, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=17)
    for node in graph.graph.node:
        node.output[:] = ["density" if o == graph.graph.output[0].name else o for o in node.output]
    graph.graph.output[0].name = "density"
    onnx.save(graph, target)
    return target


def test_members_answer_as_they_do_alone():
    singles = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        singles.append(build(NAME, config("dense", "plain")))
    joined = build("ensemble:ensemble",
                   {"network": NAME, "config": config("dense", "plain"), "members": 3})  # fmt: skip
    assign_members(joined, [single.get_weights() for single in singles])
    inputs = some_inputs("dense", "plain")
    found = numbers(joined(inputs, training=False)["density"])
    assert found.shape == (3, 3, 2, 2)
    for number, single in enumerate(singles):
        alone = numbers(single(inputs, training=False)["density"])
        np.testing.assert_allclose(found[:, number], alone, atol=1e-6)


def test_a_members_weights_stay_together():
    joined = ensemble(NAME, config("convolutions", "plain"), 2)
    single = build(NAME, config("convolutions", "plain"))
    shapes = [weight.shape for weight in single.weights]
    assert [weight.shape for weight in joined.weights] == shapes * 2


def test_an_ensemble_of_another_count_of_weights_is_refused():
    joined = ensemble(NAME, config("dense", "plain"), 2)
    with pytest.raises(ValueError, match="1 sets of weights for 2 members"):
        assign_members(joined, [build(NAME, config("dense", "plain")).get_weights()])
    with pytest.raises(ValueError, match="at least one"):
        ensemble(NAME, config("dense", "plain"), 0)


def test_a_graph_of_an_ensemble_gives_each_members_density(tmp_path):
    pytest.importorskip("tf2onnx")
    from astrogui.training.package import largest_difference, run_graph

    joined = ensemble(NAME, config("dense", "plain"), 3)
    inputs = some_inputs("dense", "plain")
    graph = exported(joined, inputs, tmp_path / "model.onnx")
    expected = {"density": numbers(joined(inputs, training=False)["density"])}
    assert largest_difference(expected, run_graph(graph, inputs)) < 1e-4


def test_networks_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="method is one of"):
        build(NAME, {**config("dense", "plain"), "method": "psychic"})
    with pytest.raises(ValueError, match="nothing to draw"):
        build(NAME, config("dense", "plain", draws=3))
