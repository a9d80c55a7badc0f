"""Negative log-likelihoods of the heads, in nat an example, the constant included.

Labels count as independent of each other, given the example. What a layer adds to the loss by
itself (the divergence of uncertain weights) is in the same unit.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def _log_normal(value: Any, mean: Any, scale: Any) -> Any:
    return -0.5 * ops.square((value - mean) / scale) - ops.log(scale) - HALF_LOG_TWO_PI


@keras.saving.register_keras_serializable("astrogui")
class GaussianLikelihood(keras.losses.Loss):
    """Minus the log density of labels (batch, labels) under (batch, labels, 2): mean, scale.

    Members or draws may stand before the labels, (batch, members, labels, 2): the mean over them
    is taken, so that every member learns for itself.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth = ops.cast(y_true, y_pred.dtype)
        if len(y_pred.shape) == 4:
            truth = ops.expand_dims(truth, 1)
        each = ops.sum(_log_normal(truth, y_pred[..., 0], y_pred[..., 1]), axis=-1)
        return -ops.mean(each, axis=-1) if len(y_pred.shape) == 4 else -each


@keras.saving.register_keras_serializable("astrogui")
class MixtureLikelihood(keras.losses.Loss):
    """Minus the log density of labels (batch, labels) under (batch, labels, components, 3)."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth = ops.expand_dims(ops.cast(y_true, y_pred.dtype), -1)
        joint = y_pred[..., 0] + _log_normal(truth, y_pred[..., 1], y_pred[..., 2])
        return -ops.sum(ops.logsumexp(joint, axis=-1), axis=-1)
