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


def every_line(signals, offsets):
    """(cells, lines * k) the signals at the places of all lines, zero outside the pixels."""
    place = np.arange(CELLS)[:, None] + np.array(offsets)
    inside = ((place >= 0) & (place < PIXELS))[..., None]
    return np.where(inside, signals[np.clip(place, 0, PIXELS - 1)], 0.0).reshape(CELLS, -1)


@pytest.mark.parametrize("offsets", [[-60, -3, 40], [-350, 250, 290]])
def test_a_line_enters_where_its_offset_puts_it(offsets):
    from astrogui.networks.redshift import LineStacks, pieces

    curves, signals = (some_inputs(np.random.default_rng(8))[n] for n in ("curves", "signals"))
    stacks = LineStacks(offsets, CELLS, PIXELS)([curves, signals])
    found = np.zeros((2, CELLS, CURVES + 9))
    for stack, (start, end, lines) in zip(stacks, pieces(offsets, CELLS, PIXELS), strict=True):
        chosen = [*range(CURVES), *(CURVES + 3 * j + k for j in lines for k in range(3))]
        found[:, start:end, chosen] = keras.ops.convert_to_numpy(stack)
    for row in range(2):
        np.testing.assert_array_equal(found[row, :, :CURVES], curves[row])
        np.testing.assert_array_equal(found[row, :, CURVES:], every_line(signals[row], offsets))


def test_pieces_are_whole_rows_that_leave_out_lines_seen_by_nobody():
    from astrogui.networks.redshift import FOLD, pieces

    found = pieces([-350, 250], CELLS, PIXELS)
    assert [piece.start for piece in found[1:]] == [piece.end for piece in found[:-1]]
    assert found[0].start == 0
    assert found[-1].end == CELLS
    assert all(piece.start % FOLD == 0 for piece in found)
    assert found[0].lines == (1,)
    assert found[-1].lines == (0,)


def test_the_first_layer_is_a_product_with_all_lines_at_once():
    from astrogui.networks.redshift import FOLD, LineStacks, StackDense, pieces

    offsets, inputs = [-350, -3, 250], some_inputs(np.random.default_rng(9))
    chosen = [
        [*range(CURVES), *(CURVES + 3 * j + k for j in piece.lines for k in range(3))]
        for piece in pieces(offsets, CELLS, PIXELS)
    ]
    layer = StackDense(7, chosen, CURVES + 9, FOLD, activation="silu")
    stacks = LineStacks(offsets, CELLS, PIXELS)([inputs["curves"], inputs["signals"]])
    found = keras.ops.convert_to_numpy(layer(stacks))
    kernel, bias = layer.get_weights()
    for row in range(2):
        whole = np.concatenate(
            [inputs["curves"][row], every_line(inputs["signals"][row], offsets)], 1
        )
        product = whole.reshape(CELLS // FOLD, -1) @ kernel + bias
        np.testing.assert_allclose(found[row], product / (1 + np.exp(-product)), atol=1e-5)


def test_the_loss_is_the_log_probability_of_the_true_place(network):
    from astrogui.networks.redshift import CellLoss

    log_probability = answer(network, some_inputs(np.random.default_rng(6)))["log_probability"]
    truth = np.array([[0, 17], [1, 301]], np.float32)
    expected = -np.mean(
        [log_probability[k, :, int(c), int(cell)].mean() for k, (c, cell) in enumerate(truth)]
    )
    loss = keras.ops.convert_to_numpy(CellLoss()(truth, log_probability))
    assert loss == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_a_class_shown_too_often_is_its_share_among_the_examples(network):
    """With the last class k times as often its odds are k times the prior's."""
    from astrogui.networks.redshift import CellLoss

    logs = answer(network, some_inputs(np.random.default_rng(6)))["log_probability"]
    truth = np.array([[0, 17], [2, 3]], np.float32)
    probability, expected = np.exp(logs.astype(np.float64)), []
    for row, (class_index, cell) in enumerate(truth.astype(int)):
        weight = np.array([1.0, 1.0, 2.5])
        whole = (probability[row] * weight[:, None]).sum(axis=(1, 2))
        own = probability[row, :, class_index, cell] * weight[class_index] / whole
        expected.append(-np.log(own).mean())
    loss = keras.ops.convert_to_numpy(CellLoss(2.5)(truth, logs))
    assert loss == pytest.approx(np.mean(expected), rel=1e-4)
    assert loss != pytest.approx(float(CellLoss()(truth, logs)), rel=1e-3)


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
