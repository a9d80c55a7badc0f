"""The ranking of redshifts: from curves of template scores to p(class, z).

Every layer is a convolution over the redshift axis, so that the evidence for z = 1.7 is judged by
the same weights as that for z = 0.2; only pooled summaries and the class ranges are global. Lines
enter by slices: on a log grid the signal at a line's place, as a function of z, is the observed
line filter shifted by a constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

FOLD = 6  # neighbouring cells that share one row of features
PIECES = 8  # of the redshift axis, each of which sees some of the lines alone
IMPOSSIBLE = -60.0  # the logit of cells outside a class's range


class Piece(NamedTuple):
    """A stretch of cells, and the lines that may fall on a pixel there."""

    start: int
    end: int
    lines: tuple[int, ...]


def pieces(offsets: Sequence[int], cells: int, pixels: int) -> list[Piece]:
    """The redshift axis in stretches of a multiple of ``FOLD`` cells.

    Line j is at pixel i + ``offsets[j]`` of cell i: for most redshifts most lines are seen by
    nobody, and their zeros need not be gathered nor multiplied.
    """
    rows = cells // FOLD
    ends = sorted({FOLD * round(rows * k / PIECES) for k in range(1, PIECES + 1)})
    found = []
    for start, end in zip([0, *ends], ends, strict=False):
        lines = (j for j, o in enumerate(offsets) if start + o < pixels and end + o > 0)
        found.append(Piece(start, end, tuple(lines)))
    return found


@keras.saving.register_keras_serializable("astrogui")
class LineStacks(layers.Layer):
    """Curves beside the signals at the places of lines: (batch, cells of a piece, channels) each.

    Of (batch, cells, curves) and (batch, pixels, k). The channels of a piece are the curves, then
    k for each of its lines; zero outside the observed pixels.
    """

    def __init__(self, offsets: Sequence[int], cells: int, pixels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offsets = tuple(int(offset) for offset in offsets)
        self.cells, self.pixels = int(cells), int(pixels)

    def call(self, inputs: Any) -> Any:
        curves, signals = inputs
        before = max(0, -min(self.offsets))
        after = max(0, max(self.offsets) + self.cells - self.pixels)
        padded = ops.pad(signals, [[0, 0], [before, after], [0, 0]])
        stacks = []
        for start, end, lines in pieces(self.offsets, self.cells, self.pixels):
            firsts = [start + before + self.offsets[j] for j in lines]
            near = [padded[:, first : first + end - start] for first in firsts]
            stacks.append(ops.concatenate([curves[:, start:end], *near], axis=-1))
        return stacks

    def get_config(self) -> dict:
        own = {"offsets": self.offsets, "cells": self.cells, "pixels": self.pixels}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("astrogui")
class StackDense(layers.Layer):
    """One dense layer over the stacks of ``LineStacks``, ``fold`` cells a row.

    The kernel (fold * channels, units) is that of a stack which holds every line at every cell;
    each piece is multiplied by the rows of its own lines.
    """

    def __init__(
        self,
        units: int,
        chosen: Sequence[Sequence[int]],
        channels: int,
        fold: int = 1,
        use_bias: bool = True,
        activation: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.channels, self.fold = int(units), int(channels), int(fold)
        self.chosen = tuple(tuple(int(channel) for channel in piece) for piece in chosen)
        self.use_bias = use_bias
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        del input_shape
        self.kernel = self.add_weight(
            shape=(self.fold * self.channels, self.units),
            initializer="glorot_uniform",
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, stacks: Any) -> Any:
        answers = []
        for stack, channels in zip(stacks, self.chosen, strict=True):
            rows = np.arange(self.fold)[:, None] * self.channels + np.array(channels)
            kernel = ops.take(self.kernel, rows.ravel(), axis=0)
            product = ops.matmul(ops.reshape(stack, (-1, rows.size)), kernel)
            if self.use_bias:
                product = product + self.bias
            answers.append(ops.reshape(product, (-1, stack.shape[1] // self.fold, self.units)))
        return self.activation(ops.concatenate(answers, axis=1))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "units": self.units,
            "chosen": self.chosen,
            "channels": self.channels,
            "fold": self.fold,
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
        }


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
    stacks = LineStacks(offsets, cells, pixels, name="stacks")([curve_input, signal_input])
    chosen = [
        [*range(curves), *(curves + signals * j + k for j in piece.lines for k in range(signals))]
        for piece in pieces(offsets, cells, pixels)
    ]
    channels = curves + signals * len(offsets)
    # One product for all members: reading the stack costs more than multiplying it.
    first = StackDense(members * width, chosen, channels, FOLD, activation="silu", name="in")(
        stacks
    )
    direct = StackDense(members * len(ranges), chosen, channels, use_bias=False, name="direct")(
        stacks
    )
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
    ``last_times`` says how many times more often the examples show the last class than the prior
    does that the network shall state: the probability is that among the examples.
    """

    def __init__(self, last_times: float = 1.0, **words: Any) -> None:
        super().__init__(**words)
        self.last_times = float(last_times)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        members, classes, cells = y_pred.shape[1:]
        flat = ops.reshape(y_pred, (-1, members, classes * cells))
        place = ops.cast(y_true[:, 0] * cells + y_true[:, 1], "int32")
        chosen = ops.take_along_axis(
            flat, ops.broadcast_to(place[:, None, None], (ops.shape(place)[0], members, 1)), axis=2
        )
        last = ops.sum(ops.exp(y_pred[:, :, -1]), axis=-1)
        whole = ops.log1p((self.last_times - 1.0) * last)
        is_last = ops.cast(y_true[:, :1] == classes - 1, y_pred.dtype)
        among_examples = chosen[..., 0] + is_last * math.log(self.last_times) - whole
        return -ops.mean(among_examples, axis=1)

    def get_config(self) -> dict:
        return {**super().get_config(), "last_times": self.last_times}
