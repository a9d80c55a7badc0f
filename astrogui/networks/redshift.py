"""The ranking of redshifts: from curves of template scores to p(class, z).

Every layer is a convolution over the redshift axis, so that the evidence for z = 1.7 is judged by
the same weights as that for z = 0.2; only pooled summaries and the class ranges are global. Lines
enter by slices: on a log grid the signal at a line's place, as a function of z, is the observed
line filter shifted by a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

FOLD = 6  # neighbouring cells that share one row of features
IMPOSSIBLE = -60.0  # the logit of cells outside a class's range


@keras.saving.register_keras_serializable("astrogui")
class LineSlices(layers.Layer):
    """Signals at the places of lines: (batch, pixels, k) to (batch, cells, k * lines).

    Cell i of line j is pixel i + ``offsets[j]``; zero outside the observed pixels.
    """

    def __init__(self, offsets: Sequence[int], cells: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offsets = tuple(int(offset) for offset in offsets)
        self.cells = int(cells)

    def call(self, signals: Any) -> Any:
        pixels = signals.shape[1]
        before = max(0, -min(self.offsets))
        after = max(0, max(self.offsets) + self.cells - pixels)
        padded = ops.pad(signals, [[0, 0], [before, after], [0, 0]])
        starts = [offset + before for offset in self.offsets]
        return ops.concatenate([padded[:, s : s + self.cells] for s in starts], axis=-1)

    def get_config(self) -> dict:
        return {**super().get_config(), "offsets": self.offsets, "cells": self.cells}


@keras.saving.register_keras_serializable("astrogui")
class ClassRanges(layers.Layer):
    """Joint log-probability over classes and cells, impossible cells left out.

    (batch, cells, classes) logits to (batch, classes, cells); ``ranges`` holds the first and the
    last cell of each class, both inclusive.
    """

    def __init__(self, ranges: Sequence[Sequence[int]], cells: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ranges = tuple((int(first), int(last)) for first, last in ranges)
        self.cells = int(cells)
        allowed = np.zeros((len(self.ranges), self.cells), np.float32)
        for row, (first, last) in enumerate(self.ranges):
            allowed[row, first : last + 1] = 1.0
        self._closed = (1 - allowed) * IMPOSSIBLE

    def call(self, logits: Any) -> Any:
        by_class = ops.transpose(logits, (0, 2, 1))
        closed = ops.convert_to_tensor(self._closed)
        raw = ops.where(closed < 0, ops.full_like(by_class, IMPOSSIBLE), by_class)
        flat = ops.reshape(raw, (-1, len(self.ranges) * self.cells))
        top = ops.max(flat, axis=-1, keepdims=True)
        total = ops.log(ops.sum(ops.exp(flat - top), axis=-1, keepdims=True))
        return ops.reshape(flat - top - total, (-1, len(self.ranges), self.cells))

    def get_config(self) -> dict:
        return {**super().get_config(), "ranges": self.ranges, "cells": self.cells}


def ranker(
    cells: int,
    curves: int,
    pixels: int,
    signals: int,
    summary: int,
    offsets: Sequence[int],
    ranges: Sequence[Sequence[int]],
    members: int = 3,
    width: int = 36,
    features: int = 24,
) -> keras.Model:
    """The ensemble as one model.

    Inputs: ``curves`` (cells, curves), ``signals`` (pixels, signals) and ``summary`` (summary,).
    Outputs: ``log_probability`` (members, classes, cells), each member's sum over classes and
    cells being one, and ``features`` (members * features,), for the novelty statistic.
    ``cells`` must be a multiple of FOLD.
    """
    if cells % FOLD:
        raise ValueError(f"cells must be a multiple of {FOLD}, got {cells}")
    curve_input = keras.Input((cells, curves), name="curves")
    signal_input = keras.Input((pixels, signals), name="signals")
    summary_input = keras.Input((summary,), name="summary")
    slices = LineSlices(offsets, cells, name="slices")(signal_input)
    stack = layers.Concatenate(name="stack")([curve_input, slices])
    rows = layers.Reshape((cells // FOLD, FOLD * stack.shape[2]), name="fold")(stack)
    # One product for all members: reading the stack costs more than multiplying it.
    first = layers.Dense(members * width, activation="silu", name="in")(rows)
    direct = layers.Dense(members * len(ranges), use_bias=False, name="direct")(stack)
    answers, kept = [], []
    for member in range(members):
        judged, feature = _member(
            first[..., member * width : (member + 1) * width],
            summary_input,
            FOLD * len(ranges),
            features,
            f"m{member}",
        )
        unfolded = layers.Reshape((cells, len(ranges)), name=f"m{member}_unfold")(judged)
        own = direct[..., member * len(ranges) : (member + 1) * len(ranges)]
        logits = layers.Add(name=f"m{member}_logits")([unfolded, own])
        answers.append(ClassRanges(ranges, cells, name=f"m{member}_ranges")(logits))
        kept.append(feature)
    joined = layers.Concatenate(axis=1, name="members")(answers)
    log_probability = layers.Reshape((members, len(ranges), cells), name="log_probability")(joined)
    # Most features rest near zero: shifted by one, a relative comparison of runtimes has a scale.
    feature = layers.Rescaling(1.0, offset=1.0, name="features")(
        layers.Concatenate(name="judgements")(kept)
    )
    return keras.Model(
        {"curves": curve_input, "signals": signal_input, "summary": summary_input},
        {"log_probability": log_probability, "features": feature},
        name="redshift_ranker",
    )


def _member(coarse: Any, summary: Any, outputs: int, features: int, name: str) -> tuple[Any, Any]:
    """Outputs a row, (rows, outputs), and a feature vector of one network of the ensemble.

    Neighbouring cells come folded into one row: that costs a fraction of convolving every cell,
    and each cell keeps its own inputs and its own logit.
    """
    width = coarse.shape[2]
    coarse = layers.Conv1D(width, 3, padding="same", activation="silu", name=f"{name}_near")(coarse)
    wider = layers.Conv1D(width, 3, padding="same", activation="silu", name=f"{name}_far")(coarse)
    coarse = layers.Add(name=f"{name}_sum")([coarse, wider])
    pooled = layers.Concatenate(name=f"{name}_pool")(
        [
            layers.GlobalMaxPooling1D(name=f"{name}_max")(coarse),
            layers.GlobalAveragePooling1D(name=f"{name}_mean")(coarse),
            summary,
        ]
    )
    feature = layers.Dense(features, activation="silu", name=f"{name}_features")(pooled)
    context = layers.Dense(width, name=f"{name}_context")(feature)
    wide = layers.Reshape((1, width), name=f"{name}_wide")(context)
    coarse = layers.Activation("silu", name=f"{name}_judge")(
        layers.Add(name=f"{name}_given")([coarse, wide])
    )
    coarse = layers.Dense(width, activation="silu", name=f"{name}_mix")(coarse)
    return layers.Dense(outputs, name=f"{name}_out")(coarse), feature


@keras.saving.register_keras_serializable("astrogui")
class CellLoss(keras.losses.Loss):
    """Negative log-probability of the true (class, cell), averaged over the ensemble.

    ``y_true`` (batch, 2) holds class and cell; ``y_pred`` is ``log_probability``.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        members, classes, cells = y_pred.shape[1:]
        flat = ops.reshape(y_pred, (-1, members, classes * cells))
        place = ops.cast(y_true[:, 0] * cells + y_true[:, 1], "int32")
        chosen = ops.take_along_axis(
            flat, ops.broadcast_to(place[:, None, None], (ops.shape(place)[0], members, 1)), axis=2
        )
        return -ops.mean(chosen[..., 0], axis=1)
