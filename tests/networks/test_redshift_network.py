"""The ranking network: a joint probability, blind to where on the axis a redshift lies."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.networks.builder import assign_weights, build, weight_arrays

keras = pytest.importorskip("keras")

CELLS, CURVES, PIXELS, RANGES = 402, 5, 300, [[0, 250], [0, 401], [0, 12]]
CONFIG = {
    "cells": CELLS,
    "curves": CURVES,
    "pixels": PIXELS,
    "signals": 3,
    "summary": 4,
    "offsets": [-60, -3, 40],
    "ranges": RANGES,
    "members": 2,
    "width": 8,
    "features": 6,
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    return build("redshift:ranker", CONFIG)


def some_inputs(rng, batch=2):
    return {
        "curves": rng.normal(size=(batch, CELLS, CURVES)).astype(np.float32),
        "signals": rng.normal(size=(batch, PIXELS, 3)).astype(np.float32),
        "summary": rng.normal(size=(batch, 4)).astype(np.float32),
    }


def answer(network, inputs):
    outputs = network(inputs, training=False)
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}


def test_each_member_gives_a_probability_over_classes_and_cells(network):
    log_probability = answer(network, some_inputs(np.random.default_rng(1)))["log_probability"]
    assert log_probability.shape == (2, 2, 3, CELLS)
    np.testing.assert_allclose(np.exp(log_probability).sum(axis=(2, 3)), 1, rtol=1e-5)


def test_cells_outside_a_class_have_no_probability(network):
    log_probability = answer(network, some_inputs(np.random.default_rng(2)))["log_probability"]
    for row, (first, last) in enumerate(RANGES):
        outside = np.r_[0:first, last + 1 : CELLS]
        assert np.all(np.exp(log_probability[:, :, row, outside]) < 1e-15)
        assert np.all(np.exp(log_probability[:, :, row, first : last + 1]) > 1e-15)


def test_shifted_evidence_gives_shifted_logits(network):
    """Where nothing else changes, the odds between two places move with the evidence."""
    bump = np.random.default_rng(4).normal(size=(30, CURVES)).astype(np.float32)
    answers = []
    for start in (102, 144):  # a multiple of the fold apart, far from the ends
        inputs = some_inputs(np.random.default_rng(5), batch=1)
        inputs = {name: np.zeros_like(value) for name, value in inputs.items()}
        inputs["curves"][0, start : start + 30] = bump
        answers.append(answer(network, inputs)["log_probability"][0, :, :2])
    near = answers[0][..., 80:140] - answers[0][..., 196:197]
    far = answers[1][..., 122:182] - answers[1][..., 238:239]
    np.testing.assert_allclose(near, far, atol=2e-4)


def test_a_line_enters_where_its_offset_puts_it():
    from astrogui.networks.redshift import LineSlices

    signals = np.arange(PIXELS, dtype=np.float32)[None, :, None] + 1
    sliced = keras.ops.convert_to_numpy(LineSlices([-60, 40], CELLS)(signals))
    assert sliced.shape == (1, CELLS, 2)
    assert sliced[0, 59, 0] == 0
    assert sliced[0, 60, 0] == 1  # cell 60 + offset -60 is pixel 0, whose value is 1
    assert sliced[0, 100, 1] == 141
    assert np.all(sliced[0, PIXELS - 40 :, 1] == 0)


def test_the_loss_is_the_log_probability_of_the_true_place(network):
    from astrogui.networks.redshift import CellLoss

    log_probability = answer(network, some_inputs(np.random.default_rng(6)))["log_probability"]
    truth = np.array([[0, 17], [1, 301]], np.float32)
    expected = -np.mean(
        [log_probability[k, :, int(c), int(cell)].mean() for k, (c, cell) in enumerate(truth)]
    )
    loss = keras.ops.convert_to_numpy(CellLoss()(truth, log_probability))
    assert loss == pytest.approx(expected, rel=1e-5)


def test_weights_as_plain_arrays_rebuild_the_network(network):
    inputs = some_inputs(np.random.default_rng(7))
    keras.utils.set_random_seed(99)
    other = build("redshift:ranker", CONFIG)
    assert np.any(answer(other, inputs)["features"] != answer(network, inputs)["features"])
    assign_weights(other, weight_arrays(network))
    for name, value in answer(network, inputs).items():
        np.testing.assert_array_equal(answer(other, inputs)[name], value)


def test_weights_of_another_shape_are_refused(network):
    arrays = weight_arrays(network)
    with pytest.raises(ValueError, match="arrays"):
        assign_weights(network, {k: v for k, v in arrays.items() if k != "w000"})
    arrays["w000"] = arrays["w000"][:1]
    with pytest.raises(ValueError, match="w000"):
        assign_weights(network, arrays)


@pytest.mark.parametrize("name", ["os:system", "redshift:keras", "../redshift:ranker", "redshift"])
def test_only_our_own_builders_are_called(name):
    with pytest.raises((ValueError, ModuleNotFoundError)):
        build(name, {})
