"""A network that grows by a curve and a class says at first what the smaller one said."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")


def test_the_enlarged_network_repeats_the_smaller_one():
    from astrogui.networks.redshift import ranker
    from astrogui.training.redshift_start import NEW_CURVE, begin

    rng = np.random.default_rng(3)
    plain = {"cells": 60, "pixels": 40, "signals": 2, "summary": 3, "offsets": (1, -4), "width": 4}
    ranges = [[0, 59], [0, 59], [0, 8]]
    small = ranker(curves=5, ranges=ranges, members=2, features=3, **plain)
    large = ranker(curves=6, ranges=[*ranges, [0, 0]], members=2, features=3, **plain)
    arrays = {
        f"w{index:03d}": rng.normal(size=weight.shape).astype(np.float32) * 0.2
        for index, weight in enumerate(small.weights)
    }
    small.set_weights(list(arrays.values()))
    begin(large, arrays)
    inputs = {
        "curves": rng.normal(size=(2, 60, 5)).astype(np.float32),
        "signals": rng.normal(size=(2, 40, 2)).astype(np.float32),
        "summary": rng.normal(size=(2, 3)).astype(np.float32),
    }
    wide = {**inputs, "curves": np.insert(inputs["curves"], NEW_CURVE, 0.7, axis=2)}
    before = np.asarray(small(inputs)["log_probability"])
    after = np.asarray(large(wide)["log_probability"])[:, :, :3]
    # The new class takes its share of the whole: all others fall by one number.
    for row in range(2):
        for member in range(2):
            fall = (after - before)[row, member][before[row, member] > -30]
            assert np.ptp(fall) < 1e-3


def test_weights_of_another_network_are_refused():
    from astrogui.networks.redshift import ranker
    from astrogui.training.redshift_start import begin

    model = ranker(
        cells=60, curves=6, pixels=40, signals=2, summary=3, offsets=(1,), ranges=[[0, 59]] * 4,
        members=1, width=4, features=3,
    )  # fmt: skip
    arrays = {f"w{k:03d}": np.zeros((7, *w.shape)) for k, w in enumerate(model.weights)}
    with pytest.raises(ValueError, match=r"shape|first version"):
        begin(model, arrays)
