"""Redshift as 800 classes: the published kind of network, and one that a redshift shifts.

``convolutional`` is the layout of Stivaktakis et al. 2019: convolutions, then one dense layer
over all positions. ``shifted`` judges every redshift by the same weights: on a log-wavelength grid
the signal at a line's place, as a function of redshift, is the observed signal moved by a
constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

FOLD = 4  # neighbouring pixels (and cells) that share one row: cheaper than convolving each


def convolutional(depth: int, pixels: int, classes: int, filters: int = 16) -> keras.Model:
    """``depth`` convolutions (0, 1 or 3) and a dense layer: ``flux`` to ``log_probability``.

    Together the convolutions step over eight pixels, whatever their number, so that the dense
    layer costs the same; with none it is a linear classifier of the pixels.
    """
    strides = {0: (), 1: (8,), 3: (4, 2, 1)}
    if depth not in strides:
        raise ValueError(f"depth is 0, 1 or 3, got {depth}")
    flux = keras.Input((pixels, 1), name="flux")
    signal = flux
    for number, stride in enumerate(strides[depth]):
        signal = layers.Conv1D(
            filters, 2 * stride if number == 0 else 8, strides=stride, padding="same",
            activation="relu", name=f"convolution_{number + 1}",
        )(signal)  # fmt: skip
    logits = layers.Dense(classes, name="logits")(layers.Flatten(name="flat")(signal))
    if depth == 0:
        return keras.Model({"flux": flux}, {"scores": logits}, name="linear")
    answer = layers.Activation("log_softmax", name="classes")(logits)
    joined = layers.Reshape((1, classes), name="log_probability")(answer)
    return keras.Model({"flux": flux}, {"log_probability": joined}, name=f"convolutions_{depth}")


@keras.saving.register_keras_serializable("astrogui")
class FoldedSlices(layers.Layer):
    """Signals at the places of lines: (batch, pixels, k) to (batch, cells / FOLD, FOLD k lines).

    Cell i of line j is pixel i + ``offsets[j]``; zero outside the observed pixels.
    """

    def __init__(self, offsets: Sequence[int], cells: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if cells % FOLD:
            raise ValueError(f"cells must be a multiple of {FOLD}, got {cells}")
        self.offsets = tuple(int(offset) for offset in offsets)
        self.cells = int(cells)

    def call(self, signals: Any) -> Any:
        pixels, channels = signals.shape[1:]
        before = max(0, -min(self.offsets))
        after = max(0, max(self.offsets) + self.cells - pixels)
        padded = ops.pad(signals, [[0, 0], [before, after], [0, 0]])
        rows = (-1, self.cells // FOLD, FOLD * channels)
        return ops.concatenate(
            [ops.reshape(padded[:, o + before : o + before + self.cells], rows)
             for o in self.offsets],
            axis=-1,
        )  # fmt: skip

    def get_config(self) -> dict:
        return {**super().get_config(), "offsets": self.offsets, "cells": self.cells}


@keras.saving.register_keras_serializable("astrogui")
class ClassesOfCells(layers.Layer):
    """Logits of evenly spaced cells at the fractional cells of the classes, linear in between."""

    def __init__(self, places: Sequence[float], cells: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.places = tuple(float(place) for place in places)
        self.cells = int(cells)
        if not 0 <= min(self.places) <= max(self.places) <= self.cells - 1:
            raise ValueError("every class must lie among the cells")

    def call(self, logits: Any) -> Any:
        # Two gathers: a matrix of every cell and class would be most of the exported graph.
        low = np.minimum(np.floor(self.places), self.cells - 2).astype("int32")
        share = ops.convert_to_tensor((np.array(self.places) - low).astype("f4"))
        below, above = ops.take(logits, low, axis=-1), ops.take(logits, low + 1, axis=-1)
        return below + share * (above - below)

    def get_config(self) -> dict:
        return {**super().get_config(), "places": self.places, "cells": self.cells}


def shifted(
    pixels: int,
    channels: int,
    cells: int,
    offsets: Sequence[int],
    places: Sequence[float],
    members: int = 1,
    summary: int = 0,
    outside: bool = False,
    width: int = 32,
    depth: int = 3,
    features: int = 16,
) -> keras.Model:
    """Members that judge every redshift alike: ``flux`` (and ``summary``) to log-probabilities.

    ``log_probability`` is (members, classes), with ``outside`` one class more at the end: none of
    these redshifts. ``features`` (members * features,) serve the statistic of novelty and exist
    only with a summary. ``depth`` counts convolutions.
    """
    flux = keras.Input((pixels, channels), name="flux")
    inputs = {"flux": flux}
    told = None
    if summary:
        told = inputs["summary"] = keras.Input((summary,), name="summary")
    answers, kept = [], []
    for number in range(members):
        answer, feature = _member(
            flux, told, offsets, places, cells, outside, width, depth, features, f"m{number}"
        )
        answers.append(layers.Reshape((1, answer.shape[1]), name=f"m{number}_row")(answer))
        kept.append(feature)
    joined = answers[0] if members == 1 else layers.Concatenate(axis=1, name="joined")(answers)
    outputs = {"log_probability": layers.Identity(name="log_probability")(joined)}
    if told is not None:
        together = kept[0] if members == 1 else layers.Concatenate(name="judgements")(kept)
        # Shifted by one, so that a relative comparison of runtimes has a scale.
        outputs["features"] = layers.Rescaling(1.0, offset=1.0, name="features")(together)
    return keras.Model(inputs, outputs, name="shifted")


def _member(
    flux: Any, told: Any, offsets: Sequence[int], places: Sequence[float], cells: int,
    outside: bool, width: int, depth: int, features: int, name: str,
) -> tuple[Any, Any]:  # fmt: skip
    pixels, channels = flux.shape[1:]
    signal = layers.Reshape((pixels // FOLD, FOLD * channels), name=f"{name}_fold")(flux)
    for number in range(depth - 1):
        last = number == depth - 2
        signal = layers.Conv1D(
            4 * FOLD if last else 24, 3, padding="same", activation="silu",
            name=f"{name}_filter_{number + 1}",
        )(signal)  # fmt: skip
    if depth == 1:
        signal = layers.Conv1D(
            4 * FOLD, 3, padding="same", activation="silu", name=f"{name}_filter_1"
        )(signal)
    unfolded = layers.Reshape((pixels, 4), name=f"{name}_unfold")(signal)
    rows = FoldedSlices(offsets, cells, name=f"{name}_slices")(unfolded)
    judged = layers.Dense(width, activation="silu", name=f"{name}_judge")(rows)
    if depth > 1:
        judged = layers.Conv1D(width, 3, padding="same", activation="silu", name=f"{name}_compare")(
            judged
        )
    feature = None
    if told is not None:
        pooled = layers.Concatenate(name=f"{name}_pool")(
            [
                layers.GlobalMaxPooling1D(name=f"{name}_max")(judged),
                layers.GlobalAveragePooling1D(name=f"{name}_mean")(judged),
                layers.GlobalMaxPooling1D(name=f"{name}_signal_max")(signal),
                layers.GlobalAveragePooling1D(name=f"{name}_signal_mean")(signal),
                told,
            ]
        )
        feature = layers.Dense(features, activation="silu", name=f"{name}_features")(pooled)
        context = layers.Dense(width, name=f"{name}_context")(feature)
        wide = layers.Reshape((1, width), name=f"{name}_wide")(context)
        judged = layers.Activation("silu", name=f"{name}_given")(
            layers.Add(name=f"{name}_sum")([judged, wide])
        )
    folded = layers.Dense(FOLD, name=f"{name}_cells")(judged)
    logits = layers.Reshape((cells,), name=f"{name}_line")(folded)
    logits = ClassesOfCells(places, cells, name=f"{name}_classes")(logits)
    if outside:
        if feature is None:
            raise ValueError("the class outside is judged from the summary, which is missing")
        other = layers.Dense(1, name=f"{name}_outside")(feature)
        logits = layers.Concatenate(name=f"{name}_all")([logits, other])
    return layers.Activation("log_softmax", name=f"{name}_log")(logits), feature


@keras.saving.register_keras_serializable("astrogui")
class ClassLoss(keras.losses.Loss):
    """Negative log-probability of the true class, averaged over the members.

    ``y_true`` (batch, 1) holds the class; ``y_pred`` is ``log_probability`` (batch, members, k).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        chosen = ops.one_hot(ops.cast(y_true[:, 0], "int32"), y_pred.shape[-1])
        return -ops.mean(ops.sum(y_pred * chosen[:, None], axis=-1), axis=1)


@keras.saving.register_keras_serializable("astrogui")
class MarginLoss(keras.losses.Loss):
    """Hinge loss of a multi-class support-vector machine: y_true (batch, 1), y_pred (batch, k).

    max(0, 1 + max over the other classes of their score - score of the true class).
    Source: Crammer & Singer 2001, J. Machine Learning Research 2, 265, eq. (5).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        chosen = ops.one_hot(ops.cast(y_true[:, 0], "int32"), y_pred.shape[-1])
        own = ops.sum(y_pred * chosen, axis=-1)
        other = ops.max(y_pred - 1e9 * chosen, axis=-1)
        return ops.maximum(0.0, 1.0 + other - own)
